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
    options : dict
        What the cell's functions and Keras's layer are given.
    biases : int
        2: the input and the recurrent product have a bias each, (2, GH). 1: they share one, (GH,);
        a peer that has two gets zeros as the other, and trains only the first.
    """

    name: str
    cell: cells.Cell
    options: dict[str, Any] = field(default_factory=dict)
    biases: int = 1


GRU = cells.CELLS["gru"]
FORMS = {  # of the cells of which there is more to say than their name
    "gru": [
        Form("gru", GRU, {"reset_after": True}, biases=2),
        Form("gru_before", GRU, {"reset_after": False}),
    ],
}
CELLS = {form.name: form for name, cell in cells.CELLS.items()
         for form in FORMS.get(name, [Form(name, cell)])}  # fmt: skip


def reorder(a: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Gates, blocks of the last axis, in a peer's order: `order` has the place of each in ours."""
    blocks = np.split(a, len(order), axis=-1)
    return np.concatenate([blocks[place] for place in order], axis=-1)


def restore(a: np.ndarray, order: Sequence[int]) -> np.ndarray:
    """Gates in our order again."""
    return reorder(a, np.argsort(order).tolist())
