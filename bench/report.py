"""Rows to tables: for the terminal, and in Markdown."""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from statistics import geometric_mean
from typing import Any, NamedTuple

from .cells import CELLS
from .machine import describe
from .ours import NAME

RESULTS = Path(__file__).parent / "results"
INTERLEAVED = "Medians of interleaved rounds, {}."
ROUNDS = INTERLEAVED.format("each contestant in a process of its own")
Row = dict[str, Any]


class Table(NamedTuple):
    title: str
    columns: list[str]
    lines: list[list[str]]


def evaluate(row: Row) -> None:
    """Add what follows from a row's times: best peer, ratio to it, GFLOP/s, share of the peak."""
    if "peers" not in row:
        return
    ratios, seconds = row["ratios"], row["seconds"][NAME]["median"]
    rivals = [name for name in row["peers"] if name != "NumPy"]  # a baseline, not a rival
    best = min(rivals, key=lambda name: ratios[name], default=None)
    row["best_peer"], row["ratio"] = best, ratios[best] if best else None
    row["gflops"] = row["share"] = None
    if row["flops"]:
        row["gflops"] = row["flops"] / seconds / 1e9
        row["share"] = row["gflops"] / row["peak_gflops"]
    variants = {
        n.removeprefix(f"{NAME} "): r for n, r in ratios.items() if n.startswith(f"{NAME} ")
    }
    row["against"] = variants
    if "full" in variants:  # operations a second, not times
        row["against"]["full"] *= row["flops"] / row["full_flops"]


def tables(rows: list[Row]) -> Iterator[Table]:
    """One table a mode, type and number of threads, then the geometric means."""
    for (mode, dtype, threads), group in groupby(
        rows, lambda r: (r["mode"], r["dtype"], r["threads"])
    ):
        title = f"{mode}, {dtype}, {threads_of(threads)}"
        if mode == "memory":
            yield _memory(title, list(group))
        elif mode.startswith(("contention", "busy")):
            yield _busy(title, list(group))
        else:
            yield _times(title, list(group))
    if means := summary(rows):
        yield Table("geometric means of the ratio to the best peer",
                    ["mode", "type", "threads", "cell", "mean", "least", "at"],
                    [[m["mode"], m["dtype"], str(m["threads"]), m["cell"], f"{m['mean']:.2f}",
                      f"{m['least']:.2f}", m["at"]] for m in means])  # fmt: skip


def summary(rows: list[Row]) -> list[Row]:
    """Geometric mean and least of the ratios to the best peer, a mode and cell."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row.get("ratio"):
            key = tuple(row[k] for k in ("mode", "dtype", "threads", "cell"))
            groups.setdefault(key, []).append(row)
    means = []
    for key, group in groups.items():
        least = min(group, key=lambda r: r["ratio"])
        means.append({**dict(zip(("mode", "dtype", "threads", "cell"), key, strict=True)),
                      "mean": geometric_mean(r["ratio"] for r in group),
                      "least": least["ratio"], "at": least["shape"]})  # fmt: skip
    return means


def _dimensions(row: Row) -> list[str]:
    return [row["cell"], row["shape"], f"{row['I']}, {row['H']}, {row['T']}, {row['N']}"]


def _names(rows: list[Row], key: str) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row[key]))


def _times(title: str, rows: list[Row]) -> Table:
    peers, variants = _names(rows, "peers"), _names(rows, "against")
    headings = [{"full": "of full batch"}.get(v, f"x {v}") for v in variants]
    columns = ["cell", "shape", "I, H, T, N", f"{NAME} us", *(f"{p} us" for p in peers),
               "x best peer", "GFLOP/s", "of peak", *headings]  # fmt: skip
    lines = []
    for row in rows:
        seconds = row["seconds"]
        lines.append([
            *_dimensions(row), us(seconds[NAME]), *(us(seconds.get(p)) for p in peers),
            _number(row["ratio"]), _number(row["gflops"], ".1f"), _number(row["share"], ".0%"),
            *(_number(row["against"].get(v), ".0%" if v == "full" else ".2f") for v in variants),
        ])  # fmt: skip
    return Table(title, columns, lines)


def _busy(title: str, rows: list[Row]) -> Table:
    names = _names(rows, "seconds")
    headings = [f"{n} us (x quiet{', one thread' * (n == NAME)})" for n in names]
    lines = []
    for row in rows:
        busy, quiet = row["seconds"], row["quiet"]
        lines.append(_dimensions(row) + [
            f"{us(busy[n])} ({busy[n]['median'] / quiet[n]['median']:.2f})" if n in busy else "-"
            for n in names
        ] + [_number(row["ratio"])])  # fmt: skip
    columns = ["cell", "shape", "I, H, T, N", *headings, "x best peer"]
    return Table(f"{title}, {rows[0]['load']}", columns, lines)


def _memory(title: str, rows: list[Row]) -> Table:
    names = _names(rows, "megabytes")
    lines = [[*_dimensions(r), *(_number(r["megabytes"].get(n), ".1f") for n in names)]
             for r in rows]  # fmt: skip
    return Table(title + ": peak of training steps",
                 ["cell", "shape", "I, H, T, N", *(f"{n} MB" for n in names)], lines)  # fmt: skip


def threads_of(n: int) -> str:
    return f"{n} thread{'s' * (n > 1)}"


def _number(value: float | None, form: str = ".2f") -> str:
    return "-" if value is None else format(value, form)


def us(times: Row | None) -> str:
    if times is None:
        return "-"
    value = times["median"] * 1e6
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def ratio(found: Row) -> list[str]:
    """Median and quartiles."""
    return [f"{found['median']:.2f}", f"{found['low']:.2f} to {found['high']:.2f}"]


def means(rows: list[Row], *keys: str) -> Table:
    """Geometric means and least of the rows' ratios, for each group with the same `keys`."""
    groups: dict[tuple[str, ...], list[float]] = {}
    for row in rows:
        groups.setdefault(tuple(str(row[key]) for key in keys), []).append(row["ratio"]["median"])
    lines = [[*key, str(len(found)), f"{geometric_mean(found):.2f}", f"{min(found):.2f}"]
             for key, found in groups.items()]  # fmt: skip
    return Table("geometric means of the ratios", [*keys, "lines", "mean", "least"], lines)


def notes(rows: list[Row]) -> list[str]:
    """How to read the kernels' figures."""
    peaks: dict[str, list[float]] = {}
    for row in rows:
        if "peak_gflops" in row:
            key = f"{row['dtype']}, {threads_of(row['threads'])}:"
            peaks.setdefault(key, []).append(row["peak_gflops"])
    gates = {f"{form.cell.gates} ({form.cell.name.upper()})": None for form in CELLS.values()}
    lines = [
        "Peak of multiply-adds in the run, GFLOP/s: "
        + "; ".join(f"{key} {min(p):.0f} to {max(p):.0f}" for key, p in peaks.items()),
        f"{ROUNDS} GFLOP/s count 2 N T G H (H + I), G = {', '.join(gates)}, "
        "three times that for training; of ragged rows only valid steps.",
    ]
    return lines if peaks else lines[1:]


def heading(machine: Row, notes: list[str]) -> list[str]:
    """Lines that say on what the figures were measured, and how to read them."""
    return [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['isa']}, {machine['platform']}; "
        f"{machine['date']}",
        ", ".join(f"{name} {v}" for name, v in machine["versions"].items()),
        *notes,
        f"Command: {machine['command']}",
    ]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Where :func:`publish` writes."""
    parser.add_argument("--name", type=_file_name, default="latest", help="of the files in "
                        "bench/results (default: latest)")  # fmt: skip
    parser.add_argument("--results", type=Path, default=RESULTS, help=argparse.SUPPRESS)


def _file_name(text: str) -> str:
    if not re.fullmatch(r"[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a file's name")
    return text


def publish(
    given: argparse.Namespace, notes: list[str], tables: list[Table], data: Row, isa: str = ""
) -> None:
    """Print the tables and write them, and as JSON what they are made of."""
    machine = describe() | ({"isa": isa} if isa else {})
    lines = heading(machine, notes)
    markdown = "\n\n".join(["  \n".join(lines), *map(markdown_table, tables)]) + "\n"
    _write(given.results / f"{given.name}.json", json.dumps({"machine": machine, **data}, indent=1))
    _write(given.results / f"{given.name}.md", markdown)
    print("\n".join(lines))
    for table in tables:
        show_table(table)


def _write(path: Path, text: str) -> None:
    """Write a whole file or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text)
    os.replace(temporary, path)


def markdown_table(table: Table) -> str:
    """One table in Markdown, its title above it."""
    title, columns, lines = table
    rule = ["---"] * 3 + ["--:"] * (len(columns) - 3)
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, rule, *lines])
    return f"**{title[0].upper()}{title[1:]}**\n\n{text}"


def show_table(table: Table) -> None:
    """Print a table, with rich if it is installed, else in Markdown."""
    try:
        from rich.console import Console
        from rich.table import Table as RichTable
    except ImportError:
        print(f"\n{markdown_table(table)}")
        return
    rich = RichTable(title=table.title, title_justify="left")
    for number, column in enumerate(table.columns):
        rich.add_column(column, justify="left" if number < 3 else "right")
    for cells in table.lines:
        rich.add_row(*cells)
    console = Console()
    Console(width=None if console.is_terminal else 200).print(rich)
