"""LayerNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import number
from .layer import Layer, Shape


class Normalization(Layer):
    """Base of the layers that bring to mean 0 and variance 1, then scale by gamma and add beta."""

    rms_scaling: bool | None = None  # what LayerNormalization alone takes

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if self.rms_scaling is not None:
            self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(**kwargs)
        number(self.name, "epsilon", epsilon, 0)
        axes = axis if isinstance(axis, (list, tuple)) else [axis]
        if not all(isinstance(each, int) for each in axes):
            raise TypeError(
                "Expected an int or a list/tuple of ints for the argument 'axis', but received: "
                f"{axis!r}"
            )
        self.axis = axes[0] if len(axes) == 1 else list(axes)
        self.epsilon, self.center, self.scale = epsilon, center, scale
        self.take_parts(locals(), "beta", "gamma")

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self._axes()):
            raise ValueError(
                f"{self.name}: Axis {self.axis} is out of bounds for input shape {input_shape}"
            )
        return input_shape

    def _axes(self) -> list[int]:
        return sorted(self.axis) if isinstance(self.axis, list) else [self.axis]

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        shape = self.sizes(self.compute_output_shape(input_shape))
        self.gamma = self.add_part("gamma", shape, wanted=self.scale or bool(self.rms_scaling))
        self.beta = self.add_part("beta", shape, wanted=self.center and not self.rms_scaling)

    def sizes(self, shape: Shape) -> Shape:
        """Return how long the axes to normalize are: the shape of the weights."""
        return tuple(shape[axis] for axis in self._axes())

    def fits(self, shape: Shape) -> bool:  # noqa: D102
        return not self.variables or self.sizes(shape) == self.variables[0].shape

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        rows = self._last(x)
        if mask is not None:
            shape = (*x.shape[:-1], 1) if rows is x else x.shape
            mask = self._last(np.broadcast_to(mask[..., None], shape))
        return self._back(self._scaled(self.normalized(rows, training, mask)), x.shape)

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        dx = self.unnormalized(self._unscaled(self._last(dy)), need_dx)
        return None if dx is None else self._back(dx, dy.shape)

    def normalized(self, rows: Array, training: bool, mask: Array | None) -> Array:
        """Return rows (..., features) normalized; what comes first in the tape is this too."""
        raise NotImplementedError

    def unnormalized(self, dy: Array, need_dx: bool) -> Array | None:
        """Return the gradient of the rows."""
        raise NotImplementedError

    def _order(self, rank: int) -> list[int]:
        own = sorted(axis % rank for axis in self._axes())
        return [axis for axis in range(rank) if axis not in own] + own

    def _last(self, x: Array) -> Array:
        """Return an array with the axes to normalize last, as one."""
        order = self._order(x.ndim)
        if order[-1] == x.ndim - 1 and not isinstance(self.axis, list):
            return x
        kept = x.ndim - len(self._axes())
        moved = x.transpose(order)
        return moved.reshape(*moved.shape[:kept], -1)

    def _back(self, rows: Array, shape: Shape) -> Array:
        """Return rows in the shape that they come from."""
        if rows.shape == shape and not isinstance(self.axis, list):
            return rows
        order = self._order(len(shape))
        moved = rows.reshape([shape[axis] for axis in order])
        return np.ascontiguousarray(moved.transpose(np.argsort(order)))

    def _scaled(self, normal: Array) -> Array:
        y = normal if self.gamma is None else normal * self.gamma.value.ravel()
        return y if self.beta is None else y + self.beta.value.ravel()

    def _unscaled(self, dy: Array) -> Array:
        """Write the gradients of gamma and beta; return that of the normalized rows."""
        axes = tuple(range(dy.ndim - 1))
        if self.beta is not None:
            self.beta.grad.flat = dy.sum(axis=axes)
        if self.gamma is None:
            return dy
        self.gamma.grad.flat = (dy * self.tape[0]).sum(axis=axes)
        return dy * self.gamma.value.ravel()


class LayerNormalization(Normalization):
    """Brings an axis of every sample, or several, to mean 0 and variance 1 (Ba et al., 2016).

    ``gamma * (x - mean) / sqrt(variance + epsilon) + beta``, in the input's shape. Keras's
    ``rms_scaling=True`` divides by the standard deviation without taking the mean away.

    Parameters
    ----------
    axis : int or tuple of int
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there are ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or Constraint, optional
    **kwargs
        ``rms_scaling``, and those of :class:`Layer`.

    Examples
    --------
    >>> print(fusedrnn.layers.LayerNormalization()(np.array([[1.0, 3.0]])).round(2))
    [[-1.  1.]]
    """

    rms_scaling = False

    def normalized(self, rows: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        centred = rows - rows.mean(axis=-1, keepdims=True)
        inverse = 1 / np.sqrt(
            (centred * centred).mean(axis=-1, keepdims=True) + rows.dtype.type(self.epsilon)
        )
        normal = centred * inverse
        y = rows * inverse if self.rms_scaling else normal
        self.tape = (y, normal, inverse)
        return y

    def unnormalized(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        if not need_dx:
            return None
        y, normal, inverse = self.tape
        mean = 0 if self.rms_scaling else dy.mean(axis=-1, keepdims=True)
        return np.asarray(inverse * (dy - mean - normal * (dy * y).mean(axis=-1, keepdims=True)))

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"rms_scaling": self.rms_scaling}
