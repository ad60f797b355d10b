"""An SQLite file that threads share: what `records` and `rows` lie in."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = 8192
"""KiB that SQLite keeps in memory."""


class Database:
    """An SQLite file; what lies in it is for a subclass to say.

    Parameters
    ----------
    path : str or Path
        A file that stays. Default: a temporary one that SQLite makes when memory is not enough and
        removes at the end; ``SQLITE_TMPDIR`` says in which folder.
    alone : bool
        Whether to keep other processes from opening the file.

    Raises
    ------
    OSError
        If the file is damaged or the disk is full, here and in every method.
    """

    def __init__(self, path: str | Path = "", alone: bool = False) -> None:
        self.path = str(path)
        self._lock = threading.RLock()  # joblib draws jobs from a thread of its own
        with self._told():
            self._connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False
            )
            # Not synchronous: what is written survives the death of the process, if not of the
            # machine.
            for pragma in (f"cache_size = -{CACHE}", "synchronous = OFF"):
                self._connection.execute(f"PRAGMA {pragma}")
            if alone:
                self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._connection.execute("BEGIN EXCLUSIVE")
                self._connection.execute("COMMIT")

    def close(self) -> None:
        """Write all of the file."""
        with self._told():
            self._connection.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Let one thread in; turn errors of the file into `OSError`."""
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            locked = "locked" in str(error)
            what = "another run of the same work is using it" if locked else error
            raise OSError(f"{self.path or 'temporary file'}: {what}") from None
