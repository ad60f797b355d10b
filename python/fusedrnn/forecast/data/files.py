"""Files with a table in them: CSV (also packed, also piped), Parquet, workbooks. In pieces."""

from __future__ import annotations

import codecs
import csv
import errno
import os
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any, Protocol
from zipfile import ZipFile

import pandas as pd
from pandas.io.common import get_handle

from ... import _files
from ..needs import READERS, check_installed
from ..settings import TableOptions
from .numerals import NONE

LONGEST_LINE = 1 << 20
"""Characters of a line."""
ALWAYS, RATIO = 256 << 20, 250
"""Characters of a table: so many, or so many times the bytes of its file. Sales are packed to a
tenth or a fiftieth; what inflates to more is made to fill memory and disk."""
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
"""Encodings by what a file begins with."""
WESTERN = "cp1252"
"""Latin-1 as Windows writes it: what a file is taken for that is not UTF-8."""
WORKBOOKS = (".xlsx", ".xlsm", ".ods")
MAGIC = {b"PAR1": ".parquet", b"\x1f\x8b": ".csv.gz", b"BZh": ".csv.bz2", b"\xfd7zXZ": ".csv.xz"}
"""Ending of a file without a name, by its first bytes."""


class Source(Protocol):
    """A table that is read in pieces."""

    names: list[Any]
    """Of the columns."""
    notes: tuple[str, ...]
    """What was assumed."""

    def pieces(
        self, columns: Sequence[Any], size: int, texts: Sequence[Any], names: Sequence[Any]
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows, `size` at a time; `texts` and `names` as they are written.

        Of the latter "NA" and the like are names too.
        """

    def place(self, row: Any) -> str:
        """Say where the row with this index is, as who looks at the table counts."""


@contextmanager
def opened(path: str | Path, options: TableOptions) -> Iterator[Source]:
    """Open a file by its ending, or what comes through a pipe by its first bytes.

    Raises
    ------
    ValueError
        If it is no table; the message names it.
    OSError
        If it is not there or cannot be read.
    """
    with ExitStack() as stack:
        piped = _files.is_pipe(path)
        file = stack.enter_context(_piped(path)) if piped else Path(_files.source(path))
        name, kind = str(path), file.suffix.lower()
        check_installed(file=file, name=name)
        if kind in (".parquet", ".pq"):
            yield Parquet(file, name)
        elif kind in WORKBOOKS:
            yield Workbook(file, options, name)
        elif kind == ".xls":
            raise ValueError(
                f"{name}: workbooks of Excel before 2007 are not read: save it as xlsx"
            )
        else:
            yield Csv(file, options, name)


@contextmanager
def _piped(path: str | Path) -> Iterator[Path]:
    """Keep what comes through a pipe in a file as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="fusedrnn-") as folder:
        file = Path(folder) / "piped"
        with file.open("wb") as target:
            if str(path) == "-":
                shutil.copyfileobj(sys.stdin.buffer, target)
            else:
                with open(path, "rb") as pipe:
                    shutil.copyfileobj(pipe, target)
        with file.open("rb") as start:
            head = start.read(4)
        kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), ".csv")
        if head.startswith(b"PK"):
            with told(str(path), "CSV"), ZipFile(file) as archive:
                names = archive.namelist()
            sheets = ".xlsx" if "[Content_Types].xml" in names else ".csv.zip"
            kind = ".ods" if "content.xml" in names else sheets
        yield file.rename(f"{file}{kind}")


class Parquet:
    """A Parquet file."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        with self._file() as file:
            self.names = list(file.schema_arrow.names)

    def pieces(
        self, columns: Sequence[Any], size: int, texts: Sequence[Any], names: Sequence[Any]
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows, `size` at a time."""
        first = 0
        with self._file() as file:
            for batch in file.iter_batches(size, columns=list(columns)):
                piece = batch.to_pandas(ignore_metadata=True)  # which may make a column the index
                piece.index += first
                first += len(piece)
                yield piece

    def place(self, row: Any) -> str:
        """Say which row it is, from 0."""
        return f"row {row}"

    @contextmanager
    def _file(self) -> Iterator[Any]:
        from pyarrow.parquet import ParquetFile

        with told(self.name, "Parquet"), ParquetFile(self.path) as file:
            _check_size(self.path, file.metadata.num_rows)
            yield file


class Workbook:
    """A sheet of an Excel or OpenDocument workbook; its first row with content names columns."""

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, options: TableOptions, name: str) -> None:
        with told(name, path.suffix), ZipFile(path) as archive:
            _check_size(path, sum(entry.file_size for entry in archive.infolist()))
        with told(name, path.suffix):
            sheets = pd.read_excel(
                path,
                sheet_name=None,
                engine=READERS[path.suffix.lower()],
                header=None,
                dtype=object,
                keep_default_na=False,
                na_values=[""],
            )
        sheets = {
            str(name): cells.dropna(how="all").dropna(how="all", axis=1)
            for name, cells in sheets.items()
        }
        full = [name for name, cells in sheets.items() if len(cells)]
        cells = sheets[_chosen(name, "sheet", full, options.sheet)]
        self.names = [
            "" if pd.isna(name) else name if isinstance(name, str) else str(name)
            for name in cells.iloc[0]
        ]
        self._rows = cells.iloc[1:].set_axis(range(cells.shape[1]), axis=1)

    def pieces(
        self, columns: Sequence[Any], size: int, texts: Sequence[Any], names: Sequence[Any]
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows, `size` at a time."""
        places = [self.names.index(column) for column in columns]
        rows = self._rows.iloc[:, places].set_axis(list(columns), axis=1)
        for first in range(0, len(rows), size):
            yield rows.iloc[first : first + size]

    def place(self, row: Any) -> str:
        """Say which row it is, as the sheet numbers them."""
        return f"row {row + 1}"


class Csv:
    """A CSV file, which may be packed: gzip, bzip2, xz, zstandard, tar, or a zip of one file."""

    def __init__(self, path: Path, options: TableOptions, name: str) -> None:
        self.path, self.options, self.name = path, options, name
        self.encoding, self.notes = self._encoding()
        whole: dict[str, Any] = {"header": None, "dtype": str, "nrows": 1}
        with self._text() as text:
            line = pd.read_csv(text, sep="\x01", quoting=csv.QUOTE_NONE, **whole)
        self.separator = max(",;\t|", key=str(line.iat[0, 0]).count)
        with self._text() as text:
            self.read = list(pd.read_csv(text, sep=self.separator, nrows=0).columns)
        with self._text() as text:
            rows = pd.read_csv(text, sep=self.separator, keep_default_na=False, **whole)
        # What is there twice pandas calls "a" and "a.1".
        written = [*rows.iloc[0]]
        times = Counter(written)
        self.names = [
            w if w and times[w] > 1 else n for n, w in zip(self.read, written, strict=True)
        ]

    def pieces(
        self, columns: Sequence[Any], size: int, texts: Sequence[Any], names: Sequence[Any]
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows, `size` at a time; `texts` and `names` as they are written."""
        unused = set(self.read) - set(columns)  # read too: with `usecols` values drop unseen
        as_texts = [*texts, *names, *unused]
        with self._text() as text:
            pieces = pd.read_csv(
                text,
                sep=self.separator,
                index_col=False,
                dtype=dict.fromkeys(as_texts, str),
                keep_default_na=False,
                na_values={column: [""] if column in names else NONE for column in columns},
                chunksize=size,
            )
            while True:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", pd.errors.ParserWarning)
                    piece = next(pieces, None)
                if piece is None:
                    return
                yield piece[list(columns)]

    def place(self, row: Any) -> str:
        """Say which line it is, as an editor counts them: the header is the first."""
        place = -1  # of the header
        with self._bytes() as file, TextIOWrapper(file, self.encoding, newline="") as text:
            lines = csv.reader(text, delimiter=self.separator)
            before = 0
            for record in lines:
                if len(record) > 1 or (record and record[0].strip()):  # pandas skips empty lines
                    if place == row:
                        break
                    place += 1
                before = lines.line_num
        return f"line {before + 1}"

    def _encoding(self) -> tuple[str, tuple[str, ...]]:
        """Return the encoding that is named, or the one that the bytes are in, and a note of it."""
        if self.options.encoding:
            return self.options.encoding, ()
        with told(self.name, "CSV"), self._bytes() as file:
            head = file.read(1000)
            for mark, encoding in MARKS.items():
                if head.startswith(mark):
                    return encoding, ()
            if b"\0" in head:  # every other byte of UTF-16 without a mark
                at = [head[side::2].count(0) for side in (0, 1)]
                if max(at) < len(head) // 4:
                    raise ValueError("it has bytes that no text has")
                encoding = "utf-16-le" if at[1] > at[0] else "utf-16-be"
                return encoding, (f"the file is read as {encoding.upper()}",)
            decoder, size = codecs.getincrementaldecoder("utf-8")(), len(head)
            try:
                while head:
                    decoder.decode(head)
                    head = file.read(1 << 20)
                    size += len(head)
                    _check_size(self.path, size)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                note = (
                    "the file is not UTF-8 and is read as Windows-1252 (--encoding names another)"
                )
                return WESTERN, (note,)
        return "utf-8", ()

    @contextmanager
    def _bytes(self) -> Iterator[IO[bytes]]:
        with ExitStack() as stack:
            if self.path.suffix.lower() == ".zip":  # pandas would read all of it at once
                archive = stack.enter_context(ZipFile(self.path))
                names = [
                    name
                    for name in archive.namelist()
                    if not name.endswith("/")
                    and not name.startswith("__MACOSX/")  # what a Mac adds
                    and not Path(name).name.startswith(".")
                ]
                name = _chosen(self.name, "file", names, self.options.sheet)
                yield stack.enter_context(archive.open(name))
            else:
                handles = get_handle(self.path, "rb", compression="infer", is_text=False)
                yield stack.enter_context(handles).handle

    @contextmanager
    def _text(self) -> Iterator[_Text]:
        with told(self.name, "CSV"), self._bytes() as file:
            try:
                text = TextIOWrapper(file, self.encoding, newline="")
            except LookupError as error:
                raise ValueError(f"encoding is {self.encoding!r}: {error}") from None
            with text:
                yield _Text(text, self.path)


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


def _chosen(path: str, kind: str, names: Sequence[str], given: str | None) -> str:
    """Return the sheet or file that is named, or the only one."""
    if given is None and len(names) == 1:
        return names[0]
    if given in names:
        return str(given)
    have = ", ".join(names) or "none"
    raise ValueError(f"{path}: expected one {kind}, named by --sheet if there are more: {have}")


def _check_size(path: Path, size: int) -> None:
    """Raise `ValueError` if a file holds more than a table can."""
    if size > max(ALWAYS, RATIO * os.path.getsize(path)):
        raise ValueError("it inflates to more than a table of its size holds")


@contextmanager
def told(path: str, kind: str) -> Iterator[None]:
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
            raise OSError(error.errno, error.strerror, path) from error  # of the disk
        reason = str(error).strip() or type(error).__name__
        raise ValueError(f"{path}: not a {kind} table: {reason}") from error
