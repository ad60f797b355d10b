"""Methods of other libraries, each imported when it is asked for; see `methods` for arguments."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from .._types import FloatArray, IntArray
from .baselines import naive

LAGS = 28
"""Values that LightGBM sees at most, but for a longer season."""


def auto_ets(
    y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """AutoETS of statsforecast, fitted once and brought up to each origin."""
    return _forwarded("AutoETS", y, cut, origins, horizon, season)


def auto_theta(
    y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """AutoTheta of statsforecast, fitted once and brought up to each origin."""
    return _forwarded("AutoTheta", y, cut, origins, horizon, season)


def lightgbm(
    y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    """LightGBM on lags and the place in the season, one model for all steps ahead.

    Lags and target are less the mean of the last season, so that trees need not have seen a level.
    """
    lags = min(max(season + 1, LAGS), max(1, (cut - horizon) // 3))
    if cut < lags + horizon or np.ptp(y[:cut]) == 0:
        return naive(y, cut, origins, horizon, season)
    places = np.arange(lags, cut - horizon + 1)
    x, level = _lagged(y, places, lags, horizon, season)
    target = (y[places[:, None] + np.arange(horizon)] - level).ravel()
    model = import_module("lightgbm").LGBMRegressor(
        objective="l1", n_estimators=200, min_child_samples=10, n_jobs=1, verbose=-1
    )
    booster = model.fit(x, target).booster_
    x, level = _lagged(y, np.asarray(origins), lags, horizon, season)
    return np.asarray(booster.predict(x)).reshape(-1, horizon) + level


def _lagged(
    y: FloatArray, places: IntArray, lags: int, horizon: int, season: int
) -> tuple[FloatArray, FloatArray]:
    """Return a row a place and step ahead, and the level of each place, (places, 1)."""
    window = y[places[:, None] - lags + np.arange(lags)]
    level = window[:, -min(max(season, 2), lags) :].mean(axis=1, keepdims=True)
    step = np.tile(np.arange(horizon), len(places))
    where = (places[:, None] + np.arange(horizon)).ravel() % season
    return np.column_stack([np.repeat(window - level, horizon, axis=0), step, where]), level


def _forwarded(
    name: str, y: FloatArray, cut: int, origins: Sequence[int], horizon: int, season: int
) -> FloatArray:
    model = getattr(import_module("statsforecast.models"), name)(season_length=season)
    fitted = model.fit(y[:cut])
    return np.stack([fitted.forward(y[:p], horizon)["mean"] for p in origins])
