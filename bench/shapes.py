"""The named shapes of the benchmark: I input features, H hidden units, T steps, N batch."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    I: int
    H: int
    T: int
    N: int


TABLE = {
    "seed": Shape(1, 50, 10, 32),
    "lat1": Shape(1, 50, 10, 1),
    "fc": Shape(8, 64, 30, 32),
    "mid": Shape(32, 128, 64, 64),
    "big": Shape(128, 256, 100, 32),
    "xl": Shape(256, 512, 64, 64),
    "xxl": Shape(512, 1024, 32, 64),
    "long1": Shape(64, 256, 1000, 1),
    "speech": Shape(40, 320, 200, 16),
    "step64": Shape(64, 64, 1, 1),
    "step256": Shape(256, 256, 1, 1),
}

# Nothing here is a multiple of what a register or a tile holds.
AWKWARD = {
    "h1": Shape(1, 1, 20, 33),
    "h7": Shape(3, 7, 50, 5),
    "h17": Shape(13, 17, 30, 31),
    "h33": Shape(1, 33, 20, 2),
    "h65": Shape(3, 65, 30, 3),
    "h100": Shape(13, 100, 30, 33),
    "h129": Shape(700, 129, 20, 31),
    "h200": Shape(13, 200, 50, 5),
    "h300": Shape(3, 300, 30, 2),
    "i700": Shape(700, 100, 20, 1),
}

# A step of a decoder.
STEPS = {f"n{N}h{H}": Shape(H, H, 1, N) for H in (64, 256, 512, 1024) for N in (1, 16, 64, 256)}

ALL = TABLE | AWKWARD | STEPS


def select(names: str) -> list[str]:
    """Names in a list with commas; ``table``, ``awkward``, ``steps`` and ``all`` are groups."""
    groups = {"table": TABLE, "awkward": AWKWARD, "steps": STEPS, "all": ALL}
    chosen = [name for part in names.split(",") for name in groups.get(part, [part])]
    for name in chosen:
        if name not in ALL:
            raise ValueError(f"no shape {name!r}; there are {', '.join([*groups, *ALL])}")
    return list(dict.fromkeys(chosen))
