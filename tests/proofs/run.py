"""One run of a proof: its cases by number, what they found, and where it stands if it dies."""

from __future__ import annotations

import json
import mmap
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MOST_FAILURES = 20  # told; the rest is counted


@dataclass
class Run:
    """What a proof is given: ``for case, rng in run.each(): ...``, ``fail`` and ``count``."""

    cases: int
    seconds: float | None = None  # no case begins later than that
    seed: int = 0
    only: int | None = None
    progress: Path | None = None  # where the number of the case at hand is written
    failures: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    done: int = 0

    def each(self) -> Iterator[tuple[int, np.random.Generator]]:
        """The number of each case and a generator of random numbers that depends on it alone."""
        start = time.monotonic()
        for case in range(self.cases) if self.only is None else [self.only]:
            if self.seconds is not None and time.monotonic() - start > self.seconds:
                return
            self.at(case)
            yield case, np.random.default_rng([self.seed, case])
            self.done += 1

    def at(self, case: int) -> None:
        """Say that this case begins: the parent tells it if the process dies or hangs in it."""
        if self.progress is not None:
            if not hasattr(self, "_page"):
                with self.progress.open("r+b") as file:
                    self._page = mmap.mmap(file.fileno(), 8)
            self._page[:8] = (case + 1).to_bytes(8, "little")  # 0: none yet

    def fail(self, case: int | str, text: str) -> None:
        """A case that found what must not be."""
        self.counts["failures"] += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(f"{case}: {text}")

    def count(self, what: str, by: int = 1) -> None:
        """Count an outcome, for the result that is kept."""
        self.counts[what] += by

    def as_json(self) -> str:
        counts = dict(sorted(self.counts.items()))
        return json.dumps({"cases": self.done, "failures": self.failures, "counts": counts})
