"""``python -m bench kernels``: fusedrnn beside the peers installed, in one run."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from fusedrnn import runtime

from . import report, worker
from .cells import CELLS
from .contestant import Mismatch
from .machine import cores, describe
from .options import MODES, Options
from .peers import PEERS, installed
from .process import in_fresh_process
from .shapes import select

RESULTS = Path(__file__).parent / "results"


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        "python -m bench kernels", description=__doc__, epilog="Lists are written with commas."
    )
    add = parser.add_argument
    add("--shapes", default="table", help="table, awkward, all, or names (default: table)")
    add("--cells", default=",".join(CELLS), help="default: %(default)s")
    add("--threads", help="default: 1 and the number of cores")
    add("--dtype", default="float32", help="float32, float64 (default: float32)")
    add("--mode", default=",".join(MODES), help="default: %(default)s")
    add("--budget", type=float, default=900, help="seconds for all timing (default: 900); the "
        "slowest shapes take longer, and warming up is not counted")  # fmt: skip
    add("--isa", help="instruction sets of ours to time; the first is the one compared "
        "(default: the best)")  # fmt: skip
    add("--peers", default=",".join(PEERS), help='of these those that are installed; "" '
        "for none (default: %(default)s)")  # fmt: skip
    add("--name", default="latest", help="of the files in bench/results (default: latest)")
    add("--results", type=Path, default=RESULTS, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def listed(text: str, allowed: tuple[str, ...], option: str) -> list[str]:
    """Parts of a list with commas, each one of `allowed`."""
    parts = [part for part in text.split(",") if part]
    if unknown := set(parts) - set(allowed):
        raise ValueError(f"{option}: {sorted(unknown)} not in {', '.join(allowed)}")
    return parts


def main(arguments: list[str]) -> None:
    """Run, print, and write the files."""
    given = parse(arguments)
    try:
        available = tuple(runtime.available_isas())
        isas = listed(given.isa, available, "--isa") if given.isa else [runtime.isa()]
        threads = [int(n) for n in given.threads.split(",")] if given.threads else (
            sorted({1, cores()}))  # fmt: skip
        if not re.fullmatch(r"[\w.-]+", given.name):
            raise ValueError(f"--name: {given.name!r} is not a file's name")
        options = Options(
            shapes=select(given.shapes),
            cells=listed(given.cells, tuple(CELLS), "--cells"),
            modes=listed(given.mode, MODES, "--mode"),
            dtypes=listed(given.dtype, ("float32", "float64"), "--dtype"),
            isas=isas,
            peers=[p for p in listed(given.peers, tuple(PEERS), "--peers") if installed(p)],
            seconds=0,
        )
    except ValueError as error:
        sys.exit(f"python -m bench: {error}")
    number = len(list(worker.cases(options))) * len(threads)
    if not number:
        sys.exit("python -m bench: no case is left: the modes and the shapes do not meet")
    options = replace(options, seconds=given.budget / number)
    runs = [start(options, n) for n in threads]
    rows = [row for run in runs for row in run["rows"]]
    rows.sort(key=lambda r: (order(r["mode"]), options.dtypes.index(r["dtype"]), r["threads"]))
    for row in rows:
        report.evaluate(row)
    machine = describe() | {"isa": isas[0]}
    write(given.results / f"{given.name}.json", json.dumps({
        "machine": machine, "rows": rows, "summary": report.summary(rows),
        "pools": {run["threads"]: run["pools"] for run in runs},
    }, indent=1))  # fmt: skip
    write(given.results / f"{given.name}.md", report.markdown(machine, rows))
    report.show(machine, rows)


def order(mode: str) -> tuple[int, str]:
    """Modes in the order of MODES."""
    return MODES.index(mode.split()[0]), mode


def start(options: worker.Options, threads: int) -> Any:
    """Run a worker in a fresh process with the environment of so many threads."""
    environment = worker.environment(threads)
    try:
        return in_fresh_process(worker.run, options, threads, environment=environment)
    except Mismatch as error:
        sys.exit(f"python -m bench: answers differ, nothing is reported: {error}")


def write(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text)
    os.replace(temporary, path)
