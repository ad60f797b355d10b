"""Layers that make one array of several: sums, products and the like, Concatenate, Dot."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

import numpy as np

from .._types import Array, Shape
from .layer import Layer

Arrays = list[Array]


def _each(inputs: Any, mask: Any) -> Any:
    """Return the mask, after checks, which are Keras's."""
    for name, given in (("mask", mask), ("inputs", inputs)):
        if not isinstance(given, (list, tuple)):
            raise ValueError(f"`{name}` should be a list. Received: {name}={given}")
    if len(mask) != len(inputs):
        raise ValueError(
            "The lists `inputs` and `mask` should have the same length. "
            f"Received: {len(inputs)} and {len(mask)}"
        )
    return mask


class Merge(Layer):
    """Base of the layers that combine arrays element by element, broadcast as NumPy does."""

    takes_list = True
    fewest, most = 1, 1 << 30

    def build_weights(self, input_shape: Any) -> None:  # noqa: D102
        self.check(input_shape)

    def check(self, shapes: Any) -> None:
        """Refuse inputs that do not fit together."""
        if not isinstance(shapes, list) or not self.fewest <= len(shapes) <= self.most:
            count = len(shapes) if isinstance(shapes, list) else 1
            expected = self.fewest if self.most == self.fewest else f"at least {self.fewest}"
            raise ValueError(f"{self.name}: got {count} inputs, expected {expected}")

    def compute_output_shape(self, input_shape: Any) -> Shape:  # noqa: D102
        self.check(input_shape)
        rank = max(map(len, input_shape))
        padded = [(1,) * (rank - len(shape)) + tuple(shape[1:]) for shape in input_shape]
        sizes: list[Any] = []
        for axis in zip(*padded, strict=True):
            fixed = {n for n in axis if n not in (1, None)}
            if len(fixed) > 1:
                raise ValueError(f"{self.name}: inputs of shapes {input_shape} do not fit together")
            sizes.append(fixed.pop() if fixed else None if None in axis else 1)
        batch = {shape[0] for shape in input_shape} - {None}
        return (batch.pop() if len(batch) == 1 else None, *sizes)

    def combine(self, x: Arrays) -> Array:
        """Return the output of arrays of one rank."""
        raise NotImplementedError

    def spread(self, x: Arrays, y: Array, dy: Array) -> Arrays:
        """Return the gradient of each of the arrays, of the shape of the output."""
        raise NotImplementedError

    neutral: float | None = None  # what stands for masked steps, if they do not count

    def forward(self, x: Any, training: bool, mask: Any) -> Array:  # noqa: D102
        rank = max(each.ndim for each in x)  # an axis after that of the rows, as Keras
        seen = self._seen(x, mask, rank)
        x = [
            each.reshape(each.shape[:1] + (1,) * (rank - each.ndim) + each.shape[1:]) for each in x
        ]
        if seen is not None:
            x = [
                np.where(m, each, each.dtype.type(self.neutral))
                for each, m in zip(x, seen, strict=True)
            ]
        y = self.combine(x)
        self.tape = x, y, seen
        return y if seen is None else self.unseen(y, seen)

    def _seen(self, x: Arrays, mask: Any, rank: int) -> Any:
        """Return what counts of each of the arrays, None if all does."""
        if self.neutral is None or not mask or all(m is None for m in mask):
            return None
        return [
            np.True_
            if m is None or each.ndim < rank  # Keras loses the mask with the new axis
            else m.reshape(m.shape + (1,) * (each.ndim - m.ndim))
            for each, m in zip(x, mask, strict=True)
        ]

    def unseen(self, y: Array, seen: list[Any]) -> Array:
        """Return the output with what it is where all arrays are masked."""
        return y

    def backward(self, dy: Array, need_dx: bool) -> Any:  # noqa: D102
        x, y, seen = self.tape
        spread = self.spread(x, y, dy)
        if seen is not None:
            spread = [g * m for g, m in zip(spread, seen, strict=True)]
        gradients = []
        for each, g in zip(x, spread, strict=True):
            axes = tuple(k for k, n in enumerate(each.shape) if n == 1 and g.shape[k] != 1)
            g = g.sum(axis=axes, keepdims=True) if axes else g
            gradients.append(g.reshape(each.shape))
        return [g.reshape(s) for g, s in zip(gradients, self._shapes(), strict=True)]

    def _shapes(self) -> list[Any]:
        x = self.tape[0]
        return [
            (each.shape[0], *each.shape[1 + each.ndim - len(shape) :])
            for each, shape in zip(x, self.input_shape, strict=True)  # type: ignore[arg-type]
        ]

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        if mask is None or any(m is None for m in _each(x, mask)):
            return None
        return reduce(np.logical_or, mask)


class Add(Merge):
    """Sum of arrays, called on a list of them.

    Examples
    --------
    >>> fusedrnn.layers.Add()([np.ones((1, 2)), np.ones((1, 2))]).tolist()
    [[2.0, 2.0]]
    """

    def combine(self, x: Arrays) -> Array:  # noqa: D102
        y = x[0] + x[1]
        for each in x[2:]:
            y = y + each
        return y

    def spread(self, x: Arrays, y: Array, dy: Array) -> Arrays:  # noqa: D102
        return [dy] * len(x)


class Subtract(Add):
    """The first array less the second, called on a list of the two.

    Examples
    --------
    >>> fusedrnn.layers.Subtract()([np.ones((1, 2)), np.full((1, 2), 3.0)]).tolist()
    [[-2.0, -2.0]]
    """

    fewest = most = 2

    def combine(self, x: Arrays) -> Array:  # noqa: D102
        return np.asarray(x[0] - x[1])

    def spread(self, x: Arrays, y: Array, dy: Array) -> Arrays:  # noqa: D102
        return [dy, -dy]


class Average(Add):
    """Mean of arrays, called on a list of them.

    Examples
    --------
    >>> fusedrnn.layers.Average()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[0.5, 0.5]]
    """

    def combine(self, x: Arrays) -> Array:  # noqa: D102
        return np.asarray(super().combine(x) / x[0].dtype.type(len(x)))

    def spread(self, x: Arrays, y: Array, dy: Array) -> Arrays:  # noqa: D102
        return [dy / dy.dtype.type(len(x))] * len(x)


class Multiply(Merge):
    """Product of arrays, element by element, called on a list of them.

    Of masked steps only where another array's is not.

    Examples
    --------
    >>> fusedrnn.layers.Multiply()([np.full((1, 2), 2.0), np.full((1, 2), 3.0)]).tolist()
    [[6.0, 6.0]]
    """

    neutral = 1.0

    def unseen(self, y: Array, seen: list[Any]) -> Array:  # noqa: D102
        return np.asarray(y * reduce(np.logical_or, seen))

    def combine(self, x: Arrays) -> Array:  # noqa: D102
        y = x[0] * x[1]
        for each in x[2:]:
            y = y * each
        return y

    def spread(self, x: Arrays, y: Array, dy: Array) -> Arrays:  # noqa: D102
        gradients = []
        for k in range(len(x)):
            g = dy
            for j, other in enumerate(x):
                g = g if j == k else g * other
            gradients.append(g)
        return gradients


class Maximum(Merge):
    """Largest element of the steps that are not masked, called on a list of arrays.

    Equal ones share the gradient.

    Examples
    --------
    >>> fusedrnn.layers.Maximum()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[1.0, 1.0]]
    """

    pick: Any = staticmethod(np.maximum)
    neutral = -math.inf

    def _seen(self, x: Arrays, mask: Any, rank: int) -> Any:
        seen = super()._seen(x, mask, rank)
        if seen is not None:  # where all are masked, the first counts
            seen[0] = seen[0] | ~reduce(np.logical_or, seen)
        return seen

    def combine(self, x: Arrays) -> Array:  # noqa: D102
        y = x[0]
        for each in x[1:]:
            y = self.pick(y, each)
        return y

    def spread(self, x: Arrays, y: Array, dy: Array) -> Arrays:  # noqa: D102
        won = [np.equal(each, y) for each in x]
        return [dy * w / sum(w.astype(dy.dtype) for w in won) for w in won]


class Minimum(Maximum):
    """Smallest element of the steps that are not masked, called on a list of arrays.

    Equal ones share the gradient.

    Examples
    --------
    >>> fusedrnn.layers.Minimum()([np.zeros((1, 2)), np.ones((1, 2))]).tolist()
    [[0.0, 0.0]]
    """

    pick: Any = staticmethod(np.minimum)
    neutral = math.inf


class Concatenate(Layer):
    """Arrays one after the other along an axis, called on a list of them.

    Parameters
    ----------
    axis : int
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Called, if other axes differ.

    Examples
    --------
    >>> fusedrnn.layers.Concatenate()([np.zeros((1, 2)), np.ones((1, 1))]).tolist()
    [[0.0, 0.0, 1.0]]
    """

    takes_list = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def compute_output_shape(self, input_shape: Any) -> Shape:  # noqa: D102
        if not isinstance(input_shape, list):
            raise ValueError(f"{self.name}: takes a list of inputs")
        first = list(input_shape[0])
        axis = self.axis % len(first)
        for shape in input_shape[1:]:
            fits = len(shape) == len(first) and all(
                a == b or None in (a, b) or k == axis
                for k, (a, b) in enumerate(zip(shape, first, strict=True))
            )
            if not fits:
                raise ValueError(
                    f"{self.name}: inputs of shapes {input_shape} differ in more than axis {axis}"
                )
        along = [shape[axis] for shape in input_shape]
        first[axis] = None if None in along else sum(along)
        return tuple(first)

    def forward(self, x: Any, training: bool, mask: Any) -> Array:  # noqa: D102
        self.tape = np.cumsum([each.shape[self.axis] for each in x])[:-1]
        return np.concatenate(x, self.axis)

    def backward(self, dy: Array, need_dx: bool) -> Any:  # noqa: D102
        return [np.ascontiguousarray(g) for g in np.split(dy, self.tape, self.axis)]

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        if mask is None or all(m is None for m in _each(x, mask)):
            return None
        kept = [
            np.ones(each.shape, bool)
            if m is None
            else np.broadcast_to(np.reshape(m, m.shape + (1,) * (each.ndim - m.ndim)), each.shape)
            for each, m in zip(x, mask, strict=True)
        ]
        return np.concatenate(kept, self.axis).any(axis=-1)


class Dot(Merge):
    """Sums of products over an axis of each of two arrays, called on a list of them.

    Parameters
    ----------
    axes : int or (int, int)
        Which axes, of both or of each.
    normalize : bool
        Whether to divide by the vectors' lengths, which makes it the cosine.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).tolist()
    [[11.0]]
    """

    fewest = most = 2

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)) or (
            not isinstance(axes, int) and len(axes) != 2
        ):
            raise ValueError(f"{self.name}: axes is {axes!r}, expected an axis or two")
        self.axes, self.normalize = axes, normalize

    def compute_mask(self, x: Any, mask: Any = None) -> None:  # noqa: D102
        return None

    def _axes(self, ranks: tuple[int, int]) -> tuple[int, int]:
        a, b = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        found = a % ranks[0], b % ranks[1]
        if 0 in found:
            raise ValueError(f"{self.name}: axes is {self.axes}, but axis 0 is that of the rows")
        return found

    def compute_output_shape(self, input_shape: Any) -> Shape:  # noqa: D102
        self.check(input_shape)
        first, second = (list(shape) for shape in input_shape)
        a, b = self._axes((len(first), len(second)))
        if first[a] != second[b] and None not in (first[a], second[b]):
            raise ValueError(
                f"{self.name}: axes {self.axes} have {first[a]} and {second[b]} elements"
            )
        shape = [n for k, n in enumerate(first) if k != a]
        shape += [n for k, n in enumerate(second) if k not in (0, b)]
        return tuple(shape) if len(shape) > 1 else (shape[0], 1)

    def forward(self, x: Any, training: bool, mask: Any) -> Array:  # noqa: D102
        a, b = self._axes((x[0].ndim, x[1].ndim))
        # The summed axis last, the others in one: matrices (N, P, K) and (N, Q, K).
        moved = [np.moveaxis(each, axis, -1) for each, axis in zip(x, (a, b), strict=True)]
        flat = [each.reshape(len(each), -1, each.shape[-1]) for each in moved]
        scales = None
        if self.normalize:
            squares = [np.sum(np.square(each), -1, keepdims=True) for each in flat]
            scales = [1 / np.sqrt(np.maximum(each, each.dtype.type(1e-12))) for each in squares]
            flat = [each * scale for each, scale in zip(flat, scales, strict=True)]
        y = flat[0] @ flat[1].swapaxes(1, 2)
        self.tape = flat, scales, [each.shape for each in moved], (a, b)
        shape = (*moved[0].shape[:-1], *moved[1].shape[1:-1])
        return np.ascontiguousarray(y.reshape(shape if len(shape) > 1 else (len(y), 1)))

    def backward(self, dy: Array, need_dx: bool) -> Any:  # noqa: D102
        flat, scales, shapes, axes = self.tape
        dy = dy.reshape(len(dy), flat[0].shape[1], flat[1].shape[1])
        gradients = [dy @ flat[1], dy.swapaxes(1, 2) @ flat[0]]
        if scales is not None:  # through the norm: what is along the vector does not count
            gradients = [
                (g - v * np.sum(g * v, -1, keepdims=True)) * scale
                for g, v, scale in zip(gradients, flat, scales, strict=True)
            ]
        return [
            np.ascontiguousarray(np.moveaxis(g.reshape(shape), -1, axis))
            for g, shape, axis in zip(gradients, shapes, axes, strict=True)
        ]


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the output of an :class:`Add` layer.

    Parameters
    ----------
    inputs : list of tensors or arrays
    **kwargs
        Those of the layer.
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the output of a :class:`Subtract` layer.

    Parameters
    ----------
    inputs, **kwargs
        As of :func:`add`.
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the output of a :class:`Multiply` layer.

    Parameters
    ----------
    inputs, **kwargs
        As of :func:`add`.
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the output of an :class:`Average` layer.

    Parameters
    ----------
    inputs, **kwargs
        As of :func:`add`.
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the output of a :class:`Maximum` layer.

    Parameters
    ----------
    inputs, **kwargs
        As of :func:`add`.
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return the output of a :class:`Minimum` layer.

    Parameters
    ----------
    inputs, **kwargs
        As of :func:`add`.
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Return the output of a :class:`Concatenate` layer.

    Parameters
    ----------
    inputs, axis, **kwargs
        As of :func:`add` and of the layer.
    """
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: Any = -1, **kwargs: Any) -> Any:
    """Return the output of a :class:`Dot` layer.

    Parameters
    ----------
    inputs, axes, **kwargs
        As of :func:`add` and of the layer.
    """
    return Dot(axes, **kwargs)(inputs)


def merge(
    inputs: Sequence[Any], mode: str = "sum", concat_axis: int = -1, dot_axes: Any = -1,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Return the output of the layer that Keras 1 knew by its ``mode``.

    Parameters
    ----------
    inputs : list of tensors or arrays
    mode : {"sum", "mul", "ave", "max", "concat", "dot", "cos"}
    concat_axis : int
        Of "concat".
    dot_axes : int or (int, int)
        Of "dot" and "cos".
    **kwargs
        Those of the layer.
    """
    layers: dict[str, Callable[..., Any]] = {
        "sum": add,
        "mul": multiply,
        "ave": average,
        "max": maximum,
        "concat": partial(concatenate, axis=concat_axis),
        "dot": partial(dot, axes=dot_axes),
        "cos": partial(dot, axes=dot_axes, normalize=True),
    }
    if mode not in layers:
        raise ValueError(f"merge: mode is {mode!r}, expected one of {', '.join(layers)}")
    return layers[mode](inputs, **kwargs)


vars(merge).update(  # Keras 2 had a module of this name
    add=add, average=average, concatenate=concatenate, dot=dot, maximum=maximum, minimum=minimum,
    multiply=multiply, subtract=subtract,
)  # fmt: skip
