"""Figures over all forecasts, gathered from one series after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._types import FloatArray
from ..models.inputs import count_windows
from .backtest import Backtest
from .folds import CALIBRATION
from .metrics import METRICS, errors, seasonal_scale
from .results import Store

CURVES = 10
"""Training curves kept of each network."""


@dataclass(frozen=True)
class Summary:
    """What is left of a cross-validation frame when its rows are gone."""

    by_series: pd.DataFrame
    """Columns ``unique_id``, ``model``, `METRICS` and ``sales``, the sum of what was forecast."""
    by_horizon: pd.DataFrame
    """Columns ``model``, ``step`` and `METRICS`, means over series."""
    single: pd.DataFrame
    """Columns ``unique_id`` and the WAPE of each network as ``MODEL-seedN``."""
    over_time: pd.DataFrame
    """Mean over series of one model's loss less another's, by cutoff; a column a pair."""
    over_series: pd.DataFrame
    """Mean over cutoffs of the same, by ``unique_id``."""
    coverage: pd.DataFrame
    """Columns ``model``, ``level``, ``coverage`` in per cent, ``width`` and ``forecasts``."""
    forecasts: dict[str, float]
    """How many values each model forecast."""
    constant: list[str]
    """Series whose training part does not change."""
    repeating: list[str]
    """Series whose training part repeats its season to the last digit."""
    idle: list[str]
    """Series that sold nothing on half or more of the dates that were forecast."""
    zero: float
    """Mean over series of the MASE of forecasts of 0."""
    windows: int
    """Training windows of all series before the last fold."""
    largest: str
    """Series with the largest sum of sales."""
    troubles: dict[tuple[str, str], list[str]]
    """Which series a model could not be fitted to, or only with a warning, by model and reason."""

    @property
    def cutoffs(self) -> pd.DatetimeIndex:
        """All cutoffs, in order."""
        return pd.DatetimeIndex(self.over_time.index)


@dataclass
class Costs:
    """What the fits of a model cost together."""

    seconds: float = 0.0
    forecast_seconds: float = 0.0
    parameters: int = 0
    """Weights of one network."""
    train_loss: float = 0.0
    """Mean over fits of the last epoch's."""
    test_loss: float = 0.0
    curves: list[FloatArray] = field(default_factory=list)
    """Training losses of the first `CURVES` fits."""


def summarise(result: Backtest) -> Summary:
    """Go through the cross-validation frames of all series."""
    settings, h = result.settings, result.settings.horizon
    models = list(settings.models)
    first = next(fold for fold in result.folds if fold.name != CALIBRATION)
    pairs = [(one, other) for one in settings.networks[:1] for other in settings.networks[1:]]
    ours = (*settings.networks, *settings.combined)
    pairs += [(model, method) for model in ours for method in settings.simple]
    by_series, names, singles, over_series, idle = [], [], [], [], []
    constant: list[str] = []
    repeating: list[str] = []
    sold, zero = [], []
    steps, counts = (np.zeros((len(METRICS), h, len(models))) for _ in range(2))
    lives = [(each.start, each.start + len(each.y)) for each in result.panel.series]
    start, end = min(first for first, _ in lives), max(last for _, last in lives)
    dates = np.full(end - start, np.datetime64("NaT", "ns"))
    total, told = (np.zeros((len(dates), len(pairs))) for _ in range(2))
    left, right = ([models.index(pair[side]) for pair in pairs] for side in (0, 1))
    spans = {(model, level): np.zeros(3) for model in models for level in settings.levels}
    forecasts = np.zeros(len(models))
    sizes: dict[str, float] = {}
    windows = 0
    for series, part in zip(result.panel.series, result.parts(), strict=True):
        names.append(series.unique_id)
        learnt = series.y[: first.cut(series, settings)]
        scale = seasonal_scale(learnt, result.panel.season)
        if not scale[0]:
            (repeating if np.ptp(learnt) else constant).append(series.unique_id)
        y = part.y  # (cutoffs, steps)
        if 2 * (y == 0).sum() >= (~np.isnan(y)).sum():
            idle.append(series.unique_id)
        values = np.stack([part.values[model] for model in models], axis=2)
        windows += count_windows([result.folds[-1].cut(series, settings)], settings)
        sizes[series.unique_id] = float(np.nansum(y))
        forecasts += (~np.isnan(values)).sum(axis=(0, 1))
        by_series.append(errors(y.ravel(), values.reshape(-1, len(models)), scale).T)
        each = [name for name in part.values if "-seed" in name]
        single = np.array([part.values[name].ravel() for name in each]).reshape(len(each), y.size)
        sold.append((~np.isnan(values) * np.abs(np.nan_to_num(y))[..., None]).sum(axis=(0, 1)))
        zero.append(float(np.nanmean(np.abs(y))) / scale[0] if scale[0] else np.nan)
        singles.append(dict(zip(each, errors(y.ravel(), single.T, scale)[2], strict=True)))
        by_step = errors(y, values, scale)
        steps += np.nan_to_num(by_step)
        counts += ~np.isnan(by_step)
        loss = mean(np.abs(y[..., None] - values), 1)
        d = (loss[:, left] - loss[:, right]) / (scale[0] or 1)
        over_series.append(mean(d, 0))
        places = part.origins - 1 + series.start - start
        dates[places] = series.ds.to_numpy()[part.origins - 1]
        total[places] += np.nan_to_num(d)
        told[places] += ~np.isnan(d)
        for (model, level), span in spans.items():
            low, high = (part.values[f"{model}-{side}-{level}"] for side in ("lo", "hi"))
            known = ~np.isnan(y + low)
            span += (
                100 * ((low <= y) & (y <= high))[known].sum(),
                (high - low)[known].sum(),
                known.sum(),
            )
    judged = ~np.isnat(dates)
    columns = pd.MultiIndex.from_arrays(np.array(pairs, object).reshape(-1, 2).T)
    return Summary(
        by_series=_table(np.stack(by_series), names, models, "unique_id").assign(
            sales=np.stack(sold).ravel()
        ),
        by_horizon=_table(ratio(steps, counts).transpose(1, 2, 0), range(1, h + 1), models, "step"),
        single=pd.DataFrame(singles).assign(unique_id=names),
        over_time=pd.DataFrame(
            ratio(total, told)[judged], pd.DatetimeIndex(dates[judged]), columns
        ),
        over_series=pd.DataFrame(np.stack(over_series), names, columns),
        coverage=pd.DataFrame(
            [(*key, *ratio(span[:2], span[2]), int(span[2])) for key, span in spans.items()],
            columns=["model", "level", "coverage", "width", "forecasts"],
        ),
        forecasts=dict(zip(models, forecasts, strict=True)),
        constant=constant,
        repeating=repeating,
        idle=idle,
        zero=float(mean(np.array(zero), 0)),
        windows=windows,
        largest=max(sizes, key=lambda name: sizes[name]),
        troubles=_troubles(result),
    )


def costs(store: Store) -> dict[str, Costs]:
    """Sum up what the fits of each model cost, those that only measured errors left out."""
    found: dict[str, Costs] = {}
    fits: Counter[str] = Counter()
    for fold, column, _, fit in store.fits():
        if fold == CALIBRATION or fit.error:
            continue
        model = column.partition("-seed")[0]
        cost = found.setdefault(model, Costs())
        fits[model] += 1
        cost.seconds += fit.seconds
        cost.forecast_seconds += fit.forecast_seconds
        cost.parameters = fit.parameters
        if len(fit.losses):
            cost.train_loss += (fit.losses[-1] - cost.train_loss) / fits[model]
            cost.test_loss += (fit.test_loss - cost.test_loss) / fits[model]
            cost.curves += [fit.losses] if len(cost.curves) < CURVES else []
    return found


def mean(values: FloatArray, axis: int) -> FloatArray:
    """Return the mean of the values that are not missing."""
    return ratio(np.nansum(values, axis), np.sum(~np.isnan(values), axis))


def ratio(total: FloatArray, count: npt.ArrayLike) -> FloatArray:
    """Return total / count, missing where the count is 0."""
    count = np.broadcast_to(np.asarray(count, np.float64), total.shape)
    found = np.full(total.shape, np.nan)
    np.divide(total, count, out=found, where=count > 0)
    return found


def _table(
    values: FloatArray, first: Sequence[object], models: Sequence[str], name: str
) -> pd.DataFrame:
    """Lay (first, models, metrics) out as rows."""
    index = pd.MultiIndex.from_product([first, models], names=[name, "model"])
    return pd.DataFrame(values.reshape(len(index), -1), index, list(METRICS)).reset_index()


def _troubles(result: Backtest) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for _, column, group, fit in result.store.fits():
        if why := f"not fitted: {fit.error}" if fit.error else fit.warning:
            names = found.setdefault((column.partition("-seed")[0], why), [])
            group = group or "all series"
            names += [group] if group not in names else []
    return found
