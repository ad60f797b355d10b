"""What layers over the steps of a sequence share: the order of the axes, and windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from .layer import Layer, Shape


def one(name: str, argument: str, value: Any) -> tuple[int]:
    """Return a whole number, given alone or in a list as Keras writes it, as Keras keeps it."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return (whole(name, argument, value),)


def order_of_axes(name: str, data_format: str | None) -> str:
    """Return where the features are: in the last axis by default, or in the second."""
    known = "channels_last", "channels_first"
    found = "channels_last" if data_format is None else str(data_format).lower()
    if found not in known:
        raise ValueError(f"{name}: data_format is {data_format!r}, expected one of {known}")
    return found


def padding_named(name: str, padding: str, *known: str) -> str:
    """Return a kind of padding in lower case."""
    if not isinstance(padding, str) or padding.lower() not in known:
        raise ValueError(f"{name}: padding is {padding!r}, expected one of {', '.join(known)}")
    return padding.lower()


class OverSteps(Layer):
    """Base of layers over the steps of (N, T, I), or of (N, I, T) with "channels_first".

    A subclass has the methods on steps: all of them see and return (N, T, I).
    """

    supports_masking = False
    input_rank = 3

    def __init__(self, *, data_format: str | None, **settings: Any) -> None:
        super().__init__(**settings)
        self.data_format = order_of_axes(self.name, data_format)

    def build_steps(self, input_shape: Shape) -> None:
        """Create the variables."""

    def shape_of_steps(self, input_shape: Shape) -> Shape:
        """Return the shape of the output."""
        raise NotImplementedError

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:
        """Return the output, as ``forward`` does."""
        raise NotImplementedError

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:
        """Return the gradient of the input, as ``backward`` does."""
        raise NotImplementedError

    def _turned(self, x: Array) -> Array:
        """Return steps and features in the other order, if that is not theirs already."""
        if self.data_format == "channels_last" or x.ndim < 3:
            return x
        return np.ascontiguousarray(x.swapaxes(1, 2))

    def _turned_shape(self, shape: Shape) -> Shape:
        if self.data_format == "channels_last" or len(shape) < 3:
            return shape
        return shape[0], shape[2], shape[1]

    def fits(self, shape: Shape) -> bool:  # noqa: D102
        features = -1 if self.data_format == "channels_last" else 1
        return not self.variables or shape[features] == self.input_shape[features]  # type: ignore[index]

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        self.build_steps(self._turned_shape(input_shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return self._turned_shape(self.shape_of_steps(self._turned_shape(input_shape)))

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return self._turned(self.forward_steps(self._turned(x), training, mask))

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        dx = self.backward_steps(self._turned(dy), need_dx)
        return None if dx is None else self._turned(dx)


class Window:
    """``size`` steps, ``dilation`` apart, that move by ``stride``."""

    def __init__(self, name: str, size: int, stride: int, padding: str, dilation: int = 1) -> None:
        self.name, self.size, self.stride, self.dilation = name, size, stride, dilation
        self.padding, self.span = padding, (size - 1) * dilation + 1

    def margins(self, steps: int) -> tuple[int, int]:
        """Return how many steps go before and after ``steps`` of them."""
        if self.padding == "valid":
            return 0, 0
        if self.padding == "causal":
            return self.span - 1, 0
        last = (-(-steps // self.stride) - 1) * self.stride
        missing = max(last + self.span - steps, 0)
        return missing // 2, missing - missing // 2

    def count(self, steps: int | None) -> int | None:
        """Return how many windows there are."""
        if steps is None:
            return None
        count = (steps + sum(self.margins(steps)) - self.span) // self.stride + 1
        if count <= 0:
            raise ValueError(
                f"{self.name}: input has {steps} steps, fewer than a window of {self.span}"
            )
        return count

    def padded(self, x: Array, value: float = 0) -> Array:
        """Return (N, T, I) with the margins."""
        margins = self.margins(x.shape[1])
        return np.pad(x, ((0, 0), margins, (0, 0)), constant_values=value) if any(margins) else x

    def of(self, x: Array) -> Array:
        """Return the windows of a padded array as a view, (N, windows, size, I)."""
        N, T, I = x.shape
        rows, steps, features = x.strides
        count = (T - self.span) // self.stride + 1
        return np.lib.stride_tricks.as_strided(
            x,
            (N, count, self.size, I),
            (rows, steps * self.stride, steps * self.dilation, features),
            writeable=False,
        )

    def step(self, x: Array, k: int, count: int) -> Array:
        """Return step ``k`` of every window of a padded array as a view, (N, windows, I)."""
        first = k * self.dilation
        return x[:, first : first + (count - 1) * self.stride + 1 : self.stride]

    def inside(self, x: Array, steps: int) -> Array:
        """Return a padded array without the margins."""
        before = self.margins(steps)[0]
        return x[:, before : before + steps]
