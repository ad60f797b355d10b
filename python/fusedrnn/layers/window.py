"""Windows that slide over the steps of a sequence: what convolution and pooling share."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole


def one(name: str, argument: str, value: Any) -> tuple[int]:
    """Return a whole number, given alone or in a list as Keras writes it, as Keras keeps it."""
    if isinstance(value, (list, tuple)) and len(value) == 1:
        value = value[0]
    return (whole(name, argument, value),)


def channels_last(name: str, data_format: str | None) -> str:
    """Return the one order of axes that there is: rows, steps, features."""
    if data_format not in (None, "channels_last"):
        raise ValueError(f"{name}: data_format is {data_format!r}, expected 'channels_last'")
    return "channels_last"


def padding_named(name: str, padding: str, *known: str) -> str:
    """Return a kind of padding in lower case."""
    if not isinstance(padding, str) or padding.lower() not in known:
        raise ValueError(f"{name}: padding is {padding!r}, expected one of {', '.join(known)}")
    return padding.lower()


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
