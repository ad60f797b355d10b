"""Convolutions over the steps of a sequence: Conv1D, SeparableConv1D.

The windows of the input are the rows of a matrix, so that a convolution is a dense layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, constraints, functional, initializers, regularizers
from .._types import Array
from ..checks import flag, whole
from .layer import Layer, Shape
from .window import Window, channels_last, one, padding_named


class Convolution(Layer):
    """Base of the convolutions: ``filters`` outputs of each window, a bias, an activation."""

    input_rank = 3
    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        bias_initializer: Any = "zeros",
        bias_regularizer: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filters = whole(self.name, "filters", filters)
        self.kernel_size = one(self.name, "kernel_size", kernel_size)
        self.strides = one(self.name, "strides", strides)
        self.padding = padding_named(self.name, padding, *self.paddings)
        self.data_format = channels_last(self.name, data_format)
        self.dilation_rate = one(self.name, "dilation_rate", dilation_rate)
        if self.strides[0] > 1 and self.dilation_rate[0] > 1:
            raise ValueError(
                f"{self.name}: dilation_rate is {self.dilation_rate[0]} and strides "
                f"{self.strides[0]}, expected one of them to be 1"
            )
        self.activation = activations.get(activation)
        self.use_bias = flag(self.name, "use_bias", use_bias)
        self.bias_initializer = initializers.get(bias_initializer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.bias_constraint = constraints.get(bias_constraint)

    @property
    def window(self) -> Window:
        """What slides over the steps."""
        sizes = self.kernel_size[0], self.strides[0], self.padding, self.dilation_rate[0]
        return Window(self.name, *sizes)

    def add_part(self, name: str, shape: Shape, prefix: str = "") -> Any:
        """Create a variable with the initializer, regularizer and constraint of its name."""
        rest = (getattr(self, f"{prefix or name}_{what}") for what in
                ("initializer", "regularizer", "constraint"))  # fmt: skip
        return self.add_weight(name, shape, *rest)

    def add_bias(self) -> None:
        """Create the bias, the last of the variables."""
        self.bias = self.add_part("bias", (self.filters,)) if self.use_bias else None

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (input_shape[0], self.window.count(input_shape[1]), self.filters)

    def activated(self, a: Array) -> Array:
        """Return the output of what the products gave."""
        return a if self.activation is activations.linear else self.activation.function(a)

    def unactivated(self, dy: Array, a: Array, y: Array) -> Array:
        """Return the gradient of what the products gave, a row a window."""
        dy = np.ascontiguousarray(dy).reshape(a.shape)
        return dy if self.activation is activations.linear else self.activation.gradient(dy, a, y)

    def compute_mask(self, x: Array, mask: Array | None) -> Array | None:  # noqa: D102
        return None


class Conv1D(Convolution):
    """Convolution over the steps: (N, T, I) to (N, windows, filters).

    Padding is "valid", "same" or "causal"; each of ``groups`` parts of the input features makes as
    many parts of the filters on its own.
    """

    paddings = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.groups = whole(self.name, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{self.name}: filters is {filters}, not a multiple of groups {groups}"
            )
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        I = input_shape[-1]
        if I is not None and I % self.groups:
            raise ValueError(
                f"{self.name}: groups is {self.groups}, but the input has {I} features"
            )
        I = None if I is None else I // self.groups
        self.kernel = self.add_part("kernel", (self.kernel_size[0], I, self.filters))
        self.add_bias()

    def _parts(self) -> list[tuple[slice, Array, Array | None]]:
        """Return which filters a group has, its kernel as a matrix, and its bias."""
        size, bias = self.filters // self.groups, self.bias
        parts = []
        for g in range(self.groups):
            own = slice(g * size, (g + 1) * size)
            kernel = np.ascontiguousarray(self.kernel.value[..., own]).reshape(-1, size)
            parts.append((own, kernel, None if bias is None else bias.value[own]))
        return parts

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        window = self.window
        count: Any = window.count(x.shape[1])
        groups = np.split(window.of(window.padded(x)), self.groups, axis=3)
        rows = [np.ascontiguousarray(each).reshape(len(x) * count, -1) for each in groups]
        products = [
            functional.dense(r, kernel, bias)
            for r, (_, kernel, bias) in zip(rows, self._parts(), strict=True)
        ]
        a = products[0] if self.groups == 1 else np.concatenate(products, axis=1)
        y = self.activated(a)
        self.tape = (x.shape, rows, a, y) if training else None
        return y.reshape(len(x), count, self.filters)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        (N, T, I), rows, a, y = self.tape
        da, window, grad = self.unactivated(dy, a, y), self.window, self.kernel.grad
        size, features, _ = grad.shape
        dx = np.zeros((N, T + sum(window.margins(T)), I), dy.dtype) if need_dx else None
        for g, (r, (own, kernel, _)) in enumerate(zip(rows, self._parts(), strict=True)):
            part = np.ascontiguousarray(da[:, own])
            _, dkernel, dbias = functional.dense_backward(r, kernel, part, need_dx=False)
            grad[..., own] = dkernel.reshape(size, features, -1)
            if self.bias is not None:
                self.bias.grad[own] = dbias
            if dx is None:
                continue
            into = dx[..., g * features : (g + 1) * features]
            for k, step in enumerate(kernel.reshape(size, features, -1)):  # windows overlap
                dstep = functional.dense(part, np.ascontiguousarray(step.T))
                window.step(into, k, dy.shape[1])[...] += dstep.reshape(N, -1, features)
        return None if dx is None else window.inside(dx, T)


class SeparableConv1D(Convolution):
    """Convolution of every feature on its own, then a dense layer over what that gives."""

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.depth_multiplier = whole(self.name, "depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        I, M = input_shape[-1], self.depth_multiplier
        self.depthwise_kernel = self.add_part(
            "depthwise_kernel", (self.kernel_size[0], I, M), "depthwise"
        )
        inner = None if I is None else I * M
        self.pointwise_kernel = self.add_part(
            "pointwise_kernel", (1, inner, self.filters), "pointwise"
        )
        self.add_bias()

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        window, kernel = self.window, self.depthwise_kernel.value
        count: Any = window.count(x.shape[1])
        padded = window.padded(x)
        z: Any = 0
        for k in range(len(kernel)):
            z = z + window.step(padded, k, count)[..., None] * kernel[k]
        rows = z.reshape(len(x) * count, -1)
        bias = None if self.bias is None else self.bias.value
        a = functional.dense(rows, self.pointwise_kernel.value[0], bias)
        y = self.activated(a)
        self.tape = (x.shape[1], padded, rows, a, y) if training else None
        return y.reshape(len(x), count, self.filters)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        T, padded, rows, a, y = self.tape
        window, kernel = self.window, self.depthwise_kernel
        out = self.pointwise_kernel.grad[0], None if self.bias is None else self.bias.grad
        da = self.unactivated(dy, a, y)
        drows: Any = functional.dense_backward(rows, self.pointwise_kernel.value[0], da, out=out)[0]
        count = dy.shape[1]
        dz = drows.reshape(len(dy), count, *kernel.shape[1:])
        dx = np.zeros_like(padded) if need_dx else None
        for k in range(len(kernel.value)):
            kernel.grad[k] = (window.step(padded, k, count)[..., None] * dz).sum(axis=(0, 1))
            if dx is not None:
                window.step(dx, k, count)[...] += (dz * kernel.value[k]).sum(axis=-1)
        return None if dx is None else window.inside(dx, T)
