"""From a file or a frame of any size to series after series: date, sales and covariates."""

from __future__ import annotations

import csv
import errno
import os
import re
import warnings
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
from pandas.io.common import get_handle

from ... import _files
from ..settings import TableOptions
from .dates import Dates, spelled
from .rows import Rows

ID_NAMES = ("unique_id", "series_id")
DATE_NAMES = ("ds", "date", "unnamed: 0", "__index_level_0__")
"""The last two are what an index of pandas without a name is called in CSV and Parquet."""
TARGET_NAMES = ("y", "sales")
AT_ONCE = 200_000
"""Values that are read at once."""
LARGEST = 1e100
"""Squares of larger numbers overflow."""
NONE = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""What says that there is no value, as in pandas; of a series it may be the name."""
MOST = 100
"""Categories of a covariate; a column with more of them names rows rather than kinds."""


LONGEST_LINE = 1 << 20
"""Characters of a line."""
ALWAYS, RATIO = 256 << 20, 250
"""Characters of a table: so many, or so many times the bytes of its file. Sales are packed to a
tenth or a fiftieth; what inflates to more is made to fill memory and disk."""


@dataclass(frozen=True)
class LongTable:
    """Checked rows on disk."""

    rows: Rows
    dates: pd.DatetimeIndex
    """The date of each code."""
    date: str
    """Name of the column of dates."""
    known: tuple[str, ...]
    """Covariates known in advance."""
    past: tuple[str, ...]
    """Covariates known only afterwards."""
    categories: Mapping[str, tuple[str, ...]]
    """Of covariates that are categories, those that there are; the rows have their places here."""

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
            covariates = (*self.known, *self.past)
            for covariate, column in zip(covariates, values.T[2:], strict=True):
                kinds = self.categories.get(covariate)
                own = [column] if kinds is None else [column == k for k in range(len(kinds))]
                names = self.indicators([covariate])
                columns |= {n: c.astype(np.float64) for n, c in zip(names, own, strict=True)}
            yield name, pd.DataFrame(columns, index).sort_index(kind="stable")


def to_long(
    table: pd.DataFrame | str | bytes | os.PathLike[Any],
    options: TableOptions,
    known_categories: Mapping[str, Sequence[str]] | None = None,
) -> LongTable:
    """Pick and check the columns of a table of sales.

    Parameters
    ----------
    table : DataFrame or path
        One row a date (and series); with `TableOptions.wide`, one row a date and one column a
        series. A CSV (also compressed; the separator is found) or Parquet file is read in pieces.
    options : TableOptions
    known_categories : dict, optional
        The names that a column may have, in place of those that are found.

    Raises
    ------
    ValueError
        If the file is empty or no table, a column is missing or not numeric or not a date.
    OSError
        If the file is not there or cannot be read.
    """
    if not isinstance(table, (pd.DataFrame, str, bytes, os.PathLike)):
        raise TypeError(f"frame is {type(table).__name__}, expected a pandas DataFrame or a path")
    if not isinstance(table, pd.DataFrame):
        table = Path(_files.source(table))
    if isinstance(table, pd.DataFrame) and isinstance(
        table.index, (pd.DatetimeIndex, pd.PeriodIndex)
    ):
        if isinstance(table.index, pd.PeriodIndex):
            table = table.set_axis(table.index.to_timestamp())
        table = table.reset_index(names=table.index.name or "ds")
    names = list(table.columns) if isinstance(table, pd.DataFrame) else _header(table, options.wide)
    days = _columns(names, options.date, DATE_NAMES, "date")
    covariates, categories = options.covariates, options.categories
    ids: list[Any] = []
    if options.wide:
        columns = names
    else:
        target = _column(names, options.target, TARGET_NAMES, "target")
        if options.id is not None or any(str(name).lower() in ID_NAMES for name in names):
            ids = _columns(names, options.id, ID_NAMES, "id")
        kept = [_column(names, name, (), "covariate") for name in covariates]
        columns = list(dict.fromkeys([*ids, *days, target, *kept]))
    size = max(1, AT_ONCE // len(names))
    if isinstance(table, pd.DataFrame):
        pieces = (table[columns].iloc[i : i + size] for i in range(0, len(table), size))
    else:
        numbers = {"decimal": options.decimal, "thousands": options.thousands}
        pieces = _pieces(table, names, columns, size, [*days, *categories], ids, numbers)
    rows, dates = Rows(len(covariates)), Dates(",".join(map(str, days)))
    fixed = known_categories or {}
    kinds = {n: {kind: i for i, kind in enumerate(fixed.get(n, ()))} for n in categories}
    empty = True
    for piece in pieces:
        empty = empty and piece.empty
        codes = dates.add(spelled(piece[days]))
        if options.wide:
            parts = [
                (str(n), [_numbers(piece[n], options.decimal)]) for n in names if n not in days
            ]
        else:
            others = [
                _places(piece[n], kinds[n], n in fixed)
                if n in kinds
                else _numbers(piece[n], options.decimal, sales=False)
                for n in covariates
            ]
            parts = [("sales", [_numbers(piece[target], options.decimal), *others])]
        for name, values in parts:
            series = _names(piece[ids]) if ids else [name] * len(piece)
            rows.add(zip(series, codes.tolist(), *(v.tolist() for v in values), strict=True))
    if empty:
        raise ValueError("the table has no rows")
    return LongTable(
        rows=rows,
        dates=dates.read(options.date_format),
        date=dates.name,
        known=options.future_covariates,
        past=options.past_covariates,
        categories={name: tuple(own) for name, own in kinds.items()},
    )


def _header(path: Path, wide: bool) -> list[str]:
    """Return the names of a file's columns.

    One that is there twice pandas calls "a" and "a.1"; only of a `wide` table both are wanted.
    """
    if _is_parquet(path):
        with _parquet(path) as file:
            return list(file.schema_arrow.names)
    separator = _separator(path)
    with _text(path) as text:
        names = list(pd.read_csv(text, sep=separator, nrows=0).columns)
    if wide:
        return names
    whole = {"header": None, "nrows": 1, "dtype": str, "keep_default_na": False}
    with _text(path) as text:
        written = [*pd.read_csv(text, sep=separator, **whole).iloc[0]]
    times = Counter(written)
    return [w if w and times[w] > 1 else name for name, w in zip(names, written, strict=True)]


def _pieces(
    path: Path,
    header: Sequence[str],
    columns: Sequence[str],
    size: int,
    texts: Sequence[str],
    names: Sequence[str],
    numbers: dict[str, Any],
) -> Generator[pd.DataFrame, None, None]:
    """Yield a file's rows, `size` at a time; the columns `texts` and `names` as they are written.

    Of the latter "NA" and the like are names too.
    """
    if _is_parquet(path):
        first = 0
        with _parquet(path) as file:
            for batch in file.iter_batches(size, columns=list(columns)):
                piece = batch.to_pandas(ignore_metadata=True)  # which may make a column the index
                piece.index += first
                first += len(piece)
                yield piece
        return
    separator = _separator(path)
    unused = set(header) - set(columns)  # read too: with `usecols` pandas drops values unseen
    with _text(path) as text:
        pieces = pd.read_csv(
            text,
            sep=separator,
            index_col=False,
            dtype=dict.fromkeys([*texts, *names, *unused], str),
            keep_default_na=False,
            na_values={column: [""] if column in names else NONE for column in columns},
            chunksize=size,
            **numbers,
        )
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece[list(columns)]


def _is_parquet(path: Path) -> bool:
    return path.suffix in (".parquet", ".pq")


@contextmanager
def _parquet(path: Path) -> Iterator[Any]:
    """Open a Parquet file."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ValueError(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from None
    with _told(path, "Parquet"), ParquetFile(path) as file:
        _check_size(path, file.metadata.num_rows)
        yield file


@contextmanager
def _text(path: Path) -> Iterator[_Text]:
    """Open a CSV file, which may be compressed."""
    with _told(path, "CSV"), ExitStack() as stack:
        if path.suffix == ".zip":  # pandas would read all of it at once
            archive = stack.enter_context(ZipFile(path))
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise ValueError(f"the archive has {len(names)} files, expected one")
            inner = stack.enter_context(archive.open(names[0]))
            file: Any = stack.enter_context(TextIOWrapper(inner, "utf-8", newline=""))
        else:
            handles = get_handle(path, "r", compression="infer", encoding="utf-8")
            file = stack.enter_context(handles).handle
        yield _Text(file, path)


class _Text:
    """What pandas reads of a CSV file, neither lines nor the whole without end."""

    def __init__(self, file: Any, path: Path) -> None:
        self.file, self.path, self.whole, self.line = file, path, 0, 0

    def read(self, size: int = -1) -> str:
        text: str = self.file.read(LONGEST_LINE if size < 0 else min(size, LONGEST_LINE))
        last = max(text.rfind("\n"), text.rfind("\r"))
        self.line = len(text) - 1 - last if last >= 0 else self.line + len(text)
        if self.line > LONGEST_LINE:
            raise ValueError(f"a line has more than {LONGEST_LINE:,} characters")
        self.whole += len(text)
        _check_size(self.path, self.whole)
        return text


def _check_size(path: Path, size: int) -> None:
    """Raise `ValueError` if a file holds more than a table can."""
    if size > max(ALWAYS, RATIO * os.path.getsize(path)):
        raise ValueError("it inflates to more than a table of its size holds")


@contextmanager
def _told(path: Path, kind: str) -> Iterator[None]:
    """Turn a reader's errors, which are of any class, into `ValueError`."""
    try:
        yield
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: the file is empty, expected a header and rows") from None
    except pd.errors.ParserWarning:
        raise ValueError(
            f"{path}: not a {kind} table: a row has more values than the header has names; is "
            "there a comma in a number without quotes, or one at the end?"
        ) from None
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise OSError(error.errno, error.strerror, str(path)) from error  # of the disk
        reason = str(error).strip() or type(error).__name__
        raise ValueError(f"{path}: not a {kind} table: {reason}") from error


def _separator(path: Path) -> str:
    """Return what parts the columns of a CSV file: the likeliest character of its header."""
    whole = {"header": None, "quoting": csv.QUOTE_NONE, "dtype": str, "nrows": 1}
    with _text(path) as text:
        header = str(pd.read_csv(text, sep="\x01", **whole).iat[0, 0])
    return max(",;\t|", key=header.count)


def _column(names: Sequence[Any], name: str | None, usual: Sequence[str], role: str) -> Any:
    """Return the column that is named, or the one that bears a usual name."""
    wanted = [n for n in names if (n == name if name is not None else str(n).lower() in usual)]
    wanted.sort(key=lambda n: usual.index(str(n).lower()) if name is None else 0)
    if not wanted:
        have = ", ".join(map(str, names))
        what = f" {name!r}" if name is not None else f" {' or '.join(usual[:2])} (see --{role})"
        raise ValueError(f"no {role} column{what}; the table has: {have}")
    if list(names).count(wanted[0]) > 1:
        raise ValueError(f"column {wanted[0]!r} is there more than once")
    return wanted[0]


def _columns(names: Sequence[Any], name: str | None, usual: Sequence[str], role: str) -> list[Any]:
    """Return the columns that are named together, with commas between, or the usual one."""
    parts = [name] if name is None or name in names else [p.strip() for p in str(name).split(",")]
    return [_column(names, part, usual, role) for part in parts]


def _names(columns: pd.DataFrame) -> list[str]:
    """Return the names of series as text, of several columns with a slash between."""
    for name, column in columns.items():
        if column.isna().any():
            raise ValueError(
                f"column {name!r}: no name of a series in row {column.isna().idxmax()}"
            )
    return ["/".join(row) for row in zip(*(c.astype(str) for _, c in columns.items()), strict=True)]


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


def _numbers(column: pd.Series, decimal: str, sales: bool = True) -> np.ndarray:
    """Return a numeric column as float64; what is empty stays missing."""
    if sales and pd.api.types.is_bool_dtype(column):
        raise ValueError(f"column {column.name!r}: True and False, expected numbers")
    numbers = pd.to_numeric(column, errors="coerce").astype("float64")
    if decimal != "." and not pd.api.types.is_numeric_dtype(column):
        # The reader took "1.500" for no number; this function would, for one and a half.
        texts = np.array([isinstance(v, str) and "." in v for v in column], bool)
        numbers = numbers.mask(texts)
    bad = (numbers.isna() & column.notna()) | numbers.abs().gt(LARGEST)
    if bad.any():
        row, value = bad.idxmax(), column[bad.idxmax()]
        what = f"larger than {LARGEST:g}" if abs(numbers[row]) < np.inf else "not a finite number"
        if not sales and isinstance(value, str):
            what += "; say --categories if it names a category"
        hint = "; see --decimal, --thousands" if re.fullmatch(r"-?\d[\d.,' ]+", str(value)) else ""
        raise ValueError(f"column {column.name!r}: {str(value)!r} in row {row} is {what}{hint}")
    return np.asarray(numbers, np.float64)
