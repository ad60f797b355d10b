"""BatchNormalization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import constraints, initializers, regularizers
from ..backend import Array
from ..checks import number
from .layer import Layer, Shape


class BatchNormalization(Layer):
    """Brings every feature to mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015).

    Prediction, and training with ``trainable=False``, uses the moving averages of mean and variance
    that training gathers. Masked steps do not count.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        number(self.name, "momentum", momentum, 0, 1)
        number(self.name, "epsilon", epsilon, 0)
        axis = axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis
        self.axis, self.momentum, self.epsilon = axis, momentum, epsilon
        self.center, self.scale = center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        if self.axis not in (-1, len(input_shape) - 1):
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
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer
        )
        self.moving_mean.frozen = self.moving_variance.frozen = True

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        weight: Any = None
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training and self.trainable:
            weight = np.full((*x.shape[:-1], 1), x.shape[-1] / x.size, x.dtype)
            if mask is not None:
                weight = (mask / mask.sum()).astype(x.dtype)[..., None]
            axes = tuple(range(x.ndim - 1))
            now = (weight * x).sum(axis=axes)
            spread = (weight * (x - now) ** 2).sum(axis=axes)
            keep = self.momentum
            mean[...] = keep * mean + (1 - keep) * now
            variance[...] = keep * variance + (1 - keep) * spread
            mean, variance = now, spread
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        y = normal = (x - mean) * inverse
        self.tape = (normal, inverse, weight)
        if self.gamma is not None:
            y = y * self.gamma.value
        return y if self.beta is None else y + self.beta.value

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        normal, inverse, weight = self.tape
        axes = tuple(range(dy.ndim - 1))
        if self.beta is not None:
            self.beta.grad[...] = dy.sum(axis=axes)
        if self.gamma is not None:
            self.gamma.grad[...] = (dy * normal).sum(axis=axes)
            dy = dy * self.gamma.value
        if not need_dx:
            return None
        if weight is None:
            return dy * inverse
        return inverse * (dy - weight * (dy.sum(axis=axes) + normal * (dy * normal).sum(axis=axes)))

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> BatchNormalization:
        """Build the layer that ``get_config``, or Keras's, described."""
        left_out = () if config.get("renorm") else ("renorm_momentum",)  # no renorm, no momentum
        return super().from_config({k: v for k, v in config.items() if k not in left_out})
