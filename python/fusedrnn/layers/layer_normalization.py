"""LayerNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import constraints, initializers, regularizers
from ..backend import Array
from ..checks import number
from .layer import Layer, Shape


class LayerNormalization(Layer):
    """Brings the last axis of every sample to mean 0 and variance 1 (Ba et al., 2016)."""

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
        self.axis, self.epsilon, self.center, self.scale = axis, epsilon, center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        axis = self.axis[0] if isinstance(self.axis, (list, tuple)) else self.axis
        if axis not in (-1, len(input_shape) - 1):
            raise ValueError(f"{self.name}: axis is {self.axis}, expected the last one, -1")
        shape = (input_shape[-1],)
        self.gamma = (
            self.add_weight(
                "gamma",
                shape,
                self.gamma_initializer,
                self.gamma_regularizer,
                self.gamma_constraint,
            )
            if self.scale
            else None
        )
        self.beta = (
            self.add_weight(
                "beta", shape, self.beta_initializer, self.beta_regularizer, self.beta_constraint
            )
            if self.center
            else None
        )

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        centred = x - x.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(
            (centred * centred).mean(axis=-1, keepdims=True) + x.dtype.type(self.epsilon)
        )
        y = normal = centred * inverse
        self.tape = (normal, inverse)
        if self.gamma is not None:
            y = y * self.gamma.value
        return y if self.beta is None else y + self.beta.value

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        normal, inverse = self.tape
        axes = tuple(range(dy.ndim - 1))
        if self.beta is not None:
            self.beta.grad[...] = dy.sum(axis=axes)
        if self.gamma is not None:
            self.gamma.grad[...] = (dy * normal).sum(axis=axes)
            dy = dy * self.gamma.value
        if not need_dx:
            return None
        return inverse * (
            dy
            - dy.mean(axis=-1, keepdims=True)
            - normal * (dy * normal).mean(axis=-1, keepdims=True)
        )
