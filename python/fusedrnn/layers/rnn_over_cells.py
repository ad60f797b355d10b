"""RNN: the fused layers where the cells are theirs, else a loop over the steps on the tape."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import flag
from ..graph import Slot, zero_gradients
from .layer import Layer, Shape, layer_from
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
from .taped import Taped


class RNN(OverSequence):
    """Recurrent layer over a cell, or a list of them.

    A cell has ``state_size``, the size of its state or a list of sizes, and ``call(inputs,
    states)``, which returns the output of a step and the list of new states; it may have
    ``output_size``, ``get_initial_state(batch_size)`` and, as a layer, weights. Cells other than
    ``LSTMCell``, ``GRUCell`` and ``SimpleRNNCell`` run step by step on ``autodiff``'s tape.
    Input (N, T, ...); output that of the last step, or with ``return_sequences`` (N, T, ...).

    Parameters
    ----------
    cell : cell, or list of them
    return_sequences, return_state, go_backwards, stateful, unroll
        As of :class:`LSTM`.
    zero_output_for_mask : bool
        Whether masked steps have an output of 0.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If a cell cannot be called, or has no ``state_size`` that is an integer or a list.

    Examples
    --------
    >>> class Sum(fusedrnn.layers.Layer):
    ...     state_size = 1
    ...
    ...     def call(self, x, states):
    ...         total = states[0] + x
    ...         return total, [total]
    >>> layer = fusedrnn.layers.RNN(Sum(), return_sequences=True)
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).ravel().tolist()
    [1.0, 3.0, 6.0]
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

    fused: list[Recurrent] | None = None  # the layers that run it, one after the other, or
    steps: _Steps | None = None  # a loop

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return [self.cell] if isinstance(self.cell, Layer) else []

    @property
    def state_sizes(self) -> list[int]:  # noqa: D102
        return flat(state_size(self.cell))

    @property
    def output_size(self) -> int:  # noqa: D102
        return output_size(self.cell)

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
        else:
            self.steps = _Steps(self)

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
        layers = self.fused or []
        below: list[Any] = []
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

    # Step by step -------------------------------------------------------------------------------

    def _steps(self, x: Any, states: Any, training: bool, mask: Any) -> Any:
        steps: Any = self.steps
        if states is None:
            given = flat(initial_state(self.cell, len(x), self.dtype))
            states = [np.asarray(s, x.dtype) for s in given]
        y, *final = steps.over([x[:, t] for t in range(x.shape[1])], states, training, mask)
        self.tape = steps.tape
        return y, final

    def _steps_backward(self, tape: Any, dy: Any, dstates: list[Any], need_dx: bool) -> Any:
        steps: Any = self.steps
        steps.tape = tape
        gradients = steps.backward([dy, *dstates], need_dx)
        n = len(gradients) - len(dstates)
        return [np.stack(gradients[:n], 1), *gradients[n:]]


class _Steps(Taped):
    """The loop over the steps, of whose tape the cells that are the user's are part."""

    takes_list = True

    def __init__(self, rnn: RNN) -> None:
        super().__init__(name=rnn.name, dtype=rnn.dtype)
        self.rnn_of = (rnn,)  # in a tuple: no layer inside
        every = [cell for cell in rnn.cells if isinstance(cell, Layer)]
        own = [cell for cell in every if isinstance(cell, Taped)]
        self.variables = [v for cell in own for v in cell.variables]
        self.inner = [x for c in every for x in (c.layers if isinstance(c, Taped) else [c])]

    def named_layers(self) -> dict[str, Layer]:
        """Return the layers that the steps call: fused cells, and layers in those of the user's."""
        return {str(k): layer for k, layer in enumerate(self.inner)}

    def over(self, xs: list[Array], states: list[Array], training: bool, mask: Any) -> Any:
        """Return the output and the final states for the inputs of each step."""
        n, self.mask = len(xs), mask
        self.form = ([Slot(k) for k in range(n)], [Slot(n + k) for k in range(len(states))]), {}
        return self.forward([*xs, *states], training, [None] * (n + len(states)))

    def call(self, xs: list[Any], states: list[Any], training: bool = False) -> Any:
        """Call the cell for each step; masked steps keep the states, and the output before."""
        rnn, order = self.rnn_of[0], range(len(xs))
        ys: list[Any] = []
        for t in reversed(order) if rnn.go_backwards else order:
            y, new = call_cell(rnn.cell, xs[t], rnn._nested(states), training)
            new = flat(new)
            if self.mask is not None:
                last = ys[-1] if ys and not rnn.zero_output_for_mask else np.zeros_like(y)
                y = self._where(t, y, last)
                pairs = zip(new, states, strict=True)
                new = [self._where(t, after, before) for after, before in pairs]
            ys.append(y)
            states = new
        return [np.stack(ys, 1) if rnn.return_sequences else ys[-1], *states]

    def _where(self, t: int, new: Any, old: Any) -> Any:
        return np.where(self.mask[:, t].reshape(-1, *[1] * (new.ndim - 1)), new, old)
