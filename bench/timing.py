"""Interleaved timing: everyone has a turn in each round, so a drift of the machine hits all.

A contestant's process is told to :func:`prepare` it and then to take its :func:`turn`; who tells
them is :func:`race`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from .contestant import Answer, Contestant

MIN_ROUNDS, MAX_ROUNDS = 4, 201
TURN = 4e-3  # seconds a turn's calls should take together: far above the clock's resolution
REST = 2e-3  # seconds in which no pool may spin before the next turn
Turns = dict[str, Callable[[], float]]  # by name; each returns the seconds of one call
Samples = dict[str, list[float]]

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
        calls = max(1, round(TURN / _shortest(contestant.run)))
    _prepared[name] = contestant, calls
    _settle()
    gc.collect()
    gc.disable()
    return answer


def turn(name: str, least: float = 0.0) -> float:
    """Seconds of one call, the mean over calls that take `least` seconds or more together.

    Before them is an untimed one, so that caches and thread pools are one's own again; after them
    the process becomes idle.
    """
    contestant, calls = _prepared[name]
    run, done = contestant.run, 0
    with contestant.context():
        if calls > 1:
            run()
        start = time.perf_counter()
        while True:
            for _ in range(calls):
                run()
            done += calls
            seconds = time.perf_counter() - start
            if seconds >= least:
                break
    _settle()
    return seconds / done / contestant.steps


def _shortest(run: Callable[[], Any]) -> float:
    times: list[float] = []
    while len(times) < 4 and sum(times) < 0.2:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def _settle() -> None:
    """Wait until this process is idle.

    After a call, ONNX Runtime's and OpenBLAS's threads spin on for some 40 ms, OpenMP's for 5.
    """
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(REST)
        if time.process_time() - before < REST / 10:
            return


def race(turns: Turns, seconds: float) -> Samples:
    """What each turn returned in each round.

    Rounds go on until `seconds` are over, at least four; their order alternates. Who has used up
    its share of `seconds` sits out once it has four samples.
    """
    samples: Samples = {name: [] for name in turns}
    used = dict.fromkeys(samples, 0.0)
    share = seconds / max(1, len(turns))
    for round_ in range(MAX_ROUNDS):
        active = [name for name in turns if round_ < MIN_ROUNDS or used[name] < share]
        if not active:
            break
        for name in active if round_ % 2 else reversed(active):
            before = time.perf_counter()
            samples[name].append(turns[name]())
            used[name] += time.perf_counter() - before
    return samples


def ratios(samples: Samples, us: str) -> dict[str, float]:
    """Median over the rounds of everyone's time over ours in the same round.

    On a machine that is slower for seconds at a time, for want of a core's other half, say, medians
    of times may be of different seconds; turns of a round are not.
    """
    return {name: median(over(samples, name, us)) for name in samples if name != us}


def over(samples: Samples, name: str, *parts: str) -> list[float]:
    """A contestant's time over that of another, or of several together, in each round."""
    rounds = zip(samples[name], *(samples[part] for part in parts), strict=False)
    return [time / sum(others) for time, *others in rounds]


def spread(times: list[float]) -> dict[str, float]:
    """Median, quartiles, number."""
    low, middle, high = quantiles(times, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high, "rounds": len(times)}
