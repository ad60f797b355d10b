"""ETS, Theta and MSTL: fitted by statsmodels on the training part, then carried forward.

At each later origin the fitted model is updated with the sales up to there, its parameters kept:
what a shop does that fits once and forecasts every day, and what the networks do too.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from .._types import FloatArray, IntArray
from ..settings import LONGER
from .baselines import naive

START = "heuristic"
FLOOR = 10
"""Sales count as the least of the training part over this where their logarithms are taken."""
TRENDS: tuple[dict[str, Any], ...] = ({}, {"trend": "add", "damped_trend": True})


def ets(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Exponential smoothing with no or damped trend, of sales or their logarithms, by AICc.

    Errors and season are additive, of logarithms so multiplicative of sales; these are tried where
    the training part is positive. The season is left out if that has fewer than two.
    """
    known = y[:cut]
    if np.ptp(known) == 0:  # nothing to fit
        return naive(y, cut, origins, horizon, season)
    fit = _fitted(known, season)
    if known.min() > 0:
        logs = np.log(np.maximum(y, known.min() / FLOOR))
        other = _fitted(logs[:cut], season)
        # The density of sales is that of their logarithms divided by the sales.
        if other.aicc + 2 * logs[:cut].sum() < fit.aicc:
            return np.exp(_carried(other, logs, origins, horizon))
    return _carried(fit, y, origins, horizon)


def mstl(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """ETS of what STL leaves when it has taken off the seasons, whose last cycles are repeated.

    The seasons of hours are the day and the week, see `LONGER`. The decomposition (Bandara, Hyndman
    and Bergmeir, 2021) is made again at the first origin of each season. Without a season in the
    training part this is `ets`.
    """
    from statsmodels.tsa.seasonal import MSTL

    periods = [each for each in (season, LONGER.get(season, 0)) if 1 < each <= cut // 2]
    if not periods or np.ptp(y[:cut]) == 0:
        return ets(y, cut, origins, horizon, season)
    places = np.asarray(origins)
    fit, blocks = None, []
    for block in np.split(places, np.flatnonzero(np.diff((places - cut) // season)) + 1):
        first, end = block[0], block[-1] + horizon
        seasonal = np.zeros(end)
        found = MSTL(y[:first], periods=periods).fit().seasonal.reshape(first, -1)
        for period, column in zip(periods, found.T, strict=True):
            seasonal += np.concatenate([column, np.resize(column[-period:], end - first)])
        rest = y[: block[-1]] - seasonal[: block[-1]]
        fit = fit or _fitted(rest[:cut], 1)
        steps = block[:, None] + np.arange(horizon)
        blocks.append(_carried(fit, rest, block, horizon) + seasonal[steps])
    return np.concatenate(blocks)


def _fitted(y: FloatArray, season: int) -> Any:
    """Return the better of two models of exponential smoothing, fitted."""
    fit, said = _fitted_to(np.ascontiguousarray(y, np.float64).tobytes(), season)
    for each in said:
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
    return fit


@lru_cache(maxsize=8)  # a series is fitted for its own forecasts and for networks that add to them
def _fitted_to(values: bytes, season: int) -> tuple[Any, list[warnings.WarningMessage]]:
    """Return the fit, and what the library said meanwhile."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    y = np.frombuffer(values)
    seasonal = 1 < season <= len(y) // 2
    shape = {"seasonal": "add", "seasonal_periods": season} if seasonal else {}
    # Heuristic initial states: a tenth of the time of estimated ones, and on the bakery sales and
    # on monthly ones a smaller AICc.
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        models = [ETSModel(y, **shape, **trend, initialization_method=START) for trend in TRENDS]
        return min((model.fit(disp=False) for model in models), key=lambda each: each.aicc), said


def _carried(
    fit: Any, y: FloatArray, origins: Sequence[int] | IntArray, horizon: int
) -> FloatArray:
    """Return forecasts of a fitted model at origins up to the end of `y`, (origins, horizon)."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    trend, season = fit.model.has_trend, fit.model.has_seasonal and fit.model.seasonal_periods
    start = {"initial_level": fit.initial_level}
    shape = {}
    if trend:
        start["initial_trend"] = fit.initial_trend
    if season:
        start["initial_seasonal"] = fit.initial_seasonal
        shape = {"seasonal": "add", "seasonal_periods": season}
    whole = ETSModel(y, **shape, **TRENDS[trend], initialization_method="known", **start)
    # The filter is causal: the state after row p - 1 has seen no later row.
    states = whole.smooth(fit.params).states  # (n, states)
    last = np.asarray(origins)[:, None] - 1
    # Columns of states: level, trend, and the season of that row.
    forecast: FloatArray = np.repeat(states[last, 0], horizon, axis=1)
    if trend:
        damping = dict(zip(fit.model.param_names, fit.params, strict=True))["damping_trend"]
        forecast += states[last, 1] * np.cumsum(damping ** np.arange(1, horizon + 1))
    if season:
        forecast += states[last + 1 - season + np.arange(horizon) % season, -1]
    return forecast


def theta(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Theta method (Assimakopoulos and Nikolopoulos, 2000), as simple smoothing with half a drift.

    The season is taken off by a decomposition of the training part, multiplicative where that is
    positive, else additive, and left out if that has fewer than two.
    """
    from statsmodels.tsa.forecasting.theta import ThetaModel
    from statsmodels.tsa.seasonal import seasonal_decompose

    if np.ptp(y[:cut]) == 0:
        return naive(y, cut, origins, horizon, season)
    times = y[:cut].min() > 0
    pattern = np.full(1, float(times))
    if 1 < season <= cut // 2:
        model = "multiplicative" if times else "additive"
        pattern = seasonal_decompose(y[:cut], period=season, model=model).seasonal[:season]
    steps = np.arange(len(y) + horizon)
    seasonal = pattern[steps % len(pattern)]
    rest = y / seasonal[: len(y)] if times else y - seasonal[: len(y)]
    fit = ThetaModel(rest[:cut], deseasonalize=False).fit()
    alpha, slope = fit.params["alpha"], fit.params["b0"]
    level = pd.Series(rest).ewm(alpha=alpha, adjust=False).mean().to_numpy()
    p = np.asarray(origins)[:, None]
    k = np.arange(horizon)
    forecast = np.asarray(level[p - 1] + slope / 2 * (k + (1 - (1 - alpha) ** p) / alpha))
    return forecast * seasonal[p + k] if times else forecast + seasonal[p + k]
