"""The machine's peak of fused multiply-adds: the yardstick of the shares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from fusedrnn import _core, runtime

TRIES = 5  # a millisecond each, on every thread


def gflops(dtype: str, threads: int, isa: str) -> float:
    """GFLOP/s of all threads together, for one turn in a race; the loop runs without the GIL."""
    with runtime.use_isa(isa), ThreadPoolExecutor(threads) as pool:
        return threads * median(pool.map(_core.fma_peak, [dtype] * (TRIES * threads)))
