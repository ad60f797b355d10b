"""`compare`: an LSTM and a GRU beside simple forecasts, on real sales."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..datasets import load_bakery
from . import files
from .backtest import Backtest, backtest
from .baselines import BASELINES
from .metrics import METRICS, errors
from .panel import Panel, to_panel
from .settings import CELLS, Settings
from .significance import Difference
from .table import to_long
from .verdict import differences, verdict


@dataclass(frozen=True)
class Comparison:
    """What `compare` found."""

    panel: Panel
    settings: Settings
    result: Backtest

    @property
    def frame(self) -> pd.DataFrame:
        """Every forecast: ``unique_id, ds, cutoff, y``, one column a model.

        ``LSTM`` and ``GRU`` are the mean forecast of their networks; with several seeds the single
        networks follow as ``LSTM-seed0`` and so on.
        """
        return self.result.frame

    @property
    def models(self) -> list[str]:
        """Simple methods first, then the networks."""
        return [*BASELINES, *CELLS]

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a model: parameters, seconds, losses and the errors in the units of the data.

        Column ``sd`` is the standard deviation of a single network's WAPE over the seeds.
        """
        table = self._mean_errors(self.models)
        for cell, networks in self.result.networks.items():
            table.loc[cell, "parameters"] = networks[0].parameters
            table.loc[cell, "seconds"] = sum(network.seconds for network in networks)
            table.loc[cell, "train_loss"] = np.mean([n.losses[-1] for n in networks])
            table.loc[cell, "test_loss"] = np.mean(self.result.test_losses[cell])
            single = [name for name in self.frame if str(name).startswith(f"{cell}-seed")]
            if single:
                table.loc[cell, "sd"] = self._mean_errors(single)["WAPE"].std()
        columns = ["parameters", "seconds", "train_loss", "test_loss", *METRICS, "sd"]
        return table.reindex(columns=columns)

    @cached_property
    def tests(self) -> dict[tuple[str, str], Difference]:
        """Diebold-Mariano tests on the mean scaled absolute error at each cutoff."""
        scale = self.frame["unique_id"].map(self.result.scales["mae"]).replace(0, 1)
        loss = self.frame[self.models].sub(self.frame["y"], axis=0).abs().div(scale, axis=0)
        return differences(loss.groupby(self.frame["cutoff"]).mean(), self.settings.horizon)

    @cached_property
    def verdict(self) -> str:
        """One sentence that follows from `table` and `tests`."""
        unit = "MASE" if self.table["WAPE"].isna().any() else "WAPE"
        return verdict(self.table[unit].to_dict(), self.tests, unit)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the forecasts as plain values, ready for JSON."""
        tests = [{"models": pair, **asdict(test)} for pair, test in self.tests.items()]
        return {
            "verdict": self.verdict,
            "models": {model: _plain(row) for model, row in self.table.to_dict("index").items()},
            "tests": [_plain(test) for test in tests],
            "data": {
                "series": len(self.panel.series),
                "frequency": self.panel.freq,
                "season": self.panel.season,
                "first_cutoff": f"{self.frame['cutoff'].min():%Y-%m-%d}",
                "last_cutoff": f"{self.frame['cutoff'].max():%Y-%m-%d}",
                "notes": self.panel.notes,
            },
            "settings": asdict(self.settings),
            "version": __version__,
        }

    def write_json(self, path: str | Path) -> None:
        """Write `to_dict` as a JSON file."""
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False) + "\n"
        files.write(path, lambda file: file.write_text(text, encoding="utf-8"))

    def plot(self, path: str | Path) -> None:
        """Write a picture of the forecasts and the errors as a PNG file."""
        from .plot import draw

        files.write(path, lambda file: draw(self).savefig(file, format="png", dpi=120))

    def _mean_errors(self, models: list[str]) -> pd.DataFrame:
        """Return the mean over series of each metric, by model."""
        by_series = errors(self.frame, models, self.result.scales)
        return by_series.groupby("model", sort=False)[list(METRICS)].mean()


def compare(
    frame: pd.DataFrame | None = None,
    *,
    id: str | None = None,
    date: str | None = None,
    target: str | None = None,
    freq: str | None = None,
    season: int | None = None,
    on_epoch: Callable[[str], None] = lambda model: None,
    **settings: Any,
) -> Comparison:
    """Train an LSTM and a GRU on sales and compare them with simple forecasts.

    Nothing that a model is judged on is seen before: the test part is the end of the series,
    scalers are fitted and networks trained on what lies before it, and each forecast is made from
    what was known at its cutoff.

    Parameters
    ----------
    frame : DataFrame, optional
        One row a date. Default: the bundled bakery sales.
    id, date, target : str, optional
        Names of columns, see `to_long`.
    freq, season : optional
        See `to_panel`.
    on_epoch : callable
        Called with the name of the cell after each epoch of training.
    **settings
        See `Settings`: timesteps, horizon, units, epochs, batch_size, seed, seeds, ...

    Returns
    -------
    Comparison
        With `table`, `verdict`, `frame`, `tests`, `plot` and `write_json`.

    Raises
    ------
    ValueError
        If a column, a value or a setting is unfit; the message names it.

    Examples
    --------
    >>> from fusedrnn.forecast import compare
    >>> result = compare(epochs=20, seeds=1)  # doctest: +SKIP
    >>> print(result.verdict)  # doctest: +SKIP
    """
    chosen = Settings(**settings)
    table = load_bakery() if frame is None else frame
    panel = to_panel(to_long(table, id=id, date=date, target=target), freq=freq, season=season)
    if len(panel.series) > 1:
        raise ValueError(f"the table has {len(panel.series)} series, expected one")
    return Comparison(panel, chosen, backtest(panel, chosen, on_epoch))


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return values with NaN as None, as JSON has it."""
    return {k: None if isinstance(v, float) and np.isnan(v) else v for k, v in values.items()}
