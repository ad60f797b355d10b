"""The types that every module says alike; nothing here runs."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Shape: TypeAlias = tuple[Any, ...]  # sizes, None where one is not fixed
Logs: TypeAlias = dict[str, float]  # the loss and the metrics by name
