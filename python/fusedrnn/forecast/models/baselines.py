"""Forecasts that need no training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._types import FloatArray


def naive(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Repeat the last value."""
    return np.repeat(y[np.asarray(origins)[:, None] - 1], horizon, axis=1)


def seasonal_naive(
    y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """Repeat the last season; a history shorter than that is repeated whole."""
    return np.stack([np.resize(y[max(0, p - season) : p], horizon) for p in origins])


def moving_average(
    y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """Repeat the mean of the last season."""
    return np.stack([np.full(horizon, y[max(0, p - season) : p].mean()) for p in origins])
