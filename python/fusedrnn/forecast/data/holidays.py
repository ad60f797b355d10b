"""Public holidays of a country, as the package holidays has them."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .._types import FloatArray
from ..needs import check_installed

HOLIDAY = "public_holiday"
"""The covariate that is 1 on any of them; each has one of its own, ``public_holiday=New Year``."""


def holidays_of(country: str | None, days: pd.DatetimeIndex) -> npt.NDArray[np.bool_]:
    """Return which days are public holidays of a country, as "ES", or a part of it, as "ES-CT".

    Raises
    ------
    ValueError
        If it is not known, or the package is not installed.
    """
    found = _calendar(country, days)
    return np.array([day in found for day in days.date], bool)


def holiday_names(country: str | None, days: pd.DatetimeIndex) -> tuple[str, ...]:
    """Return the names of the holidays from the first of the days to the last, as they come."""
    if country is None or not len(days):
        return ()
    found = _calendar(country, days)
    last = days.max().date()
    each = [found.get_list(day) for day in sorted(found) if days.min().date() <= day <= last]
    return tuple(dict.fromkeys(name for names in each for name in names))


def holiday_features(
    country: str | None, days: pd.DatetimeIndex, names: Collection[str]
) -> dict[str, FloatArray]:
    """Return where there is a holiday, and where each of these names, 0 or 1, (n,); {} of none."""
    if country is None or not names:
        return {}
    found = _calendar(country, days)
    each = [found.get_list(day) for day in days.date]
    own = {f"{HOLIDAY}={name}": [name in day for day in each] for name in names}
    return {
        name: np.array(column, np.float64)
        for name, column in ({HOLIDAY: [bool(day) for day in each]} | own).items()
    }


def named_in(covariates: Collection[str]) -> list[str]:
    """Return the names of the holidays that are among covariates."""
    start = f"{HOLIDAY}="
    return [name.removeprefix(start) for name in covariates if name.startswith(start)]


def _calendar(country: str | None, days: pd.DatetimeIndex) -> Any:
    """Return the holidays of the years of these days."""
    if country is None or not len(days):
        return {}
    check_installed(country=country)
    return _of_years(country, days.min().year, days.max().year)


@lru_cache
def _of_years(country: str, first: int, last: int) -> Any:
    from holidays import country_holidays

    code, _, part = country.partition("-")
    years = range(first, last + 1)
    try:  # in English where there is, or names would depend on the machine
        return country_holidays(code.upper(), part or None, years, language="en_US")
    except NotImplementedError as error:
        raise ValueError(f"country is {country!r}: {error}") from None
