"""Dense."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core, activations
from .._types import Array
from ..checks import positive
from .layer import Layer, Shape


class Dense(Layer):
    """``activation(x @ kernel + bias)`` over the last axis: (..., I) to (..., units).

    The weights are ``kernel`` (I, units) and ``bias`` (units).

    Parameters
    ----------
    units : int
        Size of the last axis of the output.
    activation : str or callable, optional
        None is "linear".
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer, activity_regularizer : str or Regularizer, optional
        Penalties on weights and output, added to the loss.
    kernel_constraint, bias_constraint : str or Constraint, optional
        What is done to the weights after every step of training.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If ``units`` is less than 1, or a name is not known.

    Examples
    --------
    >>> layer = fusedrnn.layers.Dense(2, activation="relu", kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0], [-3.0, 1.0]])).tolist()
    [[3.0, 3.0], [0.0, 0.0]]
    """

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
        self.take_parts(locals(), "kernel", "bias")

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        self.kernel = self.add_part("kernel", (input_shape[-1], self.units))
        self.bias = self.add_part("bias", (self.units,), wanted=self.use_bias)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (*input_shape[:-1], self.units)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        flat = x if x.ndim == 2 else np.ascontiguousarray(x).reshape(-1, x.shape[-1])
        a = _core.dense(flat, self.kernel.value, self.bias.value if self.bias else None)
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
        dx = _core.dense_backward(x, self.kernel.value, da, need_dx=need_dx, out=out)[0]
        return dx if dx is None or dy.ndim == 2 else dx.reshape(*dy.shape[:-1], -1)
