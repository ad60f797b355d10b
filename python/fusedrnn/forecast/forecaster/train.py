"""Train on everything, and measure on held-out ends how far forecasts go wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ... import runtime
from .._types import FloatArray
from ..data.calendar import calendar_features
from ..data.frequency import dates, shown
from ..data.holidays import named_in
from ..data.panel import Panel, Series
from ..evaluate.folds import plan
from ..evaluate.intervals import lowest
from ..evaluate.jobs import Job
from ..models.inputs import training_windows
from ..models.network import Trained, build, train
from ..settings import NETWORKS, Settings, parts

ROWS = ("y", "observed", "known", "past")
"""Of a series, but for its dates."""
Weights = list[np.ndarray]
HELD_OUT = 0.2
"""Share of a series at its end on which the errors for the intervals are measured."""


def groups(panel: Panel, settings: Settings) -> Iterable[Sequence[Series]]:
    """Return the series that share networks."""
    if settings.scope == "global":
        return [panel.series]
    return ((series,) for series in panel.series)


def train_on_all(
    cell: str, group: Sequence[Series], settings: Settings, season: int, seed: int
) -> Weights:
    """Return the weights of a network that saw everything."""
    settings = settings.member(seed)
    with runtime.threads(1):
        windows = training_windows(lambda: ((s, len(s.y)) for s in group), settings, season, seed)
        network = train(cell, windows, settings, seed, static=len(group[0].static))
        return [np.asarray(w) for w in network.model.get_weights()]


def networks(cell: str) -> list[str]:
    """Return the networks among the models that a model is the mean of."""
    return [part for part in parts(cell) if part in NETWORKS]


def load_network(
    cell: str, features: int, settings: Settings, weights: Weights, static: int, series: int
) -> Trained:
    """Return the network with these weights; see `build`."""
    model = build(cell, features, settings, static, series)
    model.set_weights(weights)
    return Trained(model, [], 0.0, settings.loss)


def held_out_errors(
    cell: str,
    group: Sequence[Series],
    season: int,
    settings: Settings,
    weights: FloatArray | None,
) -> list[FloatArray]:
    """Return each series' sorted absolute errors on its end, by a model that saw the rest.

    `weights` are of the parts of a mean; None: all the same.
    """
    held = replace(settings, test_size=HELD_OUT, levels=())
    none = np.empty((0, settings.horizon))
    try:
        (fold,) = plan(group, held)
    except ValueError:  # too short to hold anything out
        return [none for _ in group]
    if not any(fold.origins(series, held) for series in group):
        return [none for _ in group]
    found = []
    for part in parts(cell):
        runs = [
            Job(
                model=part,
                seed=seed,
                fold=fold,
                series=group,
                season=season,
                settings=held.member(seed),
                group="",
            ).run_alone()
            for seed in (held.measured if part in NETWORKS else (held.seed,))
        ]
        for run in runs:
            if run.error:
                raise ValueError(run.error)
        found.append(
            {
                name: np.mean([run.forecasts[name] for run in runs], axis=0)
                for name in runs[0].forecasts
            }
        )
    errors = []
    for series in group:
        if series.unique_id not in found[0]:
            errors.append(none)
            continue
        origins = np.asarray(fold.origins(series, held), np.intp)
        truth = np.where(series.observed, series.y, np.nan)
        error = truth[origins[:, None] + np.arange(settings.horizon)]
        least = lowest(series.y, origins)
        each = [np.maximum(part[series.unique_id], least) for part in found]
        error = np.abs(error - np.average(each, axis=0, weights=weights))
        errors.append(np.sort(error[~np.isnan(error).any(axis=1)], axis=0))
    return errors


def joined(old: Series, new: Series) -> Series:
    """Return the rows of a series before a later table, and then those of that table.

    Raises
    ------
    ValueError
        If dates lie between them.
    """
    before = new.start - old.start
    if before > len(old.y):
        raise ValueError(
            f"series {new.unique_id!r}: the table begins on {new.ds[0]:%Y-%m-%d}, later than the "
            f"date after the fitted sales, which end on {old.ds[-1]:%Y-%m-%d}"
        )
    if before <= 0:
        return new
    rows: dict[str, Any] = {
        name: np.concatenate([getattr(old, name)[:before], getattr(new, name)]) for name in ROWS
    }
    return replace(new, start=old.start, ds=old.ds[:before].append(new.ds), **rows)


def extended(series: Series, panel: Panel, steps: int) -> Series:
    """Return a series whose covariates known in advance reach `steps` beyond its sales."""
    n = len(series.y)
    if not panel.known or len(series.known) >= n + steps:
        return series
    ds = dates(panel.freq, series.ds[0], periods=n + steps)
    cycles = calendar_features(ds, panel.freq, panel.country, named_in(panel.known))
    given = [name for name in panel.known if name not in cycles]
    if given:
        raise ValueError(
            f"series {series.unique_id!r}: {', '.join(given)} are known in advance and need rows "
            f"until {shown(ds[-1])}; they end on {shown(ds[len(series.known) - 1])}"
        )
    return replace(series, known=np.stack([cycles[name] for name in panel.known], axis=1))
