"""From a long table to regular series: one frequency, no gaps, and a note of what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .calendar import calendar_features

FloatArray = npt.NDArray[np.float64]

# Coarsest first: a series has the first frequency on whose grid all its dates lie.
FREQUENCIES = (
    *("YS", "YE"),
    *(f"QS-{month}" for month in ("JAN", "FEB", "MAR")),
    "QE-DEC",
    *("MS", "ME"),
    *(f"W-{day}" for day in ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
    *("B", "D", "h"),
)
SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "B": 5, "D": 7, "h": 24}
FILLS = ("error", "zero", "previous", "seasonal")


@dataclass(frozen=True)
class Series:
    """One series on a regular grid of dates."""

    unique_id: str
    ds: pd.DatetimeIndex
    y: FloatArray
    """(n,), no value missing."""
    observed: npt.NDArray[np.bool_]
    """(n,), False where `y` was filled in; such a value is never scored."""
    known: FloatArray
    """(n or more, covariates known in advance); rows after `n` are of the future."""
    past: FloatArray
    """(n, covariates known only afterwards)."""


@dataclass(frozen=True)
class Panel:
    """Series of one frequency."""

    series: list[Series]
    freq: str
    season: int
    known: tuple[str, ...]
    """Names of the covariates known in advance, those of the calendar among them."""
    past: tuple[str, ...]
    notes: tuple[str, ...]
    """What was done to the data, a sentence each."""


def to_panel(
    long: pd.DataFrame,
    *,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    calendar: bool = False,
    freq: str | None = None,
    season: int | None = None,
    missing_dates: str = "error",
    missing_values: str = "error",
    zeros: str = "keep",
    negatives: str = "keep",
) -> Panel:
    """Put the series of a long table (`to_long`) on a regular grid.

    Parameters
    ----------
    long : DataFrame
        Columns ``unique_id``, ``ds``, ``y`` and covariates.
    known, past : sequence of str
        Covariates known in advance, and known only afterwards.
    calendar : bool
        Whether to add the cycles of the calendar to those known in advance.
    freq : str, optional
        A pandas offset alias. Default: inferred.
    season : int, optional
        Periods in a season. Default: 7 for days, 5 for business days, 52 for weeks, 12 for months,
        4 for quarters, 24 for hours, 1 for years.
    missing_dates, missing_values : {"error", "zero", "previous", "seasonal"}
        What a gap becomes: an error, no sales, the value before it, or the value one season
        before. All but the first look only backwards, so that nothing leaks from after a cutoff.
    zeros : {"keep", "missing"}
        Whether no sales are a value or a missing one.
    negatives : {"keep", "zero", "missing"}
        Whether returns are values, no sales, or missing.

    Raises
    ------
    ValueError
        If the dates are on no regular grid, the series differ in frequency, something is missing
        and the rule is "error", or an option is unknown.
    """
    rules = {
        "missing_dates": (missing_dates, FILLS),
        "missing_values": (missing_values, FILLS),
        "zeros": (zeros, ("keep", "missing")),
        "negatives": (negatives, ("keep", "zero", "missing")),
    }
    for name, (rule, choices) in rules.items():
        if rule not in choices:
            raise ValueError(f"{name} is {rule!r}, expected one of {', '.join(choices)}")
    if season is not None and season < 1:
        raise ValueError(f"season is {season}, expected at least 1")
    groups = [(str(key), part.set_index("ds")) for key, part in long.groupby("unique_id")]
    freq = freq or _common_frequency(groups)
    season = season or SEASONS.get(freq.partition("-")[0].rstrip("SE"), 1)
    counts = dict.fromkeys(rules, 0)
    series = []
    for key, part in groups:
        y = part["y"].copy()
        for name, where, values in (
            ("negatives", y < 0, {"zero": 0.0, "missing": np.nan}),
            ("zeros", y == 0, {"missing": np.nan}),
        ):
            counts[name] += int(where.sum())
            y[where] = values.get(rules[name][0], y[where])
        y = y.loc[y.first_valid_index() : y.last_valid_index()]
        if y.isna().all():
            raise ValueError(f"series {key!r} has no sales at all")
        grid = pd.date_range(y.index[0], y.index[-1], freq=freq)
        if not y.index.isin(grid).all():
            day = y.index[~y.index.isin(grid)][0]
            raise ValueError(f"series {key!r}: {day:%Y-%m-%d} is not on the grid of --freq {freq}")
        gaps = {"missing_dates": ~grid.isin(y.index)}
        y = y.reindex(grid)
        gaps["missing_values"] = y.isna().to_numpy() & ~gaps["missing_dates"]
        values = y.to_numpy(copy=True)
        back = np.ones(len(grid), np.intp)
        for name, where in gaps.items():
            rule, what = rules[name][0], name.replace("_", " ")
            counts[name] += int(where.sum())
            if where.any() and rule == "error":
                raise ValueError(
                    f"series {key!r} has {where.sum()} {what} (first {grid[where][0]:%Y-%m-%d}); "
                    f"say what they become with --{name.replace('_', '-')} zero|previous|seasonal"
                )
            values[where & (rule == "zero")] = 0.0
            back[where & (rule == "seasonal")] = season
        observed = ~np.isnan(values)
        for i in np.flatnonzero(~observed):  # in order, so that a long gap fills itself
            values[i] = values[i - back[i] if back[i] <= i else i - 1]
        cycles = calendar_features(_extended(grid, part.index), freq) if calendar else {}
        covariates = part[[*known, *past]].reindex(_extended(grid, part.index)).ffill()
        if covariates.isna().any(axis=None):
            column = covariates.columns[covariates.isna().any()][0]
            raise ValueError(f"column {column!r}: no value at the start of series {key!r}")
        advance = covariates[list(known)].assign(**cycles).to_numpy(np.float64)
        after = covariates[list(past)].to_numpy(np.float64)[: len(grid)]
        series.append(Series(key, grid, values, observed, advance, after))
    notes = tuple(
        f"{count} {name.replace('_', ' ')}: {rules[name][0]}"
        for name, count in counts.items()
        if count
    )
    names = (*known, *(cycles if calendar else ()))
    return Panel(series, freq, season, names, tuple(past), notes)


def infer_frequency(dates: pd.Series | pd.DatetimeIndex) -> str | None:
    """Return the coarsest of `FREQUENCIES` on whose grid all dates lie, or None."""
    index = pd.DatetimeIndex(dates)
    for freq in FREQUENCIES:
        if index.isin(pd.date_range(index.min(), index.max(), freq=freq)).all():
            return freq
    return None


def _common_frequency(groups: Sequence[tuple[str, pd.DataFrame]]) -> str:
    """Infer the frequency over all series and check that each one has it."""
    dates = pd.DatetimeIndex(
        np.unique(np.concatenate([part.index.to_numpy() for _, part in groups]))
    )
    freq = infer_frequency(dates)
    if freq is None:
        raise ValueError(
            "column 'ds': the dates are on no regular grid (hours, days, weeks, months, "
            "quarters or years); name it with --freq"
        )
    spacing = {key: part.index.to_series().diff().min() for key, part in groups if len(part) > 2}
    least = pd.Series(dates).diff().min()
    for key, own in spacing.items():
        # Each series has the shortest spacing somewhere, or it is one of another frequency.
        if own > 2 * least and not (freq in ("B", "D") and own < pd.Timedelta(days=7)):
            raise ValueError(
                f"two frequencies in one table: dates of series {key!r} are at least {own.days} "
                f"days apart, others {least.days}"
            )
    return freq


def _extended(grid: pd.DatetimeIndex, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Return the grid with the dates after it that have covariates and no sales yet."""
    return grid.union(dates[dates > grid[-1]])
