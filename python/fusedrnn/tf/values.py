"""``tf``'s functions of values: made, chosen, sorted, summed up, multiplied."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from .calls import _axes, _given, _ints, _out, _takes_name
from .types import FOLLOWED, as_dtype, cast_values, convert_to_tensor, int32, int64, string


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


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> Any:
    """Return arrays made smaller where their common norm is above a limit, and that norm."""
    whole = np.sqrt(add_n([np.sum(np.square(t)) for t in t_list])) if use_norm is None else use_norm
    return _out([t * clip_norm / np.maximum(whole, clip_norm) for t in t_list]), _out(whole)
