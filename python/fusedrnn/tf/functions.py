"""TensorFlow's functions of arrays: those of ``tf``, ``tf.math``, ``tf.nn`` and ``tf.linalg``.

What NumPy or ``ops`` has under another name is in tables; ``name=`` does nothing.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import wraps
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .. import ops
from .._state import random_generator
from .._tensor import tensor
from ..graph import KerasTensor, leaves
from .types import FOLLOWED, as_dtype, cast_values, convert_to_tensor, int32, int64, string

# TensorFlow's names of NumPy's and this package's functions
_SAME = (
    "abs ceil cos cosh exp expm1 floor log log1p reciprocal sign sin sinh sqrt square tan tanh "
    "logical_not negative"
)
UNARY: dict[str, Any] = {name: getattr(np, name) for name in _SAME.split()} | {
    "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh,
    "atan": np.arctan, "atanh": np.arctanh, "is_nan": np.isnan, "is_finite": np.isfinite,
    "is_inf": np.isinf, "rint": np.rint, "round": np.rint, "rsqrt": ops.rsqrt,
    "erf": ops.erf, "erfc": ops.erfc, "sigmoid": ops.sigmoid, "softplus": ops.softplus,
    "log_sigmoid": ops.log_sigmoid, "softsign": ops.softsign, "relu": ops.relu, "relu6": ops.relu6,
    "elu": ops.elu, "selu": ops.selu, "silu": ops.silu, "swish": ops.silu,
    "stop_gradient": ops.stop_gradient, "identity": lambda x: x, "real": np.real,
    "zeros_like": np.zeros_like, "ones_like": np.ones_like, "matrix_transpose":
    lambda x: np.swapaxes(x, -1, -2), "trace": lambda x: np.einsum("...ii->...", x),
    "det": np.linalg.det, "inv": np.linalg.inv, "pinv": np.linalg.pinv, "cholesky":
    np.linalg.cholesky, "eigh": np.linalg.eigh, "qr": np.linalg.qr,
    "diag_part": lambda x: np.diagonal(x, axis1=-2, axis2=-1), "ensure_shape": lambda x, shape: x,
    "gelu": lambda x, approximate=False: ops.gelu(x, approximate),
    "leaky_relu": lambda x, alpha=0.2: ops.leaky_relu(x, alpha),
    "softmax": lambda x, axis=-1: ops.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: ops.log_softmax(x, axis),
    "squeeze": lambda x, axis=None: np.squeeze(x, _axes(axis)), "tril": np.tril, "triu": np.triu,
    "fft": np.fft.fft, "ifft": np.fft.ifft,
    "rfft": lambda x, fft_length=None: np.fft.rfft(x, *np.ravel(fft_length or [])),
    "irfft": lambda x, fft_length=None: np.fft.irfft(x, *np.ravel(fft_length or [])),
}  # fmt: skip
_SAME = (
    "add equal greater greater_equal less less_equal logical_and logical_or logical_xor maximum "
    "minimum multiply not_equal subtract divide floor_divide bitwise_and bitwise_or bitwise_xor"
)
BINARY: dict[str, Any] = {name: getattr(np, name) for name in _SAME.split()} | {
    "atan2": np.arctan2, "floordiv": np.floor_divide, "floormod": np.remainder,
    "mod": np.remainder, "pow": np.power, "truediv": np.divide, "div": np.divide,
    "divide_no_nan": ops.divide_no_nan, "div_no_nan": ops.divide_no_nan,
    "squared_difference": lambda x, y: np.square(x - y),
    "multiply_no_nan": lambda x, y: np.where(np.equal(y, 0), 0 * y, x * y),
    "xlogy": lambda x, y: np.where(np.equal(x, 0), 0 * y, x * np.log(y)),
    "xdivy": lambda x, y: np.where(np.equal(x, 0), 0 * y, x / y),
    "matvec": lambda a, b: np.squeeze(a @ np.expand_dims(b, -1), -1),
    "solve": np.linalg.solve, "tensordot": np.tensordot, "outer": np.outer, "cross": np.cross,
}  # fmt: skip
REDUCTIONS: dict[str, Any] = {
    "reduce_all": np.all, "reduce_any": np.any, "reduce_max": np.max, "reduce_mean": np.mean,
    "reduce_min": np.min, "reduce_prod": np.prod, "reduce_std": np.std, "reduce_sum": np.sum,
    "reduce_variance": np.var, "reduce_logsumexp": ops.logsumexp,
    "reduce_euclidean_norm": lambda x, axis=None, keepdims=False: np.sqrt(
        np.sum(np.square(x), axis=axis, keepdims=keepdims)),
    "count_nonzero": lambda x, axis=None, keepdims=False: np.not_equal(x, 0).sum(
        axis=axis, keepdims=keepdims),
    "zero_fraction": lambda x, axis=None, keepdims=False: np.mean(
        np.equal(x, 0), dtype=np.float32),
}  # fmt: skip


def _given(args: Any) -> list[Any]:
    """Return tensors: Python's numbers and lists are of the others' type, if there are any."""
    followed = next(leaves(args, (np.ndarray, np.generic, *FOLLOWED)), None)
    if followed is None:
        found = [convert_to_tensor(x) for x in args]
        mixed = {x.dtype for x in found} == {int32, np.dtype(np.float32)}
        return [x.astype(np.float32) for x in found] if mixed else found
    kind = np.dtype(followed.dtype)

    def given(x: Any) -> Any:
        if not isinstance(x, (list, tuple)) or next(leaves(x, FOLLOWED), None) is not None:
            return convert_to_tensor(x) if isinstance(x, (list, tuple)) else x
        array = np.asarray(x)
        return array.astype(kind) if np.can_cast(array.dtype.kind, kind, "same_kind") else array

    return [given(x) for x in args]


def _axes(axis: Any) -> Any:
    """Return an axis, or several as a tuple."""
    return axis if axis is None or np.ndim(axis) == 0 else tuple(int(k) for k in axis)


def _out(y: Any) -> Any:
    """Return arrays as what the user gets."""
    if isinstance(y, (np.ndarray, np.generic)):
        return tensor(y)
    return type(y)([_out(each) for each in y]) if type(y) in (list, tuple) else y


def _function(name: str, function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """Return TensorFlow's function of one array or two, by position or in order of the keywords."""

    def call(*args: Any, name: str | None = None, **options: Any) -> Any:
        first = ["x", "y"] if "y" in options else list(options)[: max(count - len(args), 0)]
        args = (*args, *(options.pop(key) for key in first if key in options))
        return _out(function(*_given(args[:count]), *args[count:], **options))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Return ``{getattr(function, '__name__', name).replace('<lambda>', name)}``."
    return call


def _reduction(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(
        input_tensor: Any,
        axis: Any = None,
        keepdims: Any = False,
        name: str | None = None,
        keep_dims: Any = None,
        reduction_indices: Any = None,
    ) -> Any:
        (x,) = _given([input_tensor])
        axis = reduction_indices if axis is None else axis
        y = function(x, axis=_axes(axis), keepdims=bool(keep_dims or keepdims))
        whole = getattr(x, "dtype", None) if isinstance(x, np.ndarray) else None
        if whole is not None and whole.kind in "iu" and np.asarray(y).dtype.kind in "iuf":
            y = np.asarray(y).astype(whole)  # as TensorFlow, the mean too
        return _out(y)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Return the result of ``{name}`` over axes."
    return call


globals().update({name: _function(name, f, 1) for name, f in UNARY.items()})
globals().update({name: _function(name, f, 2) for name, f in BINARY.items()})
globals().update({name: _reduction(name, f) for name, f in REDUCTIONS.items()})


F = TypeVar("F", bound=Callable[..., Any])


def _takes_name(function: F) -> F:
    """Let a function take the keyword ``name``, and return what the user gets."""

    @wraps(function)
    def call(*args: Any, name: str | None = None, **options: Any) -> Any:
        return _out(function(*args, **options))

    return call  # type: ignore[return-value]


# Shapes -----------------------------------------------------------------------------------------


def _ints(shape: Any) -> Any:
    """Return sizes as integers; -1 for the one that a tensor without values leaves open."""
    if isinstance(shape, (int, np.integer)):
        return int(shape)
    return tuple(-1 if n is None else int(n) for n in shape)


@_takes_name
def shape(input: Any, out_type: Any = int32) -> Any:
    """Return the shape as an array; of a tensor without values, a tuple with None."""
    sizes = np.shape(input) if not isinstance(input, FOLLOWED) else input.shape
    return tuple(sizes) if None in sizes else np.array(sizes, out_type)


@_takes_name
def size(input: Any, out_type: Any = int32) -> Any:
    """Return the number of elements."""
    return np.array(np.size(input), out_type)


@_takes_name
def rank(input: Any) -> Any:
    """Return the number of axes."""
    return np.array(np.ndim(input), int32)


@_takes_name
def reshape(tensor: Any, shape: Any) -> Any:
    """Return the values in another shape."""
    return np.reshape(_given([tensor])[0], _ints(shape))


@_takes_name
def expand_dims(input: Any, axis: Any = None, dim: Any = None) -> Any:
    """Return an array with one more axis."""
    return np.expand_dims(_given([input])[0], int(dim if axis is None else axis))


@_takes_name
def transpose(a: Any, perm: Any = None, conjugate: Any = False) -> Any:
    """Return the axes in another order, by default the reverse."""
    return np.transpose(_given([a])[0], None if perm is None else _ints(perm))


@_takes_name
def concat(values: Any, axis: int) -> Any:
    """Return arrays one after the other along an axis."""
    return np.concatenate(_given(values), int(axis))


@_takes_name
def stack(values: Any, axis: int = 0) -> Any:
    """Return arrays along a new axis."""
    return np.stack(_given(values), axis)


@_takes_name
def unstack(value: Any, num: int | None = None, axis: int = 0) -> Any:
    """Return the parts along an axis."""
    return ops.unstack(_given([value])[0], num, axis)


@_takes_name
def split(value: Any, num_or_size_splits: Any, axis: int = 0) -> Any:
    """Return so many equal parts along an axis, or parts of these sizes."""
    (value,) = _given([value])
    if np.ndim(num_or_size_splits) == 0:
        return np.split(value, int(num_or_size_splits), axis)
    sizes = [int(n) for n in num_or_size_splits]
    rest = value.shape[axis] - builtins.sum(n for n in sizes if n >= 0)
    return np.split(value, np.cumsum([rest if n < 0 else n for n in sizes])[:-1], axis)


@_takes_name
def tile(input: Any, multiples: Any) -> Any:
    """Return the array repeated along its axes."""
    return np.tile(_given([input])[0], _ints(multiples))


@_takes_name
def repeat(input: Any, repeats: Any, axis: int | None = None) -> Any:
    """Return every element several times."""
    return np.repeat(_given([input])[0], repeats, axis)


@_takes_name
def broadcast_to(input: Any, shape: Any) -> Any:
    """Return an array of a shape that repeats the values."""
    return np.broadcast_to(_given([input])[0], _ints(shape))


@_takes_name
def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Any:
    """Return the array with values before and after along its axes."""
    widths = [tuple(int(n) for n in pair) for pair in paddings]
    how: Any = mode.lower()
    fill: Any = {"constant_values": constant_values} if how == "constant" else {}
    return np.pad(_given([tensor])[0], widths, how, **fill)


@_takes_name
def reverse(tensor: Any, axis: Any) -> Any:
    """Return the array turned round along axes."""
    return np.flip(_given([tensor])[0], _ints(axis))


@_takes_name
def roll(input: Any, shift: Any, axis: Any) -> Any:
    """Return the array with its elements moved on along axes."""
    return np.roll(_given([input])[0], shift, axis)


@_takes_name
def slice(input_: Any, begin: Any, size: Any) -> Any:
    """Return the part that starts somewhere; -1 for all the rest of an axis."""
    return ops.slice(_given([input_])[0], _ints(begin), _ints(size))


@_takes_name
def gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0
) -> Any:
    """Return the parts at places of an axis; with ``batch_dims``, row by row."""
    (params,) = _given([params])
    places = np.asarray(ops.stop_gradient(indices)).astype(np.intp)
    axis = batch_dims if axis is None else int(axis)
    if not batch_dims:
        return np.take(params, places, axis)
    if batch_dims != 1 or axis != 1:
        raise NotImplementedError(f"gather: batch_dims is {batch_dims} and axis {axis}, expected 1")
    rows = np.arange(len(places)).reshape(-1, *[1] * (places.ndim - 1))
    return params[rows, places]


@_takes_name
def gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Any:
    """Return the elements, or parts, at places that have an index for each axis."""
    if batch_dims:
        raise NotImplementedError(f"gather_nd: batch_dims is {batch_dims}, expected 0")
    places = np.moveaxis(np.asarray(ops.stop_gradient(indices)).astype(np.intp), -1, 0)
    return _given([params])[0][tuple(places)]


@_takes_name
def boolean_mask(tensor: Any, mask: Any, axis: int = 0) -> Any:
    """Return the parts where the mask is true."""
    return _given([tensor])[0][(builtins.slice(None),) * axis + (np.asarray(mask, bool),)]


@_takes_name
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any) -> Any:
    """Return the array with other values at places."""
    out = np.array(tensor)
    out[tuple(np.moveaxis(np.asarray(indices), -1, 0))] = updates
    return out


@_takes_name
def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
    """Return zeros with values added at places."""
    (updates,) = _given([updates])
    out = np.zeros(_ints(shape), updates.dtype)
    np.add.at(out, tuple(np.moveaxis(np.asarray(indices), -1, 0)), updates)
    return out


@_takes_name
def meshgrid(*args: Any, indexing: Any = "xy") -> Any:
    """Return the coordinates of a grid."""
    return list(np.meshgrid(*_given(args), indexing=indexing))


# Values -----------------------------------------------------------------------------------------


@_takes_name
def cast(x: Any, dtype: Any) -> Any:
    """Return the values in another type."""
    if isinstance(x, FOLLOWED) and dtype != string:
        return ops.cast(x, as_dtype(dtype))
    return cast_values(x, dtype)


@_takes_name
def zeros(shape: Any, dtype: Any = np.float32) -> Any:
    """Return an array of zeros."""
    return np.zeros(_ints(shape), as_dtype(dtype))


@_takes_name
def ones(shape: Any, dtype: Any = np.float32) -> Any:
    """Return an array of ones."""
    return np.ones(_ints(shape), as_dtype(dtype))


@_takes_name
def fill(dims: Any, value: Any) -> Any:
    """Return an array full of a value."""
    (value,) = _given([value])
    return np.full(_ints(dims), value, value.dtype)


@_takes_name
def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = np.float32
) -> Any:
    """Return 1 on the diagonal, else 0."""
    one = np.eye(int(num_rows), num_columns, dtype=dtype)
    return one if batch_shape is None else np.broadcast_to(one, (*_ints(batch_shape), *one.shape))


@_takes_name
def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Any:
    """Return equally spaced numbers; whole ones are int32."""
    start, limit = (0, start) if limit is None else (start, limit)
    return convert_to_tensor(np.arange(start, limit, delta).tolist(), dtype or (
        int32 if all(np.asarray(n).dtype.kind in "iu" for n in (start, limit, delta)) else None
    ))  # fmt: skip


@_takes_name
def linspace(start: Any, stop: Any, num: Any, axis: int = 0) -> Any:
    """Return so many numbers from ``start`` to ``stop``."""
    start, stop = _given([start, stop])
    return np.linspace(start, stop, int(num), axis=axis, dtype=np.result_type(start, np.float32))


@_takes_name
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
) -> Any:
    """Return ``on_value`` at the place of each index, else ``off_value``."""
    hot = ops.one_hot(indices, int(depth), -1 if axis is None else axis, dtype or np.float32)
    if on_value is None and off_value is None:
        return hot
    on, off = 1 if on_value is None else on_value, 0 if off_value is None else off_value
    return cast(np.where(np.equal(hot, 1), on, off), dtype or convert_to_tensor(on).dtype)


@_takes_name
def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """Return ``x`` where the condition holds, else ``y``; of a condition alone, where it does."""
    if x is None and y is None:
        return np.argwhere(np.asarray(condition))
    x, y = _given([x, y])
    condition = condition if isinstance(condition, FOLLOWED) else np.asarray(condition)
    if len(condition.shape) == 1 < len(x.shape) and x.shape[0] == condition.shape[0] != x.shape[-1]:
        condition = np.reshape(condition, (-1, *[1] * (len(x.shape) - 1)))  # as TensorFlow 1
    return np.where(condition, x, y)


@_takes_name
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """Return the values, none below or above a limit."""
    return np.clip(_given([t])[0], clip_value_min, clip_value_max)


@_takes_name
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None) -> Any:
    """Return the values, made smaller where their norm is above a limit."""
    (t,) = _given([t])
    size = np.sqrt(np.sum(np.square(t), axis=_axes(axes), keepdims=True))
    return t * clip_norm / np.maximum(size, clip_norm)


@_takes_name
def add_n(inputs: Any) -> Any:
    """Return the sum of arrays."""
    first, *rest = _given(inputs)
    for each in rest:
        first = first + each
    return first


@_takes_name
def matmul(
    a: Any, b: Any, transpose_a: Any = False, transpose_b: Any = False, **kwargs: Any
) -> Any:
    """Return the matrix product over the last two axes."""
    a, b = _given([a, b])
    a = np.swapaxes(a, -1, -2) if transpose_a or kwargs.get("adjoint_a") else a
    return np.matmul(a, np.swapaxes(b, -1, -2) if transpose_b or kwargs.get("adjoint_b") else b)


@_takes_name
def einsum(equation: str, *inputs: Any, optimize: Any = None) -> Any:
    """Return a sum of products by Einstein's rule."""
    return np.einsum(equation, *_given(inputs))


@_takes_name
def norm(tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: Any = False) -> Any:
    """Return the norm over axes, of all elements by default."""
    (x,) = _given([tensor])
    axis = _axes(axis)
    if ord in ("euclidean", "fro") or (ord == 2 and not np.ndim(axis)):
        return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))
    if np.ndim(axis):  # of matrices
        return np.linalg.norm(x, ord, axis, keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    return np.linalg.norm(x, ord, axis, keepdims)


@_takes_name
def band_part(input: Any, num_lower: int, num_upper: int) -> Any:
    """Return the values near the diagonal, else 0; -1 for all below or above it."""
    (x,) = _given([input])
    below = np.subtract(*np.ogrid[: x.shape[-2], : x.shape[-1]])
    kept = (num_lower < 0) | (below <= num_lower)
    return np.where(kept & ((num_upper < 0) | (-below <= num_upper)), x, 0 * x)


@_takes_name
def diag(diagonal: Any, *, k: int = 0) -> Any:
    """Return square matrices with these on their diagonal, or on the ``k``-th above it."""
    (x,) = _given([diagonal])
    around = [(0, 0)] * (len(x.shape) - 1) + [(max(-k, 0), max(k, 0))]
    x = np.pad(x, around) if k else x
    return np.expand_dims(x, -1) * np.eye(x.shape[-1], k=k, dtype=x.dtype)


@_takes_name
def svd(tensor: Any, full_matrices: Any = False, compute_uv: Any = True) -> Any:
    """Return s, u and v of ``u @ diag(s) @ v.T``."""
    if not compute_uv:
        return np.linalg.svd(tensor, full_matrices, False)
    u, s, v = np.linalg.svd(_given([tensor])[0], full_matrices)
    return s, u, np.swapaxes(v, -1, -2)


def _best(function: Any) -> Any:
    @_takes_name
    def best(
        input: Any, axis: Any = None, output_type: Any = int64, dimension: Any = None
    ) -> Any:  # fmt: skip
        """Return the place of the largest, or the smallest, value along an axis."""
        axis = dimension if axis is None else axis
        places = function(_given([input])[0], axis=0 if axis is None else int(axis))
        return cast(places, output_type)

    return best


argmax, argmin = _best(np.argmax), _best(np.argmin)


@_takes_name
def sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Any:
    """Return the values in order along an axis."""
    (x,) = _given([values])
    return np.sort(x, axis=axis) if direction == "ASCENDING" else -np.sort(-x, axis=axis)


@_takes_name
def argsort(values: Any, axis: int = -1, direction: str = "ASCENDING", stable: Any = False) -> Any:
    """Return the order of the values along an axis."""
    (x,) = _given([values])
    return cast(np.argsort(x if direction == "ASCENDING" else -x, axis, kind="stable"), int32)


class TopK(NamedTuple):
    """The largest values, and where they are."""

    values: Any
    indices: Any


def top_k(input: Any, k: int = 1, sorted: Any = True, name: str | None = None) -> TopK:
    """Return the largest values of the last axis, falling, and where they are."""
    values, places = ops.top_k(_given([input])[0], k)
    return TopK(_out(values), _out(cast(places, int32)))


@_takes_name
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return whether each class number is among the ``k`` likeliest of its row."""
    return ops.in_top_k(targets, _given([predictions])[0], k)


@_takes_name
def cumsum(x: Any, axis: int = 0, exclusive: Any = False, reverse: Any = False) -> Any:
    """Return the sums of all so far along an axis."""
    return _running(np.cumsum, x, axis, exclusive, reverse, 0)


@_takes_name
def cumprod(x: Any, axis: int = 0, exclusive: Any = False, reverse: Any = False) -> Any:
    """Return the products of all so far along an axis."""
    return _running(np.cumprod, x, axis, exclusive, reverse, 1)


def _running(function: Any, x: Any, axis: int, exclusive: Any, reverse: Any, start: int) -> Any:
    (x,) = _given([x])
    y = function(np.flip(x, axis) if reverse else x, axis)
    if exclusive:
        before = (builtins.slice(None),) * (axis % len(x.shape))
        first = start + 0 * y[(*before, builtins.slice(0, 1))]
        y = np.concatenate([first, y[(*before, builtins.slice(None, -1))]], axis)
    y = np.flip(y, axis) if reverse else y
    return y if isinstance(x, FOLLOWED) else y.astype(x.dtype)


@_takes_name
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = bool) -> Any:
    """Return whether each step is before its row's length."""
    (lengths,) = _given([lengths])
    steps = np.arange(int(np.max(lengths)) if maxlen is None else int(maxlen))
    return cast(np.less(steps, np.expand_dims(lengths, -1)), dtype)


@_takes_name
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = int32,
) -> Any:
    """Return how often each label (row) was predicted as each (column)."""
    rows, columns = np.asarray(labels, int).ravel(), np.asarray(predictions, int).ravel()
    n = int(num_classes or max(rows.max(), columns.max()) + 1)
    out = np.zeros((n, n), as_dtype(dtype))
    np.add.at(out, (rows, columns), 1 if weights is None else weights)
    return out


@_takes_name
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = int32,
) -> Any:
    """Return how often each number from 0 on is there, or the sum of its weights."""
    if weights is not None:
        weights = convert_to_tensor(weights)
        dtype, weights = weights.dtype, weights.ravel()
    counts = np.bincount(np.asarray(arr).ravel(), weights, minlength or 0)
    return counts[:maxlength].astype(as_dtype(dtype))


def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """Return the different values as they come, and for each element which it is."""
    found, first, places = np.unique(convert_to_tensor(x), return_index=True, return_inverse=True)
    order = np.argsort(first)
    return _out((found[order], np.argsort(order)[places].astype(as_dtype(out_idx))))


# Neural networks --------------------------------------------------------------------------------


@_takes_name
def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, dim: Any = None) -> Any:
    """Return vectors of length 1."""
    (x,) = _given([x])
    axis = dim if axis is None else axis
    return x / np.sqrt(np.maximum(np.sum(np.square(x), axis=_axes(axis), keepdims=True), epsilon))


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: Any = False, name: str | None = None
) -> Any:
    """Return the mean and the variance over axes."""
    return _out(ops.moments(_given([x])[0], axes, keepdims))


@_takes_name
def bias_add(value: Any, bias: Any, data_format: Any = None) -> Any:
    """Return the values with a bias added along the last axis."""
    return np.add(*_given([value, bias]))


@_takes_name
def dropout(
    x: Any, rate: Any = None, noise_shape: Any = None, seed: Any = None, keep_prob: Any = None
) -> Any:
    """Return the values, a share of them 0 and the others larger; whether it trains or not."""
    (x,) = _given([x])
    rate = 1 - keep_prob if rate is None else float(rate)
    drawn = random_generator(seed).random(x.shape if noise_shape is None else noise_shape)
    return x * (np.greater_equal(drawn, rate) / (1 - rate)).astype(x.dtype)


@_takes_name
def embedding_lookup(params: Any, ids: Any) -> Any:
    """Return the rows of a table by number."""
    return np.take(params, np.asarray(ops.stop_gradient(ids)).astype(np.intp), 0)


@_takes_name
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None) -> Any:
    """Return the cross-entropy of each element."""
    labels, logits = _given([labels, logits])
    return ops.binary_crossentropy(labels, logits, from_logits=True)


@_takes_name
def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1) -> Any:
    """Return the cross-entropy of each row."""
    labels, logits = _given([labels, logits])
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


@_takes_name
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """Return the cross-entropy of each row, whose label is a number."""
    labels, logits = _given([labels, logits])
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


softmax_cross_entropy_with_logits_v2 = softmax_cross_entropy_with_logits


# Functions of functions -------------------------------------------------------------------------


def function(func: Any = None, **kwargs: Any) -> Any:
    """Return the function itself: what is computed at once needs no graph."""
    return func if func is not None else lambda each: each


def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: str | None = None) -> Any:
    """Return what one of two functions gives."""
    return ops.cond(pred, true_fn, false_fn)


def while_loop(
    cond: Any, body: Any, loop_vars: Any, maximum_iterations: Any = None, **kwargs: Any
) -> Any:
    """Return the variables after ``body`` has run while ``cond`` holds of them."""
    return ops.while_loop(cond, body, loop_vars, maximum_iterations)


def map_fn(fn: Any, elems: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Return what a function gives for each part along the first axis, stacked."""
    return _out(ops.map(fn, elems))


vectorized_map = map_fn


def scan(
    fn: Any,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: Any = 10,
    back_prop: Any = True,
    swap_memory: Any = False,
    infer_shape: Any = True,
    reverse: Any = False,
    name: str | None = None,
) -> Any:
    """Return what ``fn(before, x)`` gives for one part after another, stacked."""
    rows = ops.unstack(_given([elems])[0])
    rows = rows[::-1] if reverse else rows
    if initializer is None:
        initializer, rest = rows[0], rows[1:]
    else:
        rest = rows
    found = [] if len(rest) == len(rows) else [initializer]
    for row in rest:
        initializer = fn(initializer, row)
        found.append(initializer)
    return _out(np.stack(found[::-1] if reverse else found))


def foldl(fn: Any, elems: Any, initializer: Any = None, **kwargs: Any) -> Any:
    """Return the last of what ``fn(before, x)`` gives for one part after another."""
    return scan(fn, elems, initializer)[-1]


def py_function(func: Any = None, inp: Any = (), Tout: Any = None, **kwargs: Any) -> Any:
    """Return what a function gives, in the types ``Tout``."""
    y = func(*inp)
    if isinstance(Tout, (list, tuple)):
        return [convert_to_tensor(each, t) for each, t in zip(y, Tout, strict=True)]
    return y if Tout is None else convert_to_tensor(y, Tout)


numpy_function = py_func = py_function


def print(*inputs: Any, output_stream: Any = None, summarize: Any = None, **kwargs: Any) -> None:
    """Print values to the standard error, as TensorFlow."""
    import sys

    shown = [np.asarray(x) if isinstance(x, np.ndarray) else x for x in inputs]
    builtins.print(*shown, file=output_stream or sys.stderr, **kwargs)


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """Return an array; ValueError if not all of it is finite."""
    if not np.all(np.isfinite(tensor)):
        raise ValueError(f"{message}: the array has values that are not finite")
    return tensor


def _assertion(name: str, holds: Any) -> Callable[..., None]:
    def check(x: Any, y: Any = None, message: str | None = None, **kwargs: Any) -> None:
        """Raise ValueError where it does not hold."""
        if not np.all(holds(x, y)):
            raise ValueError(f"{name}: {message or 'it does not hold'}: {x!r}, {y!r}")

    return check


_HOLDS: dict[str, Any] = {
    "assert_equal": np.equal, "assert_less": np.less, "assert_greater": np.greater,
    "assert_less_equal": np.less_equal, "assert_greater_equal": np.greater_equal,
    "assert_non_negative": lambda x, _: np.greater_equal(x, 0),
    "assert_positive": lambda x, _: np.greater(x, 0), "Assert": lambda x, _: x,
    "assert_all_finite": lambda x, _: np.isfinite(x),
    "assert_rank": lambda x, rank: len(x.shape) == rank,
}  # fmt: skip
globals().update({name: _assertion(name, holds) for name, holds in _HOLDS.items()})


def name_scope(*args: Any, **kwargs: Any) -> Any:
    """Return a scope in which names are what they are."""
    return nullcontext(args[0] if args else None)


variable_scope = control_dependencies = device = init_scope = name_scope


def no_op(*args: Any, **kwargs: Any) -> None:
    """Do nothing."""


group = no_op


def executing_eagerly() -> bool:
    """Whether what is called is computed at once: yes."""
    return True


def assign(ref: Any, value: Any, **kwargs: Any) -> Any:
    """Overwrite a variable."""
    ref.assign(value)
    return ref


def is_symbolic_tensor(x: Any) -> bool:
    """Whether something is a tensor without values."""
    return isinstance(x, KerasTensor)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> Any:
    """Return arrays made smaller where their common norm is above a limit, and that norm."""
    whole = np.sqrt(add_n([np.sum(np.square(t)) for t in t_list])) if use_norm is None else use_norm
    return _out([t * clip_norm / np.maximum(whole, clip_norm) for t in t_list]), _out(whole)
