"""Which kernels run, and on how many threads.

The instruction set is the best that the CPU has, capped by the environment variable
``FUSEDRNN_ISA`` ("baseline", "avx2" or "avx512"). The threads are those of an OpenMP runtime:
PyTorch's or another library's where the process has one, so that two pools do not hold each
other's cores. Their number is that runtime's (``OMP_NUM_THREADS``, or one a core; limits of
``threadpoolctl`` and ``torch.set_num_threads`` count) until :func:`set_num_threads` says
otherwise; small problems stay on the caller's thread, and the results are the same bits for any
number of threads and whosever they are.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from contextlib import contextmanager
from operator import index
from typing import TypedDict

from . import _core

__all__ = [
    "Threadpool",
    "available_isas",
    "build_info",
    "isa",
    "num_threads",
    "set_num_threads",
    "threadpool",
    "threads",
    "use_isa",
]


class Threadpool(TypedDict):
    """The OpenMP runtime whose threads run a call, with the keys of ``threadpoolctl``."""

    user_api: str
    prefix: str
    filepath: str
    num_threads: int
    own: bool


def isa() -> str:
    """Return the name of the instruction set in use."""
    return _core.isa()


def available_isas() -> list[str]:
    """Return the names of the instruction sets that this build and this CPU have, weakest first."""
    return _core.available_isas()


@contextmanager
def use_isa(name: str) -> Iterator[None]:
    """Use an instruction set inside a ``with`` block, for the whole process.

    Parameters
    ----------
    name : str
        One of :func:`available_isas`.

    Yields
    ------
    None

    Raises
    ------
    ValueError
        If the name is unknown or this CPU cannot run it.

    Examples
    --------
    >>> with fusedrnn.runtime.use_isa("baseline"):
    ...     fusedrnn.runtime.isa()
    'baseline'
    """
    before = _core.isa()
    _core.set_isa(name)
    try:
        yield
    finally:
        _core.set_isa(before)


def num_threads() -> int:
    """Return the most threads that a call uses.

    It is 1 without a :func:`threadpool`, and in a child process after ``fork``.
    """
    return _core.num_threads()


def threadpool() -> Threadpool | None:
    """Whose threads run a call of more than one; None without OpenMP, in the build and beside it.

    Returns
    -------
    dict
        ``user_api``, ``prefix`` and ``filepath`` as an entry of
        ``threadpoolctl.threadpool_info()`` has them (``filepath`` is empty where the system does
        not tell it), ``num_threads`` as :func:`num_threads` is now, and ``own``: whether it is the
        runtime that fusedrnn is linked with, and no other library's.

    Notes
    -----
    PyTorch's runtime comes first, then the first other one that the process has loaded, then our
    own. It is looked for again when libraries have been loaded since, which any call notices. The
    wheels for macOS and Windows have none of their own, for LLVM's runtime ends a process that has
    it twice; on Windows none is looked for either, so a call runs on one thread.
    """
    path, own = _core.threadpool()
    if own and not _core.openmp:
        return None
    path = path and os.path.realpath(path)
    prefix = os.path.basename(path).split(".")[0].split("-")[0]
    return {
        "user_api": "openmp",
        "prefix": prefix,
        "filepath": path,
        "num_threads": num_threads(),
        "own": own,
    }


def set_num_threads(n: int) -> None:
    """Set the most threads that a call uses, for the whole process.

    A lower limit that is put on the runtime's threads afterwards (by ``threadpoolctl`` or
    ``torch.set_num_threads``) still counts.

    Parameters
    ----------
    n : int

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is below 1.
    """
    n = index(n)
    if not 1 <= n <= _core.most_threads:
        raise ValueError(f"set_num_threads: n is {n}, expected 1 to {_core.most_threads}")
    _core.set_num_threads(n)


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Use a number of threads at most inside a ``with`` block, for the whole process.

    Parameters
    ----------
    n : int

    Yields
    ------
    None

    Raises
    ------
    TypeError, ValueError
        As :func:`set_num_threads`.

    Examples
    --------
    >>> with fusedrnn.runtime.threads(1):
    ...     fusedrnn.runtime.num_threads()
    1
    """
    before = _core.chosen_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        _core.set_num_threads(before)


def build_info() -> dict[str, str | bool | list[str]]:
    """Return how the core was built: version, compiler, instruction sets, OpenMP.

    Examples
    --------
    >>> sorted(fusedrnn.build_info())
    ['compiler', 'isas', 'openmp', 'version']
    """
    return {
        "version": _core.version,
        "compiler": _core.compiler,
        "isas": _core.built_isas(),
        "openmp": _core.openmp,
    }
