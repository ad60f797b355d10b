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
    """Adds steps of zeros: ``padding`` of them before and after, or a pair of numbers."""

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
    """Drops steps: ``cropping`` of them at each end, or a pair of numbers."""

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
    """Repeats every step ``size`` times."""

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
