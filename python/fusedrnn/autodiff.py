"""Derivatives of functions of the user's that are written with NumPy: a tape for losses.

``Tracked`` stands for an array while a loss or an activation of one's own runs. It takes part in
NumPy's operators and in the functions below, and notes how a gradient goes back through each. It
serves arrays of the size of a batch's outputs; layers have their own ``backward``.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ._tensor import TensorShape
from ._types import Array
from .graph import replaced

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
    np.reciprocal: (lambda a, y: -y * y,),
    np.log2: (lambda a, y: 1 / (a * np.log(a.dtype.type(2))),),
    np.log10: (lambda a, y: 1 / (a * np.log(a.dtype.type(10))),),
    np.sinh: (lambda a, y: np.cosh(a),),
    np.cosh: (lambda a, y: np.sinh(a),),
    np.arctan: (lambda a, y: 1 / (1 + a * a),),
    np.sin: (lambda a, y: np.cos(a),),
    np.cos: (lambda a, y: -np.sin(a),),
    np.logaddexp: (lambda a, b, y: np.exp(a - y), lambda a, b, y: np.exp(b - y)),
    np.tan: (lambda a, y: 1 + y * y,),
    np.arcsin: (lambda a, y: 1 / np.sqrt(1 - a * a),),
    np.arccos: (lambda a, y: -1 / np.sqrt(1 - a * a),),
    np.arcsinh: (lambda a, y: 1 / np.sqrt(1 + a * a),),
    np.arccosh: (lambda a, y: 1 / np.sqrt(a * a - 1),),
    np.arctanh: (lambda a, y: 1 / (1 - a * a),),
    np.arctan2: (lambda a, b, y: b / (a * a + b * b), lambda a, b, y: -a / (a * a + b * b)),
    np.hypot: (lambda a, b, y: a / y, lambda a, b, y: b / y),
    np.exp2: (lambda a, y: y * np.log(a.dtype.type(2)),),
    np.cbrt: (lambda a, y: 1 / (3 * y * y),),
    np.fabs: (lambda a, y: np.sign(a),),
    np.remainder: (lambda a, b, y: 1, lambda a, b, y: -np.floor(a / b)),
}
FLAT = (
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.isnan),
    *(np.logical_and, np.logical_or, np.logical_not, np.isfinite, np.isinf, np.floor, np.ceil),
    *(np.logical_xor, np.rint, np.trunc, np.floor_divide, np.signbit),
)
SHAPES = (
    *(np.ones_like, np.zeros_like, np.full_like, np.empty_like, np.argmax, np.argmin, np.argsort),
    *(np.shape, np.ndim, np.size, np.any, np.all, np.count_nonzero, np.isin, np.isclose),
    *(np.allclose, np.array_equal, np.searchsorted, np.nonzero, np.argwhere, np.unique, np.round),
    *(np.result_type, np.around),
)
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def _first(a: Array, b: Array, wins: Array) -> Array:
    return wins + 0.5 * np.equal(a, b)  # equal ones share the gradient


_serial = itertools.count()


def _now(x: Any) -> Any:
    """Return what a variable of a layer stands for while the layer runs."""
    return getattr(x, "now", x)


def _now_in(arguments: Any) -> Any:
    if isinstance(arguments, (list, tuple)):
        return type(arguments)([_now_in(each) for each in arguments])
    return _now(arguments)


def _value(x: Any) -> Any:
    x = _now(x)
    return x.value if isinstance(x, Tracked) else x


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """Return the gradient of an array that was broadcast to the shape of ``g``."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


class Tracked(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that knows what it was computed from: (array, way of a gradient back to it)."""

    def __init__(self, value: Array, sources: Any = ()) -> None:
        self.value, self.sources, self.serial = value, sources, next(_serial)
        self.shape, self.ndim, self.dtype, self.size = (
            value.shape,
            value.ndim,
            value.dtype,
            value.size,
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        inputs = tuple(_now(x) for x in inputs)
        if all(isinstance(x, Tracked) for x in kwargs.get("out", ())):
            kwargs.pop("out", None)  # x += 1 names what comes of it anew
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
        if function in SHAPES:
            return function(*replaced(args, Tracked, _value), **kwargs)
        if function not in FUNCTIONS:
            raise TypeError(f"numpy.{function.__name__} has no derivative here")
        return FUNCTIONS[function](*_now_in(args), **kwargs)

    def __array__(self, *args: Any, **kwargs: Any) -> Array:
        raise TypeError("only NumPy's own functions can be differentiated here")

    __hash__ = object.__hash__

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    @property
    def T(self) -> Tracked:
        """The array with its axes turned round."""
        turned: Tracked = _transpose(self)
        return turned

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

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """Return itself, for a model has one float type; or values that are no floats."""
        return self if np.dtype(dtype).kind == "f" else self.value.astype(dtype)

    def get_shape(self) -> TensorShape:
        """Return the shape, as TensorFlow has it."""
        return TensorShape(self.shape)

    def gradient(self, of: Tracked, seed: Array) -> Array:
        """Return the gradient of ``sum(seed * self)`` with respect to ``of``."""
        return self.gradients([of], seed)[0]

    def gradients(self, of: Sequence[Tracked], seed: Array) -> list[Array]:
        """Return the gradients of ``sum(seed * self)`` with respect to each of ``of``."""
        return backward([(self, seed)], of)


def backward(ends: Iterable[tuple[Tracked, Array]], of: Sequence[Tracked]) -> list[Array]:
    """Return the gradients of ``sum(seed * end)`` over pairs of both, with respect to ``of``."""
    gradients: dict[Tracked, Any] = {}
    for end, seed in ends:
        gradients[end] = gradients[end] + seed if end in gradients else seed
    nodes, waiting = set(gradients), list(gradients)
    while waiting:
        for source, _ in waiting.pop().sources:
            if source not in nodes:
                nodes.add(source)
                waiting.append(source)
    for node in sorted(nodes, key=lambda each: -each.serial):  # what was made last comes first
        for source, way in node.sources:
            g = way(gradients[node])
            gradients[source] = gradients[source] + g if source in gradients else g
    return [np.asarray(gradients.get(x, np.zeros_like(x.value)), x.dtype) for x in of]


def _of(*functions: Any) -> Callable[[Any], Any]:
    def register(implementation: Any) -> Any:
        for function in functions:
            FUNCTIONS[function] = implementation
        return implementation

    return register


@_of(np.reshape)
def _reshape(x: Any, shape: Any, *rest: int) -> Any:
    shape = (shape, *rest) if rest else shape
    if not isinstance(x, Tracked):
        return np.reshape(x, shape)
    return Tracked(x.value.reshape(shape), [(x, lambda g: g.reshape(x.shape))])


@_of(np.ravel)
def _ravel(x: Any) -> Any:
    return _reshape(x, -1)


@_of(np.expand_dims)
def _expand_dims(x: Any, axis: Any) -> Any:
    return _reshape(x, np.expand_dims(x.value, axis).shape)


@_of(np.squeeze)
def _squeeze(x: Any, axis: Any = None) -> Any:
    return _reshape(x, np.squeeze(x.value, axis).shape)


@_of(np.transpose)
def _transpose(x: Any, axes: Any = None, *rest: int) -> Any:
    axes = (axes, *rest) if rest else axes
    if not isinstance(x, Tracked):
        return np.transpose(x, axes)
    back = None if axes is None else np.argsort([a % x.ndim for a in axes])
    return Tracked(np.transpose(x.value, axes), [(x, lambda g: np.transpose(g, back))])


@_of(np.swapaxes)
def _swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    back = [(x, lambda g: np.swapaxes(g, axis1, axis2))]
    return Tracked(np.swapaxes(x.value, axis1, axis2), back)


@_of(np.moveaxis)
def _moveaxis(x: Any, source: int, destination: int) -> Any:
    back = [(x, lambda g: np.moveaxis(g, destination, source))]
    return Tracked(np.moveaxis(x.value, source, destination), back)


@_of(np.broadcast_to)
def _broadcast_to(x: Any, shape: Any) -> Any:
    back = [(x, lambda g: unbroadcast(g, x.shape))]
    return Tracked(np.broadcast_to(x.value, shape), back)


@_of(np.flip)
def _flip(x: Any, axis: Any = None) -> Any:
    return Tracked(np.flip(x.value, axis), [(x, lambda g: np.flip(g, axis))])


def _picked(function: Any) -> Any:
    """Return the derivative of a function whose every output is one of the inputs, or zero."""

    def picked(x: Any, *args: Any, **kwargs: Any) -> Any:
        number = np.arange(1, x.size + 1).reshape(x.shape)
        places = function(number, *args, **kwargs)

        def back(g: Array) -> Array:
            sums = np.bincount(places.ravel(), g.ravel(), x.size + 1)[1:]
            return sums.reshape(x.shape).astype(x.dtype)

        return Tracked(function(x.value, *args, **kwargs), [(x, back)])

    return picked


for _function in (
    *(np.tile, np.repeat, np.take, np.take_along_axis, np.roll, np.rot90, np.fliplr, np.flipud),
    *(np.tril, np.triu, np.diagonal, np.diag, np.delete, np.compress),
):
    _of(_function)(_picked(_function))


@_of(np.pad)
def _pad(x: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap") or "reflect_type" in kwargs:
        raise TypeError(f"numpy.pad(mode={mode!r}) has no derivative here")
    y = _picked(np.pad)(x, pad_width, mode)
    y.value = np.pad(x.value, pad_width, mode, **kwargs)  # no input's place is a constant
    return y


@_of(np.sort)
def _sort(x: Any, axis: int = -1) -> Any:
    return np.take_along_axis(x, np.argsort(x.value, axis, kind="stable"), axis)


@_of(np.split)
def _split(x: Any, indices_or_sections: Any, axis: int = 0, by: Any = np.split) -> Any:
    numbers = by(np.arange(x.shape[axis]), indices_or_sections)
    before = (slice(None),) * (axis % x.ndim)
    return [x[(*before, slice(n[0], n[-1] + 1) if len(n) else slice(0, 0))] for n in numbers]


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
    x, y = np.asarray(_value(a)), np.asarray(_value(b))
    if x.ndim == 1 or y.ndim == 1:
        left = _reshape(a, (1, -1)) if x.ndim == 1 else a
        right = _reshape(b, (-1, 1)) if y.ndim == 1 else b
        return _reshape(_matmul(left, right), (x @ y).shape)
    if y.ndim == 2 < x.ndim:  # one product for all
        flat = _matmul(_reshape(a, (-1, x.shape[-1])), b)
        return _reshape(flat, (*x.shape[:-1], y.shape[-1]))
    ways = (
        (a, lambda g: unbroadcast(g @ np.swapaxes(y, -1, -2), x.shape)),
        (b, lambda g: unbroadcast(np.swapaxes(x, -1, -2) @ g, y.shape)),
    )
    return Tracked(x @ y, [(each, way) for each, way in ways if isinstance(each, Tracked)])


@_of(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    ranks = np.ndim(_value(a)), np.ndim(_value(b))
    if isinstance(axes, int):
        axes = range(ranks[0] - axes, ranks[0]), range(axes)
    summed = [
        [k % rank for k in ([each] if isinstance(each, int) else each)]
        for each, rank in zip(axes, ranks, strict=True)
    ]
    free = [[k for k in range(n) if k not in s] for n, s in zip(ranks, summed, strict=True)]
    first = _transpose(a, free[0] + summed[0])
    second = _transpose(b, summed[1] + free[1])
    kept = first.shape[: len(free[0])] + second.shape[len(summed[1]) :]
    width = math.prod(first.shape[len(free[0]) :])
    return _reshape(_matmul(_reshape(first, (-1, width)), _reshape(second, (width, -1))), kept)


@_of(np.dot)
def _dot(a: Any, b: Any) -> Any:
    ranks = np.ndim(_value(a)), np.ndim(_value(b))
    return a * b if 0 in ranks else _tensordot(a, b, (-1, -2 if ranks[1] > 1 else -1))


@_of(np.einsum)
def _einsum(subscripts: str, *operands: Any) -> Any:
    values = [np.asarray(_value(x)) for x in operands]
    given, _, out = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    unused = [c for c in map(chr, range(97, 123)) if c not in subscripts]
    ranks = [v.ndim - len(t.replace("...", "")) for t, v in zip(terms, values, strict=True)]
    rest = "".join(unused[: max(ranks)])
    terms = [t.replace("...", rest[len(rest) - n :]) for t, n in zip(terms, ranks, strict=True)]
    if "->" not in subscripts:
        every = "".join(terms)
        out = "..." + "".join(sorted(c for c in set(every) - set(rest) if every.count(c) == 1))
    out = out.replace("...", rest)
    if any(len(set(term)) < len(term) for term in terms):
        raise TypeError(f"numpy.einsum({subscripts!r}) has no derivative here: a letter twice")

    def way(k: int) -> Callable[[Array], Array]:
        others = [(t, v) for j, (t, v) in enumerate(zip(terms, values, strict=True)) if j != k]
        seen = set(out).union(*(t for t, _ in others))
        ones = [(c, np.ones(n)) for c, n in zip(terms[k], values[k].shape, strict=True)
                if c not in seen]  # fmt: skip
        factors = [*others, *[(c, one.astype(values[k].dtype)) for c, one in ones]]
        rule = ",".join([out, *(t for t, _ in factors)]) + "->" + terms[k]
        return lambda g: unbroadcast(
            np.einsum(rule, g, *(v for _, v in factors), optimize=True), values[k].shape
        )

    y = np.einsum(",".join(terms) + "->" + out, *values, optimize=True)
    return Tracked(y, [(x, way(k)) for k, x in enumerate(operands) if isinstance(x, Tracked)])


@_of(np.sum)
def _sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    kept = x.value.sum(axis=axis, keepdims=True)
    y = Tracked(kept, [(x, lambda g: np.broadcast_to(g, x.shape))])
    return y if keepdims else _reshape(y, np.sum(x.value, axis=axis).shape)


@_of(np.cumsum)
def _cumsum(x: Any, axis: Any = None) -> Any:
    if axis is None:
        return _cumsum(_reshape(x, -1), 0)
    back = [(x, lambda g: np.flip(np.cumsum(np.flip(g, axis), axis), axis))]
    return Tracked(np.cumsum(x.value, axis), back)


@_of(np.prod)
def _prod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if axis is None:
        axis = tuple(range(x.ndim))
    if isinstance(axis, tuple):
        for k in axis:
            x = _prod(x, k, True)
        return x if keepdims else _squeeze(x, axis)
    axis = axis % x.ndim
    parts = [x[(*(slice(None),) * axis, slice(k, k + 1))] for k in range(x.shape[axis])]
    y = functools.reduce(lambda a, b: a * b, parts)  # right where a factor is zero, too
    return y if keepdims else _squeeze(y, axis)


@_of(np.linalg.norm)
def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2, "fro", "euclidean") or (ord == 2 and np.ndim(axis)):
        raise TypeError(f"numpy.linalg.norm(ord={ord!r}) has no derivative here")
    return np.sqrt(_sum(np.square(x), axis, keepdims))


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
        kept = function(x.value, axis=axis, keepdims=True)
        best = np.equal(x.value, kept).astype(x.dtype)
        share = best / np.maximum(best.sum(axis=axis, keepdims=True), 1)
        y = Tracked(kept, [(x, lambda g: g * share)])
        return y if keepdims else _squeeze(y, axis)

    return extreme


_of(np.max, np.amax)(_extreme(np.max))
_of(np.min, np.amin)(_extreme(np.min))


@_of(np.where)
def _where(condition: Any, a: Any, b: Any) -> Any:
    kept = np.asarray(_value(condition), bool)

    def back(x: Any, where: Array) -> Any:
        return x, lambda g: unbroadcast(np.where(where, g, 0), x.shape)

    sources = [back(x, w) for x, w in ((a, kept), (b, ~kept)) if isinstance(x, Tracked)]
    return Tracked(np.where(kept, _value(a), _value(b)), sources)


@_of(np.clip)
def _clip(x: Any, a_min: Any = None, a_max: Any = None) -> Any:
    x = x if a_min is None else np.maximum(x, a_min)
    return x if a_max is None else np.minimum(x, a_max)


@_of(np.cumprod)
def _cumprod(x: Any, axis: Any = None) -> Any:
    if axis is None:
        return _cumprod(_reshape(x, -1), 0)
    parts = _split(x, x.shape[axis], axis)
    return _concatenate(list(itertools.accumulate(parts, lambda a, b: a * b)), axis)


@_of(np.diff)
def _diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        before = (slice(None),) * (axis % x.ndim)
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


@_of(np.nan_to_num)
def _nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, **kwargs: Any) -> Any:
    return np.where(np.isfinite(x.value), x, np.nan_to_num(x.value, copy, nan, **kwargs))


@_of(np.linalg.inv)
def _inv(x: Any) -> Any:
    y = np.linalg.inv(x.value)
    turned = np.swapaxes(y, -1, -2)
    return Tracked(y, [(x, lambda g: -turned @ g @ turned)])


# What others make up
FUNCTIONS |= {
    np.outer: lambda a, b: np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1)),
    np.inner: lambda a, b: np.tensordot(a, b, (-1, -1)),
    np.vdot: lambda a, b: np.sum(np.ravel(a) * np.ravel(b)),
    np.trace: lambda x: np.sum(np.diagonal(x), axis=-1),
    np.append: lambda a, b, axis=None: np.concatenate(
        [a, b] if axis is not None else [np.ravel(a), np.ravel(b)], axis or 0
    ),
    np.vstack: lambda arrays: np.concatenate([np.atleast_2d(a) for a in arrays]),
    np.hstack: lambda arrays: np.concatenate(arrays, min(np.ndim(arrays[0]), 2) - 1),
    np.atleast_2d: lambda x: x if x.ndim > 1 else _reshape(x, (1, -1)),
    np.array_split: lambda x, sections, axis=0: _split(x, sections, axis, np.array_split),
    np.ptp: lambda x, axis=None: np.max(x, axis) - np.min(x, axis),
    np.nansum: lambda x, axis=None, keepdims=False: _sum(np.nan_to_num(x), axis, keepdims),
    np.linalg.solve: lambda a, b: np.linalg.inv(a) @ b,
    np.copy: lambda x: x,
}


def hint() -> str:
    """Return what has a derivative."""
    return (
        "write it with NumPy, fusedrnn.ops or fusedrnn.backend functions: "
        f"{', '.join(sorted(f.__name__ for f in FUNCTIONS))}, and "
        f"{', '.join(f.__name__ for f in UFUNCS)}; or give its derivative yourself"
    )


def differentiate(function: Callable[..., Any], name: str, *args: Any) -> Tracked:
    """Run a function on arrays of which the ``Tracked`` ones are followed."""
    try:
        y = function(*args)
    except TypeError as error:
        raise TypeError(f"{name}: cannot be differentiated ({error}); {hint()}") from error
    if not any(isinstance(each, Tracked) for each in (y if isinstance(y, list) else [y])):
        raise TypeError(f"{name}: returned {type(y).__name__}, which does not depend on its input")
    return y
