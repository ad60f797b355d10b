"""Streams: a trained model as a function of one time step, with its states.

``describe`` writes a chain of layers as lines of text and arrays, which the core makes a stream of,
here and, from the ``.safetensors`` file that has them, in a program without Python. Not here: what
a layer computes (``csrc/stream_layers.cpp``).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal
from weakref import WeakSet

import numpy as np

from . import _core, activations, layers
from ._state import an
from ._types import Array
from .batches import as_array
from .checks import positive, whole
from .functional_model import Functional
from .layers.layer import Layer, Variable
from .layers.rnn import Recurrent
from .sequential import Sequential

__all__ = ["Stream"]

HEADER = "fusedrnn stream 1"

TRAIN = "train a model without it"
WHOLE = f"works on a whole sequence, of which a stream has seen the past only: {TRAIN}"
# Why a kind of layers has no place in a stream; all others are not known there.
WHY = {
    layers.Bidirectional: f"reads its sequence from the end, too, which a stream has not: {TRAIN}",
    layers.RNN: "is not made of kernels: LSTM, GRU and SimpleRNN take the same weights",
} | dict.fromkeys(
    (
        layers.AdditiveAttention, layers.Attention, layers.AveragePooling1D, layers.Conv1D,
        layers.Conv1DTranspose, layers.Cropping1D, layers.DepthwiseConv1D, layers.Flatten,
        layers.GlobalAveragePooling1D, layers.GlobalMaxPooling1D, layers.GroupNormalization,
        layers.MaxPooling1D, layers.MultiHeadAttention, layers.Permute, layers.RepeatVector,
        layers.Reshape, layers.SeparableConv1D, layers.UpSampling1D, layers.ZeroPadding1D,
    ),
    WHOLE,
)  # fmt: skip


class NotStreamable(ValueError):
    """A model has something that has no place in a stream; the message says what, and why."""


class Stream(_core.Stream):
    """A trained model as a function of one time step, for a batch of streams with their states.

    ``model.stream()`` makes one. It has a copy of the weights as they were then, packed once:
    what happens to the model afterwards, training too, does not reach it, nor does it touch the
    model or the states that a stateful layer keeps. The states begin at zero. Dropout and noise do
    nothing, normalization uses what was learned, as in ``predict``, and after each step the output
    is that of ``predict`` for the sequence so far (its last step, if it returns sequences).

    A stream can be copied, which shares the weights, and pickled, each with its states. One thread
    at a time may use it, a call meanwhile raises RuntimeError: give each thread a copy.

    Attributes
    ----------
    batch_size : int
        Number of streams.
    input_size : int
        Features of a step; 0 where a step is an index, for a model that begins with Embedding.
    output_size : int
        Values of an output.
    dtype : numpy.dtype
        float32 or float64, the model's.

    Examples
    --------
    >>> import numpy as np
    >>> from fusedrnn.layers import LSTM, Dense, Input
    >>> from fusedrnn.models import Sequential
    >>> model = Sequential([Input((None, 3)), LSTM(8), Dense(1)])
    >>> stream = model.stream()
    >>> stream.step(np.zeros((1, 3), np.float32)).shape
    (1, 1)
    """

    def __init__(
        self,
        description: str,
        arrays: Mapping[str, Array],
        batch_size: int = 1,
        weights: str | None = None,
        chain: Any = None,
    ) -> None:
        self._made_of = description, arrays, weights
        if weights not in (None, "bfloat16"):
            raise ValueError(f"stream: weights is {weights!r}, expected 'bfloat16' or None")
        self._chain = chain or _core.StreamChain(description, dict(arrays), weights)
        self.batch_size = positive("stream", "batch_size", batch_size)
        self.dtype = np.dtype(description.splitlines()[0].split()[-1])
        self.input_size, self.output_size = self._chain.input_size, self._chain.output_size
        convert = partial(_indices, "x") if not self.input_size else partial(_numbers, self.dtype)
        super().__init__(self._chain, self.batch_size, convert)
        _streams.add(self)

    def __call__(self, x: Any, mask: Any = None) -> Array:
        """Return ``step(x, mask)``."""
        return self.step(x, mask)

    def reset(self, rows: Any = None) -> None:
        """Set the states to zero: of all streams, or of those whose numbers are in `rows`."""
        if rows is not None:
            rows = [whole("stream", "rows", row, 0) for row in np.atleast_1d(rows).tolist()]
            if max(rows, default=0) >= self.batch_size:
                last = self.batch_size - 1
                raise ValueError(f"stream: rows has the value {max(rows)}, expected 0 to {last}")
        self._reset(rows)

    @property
    def state(self) -> list[Array]:
        """The states, copies (batch_size, units) in the order of the layers: h, an LSTM's c."""
        flat = self._get_state().reshape(-1)
        ends = np.cumsum([self.batch_size * size for size in self._chain.state_sizes])
        return [
            part.reshape(self.batch_size, -1)
            for part in np.split(flat, ends[:-1])
            if len(part)  # a model without states has none
        ]

    @state.setter
    def state(self, state: Sequence[Any]) -> None:
        if not isinstance(state, list | tuple):
            raise TypeError(f"stream: state is {an(type(state))}, expected a list of arrays")
        expected = [(self.batch_size, size) for size in self._chain.state_sizes]
        given = [as_array("state", each, self.dtype) for each in state]
        if [each.shape for each in given] != expected:
            raise ValueError(
                f"stream: state has shapes {[each.shape for each in given]}, expected {expected}"
            )
        self._set_state(np.concatenate([np.empty(0, self.dtype), *map(np.ravel, given)]))

    def __copy__(self) -> Stream:
        copied = Stream(*self._made_of[:2], self.batch_size, self._made_of[2], self._chain)
        copied._set_state(self._get_state())
        return copied

    def __deepcopy__(self, memo: Any) -> Stream:
        return self.__copy__()

    def __reduce__(self) -> Any:
        return _revived, (*self._made_of, self.batch_size, self._get_state())

    def __repr__(self) -> str:
        takes = f"{self.input_size} features" if self.input_size else "indices"
        gives = f"{self.output_size} values of {self.dtype}"
        return f"<Stream of {self.batch_size} rows: {takes} to {gives}>"


_streams: WeakSet[Stream] = WeakSet()


def _renew() -> None:
    for each in list(_streams):
        each._renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)


def _revived(
    description: str, arrays: Mapping[str, Array], weights: Any, batch_size: int, state: Array
) -> Stream:
    stream = Stream(description, arrays, batch_size, weights)
    stream._set_state(state)
    return stream


def _numbers(dtype: Any, x: Any) -> Array:
    return as_array("x", x, dtype)


def _indices(name: str, x: Any) -> Array:
    array = as_array(name, x, None)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: has dtype {array.dtype}, expected integers, which are indices")
    if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} has the index {array.max()}, expected less than 2**63")
    return array.astype(np.int64)


def stream(model: Any, batch_size: int = 1, weights: Literal["bfloat16"] | None = None) -> Stream:
    """Return a stream of a model; see ``Model.stream``."""
    number: dict[Variable, str] = {v: str(k) for k, v in enumerate(model.weights)}
    with model.step():
        description, arrays = describe(model, number.__getitem__)
        arrays |= {name: v.value.copy() for v, name in number.items()}
    return Stream(description, arrays, batch_size, weights)


# Descriptions -------------------------------------------------------------------------------------


def describe(model: Any, name_of: Callable[[Variable], str]) -> tuple[str, dict[str, Array]]:
    """Return the lines that describe a chain, and the arrays in it that are no weights.

    Parameters
    ----------
    model : Model
    name_of : callable
        Names for the weights, without spaces.

    Raises
    ------
    NotStreamable
        What has no place in a stream.
    """
    if not model.built:
        raise ValueError(f"stream: model {model.name} has no weights yet; build it or fit it first")
    chain = list(_chain(model))
    shape, dtype = model.input_shape, model.float_type
    indices = bool(model.integer_input)
    if model.text_input or len(shape) != 3 - indices or not (indices or shape[-1]):
        raise NotStreamable(
            f"stream: {model.name} takes {shape}, expected (batch, steps, features), or, for "
            "Embedding, (batch, steps)"
        )
    description = _Description(name_of, dtype)
    takes = "indices" if indices else shape[-1]
    description.lines += [f"{HEADER} {dtype}", f"input {takes}"]
    for layer in chain:
        if layer.weights and layer.weights[0].dtype != dtype:
            raise NotStreamable(
                f"stream: {layer.name} has weights in {layer.weights[0].dtype}, the model is in "
                f"{dtype}"
            )
        description.add(layer)
    return "\n".join(description.lines) + "\n", description.arrays


def _chain(model: Any) -> Iterator[Layer]:
    """Yield the layers of a model that is a chain, those of models in it too."""
    if not isinstance(model, Sequential | Functional):
        raise NotStreamable(
            f"stream: {model.name} has a `call` of its own; a stream is of a Sequential model, or "
            "of a graph that is a chain"
        )
    slots, ends = list(model.graph.inputs), model.graph.outputs
    if len(slots) != 1 or len(ends) != 1:
        raise NotStreamable(f"stream: {model.name} has several inputs or outputs, expected one")
    for step in model.graph.steps:
        if step.inputs != slots or len(step.outputs) != 1 or step.reads != step.inputs:
            raise NotStreamable(
                f"stream: {model.name} is no chain of layers: see {step.layer.name}"
            )
        if step.training is not None:
            raise NotStreamable(
                f"stream: {step.layer.name} is called with training={step.training}: leave that out"
            )
        slots = step.outputs
        inner = isinstance(step.layer, Sequential | Functional)
        yield from _chain(step.layer) if inner else [step.layer]
    if slots != ends:
        raise NotStreamable(f"stream: {model.name} is no chain of layers: it ends before its last")


class _Description:
    """The lines and the arrays so far."""

    def __init__(self, name_of: Callable[[Variable], str], dtype: Any) -> None:
        self.name_of, self.dtype = name_of, dtype
        self.lines: list[str] = []
        self.arrays: dict[str, Array] = {}
        self.masked = False

    def line(self, *words: Any) -> None:
        self.lines.append(" ".join(map(self._word, words)))

    def _word(self, word: Any) -> str:
        if word is None:
            return "-"
        if isinstance(word, Variable):
            return self.name_of(word)
        if isinstance(word, np.ndarray):
            name = f"stream/{len(self.arrays)}"
            self.arrays[name] = np.ascontiguousarray(word, self.dtype)
            return name
        return repr(float(word)) if isinstance(word, int | float | np.generic) else word

    def add(self, layer: Any) -> None:
        """Add the lines of a layer."""
        kind = type(layer)
        if self.masked and not layer.supports_masking:
            raise NotStreamable(f"stream: {layer.name} takes no mask: leave Masking out")
        if kind in NOTHING:
            return
        if kind in LAYERS:
            return LAYERS[kind](self, layer)
        known = next((why for base, why in WHY.items() if isinstance(layer, base)), None)
        why = known or f"is not known to streams: {TRAIN}"
        raise NotStreamable(f"stream: {layer.name} is {an(kind)}, which {why}")

    # Layers ---------------------------------------------------------------------------------------

    def recurrent(self, layer: Any) -> None:
        if layer.go_backwards:
            raise NotStreamable(f"stream: {layer.name} has go_backwards: {TRAIN}")
        if layer.path != "fused":
            raise NotStreamable(
                f"stream: {layer.name} has activations that the kernels do not have: train it with "
                "tanh, relu, sigmoid or linear and, for the gates, sigmoid"
            )
        if layer.zero_output_for_mask and self.masked:
            raise NotStreamable(f"stream: {layer.name} has zero_output_for_mask: {TRAIN}")
        form = []
        if "reset_after" in layer.cell.options:
            form = ["after" if layer.reset_after else "before", "keep"]
        weights = layer.kernel, layer.recurrent_kernel, layer.bias
        self.line(layer.cell.name, layer.activation.__name__, *form, *weights)
        self.masked = self.masked and layer.return_sequences

    def dense(self, layer: Any) -> None:
        self.line("dense", layer.kernel, layer.bias)
        self.activation(layer, layer.activation)

    def time_distributed(self, layer: Any) -> None:
        if not isinstance(layer.layer, Recurrent | layers.Embedding | layers.Masking):
            return self.add(layer.layer)
        inner = type(layer.layer).__name__
        raise NotStreamable(
            f"stream: {layer.name} is a TimeDistributed of {inner}, which is not known to streams"
        )

    def activation(self, layer: Any, function: Any) -> None:
        if function is None or function is activations.linear:
            return
        name = function.__name__
        if function.layer is not None and type(function.layer) in LAYERS:  # a layer as a function
            return LAYERS[type(function.layer)](self, function.layer)
        if activations.TABLE.get(name) is not function or name not in FUNCTIONS:
            raise NotStreamable(
                f"stream: {layer.name} has the activation {name!r}, expected one of "
                f"{', '.join(FUNCTIONS)}"
            )
        self.line("activation", *FUNCTIONS[name])

    def relu(self, layer: layers.ReLU) -> None:
        most = float("inf") if layer.max_value is None else layer.max_value
        self.line("activation", "any_relu", layer.negative_slope, most, layer.threshold)

    def softmax(self, layer: layers.Softmax) -> None:
        self._check_axis(layer, layer.axis)
        if self.masked:
            raise NotStreamable(f"stream: {layer.name} has a mask: use Dense(..., 'softmax')")
        self.line("activation", "softmax")

    def prelu(self, layer: layers.PReLU) -> None:
        if any(size != 1 for size in layer.alpha.shape[:-1]):
            raise NotStreamable(f"stream: {layer.name} has a slope for each step: share axis 1")
        size = layer.input_shape[-1]  # type: ignore[index]
        self.line("prelu", np.broadcast_to(layer.alpha.value.ravel(), (size,)))

    def layer_normalization(self, layer: layers.LayerNormalization) -> None:
        self._check_axis(layer, layer.axis)
        kind = "spread" if layer.rms_scaling else "layer"
        self.line("normalize", kind, layer.epsilon, layer.gamma, layer.beta)

    def rms_normalization(self, layer: layers.RMSNormalization) -> None:
        self._check_axis(layer, layer.axis)
        self.line("normalize", "rms", layer.epsilon, layer.scale, None)

    def unit_normalization(self, layer: layers.UnitNormalization) -> None:
        self._check_axis(layer, layer.axis)
        self.line("normalize", "unit", 1e-12, None, None)

    def batch_normalization(self, layer: layers.BatchNormalization) -> None:
        self._check_axis(layer, layer.axis)
        factor = 1 / np.sqrt(layer.moving_variance.value + self.dtype.type(layer.epsilon))
        if layer.gamma is not None:
            factor = factor * layer.gamma.value
        self.line("affine", layer.moving_mean, factor, layer.beta)

    def normalization(self, layer: layers.Normalization) -> None:
        if layer.axis:
            self._check_axis(layer, layer.axis)
        size = layer.input_shape[-1]  # type: ignore[index]
        mean, spread = (
            np.broadcast_to(a.ravel(), (size,))
            for a in (np.asarray(layer.mean), np.sqrt(np.asarray(layer.variance)))
        )
        spread = np.maximum(spread, self.dtype.type(1e-7))
        if layer.invert:
            self.line("affine", None, spread, mean)
        else:
            self.line("affine", mean, 1 / spread, None)

    def rescaling(self, layer: layers.Rescaling) -> None:
        size, parts = layer.input_shape[-1], []  # type: ignore[index]
        for given in (layer.scale, layer.offset):
            value = np.asarray(given, self.dtype)
            if any(n != 1 for n in value.shape[:-1]) or value.shape[-1:] not in [(), (1,), (size,)]:
                raise NotStreamable(
                    f"stream: {layer.name} has a scale or offset of shape {value.shape}, expected "
                    f"a number or one for each of the {size} features"
                )
            parts.append(np.broadcast_to(value.ravel(), (size,)))
        self.line("affine", None, *parts)

    def masking(self, layer: layers.Masking) -> None:
        self.masked = True
        self.line("masking", layer.mask_value)

    def embedding(self, layer: layers.Embedding) -> None:
        self.masked = bool(layer.mask_zero)
        self.line("embedding", layer.embeddings, *(["mask"] if layer.mask_zero else []))

    def _check_axis(self, layer: Any, axis: Any) -> None:
        rank = len(layer.input_shape or (0, 0))  # a layer as a function works on rows
        axes = list(axis) if isinstance(axis, list | tuple) else [axis]
        if [each % rank for each in axes] != [rank - 1]:
            raise NotStreamable(
                f"stream: {layer.name} works along axis {axis}, expected the last one, of features"
            )


LAYERS: dict[type, Callable[[_Description, Any], None]] = {
    layers.LSTM: _Description.recurrent,
    layers.GRU: _Description.recurrent,
    layers.SimpleRNN: _Description.recurrent,
    layers.Dense: _Description.dense,
    layers.TimeDistributed: _Description.time_distributed,
    layers.Activation: lambda to, layer: to.activation(layer, layer.activation),
    layers.ReLU: _Description.relu,
    layers.LeakyReLU: lambda to, each: to.line("activation", "leaky_relu", each.negative_slope),
    layers.ELU: lambda to, layer: to.line("activation", "elu", layer.alpha),
    layers.ThresholdedReLU: lambda to, layer: to.line("activation", "threshold", layer.theta),
    layers.Softmax: _Description.softmax,
    layers.PReLU: _Description.prelu,
    layers.LayerNormalization: _Description.layer_normalization,
    layers.RMSNormalization: _Description.rms_normalization,
    layers.UnitNormalization: _Description.unit_normalization,
    layers.BatchNormalization: _Description.batch_normalization,
    layers.Normalization: _Description.normalization,
    layers.Rescaling: _Description.rescaling,
    layers.Masking: _Description.masking,
    layers.Embedding: _Description.embedding,
}
NOTHING = {  # layers that change nothing outside training
    layers.ActivityRegularization,
    layers.AlphaDropout,
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.InputLayer,
    layers.SpatialDropout1D,
}
# Activations, and the words of their line.
FUNCTIONS: dict[str, tuple[Any, ...]] = {
    name: (name,)
    for name in (
        "tanh", "sigmoid", "relu", "softmax", "log_softmax", "softplus", "softsign",
        "exponential", "selu", "silu", "gelu", "mish",
    )
} | {
    "relu6": ("any_relu", 0, 6, 0),
    "leaky_relu": ("leaky_relu", 0.2),
    "elu": ("elu", 1),
    "hard_sigmoid": ("hard_sigmoid", 1 / 6, 0.5),
    "hard_sigmoid_keras2": ("hard_sigmoid", 0.2, 0.5),
}  # fmt: skip
