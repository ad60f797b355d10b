"""The comparison as a table in the terminal, and the bar that shows what is left."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .comparison import Comparison
from .settings import CELLS

COLUMNS = {
    "parameters": ("weights", "{:,.0f}"),
    "seconds": ("train\nsec.", "{:.1f}"),
    "train_loss": ("train\nloss", "{:.4f}"),
    "test_loss": ("test\nloss", "{:.4f}"),
    "MAE": ("MAE", "{:,.4g}"),
    "RMSE": ("RMSE", "{:,.4g}"),
    "WAPE": ("WAPE\n%", "{:.2f}"),
    "sd": ("± sd", "{:.2f}"),
    "MASE": ("MASE", "{:.3f}"),
}


def progress_bar(console: Console) -> Progress:
    """Return a bar over epochs with the time that is left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("epochs"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def show(comparison: Comparison, console: Console) -> None:
    """Print what was compared, the table and the verdict."""
    panel, settings, frame = comparison.panel, comparison.settings, comparison.frame
    series = panel.series[0]
    console.print(
        f"{len(series.y):,} values ({panel.freq}, season {panel.season}), "
        f"{series.ds[0]:%Y-%m-%d} to {series.ds[-1]:%Y-%m-%d}; judged on "
        f"{frame['cutoff'].nunique():,} forecasts from {frame['ds'].min():%Y-%m-%d}, "
        f"{settings.horizon} step{'s' * (settings.horizon > 1)} ahead.",
        highlight=False,
    )
    for note in panel.notes:
        console.print(f"  {note}", highlight=False)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("model", no_wrap=True)
    for title, _ in COLUMNS.values():
        table.add_column(title, justify="right", no_wrap=True)
    best = comparison.table["MAE"].idxmin()
    for model, row in comparison.table.iterrows():
        cells = [
            style.format(row[name]) if row[name] == row[name] else ""
            for name, (_, style) in COLUMNS.items()
        ]
        table.add_row(str(model), *cells, style="bold" if model == best else "")
    console.print(table)
    if settings.seeds > 1:
        console.print(
            f"{' and '.join(CELLS)}: mean forecast of {settings.seeds} networks from seeds "
            f"{settings.seed} to {settings.seed + settings.seeds - 1}; ± sd of one network's WAPE.",
            highlight=False,
        )
    console.print(f"\n[bold]{comparison.verdict}[/]", highlight=False)
