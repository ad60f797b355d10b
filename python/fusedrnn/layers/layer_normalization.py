"""LayerNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import number
from .layer import Layer, Shape


class Normalization(Layer):
    """Base of the layers that bring to mean 0 and variance 1, then scale by gamma and add beta."""

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        number(self.name, "epsilon", epsilon, 0)
        axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
        self.axis, self.epsilon, self.center, self.scale = axis, epsilon, center, scale
        self.take_parts(locals(), "beta", "gamma")

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        if self.axis not in (-1, len(input_shape) - 1):
            raise ValueError(f"{self.name}: axis is {self.axis}, expected the last one, -1")
        shape = (input_shape[-1],)
        self.gamma = self.add_part("gamma", shape, wanted=self.scale)
        self.beta = self.add_part("beta", shape, wanted=self.center)

    def scaled(self, normal: Array) -> Array:
        """Return gamma times the normalized input, plus beta."""
        y = normal if self.gamma is None else normal * self.gamma.value
        return y if self.beta is None else y + self.beta.value

    def unscaled(self, dy: Array, normal: Array) -> Array:
        """Write the gradients of gamma and beta; return that of the normalized input."""
        axes = tuple(range(dy.ndim - 1))
        if self.beta is not None:
            self.beta.grad[...] = dy.sum(axis=axes)
        if self.gamma is None:
            return dy
        self.gamma.grad[...] = (dy * normal).sum(axis=axes)
        return dy * self.gamma.value


class LayerNormalization(Normalization):
    """Brings the last axis of every sample to mean 0 and variance 1 (Ba et al., 2016)."""

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        centred = x - x.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(
            (centred * centred).mean(axis=-1, keepdims=True) + x.dtype.type(self.epsilon)
        )
        normal = centred * inverse
        self.tape = (normal, inverse)
        return self.scaled(normal)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        normal, inverse = self.tape
        dy = self.unscaled(dy, normal)
        if not need_dx:
            return None
        return inverse * (
            dy
            - dy.mean(axis=-1, keepdims=True)
            - normal * (dy * normal).mean(axis=-1, keepdims=True)
        )
