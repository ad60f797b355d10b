"""The comparison as one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from .settings import CELLS

if TYPE_CHECKING:
    from .comparison import Comparison

COLOURS = {"y": "#222222", "LSTM": "#d1495b", "GRU": "#00798c", "SeasonalNaive": "#bbbbbb"}
CURVES = 10
LAST = 84
"""Forecast periods shown one by one; more are only a smear."""


def draw(comparison: Comparison) -> Figure:
    """Draw forecasts beside the sales, the errors of all models, and the training curves."""
    figure = Figure(figsize=(11, 7), layout="constrained")
    axes = figure.subplot_mosaic([["forecasts", "forecasts"], ["errors", "losses"]])
    first = comparison.panel.series[0].unique_id
    frame = comparison.frame[comparison.frame["unique_id"] == first]
    frame = frame.groupby("ds").first().tail(LAST)
    for name in ("SeasonalNaive", "y", *CELLS):
        axes["forecasts"].plot(
            frame.index,
            frame[name],
            label="sales" if name == "y" else name,
            color=COLOURS[name],
            linewidth=2 if name == "y" else 1.4,
        )
    axes["forecasts"].set_title(f"Last {len(frame)} forecasts, each made before its period")
    axes["forecasts"].legend(ncols=4, frameon=False, loc="upper left")
    axes["forecasts"].margins(x=0.01, y=0.15)
    table = comparison.table.sort_values("MASE", ascending=False)
    bars = axes["errors"].barh(
        table.index, table["MASE"], color=[COLOURS.get(name, "#dddddd") for name in table.index]
    )
    axes["errors"].bar_label(bars, fmt="%.2f", padding=3)
    axes["errors"].set_title("MASE on the test part (smaller is better)")
    axes["errors"].margins(x=0.12)
    for cell in CELLS:
        for i, cost in enumerate(comparison.result.costs.get(cell, [])[:CURVES]):
            axes["losses"].plot(
                range(1, len(cost.losses) + 1),
                cost.losses,
                color=COLOURS[cell],
                label=None if i else cell,
                linewidth=1.2,
            )
    axes["losses"].set(title="Training loss", xlabel="epoch", yscale="log")
    axes["losses"].legend(frameon=False)
    for ax in axes.values():
        ax.spines[["top", "right"]].set_visible(False)
    return figure
