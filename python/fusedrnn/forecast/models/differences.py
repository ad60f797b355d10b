"""Differences of a series, the Box-Jenkins way to take off its level or season, and back."""

from __future__ import annotations

import numpy as np

from .._types import FloatArray


def differences(values: FloatArray, lag: int) -> FloatArray:
    """Return each value less the one `lag` before, (n,); NaN where there is none."""
    found = np.full(len(values), np.nan)
    found[lag:] = values[lag:] - values[:-lag]
    return found


def integrated(steps: FloatArray, before: FloatArray) -> FloatArray:
    """Return the values, (n, horizon), that have these differences.

    Parameters
    ----------
    steps : ndarray, (n, horizon)
        Differences.
    before : ndarray, (n, lag)
        The last values.
    """
    lag = before.shape[1]
    found = np.hstack([before, steps])
    for k in range(lag, found.shape[1]):
        found[:, k] += found[:, k - lag]
    return found[:, lag:]
