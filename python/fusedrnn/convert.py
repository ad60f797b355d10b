"""Weights between our layers, Keras's and PyTorch's.

``convert.copy_weights(source, target)`` takes layers and modules of any of the three, on either
side. What differs between them is in :class:`RecurrentWeights`: gate order, transposition, one bias
or two. A layer that the other side has no equivalent of is refused by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from . import layers
from ._state import an
from ._types import Array
from .cells import BY_LAYER, CELLS

__all__ = ["DenseWeights", "RecurrentWeights", "copy_weights", "permute_gates", "weights_of"]

# The gates as other frameworks order them, in the letters of `Cell.gate_order`.
TORCH_ORDER = {"lstm": "ifgo", "gru": "rzn", "rnn": "n"}
ONNX_ORDER = {"lstm": "iofg", "gru": "zrn", "rnn": "n"}
# Activations that the cell of every framework has; the gates' is sigmoid.
EVERYWHERE = {"lstm": ("tanh",), "gru": ("tanh",), "rnn": ("tanh", "relu")}


def permute_gates(a: Array, source: str, target: str, axis: int) -> Array:
    """Return an array with its gate blocks in another order.

    Parameters
    ----------
    a : array
    source, target : str
        The orders, as "rzn" and "zrn".
    axis : int
        The axis of the blocks.

    Returns
    -------
    array
        A copy.

    Examples
    --------
    >>> fusedrnn.convert.permute_gates(np.array([1, 2, 3]), "rzn", "zrn", axis=0).tolist()
    [2, 1, 3]
    """
    blocks = np.split(a, len(source), axis)
    return np.concatenate([blocks[source.index(gate)] for gate in target], axis)


@dataclass(frozen=True)
class RecurrentWeights:
    """The weights of one recurrent layer in one direction, in our layout, which is Keras's.

    Parameters
    ----------
    cell : {"lstm", "gru", "rnn"}
    kernel : (I, GH) array
        Gates i f g o (LSTM) or z r n (GRU); of an RNN G is 1.
    recurrent_kernel : (H, GH) array
    bias : (GH,) array, or (2, 3H) for a GRU with ``reset_after``; or None
    reset_after : bool
        Of a GRU.
    activation : str
        What the weights were trained with: "tanh", and of an RNN "relu" too.

    Examples
    --------
    >>> weights = fusedrnn.convert.RecurrentWeights("lstm", np.ones((3, 16)), np.ones((4, 16)))
    >>> [array.shape for array in weights.to_torch()]
    [(16, 3), (16, 4)]
    """

    cell: str
    kernel: Array
    recurrent_kernel: Array
    bias: Array | None = None
    reset_after: bool = True
    activation: str = "tanh"

    @classmethod
    def from_torch(
        cls,
        weight_ih: Array,
        weight_hh: Array,
        bias_ih: Array | None = None,
        bias_hh: Array | None = None,
        *,
        activation: str = "tanh",
    ) -> RecurrentWeights:
        """Take PyTorch's arrays: (GH, I), (GH, H), gates i f g o or r z n, two biases (GH,).

        Raises
        ------
        ValueError
            If GH is neither 4H, 3H nor H.
        """
        gates, rest = divmod(len(weight_hh), weight_hh.shape[1])
        cell = next((c for c in CELLS.values() if c.gates == gates), None)
        if rest or cell is None:
            shapes = " or ".join(f"({c.gates}H, H)" for c in CELLS.values()).replace("1H", "H")
            raise ValueError(
                f"from_torch: weight_hh has shape {weight_hh.shape}, expected {shapes}"
            )
        arrays = [
            permute_gates(a, TORCH_ORDER[cell.name], cell.gate_order, 0)
            for a in (weight_ih, weight_hh, bias_ih, bias_hh)
            if a is not None
        ]
        kernel, recurrent_kernel = (np.ascontiguousarray(a.T) for a in arrays[:2])
        bias = None
        if len(arrays) > 2:  # one for each product
            bias = np.stack(arrays[2:]) if cell.biases == 2 else arrays[2] + arrays[3]
        return cls(cell.name, kernel, recurrent_kernel, bias, activation=activation)

    def to_torch(self) -> list[Array]:
        """Return PyTorch's weight_ih, weight_hh and, with a bias, bias_ih, bias_hh.

        The one bias of an LSTM or RNN becomes bias_ih, and bias_hh is zero.

        Raises
        ------
        ValueError
            For a GRU with ``reset_after=False``, which PyTorch does not have.
        """
        if not self.reset_after:
            raise ValueError("to_torch: PyTorch has no GRU with reset_after=False")
        arrays = [self.kernel.T, self.recurrent_kernel.T, *self._two_biases()]
        return [np.ascontiguousarray(a) for a in self._reordered(arrays, TORCH_ORDER)]

    def to_onnx(self) -> tuple[Array, Array, Array | None]:
        """Return one direction of ONNX's W (GH, I), R (GH, H) and B (2GH,); gates i o f c or z r h.

        A GRU's operator needs ``linear_before_reset=1`` with `reset_after`, 0 without.
        """
        arrays = [self.kernel.T, self.recurrent_kernel.T, *self._two_biases()]
        W, R, *biases = self._reordered(arrays, ONNX_ORDER)
        B = np.concatenate(biases) if biases else None
        return np.ascontiguousarray(W), np.ascontiguousarray(R), B

    def _two_biases(self) -> list[Array]:
        """Return the biases of the two products, zeros where ours is one for both; or nothing."""
        if self.bias is None:
            return []
        return list(self.bias) if self.bias.ndim == 2 else [self.bias, np.zeros_like(self.bias)]

    def _reordered(self, arrays: list[Array], orders: dict[str, str]) -> list[Array]:
        own = CELLS[self.cell].gate_order
        return [permute_gates(a, own, orders[self.cell], 0) for a in arrays]


@dataclass(frozen=True)
class DenseWeights:
    """The weights of a dense layer.

    Parameters
    ----------
    kernel : (I, O) array
    bias : (O,) array or None

    Examples
    --------
    >>> fusedrnn.convert.DenseWeights(np.ones((3, 2)), np.zeros(2)).to_torch()[0].shape
    (2, 3)
    """

    kernel: Array
    bias: Array | None = None

    def to_torch(self) -> list[Array]:
        """Return PyTorch's weight (O, I) and, if there is one, bias."""
        return [np.ascontiguousarray(self.kernel.T)] + ([] if self.bias is None else [self.bias])


Weights = RecurrentWeights | DenseWeights


def weights_of(source: Any) -> list[Weights]:
    """Return the weights of a layer, module, model or list of them, by layer and direction.

    Parameters
    ----------
    source : layer, module, model, or a list of them
        As of :func:`copy_weights`.

    Returns
    -------
    list of RecurrentWeights and DenseWeights

    Raises
    ------
    ValueError, TypeError
        As :func:`copy_weights`.

    Examples
    --------
    >>> layer = fusedrnn.layers.LSTM(8)
    >>> y = layer(np.zeros((1, 10, 3)))
    >>> [(each.cell, each.kernel.shape) for each in fusedrnn.convert.weights_of(layer)]
    [('lstm', (3, 32))]
    """
    return [place.read() for place in _places(source)]


def copy_weights(source: Any, target: Any) -> None:
    """Copy the weights of ``source`` into ``target``; either may be ours, Keras's or PyTorch's.

    Parameters
    ----------
    source, target : layer, module, model, or a list of them
        With LSTM, GRU, SimpleRNN (PyTorch's RNN), Bidirectional around them, and Dense or
        ``torch.nn.Linear``; what has no weights is passed over. The layers of a PyTorch module are
        taken in the order in which they were made. A PyTorch layer with ``num_layers=2`` stands for
        two layers, a bidirectional one for Bidirectional. Keras's layers and ours must be built.

    Raises
    ------
    ValueError
        If the two have not the same cells, activations and shapes, or something has no equivalent:
        ``proj_size``, other activations, ``reset_after=False`` in PyTorch. Or if ``target`` cannot
        hold them: it shares weights that are to differ, or PyTorch computes them (``weight_norm``,
        pruning). Nothing is changed then.
    TypeError
        If there is a layer that this module does not know.

    Examples
    --------
    >>> source, target = (fusedrnn.Sequential([fusedrnn.layers.LSTM(4)]) for _ in range(2))
    >>> x = np.random.rand(2, 5, 3)
    >>> y = source.predict(x, verbose=0)
    >>> target.build((None, 5, 3))
    >>> fusedrnn.convert.copy_weights(source, target)
    >>> bool((target.predict(x, verbose=0) == y).all())
    True
    """
    given, places = weights_of(source), _places(target)
    if len(given) != len(places):
        raise ValueError(
            f"copy_weights: source has {len(given)} sets of weights, target takes {len(places)}; "
            "each layer in each direction is one"
        )
    ready = [place.fitted(weights) for place, weights in zip(places, given, strict=True)]
    written: dict[int, Array] = {}
    for place, arrays in zip(places, ready, strict=True):
        for variable, array in zip(place.variables, arrays, strict=True):
            if not np.array_equal(array, written.setdefault(id(variable), array), equal_nan=True):
                raise ValueError(
                    f"copy_weights: {place.name} of target shares weights with a layer before it, "
                    "those of source differ"
                )
    for place, arrays in zip(places, ready, strict=True):
        place.write(arrays)


# Where the weights of one layer in one direction are ----------------------------------------------


@dataclass(frozen=True)
class _Place:
    name: str
    variables: list[Any]  # what holds the weights; two places may share it
    read: Callable[[], Weights]
    arrays: Callable[[Weights], list[Array]]  # for each of the variables
    write: Callable[[list[Array]], None]
    computed: bool = False  # the weights, from others: what is written to them is lost

    def fitted(self, weights: Weights) -> list[Array]:
        """Return the arrays that this place takes, with a bias where it has one; or raise."""
        if self.computed:
            raise ValueError(
                f"copy_weights: {self.name} computes its weights from others, as weight_norm and "
                "pruning have it: there is nothing to write to"
            )
        own = self.read()
        for what, a, b in [
            ("cell", _cell(weights), _cell(own)),
            ("kernel of shape", weights.kernel.shape, own.kernel.shape),
        ]:
            if a != b:
                raise ValueError(f"copy_weights: source has the {what} {a}, {self.name} {b}")
        if weights.bias is None and own.bias is not None:
            weights = replace(weights, bias=np.zeros_like(own.bias))
        if weights.bias is not None and own.bias is None and weights.bias.any():
            raise ValueError(f"copy_weights: source has a bias, {self.name} has none")
        return self.arrays(weights if own.bias is not None else replace(weights, bias=None))


def _cell(weights: Weights) -> str:
    if isinstance(weights, DenseWeights):
        return "dense"
    form = "" if weights.reset_after else " with reset_after=False"
    function = "" if weights.activation == "tanh" else f" with activation={weights.activation!r}"
    return weights.cell + form + function


def _places(layer: Any) -> list[_Place]:
    if isinstance(layer, list | tuple):
        return [place for part in layer for place in _places(part)]
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(layer, torch.nn.Module) and not _is_keras(layer):
        return _torch_places(layer, torch)
    if _is_keras(layer) or isinstance(layer, layers.Layer):
        return _keras_places(layer)
    raise TypeError(
        f"convert: {type(layer).__name__} is no layer, module or model, or list of them"
    )


def _is_keras(layer: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(layer, keras.layers.Layer)


def _keras_places(layer: Any) -> list[_Place]:
    """Find the weights in Keras's layers and in ours, which have the same names."""
    kind = type(layer).__name__
    if kind == "Bidirectional":
        return _keras_places(layer.forward_layer) + _keras_places(layer.backward_layer)
    if hasattr(layer, "layers"):
        inner = [place for part in layer.layers for place in _keras_places(part)]
        if inner:
            return inner
    if not layer.built:
        raise ValueError(f"convert: {layer.name} is not built: it has no weights yet")
    if kind == "Dense":
        return [_keras_place(layer, lambda: DenseWeights(*_numpy(layer)))]
    if kind not in BY_LAYER:
        if not layer.weights:
            return []
        raise TypeError(f"convert: {layer.name} is {an(kind)}, which has no equivalent")
    given = layer.activation, getattr(layer, "recurrent_activation", None)
    activation, *gates = (f.__name__ for f in given if f is not None)
    known = EVERYWHERE[BY_LAYER[kind].name]
    if activation not in known or gates not in ([], ["sigmoid"]):
        allowed = " and ".join([*known, *["sigmoid"] * len(gates)])
        raise ValueError(
            f"convert: {layer.name} has the activations {(activation, *gates)}; only {allowed} "
            "have an equivalent everywhere"
        )
    reset_after = getattr(layer, "reset_after", True)

    def read() -> Weights:
        kernel, recurrent_kernel, *bias = _numpy(layer)
        return RecurrentWeights(
            cell=BY_LAYER[kind].name,
            kernel=kernel,
            recurrent_kernel=recurrent_kernel,
            bias=bias[0] if bias else None,
            reset_after=reset_after,
            activation=activation,
        )

    return [_keras_place(layer, read)]


def _numpy(layer: Any) -> list[Array]:
    return [np.array(w) for w in layer.get_weights()]


def _keras_place(layer: Any, read: Callable[[], Weights]) -> _Place:
    def arrays(w: Weights) -> list[Array]:
        matrices = [w.kernel] if isinstance(w, DenseWeights) else [w.kernel, w.recurrent_kernel]
        return matrices if w.bias is None else [*matrices, w.bias]

    return _Place(
        name=layer.name, variables=layer.weights, read=read, arrays=arrays,
        write=layer.set_weights,
    )  # fmt: skip


def _torch_places(module: Any, torch: Any) -> list[_Place]:
    kind = type(module).__name__
    if isinstance(module, torch.nn.Linear):
        return [_torch_place(kind, module, [module.weight, module.bias], _dense_from_torch)]
    if isinstance(module, _torch_classes(torch)):
        if module.proj_size:
            raise ValueError("convert: a torch.nn.LSTM with proj_size has no equivalent")
        make = partial(RecurrentWeights.from_torch, activation=_torch_activation(module))
        sets = enumerate(module.all_weights)
        return [_torch_place(f"{kind}, set {k}", module, w, make) for k, w in sets]
    if isinstance(module, _torch_classes(torch, "Cell")):
        names = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        make = partial(RecurrentWeights.from_torch, activation=_torch_activation(module))
        w = [getattr(module, name) for name in names]
        return [_torch_place(kind, module, w, make)]
    if next(module.parameters(recurse=False), None) is not None:
        raise TypeError(f"convert: a torch module {kind} has no equivalent")
    return [place for child in module.children() for place in _torch_places(child, torch)]


def _torch_activation(module: Any) -> str:
    """Return what an RNN runs, which asks its `mode`, or an RNNCell; of the others it is tanh."""
    mode = getattr(module, "mode", "")
    if mode.startswith("RNN_"):
        return str(mode.removeprefix("RNN_").lower())
    return getattr(module, "nonlinearity", "tanh")


def _torch_classes(torch: Any, suffix: str = "") -> tuple[Any, ...]:
    return tuple(getattr(torch.nn, name.upper() + suffix) for name in CELLS)


def _torch_place(
    name: str, module: Any, tensors: list[Any], make: Callable[..., Weights]
) -> _Place:
    tensors = [t for t in tensors if t is not None]
    own = {id(t) for t in (*module.parameters(recurse=False), *module.buffers(recurse=False))}

    def read() -> Weights:
        return make(*(t.detach().cpu().numpy() for t in tensors))

    def write(arrays: list[Array]) -> None:
        for tensor, array in zip(tensors, arrays, strict=True):
            tensor.detach().copy_(tensor.new_tensor(array))  # a new version, which `.data` is not

    return _Place(
        name=name, variables=tensors, read=read, arrays=lambda w: w.to_torch(), write=write,
        computed=any(id(t) not in own for t in tensors),
    )  # fmt: skip


def _dense_from_torch(weight: Array, bias: Array | None = None) -> Weights:
    return DenseWeights(np.ascontiguousarray(weight.T), bias)
