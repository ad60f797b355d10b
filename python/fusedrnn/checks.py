"""Checks of arguments: each returns the value, or raises an error that names the argument."""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any


def near(word: str, words: Iterable[str]) -> str:
    """Return "; did you mean X?" with the nearest of some words, or "" if none is near."""
    from difflib import get_close_matches  # slow to import

    known = {each.lower(): each for each in words}
    found = get_close_matches(word.lower(), known, 1)
    return f"; did you mean {known[found[0]]}?" if found else ""


def whole(where: str, name: str, value: Any, least: int = 1) -> int:
    """Return an integer of at least ``least``."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise TypeError(f"{where}: {name} is {value!r}, expected an integer")
    if value < least:
        raise ValueError(f"{where}: {name} is {value}, expected at least {least}")
    return int(value)


def positive(where: str, name: str, value: Any) -> int:
    """Return an integer above zero; else ValueError, in Keras's words."""
    if not isinstance(value, Integral) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{where}: {name} is {value!r}, but `{name}` must be a positive integer")
    return int(value)


def number(
    where: str, name: str, value: Any, low: float = -math.inf, high: float = math.inf
) -> float:
    """Return a number from ``low`` to ``high``; NaN is none."""
    if getattr(value, "shape", None) == ():
        value = value.item()  # an array of no axes
    if not isinstance(value, Real):
        raise TypeError(f"{where}: {name} is {value!r}, expected a number")
    if not low <= float(value) <= high:
        between = f" of at least {low}" if high == math.inf else f" from {low} to {high}"
        raise ValueError(
            f"{where}: {name} is {value}, expected a number{between if low > -math.inf else ''}"
        )
    return value  # type: ignore[return-value]


def flag(where: str, name: str, value: Any) -> bool:
    """Return True or False, which may be NumPy's or 1 or 0."""
    if getattr(value, "shape", ()) != () or value not in (True, False):
        raise TypeError(f"{where}: {name} is {value!r}, expected True or False")
    return bool(value)
