"""Rescaling."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .layer import Layer


class Rescaling(Layer):
    """Multiplies by ``scale`` and adds ``offset``: ``x * scale + offset``.

    Parameters
    ----------
    scale, offset : float or array
        An array has to broadcast to the input.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.Rescaling(1 / 255)(np.array([[0.0, 255.0]])).tolist()
    [[0.0, 1.0]]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return x * np.asarray(self.scale, x.dtype) + np.asarray(self.offset, x.dtype)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy * np.asarray(self.scale, dy.dtype) if need_dx else None

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        given = {"scale": self.scale, "offset": self.offset}
        return super().get_config() | {key: np.asarray(v).tolist() for key, v in given.items()}
