"""What a run of the kernels' benchmark is asked for."""

from __future__ import annotations

from dataclasses import dataclass

MODES = ("inference", "training", "step", "ragged", "fit", "contention", "memory", "busy")


@dataclass(frozen=True)
class Options:
    shapes: list[str]
    cells: list[str]
    modes: list[str]
    dtypes: list[str]
    isas: list[str]
    peers: list[str]
    seconds: float  # a case
    busy: int  # processes
