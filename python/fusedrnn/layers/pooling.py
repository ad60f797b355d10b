"""Pooling over the steps of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import flag
from .layer import Layer, Shape


class GlobalAveragePooling1D(Layer):
    """Average over the steps, (N, T, I) to (N, I); masked steps do not count."""

    input_rank = 3

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last"):
            raise ValueError(
                f"{self.name}: data_format is {data_format!r}, expected 'channels_last'"
            )
        self.data_format = "channels_last"
        self.keepdims = flag(self.name, "keepdims", keepdims)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, _, I = input_shape
        return (N, 1, I) if self.keepdims else (N, I)

    def shares(self, x: Array, mask: Array | None) -> Array:
        """Return the weight of every step, (N, T, 1) or (N, T, I)."""
        if mask is None:
            return np.full((1, x.shape[1], 1), 1 / x.shape[1], x.dtype)
        return (mask / np.maximum(mask.sum(axis=1, keepdims=True), 1)).astype(x.dtype)[..., None]

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        shares = self.shares(x, mask)
        self.tape = shares, x.shape
        return (x * shares).sum(axis=1, keepdims=self.keepdims)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        shares, shape = self.tape
        return np.broadcast_to(shares * dy.reshape(shape[0], 1, shape[2]), shape)

    def compute_mask(self, x: Array, mask: Array | None) -> Array | None:  # noqa: D102
        return None


class GlobalMaxPooling1D(GlobalAveragePooling1D):
    """Maximum over the steps, (N, T, I) to (N, I)."""

    def shares(self, x: Array, mask: Array | None) -> Array:  # noqa: D102
        return np.equal(np.arange(x.shape[1])[:, None], x.argmax(axis=1)[:, None]).astype(x.dtype)
