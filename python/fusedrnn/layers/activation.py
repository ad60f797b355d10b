"""Activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, legacy
from .._types import Array
from ..checks import number
from .layer import Layer


class Activation(Layer):
    """Applies an activation function."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        y = self.activation(x)
        self.tape = (x, y)
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return self.activation.gradient(dy, *self.tape)


class LeakyReLU(Layer):
    """``x`` where positive, else ``negative_slope * x``."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = legacy.argument("LeakyReLU.negative_slope", negative_slope, kwargs)
        super().__init__(**kwargs)
        self.negative_slope = number(self.name, "negative_slope", negative_slope, 0)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.negative_slope))
        return x * self.tape

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy * self.tape
