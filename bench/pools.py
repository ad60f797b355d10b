"""``python -m bench pools``: PyTorch's parallel layers and ours in turns in one process.

A loop calls a Linear with tanh, an LSTM or GRU, and where there is a third pool some work of that:
"another OpenMP" is a region of LLVM's or Intel's runtime, "ONNX Runtime" a session. As "wheel" our
core has an OpenMP under a name of its own, as in a wheel that auditwheel has repaired. "x parts" is
the loop's time over the sum of its parts' by themselves, "x one thread" over the same loop's with
one thread. Each neighbourhood has a process of its own; our answers must be the same bits in all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from . import neighbours, peers, report
from .case import Case
from .contestant import Answer, Contestant, Mismatch, check
from .process import Process, environment, thread_pools
from .shapes import ALL, select
from .timing import over, prepare, race, spread, turn

ALONE, WHEEL, OPENMP, SESSION = NEIGHBOURS = "alone", "wheel", "another OpenMP", "ONNX Runtime"
LAYERS = ("fusedrnn.torch", "torch.nn")
PARTS = ("linear", "layer", "third")
LOOP, ONE_THREAD = "loop", "loop, one thread"
RATIOS = ("x parts", "x one thread")
Run = Callable[[], Any]


def runs(case: Case, layer: str, neighbour: str, threads: int) -> Iterator[tuple[str, Run]]:
    """The parts of the loop."""
    import torch

    import fusedrnn.torch

    I, H, T, N = case.shape
    torch.manual_seed(0)
    linear, y = torch.nn.Linear(H, 4 * H), torch.randn(T, N, H)
    yield "linear", lambda: torch.tanh(linear(y))
    rnn, x = getattr(torch.nn, case.cell.upper())(I, H), torch.randn(T, N, I)
    if layer == LAYERS[0]:
        fusedrnn.torch.accelerate(rnn)
    yield "layer", lambda: rnn(x)[0]
    if neighbour == OPENMP:
        yield "third", neighbours.openmp_region(threads)
    if neighbour == SESSION:
        yield "third", peers.contestant("onnxruntime", case, threads).run


def contestant(parts: list[str], case: Case, layer: str, neighbour: str, threads: int
               ) -> Contestant | None:  # fmt: skip
    """Some of the loop's parts, one after another."""
    import torch

    chosen = {name: run for name, run in runs(case, layer, neighbour, threads) if name in parts}
    if not chosen:
        return None

    @contextmanager
    def context() -> Iterator[None]:
        torch.set_num_threads(threads)
        with torch.no_grad():
            yield

    return Contestant(
        lambda: {name: run() for name, run in chosen.items()},
        lambda out: {k: y.numpy() for k, y in out.items() if isinstance(y, torch.Tensor)},
        context,
    )


@contextmanager
def neighbourhood(neighbour: str, threads: int) -> Iterator[Process | None]:
    """Yield a process with a neighbour; None where there is none to be had."""
    with neighbours.wheel() if neighbour == WHEEL else nullcontext() as folder:
        missing = {
            WHEEL: folder is None,
            OPENMP: neighbours.other_openmp() is None,
            SESSION: not peers.installed("onnxruntime"),
        }
        if missing.get(neighbour):
            yield None
            return
        env = environment(threads)
        if folder is not None:
            env["LD_LIBRARY_PATH"] = f"{folder}:{env.get('LD_LIBRARY_PATH', '')}"
        with Process(env) as process:
            if folder is not None:
                process(neighbours.import_first_from, str(folder))
            if neighbour == OPENMP:
                process(neighbours.load_other_openmp)
            yield process


def measure(process: Process, case: Case, layer: str, neighbour: str, threads: int, seconds: float,
            expected: Answer) -> dict[str, Any]:  # fmt: skip
    """A row; `expected` is what came of the case before, and is filled by the first."""
    about = f"{case.cell} {case.name} {layer}, {neighbour}"
    print(f"[{threads} threads] {about}", file=sys.stderr, flush=True)
    makes = {name: ([name], threads) for name in PARTS}
    makes |= {LOOP: (list(PARTS), threads), ONE_THREAD: (list(PARTS), 1)}
    answers: dict[str, Answer] = {}
    for name, (parts, n) in makes.items():
        answer = process(prepare, name, contestant, parts, case, layer, neighbour, n)
        if answer is not None:
            answers[name] = answer
    for name, answer in answers.items():
        expected |= {key: y for key, y in answer.items() if key not in expected}
        check(about, expected, {name: answer} if answer else {}, case.tolerance)
        ours = layer == LAYERS[0] and "layer" in answer
        if ours and not np.array_equal(answer["layer"], expected["layer"]):
            raise Mismatch(f"{about}: other bits than before in the {name}")
    samples = race({name: partial(process, turn, name) for name in answers}, seconds)
    parts = [name for name in PARTS if name in answers]
    return {"neighbour": neighbour, "cell": case.cell, "shape": case.name, "layer": layer,
            "threads": threads,
            "seconds": {name: spread(times) for name, times in samples.items()},
            "x parts": spread(over(samples, LOOP, *parts)),
            "x one thread": spread(over(samples, LOOP, ONE_THREAD))}  # fmt: skip


def tables(rows: list[dict[str, Any]]) -> Iterator[report.Table]:
    """One table for each neighbour."""
    columns = ["cell", "shape", "layer", *(f"{name} us" for name in (*PARTS, LOOP)),
               *(text for ratio in RATIOS for text in (ratio, "quartiles"))]  # fmt: skip
    for neighbour in dict.fromkeys(row["neighbour"] for row in rows):
        yield report.Table(neighbour, columns, [
            [row["cell"], row["shape"], row["layer"],
             *(report.us(row["seconds"].get(name)) for name in (*PARTS, LOOP)),
             *(text for ratio in RATIOS for text in report.ratio(row[ratio]))]
            for row in rows if row["neighbour"] == neighbour
        ])  # fmt: skip
    yield worst(rows)


def worst(rows: list[dict[str, Any]]) -> report.Table:
    """The largest of both ratios for each neighbour and layer, and where it was."""
    lines = []
    for neighbour, layer in dict.fromkeys((row["neighbour"], row["layer"]) for row in rows):
        group = [row for row in rows if (row["neighbour"], row["layer"]) == (neighbour, layer)]
        line = [neighbour, layer, str(len(group))]
        for ratio in RATIOS:
            most = max(group, key=lambda row, ratio=ratio: row[ratio]["median"])
            line += [f"{most[ratio]['median']:.2f}", f"{most['cell']} {most['shape']}"]
        lines.append(line)
    columns = ["neighbour", "layer", "lines", *(text for ratio in RATIOS for text in (ratio, "at"))]
    return report.Table("the largest ratios", columns, lines)


def main(arguments: list[str]) -> None:
    """Run, print, and write the files."""
    parser = argparse.ArgumentParser("python -m bench pools", description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cells", default="lstm", help="of torch.nn's (default: lstm)")
    parser.add_argument("--shapes", default="seed,fc,mid,big,xl", help="default: %(default)s")
    parser.add_argument("--neighbours", default=",".join(NEIGHBOURS), help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=10.0, help="of timing, for each line")
    report.add_options(parser)
    given = parser.parse_args(arguments)
    cases = [Case(mode="pools", task="inference", cell=cell, name=name, shape=ALL[name])
             for cell in given.cells.split(",") for name in select(given.shapes)]  # fmt: skip
    expected: dict[str, Answer] = {str(case): {} for case in cases}
    rows, pools = [], {}
    for neighbour in given.neighbours.split(","):
        with neighbourhood(neighbour, given.threads) as process:
            if process is None:
                print(f"{neighbour}: there is none here, left out", file=sys.stderr)
                continue
            rows += [
                measure(process, case, layer, neighbour, given.threads, given.seconds,
                        expected[str(case)])
                for case in cases for layer in LAYERS
            ]  # fmt: skip
            pools[neighbour] = process(thread_pools, given.threads)
    if not rows:
        sys.exit("python -m bench pools: no neighbour is left")
    report.publish(
        given,
        [report.INTERLEAVED.format("a process a table")],
        list(tables(rows)),
        {"rows": rows, "pools": pools},
    )
