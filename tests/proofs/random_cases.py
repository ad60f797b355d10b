"""Cells, shapes and options at random: outputs and gradients against the float64 reference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusedrnn import cells, runtime
from kernel_cases import CELLS, make_case, run_kernels, run_reference, tolerances
from run import Run

CASES = 20_000
FEW = 64  # values
TAIL = 2  # the worst of 1e9 random sums is 6 deviations off, that of a test's 1e4 about 4
TINY = 1e-30  # instead of the zero that all values are where every step is masked
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")

Arguments = dict[str, Any]  # of `kernel_cases.make_case`


def options_of(rng: np.random.Generator) -> dict[str, object]:
    """Every option on or off by itself; the defaults are the likelier ones."""
    options: dict[str, object] = {
        name: True
        for name in ("lengths", "mask", "reverse", "time_major", "recurrent_mask")
        if rng.random() < 0.3
    }
    options |= {name: False for name in ("bias", "states", "return_sequences")
                if rng.random() < 0.2}  # fmt: skip
    if rng.random() < 0.3:
        options["activation"] = str(rng.choice(ACTIVATIONS))
    return options


def size(rng: np.random.Generator, most: int) -> int:
    """From 1 to `most`, small ones as likely as large ones."""
    return int(np.exp(rng.uniform(0, np.log(most + 1))))


def tame(cell: str, arguments: Arguments) -> Arguments:
    """The same with recurrent weights that make no difference larger, nor then that of rounding."""
    recurrent, mask = arguments["recurrent_kernel"], arguments["recurrent_mask"]
    gates = np.hsplit(recurrent, cells.CELLS[CELLS[cell][0]].gates)
    largest = max(1.0, *(np.linalg.norm(gate, 2) for gate in gates))
    return arguments | {
        "recurrent_kernel": recurrent / (largest * (1 if mask is None else mask.max()))
    }


def beyond(arguments: Arguments, got: Any, exact: Any, dtype: type) -> Iterator[str]:
    """What of (outputs, gradients) is farther from the exact ones than it may be."""
    N, H = len(arguments["x"]), len(arguments["recurrent_kernel"])
    limits = tolerances(arguments, dtype)
    for what, ours, right, limit in zip(
        ("output", "gradient"), got, exact, limits, strict=True
    ):  # fmt: skip
        largest = max(1.0, *(np.abs(e).max(initial=0) for e in right if e is not None))
        for k, (a, e) in enumerate(zip(ours, right, strict=True)):
            if (a is None) != (e is None):
                yield f"{what} {k} is missing"
            elif e is not None and e.size:
                # Few values may all have cancelled, as all do where there are few in a step; the
                # others, and what came in, of size 1, say how large the terms were.
                scale = largest if e.size < FEW or N * H < 8 else max(np.abs(e).max(), TINY)
                worst = float(np.abs(a / scale - e / scale).max())
                if not worst <= TAIL * limit:  # NaN too
                    yield f"{what} {k}: {worst:.2e} > {TAIL * limit:.2e}"


def prove(run: Run) -> None:
    isas = runtime.available_isas()
    for case, rng in run.each():
        cell = str(rng.choice(list(CELLS)))
        shape = size(rng, 80), size(rng, 100), size(rng, 40), size(rng, 70)  # I H T N
        options = options_of(rng)
        dtype = np.float32 if rng.random() < 0.6 else np.float64
        isa, threads = str(rng.choice(isas)), int(rng.integers(1, 5))
        arguments = tame(cell, make_case(cell, shape, options, seed=int(rng.integers(1 << 30))))
        exact = run_reference(cell, arguments, options)
        with runtime.use_isa(isa), runtime.threads(threads):
            got = run_kernels(cell, arguments, options, dtype)
        for text in beyond(arguments, got, exact, dtype):
            run.fail(case, f"{cell} {shape} {options} {dtype.__name__} {isa}: {text}")
        run.count(f"{dtype.__name__} {isa}")
