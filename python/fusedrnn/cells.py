"""The recurrent cells: one table of what each of them is and has.

Code that serves every cell asks this table; code that names one cell is about that cell. What a
framework has otherwise (gate orders, classes) is in a table in the file of that framework.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _core, functional, reference


@dataclass(frozen=True)
class Cell:
    """What a cell is and the functions that run it.

    Attributes
    ----------
    name : str
        As in :mod:`fusedrnn.functional` and :mod:`fusedrnn.reference`: ``"lstm"``.
    layer : str
        The class of :mod:`fusedrnn.layers`, and of Keras: ``"LSTM"``.
    gate_order : str
        A letter for each block of H columns in ``kernel`` (I, gates H) and ``recurrent_kernel``
        (H, gates H): ``"ifgo"``.
    states : int
        Arrays (N, H) that go from step to step: h, and for the LSTM c.
    biases : int
        1 if the bias is (gates H,) and serves the sum of both products, 2 if it is (2, gates H)
        with a row for each.
    options : frozenset of str
        Arguments of `forward` that only this cell has.
    reference : callable
        The forward pass of :mod:`fusedrnn.reference`.
    forward, backward : callable
        The functions of :mod:`fusedrnn.functional`.
    kernels : (callable, callable)
        What these two pass their arguments on to.
    packed, step : type
        Inference and one step with weights that are packed once.
    """

    name: str
    layer: str
    gate_order: str
    states: int
    biases: int
    options: frozenset[str]
    reference: Callable[..., Any]
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    kernels: tuple[Callable[..., Any], Callable[..., Any]]
    packed: Callable[..., Any]
    step: Callable[..., Any]

    @property
    def gates(self) -> int:
        """Number of gates."""
        return len(self.gate_order)


CELLS = {
    cell.name: cell
    for cell in (
        Cell(
            name="lstm",
            layer="LSTM",
            gate_order="ifgo",
            states=2,
            biases=1,
            options=frozenset(),
            reference=reference.lstm,
            forward=functional.lstm,
            backward=functional.lstm_backward,
            kernels=(_core.lstm, _core.lstm_backward),
            packed=functional.PackedLSTM,
            step=functional.LSTMStep,
        ),
        Cell(
            name="gru",
            layer="GRU",
            gate_order="zrn",
            states=1,
            biases=2,
            options=frozenset({"reset_after", "update_gate", "gate_order"}),
            reference=reference.gru,
            forward=functional.gru,
            backward=functional.gru_backward,
            kernels=(_core.gru, _core.gru_backward),
            packed=functional.PackedGRU,
            step=functional.GRUStep,
        ),
        Cell(
            name="rnn",
            layer="SimpleRNN",
            gate_order="n",
            states=1,
            biases=1,
            options=frozenset(),
            reference=reference.rnn,
            forward=functional.rnn,
            backward=functional.rnn_backward,
            kernels=(_core.rnn, _core.rnn_backward),
            packed=functional.PackedRNN,
            step=functional.RNNStep,
        ),
    )
}

BY_LAYER = {cell.layer: cell for cell in CELLS.values()}
"""The same by the names of the layers."""
