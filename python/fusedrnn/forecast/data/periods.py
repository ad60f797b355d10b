"""Stamps brought to a grid: rows with a time of day to days, days to weeks, and dates that wander.

A stamp goes to the period that it is in. Where dates are as far apart as the grid's but not on it
(the 15th of each month, Mondays among Sundays), all may be moved by some days alike, so that each
has a period of its own. Where several rows of a series share a period they are to be added up, and
the table's first and last period are left out if its rows do not cover them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import frequency
from .dates import Stamps
from .frequency import DAY, infer_frequency, kind, named, offset, on_grid, shown, step
from .table import LongTable

SPACINGS = {
    **{"h": (1 / 24, 1 / 24), "D": (1, 1), "W": (7, 7)},
    **{"M": (28, 31), "Q": (90, 92), "Y": (365, 366)},
}
"""Days between two dates, at least and at most, by what a frequency counts."""
SLACK = 0.2
"""Share by which the median of dates that wander may be off these."""
MOVED = 10
"""Days by which months and longer periods may begin earlier or later than in the calendar."""
OTHERS = 5
"""Days at least whose rows say when a day usually begins and ends."""


@dataclass(frozen=True)
class Placed:
    """A table whose dates are on a grid."""

    long: LongTable
    freq: str
    notes: tuple[str, ...] = ()
    """What was done, a sentence each."""
    first: pd.Timestamp | None = None
    """First date whose period the rows cover; None: of the first row."""
    last: pd.Timestamp | None = None


def placed(long: LongTable, given: str | None) -> Placed:
    """Bring the dates of a table to the frequency that is given, or to the one they have.

    Raises
    ------
    ValueError
        If the frequency is no pandas alias, or the dates are on no grid.
    """
    freq = named(given) if given else None
    if long.stamps.counted:
        return _counted(long, freq)
    days = _days(long)
    if days[-1].year - days[0].year > frequency.YEARS:
        raise ValueError(
            f"column {long.date!r}: {shown(days[0])} and {shown(days[-1])} are more than "
            f"{frequency.YEARS} years apart: one of them cannot be right"
        )
    found, notes = freq or infer_frequency(days), long.stamps.notes
    if long.stamps.fixed is not None and (found is None or kind(found) == "h"):
        zone, fixed = long.stamps.zone, replace(long, stamps=Stamps(long.stamps.fixed))
        if other := freq or infer_frequency(_days(fixed)):
            found, long, days = other, fixed, _days(fixed)
            what = "so that no hour is there twice or missing where the clocks are changed"
            notes = (*notes, f"times are those of {zone}, {what}")
    if found and on_grid(days, found) and (freq or not _sparse(long, days, found)):
        return Placed(long, found, notes)
    place = days.get_indexer(long.dates)
    series = [np.unique(place[codes]) for codes in long.rows.stamps()]
    moved = _wandering(days, series, freq)
    if found is None and moved is None:
        raise ValueError(_irregular(long, days))
    if moved is None and freq is None:
        return Placed(long, str(found), notes)
    freq, shift = moved or (str(freq), pd.Timedelta(0))
    labels = labelled(days + shift, freq, days[0])
    onto = pd.Series(labels, days)
    notes = (*notes, *_moved(days, labels, freq))
    now = replace(long, stamps=Stamps(pd.DatetimeIndex(onto[long.dates])))
    if moved or all(labels[each].is_unique for each in series):
        return Placed(now, freq, notes)
    first, last, said = _covered(long.dates[long.rows.sold()].unique().sort_values(), freq, onto)
    return Placed(now, freq, (*notes, *said), first, last)


def labelled(index: pd.DatetimeIndex, freq: str, origin: pd.Timestamp) -> pd.DatetimeIndex:
    """Return the date of the grid for each stamp: that of the period which it is in.

    Periods of several weeks, months or days are counted from the one that `origin` is in.

    Raises
    ------
    ValueError
        If a day is none of the frequency's.
    """
    each = offset(freq)
    if isinstance(each, (pd.offsets.BDay, pd.offsets.CDay)):
        days = index.normalize()
        open_days = days.isin(frequency.dates(freq, days.min(), days.max()))
        if not open_days.all():
            day = index[~open_days][0]
            raise ValueError(
                f"{shown(day)} is a {day.day_name()}, which is not on the grid of {freq}: "
                "D has all days"
            )
        return days
    if isinstance(each, (pd.offsets.Tick, pd.offsets.Day)):
        apart = step(freq)
        whole = not DAY % apart or apart == DAY
        start = index.normalize() if whole else origin.normalize()
        return index - (index - start) % apart
    ends = "End" in type(each).__name__ or isinstance(each, pd.offsets.Week)
    if kind(freq) == "SM":
        days, codes = np.unique(index.normalize(), return_inverse=True)
        roll = each.base.rollforward if ends else each.base.rollback
        return pd.DatetimeIndex([roll(pd.Timestamp(day)) for day in days])[codes]
    periods = frequency.periods_of(index, freq)
    first = frequency.periods_of(pd.DatetimeIndex([origin]), freq)[0].ordinal
    numbers = (periods.asi8 - first) // each.n * each.n + first + ends * (each.n - 1)
    own, codes = np.unique(numbers, return_inverse=True)
    starts = pd.PeriodIndex.from_ordinals(own, freq=periods.freq).start_time
    return pd.DatetimeIndex([each.base.rollforward(start) for start in starts])[codes]


def _days(long: LongTable) -> pd.DatetimeIndex:
    return long.dates.unique().sort_values()


def _counted(long: LongTable, freq: str | None) -> Placed:
    """Take whole numbers for so many periods from 1970 on."""
    numbers = (long.dates - pd.Timestamp(0)) // DAY
    grid = frequency.dates(freq or "D", "1970-01-01", periods=int(numbers.max()) + 1)
    first = numbers.min()
    what = f"{first} is {shown(grid[first])}; --freq names the period, --season its season"
    note = f"column {long.date!r} has whole numbers, taken for a count of periods: {what}"
    return Placed(replace(long, stamps=Stamps(grid[numbers], counted=True)), freq or "D", (note,))


def _sparse(long: LongTable, days: pd.DatetimeIndex, freq: str) -> bool:
    """Whether the dates, or those of a series, are far more apart than the grid that has them."""
    each = np.unique(days.get_indexer(long.dates[long.rows.first_stamps()]))
    most = max(_spacing(days, [own]) for own in (np.arange(len(days)), each))
    return most > 2 * (step(freq) or DAY * 3 * SPACINGS.get(kind(freq), (1, 1))[1]) / DAY


def _spacing(days: pd.DatetimeIndex, series: Iterable[npt.NDArray[np.intp]]) -> float:
    """Return the median of the days between two dates of a series; 0 if none has two."""
    values = days.to_numpy()
    apart = np.concatenate([np.diff(values[each]) / np.timedelta64(1, "D") for each in series])
    return float(np.median(apart)) if len(apart) else 0.0


def _wandering(
    days: pd.DatetimeIndex, series: Sequence[npt.NDArray[np.intp]], given: str | None
) -> tuple[str, pd.Timedelta] | None:
    """Return the frequency of dates that wander around it, and by how much they are to be moved.

    None if no move gives each date of a series, of which there are the places in `days`, a period
    of its own. Of several moves the one that leaves the fewest periods without a date.
    """
    apart = _spacing(days, series)
    units = [
        unit
        for unit, (least, most) in SPACINGS.items()
        if least * (1 - SLACK) <= apart <= most * (1 + SLACK)
    ]
    if not units or (given and (kind(given) != units[0] or offset(given).n > 1)):
        return None
    found = []
    for freq, shift in _moves(units[0], given, days):
        try:
            labels = labelled(days + shift, freq, days[0])
        except ValueError:  # none of its days
            continue
        numbers = frequency.dates(freq, labels[0], labels[-1]).get_indexer(labels)
        steps = np.concatenate([np.diff(numbers[each]) for each in series])
        if (steps > 0).all() and (gaps := (steps - 1).sum()) <= len(steps):
            found.append((gaps, (freq, shift)))
    return min(found, key=itemgetter(0))[1] if found else None


def _moves(unit: str, given: str | None, days: pd.DatetimeIndex) -> list[tuple[str, pd.Timedelta]]:
    """Return frequencies of a unit with what dates may be moved by, the likeliest first."""
    none = pd.Timedelta(0)
    if unit in ("h", "D"):
        return [(given or unit, none), (given or unit, pd.Timedelta("30min"))][: 1 + (unit == "h")]
    if unit == "W":
        usual = days.day_name().value_counts().index[0][:3].upper()
        return [(given or "W-SUN", none), (given or f"W-{usual}", -3 * DAY)]
    into = {"M": days.day / 31, "Q": (days.month - 1) % 3 / 3, "Y": days.day_of_year / 366}[unit]
    ends = np.mean(into > 0.5) > 0.5  # whether most dates are of the end of their period
    found = []
    for shift in sorted(range(-MOVED, MOVED + 1), key=lambda by: (abs(by), (by > 0) == ends)):
        end = shift < 0 or (shift == 0 and ends)
        found.append((given or f"{unit}{'E' if end else 'S'}", shift * DAY))
    return [(frequency.named(freq), shift) for freq, shift in found]


def _moved(days: pd.DatetimeIndex, labels: pd.DatetimeIndex, freq: str) -> tuple[str, ...]:
    """Say which stamps were moved."""
    away = days != labels
    if not away.any():
        return ()
    first = away.argmax()
    return (
        f"{away.sum():,} of {len(days):,} different dates are taken for the period of {freq} that "
        f"they are in, as {shown(days[first])} for {shown(labels[first])}",
    )


def _covered(
    stamps: pd.DatetimeIndex, freq: str, onto: pd.Series
) -> tuple[pd.Timestamp, pd.Timestamp, list[str]]:
    """Return the first and the last date of the grid that the stamps with sales cover.

    Days count as covered from first to last, weekdays on which there never are sales aside; the
    first or last of them does not if its rows begin later or end earlier than on all other days.
    """
    origin = onto.index[0]
    ends = [stamps[0], stamps[-1]]
    if kind(freq) == "h":
        fine = infer_frequency(stamps)
        apart = step(fine) if fine else None
        beyond = [ends[0] - apart, ends[1] + apart] if apart else ends
    else:
        days = stamps.normalize().unique()
        if (stamps != stamps.normalize()).any() and len(days) > OTHERS:
            times = pd.Series(stamps - stamps.normalize()).groupby(stamps.normalize())
            begin, end = times.min(), times.max()
            if begin.iloc[0] > begin.iloc[1:].max():
                ends[0] += DAY
            if end.iloc[-1] < end.iloc[:-1].min():
                ends[1] -= DAY
        ends = [end.normalize() for end in ends]
        beyond = _neighbours(ends, days)
    own = labelled(pd.DatetimeIndex([*ends, *beyond]), freq, origin)
    labels = pd.DatetimeIndex(onto[stamps]).unique()
    first, last, notes = own[0], own[1], []
    if own[0] == own[2]:
        first = labels[labels > own[0]].min()
    if own[1] == own[3]:
        last = labels[labels < own[1]].max()
    for which, label, at, what in (
        ("first", labels[0], stamps[0], "begin"),
        ("last", labels[-1], stamps[-1], "end"),
    ):
        if label < first or label > last:
            why = f"the rows {what} within it, {shown(at)}"
            notes.append(f"the {which} period of {freq}, {shown(label)}, is left out: {why}")
    if pd.isna(first) or pd.isna(last) or first > last:
        raise ValueError(f"no period of {freq} is covered by the rows: {'; '.join(notes)}")
    return first, last, notes


def _neighbours(ends: list[pd.Timestamp], days: pd.DatetimeIndex) -> list[pd.Timestamp]:
    """Return the dates before the first and after the last day on which there might be sales."""
    fine = infer_frequency(days)
    if fine and kind(fine) in ("M", "Q", "Y", "SM"):
        return [ends[0] - offset(fine), ends[1] + offset(fine)]
    week = set(days.day_of_week)
    found = []
    for end, way in zip(ends, (-DAY, DAY), strict=True):
        day = end + way
        while day.day_of_week not in week:
            day += way
        found.append(day)
    return found


def _irregular(long: LongTable, days: pd.DatetimeIndex) -> str:
    """Return what to say of dates on no grid."""
    start = f"column {long.date!r}: the dates are on no regular grid"
    if (days != days.normalize()).any():
        return (
            f"{start}: they have a time of day, as {shown(days[0])}; bring them to days, hours or "
            "weeks with --freq D|h|W-SUN, and add up what is of one with --duplicates sum"
        )
    return (
        f"{start} (hours, days, weeks, months, quarters or years); bring them to one with --freq, "
        "as W-SUN or MS, and add up what is of one period with --duplicates sum"
    )
