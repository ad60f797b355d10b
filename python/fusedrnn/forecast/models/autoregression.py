"""AR: a linear autoregression, prepared as the networks' windows are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._types import FloatArray
from ..settings import CYCLES, YEARLY, window
from .baselines import naive
from .classical import FLOOR
from .scale import level_steps
from .season import season_at, seasonal_pattern

SHARE = 5
"""Of so many training rows one is a weight at most."""
PENALTIES = np.logspace(-4, 4, 17)
"""Of the ridge regression, of values that run from 0 to 1."""


def ar(y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int) -> FloatArray:
    """Linear autoregression on a window as a network sees it, fed its own forecasts.

    Of logarithms where the training part is positive, with the season taken off, and less the
    window's level: what "NLinear" is without hidden layers (Zeng et al., "Are Transformers
    Effective for Time Series Forecasting?", 2023), with weights from a ridge regression.
    """
    known = y[:cut]
    lags = min(window(season, cut, 1), cut // SHARE)
    if not lags or np.ptp(known) == 0:
        return naive(y, cut, origins, horizon, season)
    logarithms = bool(known.min() > 0)
    values = np.log(np.maximum(y, known.min() / FLOOR)) if logarithms else y
    numbers = np.arange(len(y) + horizon)
    cycles = CYCLES * (season in YEARLY)
    pattern = seasonal_pattern(values[:cut], numbers[:cut], season, logarithms, cycles)
    seasonal = season_at(pattern, numbers)
    rest = values - seasonal[: len(y)]
    low, width = rest[:cut].min(), np.ptp(rest[:cut]) or 1.0
    rest = (rest - low) / width
    steps = level_steps(season, lags)

    def level(windows: FloatArray) -> FloatArray:
        found: FloatArray = windows[:, -steps:].mean(axis=1, keepdims=True)
        return found

    x = np.lib.stride_tricks.sliding_window_view(rest[: cut - 1], lags)
    weights, bias = ridge(x - level(x), rest[lags:cut] - level(x)[:, 0])
    seen = np.stack([rest[p - lags : p] for p in origins])
    for _ in range(horizon):
        last = seen[:, -lags:]
        following = level(last) + (last - level(last)) @ weights[:, None] + bias
        # One width beyond what there was: roots outside the unit circle grow without end.
        seen = np.hstack([seen, np.clip(following, -1, 2)])
    places = np.asarray(origins)[:, None] + np.arange(horizon)
    found = seen[:, lags:] * width + low + seasonal[places]
    return np.exp(found) if logarithms else found


def ridge(x: FloatArray, y: FloatArray) -> tuple[FloatArray, float]:
    """Return weights and bias, with the penalty of least squared error when each row is left out.

    Parameters
    ----------
    x : ndarray, (n, features)
    y : ndarray, (n,)
    """
    from sklearn.linear_model import RidgeCV  # slow to import

    found = RidgeCV(PENALTIES).fit(x, y)
    return found.coef_, float(found.intercept_)
