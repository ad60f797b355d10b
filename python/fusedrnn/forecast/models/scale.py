"""The scale of a series as a network sees it: logarithms, the season taken off, from 0 to 1.

A network on one series has hundreds of windows to learn from, often less: what a formula can take
off need not be learnt. So sales become logarithms or powers where all are positive, their season is
taken off (of sales as they are only one that was seen few times), and what is left runs from 0 to
1, as Hewamalage, Bergmeir and Bandara found best ("Recurrent neural networks for time series
forecasting", 2021).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np

from .._types import FloatArray, IntArray
from ..data.panel import Series
from ..settings import Settings
from .season import season_at, seasonal_pattern

MOVING = 0.25
"""Share of its variance that a covariate has within a season, to have an effect."""
LOG = 0.01
"""Powers below this are taken for 0: they make logarithms, but for lost digits."""
RESTING = 0.5
"""Share of the days on which it has one and the same value, above which it does."""
CLOSE = 1e-4
"""Changes of effects from which on they are found."""
LEVEL_STEPS = 4
"""Sales that make the level of a series without season."""


@dataclass(frozen=True)
class Scale:
    """The way to the values that a network sees, and back."""

    floor: float
    """Lower sales count as this when logarithms or powers are taken; 0 if they are not."""
    power: float
    """Lambda of Box and Cox, see `box_cox`; 0: logarithms."""
    pattern: FloatArray
    """Of the season, see `seasonal_pattern`."""
    extent: FloatArray
    """(2, columns), what becomes 0 and 1: of the sales, and of each covariate."""
    effect: FloatArray
    """(covariates known in advance,), what each adds to the sales as a network sees them, for its
    own scaled value of 1; see `effects`."""
    returns: bool
    """Whether some sales were negative."""
    place: int
    """Row of the series' vector among those of `Settings.embeddings`; 0: it was not fitted."""

    def transformed(self, y: FloatArray) -> FloatArray:
        """Return sales, or their logarithms or powers where a network sees these."""
        return box_cox(np.maximum(y, self.floor), self.power) if self.floor else y

    def flat(self, y: FloatArray, numbers: IntArray) -> FloatArray:
        """Return sales, (n,), at dates of these numbers as a network sees them."""
        return self.flattened(self.transformed(y), numbers)

    def flattened(self, values: FloatArray, numbers: IntArray) -> FloatArray:
        """Return what `transformed` gave, of any shape, as a network sees it."""
        low, width = _span(self.extent[:, 0])
        return (values - season_at(self.pattern, numbers) - low) / width

    def sales(self, values: FloatArray, numbers: IntArray) -> FloatArray:
        """Return the sales that `flat` turns into these values, of any shape."""
        low, width = _span(self.extent[:, 0])
        whole = values * width + low + season_at(self.pattern, numbers)
        return inverse_box_cox(whole, self.power) if self.floor else whole

    def covariates(self, table: FloatArray) -> FloatArray:
        """Return covariates, (n, columns - 1), scaled.

        One that was constant on the training part is 0 for ever: what its values do was not learnt.
        """
        low, width = _span(self.extent[:, 1:], np.inf)
        return (table - low) / width


def box_cox(y: FloatArray, power: float) -> FloatArray:
    """Return the transform of positive sales (Box and Cox, 1964): of power 0 their logarithms."""
    return (y**power - 1) / power if power else np.log(y)


def inverse_box_cox(values: FloatArray, power: float) -> FloatArray:
    """Return the sales with these transforms; 0 where a power would be of a negative number."""
    return np.maximum(power * values + 1, 0) ** (1 / power) if power else np.exp(values)


def guerrero(y: FloatArray, season: int) -> float:
    """Return the power from 0 to 1 that makes the spread of positive sales the same at any level.

    The coefficient of variation over seasons (or over `LEVEL_STEPS` sales, if there are not two
    seasons) is least (Guerrero, 1993). Powers below 0, whose transforms end at a finite value, are
    left out: a forecast beyond it would be of no sales at all.
    """
    from statsmodels.base.transform import BoxCox

    length = season if 1 < season <= len(y) // 2 else LEVEL_STEPS
    if len(y) < 2 * length:
        return 0.0
    with np.errstate(invalid="ignore", divide="ignore"):  # of sales that are constant in each
        _, power = BoxCox().transform_boxcox(y, window_length=length, bounds=(0, 1))
    return 0.0 if power < LOG else float(power)


def effects(values: FloatArray, known: FloatArray, season: int) -> FloatArray:
    """Return the coefficients of covariates in a regression with their levels taken off.

    What a promotion or a closed day does is a step up or down that a network on a few hundred
    windows finds late; what a line finds is taken off before, as the season is, and the network
    learns the rest. Of values and covariates the mean of the season before is taken off, so that
    trends are no effects, and none is found of covariates that hardly move within a season, nor of
    those that do not rest, as the temperature: a line through these errs where it is new.

    The regression is one to the median (Koenker and Bassett, 1978): as the networks it has the
    least absolute error, and of the days of a covariate that differ, as holidays of which some are
    closed, what most of them do counts, not their mean. To each covariate a day is added on which
    it does nothing, so that one day with it has not the last word.

    Parameters
    ----------
    values : ndarray, (n,)
        Scaled.
    known : ndarray, (n, covariates)
        Scaled.
    season : int
    """
    found = np.zeros(known.shape[1])
    steps = level_steps(season, len(values) // 3)
    if not known.shape[1] or steps < 1:
        return found
    table = np.column_stack([values, known])
    sums = np.cumsum(np.vstack([np.zeros(table.shape[1]), table]), axis=0)
    apart = table[steps:] - (sums[steps:-1] - sums[: -steps - 1]) / steps
    moving = apart[:, 1:].var(axis=0) > MOVING * known.var(axis=0)
    moving &= np.isclose(known, np.median(known, axis=0)).mean(axis=0) > RESTING
    if not moving.any() or not apart[:, 0].any():
        return found
    from statsmodels.regression.quantile_regression import QuantReg

    nothing = np.eye(int(moving.sum()))
    x = np.vstack([apart[:, 1:][:, moving], nothing])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its standard errors, which nobody asks for
        model = QuantReg(np.append(apart[:, 0], np.zeros(len(nothing))), x)
        found[moving] = model.fit(q=0.5, p_tol=CLOSE).params
    return found


def fit_scale(
    series: Series,
    cut: int,
    season: int,
    settings: Settings,
    covariates: FloatArray,
    place: int = 0,
) -> Scale:
    """Find the scale of a series from its first `cut` rows.

    Parameters
    ----------
    series : Series
    cut : int
    season : int
    settings : Settings
    covariates : ndarray, (n or more, covariates)
    place : int
        Number of the series among those that are fitted, from 1.
    """
    y, numbers = series.y[:cut], series.start + np.arange(cut)
    effect = np.zeros(series.known.shape[1])
    if settings.positive:
        if y.min() < 0:
            raise ValueError(
                f"loss is {settings.loss!r}, expected no negative sales, but series "
                f"{series.unique_id!r} has {y.min():g}: say --negatives zero|missing"
            )
        extent = _extents(np.array([0, y.mean()]), covariates[:cut])
        return Scale(
            floor=0.0,
            power=0.0,
            pattern=np.zeros(1),
            extent=extent,
            effect=effect,
            returns=False,
            place=place,
        )
    transformed = settings.transform != "none" and 0 < y.min() < y.max()
    power = guerrero(y, season) if transformed and settings.transform == "boxcox" else 0.0
    values = box_cox(y, power) if transformed else y
    pattern = seasonal_pattern(values, numbers, season, transformed, settings.cycles)
    values = values - season_at(pattern, numbers)
    extent = _extents(values, covariates[:cut])
    found = Scale(
        floor=float(y.min()) / 10 if transformed else 0.0,
        power=power,
        pattern=pattern,
        extent=extent,
        effect=effect,
        returns=bool(y.min() < 0),
        place=place,
    )
    known = found.covariates(covariates[:cut])[:, series.past.shape[1] :]
    return replace(found, effect=effects(found.flat(y, numbers), known, season))


def level_steps(season: int, timesteps: int) -> int:
    """Return how many of a window's last sales make its level."""
    return min(season if season > 1 else LEVEL_STEPS, timesteps)


def _extents(values: FloatArray, covariates: FloatArray) -> FloatArray:
    """Return the least and the largest of each column."""
    ends = [np.append(end(values), end(covariates, axis=0)) for end in (np.min, np.max)]
    return np.stack(ends)


def _span(extent: FloatArray, constant: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """Return what becomes 0, and its distance to what becomes 1; `constant` where there is none."""
    width = extent[1] - extent[0]
    return extent[0], np.where(width == 0, constant, width)
