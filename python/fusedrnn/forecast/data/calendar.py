"""What a date alone says: known in advance for ever."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from .._types import FloatArray
from .frequency import kind
from .holidays import HOLIDAY, holiday_features, named_in

CYCLES = {
    "hour": ("h",),
    "day_of_week": ("h", "D"),
    "day_of_year": ("h", "D", "W"),
    "month": ("M", "SM"),
    "quarter": ("Q",),
}
LENGTHS = {"hour": 24, "day_of_week": 7, "day_of_year": 365.25, "month": 12, "quarter": 4}

YEARS = "729D"
"""From the first to the last date, where the cycle of the year is one that a network can learn."""


def calendar_features(
    ds: pd.DatetimeIndex, freq: str, country: str | None = None, holidays: Collection[str] = ()
) -> dict[str, FloatArray]:
    """Return sine and cosine of the cycles that a frequency has, each (n,).

    Of days and hours also the public holidays of these names that a country has.
    """
    features: dict[str, FloatArray] = {}
    for cycle, kinds in CYCLES.items():
        if kind(freq) in kinds:
            at = np.asarray(getattr(ds, cycle), np.float64)
            at = at + np.asarray(ds.minute) / 60 if cycle == "hour" else at
            angle = 2 * np.pi * at / LENGTHS[cycle]
            features |= {f"{cycle}_sin": np.sin(angle), f"{cycle}_cos": np.cos(angle)}
    if "day_of_week_sin" in features:
        features |= holiday_features(country, ds, holidays)
    return features


def calendar_among(known: Collection[str], freq: str) -> list[str]:
    """Return which covariates are of the calendar: cycles that a frequency has, holidays."""
    cycles = calendar_features(pd.DatetimeIndex(["2000-01-01"]), freq)
    own = {*cycles, HOLIDAY, *(f"{HOLIDAY}={name}" for name in named_in(known))}
    return [name for name in known if name in own] if not cycles.keys().isdisjoint(known) else []


def spans_years(dates: pd.Series, freq: str) -> bool:
    """Whether weeks, days or hours span two years or more."""
    return kind(freq) in CYCLES["day_of_year"] and dates.max() - dates.min() >= pd.Timedelta(YEARS)
