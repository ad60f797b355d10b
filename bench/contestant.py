"""Who takes part: something to time, and its answer to compare before that."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

Answer = dict[str, np.ndarray]


@dataclass
class Contestant:
    run: Callable[[], Any]
    answer: Callable[[Any], Answer]  # from what run() returned, in our layout
    context: Callable[[], AbstractContextManager[Any]] = nullcontext  # entered outside the clock
    steps: int = 1  # a time is divided by this


class Mismatch(Exception):
    """A contestant's answer differs from the one expected."""


def check(about: object, expected: Answer, others: dict[str, Answer], tolerance: float) -> None:
    """Raise Mismatch where an answer differs by more than `tolerance` of its largest value."""
    for name, answer in others.items():
        for key in expected.keys() & answer.keys():
            a, b = expected[key], answer[key]
            if a.shape != b.shape:
                raise Mismatch(f"{about}: {key} of {name} has shape {b.shape}, not {a.shape}")
            error = float(np.max(np.abs(a - b), initial=0) / max(np.max(np.abs(a)), 1e-30))
            if not error <= tolerance:
                raise Mismatch(f"{about}: {key} of {name} differs by {error:.1e} of its largest "
                               f"value, more than {tolerance:.0e}")  # fmt: skip
        if not expected.keys() & answer.keys():
            raise Mismatch(f"{about}: nothing of {name} was compared")
