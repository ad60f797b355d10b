"""Numbers in the spellings that tables have: thousands, currencies, parentheses, nothing sold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from unicodedata import category

import numpy as np
import pandas as pd

from ..settings import TableOptions

LARGEST = 1e100
"""Squares of larger numbers overflow."""
NONE = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null"),
)
"""What says that there is no value, as in pandas; of a series it may be the name."""
MINUS = "\u2212"
DASHES = ("-", "\u2013", "\u2014", MINUS)
"""In place of a number they say that there is none."""
BLANKS = "[ \u00a0\u2007\u2009\u202f]"
"""Blanks, thin and not to be broken ones among them: what parts thousands in much of Europe."""
SPARED = (BLANKS, "['\u2019]")
"""Part thousands without being told: nothing else is spelled so."""
POINTS = {".": ",", ",": "."}
"""What may be a decimal point, with what then may part thousands."""
TWO_WAYS = "[1-9][0-9]{0,2}[.,][0-9]{3}"
"""A number that is another one where point and comma mean the opposite."""


class Numerals:
    """Reads the numbers of a table, piece after piece.

    Parameters
    ----------
    options : TableOptions
    place : callable
        Says where in the table a row is.
    before : mapping
        Decimal points of columns in a table that was read before, for numbers that could be two.
    """

    def __init__(
        self,
        options: TableOptions,
        place: Callable[[int], str],
        before: Mapping[str, str] | None = None,
    ) -> None:
        self.options, self.place, self.before = options, place, before or {}
        self.points: dict[str, str] = {}
        """Decimal point of each column where one was found."""
        self.unsure: dict[str, tuple[object, Any, str]] = {}
        """Column, row and text of the first number of a column that could be two."""
        self.notes: tuple[str, ...] = ()
        """What was found, where it is not as computers have it."""
        self.empty = {*NONE, *DASHES, *(word.strip().casefold() for word in options.empty)}
        self.signs: dict[object, str] = {}
        """Currency sign of each column."""
        self.point = options.decimal or POINTS.get(options.thousands or "")
        """The decimal point of all columns, if it is told."""

    def learn(self, column: pd.Series, name: str) -> bool:
        """Look for the decimal point in a piece of the column; return whether it is known."""
        if self.point or name in self.points:
            return True
        if not pd.api.types.is_numeric_dtype(column):
            texts = column[[isinstance(value, str) for value in column]]
            for row, text in texts.drop_duplicates().items():
                if ("." in text or "," in text) and self._tells(column.name, row, text, name):
                    break
        return name in self.points

    def _tells(self, column: object, row: Any, text: str, name: str) -> bool:
        """Whether a number says what its column's decimal point is."""
        body = self._bare(text, name)[1]
        marks = re.findall("[.,]", body)
        if not marks or re.search(r"[^0-9.,eE+'\u2019\u00a0\u2007\u2009\u202f -]", body):
            return False
        if re.fullmatch(TWO_WAYS, body) and self.options.thousands is None:
            self.unsure.setdefault(name, (column, row, text))
            return False
        alone = len(set(marks)) == 2 or len(marks) == 1
        self.points[name] = marks[-1] if alone else POINTS[marks[-1]]
        number = self._number(text, name)
        if self.points[name] != "." and number == number:
            note = f"column {column!r}: {text.strip()!r} is read as {number:.12g}"
            self.notes = (*self.notes, note)
        return True

    def settle(self) -> None:
        """Take what was found in all pieces of all columns.

        Raises
        ------
        ValueError
            If all numbers with a point could be two.
        """
        for name, (column, row, text) in self.unsure.items():
            if name in self.points:
                continue
            if name not in self.before:
                mark = re.findall("[.,]", text)[-1]
                one, other = (text.strip().replace(mark, by) for by in ("", "."))
                raise ValueError(
                    f"column {column!r}: {text.strip()!r} in {self.place(row)} may be {one} or "
                    f"{other}: say --thousands {mark} or --decimal {mark}"
                )
            self.points[name] = self.before[name]

    def point_of(self, name: str) -> str:
        """Return the decimal point of a column."""
        return self.point or self.points.get(name, ".")

    def read(self, column: pd.Series, name: str, sales: bool = True) -> np.ndarray:
        """Return a piece of the column as float64, missing where it is empty.

        Raises
        ------
        ValueError
            If a cell is no finite number; the message says where.
        """
        if sales and pd.api.types.is_bool_dtype(column):
            raise ValueError(f"column {column.name!r}: True and False, expected numbers")
        if pd.api.types.is_numeric_dtype(column):
            numbers, told = column.astype("float64"), column.notna()
        else:
            column = column.astype(object)
            texts = np.array([isinstance(value, str) for value in column], bool)
            numbers = pd.to_numeric(column.mask(texts), errors="coerce").astype("float64")
            told = column.notna()
            own, places = np.unique(column[texts].to_numpy(str), return_inverse=True)
            found = [self._number(text, name) for text in own]
            values = np.array([np.nan if f is None else f for f in found], np.float64)
            numbers[texts] = values[places]
            told[texts] &= np.array([f is not None for f in found], bool)[places]
        bad = (numbers.isna() & told) | numbers.abs().gt(LARGEST)
        if bad.any():
            self._refuse(column, name, numbers, bad.idxmax(), sales)
        return np.asarray(numbers, np.float64)

    def _number(self, text: str, column: str) -> float | None:
        """Return the number that a text spells, None for nothing, NaN for no number."""
        text = text.strip()
        if text in self.empty or text.casefold() in self.empty:
            return None
        minus, bare = self._bare(text, column)
        point = self.point_of(column)
        body, parts = _spelling(point, self.options.thousands or POINTS.get(point))
        if body.fullmatch(bare) is None:
            return np.nan
        return float(f"{minus}{parts.sub('', bare).replace(point, '.')}")

    def _bare(self, text: str, column: str) -> tuple[str, str]:
        """Return the sign of a number and what stands beside sign, currency and blanks."""
        bare = re.sub(r"^\((.*)\)$|^(.*[0-9.,])-$", r"-\1\2", text.strip().replace(MINUS, "-"))
        sign = self.options.currency or next((c for c in bare if category(c) == "Sc"), "")
        if sign and sign in bare:
            if self.signs.setdefault(column, sign) != sign:
                both = f"{self.signs[column]!r} and {sign!r}"
                raise ValueError(f"column {column!r}: {both}, expected one currency")
            bare = re.sub(rf"^(-?){BLANKS}*{re.escape(sign)}|{re.escape(sign)}$", r"\1", bare)
        minus, bare = re.fullmatch(rf"{BLANKS}*([-+]?){BLANKS}*(.*?){BLANKS}*", bare).groups()  # type: ignore[union-attr]
        return minus, bare

    def _refuse(
        self, column: pd.Series, name: str, numbers: pd.Series, row: int, sales: bool
    ) -> None:
        value = column[row]
        what = f"larger than {LARGEST:g}" if abs(numbers[row]) < np.inf else "not a finite number"
        if isinstance(value, str):
            if not sales:
                what += "; say --categories if it names a category"
            elif re.search("[0-9]", value) and re.search(r"[^\W0-9_]", value):
                what += "; see --currency"
            elif re.fullmatch(r"[^\W0-9_][^0-9]*", value):
                what += f"; if it says that there is no value: --empty {value.strip()}"
        spelled = re.fullmatch(rf"{BLANKS}*[-(]?[^\w(-]?([0-9][0-9.,' ]*)[^\w]*", str(value))
        if spelled and re.search("[.,' ].*[0-9]", spelled[1]):
            what += (
                f" where {self.point_of(name)!r} is the decimal point; see --decimal, --thousands"
            )
        raise ValueError(f"column {column.name!r}: {str(value)!r} in {self.place(row)} is {what}")


@cache
def _spelling(point: str, thousands: str | None) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what matches a number without its sign, and what parts its thousands."""
    decimal, *other = map(re.escape, filter(None, (point, thousands)))
    parts = (*other, *SPARED)
    parted = "|".join(rf"(?:{by}[0-9]{{2,3}})*{by}[0-9]{{3}}" for by in parts)
    whole = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{parted}))"
    body = rf"(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    return re.compile(body), re.compile("|".join(parts))
