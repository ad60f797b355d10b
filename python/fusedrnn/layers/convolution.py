"""Convolutions over the steps of a sequence: their base, Conv1D and Conv1DTranspose.

The windows of the input are the rows of a matrix, so that a convolution is a dense layer.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import activations, functional
from .._types import Array
from ..checks import flag, whole
from ..configurable import given
from .layer import PARTS, Shape
from .window import OverSteps, Window, one, padding_named


class Convolution(OverSteps):
    """Base of the convolutions: outputs of each window, a bias, an activation."""

    paddings: tuple[str, ...] = ("valid", "same")
    parts: ClassVar[tuple[str, ...]] = ("kernel", "bias")  # what the weights are named by
    filters: int

    def __init__(
        self,
        *,
        kernel_size: Any,
        strides: Any,
        padding: str,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        **settings: Any,
    ) -> None:
        names = [f"{part}_{what}" for part in self.parts for what in PARTS]
        weights = {name: settings.pop(name) for name in names}
        super().__init__(**settings)
        self.take_parts(weights, *self.parts)
        self.kernel_size = one(self.name, "kernel_size", kernel_size)
        self.strides = one(self.name, "strides", strides)
        self.padding = padding_named(self.name, padding, *self.paddings)
        self.dilation_rate = one(self.name, "dilation_rate", dilation_rate)
        if self.strides[0] > 1 and self.dilation_rate[0] > 1:
            raise ValueError(
                f"{self.name}: dilation_rate is {self.dilation_rate[0]} and strides "
                f"{self.strides[0]}, expected one of them to be 1"
            )
        self.activation = activations.get(activation)
        self.use_bias = flag(self.name, "use_bias", use_bias)

    @property
    def window(self) -> Window:
        """What slides over the steps."""
        sizes = self.kernel_size[0], self.strides[0], self.padding, self.dilation_rate[0]
        return Window(self.name, *sizes)

    def add_bias(self, width: int | None) -> None:
        """Create the bias, the last of the variables."""
        self.bias = self.add_part("bias", (width,), wanted=self.use_bias)

    def bias_value(self) -> Array | None:
        """Return the bias, if there is one."""
        return None if self.bias is None else self.bias.value

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (input_shape[0], self.window.count(input_shape[1]), self.filters)

    def activated(self, a: Array) -> Array:
        """Return the output of what the products gave."""
        return a if self.activation is activations.linear else self.activation.function(a)

    def unactivated(self, dy: Array, a: Array, y: Array) -> Array:
        """Return the gradient of what the products gave, in their shape."""
        dy = np.ascontiguousarray(dy).reshape(a.shape)
        return dy if self.activation is activations.linear else self.activation.gradient(dy, a, y)


class Conv1D(Convolution):
    """Convolution over the steps: (N, T, I) to (N, windows, filters).

    The weights are ``kernel`` (kernel_size, I / groups, filters) and ``bias`` (filters).

    Parameters
    ----------
    filters : int
        Number of outputs.
    kernel_size : int
        Steps of a window.
    strides : int
        Steps from one window to the next.
    padding : {"valid", "same", "causal"}
        No zeros around the steps, as many that there is a window for each (with strides of 1), or
        all of these before the steps.
    data_format : {"channels_last", "channels_first"}, optional
    dilation_rate : int
        Steps from one element of a window to the next.
    groups : int
        Each of so many parts of the input features makes as many parts of the filters on its own.
    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer
        As of :class:`Dense`.
    activity_regularizer, kernel_constraint, bias_constraint, **kwargs
        As of :class:`Dense`.

    Raises
    ------
    ValueError
        If ``groups`` does not divide filters or features, or both ``strides`` and ``dilation_rate``
        are above 1.

    Examples
    --------
    >>> fusedrnn.layers.Conv1D(8, 3)(np.zeros((2, 10, 4))).shape
    (2, 8, 8)
    >>> fusedrnn.layers.Conv1D(8, 3, padding="causal")(np.zeros((2, 10, 4))).shape
    (2, 10, 8)
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
        settings = given(locals())
        del settings["filters"], settings["groups"]
        super().__init__(**settings)
        self.filters = whole(self.name, "filters", filters)
        self.groups = whole(self.name, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(
                f"{self.name}: filters is {filters}, not a multiple of groups {groups}"
            )

    def build_steps(self, input_shape: Shape) -> None:  # noqa: D102
        I = input_shape[-1]
        if I is not None and I % self.groups:
            raise ValueError(
                f"{self.name}: groups is {self.groups}, but the input has {I} features"
            )
        I = None if I is None else I // self.groups
        self.kernel = self.add_part("kernel", (self.kernel_size[0], I, self.filters))
        self.add_bias(self.filters)

    def _parts(self) -> list[tuple[slice, Array, Array | None]]:
        """Return which filters a group has, its kernel as a matrix, and its bias."""
        size, bias = self.filters // self.groups, self.bias_value()
        parts = []
        for g in range(self.groups):
            own = slice(g * size, (g + 1) * size)
            kernel = np.ascontiguousarray(self.kernel.value[..., own]).reshape(-1, size)
            parts.append((own, kernel, None if bias is None else bias[own]))
        return parts

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
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

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
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


class Conv1DTranspose(Convolution):
    """What is to Conv1D as its backward pass to its forward pass: (N, T, I) to (N, steps, filters).

    There are ``T * strides`` steps with padding "same", and with "valid" ``(T - 1) * strides`` and
    the larger of a window and a stride.

    Parameters
    ----------
    filters, kernel_size, strides, data_format, dilation_rate, activation, use_bias, **kwargs
        As of :class:`Conv1D`, as are initializers, regularizers and constraints.
    padding : {"valid", "same"}
    output_padding : int, optional
        What comes on top of ``(T - 1) * strides`` and a window, or half of one.

    Examples
    --------
    >>> fusedrnn.layers.Conv1DTranspose(8, 3, strides=2, padding="same")(np.zeros((2, 5, 4))).shape
    (2, 10, 8)
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
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
        settings = given(locals())
        del settings["filters"], settings["output_padding"]
        super().__init__(**settings)
        self.filters = whole(self.name, "filters", filters)
        if isinstance(output_padding, (list, tuple)):
            output_padding = output_padding[0]
        if output_padding is not None and output_padding >= self.strides[0]:
            raise ValueError(
                f"{self.name}: output_padding is {output_padding}, expected less than strides"
            )
        self.output_padding = output_padding

    def _margins(self) -> tuple[int, int]:
        """Return how many of the steps of all windows go away in front, and come on top behind."""
        span, stride, more = self.window.span, self.strides[0], self.output_padding
        if self.padding == "valid":
            return 0, max(span, stride) - span if more is None else more
        total = stride - span if more is None else span % 2 - span + more
        before = min((total + 2 * span - 1) // 2, span - 1)
        return span - 1 - before, total + span - 1 - before

    def _count(self, steps: int) -> int:
        before, after = self._margins()
        return (steps - 1) * self.strides[0] + self.window.span - before + after

    def build_steps(self, input_shape: Shape) -> None:  # noqa: D102
        self.kernel = self.add_part("kernel", (*self.kernel_size, self.filters, input_shape[-1]))
        self.add_bias(self.filters)

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, T, _ = input_shape
        return (N, None if T is None else self._count(T), self.filters)

    def _all(self, steps: int, rows: int, dtype: Any) -> Array:
        """Return room for the steps of all windows, and those behind."""
        before, _ = self._margins()
        length = max((steps - 1) * self.strides[0] + self.window.span, before + self._count(steps))
        return np.zeros((rows, length, self.filters), dtype)

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        N, T, I = x.shape
        rows, y = np.ascontiguousarray(x).reshape(-1, I), self._all(T, N, x.dtype)
        for k, kernel in enumerate(self.kernel.value):
            step = functional.dense(rows, np.ascontiguousarray(kernel.T))
            self.window.step(y, k, T)[...] += step.reshape(N, T, -1)
        before, bias = self._margins()[0], self.bias_value()
        a = np.ascontiguousarray(y[:, before : before + self._count(T)])
        a = a if bias is None else a + bias
        y = self.activated(a)
        self.tape = (rows, a, y, T) if training else None
        return y

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        rows, a, y, T = self.tape
        da = self.unactivated(dy, a, y)
        if self.bias is not None:
            self.bias.grad[...] = da.sum(axis=(0, 1))
        before = self._margins()[0]
        every = self._all(T, len(dy), dy.dtype)
        every[:, before : before + da.shape[1]] = da
        dx: Any = 0
        for k, (kernel, grad) in enumerate(zip(self.kernel.value, self.kernel.grad, strict=True)):
            part = np.ascontiguousarray(self.window.step(every, k, T)).reshape(len(rows), -1)
            grad[...] = functional.dense_backward(rows, kernel.T, part, need_dx=False)[1].T
            if need_dx:
                dx = dx + functional.dense(part, kernel)
        return dx.reshape(len(dy), T, -1) if need_dx else None
