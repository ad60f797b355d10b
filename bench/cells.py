"""What is timed of fusedrnn's cells: each of the package's table, and the GRU in both its forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fusedrnn import cells


@dataclass(frozen=True)
class Form:
    """A cell as one of its forms is called.

    Attributes
    ----------
    name : str
        On the command line and in the tables.
    cell : fusedrnn.cells.Cell
    biases : int
        As the cell has it; with 1, a peer that has two gets zeros as the other and trains only the
        first.
    options : dict
        What the cell's functions and Keras's layer are given.
    """

    name: str
    cell: cells.Cell
    biases: int
    options: dict[str, Any] = field(default_factory=dict)


GRU = cells.CELLS["gru"]
FORMS = {  # of the cells of which there is more to say than their name
    "gru": [
        Form("gru", GRU, biases=2, options={"reset_after": True}),
        Form("gru_before", GRU, biases=1, options={"reset_after": False}),
    ],
}
CELLS = {form.name: form for name, cell in cells.CELLS.items()
         for form in FORMS.get(name, [Form(name, cell, cell.biases)])}  # fmt: skip


def reorder(a: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Gates, blocks of the last axis, in a peer's order: `order` has the place of each in ours."""
    blocks = np.split(a, len(order), axis=-1)
    return np.concatenate([blocks[place] for place in order], axis=-1)


def restore(a: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Gates in our order again."""
    return reorder(a, np.argsort(order).tolist())
