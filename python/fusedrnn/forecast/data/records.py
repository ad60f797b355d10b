"""Records on disk, each some named arrays and values under a key: in SQLite, no pickle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import numpy as np

from .database import Database

T = TypeVar("T")


TABLE = "CREATE TABLE records (key TEXT PRIMARY KEY, content BLOB)"


class Records(Database):
    """Named arrays, numbers and texts by key; errors are those of `Database`.

    Parameters
    ----------
    path, alone : optional
        See `Database`.
    new : bool
        Whether the file may be new or empty. False: one that is read, and has to be what this class
        writes and nothing that SQLite would run.
    """

    def __init__(self, path: str | Path = "", alone: bool = False, new: bool = True) -> None:
        super().__init__(path, alone)
        with self._told():
            if new:
                create = TABLE.replace("TABLE", "TABLE IF NOT EXISTS", 1)
                self._connection.execute(create)
            tables = self._connection.execute("SELECT sql FROM sqlite_master").fetchall()
        if set(tables) != {(TABLE,), (None,)}:  # the latter is the index of the keys
            raise OSError(f"{self.path}: is no file of records")

    def put(self, key: str, **values: Any) -> None:
        """Keep values; those that were under the key are gone."""
        content = _packed(values)
        with self._told():
            insert = "INSERT OR REPLACE INTO records VALUES (?, ?)"
            self._connection.execute(insert, (key, content))

    def clear(self) -> None:
        """Forget all records."""
        with self._told():
            self._connection.execute("DELETE FROM records")

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the values under a key, or None."""
        with self._told():
            select = "SELECT content FROM records WHERE key = ?"
            found = self._connection.execute(select, (key,)).fetchone()
        return None if found is None else self._unpacked(key, found[0])

    def count(self) -> int:
        """Return how many records there are."""
        with self._told():
            found = self._connection.execute("SELECT count(*) FROM records").fetchone()
        return int(found[0])

    def items(self, prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield keys that begin with `prefix`, and their values, in the order of the keys."""
        with self._told():
            select = "SELECT * FROM records WHERE key >= ? AND key < ? ORDER BY key"
            for key, content in self._connection.execute(select, (prefix, prefix + "\U0010ffff")):
                yield key, self._unpacked(key, content)

    def _unpacked(self, key: str, content: bytes) -> dict[str, Any]:
        try:
            return _unpacked(content)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            what = f"record {key} is damaged: {error}"
            raise OSError(f"{self.path or 'temporary file'}: {what}") from error

    def __contains__(self, key: str) -> bool:
        with self._told():
            select = "SELECT 1 FROM records WHERE key = ?"
            return self._connection.execute(select, (key,)).fetchone() is not None


class Stored(Sequence[T], Generic[T]):
    """Objects on disk, each built from its record when it is asked for.

    Parameters
    ----------
    records : Records
    keys : sequence of str
    build : callable
        Takes the values of a record as keyword arguments.
    """

    def __init__(self, records: Records, keys: Sequence[str], build: Callable[..., T]) -> None:
        self.records, self.keys, self.build = records, keys, build

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return Stored(self.records, self.keys[place], self.build)
        values = self.records.get(self.keys[place])
        if values is None:
            raise OSError(f"{self.records.path}: there is no record {self.keys[place]}")
        return self.build(**values)

    def only(self, places: Sequence[int]) -> Stored[T]:
        """Return those at these places."""
        return Stored(self.records, [self.keys[place] for place in places], self.build)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process, or into a copy, as the objects themselves."""
        return list, (list(self),)


def _packed(values: dict[str, Any]) -> bytes:
    """Return a line of JSON, which has numbers and texts and says what arrays follow as bytes."""
    plain, arrays = {}, {}
    for name, value in values.items():
        array = np.asarray(value)
        if array.ndim:
            arrays[name] = array
        else:
            plain[name] = array.item()
    described = {name: [array.dtype.str, array.shape] for name, array in arrays.items()}
    head = json.dumps([plain, described]).encode()  # an .npz is 20 times slower to read
    return b"\n".join([head, b"".join(array.tobytes() for array in arrays.values())])


def _unpacked(content: bytes) -> dict[str, Any]:
    head, _, _ = content.partition(b"\n")
    values, described = json.loads(head)
    place = len(head) + 1
    for name, (dtype, shape) in described.items():
        count = int(np.prod(shape))
        array = np.frombuffer(content, dtype, count, place).reshape(shape)
        place += array.nbytes
        values[name] = array.copy()  # aligned, and one may write to it
    return cast("dict[str, Any]", values)
