"""Rolling origin: at each cutoff every model forecasts from what was known then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from .folds import CALIBRATION, Fold, plan
from .intervals import add_intervals
from .jobs import Job, Result
from .metrics import seasonal_scale
from .panel import FloatArray, Panel, Series
from .runner import run
from .settings import NETWORKS, Settings


@dataclass
class Backtest:
    """Forecasts at every cutoff of the test part."""

    frame: pd.DataFrame
    """Columns ``unique_id, ds, cutoff, y``, one a model, its intervals, and ``MODEL-seedN``."""
    scales: pd.DataFrame
    """Mean absolute and squared seasonal difference of each training part, by ``unique_id``."""
    costs: dict[str, list[Result]] = field(default_factory=dict)
    """What each fit cost, by model, without its forecasts."""
    troubles: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Which series a model could not be fitted to, or only with a warning, by model and reason."""


def backtest(
    panel: Panel,
    settings: Settings,
    on_start: Callable[[Sequence[Job]], None] = lambda jobs: None,
    **how: Any,
) -> Backtest:
    """Forecast the test part of each series at one cutoff after another.

    Networks and scalers see only what lies before their fold; windows reach up to the cutoff.

    Parameters
    ----------
    panel : Panel
    settings : Settings
    on_start : callable
        Called with all jobs before the first is run.
    **how
        See `run`: n_jobs, backend, address, store, on_step.

    Raises
    ------
    ValueError
        If the data are too short for one training window and one forecast.
    """
    folds = plan(panel, settings)
    jobs = plan_jobs(panel, settings, folds)
    on_start(jobs)
    forecasts: dict[tuple[str, str], dict[str, FloatArray]] = defaultdict(dict)
    result = Backtest(pd.DataFrame(), _scales(panel, folds))
    costs: dict[str, list[tuple[str, Result]]] = defaultdict(list)
    for job, found in run(jobs, **how):
        column = f"{job.model}-seed{job.seed}" if job.model in NETWORKS else job.model
        start = 0
        for series in job.series:
            count = len(job.fold.origins(series, settings))
            if found.error:
                rows = np.full((count, settings.horizon), np.nan)
            else:
                rows = found.forecasts[start : start + count]
            forecasts[series.unique_id, job.fold.name][column] = rows
            if why := f"not fitted: {found.error}" if found.error else found.warning:
                names = result.troubles.setdefault((job.model, why), [])
                names += [series.unique_id] if series.unique_id not in names else []
            start += count
        if not found.error and job.fold.name != CALIBRATION:
            bare = replace(found, forecasts=np.empty((0, settings.horizon)))
            costs[job.model].append((job.key, bare))
    result.costs = {
        m: [r for _, r in sorted(each, key=lambda c: c[0])] for m, each in costs.items()
    }
    parts = [
        _part(series, fold, settings, forecasts[series.unique_id, fold.name])
        for series in panel.series
        for fold in folds
        if fold.origins(series, settings)
    ]
    frame = pd.concat(parts, ignore_index=True)
    if settings.levels:
        add_intervals(frame, settings.models, settings.levels)
    result.frame = frame[frame.pop("fold") != CALIBRATION].reset_index(drop=True)
    return result


def plan_jobs(panel: Panel, settings: Settings, folds: Sequence[Fold]) -> list[Job]:
    """Return a job for each group of series, fold, model and seed.

    A group is one series; for networks of the scope "global" it is all of them. The calibration
    fold has one network a model: it only measures errors.
    """
    seeds = range(settings.seed, settings.seed + settings.seeds)
    alone = [(series,) for series in panel.series]
    together = [tuple(panel.series)] if settings.scope == "global" else alone
    return [
        Job(model, seed, fold, live, panel.season, settings)
        for models, groups in ((settings.networks, together), (settings.simple, alone))
        for group in groups
        for fold in folds
        if (live := tuple(s for s in group if fold.origins(s, settings)))
        for model in models
        for seed in (seeds if model in NETWORKS and fold.name != CALIBRATION else seeds[:1])
    ]


def _part(
    series: Series, fold: Fold, settings: Settings, forecasts: dict[str, FloatArray]
) -> pd.DataFrame:
    """Lay one series' forecasts of one fold out as rows of the cross-validation frame."""
    origins, h = fold.origins(series, settings), settings.horizon
    rows = (np.asarray(origins)[:, None] + np.arange(h)).ravel()
    columns = {}
    for model in settings.models:
        single = {k: v for k, v in forecasts.items() if k.startswith(f"{model}-seed")}
        columns[model] = np.mean(list(single.values()), axis=0) if single else forecasts[model]
        if settings.seeds > 1 and fold.name != CALIBRATION:
            columns |= dict(sorted(single.items()))
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


def _scales(panel: Panel, folds: Sequence[Fold]) -> pd.DataFrame:
    """Return each series' scale from what lies before the test part."""
    first = next(fold for fold in folds if fold.name != CALIBRATION)
    values = [seasonal_scale(s.y[: first.cut(s)], panel.season) for s in panel.series]
    ids = pd.Index([series.unique_id for series in panel.series], name="unique_id")
    return pd.DataFrame(values, index=ids, columns=["mae", "mse"])
