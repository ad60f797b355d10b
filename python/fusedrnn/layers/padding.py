"""Layers that add, drop or repeat steps: ZeroPadding1D, Cropping1D, UpSampling1D."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from .layer import Layer, Shape
from .window import OverSteps


def _ends(name: str, argument: str, value: Any) -> tuple[int, int]:
    """Return numbers of steps before and after."""
    both = tuple(value) if isinstance(value, (list, tuple)) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{name}: {argument} is {value!r}, expected a number or two")
    return whole(name, argument, both[0], 0), whole(name, argument, both[1], 0)


class ZeroPadding1D(OverSteps):
    """Adds steps of zeros: (N, T, I) to (N, before + T + after, I).

    Parameters
    ----------
    padding : int or (int, int)
        How many before and after, or both.
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.ZeroPadding1D((2, 0))(np.zeros((5, 4, 3))).shape
    (5, 6, 3)
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.padding = _ends(self.name, "padding", padding)

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, T, I = input_shape
        return (N, None if T is None else T + sum(self.padding), I)

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return np.pad(x, ((0, 0), self.padding, (0, 0)))

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        before, after = self.padding
        return dy[:, before : dy.shape[1] - after]


class Cropping1D(Layer):
    """Drops steps: (N, T, I) to (N, T - first - last, I).

    Parameters
    ----------
    cropping : int or (int, int)
        How many at each end, or at both.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]])).tolist()
    [[[2.0], [3.0]]]
    """

    supports_masking = False
    input_rank = 3

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = _ends(self.name, "cropping", cropping)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, T, I = input_shape
        if T is not None and sum(self.cropping) >= T:
            raise ValueError(f"{self.name}: cropping is {self.cropping}, of an input of {T} steps")
        return (N, None if T is None else T - sum(self.cropping), I)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.compute_output_shape(x.shape)
        before, after = self.cropping
        return np.ascontiguousarray(x[:, before : x.shape[1] - after])

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return np.pad(dy, ((0, 0), self.cropping, (0, 0)))


class UpSampling1D(Layer):
    """Repeats every step: (N, T, I) to (N, size T, I).

    Parameters
    ----------
    size : int
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.UpSampling1D(2)(np.array([[[1.0], [2.0]]])).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """

    supports_masking = False
    input_rank = 3

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = whole(self.name, "size", size)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, T, I = input_shape
        return (N, None if T is None else T * self.size, I)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return np.repeat(x, self.size, axis=1)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        N, T, I = dy.shape
        return dy.reshape(N, T // self.size, self.size, I).sum(axis=2)
