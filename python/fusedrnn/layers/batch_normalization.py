"""BatchNormalization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import initializers
from .._types import Array
from ..checks import flag, number
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
    renorm : bool
        Whether training uses moving averages too: batch renormalization (Ioffe, 2017), ``r`` times
        what is normalized by the batch plus ``d``, which brings it to where the averages would.
    renorm_clipping : dict, optional
        Bounds "rmin" and "rmax" of ``r``, and "dmax" of the size of ``d``; without, there are none.
    renorm_momentum : float
        ``momentum`` of the averages for training.
    synchronized
        Not supported but by its default.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
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
        if synchronized:
            raise ValueError(
                "BatchNormalization: synchronized is True, but there are no replicas here"
            )
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
        self.renorm, self.synchronized = flag(self.name, "renorm", renorm), False
        self.renorm_clipping = _bounds(renorm_clipping or {}) if renorm else renorm_clipping
        self.renorm_momentum = number(self.name, "renorm_momentum", renorm_momentum, 0, 1)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        super().build_weights(input_shape)
        shape = self.sizes(input_shape)
        self.moving_mean = self.add_weight("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self.add_weight(
            "moving_variance", shape, self.moving_variance_initializer
        )
        averages = [self.moving_mean, self.moving_variance]
        if self.renorm:  # with the deviation, as the paper has it

            def deviation(shape: Shape, dtype: Any = None) -> Array:
                return np.sqrt(self.moving_variance.value)

            self.moving_stddev = self.add_weight("moving_stddev", shape, deviation)
            self.renorm_mean = self.add_weight("renorm_mean", shape, self.moving_mean_initializer)
            self.renorm_stddev = self.add_weight("renorm_stddev", shape, deviation)
            averages += [self.moving_stddev, self.renorm_mean, self.renorm_stddev]
        for each in averages:
            each.frozen = True

    def normalized(self, rows: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        x, axes = rows, tuple(range(rows.ndim - 1))
        weight, r, d = None, None, None
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training is True and self.trainable:
            weight = np.full((*x.shape[:-1], 1), x.shape[-1] / x.size, x.dtype)
            if mask is not None:
                weight = (mask / np.maximum(mask.sum(axis=axes), 1)).astype(x.dtype)
            now = (weight * x).sum(axis=axes)
            spread = (weight * (x - now) ** 2).sum(axis=axes)
            if self.renorm:
                r, d = self._correction(now, np.sqrt(spread + x.dtype.type(self.epsilon)))
            else:
                _follow(variance, spread, self.momentum)
            _follow(mean, now, self.momentum)
            mean, variance = now, spread
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normal = (x - mean) * inverse
        y = normal if r is None else normal * r + d
        self.tape = (y, normal, inverse, weight, r)
        return np.asarray(y)

    def _correction(self, mean: Array, deviation: Array) -> tuple[Array, Array]:
        """Return `r` and `d` of a batch, and have the averages follow it."""
        epsilon = mean.dtype.type(self.epsilon)
        own = np.maximum(self.renorm_stddev.value, np.sqrt(epsilon))
        r, d = deviation / own, (mean - self.renorm_mean.value) / own
        bounds = self.renorm_clipping or {}
        rmin, rmax, dmax = (bounds.get(key) for key in ("rmin", "rmax", "dmax"))
        r = r if rmin is None else np.maximum(r, rmin)
        r = r if rmax is None else np.minimum(r, rmax)
        d = d if dmax is None else np.clip(d, -dmax, dmax)
        _follow(self.renorm_mean.value, mean, self.renorm_momentum)
        _follow(self.renorm_stddev.value, deviation, self.renorm_momentum)
        moving = self.moving_stddev.value
        _follow(moving, deviation, self.momentum)
        self.moving_variance.value[...] = np.maximum(moving * moving - epsilon, 0)
        return r, d

    def unnormalized(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        if not need_dx:
            return None
        _, normal, inverse, weight, r = self.tape
        axes = tuple(range(dy.ndim - 1))
        if r is not None:  # which does not count as depending on the batch
            dy = dy * r
        if weight is None:
            return dy * inverse
        return inverse * (dy - weight * (dy.sum(axis=axes) + normal * (dy * normal).sum(axis=axes)))


def _follow(average: Array, now: Array, keep: float) -> None:
    """Have a moving average take in a batch's value."""
    average[...] = keep * average + (1 - keep) * now


def _bounds(clipping: Mapping[str, float]) -> dict[str, Any]:
    """Return the bounds of a renormalization; ValueError if they are none."""
    where, known = "BatchNormalization: renorm_clipping", ("rmin", "rmax", "dmax")
    if set(clipping) - set(known):
        raise ValueError(f"{where}: Received invalid keys: {clipping}, expected some of {known}")
    rmin, rmax, dmax = (
        number(where, key, clipping[key]) if clipping.get(key) is not None else None
        for key in known
    )
    if rmin is not None and rmax is not None and rmax < rmin:
        raise ValueError(f"{where}: rmax should be greater than rmin, got {clipping}")
    if dmax is not None and dmax < 0:
        raise ValueError(f"{where}: dmax should be non-negative, got {clipping}")
    return dict(clipping)
