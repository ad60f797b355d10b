"""Dates in the spellings that tables have, read the same way in every row."""

from __future__ import annotations

from calendar import day_abbr, month_abbr
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

FORMATS = (
    *("ISO8601", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y %b %d"),
    *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%b-%Y", "%d %b %Y", "%b %d %Y"),
    *("%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%b-%y", "%d %b %y"),
    *("%Y %b", "%b %Y", "%Y-%b", "%b-%Y", "%b-%y", "%b %y", "%YM%m"),
    *("%m/%Y", "%m.%Y", "%m-%Y"),
    *("%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"),
)
OFFSET = r"(?<=:\d\d)(?:\.\d+)?\s*(?:Z|[+-]\d\d:?\d\d)$"
"""Seconds' fraction and offset from UTC: dropped, so that a day is the day of the shop's clock."""
WHOLE = r"^(\d{4,8})\.0$"
"""A year, or a day as 20190430, that was once a number with a point."""
MONTH = rf"(?i)\b({'|'.join(month_abbr[1:])})[a-z]*\b\.?"
"""A month's name, of which three letters are kept."""
YEAR_MONTH = r"^((?:19|20)\d\d)(0[1-9]|1[0-2])$"
"""A month as 201904."""
WEEKDAY = rf"(?i)^({'|'.join(day_abbr)})[a-z]*\.?,?\s+"
"""The day of the week before a date, dropped."""
MONTHS = {name: str(number) for number, name in enumerate(month_abbr) if number}
"""Number of each month by the beginning of its name."""


class Dates:
    """The different dates of a table, each spelling once, so that many rows need little memory."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: dict[object, int] = {}
        """First row of each spelling, in the order of their codes."""
        self.codes: dict[object, int] = {}

    def add(self, column: pd.Series) -> npt.NDArray[np.intp]:
        """Return the codes of a column's dates."""
        places, spellings = pd.factorize(column)
        if (places < 0).any():
            raise ValueError(f"column {self.name!r}: no date in row {column.index[places < 0][0]}")
        for place, spelling in enumerate(spellings):
            if spelling not in self.codes:
                self.codes[spelling] = len(self.codes)
                self.rows[spelling] = column.index[np.argmax(places == place)]
        codes = np.array([self.codes[spelling] for spelling in spellings], np.intp)
        found: npt.NDArray[np.intp] = codes[places]
        return found

    def read(self, format: str | None) -> pd.DatetimeIndex:
        """Return the date of each code.

        Raises
        ------
        ValueError
            If a spelling is no date, or they are dates in more than one reading.
        """
        spelled = pd.Series(list(self.codes))
        if pd.api.types.is_datetime64_any_dtype(spelled):
            return pd.DatetimeIndex(spelled.dt.tz_localize(None))
        text = spelled.astype(str).str.strip().str.replace(OFFSET, "", regex=True)
        text = text.str.replace(WHOLE, r"\1", regex=True)
        if format is None:
            text = text.str.replace(YEAR_MONTH, r"\1-\2", regex=True)
            text = text.str.replace(WEEKDAY, "", regex=True).str.replace(",", "")
            text = text.str.replace(MONTH, r"\1", regex=True)
        readings = [reader(text) for reader in _readers(format)]
        whole = [dates for dates in readings if dates.notna().all()]
        if not whole:
            best = max(readings, key=lambda dates: dates.notna().sum())
            bad = spelled[best.isna()].iloc[0]
            hint = f"like {format}"
            if format is None:
                days = pd.to_numeric(text, errors="coerce").between(20000, 80000).all()
                hint = f"like 2019-04-30; name the format with --date-format{' excel' * bool(days)}"
            raise ValueError(
                f"column {self.name!r}: {str(bad)!r} in row {self.rows[bad]} is not a date {hint}"
            )
        if any(not dates.equals(whole[0]) for dates in whole):
            raise ValueError(
                f"column {self.name!r}: {spelled[0]!r} may be day or month first; say which "
                "with --date-format %d/%m/%Y or %m/%d/%Y"
            )
        return pd.DatetimeIndex(whole[0])


def spelled(columns: pd.DataFrame) -> pd.Series:
    """Return a column of dates, or one text of columns of year and quarter, week, month, day."""
    if columns.shape[1] == 1:
        return columns.iloc[:, 0]
    year, *parts = (c.astype(str).str.strip().str.removesuffix(".0") for _, c in columns.items())
    kind = str(columns.columns[1]).lower()
    if kind.startswith("q"):
        text = year + "-Q" + parts[0].str.upper().str.removeprefix("Q")
    elif kind.startswith("w"):
        text = year + "-W" + parts[0].str.zfill(2)
    else:
        parts[0] = parts[0].map(lambda m: MONTHS.get(m[:3].title(), m), na_action="ignore")
        text = year.str.cat([part.str.zfill(2) for part in parts], sep="-")
    return text.where(columns.notna().all(axis=1))


def _readers(format: str | None) -> list[Callable[[pd.Series], pd.Series]]:
    """Return what turns text into dates, missing where it is none."""

    def strptime(form: str) -> Callable[[pd.Series], pd.Series]:
        return lambda text: pd.to_datetime(text, format=form, errors="coerce")

    def weeks(text: pd.Series) -> pd.Series:
        """Read 2019-W05 and 2019 W05 as its Monday."""
        return strptime("%G-W%V-%u")(text.str.replace(" W", "-W") + "-1")

    def quarters(text: pd.Series) -> pd.Series:
        """Read 2019Q1 and 2019-Q1 as the quarter's first day."""
        parts = text.str.extract(r"^(\d{4})[- ]?Q([1-4])$").astype("float64")
        months = pd.DataFrame({"year": parts[0], "month": 3 * parts[1] - 2, "day": 1})
        return pd.to_datetime(months, errors="coerce")

    def excel(text: pd.Series) -> pd.Series:
        """Read days since the end of 1899, as spreadsheets count them."""
        days = pd.to_numeric(text, errors="coerce")
        return pd.to_datetime(days, unit="D", origin="1899-12-30", errors="coerce")

    if format == "excel":
        return [excel]
    if format is not None:
        return [strptime(format)]
    return [*map(strptime, FORMATS), weeks, quarters]
