"""The recurrent cells: one table of what each of them is and has.

Code that serves every cell asks this table; code that names one cell is about that cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import functional


@dataclass(frozen=True)
class Cell:
    """What a cell is and the functions that run it.

    Attributes
    ----------
    name : str
        As in :mod:`fusedrnn.functional` and :mod:`fusedrnn.reference`: ``"lstm"``.
    gates : int
        Blocks of H columns in ``kernel`` (I, gates H) and ``recurrent_kernel`` (H, gates H).
    states : int
        Arrays (N, H) that go from step to step: h, and for the LSTM c.
    forward, backward : callable
        The functions of :mod:`fusedrnn.functional`.
    packed, step : type
        Inference and one step with weights that are packed once.
    """

    name: str
    gates: int
    states: int
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    packed: type[Any]
    step: type[Any]


CELLS = {
    cell.name: cell
    for cell in (
        Cell(
            name="lstm",
            gates=4,
            states=2,
            forward=functional.lstm,
            backward=functional.lstm_backward,
            packed=functional.PackedLSTM,
            step=functional.LSTMStep,
        ),
        Cell(
            name="gru",
            gates=3,
            states=1,
            forward=functional.gru,
            backward=functional.gru_backward,
            packed=functional.PackedGRU,
            step=functional.GRUStep,
        ),
    )
}
