"""Activation."""

from __future__ import annotations

from typing import Any

from .. import activations
from ..backend import Array
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
