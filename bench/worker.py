"""All cases for one number of threads, in a process of its own.

A thread pool's size is best set before its library is loaded: hence the process, and its
environment. The parent calls :func:`environment`, the child :func:`run`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

from . import contention, memory, ours
from .case import FIT_BATCH, FIT_STEPS, FIT_UNITS, Case
from .contestant import Contestant, check
from .machine import cores
from .options import Options
from .peak import Peak
from .peers import load
from .shapes import ALL, Shape
from .timing import race, ratios, spread


def environment(threads: int) -> dict[str, str]:
    """Our environment with variables that hold every peer to `threads` threads of the CPU."""
    n = str(threads)
    pools = ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "TF_INTRAOP", "TF_INTEROP")
    env = dict(os.environ) | {f"{pool}_NUM_THREADS": n for pool in pools}
    env.pop("OPENBLAS_CORETYPE", None)  # it would choose NumPy's kernels
    env |= {"TF_NUM_INTRAOP_THREADS": n, "TF_NUM_INTEROP_THREADS": n, "TF_CPP_MIN_LOG_LEVEL": "3"}
    env |= {"NPROC": n, "JAX_PLATFORMS": "cpu", "CUDA_VISIBLE_DEVICES": "-1"}  # NPROC: XLA's pool
    if threads == 1:
        env["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return env


def cases(options: Options) -> Iterator[Case]:
    """The lines of the table, in its order."""
    for mode in options.modes:
        for dtype in options.dtypes:
            for cell in options.cells:
                if mode == "fit":
                    shape = Shape(I=1, H=FIT_UNITS, T=FIT_STEPS, N=FIT_BATCH)
                    yield Case(mode=mode, task="fit", cell=cell, name="tutorial", shape=shape,
                               dtype=dtype)  # fmt: skip
                    continue
                for name in options.shapes:
                    shape = ALL[name]
                    if (mode == "step") != (shape.T == 1) or (mode == "ragged" and shape.N < 16):
                        continue
                    about = {"cell": cell, "name": name, "shape": shape, "dtype": dtype}
                    if mode == "ragged":
                        for task in ("inference", "training"):
                            yield Case(mode=f"ragged {task}", task=task, ragged=True, **about)
                    else:
                        task = {"contention": "inference", "memory": "training"}.get(mode, mode)
                        yield Case(mode=mode, task=task, **about)


def run(options: Options, threads: int) -> dict[str, Any]:
    """Rows of the tables, and the thread pools that were loaded."""
    peers = {name: load(name) for name in options.peers}
    rows, todo = [], list(cases(options))
    for number, case in enumerate(todo, 1):
        print(f"[{threads} threads, {number}/{len(todo)}] {case}", file=sys.stderr, flush=True)
        if case.mode == "memory":
            results: dict[str, Any] | None = memory.measure(case, options, threads)
        elif case.mode == "contention":
            busy = 1 < threads == cores()
            results = contention.measure(case, options, threads, peers) if busy else None
        else:
            results = measure(case, options, threads, peers)
        if results is not None:
            rows.append(describe(case, threads) | results)
    return {"threads": threads, "rows": rows, "pools": pools(threads)}


def describe(case: Case, threads: int) -> dict[str, Any]:
    """What a row is about."""
    return {"mode": case.mode, "cell": case.cell, "shape": case.name, **case.shape._asdict(),
            "dtype": case.dtype, "threads": threads}  # fmt: skip


def measure(case: Case, options: Options, threads: int, peers: dict[str, Any]) -> dict[str, Any]:
    """Check the answers, then time everyone against everyone."""
    first, *other_isas = options.isas
    us = ours.contestant(case, threads, first)
    others = [c for peer in peers.values() if (c := peer.contestant(case, threads))]
    others += [ours.contestant(case, threads, isa, isa) for isa in other_isas]
    if threads > 1:
        others.append(ours.contestant(case, 1, first, "one thread"))
    check(case, us, others)
    if case.ragged:
        others.append(ours.contestant(case, threads, first, "full", full=True))
    peak = Peak(case.dtype, threads)
    referee = Contestant("peak", peak.sample, lambda _: {}, us.context, peer=False)
    samples = race([us, *others, referee], options.seconds, threads)
    del samples["peak"]
    return {
        "flops": None if case.task == "fit" else case.flops,
        "full_flops": replace(case, ragged=False).flops if case.ragged else None,
        "peak_gflops": median(peak.samples),
        "seconds": {name: spread(times) for name, times in samples.items()},
        "ratios": ratios(samples, us.name),
        "peers": [c.name for c in others if c.peer],
    }


def pools(threads: int) -> list[dict[str, Any]] | None:
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
