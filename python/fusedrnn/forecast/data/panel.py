"""From a long table to regular series: one frequency, no gaps, and a note of what was done."""

from __future__ import annotations

import os
from calendar import day_abbr
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..._files import text
from .._types import FloatArray
from ..settings import PanelOptions, TableOptions
from .calendar import calendar_features, spans_years
from .closed import check_days, explained, open_weekdays
from .frequency import dates, kind, number_of, season_of, shown, step
from .holidays import HOLIDAY, holiday_names, holidays_of
from .periods import Placed, placed
from .records import Records, Stored
from .table import LongTable, to_long

LONGEST = 10_000_000
"""Periods of a series at most; more come from a frequency that is not that of the sales."""


@dataclass(frozen=True)
class Series:
    """One series on a regular grid of dates."""

    unique_id: str
    start: int
    """Number of the first date, counted from 1970."""
    ds: pd.DatetimeIndex
    y: FloatArray
    """(n,), no value missing."""
    observed: npt.NDArray[np.bool_]
    """(n,), False where `y` was filled in; such a value is never scored."""
    known: FloatArray
    """(n or more, covariates known in advance); rows after `n` are of the future."""
    past: FloatArray
    """(n, covariates known only afterwards)."""
    static: FloatArray = field(default_factory=lambda: np.empty(0))
    """(names of static columns,), 1 for those that the series has, else 0."""


def series(**values: Any) -> Series:
    """Build a series from its record."""
    return Series(**values | {"ds": pd.DatetimeIndex(values["ds"])})


@dataclass(frozen=True)
class Panel:
    """Series of one frequency."""

    series: Stored[Series]
    freq: str
    season: int
    known: tuple[str, ...]
    """Names of the covariates known in advance, those of the calendar among them."""
    past: tuple[str, ...]
    notes: tuple[str, ...]
    """What was done to the data, a sentence each."""
    static: tuple[str, ...] = ()
    """Names of static columns, as ``region=north``."""
    country: str | None = None
    """Whose public holidays are among those of the calendar."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """By column, the date format or decimal point that was found in the table."""


def with_columns(panel: Panel, columns: Mapping[str, npt.NDArray[np.bool_]]) -> Panel:
    """Return a panel whose series have these columns only, of ``known`` and ``past``."""
    stored = panel.series

    def build(**values: Any) -> Series:
        each = stored.build(**values)
        kept = {name: getattr(each, name)[:, found] for name, found in columns.items()}
        return replace(each, **kept)

    return replace(panel, series=Stored(stored.records, stored.keys, build))


def without(panel: Panel, names: Collection[str]) -> Panel:
    """Return a panel without these covariates known in advance."""
    kept = np.array([name not in names for name in panel.known], bool)
    known = tuple(name for name in panel.known if name not in names)
    return replace(with_columns(panel, {"known": kept}), known=known)


def with_calendar(panel: Panel) -> Panel:
    """Return a panel without the calendar with it."""
    stored = panel.series

    def span(each: Series) -> pd.DatetimeIndex:
        return dates(panel.freq, each.ds[0], periods=len(each.known))

    ends = [(days[0], days[-1]) for days in map(span, stored)]
    whole = pd.DatetimeIndex([min(first for first, _ in ends), max(last for _, last in ends)])
    names = holiday_names(panel.country, whole)

    def cycles(ds: pd.DatetimeIndex) -> dict[str, FloatArray]:
        return calendar_features(ds, panel.freq, panel.country, names)

    def build(**values: Any) -> Series:
        each = stored.build(**values)
        return replace(each, known=np.column_stack([each.known, *cycles(span(each)).values()]))

    series = Stored(stored.records, stored.keys, build)
    return replace(panel, known=(*panel.known, *cycles(whole)), series=series)


def read_panel(
    frame: Any,
    where: TableOptions,
    rules: PanelOptions,
    known_categories: Mapping[str, Sequence[str]] | None = None,
    before: Mapping[str, str] | None = None,
) -> Panel:
    """Read a table into a panel, see `to_long` and `to_panel`; errors name a file that is read."""
    try:
        fixed = (known_categories or {}).get(HOLIDAY)
        return to_panel(to_long(frame, where, known_categories, before), rules, fixed)
    except ValueError as error:
        if not isinstance(frame, (str, bytes, os.PathLike)):
            raise
        path = text(frame)
        if str(error).startswith(f"{path}: "):
            raise
        raise ValueError(f"{path}: {error}") from error


def to_panel(
    long: LongTable, options: PanelOptions, holidays: Sequence[str] | None = None
) -> Panel:
    """Put the series of a long table (`to_long`) on a regular grid.

    Parameters
    ----------
    long : LongTable
    options : PanelOptions
    holidays : sequence of str, optional
        Names of public holidays, in place of those from the first to the last date.

    Raises
    ------
    ValueError
        If the dates are on no regular grid, the series differ in frequency, or something is missing
        or doubled and the rule is "error".
    """
    least = long.dates.unique().sort_values().to_series().diff().min()
    on = placed(long, options.freq)
    freq = on.freq
    if options.calendar is None:
        options = replace(options, calendar=spans_years(on.long.dates, freq))
    week = open_weekdays(on.long.dates[on.long.rows.sold(zeros=options.zeros == "keep")])
    # an unknown country is an error early
    found = tuple(holiday_names(options.country, on.long.dates) if holidays is None else holidays)
    if options.calendar and options.country and HOLIDAY in (*long.known, *long.past):
        raise ValueError(f"covariate {HOLIDAY!r} is of --country: give the column another name")
    if "closed" in (options.missing_dates, options.missing_values):
        check_days(freq)
        if freq == "D" and "0" in week:
            freq = f"C-{week}"
    usual = 1 if on.long.stamps.counted and options.freq is None else season_of(freq)
    season = options.season or usual
    grid = Grid(on=on, options=options, freq=freq, season=season, week=week, holidays=found)
    records = Records()
    keys: list[str] = []
    for name, rows in on.long.groups():
        if on.long.dates is long.dates and options.freq is None:
            _check_spacing(name, rows, freq, least)
        own = grid.put(name, rows)
        keys.append(str(len(keys)))
        records.put(keys[-1], **vars(own))
    return Panel(
        series=Stored(records, keys, series),
        freq=freq,
        season=grid.season,
        known=(*long.indicators(long.known), *grid.calendar(long.dates[:1])),
        past=tuple(long.indicators(long.past)),
        notes=(*on.notes, *grid.notes()),
        static=tuple(long.indicators(long.static)),
        country=options.country,
        spelled=long.spelled,
    )


def _check_spacing(key: str, part: pd.DataFrame, freq: str, least: pd.Timedelta) -> None:
    """Check that a series has the shortest spacing somewhere, or its frequency is another."""
    own = part.index.unique().to_series().diff().min()
    days = kind(freq) == "D" and own < pd.Timedelta(days=7)
    if len(part) > 2 and own > 2 * least and not days:
        raise ValueError(
            f"two frequencies in one table: dates of series {key!r} are at least {own.days} "
            f"days apart, others {least.days}"
        )


@dataclass(frozen=True)
class Grid:
    """The regular grid that the series of a table are put on, by the rules of its options."""

    on: Placed
    options: PanelOptions
    freq: str
    season: int
    week: str
    """Weekdays on which some series has sales, see `open_weekdays`."""
    holidays: tuple[str, ...] = ()
    """Names of those that the calendar has."""
    counts: Counter[str] = field(default_factory=Counter)
    """How often each rule was needed."""

    @property
    def long(self) -> LongTable:
        """The table."""
        return self.on.long

    def calendar(self, ds: pd.DatetimeIndex) -> dict[str, FloatArray]:
        """Return the covariates of the calendar at these dates; {} without it."""
        if not self.options.calendar:
            return {}
        return calendar_features(ds, self.freq, self.options.country, self.holidays)

    def put(self, name: str, rows: pd.DataFrame) -> Series:
        """Return a series of its rows, as of `LongTable.groups`."""
        rows = self._one_a_date(name, rows)
        sales = self._sales(name, rows["y"])
        ds = self._dates(name, sales)
        y, observed = self._filled(name, sales, ds)
        known, past = self._covariates(name, rows, ds, ds.isin(sales.index))
        static = [self._static(name, rows, column) for column in self.long.static]
        return Series(
            unique_id=name,
            start=number_of(ds, self.freq),
            ds=ds,
            y=y,
            observed=observed,
            known=known,
            past=past,
            static=np.concatenate([np.empty(0), *static]),
        )

    def _static(self, name: str, rows: pd.DataFrame, column: str) -> FloatArray:
        """Return which of a column's names a series has; some rows may lack it."""
        kinds = self.long.indicators([column])
        found = rows[kinds].to_numpy(np.float64).max(axis=0)
        if found.sum() > 1:
            two = " and ".join(
                k.partition("=")[2] for k, has in zip(kinds, found, strict=True) if has
            )
            raise ValueError(
                f"column {column!r} is static, but series {name!r} has {two}: a value that changes "
                "is a covariate"
            )
        return found

    def notes(self) -> tuple[str, ...]:
        """Return what was done to the series that were put, a sentence each."""
        counts = self.counts
        notes = [
            f"{counts[name]:,} {name.replace('_', ' ')}: {rule}"
            for name, rule in self.options.rules.items()
            if counts[name]
        ]
        if self.freq.startswith("C-"):
            shut = counts["closed weekdays"]
            open_days = ", ".join(day_abbr[i] for i in range(7) if self.week[i] == "1")
            notes.append(f"{shut:,} dates of other weekdays than {open_days}: closed, left out")
        if counts["holidays"]:
            notes.append(
                f"of these dates {counts['holidays']:,} are public holidays of "
                f"{self.options.country}"
            )
        unknown = self.season == 1 and not self.options.season and not self.long.stamps.counted
        if unknown and kind(self.freq) != "Y":
            notes.append(f"no season is known of {self.freq}: --season names one")
        if counts["covariates"]:
            notes.append(f"{counts['covariates']:,} missing values of covariates: previous")
        if counts["before"]:
            notes.append(f"{counts['before']:,} rows before the first value of a series: left out")
        if counts["ending"]:
            notes.append(
                f"{counts['ending']:,} zeros at the end of series, more than ever before: if they "
                "are of dates to come, delete these rows"
            )
        if counts["after"]:
            known = self.long.indicators(self.long.known)
            rule = "covariates to come" if known else "left out"
            notes.append(f"{counts['after']:,} rows after the last value of a series: {rule}")
        return tuple(notes)

    def _one_a_date(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with one of each date, those of periods that are not covered left out."""
        if name in self.on.spans:
            first, last = self.on.spans[name]
            rows = rows[rows.index >= first]
            rows = rows.assign(y=rows["y"].mask(rows.index > last))
            rows = rows if self.long.known else rows[rows.index <= last]
        twice = rows.index.duplicated()
        self.counts["duplicates"] += int(twice.sum())
        if not twice.any():
            return rows
        rule = self.options.duplicates
        if rule == "error":
            raise ValueError(
                f"column {self.long.date!r}: {shown(rows.index[twice][0])} occurs more than once "
                f"in series {name!r}; name its series with --id, or say --duplicates "
                "sum|mean|first|last|max"
            )
        if rule == "last":
            return rows[~rows.index.duplicated(keep="last")]
        groups = rows["y"].groupby(level=0)
        y = groups.sum(min_count=1) if rule == "sum" else getattr(groups, rule)()
        return rows[~rows.index.duplicated(keep="last")].assign(y=y)

    def _sales(self, name: str, y: pd.Series) -> pd.Series:
        """Return the sales from the first value to the last, returns and zeros by their rules."""
        y = y.copy()
        for what, where, values in (
            ("negatives", y < 0, {"zero": 0.0, "missing": np.nan}),
            ("zeros", y == 0, {"missing": np.nan}),
        ):
            self.counts[what] += int(where.sum())
            y[where] = values.get(self.options.rules[what], y[where])
        if y.isna().all():
            raise ValueError(f"series {name!r} has no sales at all")
        sales = y.loc[y.first_valid_index() : y.last_valid_index()]
        if self.freq.startswith("C-"):  # rows without sales may say that it is closed
            days = pd.date_range(sales.index[0], sales.index[-1])
            shut = np.array([self.week[day] == "0" for day in days.day_of_week], bool)
            self.counts["closed weekdays"] += int(shut.sum())
            sales = sales[~sales.index.isin(days[shut])]
        self.counts["ending"] += _ending((sales == 0).to_numpy(), self.season)
        self.counts["before"] += int((y.index < sales.index[0]).sum())
        self.counts["after"] += int((y.index > sales.index[-1]).sum())
        return sales

    def _dates(self, name: str, sales: pd.Series) -> pd.DatetimeIndex:
        """Return every date of the grid from the first sales to the last."""
        first, last = sales.index[[0, -1]]
        apart = step(self.freq)
        if apart is not None and (last - first) / apart > LONGEST:
            raise ValueError(
                f"freq is {self.freq!r}: series {name!r} would have over {LONGEST:,} periods"
            )
        ds = dates(self.freq, first, last)
        strange = sales.index[~sales.index.isin(ds)]
        if len(strange):
            raise ValueError(
                f"series {name!r}: {shown(strange[0])} is not on the grid of {self.freq}"
            )
        return ds

    def _filled(
        self, name: str, sales: pd.Series, ds: pd.DatetimeIndex
    ) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the sales at each date, filled by the rules, and which of them were observed."""
        gaps = {"missing_dates": ~ds.isin(sales.index)}
        sales = sales.reindex(ds)
        gaps["missing_values"] = sales.isna().to_numpy() & ~gaps["missing_dates"]
        wrong = {
            option: ds[where]
            for option, where in gaps.items()
            if where.any() and self.options.rules[option] == "error"
        }
        if wrong:
            most = any(2 * len(days) > len(ds) for days in wrong.values())
            raise ValueError(self._missing(name, wrong, most))
        y = sales.to_numpy(copy=True)
        back = np.ones(len(ds), np.intp)
        for option, where in gaps.items():
            rule = self.options.rules[option]
            self.counts[option] += int(where.sum())
            y[where & (rule == "zero")] = 0.0
            back[where & (rule in ("seasonal", "closed"))] = self.season
            if rule == "closed":
                self.counts["holidays"] += int(holidays_of(self.options.country, ds[where]).sum())
        observed = ~np.isnan(y)
        for i in np.flatnonzero(~observed):  # in order, so that a long gap fills itself
            y[i] = y[i - back[i] if back[i] <= i else i - 1]
        return y, observed

    def _missing(self, name: str, wrong: Mapping[str, pd.DatetimeIndex], most: bool) -> str:
        """Return what to say of dates without a row and without a value, all at once."""
        daily = kind(self.freq) == "D"
        shut = daily and "closed" in self.options.rules.values()  # the others are said to be
        parts = []
        for option, gaps in wrong.items():
            closed = explained(gaps, self.week, self.options.country) if daily else ""
            shut = shut or bool(closed)
            count, what = len(gaps), option.replace("_", " ")
            what = what if count > 1 else what.removesuffix("s")
            since, long = _longest(gaps, self.freq)
            far = f", {long:,} in a row before {shown(since)}: is that date right?" * (
                long > count / 2 > 30
            )
            parts.append(f"{count} {what} (first {shown(gaps[0])}{far}){closed and f': {closed}'}")
        start = f"series {name!r} has {', and '.join(parts)}"
        flags = [f"--{option.replace('_', '-')}" for option in wrong]
        if shut:
            say = " ".join(f"{flag} closed" for flag in flags)
            return (
                f"{start}; closed? say {say}, or zero|previous|seasonal for what else they become"
            )
        words = "zero|previous|seasonal" + "|closed" * daily
        say = " and ".join(f"{flag} {words}" for flag in flags)
        rest = "; or bring them to a frequency with --freq" if most else ""
        if daily and not self.options.country and any(map(_festive, wrong.values())):
            rest += "; public holidays are known with --country, as ES"
        return f"{start}; say what they become with {say}{rest}"

    def _covariates(
        self,
        name: str,
        rows: pd.DataFrame,
        ds: pd.DatetimeIndex,
        sold: npt.NDArray[np.bool_],
    ) -> tuple[FloatArray, FloatArray]:
        """Return covariates known in advance, as far as they are, and those known afterwards.

        `sold` says which of the dates have a row.
        """
        known, past = (self.long.indicators(each) for each in (self.long.known, self.long.past))
        reach = dates(self.freq, ds[0], rows.index[-1]).union(ds)
        strange = rows.index[(rows.index > ds[-1]) & ~rows.index.isin(reach)]
        if known and len(strange) and not self.freq.startswith("C-"):
            day = shown(strange[0])
            raise ValueError(f"series {name!r}: {day} is not on the grid of {self.freq}")
        table = rows[[*known, *past]].reindex(reach)
        kinds = table.columns.intersection(self.long.indicators(list(self.long.categories)))
        table[kinds] = table[kinds].fillna(0)  # no row, no event
        until = table.iloc[: len(ds)]
        self.counts["covariates"] += int(until.isna().to_numpy()[sold].sum())
        until = until.ffill()
        if until.isna().any(axis=None):
            column = until.columns[until.isna().any()][0]
            raise ValueError(f"column {column!r}: no value at the start of series {name!r}")
        # What is to come is known up to the first date on which something is not.
        table.iloc[: len(ds)] = until
        unknown = table[known].isna().to_numpy().any(axis=1)
        end = int(unknown.argmax()) if unknown.any() else len(reach)
        cycles = pd.DataFrame(self.calendar(reach[:end]), index=reach[:end])
        advance = table[known].iloc[:end].join(cycles).to_numpy(np.float64)
        return advance, until[past].to_numpy(np.float64)


def _ending(zeros: npt.NDArray[np.bool_], season: int) -> int:
    """Return how many zeros are at the end, if a season of them and more than anywhere before."""
    ends = np.flatnonzero(~zeros)
    runs = np.diff(ends, prepend=-1, append=len(zeros)) - 1
    last = int(runs[-1])
    return last if len(ends) and last >= max(season, 2) and last > runs[:-1].max() else 0


def _longest(gaps: pd.DatetimeIndex, freq: str) -> tuple[pd.Timestamp, int]:
    """Return the date after the longest run of gaps, and how many these are."""
    numbers = dates(freq, gaps[0], gaps[-1]).get_indexer(gaps)
    ends = np.append(np.flatnonzero(np.diff(numbers) > 1), len(gaps) - 1)
    lengths = np.diff(ends, prepend=-1)
    last = gaps[ends[lengths.argmax()]]
    return dates(freq, last, periods=2)[1], int(lengths.max())


def _festive(days: pd.DatetimeIndex) -> bool:
    """Whether among days are such that are holidays nearly everywhere."""
    return any((day.month, day.day) in ((1, 1), (12, 25)) for day in days)
