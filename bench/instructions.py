"""``python -m bench instructions``: what the kernels execute, a guard that noise does not touch.

Each kernel runs under callgrind with few and with more calls; the difference is what a call costs.
Valgrind executes no AVX-512, so the instruction sets are the weaker ones. The counts are compared
with those in instructions.json, which --store writes, or with those of another build that is
counted in the same run: --before names the folder in which it has its package fusedrnn, python/ of
a checkout with its compiled core, from the first version on that has fusedrnn.cells. Run by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

STORED = Path(__file__).with_suffix(".json")
ISAS = ("baseline", "avx2")
FEW, MORE = 2, {"step": 5000}  # the process itself varies by some 60,000 instructions
ALLOWED = 1.01
Counts = dict[str, dict[str, int]]  # by instruction set and kernel


class Kernel(NamedTuple):
    task: str
    cell: str
    shape: str

    def __str__(self) -> str:
        return " ".join(self)


def run(task: str, cell: str, shape: str, isa: str, calls: str) -> None:
    """Call a kernel so many times: what valgrind watches."""
    from . import ours
    from .case import Case
    from .shapes import ALL

    case = Case(mode=task, task=task, cell=cell, name=shape, shape=ALL[shape])
    contestant = ours.contestant(case, 1, isa)
    with contestant.context():
        for _ in range(int(calls)):
            contestant.run()


def about() -> dict[str, Any]:
    """What there is to count in the build that this process imports."""
    from fusedrnn import runtime
    from fusedrnn.cells import CELLS as plain

    from .cells import CELLS

    return {
        "package": str(Path(runtime.__file__).parents[1]),
        "compiler": str(runtime.build_info()["compiler"]),
        "isas": [isa for isa in ISAS if isa in runtime.available_isas()],
        "kernels": [(task, cell, "seed") for cell in CELLS for task in ("inference", "training")]
        + [("step", cell, "step64") for cell in plain],
    }


def python(build: Path | None, *options: str, under: tuple[str, ...] = ()) -> Any:
    """Run this module in a process that imports the package in `build`, or the one we would."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if build is not None:
        env["PYTHONPATH"] = os.pathsep.join([str(build), env.get("PYTHONPATH", "")])
    command = [*under, sys.executable, "-m", "bench.instructions", *options]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"bench instructions: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done


def instructions(build: Path | None, kernel: Kernel, isa: str, calls: int) -> int:
    """Instructions that a whole process executes."""
    with tempfile.TemporaryDirectory() as folder:
        valgrind = ("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out")
        done = python(build, "--run", *kernel, isa, str(calls), under=valgrind)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def per_call(build: Path | None, kernel: Kernel, isa: str) -> int:
    """Instructions of one call."""
    more = MORE.get(kernel.task, 10)
    few, many = (instructions(build, kernel, isa, calls) for calls in (FEW, FEW + more))
    return round((many - few) / more)


def count(build: Path | None) -> dict[str, Any]:
    """Count every kernel of a build."""
    found = json.loads(python(build, "--about").stdout)
    if build is not None and Path(found["package"]) != build:
        sys.exit(f"bench instructions: {build} has no package fusedrnn with a compiled core")
    kernels = [Kernel(*kernel) for kernel in found["kernels"]]
    print(f"{found['package']}, {found['compiler']}", file=sys.stderr, flush=True)
    counts: Counts = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for isa in found["isas"]:
            numbers = pool.map(lambda kernel, isa=isa: per_call(build, kernel, isa), kernels)
            counts[isa] = dict(zip(map(str, kernels), numbers, strict=True))
    return {"compiler": found["compiler"], "counts": counts}


def compare(counts: Counts, before: Counts) -> list[str]:
    """Print each count beside the one before; return the kernels that execute more than allowed."""
    worse = []
    for isa, kernels in counts.items():
        for kernel, number in kernels.items():
            old = before.get(isa, {}).get(kernel)
            ratio = f"{old:>12,} x {number / old:.3f}" if old else ""
            print(f"{isa:8} {kernel:28} {number:>12,} {ratio}".rstrip(), flush=True)
            if old and number > ALLOWED * old:
                worse.append(f"{kernel} {isa}")
    return worse


def main(arguments: list[str]) -> None:
    """Count, and compare or store."""
    parser = argparse.ArgumentParser("python -m bench instructions", description=__doc__)
    parser.add_argument("--store", action="store_true", help="write the counts")
    parser.add_argument("--before", type=Path, metavar="FOLDER", help="count this build too")
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--about", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.run:
        return run(*given.run)
    if given.about:
        return print(json.dumps(about()))
    if not shutil.which("valgrind"):
        sys.exit("bench instructions: valgrind is not installed")
    if given.before:
        before = count(given.before.resolve())
    else:
        before = json.loads(STORED.read_text()) if STORED.exists() else {"counts": {}}
    now = count(None)
    if not given.store and before.get("compiler") != now["compiler"]:
        print(f"before: {before.get('compiler')}, now: {now['compiler']}")
    worse = compare(now["counts"], before["counts"])
    if given.store:
        temporary = STORED.with_suffix(".part")
        temporary.write_text(json.dumps(now, indent=1) + "\n")
        os.replace(temporary, STORED)
    elif worse:
        sys.exit(f"more instructions than before, by over 1 %: {', '.join(worse)}")


if __name__ == "__main__":
    main(sys.argv[1:])
