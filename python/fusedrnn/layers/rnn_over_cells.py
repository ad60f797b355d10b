"""RNN: the fused layers where the cells are theirs, else a loop over the steps on the tape."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import floatx
from ..autodiff import Tracked, backward
from ..checks import flag
from ..graph import zero_gradients
from .layer import Layer, Shape, Variable, layer_from, running
from .rnn import Recurrent
from .rnn_cells import (
    Cell,
    StackedRNNCells,
    build_cell,
    call_cell,
    initial_state,
    output_size,
    state_size,
)
from .sequences import OverSequence, flat, nested
from .taped import Taped, _Running, _Tape, _value


class RNN(OverSequence):
    """Recurrent layer over a cell, or a list of them.

    A cell has ``state_size``, the size of its state or a list of sizes, and ``call(inputs,
    states)``, which returns the output of a step and the list of new states; it may have
    ``output_size``, ``get_initial_state(batch_size)`` and, as a layer, weights. Cells other than
    ``LSTMCell``, ``GRUCell`` and ``SimpleRNNCell`` run step by step on ``autodiff``'s tape.
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cell = layer_from(cell) if isinstance(cell, dict) else cell
        self.cell: Any = StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell
        if not callable(self.cell):
            raise ValueError(f"{self.name}: {cell!r} has no `call`, so it is no cell")
        if not isinstance(state_size(self.cell), (int, list, tuple)):
            raise ValueError(
                f"{self.name}: state_size must be specified as property on the RNN cell, an "
                f"integer or a list of integers, one for each state; {cell!r} has "
                f"{state_size(self.cell)!r}"
            )
        self.return_sequences = flag(self.name, "return_sequences", return_sequences)
        self.return_state = flag(self.name, "return_state", return_state)
        self.go_backwards = flag(self.name, "go_backwards", go_backwards)
        self.stateful, self.unroll = flag(self.name, "stateful", stateful), unroll
        self.zero_output_for_mask = zero_output_for_mask
        stacked = isinstance(self.cell, StackedRNNCells)
        self.cells: list[Any] = list(self.cell.cells) if stacked else [self.cell]
        if not all(isinstance(each, Cell) for each in self.cells):
            self.input_rank = None

    fused: list[Recurrent] | None = None  # the layers that run it, one after the other

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return [self.cell] if isinstance(self.cell, Layer) else []

    @property
    def state_sizes(self) -> list[int]:  # noqa: D102
        return flat(state_size(self.cell))

    @property
    def output_size(self) -> int:  # noqa: D102
        return output_size(self.cell)

    @property
    def float_type(self) -> Any:
        """The NumPy type of the weights."""
        return np.dtype(self.dtype or floatx())

    @property
    def differs_in_training(self) -> bool:  # type: ignore[override]
        """Whether a cell does."""
        return any(cell.differs_in_training for cell in self.cells if isinstance(cell, Layer))

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        self.check_batch(input_shape)
        build_cell(self.cell, (input_shape[0], *input_shape[2:]), self.dtype)
        if all(isinstance(each, Cell) for each in self.cells):
            self.fused = [
                each.over(return_sequences=True, return_state=True) for each in self.cells
            ]
            self.fused[0].go_backwards = self.go_backwards
            self.fused[-1].return_sequences = self.return_sequences
            self.fused[-1].zero_output_for_mask = self.zero_output_for_mask

    def _nested(self, states: Any) -> Any:
        """Return states as the cell has them."""
        like = state_size(self.cell)
        return nested(states, like if isinstance(like, (list, tuple)) else [like])

    def output_shape_of(self, shape: Any) -> Any:  # noqa: D102
        return super().compute_output_shape(shape)

    def compute_output_shape(self, input_shape: Shape) -> Any:  # noqa: D102
        shape = super().compute_output_shape(input_shape)
        return (shape[0], *self._nested(shape[1:])) if self.return_state else shape

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Return the output, or with ``return_state`` a list of it and the states of each cell."""
        y = super().__call__(inputs, *args, **kwargs)
        return [y[0], *self._nested(y[1:])] if self.return_state else y

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        x, states, mask, inputs = self.start(x, mask)
        run = self._steps if self.fused is None else self._layers
        y, final = run(x, states, training, mask)
        if self.stateful:
            self.states = [np.array(s) for s in final]
        if training:
            self.tape = self.tape, inputs
        return [y, *final] if self.return_state else y

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        tape, inputs = self.tape
        dy, *dstates = dy if self.return_state else [dy, *[None] * len(self.state_sizes)]
        run = self._steps_backward if self.fused is None else self._layers_backward
        below = run(tape, dy, dstates, need_dx)
        return below if inputs else below[0]

    # The fused layers, one after the other ------------------------------------------------------

    def _layers(self, x: Any, states: Any, training: bool, mask: Any) -> Any:
        final: list[Any] = []
        for layer in self.fused or ():
            n = len(layer.state_sizes)
            first = None if states is None else states[len(final) : len(final) + n]
            given, masks = (x, mask) if first is None else ([x, *first], [mask])
            x, *more = layer.forward(given, training, masks)
            final += more
            if mask is not None and layer.go_backwards:
                mask = mask[:, ::-1]
            x = np.ascontiguousarray(x)
        self.tape = states is not None
        return x, final

    def _layers_backward(self, tape: Any, dy: Any, dstates: list[Any], need_dx: bool) -> Any:
        layers, below = self.fused or [], []
        for layer in reversed(layers):
            n = len(layer.state_sizes)
            own, dstates = dstates[-n:], dstates[:-n]
            if dy is None and all(g is None for g in own):
                zero_gradients(layer)
                below = [None] * (n if tape else 0) + below
                continue
            dy = layer.backward([dy, *own], need_dx or layer is not layers[0])
            if tape:
                dy, *more = dy
                below = more + below
        return [dy, *below]

    # Steps on the tape --------------------------------------------------------------------------

    def _steps(self, x: Any, states: Any, training: bool, mask: Any) -> Any:
        given = states or [
            np.asarray(s, x.dtype) for s in flat(initial_state(self.cell, len(x), self.dtype))
        ]
        xs: list[Any] = [x[:, t] for t in range(x.shape[1])]
        own = self._own()
        if training:
            xs, given = [Tracked(each) for each in xs], [Tracked(each) for each in given]
            self.tape = _Tape([*xs, *given], [Tracked(v.value) for v in own])
            for v, tracked in zip(own, self.tape.variables, strict=True):
                v._tracked = tracked
        outer = running.set(_Running(training, self))
        try:
            ys, final = self._loop(xs, given, training, mask)
        finally:
            running.reset(outer)
            for v in own:
                v._tracked = None
        if training:
            self.tape.y = ys, final
        values = [np.ascontiguousarray(_value(y), x.dtype) for y in ys]
        y = np.stack(values, 1) if self.return_sequences else values[-1]
        return y, [np.ascontiguousarray(_value(s), x.dtype) for s in final]

    def _loop(self, xs: list[Any], states: list[Any], training: bool, mask: Any) -> Any:
        order = range(len(xs))
        ys: list[Any] = []
        for t in reversed(order) if self.go_backwards else order:
            y, new = call_cell(self.cell, xs[t], self._nested(states), training)
            new = flat(new)
            if mask is not None:
                on = mask[:, t].reshape(-1, *[1] * (y.ndim - 1))
                last = ys[-1] if ys and not self.zero_output_for_mask else np.zeros_like(_value(y))
                y = np.where(on, y, last)
                new = [
                    np.where(mask[:, t].reshape(-1, *[1] * (s.ndim - 1)), s, before)
                    for s, before in zip(new, states, strict=True)
                ]
            ys.append(y)
            states = new
        return ys, states

    def _steps_backward(self, tape: Any, dy: Any, dstates: list[Any], need_dx: bool) -> Any:
        ys, final = tape.y
        if dy is None:
            pairs = []
        elif self.return_sequences:
            pairs = list(zip(ys, np.moveaxis(dy, 1, 0), strict=True))
        else:
            pairs = [(ys[-1], dy)]
        pairs += zip(final, dstates, strict=True)
        ends = [(y, g) for y, g in pairs if isinstance(y, Tracked) and g is not None]
        tape.done.clear()
        gradients = backward(ends, [*tape.inputs, *tape.variables])
        n = len(tape.inputs)
        for v, g in zip(self._own(), gradients[n:], strict=True):
            v.grad[...] = g
        for layer in self._inside():
            if layer not in tape.done:
                zero_gradients(layer)
        steps = n - len(self.state_sizes)
        return [np.stack(gradients[:steps], 1), *gradients[steps:n]]

    def _own(self) -> list[Variable]:
        """Return the variables that the tape has: those of the cells that are functions in it."""
        return [v for c in self.cells if isinstance(c, Taped) for v in c.variables]

    def _inside(self) -> list[Layer]:
        """Return the layers that the steps call: cells of the fused kind, layers in others."""
        every = [cell for cell in self.cells if isinstance(cell, Layer)]
        return [x for c in every for x in (c.layers if isinstance(c, Taped) else [c])]
