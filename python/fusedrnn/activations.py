"""Activation functions and their derivatives, elementwise on arrays except ``softmax``.

An activation is called like a function; ``gradient(dy, x, y)`` takes the gradient with respect to
its output ``y = activation(x)`` to that with respect to its input ``x``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import missing
from ._types import Array
from .autodiff import Tracked, differentiate
from .configurable import lookup

__all__ = [
    "Activation", "celu", "elu", "exponential", "gelu", "get", "glu", "hard_shrink",
    "hard_sigmoid", "hard_sigmoid_keras2", "hard_silu", "hard_swish", "hard_tanh", "leaky_relu",
    "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid",
    "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink", "threshold",
]  # fmt: skip


class Activation:
    """A differentiable function of an array: ``activation(x)``, of the shape of x.

    Parameters
    ----------
    name : str
        Keras's name of the function.
    function : callable
        ``y = function(x)``; what else Keras's takes, it may take too.
    gradient : callable
        ``dx = gradient(dy, x, y)``, and the same.

    Examples
    --------
    >>> cube = fusedrnn.activations.Activation(
    ...     "cube", lambda x: x**3, lambda dy, x, y: 3 * dy * x**2
    ... )
    >>> fusedrnn.layers.Activation(cube)(np.array([[2.0]])).tolist()
    [[8.0]]
    >>> fusedrnn.activations.relu(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Array],
        gradient: Callable[..., Array],
    ) -> None:
        self.__name__, self.function, self.gradient = name, function, gradient
        self.layer: Any = None  # that it is, if it is one

    def __call__(self, x: Any, *args: Any, **options: Any) -> Any:
        """Return the function's values at ``x``, an array or what stands for one in a tape."""
        if not isinstance(x, Tracked):
            return self.function(np.asarray(x), *args, **options)
        y = self.function(x.value, *args, **options)
        return Tracked(y, [(x, lambda dy: self.gradient(dy, x.value, y, *args, **options))])

    def __reduce__(self) -> Any:
        return (get, (self.__name__,)) if self.__name__ in TABLE else super().__reduce__()

    def __repr__(self) -> str:
        return f"<activation {self.__name__}>"


def _sigmoid(x: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * x))


def _relu(
    x: Array, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Array:
    if not (negative_slope or threshold):
        return np.maximum(x, 0) if max_value is None else np.clip(x, 0, max_value)
    above = x if max_value is None else np.clip(x, 0, max_value)
    below = negative_slope * (x - threshold) if negative_slope else 0
    return np.where(x > threshold, above, below)


def _relu_gradient(
    dy: Array,
    x: Array,
    y: Array,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Array:
    if not (negative_slope or threshold or max_value is not None):
        return dy * ~(y <= 0)
    above = True if max_value is None else (x > 0) & (x < max_value)
    return dy * np.where(x > threshold, above, negative_slope).astype(dy.dtype)


def _elu(x: Array, alpha: float = 1.0) -> Array:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _softmax(x: Array, axis: Any = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _softmax_gradient(dy: Array, x: Array, y: Array, axis: Any = -1) -> Array:
    return y * (dy - (dy * y).sum(axis=axis, keepdims=True))


def _softplus(x: Array) -> Array:
    return np.logaddexp(x, x.dtype.type(0))


def _normal_cdf(x: Array) -> Array:
    return np.vectorize(lambda v: 0.5 * math.erfc(-v / math.sqrt(2)), otypes=[x.dtype])(x)


def _normal_pdf(x: Array) -> Array:
    return np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


_GELU = math.sqrt(2 / math.pi)


def _gelu(x: Array, approximate: bool = False) -> Array:
    if not approximate:
        return x * _normal_cdf(x)
    return 0.5 * x * (1 + np.tanh(_GELU * (x + 0.044715 * x**3)))


def _gelu_gradient(dy: Array, x: Array, y: Array, approximate: bool = False) -> Array:
    if not approximate:
        return dy * (_normal_cdf(x) + x * _normal_pdf(x))
    t = np.tanh(_GELU * (x + 0.044715 * x**3))
    return dy * 0.5 * (1 + t + x * (1 - t * t) * _GELU * (1 + 3 * 0.044715 * x * x))


def _mish_gradient(dy: Array, x: Array, y: Array) -> Array:
    t = np.tanh(_softplus(x))
    return dy * (t + x * _sigmoid(x) * (1 - t * t))


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

LAYERS: dict[str, Any] = {}  # by name, for activations that are layers; ``layers`` fills it


def _own(function: Callable[..., Any], name: str = "") -> Activation:
    """Return a function that is written with NumPy, as those of users are, with its derivative."""
    name = name or getattr(function, "__name__", repr(function))

    def gradient(dy: Array, x: Array, y: Array, *args: Any, **options: Any) -> Array:
        tracked = Tracked(x)
        value = differentiate(
            lambda z: function(z, *args, **options), f"activation {name}", tracked
        )
        return value.gradient(tracked, dy)

    return Activation(name, function, gradient)


def _of_layer(layer: Any) -> Activation:
    """Return a layer without weights, ``LeakyReLU(0.1)``, as an activation."""

    def run(x: Array, training: bool) -> Array:
        if not layer.built:
            layer.build((None, *x.shape[1:]))
        if layer.weights:
            raise NotImplementedError(
                f"activation {layer.name}: a layer with weights; put it after the layer"
            )
        return layer.forward(x, training, None)

    def gradient(dy: Array, x: Array, y: Array) -> Array:
        run(x, True)
        return layer.backward(dy, True)

    made = Activation(layer.name, lambda x: run(x, False), gradient)
    made.layer = layer
    return made


def _log_softmax(x: Any, axis: Any = -1) -> Any:
    x = x - np.max(x, axis=axis, keepdims=True)
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


def _glu(x: Any, axis: int = -1) -> Any:
    value, gate = np.split(x, 2, axis)
    return value * sigmoid(gate)


def _sparsemax_parts(x: Array, axis: int) -> tuple[Array, Array, Array]:
    """Return the sums of the largest values, how many they are, and the ranks from 1.

    As Keras 3.15, whose threshold has the sum of all these sums, where that of the paper (Martins
    and Astudillo, 2016) has the last: only with one value above it do both give the same.
    """
    z = np.flip(np.sort(x, axis), axis)
    shape = [-1 if k == axis % x.ndim else 1 for k in range(x.ndim)]
    rank = np.arange(1, x.shape[axis] + 1, dtype=x.dtype).reshape(shape)
    sums = np.cumsum(z, axis)
    above = z - (sums - 1) / rank > 0
    return np.where(above, sums, 0), above.sum(axis, keepdims=True).astype(x.dtype), rank


def _sparsemax(x: Array, axis: int = -1) -> Array:
    sums, size, _ = _sparsemax_parts(x, axis)
    return np.maximum(x - (sums.sum(axis, keepdims=True) - 1) / size, 0)


def _sparsemax_gradient(dy: Array, x: Array, y: Array, axis: int = -1) -> Array:
    _, size, rank = _sparsemax_parts(x, axis)
    g = dy * (y > 0)
    share = np.broadcast_to(np.maximum(size - rank + 1, 0) / size, x.shape)
    order = np.flip(np.argsort(x, axis), axis)
    back = np.empty_like(x)
    np.put_along_axis(back, order, share, axis)
    return g - back * g.sum(axis, keepdims=True)


linear = Activation("linear", lambda x: x, lambda dy, x, y: dy)
relu = Activation("relu", _relu, _relu_gradient)
relu6 = Activation("relu6", lambda x: np.clip(x, 0, 6), lambda dy, x, y: dy * ((y > 0) & (y < 6)))
leaky_relu = Activation(
    "leaky_relu",
    lambda x, negative_slope=0.2: np.where(x > 0, x, negative_slope * x),
    lambda dy, x, y, negative_slope=0.2: dy * np.where(x > 0, 1, negative_slope).astype(dy.dtype),
)
tanh = Activation("tanh", np.tanh, lambda dy, x, y: dy * (1 - y * y))
sigmoid = Activation("sigmoid", _sigmoid, lambda dy, x, y: dy * (y * (1 - y)))
hard_sigmoid = Activation(
    "hard_sigmoid",
    lambda x: np.clip(x / 6 + 0.5, 0, 1),
    lambda dy, x, y: dy * ((y > 0) & (y < 1)) / 6,
)
# The hard sigmoid of Keras 1 and 2, that old files mean by "hard_sigmoid"; ONNX has it too.
hard_sigmoid_keras2 = Activation(
    "hard_sigmoid_keras2",
    lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    lambda dy, x, y: 0.2 * dy * ((y > 0) & (y < 1)),
)
softmax = Activation("softmax", _softmax, _softmax_gradient)
softplus = Activation("softplus", _softplus, lambda dy, x, y: -dy * np.expm1(-y))
softsign = Activation(
    "softsign", lambda x: x / (1 + np.abs(x)), lambda dy, x, y: dy * (1 - np.abs(y)) ** 2
)
exponential = Activation("exponential", np.exp, lambda dy, x, y: dy * y)
elu = Activation(
    "elu",
    _elu,
    lambda dy, x, y, alpha=1.0: dy * np.where(x > 0, 1, y + alpha),
)
selu = Activation(
    "selu",
    lambda x: _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    lambda dy, x, y: (
        dy * np.where(y > 0, dy.dtype.type(_SELU_SCALE), y + _SELU_SCALE * _SELU_ALPHA)
    ),
)
silu = Activation(
    "silu", lambda x: x * _sigmoid(x), lambda dy, x, y: dy * (_sigmoid(x) + y * (1 - _sigmoid(x)))
)
gelu = Activation("gelu", _gelu, _gelu_gradient)
mish = Activation("mish", lambda x: x * np.tanh(_softplus(x)), _mish_gradient)
swish = silu
celu = _own(
    lambda x, alpha=1.0: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha), "celu"
)
glu = _own(_glu, "glu")
hard_shrink = _own(
    lambda x, threshold=0.5: np.where(np.absolute(x) > threshold, x, 0), "hard_shrink"
)
hard_silu = _own(lambda x: x * hard_sigmoid(x), "hard_silu")
hard_swish = hard_silu
hard_tanh = _own(lambda x: np.clip(x, -1, 1), "hard_tanh")
log_sigmoid = _own(lambda x: -softplus(-x), "log_sigmoid")
log_softmax = _own(_log_softmax, "log_softmax")
soft_shrink = _own(
    lambda x, threshold=0.5: np.sign(x) * np.maximum(np.absolute(x) - threshold, 0), "soft_shrink"
)
sparse_plus = _own(lambda x: np.where(x < 1, np.square(np.maximum(x + 1, 0)) / 4, x), "sparse_plus")
sparse_sigmoid = _own(lambda x: np.clip((x + 1) / 2, 0, 1), "sparse_sigmoid")
sparsemax = Activation("sparsemax", _sparsemax, _sparsemax_gradient)
squareplus = _own(lambda x, b=4: (x + np.sqrt(np.square(x) + b)) / 2, "squareplus")
tanh_shrink = _own(lambda x: x - np.tanh(x), "tanh_shrink")
threshold = _own(
    lambda x, threshold, default_value: np.where(x > threshold, x, default_value), "threshold"
)

TABLE: dict[str, Activation] = {
    a.__name__: a
    for a in (
        linear,
        relu,
        relu6,
        leaky_relu,
        tanh,
        sigmoid,
        hard_sigmoid,
        hard_sigmoid_keras2,
        softmax,
        softplus,
        softsign,
        exponential,
        elu,
        selu,
        silu,
        gelu,
        mish,
        celu,
        glu,
        hard_shrink,
        hard_silu,
        hard_tanh,
        log_sigmoid,
        log_softmax,
        soft_shrink,
        sparse_plus,
        sparse_sigmoid,
        sparsemax,
        squareplus,
        tanh_shrink,
        threshold,
    )
} | {"swish": silu, "hard_swish": hard_silu}


def get(identifier: Any) -> Activation:
    """Return the activation that a name, a function or an object stands for; None is ``linear``.

    Parameters
    ----------
    identifier : str, dict, Activation, Layer, callable or None
        A function is written with NumPy, and differentiated by ``autodiff``.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no activation.

    Examples
    --------
    >>> fusedrnn.activations.get("tanh")
    <activation tanh>
    """
    if isinstance(identifier, dict) and identifier.get("module") == "keras.layers":
        identifier = lookup("activation", identifier, LAYERS)
    found = lookup("activation", "linear" if identifier is None else identifier, TABLE)
    if hasattr(found, "forward") and hasattr(found, "compute_mask"):
        return _of_layer(found)
    if callable(found) and not isinstance(found, Activation):
        return _own(found)
    if not isinstance(found, Activation):
        raise TypeError(
            f"activation: {found!r} has no derivative here; give a name out of "
            f"{', '.join(TABLE)}, or a fusedrnn.activations.Activation with one"
        )
    return found


missing.answer(__name__)
