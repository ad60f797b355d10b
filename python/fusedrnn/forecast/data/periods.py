"""Stamps brought to a grid: rows with a time of day to days, days to weeks, and dates that wander.

A stamp goes to the period that it is in. Where dates are as far apart as the grid's but not on it
(the 15th of each month, Mondays among Sundays), all may be moved by some days alike, so that each
has a period of its own. Where several rows of a series share a period they are to be added up, and
a series' first and last period are left out if its rows do not cover them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    spans: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]] = field(default_factory=dict)
    """First and last date of each series whose period its rows cover; of all if it is not here."""


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
    series = [np.unique(place[codes]) for _, codes in long.rows.stamps()]
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
    spans, said = _covered(long, freq, onto)
    return Placed(now, freq, (*notes, *said), spans)


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
    long: LongTable, freq: str, onto: pd.Series
) -> tuple[dict[str, tuple[pd.Timestamp, pd.Timestamp]], list[str]]:
    """Return the first and the last date of the grid that the rows of each series cover.

    Days count as covered from first to last, weekdays on which there never are sales aside; the
    table's first or last day does not if its rows begin later or end earlier than on all others.
    A series that covers no period keeps all of them.
    """
    every = long.dates[long.rows.sold()].unique().sort_values()
    names, stamps = [], []
    for name, codes in long.rows.stamps(sold=True):
        names.append(name)
        stamps.append(long.dates[codes])
    first = pd.DatetimeIndex([each.min() for each in stamps])
    last = pd.DatetimeIndex([each.max() for each in stamps])
    if kind(freq) == "h":
        fine = infer_frequency(every)
        before, after = first, last  # within the same period: nothing is known of its other part
        if fine:
            before, after = first - step(fine), last + step(fine)
    else:
        days = every.normalize().unique()
        cut = [days[0], days[-1]]
        if (every != every.normalize()).any() and len(days) > OTHERS:
            times = pd.Series(every - every.normalize()).groupby(every.normalize())
            begin, end = times.min(), times.max()
            cut[0] += DAY * int(begin.iloc[0] > begin.iloc[1:].max())
            cut[1] -= DAY * int(end.iloc[-1] < end.iloc[:-1].min())
        first = first.normalize().where(first >= cut[0], cut[0])
        last = last.normalize().where(last < cut[1] + DAY, cut[1])
        fine = infer_frequency(days)
        before, after = (
            _neighbours(each, way, fine, days) for each, way in ((first, -1), (last, 1))
        )
    grid = pd.DatetimeIndex(onto.unique())
    own = [labelled(each, freq, onto.index[0]) for each in (first, last, before, after)]
    begins = grid.searchsorted(own[0]) + (own[0] == own[2])
    ends = grid.searchsorted(own[1], "right") - 1 - (own[1] == own[3])
    if kind(freq) == "D":  # a day of a series is whole where one of the table is
        begins, ends = np.full_like(begins, begins.min()), np.full_like(ends, ends.max())
    none = begins > ends
    if none.all():
        span = f"{shown(every[0])} to {shown(every[-1])}"
        raise ValueError(f"no period of {freq} is covered by the rows, {span}")
    begins[none], ends[none] = 0, len(grid) - 1
    notes = []
    labels = [onto[each] for each in stamps]
    for which, word, out in (
        ("first", "begin", [each.min() < grid[b] for each, b in zip(labels, begins, strict=True)]),
        ("last", "end", [each.max() > grid[e] for each, e in zip(labels, ends, strict=True)]),
    ):
        if any(out):
            at = out.index(True)
            here = getattr(stamps[at], "min" if which == "first" else "max")()
            many = f" of {sum(out):,} series" if len(names) > 1 else ""
            like = f", as those of {names[at]!r}" if len(names) > 1 else ""
            notes.append(
                f"the {which} period of {freq}{many} is left out: the rows {word} within "
                f"it{like}, {shown(here)}"
            )
    spans = {n: (grid[b], grid[e]) for n, b, e in zip(names, begins, ends, strict=True)}
    return spans, notes


def _neighbours(
    at: pd.DatetimeIndex, way: int, fine: str | None, days: pd.DatetimeIndex
) -> pd.DatetimeIndex:
    """Return the dates before (-1) or after (1) on which there might be sales, too."""
    if fine and kind(fine) in ("M", "Q", "Y", "SM"):
        return pd.DatetimeIndex([day + way * offset(fine) for day in at])
    week = set(days.day_of_week)
    far = [next(k for k in range(1, 8) if (day + way * k) % 7 in week) for day in range(7)]
    return at + pd.to_timedelta([way * far[day] for day in at.day_of_week], "D")


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
