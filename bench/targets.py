"""``python -m bench targets``: a report of kernels beside what was aimed at.

The aims are for two cores of a Zen 3 (AVX2) and of a Zen 4 (AVX-512); microseconds among them are
for the latter.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .ours import NAME
from .report import Row, Table, show_table

# Of the FMA peak, one thread: by instruction set and mode, of the LSTM and of the GRU
SHARE = {
    "avx2": {
        "inference": {"seed": (0.58, 0.52), "fc": (0.70, 0.64), "mid": (0.80, 0.74),
                      "big": (0.86, 0.84), "xl": (0.86, 0.84), "xxl": (0.86, 0.84),
                      "speech": (0.86, 0.84)},
        "training": {name: (0.78, 0.78) for name in ("mid", "big", "xl", "xxl", "speech")},
    },
    "avx512": {
        "inference": {"seed": (0.62, 0.62), "fc": (0.76, 0.76), "mid": (0.86, 0.86),
                      "big": (0.91, 0.91), "xl": (0.92, 0.92), "xxl": (0.91, 0.91),
                      "speech": (0.90, 0.90)},
        "training": {"seed": (0.48, 0.48), "fc": (0.65, 0.65), "mid": (0.78, 0.78),
                     "big": (0.85, 0.85), "xl": (0.85, 0.85), "xxl": (0.85, 0.85),
                     "speech": (0.85, 0.85)},
    },
}  # fmt: skip
CELLS = ("lstm", "gru")
SCALING = {"inference": 1.85, "training": 1.8}  # two threads over one
LARGE = ("mid", "big", "xl", "xxl", "speech")
MEAN = {("inference", "lstm"): 1.4, ("inference", "gru"): 1.4, ("training", "lstm"): 1.8,
        ("training", "gru"): 2.8}  # fmt: skip
MICROSECONDS = {"lat1": 7.0, "step64": 2.5, "step256": 24.0}
FIT = {"lstm": 420.0, "gru": 350.0}
FLOAT64_LESS, BEFORE, AVX2, RAGGED, CONTENTION = 0.05, 0.85, 0.85, 0.85, 2.5


class Aim(NamedTuple):
    what: str
    reached: float
    aim: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        return self.reached >= self.aim if self.at_least else self.reached <= self.aim


def aims(row: Row, rows: list[Row], isa: str) -> Iterator[Aim]:
    """What a row should reach; `rows` has the reset-after rows beside which others are put."""
    shares = SHARE.get(isa, {})
    mode, name, cell, threads = row["mode"], row["shape"], row["cell"], row["threads"]
    if mode == "memory":
        if "torch" in row["megabytes"]:
            yield Aim("MB, PyTorch's", row["megabytes"][NAME], row["megabytes"]["torch"], False)
        return
    us, single = row["seconds"][NAME]["median"] * 1e6, row["dtype"] == "float32"
    if mode == "contention":
        quiet = row["quiet"][NAME]["median"] * 1e6
        yield Aim("x quiet one thread", us / quiet, CONTENTION, False)
        return
    if row["ratio"]:
        yield Aim("x best peer", row["ratio"], 1.0)
    against = row["against"]
    if "full" in against:
        yield Aim("of the full batch", against["full"], RAGGED)
    if "avx2" in against:
        yield Aim("AVX2 of AVX-512", 1 / against["avx2"], AVX2)
    if mode == "fit":
        if threads > 1:
            yield Aim("x one thread", against["one thread"], 1.0)
        elif cell in FIT and single and isa == "avx512":
            yield Aim("us", us, FIT[cell], False)
    timed = isa == "avx512" and mode in ("inference", "step") and name in MICROSECONDS
    if threads == 1 and timed and single:
        yield Aim("us", us, MICROSECONDS[name], False)
    if threads == 1 and name in shares.get(mode, {}):
        if cell == "gru_before":
            same = ("mode", "shape", "threads", "dtype")
            for r in rows:
                if r["cell"] == "gru" and all(r[k] == row[k] for k in same):
                    yield Aim("of reset after", row["share"] / r["share"], BEFORE)
        elif cell in CELLS:
            less = 0 if single else FLOAT64_LESS
            yield Aim("of peak", row["share"], shares[mode][name][CELLS.index(cell)] - less)
    if threads == 2 and mode in SCALING:
        if name in LARGE:
            yield Aim("x one thread", against["one thread"], SCALING[mode])
        if name == "long1" and mode == "inference":
            yield Aim("x one thread", against["one thread"], 1.6)


def compare(report: dict[str, Any]) -> Table:
    """A line for each aim, the missed ones marked."""
    rows = report["rows"]
    lines = []
    for row in rows:
        about = [row[k] for k in ("mode", "cell", "shape", "dtype")] + [str(row["threads"])]
        lines += [about + _line(aim) for aim in aims(row, rows, report["machine"]["isa"])]
    for mean in report["summary"]:
        if aim := MEAN.get((mean["mode"], mean["cell"])):
            about = [mean["mode"], mean["cell"], "mean", mean["dtype"], str(mean["threads"])]
            lines.append(about + _line(Aim("x best peer", mean["mean"], aim)))
    columns = ["mode", "cell", "shape", "type", "threads", "of what", "reached", "aim", "met"]
    met = sum(line[-1] == "yes" for line in lines)
    return Table(f"aims: {met} of {len(lines)} met", columns, lines)


def _line(aim: Aim) -> list[str]:
    bound = "at least" if aim.at_least else "at most"
    return [aim.what, f"{aim.reached:.2f}", f"{bound} {aim.aim:.2f}", "yes" if aim.met else "NO"]


def main(arguments: list[str]) -> None:
    """Print the aims of a report."""
    parser = argparse.ArgumentParser("python -m bench targets", description=__doc__)
    parser.add_argument("report", type=Path, help="bench/results/NAME.json")
    show_table(compare(json.loads(parser.parse_args(arguments).report.read_text())))
