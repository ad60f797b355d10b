"""Forecasts that need no training: what every network has to beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Baseline = Callable[[FloatArray, int, int], FloatArray]
"""(history, horizon, season) -> (horizon,)"""


def naive(history: FloatArray, horizon: int, season: int) -> FloatArray:
    """Repeat the last value."""
    return np.full(horizon, history[-1])


def seasonal_naive(history: FloatArray, horizon: int, season: int) -> FloatArray:
    """Repeat the last season; a history shorter than that is repeated whole."""
    return np.resize(history[-season:], horizon)


def moving_average(history: FloatArray, horizon: int, season: int) -> FloatArray:
    """Repeat the mean of the last season."""
    return np.full(horizon, history[-season:].mean())


BASELINES: dict[str, Baseline] = {
    "Naive": naive,
    "SeasonalNaive": seasonal_naive,
    "MovingAverage": moving_average,
}


def forecast(
    name: str, y: FloatArray, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """Return a baseline's forecasts, (origins, horizon), from ``y[:origin]`` for each origin."""
    return np.stack([BASELINES[name](y[:origin], horizon, season) for origin in origins])
