"""What a comparison found, and the ways to see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ... import __version__
from ..data.panel import FloatArray, Panel
from ..evaluate.backtest import Backtest
from ..evaluate.metrics import METRICS
from ..evaluate.significance import Difference, paired_test
from ..evaluate.summary import Costs, Summary, costs, summarise
from ..models.inputs import sample_note
from ..settings import Settings
from . import files
from .verdict import verdict


@dataclass(frozen=True)
class Comparison:
    """What `compare` found."""

    result: Backtest
    skipped: tuple[str, ...] = ()
    """Series too short to be judged, left out because that was asked for."""
    remarks: tuple[str, ...] = ()
    """What else the reader should know."""

    @property
    def panel(self) -> Panel:
        """The series."""
        return self.result.panel

    @property
    def settings(self) -> Settings:
        """How models were trained and judged."""
        return self.result.settings

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every forecast: ``unique_id, ds, cutoff, y``, one column a model and its intervals.

        ``LSTM`` and ``GRU`` are the mean forecast of their networks; with several seeds the single
        networks follow as ``LSTM-seed0`` and so on. Of thousands of series it is large:
        ``result.parts()`` has one after another.
        """
        return self.result.frame

    @cached_property
    def summary(self) -> Summary:
        """Figures over all forecasts."""
        return summarise(self.result)

    @cached_property
    def costs(self) -> dict[str, Costs]:
        """What the fits of each model cost."""
        return costs(self.result.store)

    @property
    def by_series(self) -> pd.DataFrame:
        """Every metric of each model on each series."""
        return self.summary.by_series

    @property
    def by_horizon(self) -> pd.DataFrame:
        """Mean over series of every metric, by model and step ahead."""
        return self.summary.by_horizon

    @property
    def coverage(self) -> pd.DataFrame:
        """How often the truth lay in each interval, and how wide it was."""
        return self.summary.coverage

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a model: what it cost, and the mean over series of each metric.

        ``sd`` is the standard deviation of a single network's WAPE over the seeds, ``median`` the
        median over series of the MASE. Only series that every model could forecast count.
        """
        whole = self._whole(self.by_series).groupby("model", sort=False)
        table = whole[list(METRICS)].mean()
        table["median"] = whole["MASE"].median()
        for model, cost in self.costs.items():
            table.loc[model, "seconds"] = cost.seconds
            if model in self.settings.networks:
                forecasts = self.summary.forecasts[model] / self.settings.horizon
                table.loc[model, "parameters"] = cost.parameters
                table.loc[model, "train_loss"] = cost.train_loss
                table.loc[model, "test_loss"] = cost.test_loss
                table.loc[model, "microseconds"] = 1e6 * cost.forecast_seconds / max(forecasts, 1)
                single = self._whole(self.summary.single).filter(like=f"{model}-seed")
                table.loc[model, "sd"] = single.mean().std()
        columns = ["parameters", "seconds", "microseconds", "train_loss", "test_loss"]
        return table.reindex(columns=[*columns, *METRICS, "sd", "median"])

    @cached_property
    def tests(self) -> dict[tuple[str, str], Difference]:
        """Paired tests of the networks with one another and with every simple method.

        The loss is the mean absolute error of a forecast over its steps, in units of the scale of
        its series.
        """
        over_time, over_series = self.summary.over_time, self.summary.over_series

        def told(table: pd.DataFrame, pair: tuple[str, str]) -> FloatArray:
            return np.asarray(table[pair].dropna(), np.float64)

        h = self.settings.horizon
        return {p: paired_test(told(over_time, p), told(over_series, p), h) for p in over_time}

    @cached_property
    def verdict(self) -> str:
        """One sentence that follows from `table` and `tests`."""
        unit = "WAPE" if len(self.panel.series) == 1 else "MASE"
        if self.table[unit].isna().any():
            unit = "MAE"
        return verdict(self.table[unit].to_dict(), self.tests, unit)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to the data and what could not be done, a line each."""
        notes = [*self.remarks, *self.panel.notes]
        if self.skipped:
            notes.append(f"{len(self.skipped)} series too short, left out: {some(self.skipped)}")
        ends = {series.ds[-1] for series in self.panel.series}
        if len(ends) > 1 and self.result.folds[0].start is None:
            notes.append(f"series end on {len(ends)} dates: each is judged on its own last ones")
        notes += sample_note(self.summary.windows, self.settings)
        for (model, why), names in sorted(self.summary.troubles.items()):
            notes.append(f"{model} on {some(sorted(names))}: {why}")
        constant = self.summary.constant
        if len(constant):
            notes.append(f"MASE is undefined: the training part of {some(constant)} is constant")
        if self.summary.idle:
            notes.append(
                f"no sales on half or more of the dates of {some(self.summary.idle)}: there a "
                "forecast of 0 has the least MAE, WAPE and MASE; see RMSE and RMSSE too"
            )
        if not self.coverage["forecasts"].all():
            notes.append("no intervals where too few earlier errors are known")
        return tuple(notes)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the forecasts as plain values, ready for JSON."""
        tests = [{"models": pair, **asdict(test)} for pair, test in self.tests.items()]
        return {
            "verdict": self.verdict,
            "models": {model: _plain(row) for model, row in self.table.to_dict("index").items()},
            "by_horizon": [_plain(row) for row in self.by_horizon.to_dict("records")],
            "by_series": [_plain(row) for row in self.by_series.to_dict("records")],
            "coverage": [_plain(row) for row in self.coverage.to_dict("records")],
            "tests": [_plain(test) for test in tests],
            "data": {
                "series": len(self.panel.series),
                "frequency": self.panel.freq,
                "season": self.panel.season,
                "first_cutoff": f"{self.summary.cutoffs[0]:%Y-%m-%d}",
                "last_cutoff": f"{self.summary.cutoffs[-1]:%Y-%m-%d}",
                "known": self.panel.known,
                "past": self.panel.past,
                "notes": self.notes,
            },
            "settings": asdict(self.settings),
            "version": __version__,
        }

    def write_json(self, path: str | Path) -> None:
        """Write `to_dict` as a JSON file."""
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"
        files.write(path, lambda file: file.write_text(text, encoding="utf-8"))

    def write_csv(self, path: str | Path) -> None:
        """Write `frame` as a CSV file, series after series."""

        def fill(path: Path) -> None:
            for i, part in enumerate(self.result.parts()):
                part.frame.to_csv(path, index=False, mode="a" if i else "w", header=not i)

        files.write(path, fill)

    def write_html(self, path: str | Path, command: str = "") -> None:
        """Write the report as one page; `command` is what makes it again."""
        from .page import page

        text = page(self, command)
        files.write(path, lambda file: file.write_text(text, encoding="utf-8"))

    def plot(self, path: str | Path) -> None:
        """Write a picture of the forecasts and the errors as a PNG file."""
        from .plot import draw

        files.write(path, lambda file: draw(self).savefig(file, format="png", dpi=120))

    def forget(self) -> None:
        """Remove what was kept for ``resume``."""
        self.result.store.forget()

    def _whole(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the series that every model could forecast."""
        failed = self.by_series.loc[self.by_series["MAE"].isna(), "unique_id"]
        whole = table[~table["unique_id"].isin(failed)]
        return whole if len(whole) else table


def some(names: Sequence[str]) -> str:
    """Return the first few of many names."""
    shown = ", ".join(map(str, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with NaN as None, as JSON has it."""
    return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()}
