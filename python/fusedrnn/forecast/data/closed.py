"""Days on which nobody sells: weekdays without any sales, and public holidays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from .frequency import kind
from .holidays import holidays_of

WEEKS = 4
"""Weeks without a weekday that say that it is closed."""
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def open_weekdays(days: pd.DatetimeIndex) -> str:
    """Return which weekdays occur, Monday first, 1 or 0; of few weeks none counts as shut."""
    if not len(days) or days.max() - days.min() < pd.Timedelta(weeks=WEEKS):
        return "1111111"
    return "".join(str(int(day in set(days.day_of_week))) for day in range(7))


def explained(missing: pd.DatetimeIndex, week: str, country: str | None) -> str:
    """Say which of the missing days are of a weekday without sales or holidays; "" if none is."""
    shut = [week[day] == "0" for day in range(7)]
    of_week = np.array([shut[day] for day in missing.day_of_week], bool)
    festive = ~of_week & holidays_of(country, missing)
    parts = [(of_week.sum(), _either(WEEKDAYS[day] for day in range(7) if shut[day]))]
    parts.append((festive.sum(), f"public holidays of {country}"))
    said = [(count, what) for count, what in parts if count]
    if not said:
        return ""
    whole = sum(count for count, _ in said) == len(missing)
    if whole and len(said) == 1:
        return f"all {len(missing)} are {said[0][1]}"
    others = len(missing) - sum(count for count, _ in said)
    rest = [] if whole else [f"{others} {'is another' if others == 1 else 'are others'}"]
    return ", ".join([*(f"{count} are {what}" for count, what in said), *rest])


def check_days(freq: str) -> None:
    """Raise `ValueError` if a frequency has no days that may be closed."""
    if kind(freq) != "D":
        raise ValueError(f"missing 'closed' is for days; the frequency is {freq}")


def _either(names: Iterable[str]) -> str:
    return " and ".join(names)
