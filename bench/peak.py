"""The machine's peak of fused multiply-adds: the yardstick of the shares."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from statistics import median

from fusedrnn import _core

TRIES = 5  # a millisecond each, on every thread


class Peak:
    """Takes its turns among the contestants, so that it sees the machine as they do."""

    def __init__(self, dtype: str, threads: int) -> None:
        self.dtype, self.threads = dtype, threads
        self.pool = ThreadPoolExecutor(threads)
        self.samples: list[float] = []

    def sample(self) -> None:
        """Append GFLOP/s of all threads together; the loop runs without the GIL."""
        tries = self.pool.map(_core.fma_peak, [self.dtype] * (TRIES * self.threads))
        self.samples.append(self.threads * median(tries))
