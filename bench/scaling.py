"""``python -m bench scaling``: a model of what a call costs, and what it says of more threads.

docs/scaling.md describes the model. Its constants are fitted to times of this machine at the shapes
of FIT, on one thread and on all cores; what it predicts is then compared with times at the shapes
of the benchmark's table, which it has not seen, and printed for more threads than there are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from fusedrnn import runtime

from . import ours, peak, report
from .case import Case
from .cells import CELLS
from .cost import Model, Processor, Work
from .machine import cores
from .process import Processes
from .rows import ONE_THREAD, PEAK, turns
from .shapes import TABLE, Shape
from .timing import prepare, race

# Between the table's shapes, each of the model's terms large in some.
FIT = {f"fit{k}": Shape(*numbers) for k, numbers in enumerate([
    (2, 24, 20, 40), (8, 40, 12, 8), (4, 72, 16, 24), (24, 96, 40, 48), (24, 128, 60, 6),
    (80, 256, 60, 12), (96, 192, 40, 32), (64, 384, 40, 48), (192, 448, 32, 64),
    (384, 768, 16, 48), (16, 64, 60, 1), (32, 160, 200, 1), (48, 512, 60, 1), (300, 64, 20, 16),
])}  # fmt: skip
MODES = ("inference", "training")
ALLOWED = 0.15


def processor(isa: str) -> Processor:
    """What the model has to know of the machine."""
    folder = Path("/sys/devices/system/cpu/cpu0/cache/index2/size")
    l2 = int(folder.read_text().rstrip("K\n")) << 10 if folder.exists() else 640 << 10
    bytes_ = {"avx512": 64, "avx2": 32}.get(isa, 16)
    return Processor(lanes=bytes_ // 4, rows=6 if isa == "avx512" else 3, l2=l2)


def measure(case: Case, processes: Processes, isa: str, seconds: float) -> dict[str, float]:
    """Seconds of a call on one thread and on all, and the peaks, in turns."""
    names = {ONE_THREAD: 1, ours.NAME: processes.threads}
    for name, threads in names.items():
        processes[name](prepare, name, ours.contestant, case, threads, isa)
    peaks = {f"{PEAK} {n}": partial(processes[PEAK], peak.gflops, case.dtype, n, isa)
             for n in names.values()}  # fmt: skip
    samples = race(turns(names, processes) | peaks, seconds)
    return {name: median(found) for name, found in samples.items()}


def judge(cell: str, mode: str, threads: int, many: Sequence[int], seconds: float
          ) -> dict[str, Any]:  # fmt: skip
    """Fit the model to FIT, then compare what it predicts with times of the table's shapes."""
    isa = runtime.isa()
    shapes = FIT | {name: shape for name, shape in TABLE.items() if shape.T > 1}
    found: dict[str, dict[str, float]] = {}
    with Processes(threads) as processes:
        for number, (name, shape) in enumerate(shapes.items(), 1):
            case = Case(mode=mode, task=mode, cell=cell, name=name, shape=shape)
            print(f"[{number}/{len(shapes)}] {case}", file=sys.stderr, flush=True)
            found[name] = measure(case, processes, isa, seconds)
    slower = median(threads * f[f"{PEAK} 1"] / f[f"{PEAK} {threads}"] for f in found.values())
    gates = CELLS[cell].cell.gates
    one, more = ({FIT[name]: found[name][who] for name in FIT} for who in (ONE_THREAD, ours.NAME))
    model = Model(processor(isa), mode, gates, np.zeros(len(Work._fields)), slower=slower)
    model = model.fitted(one, more, threads)
    rows = [
        {"cell": cell, "mode": mode, "shape": name, **shape._asdict(),
         "measured": {1: found[name][ONE_THREAD], threads: found[name][ours.NAME]},
         "predicted": {n: model.seconds(shape, n) for n in sorted({1, threads, *many})}}
        for name, shape in shapes.items() if name not in FIT
    ]  # fmt: skip
    constants = dict(zip(Work._fields, model.constants.tolist(), strict=True))
    constants |= {"start": model.start, "meeting": model.meeting, "slower": model.slower}
    return {"cell": cell, "mode": mode, "constants": constants, "rows": rows}


def table(mode: str, rows: Sequence[dict[str, Any]]) -> report.Table:
    """Measured and predicted times of a mode, and predicted gains of more threads."""
    measured, predicted = list(rows[0]["measured"]), list(rows[0]["predicted"])
    columns = ["cell", "shape", "I, H, T, N"]
    for n in measured:
        columns += [f"{report.threads_of(n)} us", "predicted"]
    many = [n for n in predicted if n > 1]
    lines = []
    for row in rows:
        line = [row["cell"], row["shape"], ", ".join(str(row[k]) for k in "IHTN")]
        for n in measured:
            us, ratio = row["measured"][n] * 1e6, row["predicted"][n] / row["measured"][n]
            line += [f"{us:,.0f}", f"{ratio:.2f} x"]
        lines.append(line + [f"{row['predicted'][1] / row['predicted'][n]:.1f}" for n in many])
    return report.Table(mode, columns + [f"gain of {n}" for n in many], lines)


def summary(rows: Sequence[dict[str, Any]]) -> list[str]:
    """How far the predictions are from what was measured."""
    lines = []
    for n in rows[0]["measured"]:
        errors = {f"{row['mode']} {row['cell']} {row['shape']}":
                  row["predicted"][n] / row["measured"][n] - 1 for row in rows}  # fmt: skip
        far = max(errors, key=lambda name: abs(errors[name]))
        within = sum(abs(error) <= ALLOWED for error in errors.values())
        lines.append(
            f"{report.threads_of(n)}: {within} of {len(errors)} predictions within {ALLOWED:.0%}, "
            f"median error {median(map(abs, errors.values())):.0%}, "
            f"largest {errors[far]:+.0%} ({far})."
        )
    return lines


def main(arguments: list[str]) -> None:
    """Measure, fit, compare, and write the files."""
    parser = argparse.ArgumentParser("python -m bench scaling", description=__doc__)
    add = parser.add_argument
    add("--cells", default="lstm,gru", help="default: %(default)s")
    add("--mode", default=",".join(MODES), help="default: %(default)s")
    add("--threads", type=int, default=cores(), help="measured besides one (default: all cores)")
    add("--many", default="4,8,16", help="threads to predict (default: %(default)s)")
    add("--budget", type=float, default=300, help="seconds of timing (default: 300)")
    report.add_options(parser)
    given = parser.parse_args(arguments)
    cells, modes = given.cells.split(","), given.mode.split(",")
    many = [int(n) for n in given.many.split(",")]
    seconds = given.budget / len(cells) / len(modes) / (len(FIT) + len(TABLE))
    fits = [judge(c, m, given.threads, many, seconds) for m in modes for c in cells]
    rows = [row for found in fits for row in found["rows"]]
    notes = [
        "Fitted to other shapes than those below (bench/scaling.py); predicted: over measured.",
        "For more threads than were measured: as many cores with an L2 and a bandwidth of their "
        "own, no slower together than those measured; each thread adds as much to the start of a "
        "region and to a meeting.",
        *summary(rows),
    ]  # fmt: skip
    tables = [table(mode, [row for row in rows if row["mode"] == mode]) for mode in modes]
    report.publish(given, notes, tables, {"fits": fits})


if __name__ == "__main__":
    main(sys.argv[1:])
