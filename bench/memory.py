"""Peak memory of training steps, which are taken in a process of their own.

Linux only: it resets and reads the high-water mark of the resident set in /proc.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import ours, peers
from .case import Case
from .contestant import Contestant
from .options import Options
from .process import in_fresh_process

STEPS = 3
PEERS = ("torch",)  # of those that train


def measure(case: Case, options: Options, threads: int) -> dict[str, Any] | None:
    """Megabytes above those before the first step, for us and for PyTorch."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    found = {ours.NAME: in_fresh_process(
        training_of_ours, case, threads, options.isas[0], threads=threads)}  # fmt: skip
    for name in PEERS:
        if name in options.peers:
            found[name] = in_fresh_process(training_of, name, case, threads, threads=threads)
    return {"megabytes": {name: size for name, size in found.items() if size is not None}}


def resident(field: str) -> float:
    """VmRSS or VmHWM of this process, in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(field)


def training_of_ours(case: Case, threads: int, isa: str) -> float:
    """Megabytes for us."""
    return training(ours.contestant(case, threads, isa))


def training_of(name: str, case: Case, threads: int) -> float | None:
    """Megabytes for a peer; None where it has nothing of the case."""
    contestant = peers.contestant(name, case, threads)
    return None if contestant is None else training(contestant)


def training(contestant: Contestant) -> float:
    """How far a few training steps raise the resident set, in megabytes."""
    with contestant.context():
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        for _ in range(STEPS):
            contestant.run()
    return resident("VmHWM") - before
