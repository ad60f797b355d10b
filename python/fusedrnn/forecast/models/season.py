"""The season that is taken off a series: whether there is one, its pattern, and its place in time.

The pattern comes from the training part alone. It is taken off before a network sees the series and
put on again what the network forecasts, both in `scale`.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from .._types import FloatArray, IntArray
from ..settings import LONGER

SURE = 0.9
"""How sure a season must be to be taken off."""
LEARNT = 100
"""From so many seasons a network learns them itself, better than from what a pattern leaves that
does not grow with the sales; in logarithms it does."""


def seasonal_pattern(
    values: FloatArray, numbers: IntArray, season: int, logarithms: bool, cycles: int
) -> FloatArray:
    """Return the pattern to take off a training part: a season's, or of one zero if there is none.

    Of hours it is that of the week, where two weeks are there.

    Parameters
    ----------
    values : ndarray, (n,)
        Sales, or their logarithms.
    numbers : ndarray, (n,)
        Of their dates.
    season : int
    logarithms : bool
    cycles : int
        Seasons at the end that the pattern is taken from; 0: all.

    Returns
    -------
    ndarray, (season,), (the longer season,) or (1,)
        From a date whose number is a multiple of the season.
    """
    longer = LONGER.get(season, season)
    season = longer if is_seasonal(values, longer) else season
    many = len(values) >= LEARNT * season
    if (many and not logarithms) or not is_seasonal(values, season):
        return np.zeros(1)
    from statsmodels.tsa.seasonal import seasonal_decompose

    if cycles:
        last = -(cycles + 1) * season  # the moving average of the trend takes one off
        values, numbers = values[last:], numbers[last:]
    found = seasonal_decompose(values, period=season).seasonal[:season]
    return np.roll(found, numbers[0] % season)


def season_at(pattern: FloatArray, numbers: IntArray) -> FloatArray:
    """Return what a pattern has at dates of these numbers, of any shape."""
    return pattern[numbers % len(pattern)]


def is_seasonal(values: FloatArray, season: int) -> bool:
    """Whether the autocorrelation at the season is more than chance.

    The test of the M4 competition (Fiorucci et al., 2016); two whole seasons are needed.
    """
    if not 1 < season <= len(values) // 2 or np.ptp(values) == 0:
        return False
    d = values - values.mean()
    acf = np.array([d[k:] @ d[: len(d) - k] for k in range(1, season + 1)]) / (d @ d)
    quantile = NormalDist().inv_cdf((1 + SURE) / 2)  # scipy.stats is slow to import
    limit = quantile * np.sqrt((1 + 2 * (acf[:-1] ** 2).sum()) / len(values))
    return bool(abs(acf[-1]) > limit)
