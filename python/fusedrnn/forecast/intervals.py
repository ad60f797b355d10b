"""Intervals from a model's own past errors: split conformal, renewed at every cutoff.

At a cutoff the interval of a step ahead is the forecast plus and minus a quantile of the absolute
errors of that step whose true value was known by then: first those of the calibration fold, later
also those of the test part (Vovk et al., 2005; the rank ``ceil((n + 1) level)`` counts the next
value among them). Errors come from forecasts of sales that the model was not trained on.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence

import numpy as np
import pandas as pd

from .panel import FloatArray


def add_intervals(frame: pd.DataFrame, models: Sequence[str], levels: Sequence[int]) -> None:
    """Add the columns ``MODEL-lo-LEVEL`` and ``MODEL-hi-LEVEL`` to a cross-validation frame.

    Where too few errors are known for a level, as 18 for 95 %, the interval is missing.
    """
    step = frame.groupby(["unique_id", "cutoff"], sort=False).cumcount()
    groups = list(frame.groupby(["unique_id", step], sort=False).indices.values())
    ds, cutoff = (frame[name].to_numpy() for name in ("ds", "cutoff"))
    y = frame["y"].to_numpy()
    for model in models:
        forecast = frame[model].to_numpy()
        reach = np.full((len(levels), len(frame)), np.nan)
        for rows in groups:
            reach[:, rows] = _reach(
                np.abs(y - forecast)[rows], ds[rows], cutoff[rows], [lv / 100 for lv in levels]
            )
        for level, half in zip(levels, reach, strict=True):
            frame[f"{model}-lo-{level}"] = forecast - half
            frame[f"{model}-hi-{level}"] = forecast + half


def _reach(
    errors: FloatArray,
    ds: np.ndarray,
    cutoff: np.ndarray,
    levels: Sequence[float],
) -> FloatArray:
    """Return half the width at each cutoff, (levels, cutoffs), for one series and step."""
    half = np.full((len(levels), len(errors)), np.nan)
    known: list[float] = []
    told = 0
    for i, now in enumerate(cutoff):
        while told < len(ds) and ds[told] <= now:
            if np.isfinite(errors[told]):
                insort(known, float(errors[told]))
            told += 1
        for j, level in enumerate(levels):
            rank = math.ceil((len(known) + 1) * level)
            if rank <= len(known):
                half[j, i] = known[rank - 1]
    return half
