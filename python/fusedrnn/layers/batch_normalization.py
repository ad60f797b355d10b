"""BatchNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import initializers
from .._types import Array
from ..checks import number
from .layer import Shape
from .layer_normalization import Normalization


class BatchNormalization(Normalization):
    """Brings every feature to mean 0 and variance 1 over the batch (Ioffe and Szegedy, 2015).

    ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, in the input's shape. Prediction, and
    training with ``trainable=False``, uses the moving averages of mean and variance that training
    gathers. Masked steps do not count.

    Parameters
    ----------
    axis : int
        The axis of the features.
    momentum : float
        How much of a moving average stays at a step.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there are ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer
    moving_mean_initializer, moving_variance_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or Constraint, optional
    renorm, renorm_clipping, renorm_momentum, synchronized
        Not supported but by their defaults.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    NotImplementedError
        Of ``renorm``.
    ValueError
        Of ``synchronized``, or an argument out of its range; called, if there is no such axis.

    Examples
    --------
    >>> layer = fusedrnn.layers.BatchNormalization()
    >>> print(layer(np.array([[1.0, 5.0], [3.0, 9.0]]), training=True).round(2))
    [[-1. -1.]
     [ 1.  1.]]
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
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        if renorm or renorm_clipping:
            raise NotImplementedError(
                "BatchNormalization: renorm (batch renormalization) is not built yet"
            )
        if synchronized:
            raise ValueError(
                "BatchNormalization: synchronized is True, but there are no replicas here"
            )
        self.renorm, self.renorm_clipping, self.renorm_momentum = False, None, renorm_momentum
        self.synchronized = False
        super().__init__(
            axis=axis,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.momentum = number(self.name, "momentum", momentum, 0, 1)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        super().build_weights(input_shape)
        shape = self.sizes(input_shape)
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer
        )
        self.moving_mean.frozen = self.moving_variance.frozen = True

    def normalized(self, rows: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        x, axes = rows, tuple(range(rows.ndim - 1))
        weight: Any = None
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training is True and self.trainable:
            weight = np.full((*x.shape[:-1], 1), x.shape[-1] / x.size, x.dtype)
            if mask is not None:
                weight = (mask / np.maximum(mask.sum(axis=axes), 1)).astype(x.dtype)
            now = (weight * x).sum(axis=axes)
            spread = (weight * (x - now) ** 2).sum(axis=axes)
            keep = self.momentum
            mean[...] = keep * mean + (1 - keep) * now
            variance[...] = keep * variance + (1 - keep) * spread
            mean, variance = now, spread
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normal = (x - mean) * inverse
        self.tape = (normal, inverse, weight)
        return np.asarray(normal)

    def unnormalized(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        if not need_dx:
            return None
        normal, inverse, weight = self.tape
        axes = tuple(range(dy.ndim - 1))
        if weight is None:
            return dy * inverse
        return inverse * (dy - weight * (dy.sum(axis=axes) + normal * (dy * normal).sum(axis=axes)))
