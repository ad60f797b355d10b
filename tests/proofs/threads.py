"""1 to 16 threads, and several callers at once: the same bits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from fusedrnn import runtime
from kernel_cases import CELLS, make_case, run_kernels
from random_cases import options_of, size
from run import Run

CASES = 1_500
HANG = 600


def same(a: list[Any], b: list[Any]) -> bool:
    return all(
        (p is None and q is None) or p.tobytes() == q.tobytes() for p, q in zip(a, b, strict=True)
    )


def prove(run: Run) -> None:
    isas = runtime.available_isas()
    with ThreadPoolExecutor(4) as callers:
        for case, rng in run.each():
            cell = str(rng.choice(list(CELLS)))
            # Enough work for several threads, by rows or, where they are few, by units.
            few = rng.random() < 0.5
            I, H, T, N = (size(rng, most) for most in (60, 300, 20, 300))
            shape = (8 + I, 100 + H, 4 + T, 1 + N // 40) if few else (I, 16 + H // 5, 2 + T, 40 + N)
            options, isa = options_of(rng), str(rng.choice(isas))
            dtype = np.float32 if rng.random() < 0.7 else np.float64
            arguments = make_case(cell, shape, options, seed=int(rng.integers(1 << 30)))

            def call(arguments=arguments, cell=cell, options=options, dtype=dtype) -> list[Any]:
                outputs, gradients = run_kernels(cell, arguments, options, dtype)
                return [*outputs, *gradients]

            with runtime.use_isa(isa):
                with runtime.threads(1):
                    expected = call()
                for n in {2, 3, int(rng.integers(4, 17)), 16}:
                    with runtime.threads(n):
                        if not same(call(), expected):
                            run.fail(case, f"{cell} {shape} {options} {isa}: {n} threads differ")
                with runtime.threads(2):
                    for got in callers.map(lambda _: call(), range(3)):
                        if not same(got, expected):
                            run.fail(case, f"{cell} {shape} {options} {isa}: callers differ")
            run.count("by units" if few else "by rows")
