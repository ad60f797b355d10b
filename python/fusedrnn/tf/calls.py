"""How TensorFlow's functions take arrays and return them; ``name=`` does nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from .._tensor import tensor
from ..graph import leaves
from .types import FOLLOWED, convert_to_tensor, int32


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


F = TypeVar("F", bound=Callable[..., Any])


def _takes_name(function: F) -> F:
    """Let a function take the keyword ``name``, and return what the user gets."""

    @wraps(function)
    def call(*args: Any, name: str | None = None, **options: Any) -> Any:
        return _out(function(*args, **options))

    return call  # type: ignore[return-value]


def _ints(shape: Any) -> Any:
    """Return sizes as integers; -1 for the one that a tensor without values leaves open."""
    if isinstance(shape, (int, np.integer)):
        return int(shape)
    return tuple(-1 if n is None else int(n) for n in shape)
