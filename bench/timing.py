"""Interleaved timing: everyone has a turn in each round, so a drift of the machine hits all."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from statistics import median, quantiles

from .contestant import Contestant

MIN_ROUNDS, MAX_ROUNDS = 4, 201
TURN = 4e-3  # seconds a turn's calls should take together: far above the clock's resolution
REST = 10e-3  # seconds in which no pool may spin before the next turn


def race(contestants: Sequence[Contestant], seconds: float, threads: int) -> dict[str, list[float]]:
    """Time of one call of each contestant in each round, in seconds.

    Rounds go on until `seconds` are over, at least four. A turn has an untimed call first, so that
    caches and thread pools are one's own again; the time of a call is the mean over the turn. Who
    has used up its share of `seconds` sits out once it has four samples.
    """
    calls = {c.name: _calls(c) for c in contestants}
    samples: dict[str, list[float]] = {c.name: [] for c in contestants}
    used = dict.fromkeys(samples, 0.0)
    share = seconds / max(1, len(contestants))
    gc.collect()
    gc.disable()
    try:
        for round_ in range(MAX_ROUNDS):
            active = [c for c in contestants
                      if round_ < MIN_ROUNDS or used[c.name] < share]  # fmt: skip
            if not active:
                break
            for c in active if round_ % 2 else reversed(active):
                before = time.perf_counter()
                if threads > 1:
                    _settle()
                samples[c.name].append(_turn(c, calls[c.name]))
                used[c.name] += time.perf_counter() - before
    finally:
        gc.enable()
    return samples


def _settle() -> None:
    """Wait until this process is idle.

    After a call, ONNX Runtime's and OpenBLAS's threads spin on for some 40 ms, OpenMP's for 5.
    """
    for _ in range(50):
        before = time.process_time()
        time.sleep(REST)
        if time.process_time() - before < REST / 20:
            return


def _turn(c: Contestant, calls: int) -> float:
    with c.context():
        run = c.run
        if calls > 1:
            run()
        start = time.perf_counter()
        for _ in range(calls):
            run()
        return (time.perf_counter() - start) / calls / c.steps


def _calls(c: Contestant) -> int:
    """Calls that fill a turn, found while warming up."""
    times: list[float] = []
    with c.context():
        while len(times) < 4 and sum(times) < 0.2:
            start = time.perf_counter()
            c.run()
            times.append(time.perf_counter() - start)
    return max(1, round(TURN / min(times)))


def ratios(samples: dict[str, list[float]], us: str) -> dict[str, float]:
    """Median over the rounds of everyone's time over ours in the same round.

    On a machine that is slower for seconds at a time, for want of a core's other half, say, medians
    of times may be of different seconds; turns of a round are not.
    """
    return {name: median(t / u for t, u in zip(times, samples[us], strict=False))
            for name, times in samples.items() if name != us}  # fmt: skip


def spread(times: list[float]) -> dict[str, float]:
    """Median, quartiles, number."""
    low, middle, high = quantiles(times, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high, "rounds": len(times)}
