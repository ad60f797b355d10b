"""What all layers share that go through a sequence with states: shapes, masks, initial states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .._state import an, floatx
from .._types import Array
from ..graph import connect, is_symbolic, leaves
from .layer import Layer, Shape, running, said


class OverSequence(Layer):
    """Base of LSTM, GRU, SimpleRNN and RNN: sequences in, outputs and perhaps final states out.

    A subclass has ``state_sizes``, the last size of each array that goes from step to step, and
    ``output_size``.
    """

    input_rank: int | None = 3
    supports_masking = True
    return_sequences = return_state = go_backwards = stateful = False
    states: list[Array] | None = None  # what a stateful layer keeps
    _given: Any = None  # initial states of the call that runs

    @property
    def state_sizes(self) -> list[int]:
        """The last size of each state."""
        raise NotImplementedError

    @property
    def output_size(self) -> int:
        """The last size of the output."""
        return self.state_sizes[0]

    def compute_output_shape(self, input_shape: Shape) -> Any:  # noqa: D102
        N, T = input_shape[:2]
        y = (N, T, self.output_size) if self.return_sequences else (N, self.output_size)
        return (y, *[(N, size) for size in self.state_sizes]) if self.return_state else y

    def compute_mask(self, x: Any, mask: Any = None) -> Array | None:  # noqa: D102
        mask = mask[0] if isinstance(mask, list) else mask
        return mask if self.return_sequences else None

    def get_initial_state(self, batch_size: int) -> list[Array]:
        """Return the states that a sequence begins with: zeros."""
        dtype = self.dtype or floatx()
        return [np.zeros((batch_size, size), dtype) for size in self.state_sizes]

    def gates(self, inputs: Any, initial_state: Any = None, mask: Any = None) -> dict[str, Any]:
        """Return what the gates are, which LSTM and GRU layers know."""
        raise ValueError(f"{self.name}: {an(type(self))} keeps no gates: LSTM and GRU layers do")

    def reset_states(self, states: Any = None) -> None:
        """Set the kept states to zero, or to the given ones."""
        if not self.stateful:
            raise AttributeError(f"{self.name}: reset_states needs stateful=True")
        if states is not None:
            states = [np.array(s, self.dtype) for s in leaves([states], np.ndarray)]
        self.states = states

    reset_state = reset_states

    def check_batch(self, input_shape: Shape) -> None:
        """Refuse a stateful layer whose batch size is not fixed."""
        if self.stateful and input_shape[0] is None:
            raise ValueError(
                f"{self.name}: stateful=True needs a fixed batch size: give "
                "batch_shape=(batch_size, timesteps, features) to Input or the layer"
            )

    def __call__(  # type: ignore[override]
        self,
        inputs: Any,
        initial_state: Any = None,
        training: bool | None = None,
        mask: Any = None,
    ) -> Any:
        """Return the output, or with ``return_state`` a list of it and the final states."""
        if is_symbolic(inputs, initial_state):
            return connect(
                self, inputs, **said(initial_state=initial_state, training=training, mask=mask)
            )
        if isinstance(inputs, (list, tuple)) and initial_state is None and len(inputs) > 1:
            inputs, initial_state = inputs[0], list(inputs[1:])
        states = None if initial_state is None else flat(initial_state)
        outer = running.get()
        if outer is not None:
            return outer.call(self, [inputs, *states] if states else inputs, training, mask)
        with self.step():
            self._given = states
            try:
                return super().__call__(inputs, training, mask)
            finally:  # also where it was refused
                self._given = None

    def start(self, x: Any, mask: Any) -> tuple[Array, list[Array] | None, Any, bool]:
        """Return the input, the initial states, the mask, and whether the states are inputs."""
        states, inputs = self._given, isinstance(x, list)
        if inputs:  # in a graph
            (x, *states), mask = x, mask[0]
        if self.stateful and len(x) != self.input_shape[0]:  # type: ignore[index]
            raise ValueError(
                f"{self.name}: if an RNN is stateful, the batch size of the input sequences must "
                f"be that of its states: it was built for {self.input_shape[0]}, "  # type: ignore[index]
                f"the batch has {len(x)} rows"
            )
        if states is None and self.stateful:
            states = self.states
        if states is not None:
            expected = [(len(x), size) for size in self.state_sizes]
            if [np.shape(s) for s in states] != expected:
                raise ValueError(
                    f"{self.name}: initial states have shapes {[np.shape(s) for s in states]}, "
                    f"expected {expected}"
                )
            states = [np.ascontiguousarray(s, x.dtype) for s in states]
        return x, states, mask, inputs


def flat(states: Any) -> list[Any]:
    """Return states, which may be in lists of lists, as a list."""
    if not isinstance(states, (list, tuple)):
        return [states]
    return [each for part in states for each in flat(part)]


def nested(states: Sequence[Any], like: Any) -> Any:
    """Return a list of states in the lists of ``like``, which has a size for each."""
    rest = iter(states)

    def part(of: Any) -> Any:
        return [part(each) for each in of] if isinstance(of, (list, tuple)) else next(rest)

    return part(like)
