"""Rolling origin: at each cutoff every model forecasts from what was known then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .folds import CALIBRATION, Fold, plan
from .intervals import add_intervals
from .jobs import Job, column, steps
from .panel import Panel, Series
from .runner import run
from .settings import NETWORKS, Settings
from .store import Store


@dataclass(frozen=True)
class Backtest:
    """Forecasts at every cutoff of the test part."""

    panel: Panel
    settings: Settings
    folds: Sequence[Fold]
    store: Store

    def parts(self) -> Iterator[pd.DataFrame]:
        """Return the cross-validation frames of the series, one after another.

        Columns ``unique_id, ds, cutoff, y``, one a model, ``MODEL-seedN``, and the intervals.
        """
        return map(self._frame, self.panel.series)

    def part(self, unique_id: str) -> pd.DataFrame:
        """Return the frame of one series."""
        return self._frame(next(s for s in self.panel.series if s.unique_id == unique_id))

    @property
    def frame(self) -> pd.DataFrame:
        """All of `parts` at once."""
        return pd.concat(self.parts(), ignore_index=True)

    def _frame(self, series: Series) -> pd.DataFrame:
        folds = [fold for fold in self.folds if fold.origins(series, self.settings)]
        frame = pd.concat([self._rows(series, fold) for fold in folds], ignore_index=True)
        if self.settings.levels:
            add_intervals(frame, self.settings.models, self.settings.levels)
        return frame[frame.pop("fold") != CALIBRATION].reset_index(drop=True)

    def _rows(self, series: Series, fold: Fold) -> pd.DataFrame:
        """Lay one series' forecasts of one fold out as rows."""
        settings, h = self.settings, self.settings.horizon
        origins = fold.origins(series, settings)
        rows = (np.asarray(origins)[:, None] + np.arange(h)).ravel()
        missing = np.full((len(origins), h), np.nan)
        columns = {}
        for model in settings.models:
            single = {}
            for seed in _seeds(model, fold, settings):
                name = column(model, seed)
                found = self.store.forecasts(fold.name, name, series.unique_id)
                single[name] = missing if found is None else found
            columns[model] = np.mean(list(single.values()), axis=0)
            if model in NETWORKS and settings.seeds > 1 and fold.name != CALIBRATION:
                columns |= single
        return pd.DataFrame(
            {
                "unique_id": series.unique_id,
                "ds": series.ds[rows],
                "cutoff": series.ds[np.repeat(origins, h) - 1],
                "y": np.where(series.observed, series.y, np.nan)[rows],
                "fold": fold.name,
                **{name: values.ravel() for name, values in columns.items()},
            }
        )


def backtest(
    panel: Panel,
    settings: Settings,
    store: Store | None = None,
    on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
    **how: Any,
) -> Backtest:
    """Forecast the test part of each series at one cutoff after another.

    Networks and scalers see only what lies before their fold; windows reach up to the cutoff.

    Parameters
    ----------
    panel : Panel
    settings : Settings
    store : Store, optional
        Where results are kept. Default: a temporary one.
    on_start : callable
        Called before the first fit with the fits of each model, and the steps they have together.
    **how
        See `run`: n_jobs, backend, address, on_step.

    Raises
    ------
    ValueError
        If the data are too short for one training window and one forecast.
    """
    folds = plan(panel.series, settings)
    jobs = partial(plan_jobs, panel, settings, folds)
    fits = Counter(job.model for job in jobs())
    on_start({model: (n, n * steps(model, settings)) for model, n in fits.items()})
    store = store or Store()
    run(jobs, store, **how)
    return Backtest(panel, settings, folds, store)


def plan_jobs(panel: Panel, settings: Settings, folds: Sequence[Fold]) -> Iterator[Job]:
    """Yield a job for each group of series, fold, model and seed.

    A group is one series; for networks of the scope "global" it is all of them.
    """

    def jobs(series: Sequence[Series], group: str, models: Sequence[str]) -> Iterator[Job]:
        for fold in folds:
            if any(fold.origins(each, settings) for each in series):
                for model in models:
                    for seed in _seeds(model, fold, settings):
                        yield Job(model, seed, fold, series, panel.season, settings, group)

    alone: Sequence[str] = settings.models
    if settings.scope == "global":
        yield from jobs(panel.series, "", settings.networks)
        alone = settings.simple
    for series in panel.series:
        yield from jobs((series,), series.unique_id, alone)


def _seeds(model: str, fold: Fold, settings: Settings) -> range:
    """Return the seeds of a model's fits; the calibration fold has one: it only measures errors."""
    many = model in NETWORKS and fold.name != CALIBRATION
    return range(settings.seed, settings.seed + (settings.seeds if many else 1))
