"""GaussianNoise, GaussianDropout, ActivityRegularization."""

from __future__ import annotations

import math
from typing import Any

from .. import regularizers
from .._state import random_generator
from .._types import Array
from ..checks import number
from .dropout import seeded
from .layer import Layer


class GaussianNoise(Layer):
    """Adds normal noise while training.

    Parameters
    ----------
    stddev : float
        Its standard deviation.
    seed : int, optional
        As of :class:`Dropout`.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> layer = fusedrnn.layers.GaussianNoise(0.1, seed=1)
    >>> print(layer(np.ones((1, 3)), training=True).round(3))
    [[1.173 0.857 1.103]]
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = number(self.name, "stddev", stddev, 0, 1)
        self.seed, self.rng = seed, seeded(self.name, seed)

    def noise(self, x: Array, stddev: float) -> Array:
        """Draw the noise for an array."""
        drawn = (self.rng or random_generator()).standard_normal(x.shape, x.dtype.type)
        return drawn * x.dtype.type(stddev)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return x + self.noise(x, self.stddev) if training is True and self.stddev else x

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy


class GaussianDropout(GaussianNoise):
    """Multiplies by normal noise of mean 1 while training (Srivastava et al., 2014).

    Its standard deviation is that of :class:`Dropout`, ``sqrt(rate / (1 - rate))``.

    Parameters
    ----------
    rate : float
    seed : int, optional
        As of :class:`Dropout`.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> layer = fusedrnn.layers.GaussianDropout(0.1, seed=1)
    >>> print(layer(np.ones((1, 3)), training=True).round(3))
    [[1.576 0.524 1.343]]
    """

    not_in_config = ("stddev",)

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(0.0, seed, **kwargs)
        self.rate = number(self.name, "rate", rate, 0, 1)
        if rate == 1:
            raise ValueError(f"{self.name}: rate is 1, expected less: the noise has no bound")

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = None
        if training is not True or not self.rate:
            return x
        self.tape = 1 + self.noise(x, math.sqrt(self.rate / (1 - self.rate)))
        return x * self.tape

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy if self.tape is None else dy * self.tape


class ActivityRegularization(Layer):
    """Adds a penalty on its input to the loss and gives it on as it is.

    Parameters
    ----------
    l1, l2 : float
        Factors of the sums of absolute values and of squares; see
        :class:`fusedrnn.regularizers.L1L2`.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> layer = fusedrnn.layers.ActivityRegularization(l1=0.1)
    >>> y = layer(np.array([[1.0, -2.0]]))
    >>> [round(float(penalty), 3) for penalty in layer.losses]
    [0.3]
    """

    not_in_config = ("activity_regularizer",)

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)
        self.l1, self.l2 = l1, l2

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return x

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy
