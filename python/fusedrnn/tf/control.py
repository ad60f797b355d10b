"""``tf``'s functions of functions, its assertions and its scopes."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import ops
from ..graph import KerasTensor
from .calls import _given, _out
from .types import convert_to_tensor


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
