"""Interleaved timing: everyone has a turn in each round, so a drift of the machine hits all."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

MIN_ROUNDS, MAX_ROUNDS = 4, 201
TURN = 4e-3  # seconds a turn's calls should take together: far above the clock's resolution
REST = 2e-3  # seconds in which no pool may spin before the next turn
Turns = dict[str, Callable[[], float]]  # by name; each returns the seconds of one call
Samples = dict[str, list[float]]


def calls_of(run: Callable[[], Any]) -> int:
    """Return how many calls a turn has."""
    return max(1, round(TURN / _shortest(run)))


def timed(run: Callable[[], Any], calls: int, least: float = 0.0) -> float:
    """Return the seconds of one call, the mean over calls that take `least` seconds or more.

    Before them is an untimed one, so that caches and thread pools are one's own again.
    """
    done = 0
    if calls > 1:
        run()
    start = time.perf_counter()
    while True:
        for _ in range(calls):
            run()
        done += calls
        seconds = time.perf_counter() - start
        if seconds >= least:
            return seconds / done


def _shortest(run: Callable[[], Any]) -> float:
    times: list[float] = []
    while len(times) < 4 and sum(times) < 0.2:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def settle() -> None:
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
    """Return what each turn returned in each round.

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


def over(samples: Samples, name: str, *parts: str) -> list[float]:
    """Return a contestant's time over that of another, or of several, in each round."""
    rounds = zip(samples[name], *(samples[part] for part in parts), strict=False)
    return [time / sum(others) for time, *others in rounds]


def spread(times: list[float]) -> dict[str, float]:
    """Return median, quartiles and number."""
    low, middle, high = quantiles(times, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high, "rounds": len(times)}
