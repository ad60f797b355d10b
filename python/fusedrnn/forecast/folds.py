"""Where time is cut: what is fitted on what, and at which cutoffs it forecasts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .panel import Panel, Series
from .settings import Settings


@dataclass(frozen=True)
class Fold:
    """One fit and the forecasts made with it. Cutoffs are dates, the same for all series."""

    name: str
    fit: pd.Timestamp
    """Last date that training may see."""
    cutoffs: pd.DatetimeIndex
    """Last dates that the forecasts may see; the first is `fit`."""

    def cut(self, series: Series) -> int:
        """Return how many rows of a series training may see."""
        return int(series.ds.searchsorted(self.fit, "right"))

    def origins(self, series: Series, settings: Settings) -> list[int]:
        """Return the position of the first forecast row after each cutoff in a series' life."""
        if self.cut(series) < settings.timesteps + settings.horizon:
            return []
        ends = series.ds.searchsorted(self.cutoffs, "right")
        return [int(p) for p in np.unique(ends) if p <= len(series.y) - settings.horizon]


CALIBRATION = "calibration"
"""The fold before the test part: its errors make the first intervals, and are not scored."""


def plan(panel: Panel, settings: Settings) -> list[Fold]:
    """Cut the common dates of all series into a calibration fold and the folds of the test part.

    Raises
    ------
    ValueError
        If no series has enough values for one training window before the test part.
    """
    ends = [series.ds[[0, -1]] for series in panel.series]
    grid = pd.date_range(min(d[0] for d in ends), max(d[-1] for d in ends), freq=panel.freq)
    n, size, h = len(grid), settings.test_size, settings.horizon
    rows = int(np.ceil(round(size * n, 9))) if size < 1 else int(size)
    first = n - max(rows, h)
    blocks = np.array_split(np.arange(first, n - h + 1, settings.step), settings.folds)
    need = settings.timesteps + h
    if first < need:
        raise ValueError(
            f"the data have {n} dates, {max(first, 0)} of them before the test part; training "
            f"needs at least timesteps + horizon = {need}: try a smaller --timesteps or --test-size"
        )
    if not all(len(block) for block in blocks):
        raise ValueError(
            f"folds is {settings.folds}, but the test part has only {sum(map(len, blocks))} cutoffs"
        )
    folds = [
        Fold(f"fold{i}", grid[block[0] - 1], grid[block - 1]) for i, block in enumerate(blocks)
    ]
    held = min(rows, first // 4)
    if settings.levels and first - held >= need:
        positions = np.arange(first - held, first, settings.step)
        folds.insert(0, Fold(CALIBRATION, grid[positions[0] - 1], grid[positions - 1]))
    return folds
