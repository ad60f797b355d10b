"""``tf``'s functions of shapes and places: reshape, concat, gather, pad and their like."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import ops
from .calls import _given, _ints, _takes_name
from .types import FOLLOWED, int32


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
