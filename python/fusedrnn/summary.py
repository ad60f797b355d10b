"""The table of ``model.summary()``, as Keras 3 draws it."""

from __future__ import annotations

import textwrap
from itertools import pairwise
from typing import Any

from . import missing

HEADER = ("Layer (type)", "Output Shape", "Param #")


def memory(size: float) -> str:
    """Format a number of bytes: ``7.17 KB``."""
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"


def _shape(shape: Any) -> str:
    if not shape:
        return "?"
    if isinstance(shape[0], tuple):
        return f"[{', '.join(map(_shape, shape))}]"
    return f"({', '.join(map(str, shape))})"


def _rows(
    layer: Any, nested: bool, trainable: bool, connections: Any = None, depth: int = 0
) -> list[list[str]]:
    prefix = "   " * depth + "└ " if depth else ""
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    kind = layer.kind if hasattr(layer, "kind") else type(layer).__name__
    row = [f"{prefix}{layer.name} ({kind})", _shape(layer.output_shape), count]
    if connections is not None:
        row.append(connections.get(layer, "-"))
    if trainable:
        row.append(("Y" if layer.trainable else "N") if layer.weights else "-")
    rows = [row]
    if nested and hasattr(layer, "summary"):  # the layers of a model, not that of a wrapper
        for inner in layer.layers:
            rows += _rows(inner, nested, trainable, connections, depth + 1)
    return rows


def _wrap(cell: str, width: int) -> list[str]:
    lines = textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]


def text(
    model: Any,
    *,
    line_length: int | None = None,
    positions: list[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
) -> str:
    """Return the summary as text."""
    import shutil  # slow to import, and a summary is rarely asked for

    header, align = [*HEADER], ["<", "<", ">"]
    connections = model.connections()
    if connections is None:
        positions, width = positions or [0.45, 0.80, 1.0], 88
    else:
        positions, width = positions or [0.3, 0.56, 0.74, 1.0], 108
        header.append("Connected to")
        align.append("<")
    if show_trainable:
        width, positions = width + 12, [p * 0.9 for p in positions] + [1.0]
        header.append("Trainable")
        align.append("^")
    total = line_length or min(width, shutil.get_terminal_size().columns - 4)
    edges = [0, *(int(p * total) for p in positions)]
    inner = [b - a for a, b in pairwise(edges)]
    # Padding and borders come on top; the columns give that back, as rich shares it out.
    excess = sum(inner) + 3 * len(inner) + 1 - total
    for i in range(len(inner)):
        cut = round(excess / (len(inner) - i))
        inner[i], excess = max(inner[i] - cut, 1), excess - cut

    def line(left: str, fill: str, middle: str, right: str) -> str:
        return left + middle.join(fill * (w + 2) for w in inner) + right

    def cells(row: list[str], bar: str) -> list[str]:
        wrapped = [_wrap(c, w) for c, w in zip(row, inner, strict=True)]
        return [
            bar
            + bar.join(
                f" {(c[i] if i < len(c) else ''):{a}{w}} "
                for c, a, w in zip(wrapped, align, inner, strict=True)
            )
            + bar
            for i in range(max(map(len, wrapped)))
        ]

    out = [
        f'Model: "{model.name}"',
        line("┏", "━", "┳", "┓"),
        *cells(header, "┃"),
        line("┡", "━", "╇", "┩"),
    ]
    rows = [
        row
        for layer in model._layers
        for row in _rows(layer, expand_nested, show_trainable, connections)
    ]
    for i, row in enumerate(rows):
        out += [line("├", "─", "┼", "┤")] * (i > 0) + cells(row, "│")
    out.append(line("└", "─", "┴", "┘"))
    item = 8 if model.weights and model.weights[0].dtype == "float64" else 4
    counts = [
        sum(v.size for v in vs) for vs in (model.trainable_weights, model.non_trainable_weights)
    ]
    optimizer = model.optimizer if model.compiled else None
    extra, extra_bytes = 0, 0
    if optimizer is not None and optimizer.built:
        slots = sum(a.size for a in optimizer.state.values())
        extra, extra_bytes = slots + 2, slots * item + 8  # the step count and the learning rate too
    parts = [
        ("Total", sum(counts) + extra, sum(counts) * item + extra_bytes),
        ("Trainable", counts[0], counts[0] * item),
        ("Non-trainable", counts[1], counts[1] * item),
    ]
    if extra:
        parts.append(("Optimizer", extra, extra_bytes))
    out += [f" {name} params: {n:,} ({memory(size)})" for name, n, size in parts]
    return "\n".join(out) + "\n"


missing.answer(__name__)  # for TensorFlow's module of this name
