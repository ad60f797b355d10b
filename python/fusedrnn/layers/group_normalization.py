"""GroupNormalization and RMSNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..checks import number
from .taped import Taped


class GroupNormalization(Taped):
    """Brings groups of the features of every sample to mean 0 and variance 1 (Wu and He, 2018).

    Parameters
    ----------
    groups : int
        How many; -1 makes every feature a group, over the steps: instance normalization.
    axis : int
        That of the features.
    epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, **kwargs
        As of :class:`LayerNormalization`, as are the others.

    Raises
    ------
    ValueError
        Called, if the number of features is no multiple of that of the groups.

    Examples
    --------
    >>> layer = fusedrnn.layers.GroupNormalization(groups=2)
    >>> print(layer(np.array([[1.0, 3.0, 10.0, 20.0]])).round(2))
    [[-1.  1. -1.  1.]]
    """

    supports_masking = True

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise ValueError(f"{self.name}: groups is {groups!r}, expected at least 1, or -1")
        self.groups, self.axis, self.center, self.scale = groups, axis, center, scale
        self.epsilon = number(self.name, "epsilon", epsilon, 0)
        self.take_parts(locals(), "beta", "gamma")

    def build(self, input_shape: Any) -> None:  # noqa: D102
        size = input_shape[self.axis]
        if size is None:
            raise ValueError(f"{self.name}: axis {self.axis} of {input_shape} has no fixed size")
        self.groups = size if self.groups == -1 else self.groups
        if size % self.groups:
            raise ValueError(
                f"{self.name}: groups is {self.groups}, expected a divisor of the {size} features"
            )
        self.gamma = self.add_part("gamma", (size,), wanted=self.scale)
        self.beta = self.add_part("beta", (size,), wanted=self.center)

    def call(self, x: Any) -> Any:  # noqa: D102
        axis, shape = self.axis % x.ndim, list(x.shape)
        size = shape[axis]
        split = [*shape[:axis], self.groups, size // self.groups, *shape[axis + 1 :]]
        y = np.reshape(x, split)
        others = tuple(k for k in range(1, y.ndim) if k != axis)
        centred = y - np.mean(y, axis=others, keepdims=True)
        variance = np.mean(np.square(centred), axis=others, keepdims=True)
        y = np.reshape(centred / np.sqrt(variance + self.epsilon), shape)
        along = [1] * axis + [size] + [1] * (x.ndim - axis - 1)
        y = y if self.gamma is None else y * np.reshape(self.gamma, along)
        return y if self.beta is None else y + np.reshape(self.beta, along)


class RMSNormalization(Taped):
    """Divides by the root of the mean square and scales (Zhang and Sennrich, 2019).

    ``gamma * x / sqrt(mean(x**2) + epsilon)``, in the input's shape.

    Parameters
    ----------
    axis : int or tuple of int
    epsilon : float
        Added to the mean square.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> print(fusedrnn.layers.RMSNormalization()(np.array([[3.0, 4.0]])).round(2))
    [[0.85 1.13]]
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis, number(self.name, "epsilon", epsilon, 0)

    def build(self, input_shape: Any) -> None:  # noqa: D102
        self.axis = sorted(self.axis) if isinstance(self.axis, (list, tuple)) else [self.axis]
        sizes = [input_shape[axis] for axis in self.axis]
        self.scale = self.add_weight("scale", sizes, "ones")

    def call(self, x: Any) -> Any:  # noqa: D102
        axes = tuple(axis % x.ndim for axis in self.axis)
        inverse = 1 / np.sqrt(np.mean(np.square(x), axis=axes, keepdims=True) + self.epsilon)
        along = [n if k in axes else 1 for k, n in enumerate(x.shape)]
        return x * inverse * np.reshape(self.scale, along)
