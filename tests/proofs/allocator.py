"""The allocator of allocator.cpp, built and put before the C library's in a process of its own."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FAIL, GUARD_END, GUARD_BEGIN = 1, 2, 3
HERE = Path(__file__).parent


def build(folder: str) -> Path:
    """Compile it; needs a C++ compiler."""
    library = Path(folder, "allocator.so")
    compiler = os.environ.get("CXX", "c++")
    subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", library, HERE / "allocator.cpp", "-ldl"],
        check=True,
    )
    return library


def run_with(library: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a module of this folder as a program, with the allocator in front."""
    return subprocess.run(
        [sys.executable, str(HERE / program), *arguments], capture_output=True, text=True,
        check=False, env={**os.environ, "LD_PRELOAD": str(library), "FUSEDRNN_ALLOCATOR": "1"},
    )  # fmt: skip


class Allocator:
    """The allocator in front of this process."""

    def __init__(self, *libraries: str) -> None:
        self._library = ctypes.CDLL(None)
        self._library.disarm.restype = self._library.guards.restype = ctypes.c_long
        self._library.arm.argtypes = [ctypes.c_int, ctypes.c_long]
        for name in libraries:
            before = self.ranges if hasattr(self, "ranges") else 0
            self.ranges = self._library.watch(name.encode())
            assert self.ranges > before, f"{name} is not loaded"

    @contextmanager
    def armed(self, how: int, n: int = 0) -> Iterator[list[int]]:
        """Requests of the libraries fail, the n-th of them, or are guarded; their number comes."""
        requests = [0]
        self._library.arm(how, n)
        try:
            yield requests
        finally:
            requests[0] = self._library.disarm()

    def guarded(self) -> int:
        """Requests that have been guarded so far."""
        return int(self._library.guards())


@contextmanager
def preloaded() -> Iterator[Path]:
    """The library, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        yield build(folder)
