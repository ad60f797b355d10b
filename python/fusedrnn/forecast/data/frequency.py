"""How far apart dates are: frequencies and their names, their seasons, the dates of a grid."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

# Coarsest first: a series has the first frequency on whose grid all its dates lie.
FREQUENCIES = (
    *("YS", "YE"),
    *(f"QS-{month}" for month in ("JAN", "FEB", "MAR")),
    "QE-DEC",
    *("MS", "ME", "BMS", "BME"),
    *(f"{n}W-{day}" for n in (4, 2) for day in ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
    *(f"W-{day}" for day in ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
    *("SMS-15", "SME-15"),
    *("B", "D"),
    *("12h", "8h", "6h", "4h", "3h", "2h", "h"),
    *("30min", "20min", "15min", "10min", "5min", "min"),
)
YEARS = 500
"""Between the first and the last date of a table at most: more come of a year that is mistyped."""
OLDER = {
    **{"M": "ME", "Q": "QE", "Y": "YE", "A": "YE", "AS": "YS", "SM": "SME", "CBM": "CBME"},
    **{"BM": "BME", "BQ": "BQE", "BY": "BYE", "BA": "BYE", "BAS": "BYS"},
    **{"H": "h", "T": "min", "S": "s", "L": "ms", "U": "us", "N": "ns"},
}
"""What pandas called frequencies before 2.2."""
DAY = pd.Timedelta(days=1)
WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = {
    "Y": "years",
    "Q": "quarters",
    "M": "months",
    "SM": "half months",
    "W": "weeks",
    "D": "days",
}
YEAR = {"Y": 1, "Q": 4, "M": 12, "SM": 24, "W": 52}
"""Periods in a year."""


def offset(freq: str) -> Any:
    """Return the pandas offset of a frequency; ``C-1111110`` is days without Sunday.

    Raises
    ------
    ValueError
        If it is no pandas alias, of today or of an older version.
    """
    try:
        if match := re.fullmatch("C-([01]{7})", freq):
            return pd.offsets.CDay(weekmask=match[1])
        head, tail = re.fullmatch(r"(\d*[A-Za-z]+)((?:-\w+)?)", freq).groups()  # type: ignore[union-attr]
        count, name = re.fullmatch(r"(\d*)(.*)", head).groups()  # type: ignore[union-attr]
        found = pd.tseries.frequencies.to_offset(f"{count}{OLDER.get(name, name)}{tail}")
        if found.n < 1 or isinstance(found, pd.offsets.CDay):
            raise ValueError
        return found
    except (ValueError, AttributeError):
        raise ValueError(
            f"freq is {freq!r}, expected a pandas alias as D, B, W-SUN, MS, QS, YS, h, 30min, 2W"
        ) from None


def named(freq: str) -> str:
    """Return the name of a frequency as pandas has it."""
    each = offset(freq)
    return freq if isinstance(each, pd.offsets.CDay) else str(each.freqstr)


def dates(freq: str, start: Any, end: Any = None, periods: int | None = None) -> pd.DatetimeIndex:
    """Return the dates of a frequency from the first one on that is not before `start`."""
    return pd.date_range(start, end, periods, freq=offset(freq))


def step(freq: str) -> pd.Timedelta | None:
    """Return the distance of two dates where it is always the same."""
    each = offset(freq)
    if isinstance(each, (pd.offsets.Tick, pd.offsets.Day)):
        return each.n * DAY if isinstance(each, pd.offsets.Day) else pd.Timedelta(each)
    return 7 * each.n * DAY if isinstance(each, pd.offsets.Week) else None


def kind(freq: str) -> str:
    """Return what a frequency counts: "Y", "Q", "M", "SM", "W", "D", "h", or "" for others."""
    each = offset(freq)
    name = type(each).__name__
    if isinstance(each, (pd.offsets.BDay, pd.offsets.CDay)):
        return "D"
    for text, own in (("Year", "Y"), ("Quarter", "Q"), ("SemiMonth", "SM"), ("Month", "M")):
        if text in name:
            return own
    apart = step(freq)
    if apart is None:
        return ""
    if apart < DAY:
        return "h"
    if apart % DAY:
        return ""
    return "D" if apart % (7 * DAY) else "W"


def seasons(freq: str) -> tuple[int, ...]:
    """Return the periods in each season of a frequency, the shortest first.

    Of a day and of a week for hours, of a week and of a year for days, of a year for weeks, months
    and quarters. One that is no whole number of periods is left out.
    """
    return tuple(int(n) for n in _lengths(freq).values() if n > 1 and n % 1 == 0)


def _lengths(freq: str) -> dict[str, float]:
    """Return the periods in each season by its name, the shortest first."""
    what, each, apart = kind(freq), offset(freq), step(freq)
    if what == "h":
        return {"a day": DAY / apart, "a week": 7 * DAY / apart}
    if what == "D":
        days = 5 if isinstance(each, pd.offsets.BDay) else 7
        if match := re.fullmatch("C-([01]{7})", freq):
            days = match[1].count("1")
        return {"a week": days, "a year": round(365.25 * days / 7)} if each.n == 1 else {}
    if what == "W":
        return {"a year": 52 / (apart / (7 * DAY))}
    return {"a year": YEAR[what] / each.n} if what else {}


def season_of(freq: str) -> int:
    """Return the periods in the shortest season of a frequency, 1 if it has none."""
    return next(iter(seasons(freq)), 1)


def described(freq: str, season: int) -> str:
    """Return a frequency and the periods in its season in words."""
    each, what, apart = offset(freq), kind(freq), step(freq)
    if match := re.fullmatch("C-([01]{7})", freq):
        open_days = [day for day, is_open in zip(WEEK, match[1], strict=True) if is_open == "1"]
        run = f"{open_days[0]} to {open_days[-1]}"
        name = f"days, {run if '01' not in match[1].lstrip('0') else ', '.join(open_days)}"
    elif what == "h" and apart is not None:
        minutes = round(apart / pd.Timedelta("1min"))
        name = f"{minutes} minutes" if minutes % 60 else f"{minutes // 60} hours"
        name = "hours" if minutes == 60 else f"every {name}"
    elif isinstance(each, pd.offsets.Week) and each.weekday is not None:
        weeks = "weeks" if each.n == 1 else f"every {each.n} weeks"
        name = f"{weeks} that end on {WEEK[each.weekday]}"
    elif what in UNITS:
        unit = "business days" if isinstance(each, pd.offsets.BDay) else UNITS[what]
        n = round(apart / DAY) if what == "D" and apart is not None else each.n
        name = unit if n == 1 else f"every {n} {unit}"
    else:
        name = freq
    if season == 1:
        return f"{name}; no season"
    length = next((name for name, n in _lengths(freq).items() if n == season), "")
    return f"{name}; season of {season}{length and f': {length}'}"


def infer_frequency(dates: pd.Series | pd.DatetimeIndex) -> str | None:
    """Return the coarsest of `FREQUENCIES` on whose grid all dates lie, or None.

    For minutes, dates have to be as far apart as the grid: receipts are on no grid.
    """
    index = pd.DatetimeIndex(dates).unique().sort_values()
    for freq in FREQUENCIES:
        if on_grid(index, freq):
            apart = index.to_series().diff().median()
            minutes = freq.endswith("min") and len(index) > 2 and apart != step(freq)
            return None if minutes else freq
    return None


def on_grid(index: pd.DatetimeIndex, freq: str) -> bool:
    """Whether all dates, in order, lie on one grid of a frequency."""
    apart = step(freq)
    if apart is not None and kind(freq) in ("h", "D"):
        return not ((index - index[0]) % apart).to_numpy().any()
    return bool(index.isin(pd.date_range(index[0], index[-1], freq=offset(freq))).all())


def number_of(grid: pd.DatetimeIndex, freq: str) -> int:
    """Return how many periods after the first of 1970 a grid begins."""
    first, each = grid[0], offset(freq)
    if isinstance(each, (pd.offsets.BDay, pd.offsets.CDay)):
        mask = freq[2:] if freq.startswith("C-") else "1111100"
        return int(np.busday_count("1970-01-01", first.date(), weekmask=mask)) // each.n
    if kind(freq) == "SM":
        months = 12 * (first.year - 1970) + first.month - 1
        second = first.day > (15 if "End" in type(each).__name__ else 14)
        return (2 * months + int(second)) // each.n
    return int(periods_of(grid[:1], freq)[0].ordinal) // each.n


def periods_of(index: pd.DatetimeIndex, freq: str) -> pd.PeriodIndex:
    """Return the single periods (weeks, months, ...) of a frequency that dates are in."""
    grid = pd.date_range("2000-01-01", periods=1, freq=offset(freq).base)
    return index.to_period(grid.to_period().freq)


def shown(date: pd.Timestamp) -> str:
    """Return a date as messages name it: with its time if that is not midnight."""
    return f"{date:%Y-%m-%d}" if date == date.normalize() else f"{date:%Y-%m-%d %H:%M}"
