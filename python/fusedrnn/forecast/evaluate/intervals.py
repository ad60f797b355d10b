"""Intervals from a model's own past errors: split conformal, renewed at every cutoff.

At a cutoff the interval of a step ahead is the forecast plus and minus a quantile of the absolute
errors of that step whose true value was known by then: first those of the calibration fold, later
also those of the test part (Vovk et al., 2005; the rank ``ceil((n + 1) level)`` counts the next
value among them). Errors come from forecasts of sales that the model was not trained on.

Neither forecasts nor intervals reach below zero where sales never did.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .._types import FloatArray


def lowest(y: FloatArray, origins: Sequence[int] | npt.NDArray[np.intp]) -> FloatArray:
    """Return what no forecast is below, (cutoffs, 1): 0 unless earlier sales were negative.

    Parameters
    ----------
    y : ndarray, (rows,)
    origins : ndarray, (cutoffs,)
        Row of the first forecast after each cutoff, at least 1.
    """
    least = np.minimum.accumulate(y)[np.asarray(origins, np.intp) - 1, None]
    return np.where(least < 0, -np.inf, 0.0)


def reach(errors: FloatArray, origins: npt.NDArray[np.intp], levels: Sequence[int]) -> FloatArray:
    """Return half the width of the intervals of one series, (levels, cutoffs, horizon).

    Where too few errors are known for a level, as 18 for 95 %, it is missing.

    Parameters
    ----------
    errors : ndarray, (cutoffs, horizon)
        Absolute errors, missing where there is no true value.
    origins : ndarray, (cutoffs,)
        Row of the first forecast after each cutoff, in order.
    levels : sequence of int
        Per cents.
    """
    half = np.full((len(levels), *errors.shape), np.nan)
    ranks = [[math.ceil((n + 1) * (lv / 100)) for n in range(len(errors) + 1)] for lv in levels]
    for k, column in enumerate(errors.T.tolist()):
        known: list[float] = []
        told = 0
        for i, n in enumerate(np.searchsorted(origins + k, origins).tolist()):
            for error in column[told:n]:
                if error == error:
                    insort(known, error)
            told = n
            for j, rank in enumerate(ranks):
                if rank[len(known)] <= len(known):
                    half[j, i, k] = known[rank[len(known)] - 1]
    return half
