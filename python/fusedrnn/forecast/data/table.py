"""From a file or a frame of any size to series after series: date, sales and covariates."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from ..._files import text
from ...checks import near
from ..settings import TableOptions
from .dates import Dates, Stamps, spelled
from .files import Source, opened
from .frames import Frame, as_frame
from .numerals import Numerals
from .rows import Rows

ID_NAMES = ("unique_id", "series_id")
DATE_NAMES = ("ds", "date", "unnamed: 0", "__index_level_0__")
"""The last two are what an index of pandas without a name is called in CSV and Parquet."""
TARGET_NAMES = ("y", "sales")
AT_ONCE = 200_000
"""Values that are read at once."""
MOST = 100
"""Categories of a covariate; a column with more of them names rows rather than kinds."""


@dataclass(frozen=True)
class LongTable:
    """Checked rows on disk."""

    rows: Rows
    stamps: Stamps
    """The date of each code."""
    date: str
    """Name of the column of dates."""
    known: tuple[str, ...]
    """Covariates known in advance."""
    past: tuple[str, ...]
    """Covariates known only afterwards."""
    static: tuple[str, ...]
    """Columns that hold for a whole series; all are categories."""
    categories: Mapping[str, tuple[str, ...]]
    """Of covariates that are categories, those that there are; the rows have their places here."""
    spelled: Mapping[str, str] = field(default_factory=dict)
    """By column, the date format or decimal point that was found."""

    @property
    def dates(self) -> pd.DatetimeIndex:
        """The date of each code, as the shop's clock shows it."""
        return self.stamps.clock

    def indicators(self, covariates: Sequence[str]) -> list[str]:
        """Return the names of covariates with those of 0 and 1 for each category."""
        names: list[str] = []
        for name in covariates:
            kinds = self.categories.get(name)
            names += [name] if kinds is None else [f"{name}={kind}" for kind in kinds]
        return names

    def groups(self) -> Iterator[tuple[str, pd.DataFrame]]:
        """Yield the name of each series and its rows by ``ds``: ``y`` and covariates, float64."""
        for name, values in self.rows.groups():
            index = self.dates[values[:, 0].astype(np.intp)].rename("ds")
            columns = {"y": values[:, 1]}
            covariates = (*self.known, *self.past, *self.static)
            for covariate, column in zip(covariates, values.T[2:], strict=True):
                kinds = self.categories.get(covariate)
                own = [column] if kinds is None else [column == k for k in range(len(kinds))]
                names = self.indicators([covariate])
                columns |= {n: c.astype(np.float64) for n, c in zip(names, own, strict=True)}
            yield name, pd.DataFrame(columns, index).sort_index(kind="stable")


def to_long(
    table: Any,
    options: TableOptions,
    known_categories: Mapping[str, Sequence[str]] | None = None,
    before: Mapping[str, str] | None = None,
) -> LongTable:
    """Pick and check the columns of a table of sales.

    Parameters
    ----------
    table : DataFrame or path
        One row a date (and series); with `TableOptions.wide`, one row a date and one column a
        series. A file is read in pieces, see `files.opened`; other frames than those of pandas and
        series see in `frames.as_frame`.
    options : TableOptions
    known_categories : dict, optional
        The names that a column may have, in place of those that are found.
    before : dict, optional
        `LongTable.spelled` of a table that was read before: it decides what could be read in two
        ways.

    Raises
    ------
    ValueError
        If the file is empty or no table, a column is missing or not numeric or not a date.
    OSError
        If the file is not there or cannot be read.
    """
    if isinstance(table, (str, bytes, os.PathLike)):
        source: Any = opened(text(table), options)
    elif (frame := as_frame(table, options)) is not None:
        source = nullcontext(Frame(frame))
    else:
        raise TypeError(f"frame is {type(table).__name__}, expected a pandas DataFrame or a path")
    with source as rows:
        return _read(rows, options, known_categories or {}, before or {})


def _read(
    source: Source,
    options: TableOptions,
    fixed: Mapping[str, Sequence[str]],
    before: Mapping[str, str],
) -> LongTable:
    """Read the columns of an opened table, piece after piece."""
    names = source.names
    _say_both(names, options)
    days = _columns(names, options.date, DATE_NAMES, "date")
    covariates = (*options.covariates, *options.static)
    categories = (*options.categories, *options.static)
    ids: list[Any] = []
    sales: dict[str, Any] = {}
    if options.wide:
        sales = {_bare(name): name for name in names if name not in days}
        for name in names:
            _once(names, name)
    else:
        sales = {"sales": _target(names, days, options.target)}
        if options.id is not None or any(_bare(name).lower() in ID_NAMES for name in names):
            ids = _columns(names, options.id, ID_NAMES, "id")
    others = {name: _column(names, name, (), "covariate") for name in covariates}
    columns = list(dict.fromkeys([*ids, *days, *sales.values(), *others.values()]))
    size = max(1, AT_ONCE // len(names))
    texts = [*days, *(others[name] for name in categories)]
    rows = Rows(len(covariates))
    dates = Dates(",".join(map(_bare, days)), source.place, before)
    numerals = Numerals(options, source.place, before)
    called = dict.fromkeys(sales.values(), _bare(next(iter(sales.values()), "")))  # wide: all alike
    called |= {others[name]: _bare(name) for name in covariates if name not in categories}
    _learn(source, numerals, called, size)
    texts += [column for column, name in called.items() if numerals.point_of(name) != "."]
    kinds = {n: {kind: i for i, kind in enumerate(fixed.get(n, ()))} for n in categories}
    empty = True
    for piece in source.pieces(columns, size, texts, ids):
        empty = empty and piece.empty
        codes = dates.add(spelled(piece[days]))
        values = [
            _places(piece[column], kinds[name], name in fixed)
            if name in kinds
            else numerals.read(piece[column], called[column], sales=False)
            for name, column in others.items()
        ]
        for name, column in sales.items():
            series = _names(piece[ids], source.place) if ids else [name] * len(piece)
            own = [numerals.read(piece[column], called[column]), *values]
            rows.add(zip(series, codes.tolist(), *(v.tolist() for v in own), strict=True))
    if empty:
        raise ValueError("the table has no rows")
    stamps = dates.read(options.date_format, options.language)
    return LongTable(
        rows=rows,
        stamps=replace(stamps, notes=(*source.notes, *numerals.notes, *stamps.notes)),
        date=dates.name,
        known=options.future_covariates,
        past=options.past_covariates,
        static=options.static,
        categories={name: tuple(own) for name, own in kinds.items()},
        spelled=numerals.points | dates.formats,
    )


def _learn(source: Source, numerals: Numerals, called: Mapping[Any, str], size: int) -> None:
    """Find the decimal points of columns, which are called so in `Numerals`."""
    left = list(called)
    for piece in source.pieces(left, size, left, ()):
        left = [column for column in left if not numerals.learn(piece[column], called[column])]
        if not left:
            break
    numerals.settle()


def _bare(name: Any) -> str:
    """Return the name of a column without blanks around it."""
    return str(name).strip()


def _say_both(names: Sequence[Any], options: TableOptions) -> None:
    """Raise `ValueError` if neither dates nor sales are named nor have a usual name."""
    told = options.date is not None or options.target is not None or options.wide
    usual = {*DATE_NAMES, *TARGET_NAMES}
    if not told and len(names) > 1 and usual.isdisjoint(_bare(name).lower() for name in names):
        have = ", ".join(map(_bare, names))
        raise ValueError(
            "no columns ds or date of dates and y or sales of sales: say which they are with "
            f"--date COLUMN --target COLUMN; the table has: {have}"
        )


def _once(names: Sequence[Any], name: Any) -> None:
    """Raise `ValueError` if a name is there more than once."""
    if [_bare(each) for each in names].count(_bare(name)) > 1:
        raise ValueError(f"column {_bare(name)!r} is there more than once")


def _column(names: Sequence[Any], name: str | None, usual: Sequence[str], role: str) -> Any:
    """Return the column that is named, or the one that bears a usual name."""
    if name is not None:
        wanted = [n for n in names if n == name] or [n for n in names if _bare(n) == _bare(name)]
    else:
        wanted = [n for n in names if _bare(n).lower() in usual]
        wanted.sort(key=lambda n: usual.index(_bare(n).lower()))
    if not wanted:
        have = ", ".join(map(_bare, names))
        what = f" {name!r}" if name is not None else f" {' or '.join(usual[:2])} (see --{role})"
        rest = near(name, map(_bare, names)) if isinstance(name, str) else ""
        if len(names) == 1:
            rest += "; is there a title above the names of the columns? Delete it"
        raise ValueError(f"no {role} column{what}; the table has: {have}{rest}")
    _once(names, wanted[0])
    if len(wanted) > 1 and _bare(wanted[1]).lower() in usual[:2]:
        both = " and ".join(repr(_bare(n)) for n in wanted[:2])
        raise ValueError(f"columns {both} may both be the {role}: say which with --{role}")
    return wanted[0]


def _target(names: Sequence[Any], days: Sequence[Any], name: str | None) -> Any:
    """Return the column of sales; one of the date may bear a usual name of theirs."""
    others = [each for each in names if name is not None or each not in days]
    return _column(others, name, TARGET_NAMES, "target")


def _columns(names: Sequence[Any], name: str | None, usual: Sequence[str], role: str) -> list[Any]:
    """Return the columns that are named together, with commas between, or the usual one."""
    parts = [name] if name is None or name in names else [p.strip() for p in str(name).split(",")]
    return [_column(names, part, usual, role) for part in parts]


def _names(columns: pd.DataFrame, place: Callable[[Any], str]) -> list[str]:
    """Return the names of series as text, of several columns with a slash between."""
    for name, column in columns.items():
        if column.isna().any():
            raise ValueError(
                f"column {name!r}: no name of a series in {place(column.isna().idxmax())}"
            )
    texts = (column.astype(str).str.strip() for _, column in columns.items())
    return ["/".join(row) for row in zip(*texts, strict=True)]


def _places(column: pd.Series, kinds: dict[str, int], fixed: bool) -> np.ndarray:
    """Return the places of a column's names in `kinds`, to which new ones are added; -1 for none.

    Raises
    ------
    ValueError
        If there are too many, or with `fixed` a new one.
    """
    codes, values = pd.factorize(column)
    places = [-1]  # of what is missing: the last
    for value in values:
        name = re.sub(r"^(-?\d+)\.0$", r"\1", str(value).strip())  # once a number with gaps
        if name and name not in kinds:
            if fixed:
                have = ", ".join(kinds)
                raise ValueError(f"column {column.name!r}: {name!r}, expected one of: {have}")
            kinds[name] = len(kinds)
        places.insert(-1, kinds.get(name, -1))
    if len(kinds) > MOST:
        raise ValueError(
            f"column {column.name!r} has more than {MOST} different values, too many for categories"
        )
    found: np.ndarray = np.array(places)[codes]
    return found
