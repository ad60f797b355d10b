"""From a long table to regular series: one frequency, no gaps, and a note of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..._files import text
from .._types import FloatArray
from ..settings import PanelOptions, TableOptions
from .calendar import calendar_features, spans_years
from .frequency import check_spacing, frequency, number_of, season_of
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


def read_panel(
    frame: pd.DataFrame | str | Path,
    where: TableOptions,
    rules: PanelOptions,
    known_categories: Mapping[str, Sequence[str]] | None = None,
) -> Panel:
    """Read a table into a panel, see `to_long` and `to_panel`; errors name a file that is read."""
    try:
        return to_panel(to_long(frame, where, known_categories), rules)
    except ValueError as error:
        if isinstance(frame, pd.DataFrame) or (path := text(frame)) in str(error):
            raise
        raise ValueError(f"{path}: {error}") from error


def to_panel(long: LongTable, options: PanelOptions) -> Panel:
    """Put the series of a long table (`to_long`) on a regular grid.

    Raises
    ------
    ValueError
        If the dates are on no regular grid, the series differ in frequency, or something is missing
        or doubled and the rule is "error".
    """
    least = long.dates.unique().sort_values().to_series().diff().min()
    freq = frequency(long, options.freq)
    if options.calendar is None:
        options = replace(options, calendar=spans_years(long.dates, freq))
    grid = Grid(long, options, freq, options.season or season_of(freq))
    records = Records()
    keys: list[str] = []
    for name, rows in long.groups():
        if options.freq is None:
            check_spacing(name, rows, freq, least)
        own = grid.put(name, rows)
        keys.append(str(len(keys)))
        records.put(keys[-1], **vars(own))
    cycles = calendar_features(long.dates[:1], freq) if options.calendar else ()
    return Panel(
        series=Stored(records, keys, series),
        freq=freq,
        season=grid.season,
        known=(*long.indicators(long.known), *cycles),
        past=tuple(long.indicators(long.past)),
        notes=grid.notes(),
    )


@dataclass(frozen=True)
class Grid:
    """The regular grid that the series of a table are put on, by the rules of its options."""

    long: LongTable
    options: PanelOptions
    freq: str
    season: int
    counts: Counter[str] = field(default_factory=Counter)
    """How often each rule was needed."""

    def put(self, name: str, rows: pd.DataFrame) -> Series:
        """Return a series of its rows, as of `LongTable.groups`."""
        rows = self._one_a_date(name, rows)
        sales = self._sales(name, rows["y"])
        ds = self._dates(name, sales)
        y, observed = self._filled(name, sales, ds)
        known, past = self._covariates(name, rows, ds, ds.isin(sales.index))
        return Series(
            unique_id=name,
            start=number_of(ds),
            ds=ds,
            y=y,
            observed=observed,
            known=known,
            past=past,
        )

    def notes(self) -> tuple[str, ...]:
        """Return what was done to the series that were put, a sentence each."""
        counts = self.counts
        notes = [
            f"{counts[name]:,} {name.replace('_', ' ')}: {rule}"
            for name, rule in self.options.rules.items()
            if counts[name]
        ]
        if counts["covariates"]:
            notes.append(f"{counts['covariates']:,} missing values of covariates: previous")
        if counts["before"]:
            notes.append(f"{counts['before']:,} rows before the first value of a series: left out")
        if counts["after"]:
            known = self.long.indicators(self.long.known)
            rule = "covariates to come" if known else "left out"
            notes.append(f"{counts['after']:,} rows after the last value of a series: {rule}")
        return tuple(notes)

    def _one_a_date(self, name: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with one of each date."""
        twice = rows.index.duplicated()
        self.counts["duplicates"] += int(twice.sum())
        if not twice.any():
            return rows
        if self.options.duplicates == "error":
            raise ValueError(
                f"column {self.long.date!r}: {rows.index[twice][0]:%Y-%m-%d} occurs more than once "
                f"in series {name!r}; name its series with --id, or say --duplicates sum|last"
            )
        sums = rows["y"].groupby(level=0).sum(min_count=1)
        rows = rows[~rows.index.duplicated(keep="last")]
        return rows.assign(y=sums) if self.options.duplicates == "sum" else rows

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
        self.counts["before"] += int((y.index < sales.index[0]).sum())
        self.counts["after"] += int((y.index > sales.index[-1]).sum())
        return sales

    def _dates(self, name: str, sales: pd.Series) -> pd.DatetimeIndex:
        """Return every date of the grid from the first sales to the last."""
        first, last = sales.index[[0, -1]]
        step = pd.tseries.frequencies.to_offset(self.freq)
        if isinstance(step, pd.offsets.Tick) and (last - first) / step > LONGEST:
            raise ValueError(
                f"freq is {self.freq!r}: series {name!r} would have over {LONGEST:,} periods"
            )
        ds = pd.date_range(first, last, freq=self.freq)
        if not sales.index.isin(ds).all():
            day = sales.index[~sales.index.isin(ds)][0]
            raise ValueError(
                f"series {name!r}: {day:%Y-%m-%d} is not on the grid of --freq {self.freq}"
            )
        return ds

    def _filled(
        self, name: str, sales: pd.Series, ds: pd.DatetimeIndex
    ) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Return the sales at each date, filled by the rules, and which of them were observed."""
        gaps = {"missing_dates": ~ds.isin(sales.index)}
        sales = sales.reindex(ds)
        gaps["missing_values"] = sales.isna().to_numpy() & ~gaps["missing_dates"]
        y = sales.to_numpy(copy=True)
        back = np.ones(len(ds), np.intp)
        for option, where in gaps.items():
            rule, what = self.options.rules[option], option.replace("_", " ")
            self.counts[option] += int(where.sum())
            if where.any() and rule == "error":
                other = "; or name the frequency with --freq" if where.mean() > 0.5 else ""
                raise ValueError(
                    f"series {name!r} has {where.sum()} {what} (first {ds[where][0]:%Y-%m-%d}); "
                    f"say what they become with --{option.replace('_', '-')} "
                    f"zero|previous|seasonal{other}"
                )
            y[where & (rule == "zero")] = 0.0
            back[where & (rule == "seasonal")] = self.season
        observed = ~np.isnan(y)
        for i in np.flatnonzero(~observed):  # in order, so that a long gap fills itself
            y[i] = y[i - back[i] if back[i] <= i else i - 1]
        return y, observed

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
        reach = pd.date_range(ds[0], rows.index[-1], freq=self.freq).union(ds)
        strange = rows.index[(rows.index > ds[-1]) & ~rows.index.isin(reach)]
        if known and len(strange):
            day = f"{strange[0]:%Y-%m-%d}"
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
        cycles = calendar_features(reach[:end], self.freq) if self.options.calendar else {}
        advance = table[known].iloc[:end].assign(**cycles).to_numpy(np.float64)
        return advance, until[past].to_numpy(np.float64)
