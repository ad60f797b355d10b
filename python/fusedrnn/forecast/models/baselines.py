"""Forecasts that need no training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._types import FloatArray

RATES = (0.05, 0.1, 0.2, 0.3)
"""Of smoothing."""


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


def seasonal_drift(
    y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """Repeat the last season, moved by the mean change from one to the next before the cut."""
    change = (y[season:cut] - y[: cut - season]).mean() if cut > season else 0.0
    moved = change * (1 + np.arange(horizon) // season)
    found: FloatArray = seasonal_naive(y, cut, origins, horizon, season) + moved
    return found


def tsb(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Smooth how often something sells and how much then (Teunter, Syntetos and Babai, 2011).

    Both rates are those of `RATES` with the least squared error one step ahead before the cut.
    """
    sold, known = y != 0, y[:cut] != 0
    size = y[:cut][known].mean() if known.any() else 0.0
    found: list[tuple[float, FloatArray]] = []
    for often in RATES:
        chance = _smoothed(sold.astype(float), np.full(len(y), often), float(known.mean()))
        for much in RATES:
            level = chance * _smoothed(y, np.where(sold, much, 0.0), size)
            found.append((float(((y[1:cut] - level[: cut - 1]) ** 2).sum()), level))
    best = min(found, key=lambda each: each[0])[1]
    return np.repeat(best[np.asarray(origins)[:, None] - 1], horizon, axis=1)


def _smoothed(values: FloatArray, rates: FloatArray, level: float) -> FloatArray:
    """Return the level after each value, (n,)."""
    found = np.empty(len(values))
    for i, (value, rate) in enumerate(zip(values.tolist(), rates.tolist(), strict=True)):
        level += rate * (value - level)
        found[i] = level
    return found
