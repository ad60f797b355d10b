"""The named shapes that tests and bench share: I, H, T, N."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    I: int
    H: int
    T: int
    N: int


# Sizes around a vector (4, 8, 16 lanes), primes, and one of each.
TEST_SHAPES = {
    "one": Shape(1, 1, 1, 1),
    "one_step": Shape(3, 5, 1, 4),
    "lanes-1": Shape(3, 15, 4, 5),
    "lanes": Shape(8, 16, 3, 6),
    "lanes+1": Shape(1, 17, 5, 7),
    "two_panels": Shape(5, 33, 4, 3),
    "tutorial": Shape(1, 50, 10, 32),
    "four_vectors": Shape(16, 64, 3, 9),
    "wide_tail": Shape(67, 79, 3, 2),
    "prime": Shape(13, 101, 7, 11),
    "long": Shape(2, 7, 300, 1),
    "chunks": Shape(3, 20, 60, 31),
    "few_rows": Shape(80, 37, 45, 3),
}
