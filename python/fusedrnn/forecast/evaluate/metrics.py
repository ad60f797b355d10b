"""Errors of forecasts of one series.

With e = y - forecast over all rows:

=====  ==========================================================================
MAE    mean |e|
RMSE   sqrt(mean e^2)
WAPE   100 sum |e| / sum |y|
sMAPE  100 mean 2 |e| / (|y| + |forecast|), 0 where both are 0; between 0 and 200
MASE   MAE / mean |y_t - y_{t-season}| over the training part
RMSSE  RMSE / sqrt(mean (y_t - y_{t-season})^2) over the training part
bias   100 sum (forecast - y) / sum |y|: above 0 where too much is forecast
=====  ==========================================================================

Hyndman and Koehler (2006), "Another look at measures of forecast accuracy".
"""

from __future__ import annotations

import numpy as np

from .._types import FloatArray

METRICS = ("MAE", "RMSE", "WAPE", "sMAPE", "MASE", "RMSSE", "bias")


def errors(y: FloatArray, forecasts: FloatArray, scale: tuple[float, float]) -> FloatArray:
    """Return every metric of each model.

    Parameters
    ----------
    y : ndarray, (n, ...)
        True values; a missing one is not scored.
    forecasts : ndarray, (n, ..., models)
        A missing one is not scored.
    scale : pair of float
        `seasonal_scale` of the training part.

    Returns
    -------
    ndarray, (len(METRICS), ..., models)
        A metric whose denominator is 0, or without any forecast, is missing.
    """
    over = forecasts - y[..., None]
    e = np.abs(over)
    truth = np.abs(y[..., None]) + 0 * e  # missing where a forecast is
    size = truth + np.abs(forecasts)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(size == 0, 0, 200 * e / size)
        told = np.sum(~np.isnan(e), axis=0)
        mae, mse, level, smape, bias = (
            np.nansum(v, axis=0) / told for v in (e, e**2, truth, share, over)
        )
        mase, rmsse = mae / scale[0], np.sqrt(mse / scale[1])
        wape, bias = 100 * mae / level, 100 * bias / level
        found = np.stack([mae, np.sqrt(mse), wape, smape, mase, rmsse, bias])
    return np.where(np.isfinite(found), found, np.nan)


def seasonal_scale(y: FloatArray, season: int) -> tuple[float, float]:
    """Return mean absolute and mean squared seasonal difference of a training part.

    A part shorter than one season and one step is scaled by its plain differences.
    """
    step = season if len(y) > season else 1
    difference = y[step:] - y[:-step]
    if not len(difference):
        return 0.0, 0.0
    return float(np.abs(difference).mean()), float((difference**2).mean())
