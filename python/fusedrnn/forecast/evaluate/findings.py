"""What a backtest found, as figures: one table, figures by series and step, paired tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .._types import FloatArray
from ..data.panel import Panel
from ..settings import Settings, parts
from .backtest import Backtest
from .metrics import METRICS
from .significance import Difference, paired_test
from .summary import Costs, Summary, costs, summarise


@dataclass(frozen=True)
class Findings:
    """The figures of a backtest, each made when it is asked for."""

    result: Backtest
    skipped: tuple[str, ...] = ()
    """Series too short to be judged, left out because that was asked for."""
    remarks: tuple[str, ...] = ()
    """What else the reader should know."""
    ahead: Callable[[str], pd.DataFrame] | None = None
    """Forecasts what follows the last sales with a model of this name, fitted to all of them."""

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

        WAPE and bias are of all series together, each with its sales as weight.
        ``sd`` is the standard deviation of a single network's WAPE over the seeds, ``median`` the
        median over series of the MASE. Only series that every model could forecast count.
        """
        whole = self._whole(self.by_series).groupby("model", sort=False)
        table = whole[list(METRICS)].mean()
        for name in ("WAPE", "bias"):
            table[name] = self._pooled(name)
        table["median"] = whole["MASE"].median()
        for model in self.settings.models:
            made = [self.costs[part] for part in parts(model) if part in self.costs]
            if not made:
                continue
            table.loc[model, "seconds"] = sum(cost.seconds for cost in made)
            if model in self.settings.networks:
                (cost,) = made
                forecasts = self.summary.forecasts[model] / self.settings.horizon
                table.loc[model, "parameters"] = cost.parameters
                table.loc[model, "train_loss"] = cost.train_loss
                table.loc[model, "test_loss"] = cost.test_loss
                table.loc[model, "microseconds"] = 1e6 * cost.forecast_seconds / max(forecasts, 1)
                single = self._whole(self.summary.single).filter(like=f"{model}-seed")
                table.loc[model, "sd"] = single.mean().std()
        columns = ["parameters", "seconds", "microseconds", "train_loss", "test_loss"]
        return table.reindex(columns=[*columns, *METRICS, "sd", "median"])

    @property
    def recommended(self) -> str:
        """The model to use, "" if there is none.

        Chosen before the test part (`to_use`), so that what the test part says of it is no winner's
        luck; where nothing is known before, the least of the test part.
        """
        before = self.result.recommended
        if before is not None and not np.isnan(self.table.loc[before, "MAE"]):
            return before
        known = self.table["MAE" if self.table["MASE"].isna().any() else "MASE"].dropna()
        return str(known.idxmin()) if len(known) else ""

    @cached_property
    def future(self) -> pd.DataFrame | None:
        """What `recommended` forecasts after the last sales, with intervals, by series.

        Fitted when it is first asked for. None where it cannot be: a covariate known in advance has
        no value there, or its model cannot be fitted.
        """
        try:
            return self.ahead(self.recommended) if self.ahead and self.recommended else None
        except ValueError:
            return None

    @cached_property
    def tests(self) -> dict[tuple[str, str], Difference]:
        """Paired tests of networks and means with every simple method, and of networks among them.

        The loss is the mean absolute error of a forecast over its steps, in units of the scale of
        its series.
        """
        over_time, over_series = self.summary.over_time, self.summary.over_series

        def told(table: pd.DataFrame, pair: tuple[str, str]) -> FloatArray:
            return np.asarray(table[pair].dropna(), np.float64)

        h, step = self.settings.horizon, self.settings.step
        return {
            p: paired_test(told(over_time, p), told(over_series, p), h, step) for p in over_time
        }

    def _pooled(self, name: str) -> pd.Series:
        """Return a metric in per cent of sales over all series together, by model."""
        whole = self._whole(self.by_series)
        whole = whole[whole[name].notna()]
        weighted = (whole[name] * whole["sales"]).groupby(whole["model"], sort=False).sum()
        return weighted / whole["sales"].groupby(whole["model"], sort=False).sum()

    def _whole(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the series that every model could forecast."""
        failed = self.by_series.loc[self.by_series["MAE"].isna(), "unique_id"]
        whole = table[~table["unique_id"].isin(failed)]
        return whole if len(whole) else table
