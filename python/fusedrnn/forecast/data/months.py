"""Names of months and days in other languages than English: of Babel, or of Python's locale."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Mapping
from functools import cache

from ..needs import check_installed

LANGUAGES = (
    *("de", "fr", "es", "it", "pt", "nl", "ca", "da", "sv", "nb", "fi", "is", "pl", "cs", "sk"),
    *("hu", "ro", "hr", "sl", "sr_Latn", "bs", "lt", "lv", "et", "tr", "el", "ru", "uk", "bg"),
    *("sq", "eu", "gl", "id", "ms", "vi"),
)
"""Those that are tried where none is named."""
WIDTHS = ("wide", "abbreviated")
SMALL = {"de", "del", "d", "di", "of", "den", "the"}
"""Words between a day, a month and a year."""
ENGLISH = (
    *("", "Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
ORDINAL = r"(?<=\d)(?:st|nd|rd|th|er|re|e|º|ª|\.)(?=\s)"
"""What follows the day in 1st, 1er and 1. of a month."""


@cache
def languages(only: str | None) -> dict[str, dict[str, str]]:
    """Return what each word becomes, by language: months three English letters, days nothing.

    Parameters
    ----------
    only : str, optional
        The language that is wanted, as ``de`` or ``pt_BR``.

    Raises
    ------
    ValueError
        If that is not known.
    """
    try:
        from babel import Locale, UnknownLocaleError
    except ImportError:
        check_installed(language=only)
        own = [dict(enumerate(names)) for names in (calendar.month_name, calendar.month_abbr)]
        return {"of this computer": _words(own, [])}
    found = {}
    for code in LANGUAGES if only is None else (only,):
        try:
            locale = Locale.parse(code, sep="-" if "-" in code else "_")
        except (UnknownLocaleError, ValueError) as error:
            raise ValueError(f"language is {only!r}: {error}") from None
        months, days = (
            [names[kind][width] for kind in ("format", "stand-alone") for width in WIDTHS]
            for names in (locale.months, locale.days)
        )
        found[code] = _words(months, days)
    return found


def translated(text: str, words: dict[str, str]) -> str:
    """Return a date with its words in three English letters, or as they are if not known."""
    text = re.sub(ORDINAL, "", text)
    names = re.findall(r"[^\W\d_]+", text)
    if len(names) > 1 and any(_word(name, words) in ENGLISH[1:] for name in names[1:]):
        text = re.sub(r"^[^\W\d_]+\.?\s+", "", text)  # a weekday, "mar" for Tuesday among them
    text = re.sub(r"[^\W\d_]+\.?", lambda match: _word(match.group(), words), text)
    return " ".join(text.split())


def _word(word: str, words: dict[str, str]) -> str:
    bare = word.casefold().rstrip(".")
    return words.get(bare, "" if bare in SMALL else word)


def _words(
    months: Iterable[Mapping[int, str]], days: Iterable[Mapping[int, str]]
) -> dict[str, str]:
    """Return what the names of months and days become; a month's goes before a day's."""
    named = [(name, "") for names in days for name in names.values()]
    named += [(name, ENGLISH[n]) for names in months for n, name in names.items() if n]
    return {name.casefold().rstrip("."): to for name, to in named if not name.isdigit()}
