"""From a long table to regular series: one frequency, no gaps, and a note of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..settings import RULES, TABLE
from .calendar import calendar_features
from .records import Records, Stored
from .table import LongTable, to_long

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
    table: pd.DataFrame | str | Path,
    *,
    future_covariates: Sequence[str] = (),
    past_covariates: Sequence[str] = (),
    **options: Any,
) -> Panel:
    """Read a table into a panel; `options` are those of `to_long` and `to_panel`."""
    names = (*future_covariates, *past_covariates)
    twice = set(future_covariates) & set(past_covariates)
    if twice:
        raise ValueError(f"covariate {min(twice)!r} is both known in advance and only afterwards")
    where = {name: options.pop(name) for name in (*TABLE, "known_categories") if name in options}
    long = to_long(table, covariates=names, **where)
    return to_panel(long, known=future_covariates, past=past_covariates, **options)


def to_panel(
    long: LongTable,
    *,
    known: Sequence[str] = (),
    past: Sequence[str] = (),
    calendar: bool = False,
    freq: str | None = None,
    season: int | None = None,
    duplicates: str = "error",
    missing_dates: str = "error",
    missing_values: str = "error",
    zeros: str = "keep",
    negatives: str = "keep",
) -> Panel:
    """Put the series of a long table (`to_long`) on a regular grid.

    Parameters
    ----------
    long : LongTable
    known, past : sequence of str
        Covariates known in advance, and known only afterwards.
    calendar : bool
        Whether to add the cycles of the calendar to those known in advance.
    freq : str, optional
        A pandas offset alias. Default: inferred.
    season : int, optional
        Periods in a season. Default: 7 for days, 5 for business days, 52 for weeks, 12 for months,
        4 for quarters, 24 for hours, 1 for years.
    duplicates : {"error", "sum", "last"}
        What several rows of one date become: an error, their sum (receipts), or the last of them.
        Covariates are always those of the last.
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
        or doubled and the rule is "error", or an option is unknown.
    """
    known, past = long.indicators(known), long.indicators(past)
    rules = Rules(duplicates, missing_dates, missing_values, zeros, negatives)
    if season is not None and season < 1:
        raise ValueError(f"season is {season}, expected at least 1")
    least = long.dates.unique().sort_values().to_series().diff().min()
    found = _offset(freq) if freq else _frequency(long)
    season = season or SEASONS.get(found.partition("-")[0].rstrip("SE"), 1)
    counts: Counter[str] = Counter()
    records = Records()
    keys: list[str] = []
    for key, part in long.groups():
        if freq is None:
            _check_spacing(key, part, found, least)
        own = regular(key, part, found, season, known, past, calendar, rules, counts, long)
        keys.append(str(len(keys)))
        records.put(keys[-1], **vars(own))
    notes = tuple(
        f"{counts[name]:,} {name.replace('_', ' ')}: {rule}"
        for name, rule in vars(rules).items()
        if counts[name]
    )
    if counts["covariates"]:
        notes += (f"{counts['covariates']:,} missing values of covariates: previous",)
    if counts["before"]:
        notes += (f"{counts['before']:,} rows before the first value of a series: left out",)
    if counts["after"]:
        rule = "covariates to come" if known else "left out"
        notes += (f"{counts['after']:,} rows after the last value of a series: {rule}",)
    cycles = calendar_features(long.dates[:1], found) if calendar else ()
    names = (*known, *cycles)
    return Panel(Stored(records, keys, series), found, season, names, tuple(past), notes)


@dataclass(frozen=True)
class Rules:
    """What becomes of rows that are not one number a date; see `to_panel`."""

    duplicates: str
    missing_dates: str
    missing_values: str
    zeros: str
    negatives: str

    def __post_init__(self) -> None:
        for name, rule in vars(self).items():
            if rule not in RULES[name]:
                raise ValueError(f"{name} is {rule!r}, expected one of {', '.join(RULES[name])}")


def regular(
    key: str,
    part: pd.DataFrame,
    freq: str,
    season: int,
    known: Sequence[str],
    past: Sequence[str],
    calendar: bool,
    rules: Rules,
    counts: Counter[str],
    long: LongTable,
) -> Series:
    """Put one series on the grid of `freq` by `rules`; `counts` how often each was needed."""
    twice = part.index.duplicated()
    counts["duplicates"] += int(twice.sum())
    if twice.any():
        if rules.duplicates == "error":
            raise ValueError(
                f"column {long.date!r}: {part.index[twice][0]:%Y-%m-%d} occurs more than once in "
                f"series {key!r}; name its series with --id, or say --duplicates sum|last"
            )
        sums = part["y"].groupby(level=0).sum(min_count=1)
        part = part[~part.index.duplicated(keep="last")]
        part = part.assign(y=sums) if rules.duplicates == "sum" else part
    y = part["y"].copy()
    for name, where, values in (
        ("negatives", y < 0, {"zero": 0.0, "missing": np.nan}),
        ("zeros", y == 0, {"missing": np.nan}),
    ):
        counts[name] += int(where.sum())
        y[where] = values.get(getattr(rules, name), y[where])
    if y.isna().all():
        raise ValueError(f"series {key!r} has no sales at all")
    rows, y = y, y.loc[y.first_valid_index() : y.last_valid_index()]
    counts["before"] += int((rows.index < y.index[0]).sum())
    counts["after"] += int((rows.index > y.index[-1]).sum())
    step = pd.tseries.frequencies.to_offset(freq)
    if isinstance(step, pd.offsets.Tick) and (y.index[-1] - y.index[0]) / step > LONGEST:
        raise ValueError(f"freq is {freq!r}: series {key!r} would have over {LONGEST:,} periods")
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
        rule, what = getattr(rules, name), name.replace("_", " ")
        counts[name] += int(where.sum())
        if where.any() and rule == "error":
            other = "; or name the frequency with --freq" if where.mean() > 0.5 else ""
            raise ValueError(
                f"series {key!r} has {where.sum()} {what} (first {grid[where][0]:%Y-%m-%d}); say "
                f"what they become with --{name.replace('_', '-')} zero|previous|seasonal{other}"
            )
        values[where & (rule == "zero")] = 0.0
        back[where & (rule == "seasonal")] = season
    observed = ~np.isnan(values)
    for i in np.flatnonzero(~observed):  # in order, so that a long gap fills itself
        values[i] = values[i - back[i] if back[i] <= i else i - 1]
    reach = pd.date_range(grid[0], part.index[-1], freq=freq).union(grid)
    strange = part.index[(part.index > grid[-1]) & ~part.index.isin(reach)]
    if known and len(strange):
        raise ValueError(f"series {key!r}: {strange[0]:%Y-%m-%d} is not on the grid of {freq}")
    covariates = part[[*known, *past]].reindex(reach)
    kinds = covariates.columns.intersection(long.indicators(list(long.categories)))
    covariates[kinds] = covariates[kinds].fillna(0)  # no row, no event
    sold = covariates.iloc[: len(grid)]
    counts["covariates"] += int(sold.isna().to_numpy()[~gaps["missing_dates"]].sum())
    sold = sold.ffill()
    if sold.isna().any(axis=None):
        column = sold.columns[sold.isna().any()][0]
        raise ValueError(f"column {column!r}: no value at the start of series {key!r}")
    # What is to come is known up to the first date on which something is not.
    covariates.iloc[: len(grid)] = sold
    unknown = covariates[list(known)].isna().to_numpy().any(axis=1)
    end = int(unknown.argmax()) if unknown.any() else len(reach)
    cycles = calendar_features(reach[:end], freq) if calendar else {}
    advance = covariates[list(known)].iloc[:end].assign(**cycles).to_numpy(np.float64)
    after = sold[list(past)].to_numpy(np.float64)
    return Series(key, _number(grid), grid, values, observed, advance, after)


def infer_frequency(dates: pd.Series | pd.DatetimeIndex) -> str | None:
    """Return the coarsest of `FREQUENCIES` on whose grid all dates lie, or None."""
    index = pd.DatetimeIndex(dates)
    for freq in FREQUENCIES:
        if index.isin(pd.date_range(index.min(), index.max(), freq=freq)).all():
            return freq
    return None


def _frequency(long: LongTable) -> str:
    """Infer the frequency of all dates."""
    freq = infer_frequency(long.dates)
    if freq is None:
        raise ValueError(
            f"column {long.date!r}: the dates are on no regular grid (hours, days, weeks, months, "
            "quarters or years); name it with --freq"
        )
    return freq


def _check_spacing(key: str, part: pd.DataFrame, freq: str, least: pd.Timedelta) -> None:
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


def _number(grid: pd.DatetimeIndex) -> int:
    """Return how many periods after the first of 1970 a grid begins."""
    if grid.freqstr == "B":  # whose pandas periods are deprecated
        return int(np.busday_count("1970-01-01", grid[0].date()))
    return int(grid[:1].to_period()[0].ordinal // grid.freq.n)
