"""Dates in the spellings that tables have, read the same way in every row."""

from __future__ import annotations

import re
from calendar import day_abbr, month_abbr
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from .months import languages, translated

CLOCKS = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
FORMATS = (
    *("ISO8601", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y %b %d"),
    *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%b-%Y", "%d %b %Y", "%b %d %Y"),
    *("%d-%m-%Y", "%m-%d-%Y"),
    *("%d.%m.%y", "%m/%d/%y", "%d/%m/%y", "%d-%b-%y", "%d %b %y"),
    *("%Y %b", "%b %Y", "%Y-%b", "%b-%Y", "%b-%y", "%b %y", "%YM%m"),
    *("%m/%Y", "%m.%Y", "%m-%Y"),
    *(f"{day} {clock}" for day in ("%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d") for clock in CLOCKS[:2]),
    *(f"{day} {clock}" for day in ("%m/%d/%Y", "%d/%m/%Y") for clock in CLOCKS),
    *(
        f"{day} {clock}"
        for day in ("%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y")
        for clock in CLOCKS
    ),
    *(f"%d %b %Y {clock}" for clock in CLOCKS),
)
SAMPLE = 1000
"""Spellings on which formats are tried first."""
OFFSET = r"(?<=:\d\d)(?:\.\d+)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)$"
"""Offset from UTC, and a fraction of seconds before it."""
WHOLE = r"^(\d{4,19})\.0$"
"""A year, a day as 20190430 or seconds since 1970 that were once a number with a point."""
MONTH = rf"(?i)\b({'|'.join(month_abbr[1:])})[a-z]*\b\.?"
"""A month's name, of which three letters are kept."""
YEAR_MONTH = r"^((?:19|20)\d\d)(0[1-9]|1[0-2])$"
"""A month as 201904."""
WEEKDAY = (
    rf"(?i)^(?:(?:{'|'.join(day_abbr)})[a-z]*\.?,?\s+"
    r"|[^\W\d_]+\.?,?\s+(?=\d+[-./]\d+[-./]\d+))"
)
"""The day of the week before a date, in any language where that is all digits; dropped."""
DAYLESS = ("%b %y", "%b-%y")
"""Formats in which a day without a year is taken for a year."""
MONTHS = {name: str(number) for number, name in enumerate(month_abbr) if number}
"""Number of each month by the beginning of its name."""
EPOCHS = {10: "s", 13: "ms", 16: "us", 19: "ns"}
"""Units of times since 1970, by their digits."""
LATEST = 2_000_000_000
"""Seconds since 1970 that a number without a date format is taken for: of ten digits beyond, the
first eight are a day as well."""
COUNTED = 20_000
"""Whole numbers from here on are rather the days of a spreadsheet than a count of periods."""


@dataclass(frozen=True)
class Stamps:
    """The dates of a table's spellings, in the order of their codes."""

    clock: pd.DatetimeIndex
    """As the clock of the shop shows them."""
    fixed: pd.DatetimeIndex | None = None
    """The same at a constant offset from UTC, where the clock was changed between them."""
    zone: str = ""
    """That offset."""
    counted: bool = False
    """Whether they are no dates but whole numbers, taken for days from 1970 on."""
    notes: tuple[str, ...] = ()


class Dates:
    """The different dates of a table, each spelling once, so that many rows need little memory.

    Parameters
    ----------
    name : str
        Of the column.
    place : callable
        Says where in the table a row is.
    before : mapping
        By column, the format in a table that was read before, for dates in more than one.
    """

    def __init__(
        self,
        name: str,
        place: Callable[[object], str],
        before: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.place, self.before = name, place, before or {}
        self.formats: dict[str, str] = {}
        """The format that was found, by column."""
        self.rows: dict[object, object] = {}
        """First row of each spelling, in the order of their codes."""
        self.codes: dict[object, int] = {}

    def add(self, column: pd.Series) -> npt.NDArray[np.intp]:
        """Return the codes of a column's dates."""
        places, spellings = pd.factorize(column)
        if (places < 0).any():
            row = self.place(column.index[places < 0][0])
            raise ValueError(f"column {self.name!r}: no date in {row}")
        _, first = np.unique(places, return_index=True)
        for at, spelling in zip(first, spellings, strict=True):
            if spelling not in self.codes:
                self.codes[spelling] = len(self.codes)
                self.rows[spelling] = column.index[at]
        codes = np.array([self.codes[spelling] for spelling in spellings], np.intp)
        found: npt.NDArray[np.intp] = codes[places]
        return found

    def read(self, format: str | None, language: str | None = None) -> Stamps:
        """Return the date of each code.

        Raises
        ------
        ValueError
            If a spelling is no date of the years 1 to 9999, or they are dates in more than one
            reading.
        """
        stamps = self._read(format, language)
        years = stamps.clock.year
        if (far := (years < 1) | (years > 9999)).any():  # which neither Python nor a report has
            bad = list(self.codes)[int(np.argmax(far))]
            row = self.place(self.rows[bad])
            raise ValueError(f"column {self.name!r}: {str(bad)!r} in {row} is not a date before "
                             "the year 10000")  # fmt: skip
        return stamps

    def _read(self, format: str | None, language: str | None) -> Stamps:
        spelled = pd.Series(list(self.codes))
        if pd.api.types.is_datetime64_any_dtype(spelled):
            if spelled.dt.tz is None:
                return Stamps(pd.DatetimeIndex(spelled))
            clock = pd.DatetimeIndex(spelled.dt.tz_localize(None))
            return _zoned(clock, clock - pd.DatetimeIndex(spelled.dt.tz_convert(None)))
        if format is None and (counted := _counted(spelled)) is not None:
            return counted
        text = spelled.astype(str).str.strip().str.replace(WHOLE, r"\1", regex=True)
        offsets = text.str.extract(OFFSET)[0]
        text = text.str.replace(OFFSET, "", regex=True)
        notes: tuple[str, ...] = ()
        if format is None:
            found, notes = self._found(text, language)
        else:
            found = self._only([(format, reader(text)) for reader in _readers(format)])
        if found is None:
            self._refuse(spelled, text, format)
        clock = pd.DatetimeIndex(found)
        if offsets.isna().all():
            return Stamps(clock, notes=notes)
        if offsets.isna().any():
            some = spelled[offsets.isna()].iloc[0]
            if (clock != clock.normalize()).any():
                raise ValueError(
                    f"column {self.name!r}: {str(some)!r} in {self.place(self.rows[some])} has no "
                    "offset from UTC, others have one"
                )
        shifts = pd.to_timedelta(offsets.fillna("+00").map(_seconds), unit="s")
        return _zoned(clock, pd.TimedeltaIndex(shifts), notes)

    def _found(
        self, text: pd.Series, language: str | None
    ) -> tuple[pd.Series | None, tuple[str, ...]]:
        """Return dates in the format that fits all of them, and what was assumed."""
        text = text.str.replace(YEAR_MONTH, r"\1-\2", regex=True).str.replace(",", "")
        english = text.str.replace(WEEKDAY, "", regex=True).str.replace(MONTH, r"\1", regex=True)
        if language is None:
            found = self._only(_fitting(english, _readers(None)))
            if found is not None:
                self._check_years(found)
                return found, ()
            unit = EPOCHS.get(len(text[0])) if text.str.fullmatch(r"\d+").all() else None
            if unit and (pd.to_numeric(text) < LATEST * 10 ** (len(text[0]) - 10)).all():
                word = {"s": "seconds", "ms": "milliseconds"}.get(unit, unit)
                note = f"dates are read as {word} since 1970, at the time of UTC"
                return pd.to_datetime(pd.to_numeric(text), unit=unit), (note,)
        if not text.iloc[:SAMPLE].str.contains(r"[^\W\d_]{2}").any():
            return None, ()
        readings = []
        for code, words in languages(language).items():
            own = text.iloc[:SAMPLE].map(lambda each, w=words: translated(each, w))
            if any(dates.notna().all() for _, dates in _fitting(own, _readers(None))):
                own = text.map(lambda each, w=words: translated(each, w))
                readings += [(code, dates) for _, dates in _fitting(own, _readers(None))]
        codes = sorted({code for code, _ in readings})
        try:
            found = self._only(readings)
        except ValueError:
            if len(codes) < 2:
                raise
            raise ValueError(
                f"column {self.name!r}: its months differ with the language, say which with "
                f"--language {'|'.join(codes)}"
            ) from None
        known = language or (codes and f"{codes[0]}{' and others' * (len(codes) > 1)}")
        return found, (f"names of months are read in the language {known}",) if codes else ()

    def _only(self, readings: list[tuple[str, pd.Series]]) -> pd.Series | None:
        """Return the dates that all readings without gaps agree on."""
        whole = [(name, dates) for name, dates in readings if dates.notna().all()]
        if not whole:
            return None
        if any(not dates.equals(whole[0][1]) for _, dates in whole):
            for name, dates in whole:
                if name == self.before.get(self.name):
                    self.formats = {self.name: name}
                    return dates
            first = next(iter(self.codes))
            forms = " or ".join(dict.fromkeys(name for name, _ in whole if "%" in name))
            raise ValueError(
                f"column {self.name!r}: {str(first)!r} may be day or month first; say which "
                f"with --date-format {forms}"
            )
        self.formats = {self.name: whole[0][0]}
        return whole[0][1]

    def _check_years(self, found: pd.Series) -> None:
        """Refuse what may be days without a year: more of them than months, up to 31."""
        form = self.formats[self.name]
        years = found.dt.year % 100
        if form in DAYLESS and years.max() <= 31 and years.nunique() > found.dt.month.nunique():
            first = next(iter(self.codes))
            raise ValueError(
                f"column {self.name!r}: {str(first)!r} may be a month of a year or a day without a "
                f"year; if it is the former, say --date-format '{form}'"
            )

    def _refuse(self, spelled: pd.Series, text: pd.Series, format: str | None) -> None:
        """Raise for the first spelling that is no date in the format that fits most of them."""
        readings = [reader(text) for reader in _readers(format)]
        best = max(readings, key=lambda dates: dates.notna().sum())
        bad = spelled[best.isna()].iloc[0]
        hint = f"like {format}"
        if format is None:
            days = pd.to_numeric(text, errors="coerce").between(COUNTED, 80000).all()
            hint = f"like 2019-04-30; name the format with --date-format{' excel' * bool(days)}"
            if not re.search(r"\d", str(bad)):
                hint += "; delete the line if it is a total"
            elif re.search(r"[^\W\d_]{3}", str(bad)) and len(languages(None)) < 2:
                hint += ", or pip install babel for names of months in other languages"
        row = self.place(self.rows[bad])
        raise ValueError(f"column {self.name!r}: {str(bad)!r} in {row} is not a date {hint}")


def spelled(columns: pd.DataFrame) -> pd.Series:
    """Return a column of dates, or one text of columns of year and quarter, week, month, day.

    Or of a date and a time or an hour.
    """
    if columns.shape[1] == 1:
        return columns.iloc[:, 0]
    year, *parts = (c.astype(str).str.strip().str.removesuffix(".0") for _, c in columns.items())
    kind = str(columns.columns[1]).strip().lower()
    if len(parts) == 1 and parts[0].str.contains(":").any():
        text = year.str.removesuffix(" 00:00:00") + " " + parts[0]
    elif len(parts) == 1 and kind == "hour":
        text = year.str.removesuffix(" 00:00:00") + " " + parts[0].str.zfill(2) + ":00"
    elif kind.startswith("q"):
        text = year + "-Q" + parts[0].str.upper().str.removeprefix("Q")
    elif kind.startswith("w"):
        text = year + "-W" + parts[0].str.zfill(2)
    else:
        parts[0] = parts[0].map(lambda m: MONTHS.get(m[:3].title(), m), na_action="ignore")
        text = year.str.cat([part.str.zfill(2) for part in parts], sep="-")
    return text.where(columns.notna().all(axis=1))


def _seconds(offset: str) -> int:
    """Return the seconds of an offset from UTC, as +01:00."""
    if offset[0] not in "+-":
        return 0
    digits = offset[1:].replace(":", "").ljust(4, "0")
    return (1 if offset[0] == "+" else -1) * (3600 * int(digits[:2]) + 60 * int(digits[2:]))


def _zoned(
    clock: pd.DatetimeIndex, shifts: pd.TimedeltaIndex, notes: tuple[str, ...] = ()
) -> Stamps:
    """Return stamps of a clock that is so much before UTC; the least of it is that of winter."""
    if shifts.nunique() < 2:
        return Stamps(clock, notes=notes)
    least = shifts.min()
    minutes = round(least.total_seconds() / 60)
    zone = f"UTC{'+-'[minutes < 0]}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
    return Stamps(clock, clock - shifts + least, zone, notes=notes)


def _counted(spelled: pd.Series) -> Stamps | None:
    """Return whole numbers that are no years, taken for a count of periods, as days."""
    numbers = pd.to_numeric(spelled, errors="coerce")
    if not (numbers.ge(0) & numbers.lt(COUNTED) & (numbers % 1 == 0)).all():
        return None
    if numbers.between(1000, 2999).all():
        return None
    days = pd.DatetimeIndex(pd.to_datetime(numbers, unit="D"))
    return Stamps(days, counted=True)


def _fitting(
    text: pd.Series, readers: list[Callable[[pd.Series], pd.Series]]
) -> list[tuple[str, pd.Series]]:
    """Return the names and dates of the readers that fit all texts; a sample spares the others."""
    start = text.iloc[:SAMPLE]
    left = [reader for reader in readers if reader(start).notna().all()]
    return [(reader.__name__, reader(text)) for reader in left]


def _readers(format: str | None) -> list[Callable[[pd.Series], pd.Series]]:
    """Return what turns text into dates, missing where it is none."""

    def strptime(form: str) -> Callable[[pd.Series], pd.Series]:
        def read(text: pd.Series) -> pd.Series:
            return pd.to_datetime(text, format=form, errors="coerce")

        read.__name__ = form
        return read

    def weeks(text: pd.Series) -> pd.Series:
        """Read 2019-W05, 2019W05, 2019 W5 and W05 2019 as its Monday."""
        text = text.str.replace(r"^W(\d\d?)[- /](\d{4})$", r"\2-W\1", regex=True)
        parts = text.str.extract(r"^(\d{4})[- /]?W(\d\d?)$")
        return strptime("%G-W%V-%u")(parts[0] + "-W" + parts[1].str.zfill(2) + "-1")

    def quarters(text: pd.Series) -> pd.Series:
        """Read 2019Q1, 2019-Q1, Q1 2019 and 1Q2019 as the quarter's first day."""
        text = text.str.replace(r"^(?:Q([1-4])|([1-4])Q)[- /]?(\d{4})$", r"\3Q\1\2", regex=True)
        parts = text.str.extract(r"^(\d{4})[- /]?Q([1-4])$").astype("float64")
        months = pd.DataFrame({"year": parts[0], "month": 3 * parts[1] - 2, "day": 1})
        return pd.to_datetime(months, errors="coerce")

    def excel(text: pd.Series) -> pd.Series:
        """Read days since the end of 1899, as spreadsheets count them."""
        days = pd.to_numeric(text, errors="coerce")
        return pd.to_datetime(days, unit="D", origin="1899-12-30", errors="coerce")

    def epoch(text: pd.Series) -> pd.Series:
        """Read seconds since 1970."""
        return pd.to_datetime(pd.to_numeric(text, errors="coerce"), unit="s", errors="coerce")

    if format is not None:
        return [{"excel": excel, "epoch": epoch}.get(format) or strptime(format)]
    return [*map(strptime, FORMATS), weeks, quarters]
