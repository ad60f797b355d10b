"""``python -m bench kernels``: fusedrnn beside the peers installed, in one run."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

from fusedrnn import runtime

from . import report, rows
from .cells import CELLS
from .machine import cores
from .options import MODES, Options
from .peers import PEERS, installed
from .shapes import select


def parse(arguments: list[str]) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(
        "python -m bench kernels", description=__doc__, epilog="Lists are written with commas."
    )
    add = parser.add_argument
    add("--shapes", default="table", help="table, awkward, steps, all, or names (default: table)")
    add("--cells", default=",".join(CELLS), help="default: %(default)s")
    add("--threads", help="default: 1 and the number of cores")
    add("--dtype", default="float32", help="float32, float64 (default: float32)")
    add("--mode", default=",".join(m for m in MODES if m != "busy"), help="of "
        f"{', '.join(MODES)} (default: all but busy)")  # fmt: skip
    add("--busy", type=int, default=15, metavar="N", help="processes beside which mode busy runs "
        "(default: %(default)s)")  # fmt: skip
    add("--budget", type=float, default=900, help="seconds for all timing (default: 900); the "
        "slowest shapes take longer, and warming up is not counted")  # fmt: skip
    add("--isa", help="instruction sets of ours to time; the first is the one compared "
        "(default: the best)")  # fmt: skip
    add("--peers", default=",".join(PEERS), help='of these those that are installed; "" '
        "for none (default: %(default)s)")  # fmt: skip
    report.add_options(parser)
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
        options = Options(
            shapes=select(given.shapes),
            cells=listed(given.cells, tuple(CELLS), "--cells"),
            modes=listed(given.mode, MODES, "--mode"),
            dtypes=listed(given.dtype, ("float32", "float64"), "--dtype"),
            isas=isas,
            peers=[p for p in listed(given.peers, tuple(PEERS), "--peers") if installed(p)],
            seconds=0,
            busy=given.busy,
        )
    except ValueError as error:
        sys.exit(f"python -m bench: {error}")
    number = len(list(rows.cases(options))) * len(threads)
    if not number:
        sys.exit("python -m bench: no case is left: the modes and the shapes do not meet")
    options = replace(options, seconds=given.budget / number)
    runs = [rows.run(options, n) for n in threads]
    found = [row for run in runs for row in run["rows"]]
    found.sort(key=lambda r: (order(r["mode"]), options.dtypes.index(r["dtype"]), r["threads"]))
    for row in found:
        report.evaluate(row)
    pools = {run["threads"]: run["pools"] for run in runs}
    data = {"rows": found, "summary": report.summary(found), "pools": pools}
    report.publish(given, report.notes(found), list(report.tables(found)), data, isas[0])


def order(mode: str) -> tuple[int, str]:
    """Modes in the order of MODES."""
    return MODES.index(mode.split()[0]), mode
