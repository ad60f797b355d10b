"""Where time is cut: what is fitted on what, and at which cutoffs it forecasts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..data.panel import Series
from ..settings import Settings

CALIBRATION = "calibration"
"""The fold before the test part: its errors make the first intervals, and are not scored."""


@dataclass(frozen=True)
class Fold:
    """One fit and the forecasts made with it."""

    name: str
    start: int | None = None
    """Number of the date from which time is cut, the same for all series; None: from each one's
    own first date."""
    length: int = 0
    """Dates from there to the last of all series."""

    def cut(self, series: Series, settings: Settings) -> int:
        """Return how many rows of a series training may see."""
        first, _ = self._places(series, settings)
        return int(first)

    def origins(self, series: Series, settings: Settings) -> list[int]:
        """Return the position of the first forecast row after each cutoff in a series' life."""
        first, places = self._places(series, settings)
        if first < settings.timesteps + settings.horizon:
            return []
        return [int(p) for p in np.unique(places) if p <= len(series.y) - settings.horizon]

    def _places(self, series: Series, settings: Settings) -> tuple[int, npt.NDArray[np.intp]]:
        own = self.start is None
        before = 0 if self.start is None else series.start - self.start
        places = layout(len(series.y) if own else self.length, settings).get(self.name)
        if places is None:
            return 0, np.empty(0, np.intp)
        places = np.clip(places - before, 0, len(series.y))
        return places[0], places


@lru_cache
def layout(n: int, settings: Settings) -> dict[str, npt.NDArray[np.intp]]:
    """Return the positions of the first forecast rows of each fold in `n` dates; {} if too few."""
    h, rows = settings.horizon, settings.test_rows(n)
    first, need = n - max(rows, h), settings.timesteps + h
    blocks = np.array_split(np.arange(max(first, 0), n - h + 1, settings.step), settings.folds)
    if first < need or not all(len(block) for block in blocks):
        return {}
    folds = {f"fold{i}": block for i, block in enumerate(blocks)}
    held = min(rows, first // 4)
    if settings.levels and first - held >= need:
        return {CALIBRATION: np.arange(first - held, first, settings.step)} | folds
    return folds


def plan(series: Iterable[Series], settings: Settings) -> list[Fold]:
    """Cut time into a calibration fold and the folds of the test part.

    Series that end on the same date, and those that share networks, are cut at the same dates;
    others each at their own, so that all are judged on the end of what they have.

    Raises
    ------
    ValueError
        If no series has enough values for one training window before the test part.
    """
    spans = [(each.start, each.start + len(each.y)) for each in series]
    start, end = min(first for first, _ in spans), max(last for _, last in spans)
    common = settings.scope == "global" or all(last == end for _, last in spans)
    n = end - start if common else max(last - first for first, last in spans)
    names = layout(n, settings)
    if not names:
        first = n - max(settings.test_rows(n), settings.horizon)
        need = settings.timesteps + settings.horizon
        if first < need:
            raise ValueError(
                f"the data have {n} dates, {max(first, 0)} of them before the test part; training "
                f"needs at least timesteps + horizon = {need}: try a smaller --timesteps, "
                "--horizon or --test-size"
            )
        raise ValueError(f"folds is {settings.folds}, more than the test part has cutoffs")
    return [Fold(name, start, n) if common else Fold(name) for name in names]
