"""The comparison as a table in the terminal, and the bar that shows what is left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from ..evaluate.findings import Findings
from .verdict import headline
from .words import notes, number, seeds, subject

COLUMNS = {
    "parameters": ("weights", "{:,.0f}"),
    "seconds": ("fit\nsec.", "{:.1f}"),
    "microseconds": ("µs a\nforecast", "{:,.0f}"),
    "train_loss": ("train\nloss", "{:.4f}"),
    "test_loss": ("test\nloss", "{:.4f}"),
    "MAE": ("MAE", ""),
    "RMSE": ("RMSE", ""),
    "WAPE": ("WAPE\n%", "{:.2f}"),
    "sd": ("± sd", "{:.2f}"),
    "MASE": ("MASE", "{:.3f}"),
}


class Output(Console):
    """The standard output; who reads it may be gone, which is an error like others."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled, where rich would end the process."""
        raise


class Bars(Progress):
    """A progress bar a model, over the epochs of all its folds, seeds and series."""

    def __init__(self, console: Console) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[jobs]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        self.models: dict[str, TaskID] = {}

    def on_start(self, fits: Mapping[str, tuple[int, int]]) -> None:
        """Show an empty bar for each model; `fits` has how many there are and their steps."""
        for model, (count, total) in fits.items():
            jobs = f"{count:,} fit{'s' * (count > 1)}"
            self.models[model] = self.add_task(model, total=total, jobs=jobs)

    def on_step(self, model: str, steps: int) -> None:
        """Advance a model's bar."""
        self.advance(self.models[model], steps)


class Lines:
    """The same as lines, where nobody looks on: a model that is done, and now and then the share.

    Between two shares are `every` seconds at least.
    """

    def __init__(self, console: Console, every: float = 10.0) -> None:
        self.console, self.every = console, every
        self.start = self.last = time.monotonic()
        self.totals: dict[str, int] = {}
        self.done: dict[str, int] = {}

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def on_start(self, fits: Mapping[str, tuple[int, int]]) -> None:
        """Take note of the steps of each model; `fits` has how many there are and their steps."""
        for model, (_, total) in fits.items():
            self.totals[model], self.done[model] = total, 0

    def on_step(self, model: str, steps: int) -> None:
        """Print a line if there is something to tell."""
        self.done[model] += steps
        share, now = self.done[model] / self.totals[model], time.monotonic()
        if share < 1 and now - self.last < self.every:
            return
        self.last = now
        said = f"{share:.0%}" if share < 1 else "done"
        self.console.print(
            f"{model}: {said}, {now - self.start:.0f} s", highlight=False, markup=False
        )


def progress(file: TextIO) -> Bars | Lines:
    """Return bars for a terminal, lines for a file or a pipe."""
    if file is not None and file.isatty():
        console = Console(file=file)
        if console.is_interactive:  # not TERM=dumb
            return Bars(console)
    return Lines(Console(file=file, force_terminal=False, no_color=True))


def show(findings: Findings, console: Console) -> None:
    """Print what was compared, the table and the verdict."""
    settings = findings.settings
    console.print(subject(findings), highlight=False)
    for note in notes(findings):
        console.print(f"  {note}", highlight=False, markup=False)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", no_wrap=True)
    columns = {k: v for k, v in COLUMNS.items() if findings.table[k].notna().any()}
    for title, _ in columns.values():
        table.add_column(title, justify="right", no_wrap=True)
    best = findings.table["MAE"].idxmin()
    for model, row in findings.table.iterrows():
        cells = [number(row[name], style) for name, (_, style) in columns.items()]
        table.add_row(str(model), *cells, style="bold" if model == best else "")
    # Nothing of the table is cut, where the console is narrower or unknown.
    given, wide = console.width, console.options.update(max_width=1000)
    console.width = max(given, Measurement.get(console, wide, table).maximum)
    console.print(table)
    console.width = given
    if said := seeds(findings):
        console.print(said, highlight=False)
    for level in settings.levels:
        told = findings.coverage.query("level == @level").set_index("model")["coverage"]
        shares = [
            f"{m} {told[m]:.0f} %" for m in settings.networks or told.index if told[m] == told[m]
        ]
        held = f"held {', '.join(shares)} of the sales" if shares else "would need more errors"
        console.print(f"{level} % intervals {held}.", highlight=False)
    first, rest = headline(findings)
    console.print(f"\n[bold]{first}[/] {rest}", highlight=False)
