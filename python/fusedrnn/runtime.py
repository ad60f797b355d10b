"""Which kernels run, and on how many threads.

The instruction set is the best that the CPU has, capped by the environment variable
``FUSEDRNN_ISA`` ("baseline", "avx2" or "avx512"). The number of threads starts at OpenMP's
default (``OMP_NUM_THREADS``, or one a core); small problems stay on the caller's thread, and the
results are the same bits for any number of threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from operator import index

from . import _core


def isa() -> str:
    """Name of the instruction set in use."""
    return _core.isa()


def available_isas() -> list[str]:
    """Names of the instruction sets that this build has and this CPU runs, weakest first."""
    return _core.available_isas()


@contextmanager
def use_isa(name: str) -> Iterator[None]:
    """Use the instruction set `name` inside a ``with`` block, for the whole process.

    Raises
    ------
    ValueError
        If `name` is unknown or this CPU cannot run it.
    """
    before = _core.isa()
    _core.set_isa(name)
    try:
        yield
    finally:
        _core.set_isa(before)


def num_threads() -> int:
    """Most threads that a call uses; 1 without OpenMP and in a child process after ``fork``."""
    return _core.num_threads()


def set_num_threads(n: int) -> None:
    """Set the most threads that a call uses, for the whole process.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If `n` is below 1.
    """
    n = index(n)
    if not 1 <= n <= _core.most_threads:
        raise ValueError(f"set_num_threads: n is {n}, expected 1 to {_core.most_threads}")
    _core.set_num_threads(n)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Use at most `n` threads inside a ``with`` block, for the whole process."""
    before = num_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


def build_info() -> dict[str, str | bool | list[str]]:
    """How the core was built: version, compiler, instruction sets, OpenMP."""
    return {
        "version": _core.version,
        "compiler": _core.compiler,
        "isas": _core.built_isas(),
        "openmp": _core.openmp,
    }
