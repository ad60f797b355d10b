"""``K``, as old scripts call it: the global state of the model API, and functions on arrays.

Only names are here, many of them those of Python's own functions; ``_state`` and ``ops`` have what
they stand for.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

# isort: off
# fmt: off
from . import legacy, missing
from ._state import (
    auto_name as auto_name, clear_session as clear_session, epsilon as epsilon, floatx as floatx,
    random_generator as random_generator, seed_generator as seed_generator,
    set_floatx as set_floatx, snake_case as snake_case,
)
from ._tensor import Number as Number, Tensor as Tensor, tensor as tensor
from .ops import (
    abs as abs, all as all, any as any, arange as arange, argmax as argmax, argmin as argmin,
    cast as cast, clip as clip, cos as cos, cumsum as cumsum, dot as dot, elu as elu,
    equal as equal, exp as exp, eye as eye, greater as greater,
    greater_equal as greater_equal, less as less, less_equal as less_equal, log as log, max as max,
    maximum as maximum, mean as mean, min as min, minimum as minimum, ndim as ndim,
    not_equal as not_equal, ones as ones, ones_like as ones_like, prod as prod, relu as relu,
    reshape as reshape, round as round, shape as shape, sigmoid as sigmoid, sign as sign,
    sin as sin, softmax as softmax, softplus as softplus, sqrt as sqrt, square as square,
    squeeze as squeeze, stack as stack, std as std, stop_gradient as stop_gradient, sum as sum,
    tanh as tanh, tile as tile, transpose as transpose, var as var, zeros as zeros,
    zeros_like as zeros_like,
)
# fmt: on
# isort: on


legacy.alias_modules(__name__)


def backend() -> str:
    """Return the name of the backend; arrays are NumPy's."""
    return "numpy"


def image_data_format() -> str:
    """Return where images have their channels, as Keras by default."""
    return "channels_last"


pow, switch, int_shape, permute_dimensions = np.power, np.where, shape, np.transpose
gather, repeat_elements = np.take, np.repeat


def expand_dims(x: Any, axis: int = -1) -> Any:
    """Return an array with one more axis."""
    return np.expand_dims(x, axis)


def concatenate(tensors: Any, axis: int = -1) -> Any:
    """Return arrays one after the other along an axis."""
    return np.concatenate(tensors, axis)


def batch_flatten(x: Any) -> Any:
    """Return each row as a vector."""
    return np.reshape(x, (x.shape[0], -1))


def repeat(x: Any, n: int) -> Any:
    """Return each vector ``n`` times: (N, I) to (N, n, I)."""
    return np.repeat(expand_dims(x, 1), n, 1)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """Return vectors of length 1."""
    return x / np.sqrt(np.maximum(np.sum(np.square(x), axis=axis, keepdims=True), 1e-12))


def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """Return for each row the sum of products over an axis of ``x`` and one of ``y``."""
    ranks = len(x.shape), len(y.shape)
    if axes is None:
        axes = ranks[0] - 1, builtins.max(ranks[1] - 2, 1)
    a, b = (axes, axes) if isinstance(axes, int) else axes
    letters = iter("abcdefghij")
    first = [next(letters) for _ in range(ranks[0] - 1)]
    second = [next(letters) for _ in range(ranks[1] - 1)]
    a, b = a % ranks[0] - 1, b % ranks[1] - 1
    second[b] = first[a]
    out = "".join([c for c in first + second if c != first[a]])
    z = np.einsum(f"n{''.join(first)},n{''.join(second)}->n{out}", x, y)
    return z if out else np.expand_dims(z, 1)


def get_value(x: Any) -> Any:
    """Return the value of a variable, as old scripts ask for it."""
    return np.asarray(x)[()]


def set_value(x: Any, value: Any) -> None:
    """Set a variable or an optimizer's learning rate."""
    x.assign(value)


missing.answer(__name__)
