"""Masking."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import number
from .layer import Layer


class Masking(Layer):
    """Has the layers above skip the steps whose features all equal ``mask_value``.

    Input (N, T, I); the output is the input, 0 where steps are skipped.

    Parameters
    ----------
    mask_value : float
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> masking = fusedrnn.layers.Masking()
    >>> masking.compute_mask(np.array([[[1.0, 0.0], [0.0, 0.0]]])).tolist()
    [[True, False]]
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = number(self.name, "mask_value", mask_value)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = (x != self.mask_value).any(axis=-1)
        return x * self.tape[..., None]

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy * self.tape[..., None] if need_dx else None

    def compute_mask(self, x: Any, mask: Any = None) -> Any:  # noqa: D102
        return np.any(np.not_equal(x, self.mask_value), axis=-1)
