"""Convolutions of every feature on its own: DepthwiseConv1D, SeparableConv1D."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import functional
from .._types import Array
from ..checks import whole
from ..configurable import given
from .convolution import Convolution
from .layer import Shape


class Depthwise(Convolution):
    """Base of the two: ``depth_multiplier`` outputs of each feature of each window."""

    def __init__(self, *, depth_multiplier: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.depth_multiplier = whole(self.name, "depth_multiplier", depth_multiplier)

    def add_depthwise(self, name: str, input_shape: Shape) -> Any:
        """Create the kernel (size, I, M); return it and how many features there will be."""
        I, M = input_shape[-1], self.depth_multiplier
        kernel = self.add_part(name, (*self.kernel_size, I, M), "depthwise")
        return kernel, None if I is None else I * M

    def products(self, x: Array, kernel: Any) -> tuple[Array, Array]:
        """Return the padded input and, for each window, the sum over its steps."""
        window = self.window
        count: Any = window.count(x.shape[1])
        padded = window.padded(x)
        z: Any = 0
        for k, factor in enumerate(kernel.value):
            z = z + window.step(padded, k, count)[..., None] * factor
        return padded, z.reshape(len(x), count, -1)

    def products_backward(
        self, dz: Array, padded: Array, kernel: Any, steps: int, need_dx: bool
    ) -> Array | None:
        """Write the gradient of the kernel; return that of the input if needed."""
        window, count = self.window, dz.shape[1]
        dz = dz.reshape(*dz.shape[:2], *kernel.shape[1:])
        dx = np.zeros_like(padded) if need_dx else None
        for k, factor in enumerate(kernel.value):
            kernel.grad[k] = (window.step(padded, k, count)[..., None] * dz).sum(axis=(0, 1))
            if dx is not None:
                window.step(dx, k, count)[...] += (dz * factor).sum(axis=-1)
        return None if dx is None else window.inside(dx, steps)


class DepthwiseConv1D(Depthwise):
    """Convolution of every feature on its own: (N, T, I) to (N, windows, I * depth_multiplier).

    Parameters
    ----------
    depth_multiplier : int
        How many outputs a feature has.
    depthwise_initializer, depthwise_regularizer, depthwise_constraint : str or object, optional
        Of the kernel (kernel_size, I, depth_multiplier).
    padding : {"valid", "same"}
    kernel_size, strides, data_format, dilation_rate, activation, use_bias, **kwargs
        As of :class:`Conv1D`, as is what is said of the bias.

    Examples
    --------
    >>> fusedrnn.layers.DepthwiseConv1D(3)(np.zeros((2, 10, 4))).shape
    (2, 8, 4)
    """

    parts = ("depthwise", "bias")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))

    def build_steps(self, input_shape: Shape) -> None:  # noqa: D102
        self.kernel, width = self.add_depthwise("kernel", input_shape)
        self.add_bias(width)

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, T, I = input_shape
        return (N, self.window.count(T), I * self.depth_multiplier)

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        padded, a = self.products(x, self.kernel)
        bias = self.bias_value()
        a = a if bias is None else a + bias
        y = self.activated(a)
        self.tape = (x.shape[1], padded, a, y) if training else None
        return y

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        T, padded, a, y = self.tape
        da = self.unactivated(dy, a, y)
        if self.bias is not None:
            self.bias.grad[...] = da.sum(axis=(0, 1))
        return self.products_backward(da, padded, self.kernel, T, need_dx)


class SeparableConv1D(Depthwise):
    """Convolution of every feature on its own, then a dense layer over what that gives.

    (N, T, I) to (N, windows, filters) (Chollet, 2017).

    Parameters
    ----------
    padding : {"valid", "same", "causal"}
    depthwise_initializer, depthwise_regularizer, depthwise_constraint : str or object, optional
        As of :class:`DepthwiseConv1D`, as is ``depth_multiplier``.
    pointwise_initializer, pointwise_regularizer, pointwise_constraint : str or object, optional
        Of the kernel (1, I * depth_multiplier, filters).
    filters, kernel_size, strides, data_format, dilation_rate, activation, use_bias, **kwargs
        As of :class:`Conv1D`, as is what is said of the bias.

    Examples
    --------
    >>> fusedrnn.layers.SeparableConv1D(8, 3)(np.zeros((2, 10, 4))).shape
    (2, 8, 8)
    """

    parts = ("depthwise", "pointwise", "bias")

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
        settings = given(locals())
        del settings["filters"]
        super().__init__(**settings)
        self.filters = whole(self.name, "filters", filters)

    def build_steps(self, input_shape: Shape) -> None:  # noqa: D102
        self.depthwise_kernel, width = self.add_depthwise("depthwise_kernel", input_shape)
        shape = (1, width, self.filters)
        self.pointwise_kernel = self.add_part("pointwise_kernel", shape, "pointwise")
        self.add_bias(self.filters)

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        padded, z = self.products(x, self.depthwise_kernel)
        rows = z.reshape(-1, z.shape[-1])
        a = functional.dense(rows, self.pointwise_kernel.value[0], self.bias_value())
        y = self.activated(a)
        self.tape = (x.shape[1], padded, rows, a, y) if training else None
        return y.reshape(*z.shape[:2], self.filters)

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        T, padded, rows, a, y = self.tape
        out = self.pointwise_kernel.grad[0], None if self.bias is None else self.bias.grad
        da = self.unactivated(dy, a, y)
        dz: Any = functional.dense_backward(rows, self.pointwise_kernel.value[0], da, out=out)[0]
        dz = dz.reshape(*dy.shape[:2], -1)
        return self.products_backward(dz, padded, self.depthwise_kernel, T, need_dx)
