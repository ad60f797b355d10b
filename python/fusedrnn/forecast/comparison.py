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

from .. import __version__
from . import files
from .backtest import Backtest
from .intervals import coverage
from .metrics import METRICS, errors
from .panel import Panel
from .settings import Settings
from .significance import Difference, compare_losses
from .verdict import verdict


@dataclass(frozen=True)
class Comparison:
    """What `compare` found."""

    panel: Panel
    settings: Settings
    result: Backtest

    skipped: tuple[str, ...] = ()
    """Series too short to be judged, left out because that was asked for."""
    remarks: tuple[str, ...] = ()
    """What else the reader should know."""

    @property
    def frame(self) -> pd.DataFrame:
        """Every forecast: ``unique_id, ds, cutoff, y``, one column a model and its intervals.

        ``LSTM`` and ``GRU`` are the mean forecast of their networks; with several seeds the single
        networks follow as ``LSTM-seed0`` and so on.
        """
        return self.result.frame

    @cached_property
    def by_series(self) -> pd.DataFrame:
        """Every metric of each model on each series."""
        return errors(self.frame, self.settings.models, self.result.scales)

    @cached_property
    def by_horizon(self) -> pd.DataFrame:
        """Mean over series of every metric, by model and step ahead."""
        step = self.frame.groupby(["unique_id", "cutoff"], sort=False).cumcount() + 1
        table = errors(
            self.frame.assign(step=step),
            self.settings.models,
            self.result.scales,
            by=["unique_id", "step"],
        )
        return table.groupby(["model", "step"], sort=False)[list(METRICS)].mean().reset_index()

    @cached_property
    def coverage(self) -> pd.DataFrame:
        """How often the truth lay in each interval, and how wide it was."""
        return coverage(self.frame, self.settings.models, self.settings.levels)

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a model: what it cost, and the mean over series of each metric.

        ``sd`` is the standard deviation of a single network's WAPE over the seeds, ``median`` the
        median over series of the MASE. Only series that every model could forecast count.
        """
        table = self._mean_errors(self.by_series)
        table["median"] = self._whole(self.by_series).groupby("model")["MASE"].median()
        for model, costs in self.result.costs.items():
            forecasts = self.frame[model].notna().sum() / self.settings.horizon
            table.loc[model, "seconds"] = sum(cost.seconds for cost in costs)
            if model in self.settings.networks:
                table.loc[model, "parameters"] = costs[0].parameters
                table.loc[model, "train_loss"] = np.mean([cost.losses[-1] for cost in costs])
                table.loc[model, "test_loss"] = np.mean([cost.test_loss for cost in costs])
                spent = sum(cost.forecast_seconds for cost in costs)
                table.loc[model, "microseconds"] = 1e6 * spent / max(forecasts, 1)
            single = [name for name in self.frame if str(name).startswith(f"{model}-seed")]
            if single:
                each = errors(self.frame, single, self.result.scales)
                table.loc[model, "sd"] = self._mean_errors(each)["WAPE"].std()
        columns = ["parameters", "seconds", "microseconds", "train_loss", "test_loss"]
        return table.reindex(columns=[*columns, *METRICS, "sd", "median"])

    @cached_property
    def tests(self) -> dict[tuple[str, str], Difference]:
        """Paired tests of the networks with one another and with every simple method.

        The loss is the mean absolute error of a forecast over its steps, in units of the scale of
        its series.
        """
        models, frame = list(self.settings.models), self.frame
        scale = frame["unique_id"].map(self.result.scales["mae"]).replace(0, 1)
        loss = frame[models].sub(frame["y"], axis=0).abs().div(scale, axis=0)
        losses = loss.groupby([frame["cutoff"], frame["unique_id"]]).mean()
        networks, simple = self.settings.networks, self.settings.simple
        pairs = [("LSTM", other) for other in networks[1:]]
        pairs += [(network, method) for network in networks for method in simple]
        return {(a, b): compare_losses(losses, a, b, self.settings.horizon) for a, b in pairs}

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
        for (model, why), names in sorted(self.result.troubles.items()):
            notes.append(f"{model} on {some(sorted(names))}: {why}")
        constant = self.result.scales.index[self.result.scales["mae"] == 0]
        if len(constant):
            notes.append(f"MASE is undefined: the training part of {some(constant)} is constant")
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
                "first_cutoff": f"{self.frame['cutoff'].min():%Y-%m-%d}",
                "last_cutoff": f"{self.frame['cutoff'].max():%Y-%m-%d}",
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
        """Write `frame` as a CSV file."""
        files.write(path, lambda file: self.frame.to_csv(file, index=False))

    def write_html(self, path: str | Path, command: str = "") -> None:
        """Write the report as one page; `command` is what makes it again."""
        from .page import page

        text = page(self, command)
        files.write(path, lambda file: file.write_text(text, encoding="utf-8"))

    def plot(self, path: str | Path) -> None:
        """Write a picture of the forecasts and the errors as a PNG file."""
        from .plot import draw

        files.write(path, lambda file: draw(self).savefig(file, format="png", dpi=120))

    def _whole(self, by_series: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the series that every model could forecast."""
        failed = self.by_series.loc[self.by_series["MAE"].isna(), "unique_id"]
        whole = by_series[~by_series["unique_id"].isin(failed)]
        return whole if len(whole) else by_series

    def _mean_errors(self, by_series: pd.DataFrame) -> pd.DataFrame:
        """Return the mean over series of each metric, by model."""
        return self._whole(by_series).groupby("model", sort=False)[list(METRICS)].mean()


def some(names: Sequence[str]) -> str:
    """Return the first few of many names."""
    shown = ", ".join(map(str, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with NaN as None, as JSON has it."""
    return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()}
