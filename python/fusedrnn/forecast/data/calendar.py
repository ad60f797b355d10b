"""What a date alone says: known in advance for ever."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .._types import FloatArray
from .frequency import kind

CYCLES = {
    "hour": ("h",),
    "day_of_week": ("h", "D"),
    "day_of_year": ("h", "D", "W"),
    "month": ("M", "SM"),
    "quarter": ("Q",),
}
LENGTHS = {"hour": 24, "day_of_week": 7, "day_of_year": 365.25, "month": 12, "quarter": 4}


def calendar_features(ds: pd.DatetimeIndex, freq: str) -> dict[str, FloatArray]:
    """Return sine and cosine of the cycles that a frequency has, each (n,)."""
    features: dict[str, FloatArray] = {}
    for cycle, kinds in CYCLES.items():
        if kind(freq) in kinds:
            at = np.asarray(getattr(ds, cycle), np.float64)
            at = at + np.asarray(ds.minute) / 60 if cycle == "hour" else at
            angle = 2 * np.pi * at / LENGTHS[cycle]
            features |= {f"{cycle}_sin": np.sin(angle), f"{cycle}_cos": np.cos(angle)}
    return features
