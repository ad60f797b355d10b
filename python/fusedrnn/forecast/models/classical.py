"""ETS and Theta: fitted by statsmodels on the training part, then carried forward.

At each later origin the fitted model is updated with the sales up to there, its parameters kept:
what a shop does that fits once and forecasts every day, and what the networks do too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .._types import FloatArray
from .baselines import naive

START = "heuristic"


def ets(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Exponential smoothing with additive errors; the better of no and damped trend by AICc.

    The season is additive, and left out if the training part has fewer than two.
    """
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    if np.ptp(y[:cut]) == 0:  # nothing to fit
        return naive(y, cut, origins, horizon, season)
    seasonal = 1 < season <= cut // 2
    shape = {"seasonal": "add", "seasonal_periods": season} if seasonal else {}
    trends: tuple[dict[str, Any], ...] = ({}, {"trend": "add", "damped_trend": True})
    # Heuristic initial states: a tenth of the time of estimated ones, and on the bakery sales and
    # on monthly ones a smaller AICc.
    fits = [ETSModel(y[:cut], **shape, **trend, initialization_method=START) for trend in trends]
    fit = min((model.fit(disp=False) for model in fits), key=lambda each: each.aicc)
    trend = fit.model.has_trend
    start = {"initial_level": fit.initial_level}
    if trend:
        start["initial_trend"] = fit.initial_trend
    if seasonal:
        start["initial_seasonal"] = fit.initial_seasonal
    whole = ETSModel(y, **shape, **trends[trend], initialization_method="known", **start)
    # The filter is causal: the state after row p - 1 has seen no later row.
    states = whole.smooth(fit.params).states  # (n, states)
    last = np.asarray(origins)[:, None] - 1
    # Columns of states: level, trend, and the season of that row.
    forecast: FloatArray = np.repeat(states[last, 0], horizon, axis=1)
    if trend:
        damping = dict(zip(fit.model.param_names, fit.params, strict=True))["damping_trend"]
        forecast += states[last, 1] * np.cumsum(damping ** np.arange(1, horizon + 1))
    if seasonal:
        forecast += states[last + 1 - season + np.arange(horizon) % season, -1]
    return forecast


def theta(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Theta method (Assimakopoulos and Nikolopoulos, 2000), as simple smoothing with half a drift.

    The season is taken off by an additive decomposition of the training part, and left out if that
    has fewer than two.
    """
    from statsmodels.tsa.forecasting.theta import ThetaModel
    from statsmodels.tsa.seasonal import seasonal_decompose

    if np.ptp(y[:cut]) == 0:
        return naive(y, cut, origins, horizon, season)
    pattern = np.zeros(1)
    if 1 < season <= cut // 2:
        pattern = seasonal_decompose(y[:cut], period=season).seasonal[:season]
    steps = np.arange(len(y) + horizon)
    seasonal = pattern[steps % len(pattern)]
    rest = y - seasonal[: len(y)]
    fit = ThetaModel(rest[:cut], deseasonalize=False).fit()
    alpha, slope = fit.params["alpha"], fit.params["b0"]
    level = pd.Series(rest).ewm(alpha=alpha, adjust=False).mean().to_numpy()
    p = np.asarray(origins)[:, None]
    k = np.arange(horizon)
    drift = slope / 2 * (k + (1 - (1 - alpha) ** p) / alpha)
    return np.asarray(level[p - 1] + drift + seasonal[p + k])
