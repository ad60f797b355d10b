"""Inputs and outputs with no memory beside them: a byte too far, read or written, ends the process.

All arrays of a call, and the core's own buffers, end where a page without access begins, or begin
where one ends; freed ones have no access either. The results are the bits of an ordinary call.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path[1:1] = [str(Path(__file__).resolve().parents[1] / "support")]

from allocator import GUARD_BEGIN, GUARD_END, Allocator, preloaded, run_with
from fusedrnn import functional as F
from fusedrnn import runtime
from fusedrnn.cells import CELLS as FUNCTIONS
from kernel_cases import CELLS, make_case, run_kernels
from random_cases import options_of, size
from run import Run

CASES = 20_000
HANG = 600
AT_ONCE = 200  # cases of a process


def copy(value: Any) -> Any:
    """Fresh memory for an array; lists and the rest as they are."""
    if isinstance(value, list):
        return [copy(v) for v in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def results(cell: str, case: dict[str, Any], options: dict[str, Any], dtype: type) -> list[Any]:
    """Outputs, gradients, and those of packed weights, a step and a dense layer."""
    outputs, gradients = run_kernels(cell, case, options, dtype)
    kind, form = CELLS[cell]
    form = {**form, "activation": options.get("activation", "tanh")}
    weights = [None if case[k] is None else case[k].astype(dtype)
               for k in ("kernel", "recurrent_kernel", "bias")]  # fmt: skip
    x = case["x"].astype(dtype)
    packed = []
    for name in (None, "bfloat16")[: 1 + (dtype == np.float32)]:
        own = FUNCTIONS[kind].packed(*weights, weights=name, **form)
        packed += own(x, lengths=case["lengths"])
    states = [np.zeros((len(x), weights[1].shape[0]), dtype)] * FUNCTIONS[kind].states
    step = FUNCTIONS[kind].step(*weights, **form)(x[:, 0].copy(), *states)
    rows = x.reshape(-1, x.shape[-1])
    dense = F.dense(rows, weights[0])
    return [*outputs, *gradients, *packed, *(step if isinstance(step, tuple) else [step]), dense,
            *F.dense_backward(rows, weights[0], dense)]  # fmt: skip


@dataclass
class Case:
    """A call that depends on its number alone."""

    seed: int
    number: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, self.number])
        self.cell = str(rng.choice(list(CELLS)))
        self.shape = size(rng, 40), size(rng, 70), size(rng, 12), size(rng, 40)  # I H T N
        self.options = options_of(rng)
        self.dtype = np.float32 if rng.random() < 0.6 else np.float64
        isas = runtime.available_isas()
        self.isa, self.threads = isas[self.number % len(isas)], int(rng.integers(1, 4))
        self.arguments = make_case(
            self.cell, self.shape, self.options, seed=int(rng.integers(1 << 30))
        )

    def run(self) -> list[Any]:
        with runtime.use_isa(self.isa), runtime.threads(self.threads):
            return results(self.cell, copy(self.arguments), self.options, self.dtype)


def main(seed: int, first: int, count: int) -> None:
    """Run cases; print each before it runs, and what was wrong."""
    allocator = Allocator("_core", "_multiarray_umath")
    cases = [Case(seed, number) for number in range(first, first + count)]
    expected = [case.run() for case in cases]
    # NumPy keeps some small blocks of each size for the next array. Those of now are held here, so
    # that the ones to come are guarded.
    held = [np.empty(n, np.uint8) for n in range(1, 1025) for _ in range(8)]
    with allocator.armed(GUARD_END if first // AT_ONCE % 3 else GUARD_BEGIN):
        for case, right in zip(cases, expected, strict=True):
            print("case", case.number, flush=True)
            for k, (a, e) in enumerate(zip(case.run(), right, strict=True)):
                if (a is None) != (e is None) or (a is not None and a.tobytes() != e.tobytes()):
                    print(f"wrong {case}: result {k} differs")
    print("guarded", allocator.guarded())
    del held


def prove(run: Run) -> None:
    with preloaded() as library:
        for case, _ in run.each():
            if case % AT_ONCE and run.only is None:
                continue
            count = 1 if run.only is not None else min(AT_ONCE, run.cases - case)
            done = run_with(library, "guard_pages.py", str(run.seed), str(case), str(count))
            lines = done.stdout.splitlines()
            last = [line for line in lines if line.startswith("case")][-1:]
            if done.returncode:
                run.fail(case, f"{last}: status {done.returncode} {done.stderr[-2000:]}")
            for line in lines:
                if line.startswith("wrong"):
                    run.fail(case, line)
                if line.startswith("guarded"):
                    run.count("guarded blocks", int(line.split()[1]))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
