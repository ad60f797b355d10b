"""Dropout, SpatialDropout1D, AlphaDropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import random_generator
from .._types import Array
from ..checks import number, whole
from .layer import Layer, sizes


def dropout_mask(shape: Any, rate: float, dtype: Any, rng: np.random.Generator | None) -> Array:
    """Return 0 with probability ``rate``, else ``1 / (1 - rate)``."""
    if rate >= 1:
        return np.zeros(shape, dtype)
    kept = (rng or random_generator()).random(shape, np.float32) >= rate
    return kept * np.asarray(1 / (1 - rate), dtype)


def seeded(name: str, seed: int | None) -> np.random.Generator | None:
    """Return a layer's own generator, if it has a seed."""
    return None if seed is None else np.random.default_rng(whole(name, "seed", seed, 0))


class Dropout(Layer):
    """Sets a share of the input to 0 while training and scales the rest up.

    Srivastava et al. (2014). What is left is multiplied by ``1 / (1 - rate)``. The output has the
    input's shape.

    Parameters
    ----------
    rate : float
        Share, from 0 to 1.
    noise_shape : tuple, optional
        Which axes share a mask: 1 on a shared axis, None where it is not, or the axis's size; the
        first axes may be left out, as in broadcasting.
    seed : int, optional
        By default the global generator draws; see ``utils.set_random_seed``.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Of a rate out of its range; called, if ``noise_shape`` does not fit.

    Examples
    --------
    >>> layer = fusedrnn.layers.Dropout(0.5, seed=1)
    >>> layer(np.ones((1, 6)), training=True).tolist()
    [[0.0, 2.0, 2.0, 2.0, 0.0, 0.0]]
    >>> layer(np.ones((1, 6))).tolist()
    [[1.0, 1.0, 1.0, 1.0, 1.0, 1.0]]
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = number(self.name, "rate", rate, 0, 1)
        self.noise_shape = None if noise_shape is None else sizes(noise_shape, "noise_shape")
        self.seed, self.rng = seed, seeded(self.name, seed)

    def drawn(self, x: Array) -> Array:
        """Return a mask for an array."""
        noise = x.shape if self.noise_shape is None else self.noise_shape
        shape = tuple(n if s is None else s for n, s in zip(x.shape, noise, strict=False))
        fits = all(s in (1, n) for s, n in zip(shape[::-1], x.shape[::-1], strict=False))
        if len(noise) > x.ndim or not fits:
            raise ValueError(f"{self.name}: noise_shape is {noise}, but x has shape {x.shape}")
        return dropout_mask(shape, self.rate, x.dtype, self.rng)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = None
        if training is not True or not self.rate:
            return x
        self.tape = self.drawn(x)
        return x * self.tape

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy if self.tape is None else dy * self.tape


class SpatialDropout1D(Dropout):
    """Dropout of whole features: one mask for all steps of a sequence (N, T, I).

    Parameters
    ----------
    rate, seed, **kwargs
        As of :class:`Dropout`.

    Examples
    --------
    >>> layer = fusedrnn.layers.SpatialDropout1D(0.5, seed=1)
    >>> layer(np.ones((1, 2, 4)), training=True).tolist()
    [[[0.0, 2.0, 2.0, 2.0], [0.0, 2.0, 2.0, 2.0]]]
    """

    input_rank = 3
    not_in_config = ("noise_shape", "trainable")

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, (None, 1, None), seed, **kwargs)


class AlphaDropout(Dropout):
    """Dropout that keeps mean and variance where ``selu`` is used (Klambauer et al., 2017).

    Parameters
    ----------
    rate, noise_shape, seed, **kwargs
        As of :class:`Dropout`.

    Examples
    --------
    >>> layer = fusedrnn.layers.AlphaDropout(0.5, seed=1)
    >>> print(layer(np.zeros((1, 4)), training=True).round(3))
    [[-0.779  0.779  0.779  0.779]]
    """

    lowest = -1.6732632423543772 * 1.0507009873554805  # what selu goes to

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = None
        if training is not True or not self.rate:
            return x
        kept = self.drawn(x) > 0
        scale = ((1 - self.rate) * (1 + self.rate * self.lowest**2)) ** -0.5
        self.tape = kept * x.dtype.type(scale)
        more = (~kept - x.dtype.type(self.rate)) * x.dtype.type(scale * self.lowest)
        return x * self.tape + more
