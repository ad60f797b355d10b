"""``K``, as old scripts call it: the global state of the model API, and functions on arrays.

Only names are here, many of them those of Python's own functions; ``_state`` and ``ops`` have what
they stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# isort: off
# fmt: off
from . import activations as _activations, legacy, missing, random as _random
from ._state import (
    auto_name as auto_name, clear_session as clear_session, epsilon as epsilon, floatx as floatx,
    random_generator as random_generator, seed_generator as seed_generator,
    set_floatx as set_floatx, snake_case as snake_case,
)
from ._tensor import Number as Number, Tensor as Tensor, tensor as tensor
from .graph import KerasTensor as _KerasTensor
from .models import Model as _Model
from .ops import (
    abs as abs, binary_crossentropy as binary_crossentropy, cast as cast,
    categorical_crossentropy as categorical_crossentropy, cos as cos, dot as dot, dtype as dtype,
    elu as elu, equal as equal, exp as exp, greater as greater, greater_equal as greater_equal,
    less as less, less_equal as less_equal, log as log, logsumexp as logsumexp,
    maximum as maximum, minimum as minimum, ndim as ndim, not_equal as not_equal,
    ones_like as ones_like, reshape as reshape, round as round, shape as shape,
    sigmoid as sigmoid, sign as sign, sin as sin, softmax as softmax, softplus as softplus,
    softsign as softsign, sparse_categorical_crossentropy as sparse_categorical_crossentropy,
    square as square, squeeze as squeeze, stack as stack,
    stop_gradient as stop_gradient, tanh as tanh, tile as tile, transpose as transpose,
    zeros_like as zeros_like,
)
from .tf.functions import (
    bias_add as bias_add, eye as eye, foldl as foldl, map_fn as map_fn,
    name_scope as name_scope, one_hot as _one_hot, ones as ones, zeros as zeros,
)
from .tf.setup import get_session as get_session, set_session as set_session
from .tf.types import Variable as _Variable, constant as _constant
# fmt: on
# isort: on

__all__ = [
    "abs", "all", "any", "arange", "argmax", "argmin", "backend", "batch_dot", "batch_flatten",
    "batch_get_value", "batch_set_value", "bias_add", "binary_crossentropy", "cast",
    "cast_to_floatx", "categorical_crossentropy", "clear_session", "clip", "concatenate",
    "constant", "cos", "count_params", "cumprod", "cumsum", "dot", "dropout", "dtype", "elu",
    "epsilon", "equal", "eval", "exp", "expand_dims", "eye", "flatten", "floatx", "foldl",
    "function", "gather", "get_session", "get_value", "greater", "greater_equal",
    "hard_sigmoid", "image_data_format", "in_top_k", "int_shape", "is_keras_tensor",
    "l2_normalize", "learning_phase", "less", "less_equal", "log", "map_fn", "max", "maximum",
    "mean", "min", "minimum", "moving_average_update", "name_scope", "ndim", "not_equal",
    "one_hot", "ones", "ones_like", "permute_dimensions", "pow", "prod", "random_bernoulli",
    "random_normal", "random_uniform", "relu", "repeat", "repeat_elements", "reshape",
    "reverse", "rnn", "round", "set_floatx", "set_learning_phase", "set_session", "set_value",
    "shape", "sigmoid", "sign", "sin", "softmax", "softplus", "softsign",
    "sparse_categorical_crossentropy", "sqrt", "square", "squeeze", "stack", "std",
    "stop_gradient", "sum", "switch", "tanh", "temporal_padding", "tile", "transpose",
    "truncated_normal", "update", "update_add", "update_sub", "var", "variable", "zeros",
    "zeros_like",
]  # fmt: skip


legacy.alias_modules(__name__)


def backend() -> str:
    """Return the name of the backend; arrays are NumPy's."""
    return "numpy"


def image_data_format() -> str:
    """Return where images have their channels, as Keras by default."""
    return "channels_last"


int_shape = shape


def pow(x: Any, a: Any) -> Any:
    """Return x to the power a."""
    return np.power(x, a)


def permute_dimensions(x: Any, pattern: Any) -> Any:
    """Return x with its axes in the order of the pattern."""
    return np.transpose(x, pattern)


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Return x with each element along an axis repeated."""
    return np.repeat(x, rep, axis)


def _along(function: Callable[..., Any], first: int | None = None) -> Callable[..., Any]:
    """Return a function of NumPy with the arguments that Keras's has, in its order."""

    def along(x: Any, axis: Any = first, keepdims: bool = False) -> Any:
        kept = {"keepdims": True} if keepdims else {}
        y = function(x, axis=tuple(axis) if isinstance(axis, list) else axis, **kept)
        return tensor(y) if isinstance(y, (np.ndarray, np.generic)) else y

    along.__name__, along.__doc__ = function.__name__, f"Return ``numpy.{function.__name__}``."
    return along


all, any, max, mean, min = _along(np.all), _along(np.any), _along(np.max), _along(np.mean), _along(
    np.min
)  # fmt: skip
prod, std, sum, var = _along(np.prod), _along(np.std), _along(np.sum), _along(np.var)
argmax, argmin = _along(np.argmax, -1), _along(np.argmin, -1)
cumsum, cumprod = _along(np.cumsum, 0), _along(np.cumprod, 0)


def arange(start: int, stop: int | None = None, step: int = 1, dtype: Any = "int32") -> Any:
    """Return numbers as Python's ``range``."""
    first, last = (0, start) if stop is None else (start, stop)
    return np.arange(first, last, step, dtype=np.dtype(dtype))


def clip(x: Any, min_value: Any = None, max_value: Any = None) -> Any:
    """Return the values, none below or above a limit."""
    return np.clip(x, min_value, max_value)


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """Return x where it is above the threshold, else a little of it."""
    if isinstance(x, _KerasTensor):
        x = np.maximum(x, 0) - alpha * np.maximum(-x, 0)
        return x if max_value is None else np.minimum(x, max_value)
    return _activations.relu(getattr(x, "now", x), alpha, max_value, threshold)


def sqrt(x: Any) -> Any:
    """Return the square root; 0 for what is below 0, as Keras's backend has it."""
    y = np.sqrt(np.maximum(x, 0))
    return tensor(y) if isinstance(y, (np.ndarray, np.generic)) else y


def hard_sigmoid(x: Any) -> Any:
    """Return ``0.2 x + 0.5`` between 0 and 1, as Keras 1 and 2 have it."""
    return np.clip(0.2 * x + 0.5, 0, 1)


def gather(reference: Any, indices: Any) -> Any:
    """Return the parts of the first axis by number."""
    return np.take(reference, np.asarray(stop_gradient(indices)).astype(np.intp), 0)


def one_hot(indices: Any, num_classes: int) -> Any:
    """Return 1 at the place of each class number, else 0."""
    return _one_hot(indices, num_classes)


def reverse(x: Any, axes: Any) -> Any:
    """Return the array turned round along axes."""
    return np.flip(x, tuple(axes) if isinstance(axes, list) else axes)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """Return one where a condition holds, else the other; functions for a single condition."""
    if callable(then_expression):
        return (then_expression if condition else else_expression)()
    more = len(np.shape(then_expression)) - len(np.shape(condition))
    if more > 0 and np.ndim(condition):
        condition = np.reshape(condition, (*condition.shape, *[1] * more))
    return np.where(condition, then_expression, else_expression)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: Any = None) -> Any:
    """Return an array of the values, by default in the float type of new models."""
    return _constant(value, dtype or floatx(), shape)


def variable(value: Any, dtype: Any = None, name: Any = None, constraint: Any = None) -> Any:
    """Return a variable, by default in the float type of new models."""
    return _Variable(value, name=name, dtype=dtype or floatx(), constraint=constraint)


def cast_to_floatx(x: Any) -> Any:
    """Return an array in the float type of new models."""
    return cast(x, floatx())


def flatten(x: Any) -> Any:
    """Return all elements in one axis."""
    return np.reshape(x, -1)


def temporal_padding(x: Any, padding: tuple[int, int] = (1, 1)) -> Any:
    """Return sequences with zeros before and after."""
    return np.pad(x, ((0, 0), padding, (0, 0)))


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Return whether each class number is among the ``k`` likeliest of its row."""
    own = np.take_along_axis(predictions, np.asarray(targets)[:, None], -1)
    return np.sum(predictions > own, axis=-1) < k


def dropout(x: Any, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Return the values, a share of them 0 and the others larger."""
    return _random.dropout(x, level, noise_shape, seed)


random_normal, random_uniform = _random.normal, _random.uniform
truncated_normal = _random.truncated_normal


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draw 1 with a probability, else 0."""
    return _random.binomial(shape, 1, p, dtype, seed)


def rnn(
    step_function: Callable[[Any, Any], Any],
    inputs: Any,
    initial_states: Any,
    go_backwards: bool = False,
    mask: Any = None,
    constants: Any = None,
    unroll: bool = False,
    input_length: int | None = None,
    time_major: bool = False,
) -> tuple[Any, Any, list[Any]]:
    """Return the last output, all outputs and the last states of a step that is repeated."""
    if mask is not None or time_major:
        what = "time_major" if mask is None else "mask"
        raise NotImplementedError(f"rnn: {what} is not supported; use layers.RNN over a cell")
    steps, states, outputs = range(inputs.shape[1]), list(initial_states), []
    for t in reversed(steps) if go_backwards else steps:
        output, states = step_function(inputs[:, t], [*states, *(constants or [])])
        outputs.append(output)
    return outputs[-1], np.stack(outputs, axis=1), list(states)


def is_keras_tensor(x: Any) -> bool:
    """Whether something is a tensor without values, in a graph of layers."""
    return isinstance(x, _KerasTensor)


def function(
    inputs: Any, outputs: Any, updates: Any = None, name: str | None = None
) -> Callable[[Any], Any]:
    """Return a function from a list of arrays to a list: the values of tensors of a model."""
    if updates:
        raise NotImplementedError("function: updates are not supported; models train in fit")
    several = isinstance(outputs, (list, tuple))
    given = [x for x in (inputs if isinstance(inputs, (list, tuple)) else [inputs])
             if is_keras_tensor(x)]  # fmt: skip
    model = _Model.functional(given, list(outputs) if several else outputs)

    def run(values: Any) -> Any:
        arrays = [
            np.asarray(v) for v in (values if isinstance(values, (list, tuple)) else [values])
        ]
        y = model.predict_on_batch(arrays[: len(given)] if len(given) > 1 else arrays[0])
        return [y] if several and not isinstance(y, list) else y

    return run


def learning_phase() -> int:
    """Return 0: ``fit`` alone trains."""
    return 0


def set_learning_phase(value: Any) -> None:
    """Accept 0; NotImplementedError for 1, for what trains is said by each call."""
    if value:
        raise NotImplementedError("set_learning_phase(1): call a model or layer with training=True")


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
        axes = ranks[0] - 1, ranks[1] - 2 if ranks[1] > 2 else 1
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


eval, count_params = get_value, np.size


def batch_get_value(tensors: Any) -> list[Any]:
    """Return the values of variables."""
    return [get_value(x) for x in tensors]


def batch_set_value(tuples: Any) -> None:
    """Set pairs of a variable and its value."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """Set a variable, and return it."""
    x.assign(new_x)
    return x


def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable, and return it."""
    return update(x, np.asarray(x) + increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Take from a variable, and return it."""
    return update(x, np.asarray(x) - decrement)


def moving_average_update(x: Any, value: Any, momentum: float) -> Any:
    """Move a variable towards a value, and return it."""
    return update(x, momentum * np.asarray(x) + (1 - momentum) * value)


missing.answer(__name__)
