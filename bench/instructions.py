"""Instruction counts, a guard that noise does not touch: ``python -m bench.instructions``.

Each kernel runs under callgrind with few and with more calls; the difference is what a call costs.
Valgrind executes no AVX-512, so the instruction sets are the weaker ones. Run by hand; ``--store``
writes the counts to compare with into instructions.json.
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

STORED = Path(__file__).with_suffix(".json")
ISAS = ("baseline", "avx2")
KERNELS = [(task, cell, "seed") for cell in ("lstm", "gru", "gru_before")
           for task in ("inference", "training")] + [
    ("step", "lstm", "step64"), ("step", "gru", "step64"),
]  # fmt: skip
FEW, MORE = 2, {"step": 500}  # the process itself varies by some 30,000 instructions
ALLOWED = 1.02


def run(task: str, cell: str, name: str, isa: str, calls: str) -> None:
    """Call a kernel so many times: what valgrind watches."""
    from . import ours
    from .case import Case
    from .shapes import ALL

    contestant = ours.contestant(Case(task, task, cell, name, ALL[name]), 1, isa)
    with contestant.context():
        for _ in range(int(calls)):
            contestant.run()


def count(*kernel: str) -> int:
    """Instructions that a whole process executes."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out",
                   sys.executable, "-m", "bench.instructions", "--run", *kernel]  # fmt: skip
        env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                            "PYTHONHASHSEED": "0"}  # fmt: skip
        done = subprocess.run(command, env=env, capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found:
        sys.exit(f"bench.instructions: {' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return int(found[1])


def per_call(kernel: tuple[str, ...]) -> int:
    """Instructions of one call."""
    more = MORE.get(kernel[0], 10)
    few, many = (count(*kernel, str(calls)) for calls in (FEW, FEW + more))
    return round((many - few) / more)


def main() -> None:
    """Count, and compare with what is stored or store it."""
    from fusedrnn import runtime

    parser = argparse.ArgumentParser("python -m bench.instructions", description=__doc__)
    parser.add_argument("--store", action="store_true", help="write the counts")
    parser.add_argument("--run", nargs=5, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        return run(*given.run)
    if not shutil.which("valgrind"):
        sys.exit("bench.instructions: valgrind is not installed")
    stored = json.loads(STORED.read_text()) if STORED.exists() else {"counts": {}}
    compiler, counts, worse = str(runtime.build_info()["compiler"]), {}, []
    if not given.store and stored.get("compiler") != compiler:
        print(f"stored with {stored.get('compiler')}, this build is of {compiler}")
    kernels = [(*k, isa) for isa in ISAS if isa in runtime.available_isas() for k in KERNELS]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for kernel, instructions in zip(kernels, pool.map(per_call, kernels), strict=True):
            name = " ".join(kernel)
            counts[name] = instructions
            before = stored["counts"].get(name)
            ratio = instructions / before if before else None
            print(f"{name:32} {instructions:>12,}", f"x {ratio:.3f}" if ratio else "", flush=True)
            if ratio and ratio > ALLOWED:
                worse.append(name)
    if given.store:
        temporary = STORED.with_suffix(".part")
        temporary.write_text(json.dumps({"compiler": compiler, "counts": counts}, indent=1) + "\n")
        os.replace(temporary, STORED)
    elif worse:
        sys.exit(f"more instructions than stored: {', '.join(worse)}")


if __name__ == "__main__":
    main()
