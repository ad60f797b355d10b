"""Each allocation of each operation fails once: a MemoryError, and everything goes on as before.

Every operation runs with its first, second, ... request of memory refused, until it gets through:
in a process where it has run before, and in a fork of one where nothing has run yet.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path[1:1] = [str(Path(__file__).resolve().parents[1] / "support")]

import kernel_cases
from allocator import FAIL, Allocator, preloaded, run_with
from fusedrnn import functional as F
from fusedrnn import runtime
from fusedrnn.cells import CELLS
from run import Run

MOST = 3000  # requests of an operation
SHAPE = (5, 40, 7, 9)  # I H T N
OPTIONS: list[tuple[str, dict[str, bool]]] = [
    ("plain", {}),
    ("options", {"lengths": True, "mask": True, "reverse": True, "recurrent_mask": True}),
]


@dataclass
class Cell:
    """The operations of a cell on one set of arguments."""

    kind: str
    weights: list[Any]
    x: Any
    states: list[Any]
    dy: Any
    form: dict[str, Any]  # options of the cell
    options: dict[str, Any]  # of a call
    recurrent_mask: Any

    def infer(self) -> Any:
        return self._run(self.x, *self.weights)

    def copies(self) -> Any:
        """Of arrays that are copied before they are read."""
        return self._run(self.x[:, :, ::-1], *(a[..., ::-1] for a in self.weights))

    def train(self) -> Any:
        *results, tape = self._run(
            self.x, *self.weights, training=True, recurrent_mask=self.recurrent_mask
        )
        back = getattr(F, f"{self.kind}_backward")
        out = tuple(np.empty_like(a) for a in self.weights)
        return [*results, *back(tape, self.dy), *back(tape, self.dy, out=out)]

    def packed(self, weights: str | None = None) -> Any:
        own = CELLS[self.kind].packed(*self.weights, weights=weights, **self.form)
        return own(self.x, *self.states)

    def half(self) -> Any:
        return self.packed("bfloat16")

    def step(self) -> Any:
        one = CELLS[self.kind].step(*self.weights, **self.form)
        result = one(np.ascontiguousarray(self.x[:, 0]), *self.states)
        return result if isinstance(result, tuple) else [result]

    def _run(self, x: Any, *weights: Any, **more: Any) -> Any:
        run = getattr(F, self.kind)
        return run(x, *weights, *self.states, **self.form, **self.options, **more)


def operations() -> dict[str, Callable[[], Any]]:
    """What runs, by name; the results are arrays."""
    found: dict[str, Callable[[], Any]] = {}
    for (name, (kind, form)), (which, options) in product(kernel_cases.CELLS.items(), OPTIONS):
        case = kernel_cases.make_case(name, SHAPE, options)
        cell = Cell(
            kind=kind,
            weights=[case[k].astype("f4") for k in ("kernel", "recurrent_kernel", "bias")],
            x=case["x"].astype("f4"),
            states=[s.astype("f4") for s in case["states"]],
            dy=case["dy"].astype("f4"),
            form=form,
            options={"lengths": case["lengths"], "mask": case["mask"],
                     "reverse": options.get("reverse", False)},
            recurrent_mask=None if not options else case["recurrent_mask"].astype("f4"),
        )  # fmt: skip
        found |= {f"{name}, {which}": cell.infer, f"{name}, {which}, copies": cell.copies,
                  f"{name}, {which}, training": cell.train}  # fmt: skip
        if not options:
            found |= {f"{name}, packed": cell.packed, f"{name}, step": cell.step,
                      f"{name}, bfloat16": cell.half}  # fmt: skip
    x, k, b = (np.linspace(0, 1, n, dtype="f4") for n in (90 * 30, 30 * 50, 50))
    x, k = x.reshape(90, 30), k.reshape(30, 50)
    found["dense"] = lambda: [F.dense(x, k, b), *F.dense_backward(x, k, F.dense(x, k))]
    return found


def same(got: Any, expected: Any) -> bool:
    return all(
        (a is None and e is None) or np.array_equal(a, e, equal_nan=True)
        for a, e in zip(got, expected, strict=True)
    )


def refused(allocator: Allocator, operation: Callable[[], Any], n: int, expected: Any) -> str:
    """Run with the n-th request refused, and once more: what is wrong, "through" if n is beyond."""
    failed = False
    with allocator.armed(FAIL, n) as requests:
        try:
            got = operation()
        except MemoryError:
            failed = True
    if not failed and not same(got, expected):
        return "another answer"
    if not same(operation(), expected):
        return "another answer afterwards"
    return "through" if requests[0] < n else "refused" if failed else "did without"


def warm(allocator: Allocator, run: Callable[[], Any], expected: Any) -> list[str]:
    """The outcome of each n in this process."""
    found = []
    for n in range(1, MOST):
        found.append(refused(allocator, run, n, expected))
        if found[-1] == "through":
            return found
    return [*found, "never got through"]


def cold(allocator: Allocator, run: Callable[[], Any], expected: Any) -> list[str]:
    """The outcome of each n in a fork of this process, in which nothing has run."""
    outcomes = ["through", "refused", "did without", "another answer", "another answer afterwards"]
    found = []
    for n in range(1, MOST):
        pid = os.fork()
        if pid == 0:
            status = 99
            try:
                status = outcomes.index(refused(allocator, run, n, expected))
            finally:
                os._exit(status)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        found.append(outcomes[code] if 0 <= code < len(outcomes) else f"status {code} at {n}")
        if found[-1] == "through":
            return found
    return [*found, "never got through"]


def main(which: str, how: str, expected_at: str) -> None:
    """Print the outcomes of one operation; its right answer lies in a file, made by `expect`."""
    operation = operations()[which]
    if how == "expect":
        return np.savez(expected_at, *[np.array(np.nan) if a is None else a for a in operation()])
    with np.load(expected_at) as file:
        answers = [file[k] for k in file.files]
    expected = [None if a.ndim == 0 else a for a in answers]
    runtime.set_num_threads(1)
    allocator = Allocator("_core", "libstdc++", "_multiarray_umath", "")
    if how == "warm":
        operation()
    print("\n".join((warm if how == "warm" else cold)(allocator, operation, expected)))


CASES = 2 * len(operations())


def prove(run: Run) -> None:
    names = list(operations())
    with preloaded() as library:
        answer = str(library.with_name("answer.npz"))
        for case, _ in run.each():
            if case >= CASES:
                break
            name, how = names[case // 2], ("warm", "cold")[case % 2]
            run_with(library, "allocation_failures.py", name, "expect", answer).check_returncode()
            done = run_with(library, "allocation_failures.py", name, how, answer)
            outcomes = done.stdout.splitlines()
            if done.returncode:
                run.fail(case, f"{name}, {how}: {done.returncode} {done.stderr[-2000:]}")
            for outcome in outcomes:
                run.count(f"{how}: {outcome.split(' at ')[0]}")
                if outcome not in ("through", "refused", "did without"):
                    run.fail(case, f"{name}, {how}: {outcome}")


if __name__ == "__main__":
    main(*sys.argv[1:])
