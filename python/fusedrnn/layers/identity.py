"""Identity."""

from __future__ import annotations

from typing import Any

from .layer import Layer


class Identity(Layer):
    """Passes its input on."""

    supports_masking = True

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        return x

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        return dy
