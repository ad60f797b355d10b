"""Checked rows of a table on disk, in any order, and back, one series after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from .._types import FloatArray
from .database import Database


class Rows(Database):
    """Rows of series, code of the date, sales and covariates, in a temporary file.

    Parameters
    ----------
    covariates : int
        How many there are.
    """

    def __init__(self, covariates: int) -> None:
        super().__init__()
        columns = "".join(f", c{i} REAL" for i in range(covariates))
        self._places = ", ".join(["?"] * (3 + covariates))
        with self._told():
            self._connection.execute(
                f"CREATE TABLE sales (series TEXT, date INTEGER, y REAL{columns})"
            )

    def add(self, rows: Iterable[tuple[object, ...]]) -> None:
        """Keep rows: name of the series, code of the date, sales, covariates."""
        with self._told():
            self._connection.execute("BEGIN")
            self._connection.executemany(f"INSERT INTO sales VALUES ({self._places})", rows)
            self._connection.execute("COMMIT")

    def groups(self) -> Iterator[tuple[str, FloatArray]]:
        """Yield the name of each series and its rows without it, (n, 2 + covariates)."""
        with self._told():
            found = self._connection.execute("SELECT * FROM sales ORDER BY series")
            for name, rows in groupby(found, key=itemgetter(0)):
                yield name, np.array([row[1:] for row in rows], np.float64)

    def stamps(self, sold: bool = False) -> Iterator[tuple[str, npt.NDArray[np.intp]]]:
        """Yield each series' name and the codes of its dates, or of those with sales, each once."""
        only = " WHERE y IS NOT NULL" if sold else ""
        with self._told():
            select = f"SELECT DISTINCT series, date FROM sales{only} ORDER BY series"
            for name, rows in groupby(self._connection.execute(select), key=itemgetter(0)):
                yield name, np.array([date for _, date in rows], np.intp)

    def first_stamps(self) -> npt.NDArray[np.intp]:
        """Return the codes of the dates of one series, without sorting all rows for it."""
        first = "(SELECT series FROM sales LIMIT 1)"
        return self._codes(f"SELECT DISTINCT date FROM sales WHERE series = {first}")

    def sold(self, zeros: bool = True) -> npt.NDArray[np.intp]:
        """Return the codes of the dates on which some series has a value, or one but zero."""
        other = "" if zeros else " AND y <> 0"
        return self._codes(f"SELECT DISTINCT date FROM sales WHERE y IS NOT NULL{other}")

    def _codes(self, select: str) -> npt.NDArray[np.intp]:
        with self._told():
            return np.array([code for (code,) in self._connection.execute(select)], np.intp)
