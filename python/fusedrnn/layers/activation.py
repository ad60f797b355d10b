"""Activation, and the activations that are layers with arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, legacy
from .._types import Array
from ..checks import number, whole
from .layer import Layer, Shape


class Activation(Layer):
    """Applies an activation function; the output has the input's shape.

    Parameters
    ----------
    activation : str or callable
        A name of ``fusedrnn.activations``, or a function of an array written with NumPy.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Of a name that is not known.

    Examples
    --------
    >>> fusedrnn.layers.Activation("relu")(np.array([[-1.0, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        y = self.activation(x)
        self.tape = (x, y)
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return self.activation.gradient(dy, *self.tape)


class LeakyReLU(Layer):
    """``x`` where positive, else ``negative_slope * x`` (Maas et al., 2013).

    Parameters
    ----------
    negative_slope : float
        Also by its old name ``alpha``.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> print(fusedrnn.layers.LeakyReLU(0.1)(np.array([[-1.0, 2.0]])).round(3))
    [[-0.1  2. ]]
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = legacy.argument("LeakyReLU.negative_slope", negative_slope, kwargs)
        super().__init__(**kwargs)
        self.negative_slope = number(self.name, "negative_slope", negative_slope, 0)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.negative_slope))
        return x * self.tape

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy * self.tape


class ReLU(Layer):
    """``x`` from ``threshold`` to ``max_value``; below, ``negative_slope * (x - threshold)``.

    Parameters
    ----------
    max_value : float, optional
        Above which the output is ``max_value``.
    negative_slope, threshold : float
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.ReLU(max_value=6)(np.array([[-1.0, 2.0, 7.0]])).tolist()
    [[0.0, 2.0, 6.0]]
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = max_value
        if max_value is not None:
            number(self.name, "max_value", max_value, 0)
        self.negative_slope = number(self.name, "negative_slope", negative_slope, 0)
        self.threshold = number(self.name, "threshold", threshold, 0)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        options = self.negative_slope, self.max_value, self.threshold
        y: Array = activations.relu(x, *options)
        self.tape = (x, y, *options)
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return activations.relu.gradient(dy, *self.tape)


class ThresholdedReLU(Layer):
    """``x`` where it is above ``theta``, else 0; Keras 2 had it.

    Parameters
    ----------
    theta : float
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.ThresholdedReLU(1.0)(np.array([[0.5, 2.0]])).tolist()
    [[0.0, 2.0]]
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = number(self.name, "theta", theta, 0)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = x > self.theta
        return x * self.tape

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return dy * self.tape


class ELU(Layer):
    """``x`` where positive, else ``alpha * (exp(x) - 1)`` (Clevert et al., 2016).

    Parameters
    ----------
    alpha : float
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> print(fusedrnn.layers.ELU()(np.array([[-1.0, 2.0]])).round(3))
    [[-0.632  2.   ]]
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = number(self.name, "alpha", alpha)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        y: Array = activations.elu(x, self.alpha)
        self.tape = (x, y, self.alpha)
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return activations.elu.gradient(dy, *self.tape)


class Softmax(Layer):
    """Softmax over an axis or several; what the mask leaves out is 0 and does not count.

    Parameters
    ----------
    axis : int or tuple of int
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> print(fusedrnn.layers.Softmax()(np.array([[0.0, 1.0]])).round(3))
    [[0.269 0.731]]
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for each in axis if isinstance(axis, (list, tuple)) else [axis]:
            whole(self.name, "axis", each, -32)
        self.axis = axis

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        if mask is not None:
            pairs = zip(mask.shape[::-1], x.shape[::-1], strict=False)
            if mask.ndim > x.ndim or any(m not in (1, n) for m, n in pairs):
                raise ValueError(f"{self.name}: mask has shape {mask.shape}, the input {x.shape}")
            x = np.where(mask, x, x.dtype.type(-1e9))
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        y: Array = activations.softmax(x, axis)
        y = y if mask is None else y * mask
        self.tape = (x, y, axis)
        return y

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        return activations.softmax.gradient(dy, *self.tape)


class PReLU(Layer):
    """``x`` where positive, else ``alpha * x``, where ``alpha`` is learned (He et al., 2015).

    Parameters
    ----------
    alpha_initializer, alpha_regularizer, alpha_constraint : str or object, optional
    shared_axes : tuple of int, optional
        Axes along which there is one ``alpha``; else it has the shape of a sample.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> layer = fusedrnn.layers.PReLU(fusedrnn.initializers.Constant(0.5))
    >>> layer(np.array([[-1.0, 2.0]])).tolist()
    [[-0.5, 2.0]]
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.take_parts(locals(), "alpha")
        if shared_axes is not None and not isinstance(shared_axes, (list, tuple)):
            shared_axes = [shared_axes]
        self.shared_axes = shared_axes and [
            whole(self.name, "shared_axes", axis) for axis in shared_axes
        ]

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        shared = self.shared_axes or []
        if any(axis >= len(input_shape) for axis in shared):
            raise ValueError(f"{self.name}: shared_axes is {shared}, the input {input_shape}")
        shape = tuple(1 if k in shared else n for k, n in enumerate(input_shape))[1:]
        if None in shape:
            raise ValueError(
                f"{self.name}: shared_axes is {shared}, expected the axes of no fixed size among "
                f"them: the input is {input_shape}"
            )
        self.alpha = self.add_part("alpha", shape)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        self.tape = x
        return np.maximum(x, 0) + self.alpha.value * np.minimum(x, 0)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        x, alpha = self.tape, self.alpha
        below = dy * np.minimum(x, 0)
        axes = (0, *(k + 1 for k, n in enumerate(alpha.shape) if n == 1))
        alpha.grad[...] = below.sum(axis=axes).reshape(alpha.shape)
        return dy * ((x > 0) + alpha.value * (x < 0)) if need_dx else None
