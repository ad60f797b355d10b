"""Whether two models' errors differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .._types import FloatArray

LEVEL = 0.05
FEWEST = 8
"""Fewer paired losses than this can show no difference."""


@dataclass(frozen=True)
class Difference:
    """Mean loss of one model less that of another, and how sure that is."""

    mean: float
    low: float
    high: float
    p_value: float
    """Two-sided; missing with fewer than `FEWEST` pairs or independent periods."""
    pairs: int
    test: str = "Diebold-Mariano over cutoffs"
    independent: int = 0
    """Pairs that share no date, or series."""

    @property
    def shown(self) -> bool:
        """Whether the data show a difference, at the 5 % level."""
        return bool(self.p_value < LEVEL)


def diebold_mariano(first: npt.ArrayLike, second: npt.ArrayLike, horizon: int = 1) -> Difference:
    """Compare two models' losses at the same forecast origins.

    Parameters
    ----------
    first, second : array_like, (n,)
        Losses in the order of time; a pair with a missing loss is left out.
    horizon : int
        Steps ahead of the longest forecast. Forecasts that overlap have correlated errors: the
        variance counts ``horizon - 1`` autocovariances, with Bartlett weights so that it stays
        positive, but no fewer lags than the Newey-West rule ``floor(4 (n/100)^(2/9))``.

    Returns
    -------
    Difference
        With a 95 % interval of the mean difference.

    Notes
    -----
    Diebold and Mariano (1995) with the small-sample correction and the t distribution of Harvey,
    Leybourne and Newbold (1997).
    """
    d = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    d = d[np.isfinite(d)]
    n = len(d)
    mean = float(d.mean()) if n else float("nan")
    if n < FEWEST:
        nan = float("nan")
        return Difference(mean=mean, low=nan, high=nan, p_value=nan, pairs=n)
    lags = min(max(horizon - 1, int(4 * (n / 100) ** (2 / 9))), n - 1)
    centred = d - mean
    covariance = [float(centred[k:] @ centred[: n - k]) / n for k in range(lags + 1)]
    weights = 1 - np.arange(1, lags + 1) / (lags + 1)
    variance = (covariance[0] + 2 * float(weights @ covariance[1:])) / n
    h = min(horizon, n // 2)  # keeps the correction positive
    variance *= n / (n + 1 - 2 * h + h * (h - 1) / n)
    if variance == 0:
        return Difference(mean=mean, low=mean, high=mean, p_value=0.0 if mean else 1.0, pairs=n)
    from scipy import stats  # slow to import

    error = float(np.sqrt(variance))
    reach = float(stats.t.ppf(1 - LEVEL / 2, n - 1)) * error
    p_value = 2 * float(stats.t.sf(abs(mean) / error, n - 1))
    return Difference(mean=mean, low=mean - reach, high=mean + reach, p_value=p_value, pairs=n)


def paired_test(
    over_time: FloatArray, over_series: FloatArray, horizon: int, step: int = 1
) -> Difference:
    """Test two models over cutoffs, or over series where these are few.

    Forecasts of 13 weeks from 17 cutoffs a week apart cover some two periods that share no date:
    no test can make more of them. Then series are the pairs, if there are enough and more of them.

    Parameters
    ----------
    over_time : ndarray, (cutoffs,)
        Mean over series of the first model's loss less the second's, in the order of time; series
        that move together at a cutoff count once (Diebold-Mariano).
    over_series : ndarray, (series,)
        Mean over cutoffs of the same (Wilcoxon's signed ranks).
    horizon, step : int
        Dates that a forecast covers, and from one cutoff to the next.
    """
    cutoffs, series = len(over_time), len(over_series)
    periods = cutoffs
    if cutoffs and step < horizon:
        periods = ((cutoffs - 1) * step + horizon) // horizon
    if periods >= FEWEST or series < FEWEST:
        overlapping = -(-horizon // step)
        test = diebold_mariano(over_time, np.zeros(cutoffs), overlapping)
        if periods < FEWEST:
            nan = float("nan")
            test = replace(test, low=nan, high=nan, p_value=nan)
        return replace(test, independent=periods)
    mean, nan = float(over_series.mean()), float("nan")
    from scipy import stats

    p_value = float(stats.wilcoxon(over_series).pvalue) if over_series.any() else 1.0
    return Difference(
        mean=mean,
        low=nan,
        high=nan,
        p_value=p_value,
        pairs=series,
        test="Wilcoxon over series",
        independent=series,
    )
