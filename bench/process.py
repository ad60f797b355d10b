"""Python processes that call functions: who is timed has one of its own.

A thread pool's waiting threads spin on for a while and hold another's core; a process that is not
called blocks, and its pool is idle. A pool's size is best set before its library is loaded, by the
process's environment.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


def environment(threads: int) -> dict[str, str]:
    """Our environment with variables that hold every library to `threads` threads of the CPU."""
    n = str(threads)
    pools = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "TF_INTRAOP", "TF_INTEROP")
    env = dict(os.environ) | {f"{pool}_NUM_THREADS": n for pool in pools}
    env.pop("OPENBLAS_CORETYPE", None)  # it would choose NumPy's kernels
    env |= {"TF_NUM_INTRAOP_THREADS": n, "TF_NUM_INTEROP_THREADS": n, "TF_CPP_MIN_LOG_LEVEL": "3"}
    env |= {"NPROC": n, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}  # NPROC: XLA's pool
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return env


class Process:
    """A fresh process; calling this calls a function there, and returns or raises what it does."""

    def __init__(self, environment: dict[str, str]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context)
        with _environ(environment):
            self(int)  # it starts at its first call

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._pool.submit(function, *arguments).result()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)


class Processes(dict[str, Process]):
    """Processes by name, each started when it is first asked for, for so many threads."""

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.threads = threads

    def __missing__(self, name: str) -> Process:
        self[name] = Process(environment(self.threads))
        return self[name]

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.values():
            process.__exit__()


@contextmanager
def _environ(environment: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environment)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def in_fresh_process(function: Callable[..., Any], *arguments: Any, threads: int | None = None
                     ) -> Any:  # fmt: skip
    """Call a function in a process of its own, whose memory it alone takes."""
    with Process(dict(os.environ) if threads is None else environment(threads)) as process:
        return process(function, *arguments)


def thread_pools(threads: int) -> list[dict[str, Any]] | None:
    """Thread pools of the libraries loaded, if threadpoolctl is there to ask; none is larger."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return None
    found: list[dict[str, Any]] = threadpool_info()
    for pool in found:
        pool.pop("filepath")
        if pool["num_threads"] > threads:
            raise RuntimeError(f"{pool['prefix']}: {pool['num_threads']} threads, not {threads}")
    return found
