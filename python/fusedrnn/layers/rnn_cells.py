"""One step of LSTM, GRU and SimpleRNN, for ``RNN`` and by themselves; several of them as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import floatx
from .._types import Array
from ..configurable import serialize
from ..graph import Slot, connect, is_symbolic
from .gru import GRU
from .layer import Layer, Shape, layer_from, running, said
from .lstm import LSTM
from .rnn import Recurrent
from .sequences import flat
from .simple_rnn import SimpleRNN
from .taped import Taped, _parameters

OF_THE_SEQUENCE = ("return_sequences", "return_state", "go_backwards", "stateful", "unroll",
                   "zero_output_for_mask", "implementation", "activity_regularizer")  # fmt: skip


class Cell(Recurrent):
    """What makes a recurrent layer a cell: ``cell(inputs, states)`` returns output and states."""

    input_rank = 2
    _one: Recurrent | None = None  # it over one step

    @property
    def state_size(self) -> Any:
        """The size of each state, or of the only one."""
        return self.state_sizes if self.cell.states > 1 else self.units

    def over(self, **flags: Any) -> Recurrent:
        """Return the fused layer that runs the cell over a sequence, with the same weights."""
        kind = next(base for base in type(self).__mro__ if not issubclass(base, Cell))
        layer: Any = object.__new__(kind)
        layer.__dict__.update(
            {**self.__dict__, "tape": None, "_one": None, "_packed": None, **flags}
        )
        return layer

    def get_initial_state(self, batch_size: int | None = None) -> list[Array]:
        """Return zeros for each state."""
        return [np.zeros((batch_size or 0, n), self.dtype or floatx()) for n in self.state_sizes]

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of a shape, or of that and those of the states."""
        super().build(input_shape[0] if isinstance(input_shape[0], tuple) else input_shape)
        self._one = self._one or self.over(return_state=True)

    def compute_output_shape(self, input_shape: Shape) -> Any:  # noqa: D102
        return tuple((input_shape[0], size) for size in (self.units, *self.state_sizes))

    def __call__(  # type: ignore[override]
        self, inputs: Any, states: Any, training: bool | None = None
    ) -> Any:
        """Return the output, which is the first state, and the list of states."""
        given = [inputs, *flat(states)]
        outer = running.get()
        if is_symbolic(given):
            y = connect(self, inputs, states, **said(training=training))
        elif outer is not None:
            y = outer.call(self, given, training, None)
        else:
            x = [np.ascontiguousarray(each, self.dtype or floatx()) for each in given]
            with self.step():
                self.build((None, *x[0].shape[1:]))
                self.pack()
                y = self.forward(x, bool(training), [None] * len(x))
        return y[0], y[1:]

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        if training and (self.dropout or self.recurrent_dropout):
            raise NotImplementedError(
                f"{self.name}: a cell that drops, called step by step: Keras drops the same at all "
                f"steps; use RNN({type(self).__name__}(...))"
            )
        one: Any = self._one
        y = one.forward([x[0][:, None], *x[1:]], training, [None])
        self.tape = one.tape
        return y

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        one: Any = self._one
        one.tape = self.tape
        dx, *dstates = one.backward(dy, need_dx)
        return [None if dx is None else dx[:, 0], *dstates]

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config: dict[str, Any] = super().get_config()
        return {key: value for key, value in config.items() if key not in OF_THE_SEQUENCE}


class LSTMCell(Cell, LSTM):
    """A step of :class:`LSTM`: ``cell(x, [h, c])`` returns the output and the list of new states.

    Input (N, I), states (N, units). In :class:`RNN` it runs fused over the whole sequence.

    Parameters
    ----------
    **kwargs
        Those of :class:`LSTM`; what is about sequences has no meaning.

    Raises
    ------
    NotImplementedError
        If it drops and is called by itself in training: Keras drops the same at all steps.

    Examples
    --------
    >>> cell = fusedrnn.layers.LSTMCell(8)
    >>> y, (h, c) = cell(np.zeros((2, 3)), cell.get_initial_state(2))
    >>> y.shape, h.shape, c.shape
    ((2, 8), (2, 8), (2, 8))
    """


class GRUCell(Cell, GRU):
    """A step of :class:`GRU`: ``cell(x, [h])`` returns the output and a list of the state.

    Parameters
    ----------
    **kwargs
        Those of :class:`GRU`; what is about sequences has no meaning.

    Raises
    ------
    NotImplementedError
        As :class:`LSTMCell`.

    Examples
    --------
    >>> cell = fusedrnn.layers.GRUCell(8)
    >>> y, (h,) = cell(np.zeros((2, 3)), cell.get_initial_state(2))
    >>> y.shape
    (2, 8)
    """


class SimpleRNNCell(Cell, SimpleRNN):
    """A step of :class:`SimpleRNN`: ``cell(x, [h])`` returns the output and a list of the state.

    Parameters
    ----------
    **kwargs
        Those of :class:`SimpleRNN`; what is about sequences has no meaning.

    Raises
    ------
    NotImplementedError
        As :class:`LSTMCell`.

    Examples
    --------
    >>> cell = fusedrnn.layers.SimpleRNNCell(8)
    >>> y, (h,) = cell(np.zeros((2, 3)), cell.get_initial_state(2))
    >>> y.shape
    (2, 8)
    """


class StackedRNNCells(Layer):
    """Cells one after the other, as one: its states are a list of each cell's.

    Parameters
    ----------
    cells : list
        Cells, as of :class:`RNN`.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If one of them cannot be called or has no ``state_size``.

    Examples
    --------
    >>> cells = [fusedrnn.layers.LSTMCell(8), fusedrnn.layers.GRUCell(4)]
    >>> fusedrnn.layers.RNN(fusedrnn.layers.StackedRNNCells(cells))(np.zeros((2, 10, 3))).shape
    (2, 4)
    """

    supports_masking = False

    def __init__(self, cells: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells = [layer_from(each) if isinstance(each, dict) else each for each in cells]
        for cell in self.cells:
            for what, there in (("call", callable(cell)), ("state_size", state_size(cell))):
                if not there:
                    raise ValueError(
                        f"All cells must have a `{what}`. Received cell without one: {cell}"
                    )

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return [cell for cell in self.cells if isinstance(cell, Layer)]

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states of each cell."""
        return [state_size(cell) for cell in self.cells]

    @property
    def output_size(self) -> int:
        """The last size of the output."""
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Return the states that each cell starts with."""
        return [initial_state(cell, batch_size, self.dtype) for cell in self.cells]

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        for cell in self.cells:
            build_cell(cell, input_shape, self.dtype)
            input_shape = (input_shape[0], output_size(cell))

    def __call__(  # type: ignore[override]
        self, inputs: Any, states: Any, training: bool | None = None
    ) -> Any:
        """Return the output of the last cell, and the list of all cells' states."""
        new = []
        for cell, of_cell in zip(self.cells, states, strict=True):
            alone = not isinstance(of_cell, (list, tuple))
            inputs, of_cell = call_cell(cell, inputs, [of_cell] if alone else of_cell, training)
            new.append(of_cell[0] if alone else of_cell)
        return inputs, new

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        raise TypeError(f"{self.name}: its cells are called one by one")

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"cells": serialize(self.cells)}


# Any cell, which may be one of the user's: a layer with `call(inputs, states)`, or an object -----


def state_size(cell: Any) -> Any:
    """Return the size of a cell's only state, or a list of sizes."""
    return getattr(cell, "state_size", None)


def output_size(cell: Any) -> int:
    """Return the last size of a cell's output, that of its first state where it does not say it."""
    size = getattr(cell, "output_size", None)
    size = flat(state_size(cell))[0] if size is None else size
    if not isinstance(size, int):
        raise ValueError(f"output_size must be an integer, {cell} has {size!r}")
    return size


def initial_state(cell: Any, batch_size: int | None, dtype: Any) -> Any:
    """Return what a cell starts with, zeros where it does not say it."""
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(batch_size=batch_size)
    zeros = [np.zeros((batch_size or 0, n), dtype or floatx()) for n in flat(state_size(cell))]
    return zeros if isinstance(state_size(cell), (list, tuple)) else zeros[0]


def build_cell(cell: Any, input_shape: Shape, dtype: Any) -> None:
    """Build a cell for a step's inputs."""
    if not isinstance(cell, Layer) or cell.built:
        return
    cell.dtype = cell.dtype or dtype
    if isinstance(cell, Taped):
        sizes = flat(state_size(cell))
        cell.form = (Slot(0), [Slot(k + 1) for k in range(len(sizes))]), {}
        cell.takes_list = True
        cell.build([input_shape, *[(input_shape[0], n) for n in sizes]])
    else:
        cell.build(input_shape)


def call_cell(cell: Any, inputs: Any, states: list[Any], training: bool | None) -> Any:
    """Return the output of a cell, and the list of its states."""
    taped: Any = cell if isinstance(cell, Taped) else None
    run = cell if taped is None else taped.call  # a function in the tape of the caller
    takes = isinstance(cell, Layer) if taped is None else "training" in _parameters(taped.call)
    y, states = run(inputs, states, **({"training": training} if takes else {}))
    return y, list(states) if isinstance(states, (list, tuple)) else [states]
