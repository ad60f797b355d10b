"""Derivatives of functions of the user's that are written with NumPy: a tape for losses.

``Tracked`` stands for an array while a loss or an activation of one's own runs. It takes part in
NumPy's operators and in the functions below, and notes how a gradient goes back through each. It
serves arrays of the size of a batch's outputs; layers have their own ``backward``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._types import Array

# The derivatives of y = f(a, b) with respect to each argument
UFUNCS: dict[Any, tuple[Callable[..., Any], ...]] = {
    np.add: (lambda a, b, y: 1, lambda a, b, y: 1),
    np.subtract: (lambda a, b, y: 1, lambda a, b, y: -1),
    np.multiply: (lambda a, b, y: b, lambda a, b, y: a),
    np.divide: (lambda a, b, y: 1 / b, lambda a, b, y: -y / b),
    np.power: (lambda a, b, y: b * a ** (b - 1), lambda a, b, y: y * np.log(a)),
    np.maximum: (lambda a, b, y: _first(a, b, a > b), lambda a, b, y: _first(a, b, b > a)),
    np.minimum: (lambda a, b, y: _first(a, b, a < b), lambda a, b, y: _first(a, b, b < a)),
    np.negative: (lambda a, y: -1,),
    np.positive: (lambda a, y: 1,),
    np.absolute: (lambda a, y: np.sign(a),),
    np.sign: (lambda a, y: 0,),
    np.square: (lambda a, y: 2 * a,),
    np.sqrt: (lambda a, y: 0.5 / y,),
    np.exp: (lambda a, y: y,),
    np.expm1: (lambda a, y: y + 1,),
    np.log: (lambda a, y: 1 / a,),
    np.log1p: (lambda a, y: 1 / (1 + a),),
    np.tanh: (lambda a, y: 1 - y * y,),
    np.sin: (lambda a, y: np.cos(a),),
    np.cos: (lambda a, y: -np.sin(a),),
    np.logaddexp: (lambda a, b, y: np.exp(a - y), lambda a, b, y: np.exp(b - y)),
}
FLAT = (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.isnan)
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def _first(a: Array, b: Array, wins: Array) -> Array:
    return wins + 0.5 * np.equal(a, b)  # equal ones share the gradient


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Tracked) else x


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Return the gradient of an array that was broadcast to the shape of ``g``."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


class Tracked(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that knows what it was computed from: (array, way of a gradient back to it)."""

    def __init__(self, value: Array, sources: Any = ()) -> None:
        self.value, self.sources = value, sources
        self.shape, self.ndim, self.dtype, self.size = (
            value.shape,
            value.ndim,
            value.dtype,
            value.size,
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and ufunc is np.matmul and not kwargs:
            return _matmul(*inputs)
        values = [_value(x) for x in inputs]
        if method == "__call__" and ufunc in FLAT:
            return ufunc(*values)
        if method != "__call__" or kwargs or ufunc not in UFUNCS:
            raise TypeError(f"numpy.{ufunc.__name__} has no derivative here")
        y = np.asarray(ufunc(*values))

        def way(x: Tracked, derivative: Any) -> Any:
            return x, lambda g: unbroadcast(
                np.broadcast_to(g * derivative(*values, y), y.shape), x.shape
            )

        pairs = zip(inputs, UFUNCS[ufunc], strict=True)
        return Tracked(y, [way(x, d) for x, d in pairs if isinstance(x, Tracked)])

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in FUNCTIONS:
            raise TypeError(f"numpy.{function.__name__} has no derivative here")
        return FUNCTIONS[function](*args, **kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise TypeError("only NumPy's own functions can be differentiated here")

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> Tracked:
        def back(g: Array) -> Array:
            out = np.zeros_like(self.value)
            np.add.at(out, index, g)
            return out

        return Tracked(np.asarray(self.value[index]), [(self, back)])

    def __getattr__(self, name: str) -> Any:
        function = FUNCTIONS.get(getattr(np, name, None))  # the methods of an array
        if function is None or name.startswith("_"):
            raise AttributeError(f"an array of a loss has no attribute {name!r} here")
        return lambda *args, **kwargs: function(self, *args, **kwargs)

    def astype(self, dtype: Any) -> Tracked:
        """Return itself: one float type serves the whole model."""
        return self

    def gradient(self, of: Tracked, seed: Array) -> Array:
        """Return the gradient of ``sum(seed * self)`` with respect to ``of``."""
        return self.gradients([of], seed)[0]

    def gradients(self, of: Sequence[Tracked], seed: Array) -> list[Array]:
        """Return the gradients of ``sum(seed * self)`` with respect to each of ``of``."""
        order: list[Tracked] = []
        seen: set[int] = set()

        def visit(node: Tracked) -> None:
            if id(node) not in seen:
                seen.add(id(node))
                for source, _ in node.sources:
                    visit(source)
                order.append(node)

        visit(self)
        gradients = {id(self): seed}
        for node in reversed(order):
            g = gradients.get(id(node))
            for source, way in node.sources:
                gradients[id(source)] = gradients.get(id(source), 0) + way(g)
        return [np.asarray(gradients.get(id(x), np.zeros_like(x.value)), x.dtype) for x in of]


def _of(*functions: Any) -> Callable[[Any], Any]:
    def register(implementation: Any) -> Any:
        for function in functions:
            FUNCTIONS[function] = implementation
        return implementation

    return register


@_of(np.reshape)
def _reshape(x: Any, shape: Any, *rest: int) -> Any:
    shape = (shape, *rest) if rest else shape
    return Tracked(x.value.reshape(shape), [(x, lambda g: g.reshape(x.shape))])


@_of(np.expand_dims)
def _expand_dims(x: Any, axis: Any) -> Any:
    return _reshape(x, np.expand_dims(x.value, axis).shape)


@_of(np.squeeze)
def _squeeze(x: Any, axis: Any = None) -> Any:
    return _reshape(x, np.squeeze(x.value, axis).shape)


@_of(np.transpose)
def _transpose(x: Any, axes: Any = None) -> Any:
    back = None if axes is None else np.argsort([a % x.ndim for a in axes])
    return Tracked(np.transpose(x.value, axes), [(x, lambda g: np.transpose(g, back))])


@_of(np.swapaxes)
def _swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    back = [(x, lambda g: np.swapaxes(g, axis1, axis2))]
    return Tracked(np.swapaxes(x.value, axis1, axis2), back)


@_of(np.concatenate)
def _concatenate(arrays: Any, axis: int = 0) -> Any:
    values = [np.asarray(_value(a)) for a in arrays]
    ends = np.cumsum([v.shape[axis] for v in values])[:-1]

    def part(k: int) -> Callable[[Array], Array]:
        return lambda g: np.split(g, ends, axis)[k]

    sources = [(a, part(k)) for k, a in enumerate(arrays) if isinstance(a, Tracked)]
    return Tracked(np.concatenate(values, axis), sources)


@_of(np.stack)
def _stack(arrays: Any, axis: int = 0) -> Any:
    def part(k: int) -> Callable[[Array], Array]:
        return lambda g: np.take(g, k, axis)

    sources = [(a, part(k)) for k, a in enumerate(arrays) if isinstance(a, Tracked)]
    return Tracked(np.stack([_value(a) for a in arrays], axis), sources)


def _matmul(a: Any, b: Any) -> Any:
    x, y = _value(a), _value(b)
    if x.ndim < 2 or y.ndim < 2:
        raise TypeError("numpy.matmul has no derivative here for arrays of one axis")
    ways = (
        (a, lambda g: unbroadcast(g @ np.swapaxes(y, -1, -2), x.shape)),
        (b, lambda g: unbroadcast(np.swapaxes(x, -1, -2) @ g, y.shape)),
    )
    return Tracked(x @ y, [(each, way) for each, way in ways if isinstance(each, Tracked)])


@_of(np.sum)
def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    kept = x.value.sum(axis=axis, keepdims=True)
    y = Tracked(kept, [(x, lambda g: np.broadcast_to(g, x.shape))])
    return y if keepdims else _reshape(y, np.sum(x.value, axis=axis).shape)


@_of(np.mean, np.average)
def _mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    y = _sum(x, axis, keepdims)
    return y * (max(y.size, 1) / max(x.size, 1))


@_of(np.var)
def _var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _mean(np.square(x - _mean(x, axis, True)), axis, keepdims)


@_of(np.std)
def _std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sqrt(_var(x, axis, keepdims))


def _extreme(function: Any) -> Any:
    def extreme(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        best = np.equal(x.value, function(x.value, axis=axis, keepdims=True))
        return _sum(x * (best / best.sum(axis=axis, keepdims=True)), axis, keepdims)

    return extreme


_of(np.max)(_extreme(np.max))
_of(np.min)(_extreme(np.min))


@_of(np.where)
def _where(condition: Any, a: Any, b: Any) -> Any:
    kept = np.asarray(condition, bool)

    def back(x: Any, where: Array) -> Any:
        return x, lambda g: unbroadcast(np.where(where, g, 0), x.shape)

    sources = [back(x, w) for x, w in ((a, kept), (b, ~kept)) if isinstance(x, Tracked)]
    return Tracked(np.where(kept, _value(a), _value(b)), sources)


@_of(np.clip)
def _clip(x: Any, a_min: Any = None, a_max: Any = None) -> Any:
    x = x if a_min is None else np.maximum(x, a_min)
    return x if a_max is None else np.minimum(x, a_max)


def differentiate(function: Callable[..., Any], name: str, *args: Any) -> Tracked:
    """Run a function on arrays of which the ``Tracked`` ones are followed."""
    try:
        y = function(*args)
    except TypeError as error:
        raise TypeError(
            f"{name}: cannot be differentiated ({error}); write it with NumPy, fusedrnn.ops or "
            f"fusedrnn.backend functions: {', '.join(sorted(f.__name__ for f in FUNCTIONS))}, and "
            f"{', '.join(f.__name__ for f in UFUNCS)}; or give its derivative yourself"
        ) from error
    if not isinstance(y, Tracked):
        raise TypeError(f"{name}: returned {type(y).__name__}, which does not depend on its input")
    return y
