"""Identity."""

from __future__ import annotations

from typing import Any

from .layer import Layer


class Identity(Layer):
    """Passes its input on.

    Examples
    --------
    >>> fusedrnn.layers.Identity()(np.ones((1, 2))).tolist()
    [[1.0, 1.0]]
    """

    supports_masking = True

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        return x

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        return dy
