"""Numbers in the spellings that tables have: thousands, currencies, parentheses, nothing sold."""

from __future__ import annotations

import re
from collections.abc import Callable
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


class Numerals:
    """Reads the numbers of a table, piece after piece.

    Parameters
    ----------
    options : TableOptions
    place : callable
        Says where in the table a row is.
    """

    def __init__(self, options: TableOptions, place: Callable[[int], str]) -> None:
        self.options, self.place = options, place
        self.empty = {*NONE, *DASHES, *(word.strip().casefold() for word in options.empty)}
        self.signs: dict[object, str] = {}
        """Currency sign of each column."""
        decimal, *other = map(re.escape, (options.decimal, *filter(None, [options.thousands])))
        parted = "|".join(rf"(?:{by}[0-9]{{2,3}})*{by}[0-9]{{3}}" for by in (*other, *SPARED))
        whole = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{parted}))"
        body = rf"(?:{whole}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
        self._body = re.compile(body)
        self._parts = re.compile("|".join((*other, *SPARED)))

    def read(self, column: pd.Series, sales: bool = True) -> np.ndarray:
        """Return a column as float64, missing where it is empty.

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
            found = [self._number(text, column.name) for text in own]
            values = np.array([np.nan if f is None else f for f in found], np.float64)
            numbers[texts] = values[places]
            told[texts] &= np.array([f is not None for f in found], bool)[places]
        bad = (numbers.isna() & told) | numbers.abs().gt(LARGEST)
        if bad.any():
            self._refuse(column, numbers, bad.idxmax(), sales)
        return np.asarray(numbers, np.float64)

    def _number(self, text: str, column: object) -> float | None:
        """Return the number that a text spells, None for nothing, NaN for no number."""
        text = text.strip()
        if text in self.empty or text.casefold() in self.empty:
            return None
        bare = re.sub(r"^\((.*)\)$|^(.*[0-9.,])-$", r"-\1\2", text.replace(MINUS, "-"))
        sign = self.options.currency or next((c for c in bare if category(c) == "Sc"), "")
        if sign and sign in bare:
            if self.signs.setdefault(column, sign) != sign:
                both = f"{self.signs[column]!r} and {sign!r}"
                raise ValueError(f"column {column!r}: {both}, expected one currency")
            bare = re.sub(rf"^(-?){BLANKS}*{re.escape(sign)}|{re.escape(sign)}$", r"\1", bare)
        minus, bare = re.fullmatch(rf"{BLANKS}*([-+]?){BLANKS}*(.*?){BLANKS}*", bare).groups()  # type: ignore[union-attr]
        match = self._body.fullmatch(bare)
        if match is None:
            return np.nan
        plain = self._parts.sub("", bare).replace(self.options.decimal, ".")
        return float(f"{minus}{plain}")

    def _refuse(self, column: pd.Series, numbers: pd.Series, row: int, sales: bool) -> None:
        value = column[row]
        what = f"larger than {LARGEST:g}" if abs(numbers[row]) < np.inf else "not a finite number"
        if isinstance(value, str):
            if not sales:
                what += "; say --categories if it names a category"
            elif re.search("[0-9]", value) and re.search(r"[^\W0-9_]", value):
                what += "; see --currency"
            elif re.fullmatch(r"[^\W0-9_][^0-9]*", value):
                what += f"; if it says that there is no value: --empty {value.strip()}"
        if re.fullmatch(rf"{BLANKS}*[-(]?[^\w(-]?[0-9][0-9.,' ]*[^\w]*", str(value)):
            what += "; see --decimal, --thousands"
        raise ValueError(f"column {column.name!r}: {str(value)!r} in {self.place(row)} is {what}")
