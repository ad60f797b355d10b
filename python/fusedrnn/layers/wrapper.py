"""Layers around layers: TimeDistributed and Bidirectional."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._types import Array
from ..configurable import custom_object_scope
from ..graph import Step, backward_of_shared, connect, is_symbolic, tapes_of
from .batch_normalization import BatchNormalization
from .layer import Layer, Shape, layer_from, running, said
from .sequences import OverSequence, flat
from .taped import Taped


def _layer(name: str, layer: Any) -> Layer:
    if isinstance(layer, dict):
        layer = layer_from(layer)
    if not isinstance(layer, Layer):
        raise ValueError(f"{name}: layer is {layer!r}, expected a layer")
    if layer.activity_regularizer is not None:
        raise ValueError(
            f"{name}: activity_regularizer of the layer inside is not supported; give "
            "it to a layer of the model"
        )
    return layer


class Wrapper(Taped):
    """Base of layers of one's own around another, ``self.layer``, with a ``call`` that calls it.

    Parameters
    ----------
    layer : Layer
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If ``layer`` is no layer.

    Examples
    --------
    >>> class Twice(fusedrnn.layers.Wrapper):
    ...     def call(self, x):
    ...         return 2 * self.layer(x)
    >>> Twice(fusedrnn.layers.Identity())(np.ones((1, 2))).tolist()
    [[2.0, 2.0]]
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        if isinstance(layer, dict):
            layer = layer_from(layer)
        if not isinstance(layer, Layer):
            raise ValueError(
                f"Layer {layer} supplied to Wrapper isn't a supported layer type. Please ensure "
                "wrapped layer is a valid Keras layer."
            )
        super().__init__(**kwargs)
        self.layer = layer


class TimeDistributed(Layer):
    """Applies a layer to every step of a sequence on its own: (N, T, ...) to (N, T, ...).

    What is computed over a batch, as BatchNormalization does, is over that of each step.

    Parameters
    ----------
    layer : Layer
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If ``layer`` is no layer or has an ``activity_regularizer``; called, of an input of less
        than three axes.

    Examples
    --------
    >>> layer = fusedrnn.layers.TimeDistributed(fusedrnn.layers.Dense(4))
    >>> layer(np.zeros((2, 10, 3))).shape
    (2, 10, 4)
    """

    supports_masking = True

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        self.layer = _layer("TimeDistributed", layer)
        super().__init__(**kwargs)
        self.integer_input = self.layer.integer_input

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return [self.layer]

    def _step(self, shape: Shape) -> Shape:
        if len(shape) < 3:
            raise ValueError(f"{self.name}: input has shape {shape}, expected at least 3 axes")
        return (None, *shape[2:])

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        self.layer.dtype = self.layer.dtype or self.dtype
        self.layer.build(self._step(input_shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (*input_shape[:2], *self.layer.compute_output_shape(self._step(input_shape))[1:])

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        if mask is not None and mask.shape[:2] != x.shape[:2]:
            raise ValueError(
                f"{self.name}: The `mask` passed to the `TimeDistributed` layer has a shape "
                f"{mask.shape} that is incompatible with the input shape {x.shape}"
            )
        self.tape = x.shape, []
        if training is True and _uses_the_batch(self.layer):
            return self._by_steps(x, mask)
        own = hasattr(self.layer, "form")  # no layer of this package takes one of rows
        inner = None
        if mask is not None and (own or mask.ndim > 2):
            inner = mask.reshape(-1, *mask.shape[2:])
        y = self.layer.forward(x.reshape(-1, *x.shape[2:]), training, inner)
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def _by_steps(self, x: Array, mask: Array | None) -> Array:
        ys = []
        for t in range(x.shape[1]):
            of_step = None if mask is None else mask[:, t]
            ys.append(self.layer.forward(np.ascontiguousarray(x[:, t]), True, of_step))
            self.tape[1].append(tapes_of(self.layer))
        return np.stack(ys, 1)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        shape, tapes = self.tape
        if not tapes:
            dx = self.layer.backward(dy.reshape(-1, *dy.shape[2:]), need_dx)
            return None if dx is None else dx.reshape(shape)
        step, dxs = Step(self.layer, [], []), []
        for t, step.tape in enumerate(tapes):
            own = np.ascontiguousarray(dy[:, t])
            dxs.append(backward_of_shared(step, own, need_dx, t > 0))
        return np.stack(dxs, 1) if need_dx else None


def _uses_the_batch(layer: Layer) -> bool:
    """Whether the output for a row depends on the others in training."""
    return isinstance(layer, BatchNormalization) or any(map(_uses_the_batch, layer.inside))


MERGE: dict[str | None, Callable[[Array, Array], Any]] = {
    "concat": lambda a, b: np.concatenate([a, b], axis=-1),
    "sum": lambda a, b: a + b,
    "ave": lambda a, b: (a + b) / 2,
    "mul": lambda a, b: a * b,
    None: lambda a, b: [a, b],
}


class Bidirectional(Layer):
    """A recurrent layer over the sequence, and another over the reversed sequence.

    Input (N, T, I); outputs as of the layer, (..., 2 units) with "concat". The weights are those of
    the forward layer, then those of the backward layer (Schuster and Paliwal, 1997).

    Parameters
    ----------
    layer : recurrent layer
        Of which two copies are made.
    merge_mode : {"concat", "sum", "ave", "mul", None}
        How the two outputs become one; with None both are returned.
    weights : list of arrays, optional
        Initial weights.
    backward_layer : recurrent layer, optional
        What to use for the reversed sequence, with the other ``go_backwards``.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If ``layer`` is not recurrent, ``backward_layer`` does not fit it, or of another mode.

    Examples
    --------
    >>> layer = fusedrnn.layers.Bidirectional(fusedrnn.layers.LSTM(8))
    >>> layer(np.zeros((2, 10, 3))).shape
    (2, 16)
    """

    input_rank = 3
    supports_masking = True

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        layer = _layer("Bidirectional", layer)
        if not isinstance(layer, OverSequence):
            raise ValueError(f"Bidirectional: layer is {layer!r}, expected a recurrent layer")
        if merge_mode not in MERGE:
            raise ValueError(
                f"Bidirectional: merge_mode is {merge_mode!r}, expected 'concat', "
                "'sum', 'ave', 'mul' or None"
            )
        kwargs.setdefault("batch_shape", layer.batch_shape)
        super().__init__(weights=weights, **kwargs)
        config = layer.get_config() | {"dtype": layer.dtype}
        self.forward_layer = self._copy(layer, config, "forward_", layer.go_backwards)
        if backward_layer is None:
            backward_layer = self._copy(layer, config, "backward_", not layer.go_backwards)
        self.backward_layer: Any = _layer("Bidirectional", backward_layer)
        same = ("return_sequences", "return_state", "stateful")
        if (
            not isinstance(self.backward_layer, OverSequence)
            or any(getattr(self.backward_layer, s) != getattr(layer, s) for s in same)
            or (self.backward_layer.go_backwards == layer.go_backwards)
        ):
            raise ValueError(
                "Bidirectional: backward_layer must be a recurrent layer with the "
                f"same {', '.join(same)} as layer and the other go_backwards"
            )
        for inner in self.layers:
            inner.zero_output_for_mask = layer.return_sequences  # type: ignore[attr-defined]
        self.merge_mode = merge_mode
        self.return_sequences, self.return_state = layer.return_sequences, layer.return_state
        self.stateful = layer.stateful

    @staticmethod
    def _copy(
        layer: OverSequence, config: dict[str, Any], prefix: str, backwards: bool
    ) -> OverSequence:
        name = layer.name if layer.name.startswith(prefix) else prefix + layer.name
        own = {type(cell).__name__: type(cell) for cell in getattr(layer, "cells", ())}
        with custom_object_scope(own):
            copy: Any = type(layer).from_config(config | {"name": name, "go_backwards": backwards})
        if hasattr(layer, "use_cudnn"):
            copy.use_cudnn = layer.use_cudnn
        made: OverSequence = copy
        return made

    @property
    def layers(self) -> list[Layer]:  # noqa: D102
        return [self.forward_layer, self.backward_layer]

    @property
    def layer(self) -> Layer:
        """The forward layer."""
        return self.forward_layer

    def reset_states(self) -> None:
        """Set the states of both layers to zero."""
        self.forward_layer.reset_states()
        self.backward_layer.reset_states()

    reset_state = reset_states

    def gates(
        self, inputs: Any, initial_state: Any = None, mask: Any = None
    ) -> dict[str, dict[str, Array]]:
        """Return what the gates are of both layers: "forward" and "backward", as of ``LSTM``."""
        states = flat(initial_state or [])
        half = len(states) // 2
        layers: Any = self.layers
        given = zip(("forward", "backward"), layers, (states[:half], states[half:]), strict=True)
        return {name: layer.gates(inputs, own or None, mask) for name, layer, own in given}

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        for layer in self.layers:
            layer.dtype = layer.dtype or self.dtype
            layer.build(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        shape = self.forward_layer.compute_output_shape(input_shape)
        y, *states = shape if self.return_state else [shape]
        if self.merge_mode == "concat":
            y = (*y[:-1], y[-1] + self.backward_layer.output_size)
        merged = [y] if self.merge_mode else [y, y]
        return (*merged, *states, *states) if self.return_state or not self.merge_mode else y

    def __call__(  # type: ignore[override]
        self,
        inputs: Any,
        initial_state: Any = None,
        training: bool | None = None,
        mask: Any = None,
    ) -> Any:
        """Return the output; ``initial_state`` is that of the forward, then the backward layer."""
        if is_symbolic(inputs, initial_state):
            return connect(
                self, inputs, **said(initial_state=initial_state, training=training, mask=mask)
            )
        if running.get() is not None and initial_state is not None:
            return super().__call__([inputs, *flat(initial_state)], training, mask)
        with self.step():
            if initial_state is not None:
                initial_state = flat(initial_state)
                half = len(initial_state) // 2
                self.forward_layer._given = initial_state[:half]
                self.backward_layer._given = initial_state[half:]
            try:
                return super().__call__(inputs, training, mask)
            finally:  # also where they were refused
                self.forward_layer._given = self.backward_layer._given = None

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        ahead: Any
        back: Any
        if isinstance(x, list):  # with initial states
            half = len(x) // 2
            ahead, mask_ahead = x[: half + 1], mask[: half + 1]
            back = [x[0], *x[half + 1 :]]
            mask_back = [mask[0], *mask[half + 1 :]]
        else:
            ahead = back = x
            mask_ahead = mask_back = mask
        a = self.forward_layer.forward(ahead, training, mask_ahead)
        b = self.backward_layer.forward(back, training, mask_back)
        states = []
        if self.return_state:
            (a, *states), (b, *more) = a, b
            states += more
        if self.return_sequences:
            b = b[:, ::-1]
        self.tape = (a, b)
        y = MERGE[self.merge_mode](a, b)
        if not self.return_state:
            return y
        return [*y, *states] if self.merge_mode is None else [y, *states]

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        a, b = self.tape
        dstates: list[Any] = []
        if self.merge_mode is None:
            da, db, *dstates = dy
        else:
            dy, *dstates = dy if self.return_state else [dy]
            da, db = (None, None) if dy is None else self._split(dy, a, b)
        if self.return_sequences and db is not None:
            db = db[:, ::-1]
        each: list[Any] = []
        half = len(dstates) // 2
        for layer, d, states in (
            (self.forward_layer, da, dstates[:half]),
            (self.backward_layer, db, dstates[half:]),
        ):
            own: Any = None if d is None else np.ascontiguousarray(d)
            if self.return_state:
                own = [own, *states]
            if own is None or (self.return_state and all(g is None for g in own)):
                for v in layer.weights:
                    v.grad[...] = 0
                each.append(None)
            else:
                each.append(layer.backward(own, need_dx))
        return _sum_of_inputs(*each) if need_dx else None

    def _split(self, dy: Array, a: Array, b: Array) -> tuple[Array, Array]:
        if self.merge_mode == "concat":
            units = a.shape[-1]
            return dy[..., :units], dy[..., units:]
        if self.merge_mode == "mul":
            return dy * b, dy * a
        half = dy / 2 if self.merge_mode == "ave" else dy
        return half, half

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        mask = mask[0] if isinstance(mask, list) else mask
        mask = mask if self.return_sequences else None
        return [mask, mask, *[None] * 4] if self.merge_mode is None else mask

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = super().get_config()
        del config["weights"]
        return config


def _sum_of_inputs(a: Any, b: Any) -> Any:
    """Add what both layers owe their common input; the states are each one's own."""
    if a is None or b is None:
        return b if a is None else a
    if not isinstance(a, list):
        return a + b
    return [a[0] + b[0], *a[1:], *b[1:]]
