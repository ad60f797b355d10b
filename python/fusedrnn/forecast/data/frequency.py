"""How far apart dates are: the frequency of a table, and its season."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .table import LongTable

# Coarsest first: a series has the first frequency on whose grid all its dates lie.
FREQUENCIES = (
    *("YS", "YE"),
    *(f"QS-{month}" for month in ("JAN", "FEB", "MAR")),
    "QE-DEC",
    *("MS", "ME"),
    *(f"W-{day}" for day in ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
    *("B", "D", "h"),
)
YEARS = 500
"""Between the first and the last date of a table at most: more come of a year that is mistyped."""
SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "B": 5, "D": 7, "h": 24}


def frequency(long: LongTable, given: str | None) -> str:
    """Return the frequency of a table: the one that is given, checked, or the one of all dates.

    Raises
    ------
    ValueError
        If it is no pandas alias, or the dates are on no regular grid.
    """
    return _offset(given) if given else _inferred(long)


def season_of(freq: str) -> int:
    """Return the periods in a season of a frequency."""
    return SEASONS.get(freq.partition("-")[0].rstrip("SE"), 1)


def infer_frequency(dates: pd.Series | pd.DatetimeIndex) -> str | None:
    """Return the coarsest of `FREQUENCIES` on whose grid all dates lie, or None."""
    index = pd.DatetimeIndex(dates)
    for freq in FREQUENCIES:
        if index.isin(pd.date_range(index.min(), index.max(), freq=freq)).all():
            return freq
    return None


def _inferred(long: LongTable) -> str:
    """Infer the frequency of all dates."""
    first, last = long.dates.min(), long.dates.max()
    if last.year - first.year > YEARS:
        raise ValueError(
            f"column {long.date!r}: {str(first)[:10]} and {str(last)[:10]} are more than {YEARS} "
            "years apart: one of them cannot be right"
        )
    freq = infer_frequency(long.dates)
    if freq is None:
        raise ValueError(
            f"column {long.date!r}: the dates are on no regular grid (hours, days, weeks, months, "
            "quarters or years); name it with --freq"
        )
    return freq


def check_spacing(key: str, part: pd.DataFrame, freq: str, least: pd.Timedelta) -> None:
    """Check that a series has the shortest spacing somewhere, or its frequency is another."""
    own = part.index.unique().to_series().diff().min()
    days = freq in ("B", "D") and own < pd.Timedelta(days=7)
    if len(part) > 2 and own > 2 * least and not days:
        raise ValueError(
            f"two frequencies in one table: dates of series {key!r} are at least {own.days} "
            f"days apart, others {least.days}"
        )


def _offset(freq: str) -> str:
    """Check a pandas offset alias."""
    try:
        offset = pd.tseries.frequencies.to_offset(freq)
        if offset.n < 1:
            raise ValueError
        return str(offset.freqstr)
    except ValueError:
        raise ValueError(
            f"freq is {freq!r}, expected a pandas alias as {', '.join(FREQUENCIES)}"
        ) from None


def number_of(grid: pd.DatetimeIndex) -> int:
    """Return how many periods after the first of 1970 a grid begins."""
    if grid.freqstr == "B":  # whose pandas periods are deprecated
        return int(np.busday_count("1970-01-01", grid[0].date()))
    return int(grid[:1].to_period()[0].ordinal // grid.freq.n)
