"""RNN over LSTMCell, GRUCell and SimpleRNNCell: the fused layers, one after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..configurable import serialize
from .gru import GRU
from .layer import Layer, Shape, layer_from
from .lstm import LSTM
from .simple_rnn import SimpleRNN

OF_THE_SEQUENCE = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll",
                   "zero_output_for_mask", "implementation", "activity_regularizer")  # fmt: skip


class Cell:
    """What makes a recurrent layer a cell of ``RNN``: it has no arguments about sequences."""

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]
        return {key: value for key, value in config.items() if key not in OF_THE_SEQUENCE}


class LSTMCell(Cell, LSTM):
    """The cell of ``LSTM``, for ``RNN``."""


class GRUCell(Cell, GRU):
    """The cell of ``GRU``, for ``RNN``."""


class SimpleRNNCell(Cell, SimpleRNN):
    """The cell of ``SimpleRNN``, for ``RNN``."""


class StackedRNNCells(Layer):
    """Cells one after the other, for ``RNN``."""

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = [layer_from(each) if isinstance(each, dict) else each for each in cells]
        for cell in self.cells:
            if not isinstance(cell, Cell):
                raise NotImplementedError(
                    f"{self.name}: {cell!r}: RNN takes LSTMCell, GRUCell and SimpleRNNCell"
                )

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return list(self.cells)

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        raise TypeError(f"{self.name}: cells are called by RNN")

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"name": self.name, "cells": serialize(self.cells)}


class RNN(Layer):
    """Recurrent layer over a cell, or a list of them: the fused layers, one after the other."""

    input_rank = 3

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        for name in ("stateful", "zero_output_for_mask"):
            if kwargs.pop(name, False):
                raise NotImplementedError(f"RNN: {name} is not supported; use the layer itself")
        super().__init__(**kwargs)
        cell = layer_from(cell) if isinstance(cell, dict) else cell
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell)
        if not isinstance(cell, (Cell, StackedRNNCells)):
            raise NotImplementedError(
                f"{self.name}: {cell!r}: RNN takes LSTMCell, GRUCell and SimpleRNNCell, or a list "
                "of them; a cell of one's own is beyond fusedrnn"
            )
        self.cell: Any = cell
        self.return_sequences, self.return_state = return_sequences, return_state
        self.go_backwards, self.unroll = go_backwards, unroll
        self.cells: list[Any] = list(cell.cells) if isinstance(cell, StackedRNNCells) else [cell]
        for each in self.cells:
            each.return_sequences, each.return_state = True, return_state
        self.cells[0].go_backwards = go_backwards
        self.cells[-1].return_sequences = return_sequences

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return [self.cell]

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        shape: Any = input_shape
        for cell in self.cells:
            cell.dtype = cell.dtype or self.dtype
            cell.build(shape)
            shape = (*shape[:2], cell.units)
        self.cell.built = True

    def compute_output_shape(self, input_shape: Shape) -> Any:  # noqa: D102
        units = self.cells[-1].units
        y = (*input_shape[:2], units) if self.return_sequences else (input_shape[0], units)
        states = [(input_shape[0], c.units) for c in self.cells for _ in range(c.cell.states)]
        return (y, *states) if self.return_state else y

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        states = []
        for cell in self.cells:
            x = cell.forward(x, training, mask)
            if self.return_state:
                x, *more = x
                states += more
            if mask is not None and cell.go_backwards:
                mask = mask[:, ::-1]
            x = np.ascontiguousarray(x)
        return [x, *states] if self.return_state else x

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        dy, *dstates = dy if self.return_state else [dy]
        for cell in reversed(self.cells):
            given: Any = dy
            if self.return_state:
                n = cell.cell.states
                given, dstates = [dy, *dstates[-n:]], dstates[:-n]
                if all(g is None for g in given):
                    for v in cell.weights:
                        v.grad[...] = 0
                    continue
            dy = cell.backward(given, need_dx or cell is not self.cells[0])
        return dy

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        return mask if self.return_sequences else None
