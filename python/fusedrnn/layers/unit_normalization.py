"""UnitNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from .layer import Layer, Shape


class UnitNormalization(Layer):
    """Divides by the Euclidean norm over an axis or several.

    Parameters
    ----------
    axis : int or tuple of int
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> print(fusedrnn.layers.UnitNormalization()(np.array([[3.0, 4.0]])).round(3))
    [[0.6 0.8]]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        axes = axis if isinstance(axis, (list, tuple)) else [axis]
        self._axes = tuple(whole(self.name, "axis", each, -32) for each in axes)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        rank = len(input_shape)
        if not all(-rank <= axis < rank for axis in self._axes):
            raise ValueError(f"{self.name}: axis is {self.axis}, but the input has {rank} axes")
        return input_shape

    def _sum(self, x: Array) -> Array:
        total: Array = x.sum(axis=self._axes, keepdims=True)
        return total

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        inverse = 1 / np.maximum(np.sqrt(self._sum(x * x)), x.dtype.type(1e-12))
        y = x * inverse
        self.tape = y, inverse
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        y, inverse = self.tape
        return (dy - y * self._sum(dy * y)) * inverse
