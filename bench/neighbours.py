"""Other thread pools beside ours and PyTorch's: how they get into a process, and work for them.

Imported before fusedrnn is, in a process to which they come first: so it imports nothing of it.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

GOMP = b"libgomp.so.1"
OWN = b"libgomp.so.9"  # as long, so that it can be written over the other


def mapped(name: str) -> Path | None:
    """The file of a library that this process has loaded."""
    maps = Path("/proc/self/maps")
    text = maps.read_text() if maps.exists() else ""
    found = re.search(rf"/\S*/{re.escape(name)}\S*$", text, re.MULTILINE)
    return Path(found[0]) if found else None


def renamed(source: Path, target: Path) -> None:
    """Write a copy of a library that is, or needs, ``OWN`` where the original said ``GOMP``."""
    target.write_bytes(source.read_bytes().replace(GOMP + b"\0", OWN + b"\0"))


@contextmanager
def wheel() -> Iterator[Path | None]:
    """A folder with a package fusedrnn that carries an OpenMP of its own, as auditwheel has it.

    Its core finds that by ``LD_LIBRARY_PATH``. None where our core needs no ``libgomp.so.1``.
    """
    import fusedrnn
    from fusedrnn import _core

    package, core, gomp = Path(fusedrnn.__file__).parent, Path(_core.__file__), mapped("libgomp")
    if gomp is None or GOMP + b"\0" not in core.read_bytes():
        yield None
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / package.name
        copy.mkdir()
        for path in package.iterdir():
            if path.name not in (core.name, "__pycache__"):
                (copy / path.name).symlink_to(path)
        renamed(core, copy / core.name)
        renamed(gomp, Path(folder) / OWN.decode())
        yield Path(folder)


def import_first_from(folder: str) -> None:
    """Prefer the packages in `folder`."""
    sys.path.insert(0, folder)


def other_openmp() -> str | None:
    """An OpenMP runtime that neither we nor PyTorch link with: LLVM's or Intel's."""
    return ctypes.util.find_library("omp") or ctypes.util.find_library("iomp5")


def openmp_region(threads: int) -> Callable[[], None]:
    """Return what enters a region of that runtime, of so many threads, each doing nothing.

    ``GOMP_parallel`` is in it as it is in GNU's; ``free(NULL)`` is work that needs no GIL.
    """
    library = ctypes.CDLL(other_openmp())
    nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)
    return lambda: library.GOMP_parallel(nothing, None, threads, 0)


def load_other_openmp() -> None:
    """Have it in the process, with its threads waiting, before there is another."""
    openmp_region(2)()
