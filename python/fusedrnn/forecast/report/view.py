"""The forecasts of the largest series as a picture that one can look into: zoom, hide, hover.

A page needs no network for it: `view.js`, a hundred lines, draws an SVG of the figures beside it.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pandas as pd

from ..evaluate.findings import Findings
from . import plot

PERIODS = 600
"""Forecast periods at most."""


def view(findings: Findings) -> str:
    """Return the picture as HTML: a figure, its data, its script."""
    script = files(__package__).joinpath("view.js").read_text(encoding="utf-8")
    text = json.dumps(figures(findings), allow_nan=False).replace("<", "\\u003c")
    return (
        '<figure class="view"><figcaption></figcaption>'
        f'<script type="application/json">{text}</script><script>{script}</script></figure>'
    )


def figures(findings: Findings) -> dict[str, Any]:
    """Return what is drawn: dates, sales, and every model's forecasts that do not overlap."""
    shown = plot.apart(findings, PERIODS)
    best = findings.recommended
    first = [m for m in (best, "LSTM", "GRU", "SeasonalNaive") if m in shown]
    lines = [{"name": "sales", "colour": plot.COLOURS["y"], "on": True, "y": _values(shown["y"])}]
    for model in dict.fromkeys([*first, *findings.settings.models]):
        line = {"name": model, "colour": plot.colour(findings, model), "on": model in first,
                "y": _values(shown[model])}  # fmt: skip
        if findings.settings.levels and model == best:
            level = findings.settings.levels[0]
            line["level"] = level
            line["band"] = [_values(shown[f"{model}-{side}-{level}"]) for side in ("lo", "hi")]
        lines.append(line)
    form = "%Y-%m-%d %H:%M" if (shown["ds"].dt.normalize() != shown["ds"]).any() else "%Y-%m-%d"
    return {"title": plot.title(findings), "x": list(shown["ds"].dt.strftime(form)),
            "cutoff": _values(shown["cutoff"].factorize()[0]), "lines": lines}  # fmt: skip


def _values(column: Any) -> list[float | None]:
    return [None if v != v else float(f"{v:.6g}") for v in pd.Series(column).astype(float)]
