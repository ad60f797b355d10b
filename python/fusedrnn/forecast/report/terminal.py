"""The comparison as a table in the terminal, and the bar that shows what is left."""

from __future__ import annotations

from collections.abc import Mapping

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


class Bars:
    """A progress bar a model, over the epochs of all its folds, seeds and series."""

    def __init__(self, console: Console) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[jobs]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self.tasks: dict[str, TaskID] = {}

    def start(self, fits: Mapping[str, tuple[int, int]]) -> None:
        """Show an empty bar for each model; `fits` has how many there are and their steps."""
        for model, (count, total) in fits.items():
            jobs = f"{count:,} fit{'s' * (count > 1)}"
            self.tasks[model] = self.progress.add_task(model, total=total, jobs=jobs)

    def step(self, model: str, steps: int) -> None:
        """Advance a model's bar."""
        self.progress.advance(self.tasks[model], steps)


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
