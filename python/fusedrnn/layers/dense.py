"""Dense."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, constraints, functional, initializers, regularizers
from .._types import Array
from ..checks import positive
from .layer import Layer, Shape


class Dense(Layer):
    """``activation(x @ kernel + bias)`` over the last axis: (..., I) to (..., units)."""

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.use_bias = positive(self.name, "units", units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        self.kernel = self.add_weight(
            "kernel",
            (input_shape[-1], self.units),
            self.kernel_initializer,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self.bias = (
            self.add_weight(
                "bias",
                (self.units,),
                self.bias_initializer,
                self.bias_regularizer,
                self.bias_constraint,
            )
            if self.use_bias
            else None
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (*input_shape[:-1], self.units)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        flat = x if x.ndim == 2 else np.ascontiguousarray(x).reshape(-1, x.shape[-1])
        a = functional.dense(flat, self.kernel.value, self.bias.value if self.bias else None)
        linear = self.activation in (None, activations.linear)
        y = a if linear else self.activation.function(a)
        self.tape = (flat, a, y) if training else None
        return y if x.ndim == 2 else y.reshape(*x.shape[:-1], self.units)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        x, a, y = self.tape
        da = np.ascontiguousarray(dy).reshape(a.shape)
        if self.activation not in (None, activations.linear):
            da = self.activation.gradient(da, a, y)
        out = (self.kernel.grad, self.bias.grad if self.bias else None)
        dx = functional.dense_backward(x, self.kernel.value, da, need_dx=need_dx, out=out)[0]
        return dx if dx is None or dy.ndim == 2 else dx.reshape(*dy.shape[:-1], -1)
