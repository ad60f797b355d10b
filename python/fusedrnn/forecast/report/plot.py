"""The comparison in pictures: each function draws one into given axes."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..evaluate.findings import Findings
from ..settings import CELLS, EQUAL

COLOURS = {
    "y": "#1f2933",
    "LSTM": "#d1495b",
    "GRU": "#00798c",
    EQUAL: "#7fbcc4",
    "SeasonalNaive": "#9aa5b1",
}
OTHERS = ("#495057", "#b08968", "#6d597a", "#6a994e", "#bc6c25", "#3d5a80", "#a3b18a")
"""Of the other models, in their order."""
MARKERS = ("o-", "x-", "s-", "^-", "v-", "D-", "+-", "*-", "p-", "<-", ">-")
BAD = 2.0
"""Times the middle error at which a bar or a line is cut off, so that the others can be told."""
PERIODS = 56
"""Forecast periods shown one by one; more are only a smear."""


class Picture(Figure):
    """A figure that a notebook shows, also where pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def draw(findings: Findings) -> Figure:
    """Draw forecasts, errors and training curves in one figure."""
    figure = Picture(figsize=(11, 7), layout="constrained")
    below = "losses" if has_losses(findings) else "errors"
    axes = figure.subplot_mosaic([["forecasts", "forecasts"], ["errors", below]])
    draw_forecasts(findings, axes["forecasts"])
    draw_errors(findings, axes["errors"])
    if "losses" in axes:
        draw_losses(findings, axes["losses"])
    return figure


def has_losses(findings: Findings) -> bool:
    """Whether networks were trained."""
    return any(cell in findings.costs for cell in CELLS)


def draw_forecasts(findings: Findings, ax: Axes) -> None:
    """Draw the last forecasts that do not overlap, with intervals, beside the sales."""
    h, levels = findings.settings.horizon, findings.settings.levels
    shown = apart(findings, PERIODS)
    truth = shown.drop_duplicates("ds").set_index("ds")["y"]
    ax.plot(truth.index, truth, color=COLOURS["y"], linewidth=2, label="sales")
    if h > 1:  # a row without values between two cutoffs breaks the lines
        breaks = shown.groupby("cutoff").tail(1)[["ds"]]
        shown = pd.concat([shown, breaks]).sort_values("ds", kind="stable")
    for model in dict.fromkeys(("SeasonalNaive", *CELLS, findings.recommended)):
        if model in shown:
            ink = colour(findings, model)
            ax.plot(shown["ds"], shown[model], color=ink, linewidth=1.4, label=model)
    table = findings.table["MAE"]
    cells = [cell for cell in CELLS if cell in table]
    best = min(cells or table.index, key=lambda model: table[model])
    for level in levels[:1]:
        low, high = (shown[f"{best}-{side}-{level}"] for side in ("lo", "hi"))
        label = f"{best}, {level} %"
        ink = colour(findings, best)
        ax.fill_between(shown["ds"], low, high, color=ink, alpha=0.15, linewidth=0, label=label)
    ax.set_title(title(findings).replace("$", r"\$"))  # which would begin a formula
    ax.legend(ncols=5, frameon=False, loc="lower left", bbox_to_anchor=(0, -0.28), fontsize="small")
    ax.margins(x=0.01)
    _plain(ax)


def apart(findings: Findings, periods: int) -> pd.DataFrame:
    """Return the last forecasts of the largest series that do not overlap, for so many periods."""
    h = findings.settings.horizon
    one = findings.result.part(findings.summary.largest)
    cutoffs = one["cutoff"].drop_duplicates().iloc[::-1]
    step = max(1, -(-h // findings.settings.step))
    return one[one["cutoff"].isin(cutoffs.iloc[::step][: max(2, periods // h)])]


def title(findings: Findings) -> str:
    """Return what the forecasts shown are."""
    many = f" of series {findings.summary.largest}" if len(findings.panel.series) > 1 else ""
    return f"Last forecasts{many}, each made before its periods"


def draw_errors(findings: Findings, ax: Axes) -> None:
    """Draw the error of each model."""
    unit = "MAE" if findings.table["MASE"].isna().any() else "MASE"
    table = findings.table.sort_values(unit, ascending=False)
    most = BAD * table[unit].median()
    lengths = table[unit].clip(upper=most if table[unit].max() > most > 0 else None)
    bars = ax.barh(table.index, lengths, color=[colour(findings, m) for m in table.index])
    labels = [f"{v:.3g}{' (cut off)' * (v > n)}"
              for v, n in zip(table[unit], lengths, strict=True)]  # fmt: skip
    ax.bar_label(bars, labels, padding=3)
    ax.set_title(f"{unit} on the test part (smaller is better)")
    ax.margins(x=0.25)
    _plain(ax)


def draw_losses(findings: Findings, ax: Axes) -> None:
    """Draw training curves."""
    for cell in CELLS:
        curves = findings.costs[cell].curves if cell in findings.costs else []
        for i, losses in enumerate(curves):
            label = None if i else cell
            epochs = range(1, len(losses) + 1)
            ax.plot(epochs, losses, color=COLOURS[cell], label=label, linewidth=1.2)
    least = [np.min(line.get_ydata()) for line in ax.lines]  # 0 of a constant series
    logarithmic = max(least) > 0 <= min(least)  # a likelihood may be below 0
    ax.set(title="Training loss", xlabel="epoch", yscale="log" if logarithmic else "linear")
    ax.legend(frameon=False)
    _plain(ax)


def draw_horizon(findings: Findings, ax: Axes) -> None:
    """Draw the error of each model at each step ahead."""
    table = findings.by_horizon.pivot(index="step", columns="model", values="MAE")
    models = list(findings.settings.models)
    for marker, model in zip(itertools.cycle(MARKERS), models):
        width = 2 if model in CELLS else 1.2
        ax.plot(table.index, table[model], marker, color=colour(findings, model), linewidth=width,
                label=model, markersize=4)  # fmt: skip
    ax.set(title="MAE by step ahead", xlabel="periods ahead")
    low, high = ax.get_ylim()[0], min(np.nanmax(table), BAD * np.nanmedian(table))
    rows = -(-len(models) // 3)  # of the legend, which is above the lines
    ax.set_ylim(top=max(high, high + 0.11 * rows * (high - low)) or None)
    ax.legend(ncols=3, edgecolor="none", loc="upper center", fontsize="small")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    _plain(ax)


def draw_series(findings: Findings, ax: Axes) -> None:
    """Draw how the error spreads over series."""
    table = findings.by_series.pivot(index="unique_id", columns="model", values="MASE").dropna()
    models = [m for m in findings.settings.models if m in table]
    parts = ax.boxplot(
        [table[m] for m in models], orientation="horizontal", patch_artist=True, showfliers=False
    )
    for box, model in zip(parts["boxes"], models, strict=True):
        box.set_facecolor(colour(findings, model))
    ax.set_yticks(np.arange(len(models)) + 1, models)
    ax.set_title(f"MASE over {len(table)} series: median, quartiles, whiskers")
    _plain(ax)


def colour(findings: Findings, model: str) -> str:
    """Return the colour of a model; those of the networks and the sales are fixed."""
    others = [name for name in findings.settings.models if name not in COLOURS]
    return COLOURS.get(model) or OTHERS[others.index(model) % len(OTHERS)]


def _plain(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
