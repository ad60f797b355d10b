"""Who takes part: something to time, and its answer to compare before that."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import Case

# Relative to the largest value of the answer.
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}
FIT_TOLERANCE = 1e-2  # predictions after an epoch: Adam's epsilon is not in the same place in all


@dataclass
class Contestant:
    name: str
    run: Callable[[], Any]
    answer: Callable[[Any], dict[str, np.ndarray]]  # from what run() returned, in our layout
    context: Callable[[], AbstractContextManager[Any]] = nullcontext  # entered outside the clock
    peer: bool = True
    steps: int = 1  # a time is divided by this


class Mismatch(Exception):
    """A contestant's answer differs from ours."""


def check(case: Case, ours: Contestant, others: list[Contestant]) -> None:
    """Run everyone once; raise Mismatch where an answer differs from ours."""
    with ours.context():
        expected = ours.answer(ours.run())
    for other in others:
        with other.context():
            answer = other.answer(other.run())
        tolerance = FIT_TOLERANCE if case.task == "fit" else TOLERANCE[case.dtype]
        for key in expected.keys() & answer.keys():
            a, b = expected[key], answer[key]
            if a.shape != b.shape:
                raise Mismatch(f"{case}: {key} of {other.name} has shape {b.shape}, ours {a.shape}")
            error = float(np.max(np.abs(a - b), initial=0) / max(np.max(np.abs(a)), 1e-30))
            if not error <= tolerance:
                raise Mismatch(f"{case}: {key} of {other.name} differs from ours by {error:.1e} "
                               f"of its largest value, more than {tolerance:.0e}")  # fmt: skip
        if not expected.keys() & answer.keys():
            raise Mismatch(f"{case}: nothing of {other.name} was compared")
