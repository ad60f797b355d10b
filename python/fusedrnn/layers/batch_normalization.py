"""BatchNormalization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import initializers
from .._types import Array
from ..checks import number
from .layer import Shape
from .layer_normalization import Normalization


class BatchNormalization(Normalization):
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
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis=axis,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            **kwargs,
        )
        self.momentum = number(self.name, "momentum", momentum, 0, 1)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        super().build_weights(input_shape)
        shape = (input_shape[-1],)
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer
        )
        self.moving_mean.frozen = self.moving_variance.frozen = True

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        weight: Any = None
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training is True and self.trainable:
            weight = np.full((*x.shape[:-1], 1), x.shape[-1] / x.size, x.dtype)
            if mask is not None:
                weight = (mask / max(mask.sum(), 1)).astype(x.dtype)[..., None]
            axes = tuple(range(x.ndim - 1))
            now = (weight * x).sum(axis=axes)
            spread = (weight * (x - now) ** 2).sum(axis=axes)
            keep = self.momentum
            mean[...] = keep * mean + (1 - keep) * now
            variance[...] = keep * variance + (1 - keep) * spread
            mean, variance = now, spread
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normal = (x - mean) * inverse
        self.tape = (normal, inverse, weight)
        return self.scaled(normal)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        normal, inverse, weight = self.tape
        axes = tuple(range(dy.ndim - 1))
        dy = self.unscaled(dy, normal)
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
