"""Errors of forecasts, per series and model, from a cross-validation frame.

A cross-validation frame has the columns ``unique_id, ds, cutoff, y`` and one column a model, as in
Nixtla's libraries. With e = y - forecast over all rows of a series:

=====  ==========================================================================
MAE    mean |e|
RMSE   sqrt(mean e^2)
WAPE   100 sum |e| / sum |y|
sMAPE  100 mean 2 |e| / (|y| + |forecast|), 0 where both are 0; between 0 and 200
MASE   MAE / mean |y_t - y_{t-season}| over the training part
RMSSE  RMSE / sqrt(mean (y_t - y_{t-season})^2) over the training part
=====  ==========================================================================

Hyndman and Koehler (2006), "Another look at measures of forecast accuracy".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

METRICS = ("MAE", "RMSE", "WAPE", "sMAPE", "MASE", "RMSSE")


def errors(
    frame: pd.DataFrame,
    models: Sequence[str],
    scales: pd.DataFrame,
    by: Sequence[str] = ("unique_id",),
) -> pd.DataFrame:
    """Return every metric of each model for each group of rows.

    Parameters
    ----------
    frame : DataFrame
        A cross-validation frame. Rows whose ``y`` is missing are not scored.
    models : sequence of str
        Columns of forecasts.
    scales : DataFrame
        Indexed by ``unique_id``, columns ``mae`` and ``mse`` (`seasonal_scale`).
    by : sequence of str
        Columns whose values make a group; ``unique_id`` must be one of them.

    Returns
    -------
    DataFrame
        Columns `by`, ``model`` and `METRICS`. A metric whose denominator is 0 is missing.
    """
    scored = frame[frame["y"].notna()]
    keys = [scored[name] for name in by]
    y = scored["y"].abs()
    parts = []
    for model in models:
        e = scored["y"] - scored[model]
        size = y + scored[model].abs()
        rows = pd.DataFrame(
            {
                "MAE": e.abs(),
                "MSE": e**2,
                "y": y,
                "sMAPE": (200 * e.abs() / size).where(size > 0, 0),
            }
        )
        mean = rows.groupby(keys, sort=True).mean().reset_index()
        scale = scales.loc[mean["unique_id"]].where(lambda s: s > 0).reset_index(drop=True)
        mean["RMSE"] = np.sqrt(mean["MSE"])
        mean["WAPE"] = 100 * mean["MAE"] / mean["y"].where(mean["y"] > 0)
        mean["MASE"] = mean["MAE"] / scale["mae"]
        mean["RMSSE"] = np.sqrt(mean["MSE"] / scale["mse"])
        parts.append(mean.assign(model=model)[[*by, "model", *METRICS]])
    return pd.concat(parts, ignore_index=True)


def seasonal_scale(y: npt.NDArray[np.float64], season: int) -> tuple[float, float]:
    """Return mean absolute and mean squared seasonal difference of a training part.

    A part shorter than one season and one step is scaled by its plain differences.
    """
    step = season if len(y) > season else 1
    difference = y[step:] - y[:-step]
    if not len(difference):
        return 0.0, 0.0
    return float(np.abs(difference).mean()), float((difference**2).mean())
