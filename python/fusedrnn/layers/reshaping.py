"""Layers that only move numbers: Flatten, Reshape, RepeatVector, Permute."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from .layer import Layer, Shape
from .window import order_of_axes


class Reshape(Layer):
    r"""Gives a sample the shape ``target_shape``: (N, ...) to (N, \*target_shape).

    Parameters
    ----------
    target_shape : tuple of int
        One size may be -1.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If two sizes are -1; called, if the sample has another number of elements.

    Examples
    --------
    >>> fusedrnn.layers.Reshape((-1, 2))(np.zeros((5, 6))).shape
    (5, 3, 2)
    """

    supports_masking = False

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = target_shape if isinstance(target_shape, (tuple, list)) else (target_shape,)
        self.target_shape = tuple(whole(self.name, "target_shape", s, -1) for s in sizes)
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"{self.name}: target_shape {self.target_shape} has more than one -1")

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        sizes, target = input_shape[1:], self.target_shape
        if None in sizes:
            return (input_shape[0], *(None if s == -1 else s for s in target))
        total, known = math.prod(sizes), math.prod(s for s in target if s != -1)
        if total % known if -1 in target else total != known:
            raise ValueError(f"{self.name}: cannot reshape {sizes} to {target}")
        return (input_shape[0], *(total // known if s == -1 else s for s in target))

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = x.shape
        return x.reshape(len(x), *self.target_shape)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy.reshape(self.tape)


class Flatten(Reshape):
    """Makes one vector of every sample: (N, ...) to (N, F).

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.Flatten()(np.zeros((5, 3, 2))).shape
    (5, 6)
    """

    not_in_config = ("target_shape",)

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__((-1,), **kwargs)
        self.data_format = order_of_axes(self.name, data_format)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        if self.data_format == "channels_first":
            x = np.moveaxis(x, 1, -1)
        return super().forward(x, training, mask)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        dx = dy.reshape(self.tape)
        return np.moveaxis(dx, -1, 1) if self.data_format == "channels_first" else dx


class RepeatVector(Layer):
    """Repeats a vector: (N, F) to (N, n, F).

    Parameters
    ----------
    n : int
        How often.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.RepeatVector(3)(np.zeros((5, 2))).shape
    (5, 3, 2)
    """

    supports_masking = False
    input_rank = 2

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = whole(self.name, "n", n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (input_shape[0], self.n, input_shape[1])

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return np.repeat(x[:, None], self.n, axis=1)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy.sum(axis=1) if need_dx else None


class Permute(Layer):
    """Puts the axes of a sample in another order.

    Parameters
    ----------
    dims : tuple of int
        The order; axes are counted from 1, that of the rows is 0 and stays.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If it is no permutation.

    Examples
    --------
    >>> fusedrnn.layers.Permute((2, 1))(np.zeros((5, 3, 2))).shape
    (5, 2, 3)
    """

    supports_masking = False

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        dims = dims if isinstance(dims, (tuple, list)) else (dims,)
        self.dims = tuple(whole(self.name, "dims", d) for d in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"{self.name}: dims {self.dims} is not a permutation of 1 to {len(self.dims)}"
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (input_shape[0], *(input_shape[d] for d in self.dims))

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return np.ascontiguousarray(x.transpose(0, *self.dims))

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return np.ascontiguousarray(dy.transpose(np.argsort((0, *self.dims))))
