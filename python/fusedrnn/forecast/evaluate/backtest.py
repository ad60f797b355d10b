"""Rolling origin: at each cutoff every model forecasts from what was known then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._types import FloatArray
from ..data.panel import Panel, Series, with_columns
from ..settings import BEST, MEAN, NETWORKS, PARTNER, POOL, WORTH, Backend, Settings, parts
from .folds import CALIBRATION, Fold, plan
from .intervals import lowest, reach
from .jobs import Job, column
from .metrics import seasonal_scale
from .results import Store
from .runner import run

POWER = 4
"""Of the errors that weights are the inverse of, see `weighted`."""


@dataclass(frozen=True)
class Forecasts:
    """What was forecast of one series, a row a cutoff of the test part and a column a step."""

    series: Series
    origins: npt.NDArray[np.intp]
    """(cutoffs,), row of the first forecast after each cutoff."""
    y: FloatArray
    """(cutoffs, horizon), missing where the true value is."""
    values: Mapping[str, FloatArray]
    """Each (cutoffs, horizon): models, ``MODEL-seedN``, ``MODEL-lo-LEVEL``, ``MODEL-hi-LEVEL``."""

    @property
    def frame(self) -> pd.DataFrame:
        """The same with the columns ``unique_id, ds, cutoff, y`` and one for each of `values`."""
        h = self.y.shape[1]
        rows = (self.origins[:, None] + np.arange(h)).ravel()
        columns = {
            "unique_id": self.series.unique_id,
            "ds": self.series.ds[rows],
            "cutoff": self.series.ds[np.repeat(self.origins, h) - 1],
            "y": self.y.ravel(),
        }
        return pd.DataFrame(columns | {name: v.ravel() for name, v in self.values.items()})


@dataclass(frozen=True)
class Backtest:
    """Forecasts at every cutoff of the test part."""

    panel: Panel
    settings: Settings
    folds: Sequence[Fold]
    store: Store

    def parts(self) -> Iterator[Forecasts]:
        """Return the forecasts of one series after another."""
        return map(self.of, self.panel.series)

    def part(self, unique_id: str) -> pd.DataFrame:
        """Return the frame of one series."""
        return self.of(next(s for s in self.panel.series if s.unique_id == unique_id)).frame

    @property
    def frame(self) -> pd.DataFrame:
        """The cross-validation frame of all series at once."""
        return pd.concat([part.frame for part in self.parts()], ignore_index=True)

    @cached_property
    def before(self) -> dict[str, float]:
        """What was known of each model before the test part: its error then, in units of the MASE.

        Mean over series of the mean absolute error of the calibration fold, of values that all
        series had before their first cutoffs; empty without that fold.
        """
        return self._errors(self.settings.models)

    @cached_property
    def shares(self) -> FloatArray:
        """The weight of each of `POOL` in `MEAN`, by what was known before the test part."""
        return weighted(self._errors(POOL))

    def _errors(self, models: Sequence[str]) -> dict[str, float]:
        settings, (first, *later) = self.settings, self.folds
        if first.name != CALIBRATION:
            return {}
        end = min(each.start + later[0].cut(each, settings) for each in self.panel.series)
        found: dict[str, list[float]] = {model: [] for model in models}
        for each in self.panel.series:
            if not (origins := first.origins(each, settings)):
                continue
            rows = np.asarray(origins)[:, None] + np.arange(settings.horizon)
            told = (rows < end - each.start) & each.observed[rows]
            scale, _ = seasonal_scale(each.y[: first.cut(each, settings)], self.panel.season)
            if not scale or not told.any():
                continue
            for model, errors in found.items():
                miss = np.abs(self._fold(each, model, first, origins).mean(axis=0) - each.y[rows])
                errors.append(float(miss[told].mean()) / scale)
        means = {model: float(np.mean(errors)) for model, errors in found.items() if errors}
        return {model: mean for model, mean in means.items() if mean == mean}

    @property
    def recommended(self) -> str | None:
        """The model to use by what was known before the test part, None if that is nothing."""
        return to_use(self.before)

    def settled(self) -> Backtest:
        """Return the same with `BEST` among the models replaced by the method that it is."""
        if not any(BEST in parts(model) for model in self.settings.models):
            return self
        partners = replace(self.settings, models=tuple(self.settings.partners))
        best = replace(self, settings=partners).recommended or PARTNER
        models = (
            m if m == MEAN else "+".join(best if p == BEST else p for p in parts(m))
            for m in self.settings.models
        )
        return replace(self, settings=replace(self.settings, models=tuple(dict.fromkeys(models))))

    def of(self, series: Series) -> Forecasts:
        """Return the forecasts of one series."""
        settings, steps = self.settings, np.arange(self.settings.horizon)
        parts = [(fold, fold.origins(series, settings)) for fold in self.folds]
        parts = [(fold, places) for fold, places in parts if places]
        first = sum(len(places) for fold, places in parts if fold.name == CALIBRATION)
        origins = np.concatenate([np.asarray(places, np.intp) for _, places in parts])
        truth = np.where(series.observed, series.y, np.nan)[origins[:, None] + steps]
        least = lowest(series.y, origins)
        values: dict[str, FloatArray] = {}
        singles: dict[str, FloatArray] = {}
        intervals: dict[str, FloatArray] = {}
        for model in settings.models:
            found = [self._fold(series, model, *part) for part in parts]
            values[model] = whole = np.concatenate([each.mean(axis=0) for each in found])
            if model in NETWORKS and settings.seeds > 1:
                folds = zip(parts, found, strict=True)
                own = [each for (fold, _), each in folds if fold.name != CALIBRATION]
                judged = np.concatenate(own, axis=1)
                names = (column(model, seed) for seed in _seeds(model, parts[-1][0], settings))
                singles |= dict(zip(names, judged, strict=True))
            halves = (
                reach(np.abs(truth - whole), origins, settings.levels) if settings.levels else ()
            )
            for level, half in zip(settings.levels, halves, strict=True):
                intervals[f"{model}-lo-{level}"] = np.maximum(whole - half, least)[first:]
                intervals[f"{model}-hi-{level}"] = (whole + half)[first:]
        values = {name: whole[first:] for name, whole in values.items()}
        return Forecasts(series, origins[first:], truth[first:], values | singles | intervals)

    def _fold(self, series: Series, model: str, fold: Fold, origins: Sequence[int]) -> FloatArray:
        """Return the forecasts of one model in one fold, (seeds, cutoffs, horizon).

        A mean has one of its parts, whatever their seeds.
        """
        if len(parts(model)) > 1:
            each = [self._fold(series, part, fold, origins).mean(axis=0) for part in parts(model)]
            weights = self.shares if model == MEAN else None
            return np.average(each, axis=0, weights=weights, keepdims=True)
        missing = np.full((len(origins), self.settings.horizon), np.nan)
        names = [column(model, seed) for seed in _seeds(model, fold, self.settings)]
        found = [self.store.forecasts(fold.name, name, series.unique_id) for name in names]
        rows = np.stack([missing if each is None else each for each in found])
        whole: FloatArray = np.maximum(rows, lowest(series.y, origins))
        return whole


def weighted(errors: Mapping[str, float]) -> FloatArray:
    """Return the weight of each of `POOL` in `MEAN`: the inverse of its error's fourth power.

    Of squared errors the second power, as Stock and Watson (1998, "A comparison of linear and
    nonlinear univariate models for forecasting macroeconomic time series") weight by a power. Where
    an error is not known all weights are the same.
    """
    found = np.array([errors.get(model, np.nan) for model in POOL])
    if not found.max() > 0:
        return np.full(len(POOL), 1 / len(POOL))
    weights = (found.max() / np.maximum(found, 1e-9 * found.max())) ** POWER
    return np.asarray(weights / weights.sum())


def to_use(errors: Mapping[str, float]) -> str | None:
    """Return the model to use by errors on one fold: `MEAN`, or the best if that is worth it."""
    best = min(errors, key=lambda model: errors[model], default=None)
    return MEAN if best and errors[best] >= WORTH * errors.get(MEAN, np.inf) else best


def backtest(
    panel: Panel,
    settings: Settings,
    store: Store | None = None,
    *,
    on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
    n_jobs: int = 1,
    backend: Backend = "processes",
    address: str | None = None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
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
    n_jobs, backend, address, on_step : optional
        See `run`.

    Raises
    ------
    ValueError
        If the data are too short for one training window and one forecast.
    """
    folds = plan(panel.series, settings)
    jobs = partial(plan_jobs, learnable(panel, settings, folds), settings, folds)
    fits: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for job in jobs():
        fits[job.model] += 1
        cost[job.model] += job.cost
    on_start({model: (n, cost[model]) for model, n in fits.items()})
    store = store or Store()
    run(jobs, store, n_jobs=n_jobs, backend=backend, address=address, on_step=on_step)
    return Backtest(panel, settings, folds, store).settled()


def learnable(panel: Panel, settings: Settings, folds: Sequence[Fold]) -> Panel:
    """Return the panel without covariates that are constant before the test part of every series.

    What they do cannot be learnt, and a name that is first seen after a cutoff must not change how
    many inputs, and so which random weights, the networks before it begin with.
    """
    if not panel.known and not panel.past:
        return panel
    test = next(fold for fold in folds if fold.name != CALIBRATION)
    varying = {"known": np.zeros(len(panel.known), bool), "past": np.zeros(len(panel.past), bool)}
    for each in panel.series:
        cut = test.cut(each, settings)
        for name, found in varying.items():
            rows = getattr(each, name)[:cut]
            found |= (rows != rows[:1]).any(axis=0)
    if all(found.all() for found in varying.values()):
        return panel
    return with_columns(panel, varying)


def plan_jobs(panel: Panel, settings: Settings, folds: Sequence[Fold]) -> Iterator[Job]:
    """Yield a job for each group of series, fold, model and seed.

    A group is one series; for networks of the scope "global" it is all of them.
    """

    def jobs(series: Sequence[Series], group: str, models: Sequence[str]) -> Iterator[Job]:
        for fold in folds:
            if any(fold.origins(each, settings) for each in series):
                for model in models:
                    for seed in _seeds(model, fold, settings):
                        yield Job(
                            model=model,
                            seed=seed,
                            fold=fold,
                            series=series,
                            season=panel.season,
                            settings=settings.member(seed),
                            group=group,
                        )

    alone: Sequence[str] = settings.fitted
    if settings.scope == "global":
        yield from jobs(panel.series, "", [each for each in alone if each in NETWORKS])
        alone = [each for each in alone if each not in NETWORKS]
    for series in panel.series:
        yield from jobs((series,), series.unique_id, alone)


def _seeds(model: str, fold: Fold, settings: Settings) -> range:
    """Return the seeds of a model's fits; the calibration fold only measures errors."""
    if model not in NETWORKS:
        return range(settings.seed, settings.seed + 1)
    if fold.name == CALIBRATION:
        return settings.measured
    return range(settings.seed, settings.seed + settings.seeds)
