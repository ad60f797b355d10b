"""Turns of contestants, each in a process of its own; who takes them when is `race`.

A contestant's process is told to :func:`prepare` it and then to take its :func:`turn`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from statistics import median
from typing import Any

from fusedrnn.cli.timing import Samples, Turns, calls_of, over, race, settle, spread, timed

from .contestant import Answer, Contestant

__all__ = ["Turns", "over", "prepare", "race", "ratios", "spread", "turn"]

_prepared: dict[str, tuple[Contestant, int]] = {}  # of this process: how many calls are a turn


def prepare(name: str, make: Callable[..., Contestant | None], *arguments: Any) -> Answer | None:
    """Make a contestant, warm up, and return its answer; None where there is nothing to make."""
    _prepared.pop(name, None)
    gc.enable()
    contestant = make(*arguments)
    if contestant is None:
        return None
    with contestant.context():
        answer = contestant.answer(contestant.run())
        calls = calls_of(contestant.run)
    _prepared[name] = contestant, calls
    settle()
    gc.collect()
    gc.disable()
    return answer


def turn(name: str, least: float = 0.0) -> float:
    """Seconds of one call, see `timed`; after it the process becomes idle."""
    contestant, calls = _prepared[name]
    with contestant.context():
        seconds = timed(contestant.run, calls, least)
    settle()
    return seconds / contestant.steps


def ratios(samples: Samples, us: str) -> dict[str, float]:
    """Return the median over the rounds of everyone's time over ours in the same round.

    On a machine that is slower for seconds at a time, for want of a core's other half, say, medians
    of times may be of different seconds; turns of a round are not.
    """
    return {name: median(over(samples, name, us)) for name in samples if name != us}
