"""Lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._types import Array
from ..autodiff import Tracked, differentiate
from .layer import Layer, Shape


class Lambda(Layer):
    """A function of the user's, written with NumPy: ``Lambda(lambda x: 100 * x)``.

    ``autodiff`` differentiates it. A file does not hold code, so a model with it cannot be saved;
    its weights can.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(f"{self.name}: function is {function!r}, expected a function")
        if mask is not None:
            raise NotImplementedError(f"{self.name}: mask is not supported")
        self.function, self.arguments = function, dict(arguments or {})

    def value(self, x: Any) -> Any:
        """Return the function's value."""
        return self.function(x, **self.arguments)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        shapes = [
            np.shape(self.value(np.zeros([free if n is None else n for n in input_shape])))
            for free in (1, 2)
        ]
        return tuple(a if a == b else None for a, b in zip(*shapes, strict=True))

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = x
        return np.ascontiguousarray(self.value(x), x.dtype)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        if not need_dx:
            return None
        x = Tracked(self.tape)
        return differentiate(self.value, self.name, x).gradient(x, dy)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        raise NotImplementedError(
            f"{self.name}: a Lambda layer holds code, which no file takes; use save_weights"
        )
