"""Rows to tables: for the terminal, and in Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from statistics import geometric_mean
from typing import Any, NamedTuple

from .cells import CELLS
from .ours import NAME

Row = dict[str, Any]


class Table(NamedTuple):
    title: str
    columns: list[str]
    lines: list[list[str]]


def evaluate(row: Row) -> None:
    """Add what follows from a row's times: best peer, ratio to it, GFLOP/s, share of the peak."""
    if "peers" not in row:
        return
    ratios, us = row["ratios"], row["seconds"][NAME]["median"]
    rivals = [name for name in row["peers"] if name != "NumPy"]  # a baseline, not a rival
    best = min(rivals, key=lambda name: ratios[name], default=None)
    row["best_peer"], row["ratio"] = best, ratios[best] if best else None
    row["gflops"] = row["share"] = None
    if row["flops"]:
        row["gflops"] = row["flops"] / us / 1e9
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
        title = f"{mode}, {dtype}, {_threads(threads)}"
        if mode == "memory":
            yield _memory(title, list(group))
        elif mode == "contention":
            yield _contention(title + ", one core busy", list(group))
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
            *_dimensions(row), _us(seconds[NAME]), *(_us(seconds.get(p)) for p in peers),
            _number(row["ratio"]), _number(row["gflops"], ".1f"), _number(row["share"], ".0%"),
            *(_number(row["against"].get(v), ".0%" if v == "full" else ".2f") for v in variants),
        ])  # fmt: skip
    return Table(title, columns, lines)


def _contention(title: str, rows: list[Row]) -> Table:
    names = _names(rows, "seconds")
    headings = [f"{n} us (x quiet{', one thread' * (n == NAME)})" for n in names]
    lines = []
    for row in rows:
        busy, quiet = row["seconds"], row["quiet"]
        lines.append(_dimensions(row) + [
            f"{_us(busy[n])} ({busy[n]['median'] / quiet[n]['median']:.2f})" if n in busy else "-"
            for n in names
        ])  # fmt: skip
    return Table(title, ["cell", "shape", "I, H, T, N", *headings], lines)


def _memory(title: str, rows: list[Row]) -> Table:
    names = _names(rows, "megabytes")
    lines = [[*_dimensions(r), *(_number(r["megabytes"].get(n), ".1f") for n in names)]
             for r in rows]  # fmt: skip
    return Table(title + ": peak of training steps",
                 ["cell", "shape", "I, H, T, N", *(f"{n} MB" for n in names)], lines)  # fmt: skip


def _threads(n: int) -> str:
    return f"{n} thread{'s' * (n > 1)}"


def _number(value: float | None, form: str = ".2f") -> str:
    return "-" if value is None else format(value, form)


def _us(times: Row | None) -> str:
    if times is None:
        return "-"
    us = times["median"] * 1e6
    return f"{us:,.0f}" if us >= 100 else f"{us:.1f}"


def heading(machine: Row, rows: list[Row]) -> list[str]:
    """Lines that say on what the figures were measured, and how to read them."""
    versions = ", ".join(f"{name} {v}" for name, v in machine["versions"].items())
    peaks: dict[str, list[float]] = {}
    for row in rows:
        if "peak_gflops" in row:
            key = f"{row['dtype']}, {_threads(row['threads'])}:"
            peaks.setdefault(key, []).append(row["peak_gflops"])
    gates = {f"{form.cell.gates} ({form.cell.name.upper()})": None for form in CELLS.values()}
    lines = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['isa']}, {machine['platform']}; "
        f"{machine['date']}",
        versions,
        "Peak of multiply-adds in the run, GFLOP/s: "
        + "; ".join(f"{key} {min(p):.0f} to {max(p):.0f}" for key, p in peaks.items()),
        f"Medians of interleaved rounds. GFLOP/s count 2 N T G H (H + I), G = {', '.join(gates)}, "
        "three times that for training; of ragged rows only valid steps.",
        f"Command: {machine['command']}",
    ]
    return lines if peaks else lines[:2] + lines[3:]


def markdown(machine: Row, rows: list[Row]) -> str:
    """The whole report in Markdown."""
    parts = ["  \n".join(heading(machine, rows)), *map(markdown_table, tables(rows))]
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    """One table in Markdown, its title above it."""
    title, columns, lines = table
    rule = ["---"] * 3 + ["--:"] * (len(columns) - 3)
    text = "\n".join(f"| {' | '.join(cells)} |" for cells in [columns, rule, *lines])
    return f"**{title[0].upper()}{title[1:]}**\n\n{text}"


def show(machine: Row, rows: list[Row]) -> None:
    """Print the report."""
    print("\n".join(heading(machine, rows)))
    for table in tables(rows):
        show_table(table)


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
