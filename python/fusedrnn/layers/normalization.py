"""Normalization: features brought to mean 0 and variance 1, by numbers learned beforehand."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

import numpy as np

from .. import _state
from .._tensor import tensor
from .._types import Array, Shape
from .layer import Layer
from .lookup import batches


class Normalization(Layer):
    """Subtracts a mean and divides by a standard deviation, which ``adapt`` learns from data.

    Parameters
    ----------
    axis : int, tuple of int, or None
        The axes of which every index has its own; with None there is one for all.
    mean, variance : float or array, optional
        What would otherwise be learned.
    invert : bool
        Whether to multiply and add instead.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If only one of mean and variance is given.

    Examples
    --------
    >>> layer = fusedrnn.layers.Normalization()
    >>> layer.adapt(np.array([[1.0, 10.0], [3.0, 30.0]]))
    >>> layer(np.array([[3.0, 20.0]])).tolist()
    [[1.0, 0.0]]
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean, self.input_variance, self.invert = mean, variance, invert
        if (mean is None) != (variance is None):
            raise ValueError(
                "When setting values directly, both `mean` and `variance` must be set. Received: "
                f"mean={mean} and variance={variance}"
            )
        if np.shape(mean) != np.shape(variance) or np.ndim(mean) > len(self.axis):
            raise ValueError(
                "When setting values directly, `mean` and `variance` must have the same shape, of "
                f"at most as many axes as `axis`. Received: mean shape {np.shape(mean)} and "
                f"variance shape {np.shape(variance)} for axis {self.axis}"
            )

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        rank = len(input_shape)
        if any(not -rank <= a < rank for a in self.axis):
            raise ValueError(
                "All `axis` values must be in the range [-ndim, ndim). Received inputs with "
                f"ndim={rank}, while axis={self.axis}"
            )
        self._kept = sorted(a % rank for a in self.axis)
        sizes = tuple(input_shape[a] for a in self._kept)
        if None in sizes:
            raise ValueError(
                "All `axis` values to be kept must have a known shape. Received axis="
                f"{self.axis}, inputs.shape={input_shape}, with unknown axis at index "
                f"{self._kept[sizes.index(None)]}"
            )
        self._broadcast = tuple(n if a in self._kept else 1 for a, n in enumerate(input_shape))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight("mean", sizes, "zeros", trainable=False)
            self.adapt_variance = self.add_weight("variance", sizes, "ones", trainable=False)
            self.count = self.add_weight("count", (), "zeros", trainable=False)

    def fits(self, shape: Shape) -> bool:  # noqa: D102
        return not self.variables or all(
            a < len(shape) and shape[a] in (None, self._broadcast[a]) for a in self._kept
        )

    def build(self, input_shape: Any) -> None:
        """Create the weights for inputs of ``input_shape``, the batch axis included."""
        if self.built and not self.fits(input_shape):
            raise ValueError(
                f"The layer was built with input_shape={self.input_shape}, but adapt() or a call "
                f"has data with an incompatible shape, data.shape={tuple(input_shape)}"
            )
        super().build(input_shape)

    def adapt(self, data: Any) -> None:
        """Learn mean and variance of an array, or of an iterable of batches of arrays."""
        if self.input_mean is not None:
            raise ValueError(f"{self.name}: adapt: `mean` and `variance` were given")
        if not hasattr(data, "__array__"):
            return self._adapt(data)
        data = np.asarray(data)
        self.build(data.shape)
        axes = tuple(a for a in range(data.ndim) if a not in self._kept)
        self.adapt_mean.assign(data.mean(axis=axes))
        self.adapt_variance.assign(data.var(axis=axes))

    def _adapt(self, data: Any) -> None:
        """Learn from batches; as Keras, in the layer's type."""
        every = (batch[0] if isinstance(batch, tuple) else batch for batch in batches(data))
        first = next(every, None)
        if first is None:
            raise ValueError("adapt() received an empty iterable (no batches).")
        mean: Any = 0.0
        variance: Any = 0.0
        rows = 0
        for batch in chain([first], every):
            if not hasattr(batch, "shape"):
                raise TypeError(
                    "adapt() expects an iterable that yields arrays or tensors with a `.shape` "
                    f"attribute. Got an element of type {type(batch).__name__}."
                )
            self.build(batch.shape)  # which refuses other sizes than those of the first
            x = np.asarray(batch, self.dtype)
            axes = tuple(a for a in range(x.ndim) if a not in self._kept)
            count = math.prod(x.shape[a] for a in axes)
            rows += count
            new, old = count / rows, 1 - count / rows
            now, spread = x.mean(axis=axes), x.var(axis=axes)
            mixed = mean * old + now * new
            variance = (variance + (mean - mixed) ** 2) * old + (spread + (now - mixed) ** 2) * new
            mean = mixed
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    def _shaped(self, given: Any, learned: Any) -> Array:
        """Return a mean or variance as it is broadcast against the input."""
        if given is None:
            return learned.value.reshape(self._broadcast)
        value = np.asarray(given, self.dtype or _state.floatx())
        shape = [1] * len(self._broadcast)
        for axis, size in zip(self._kept[::-1], value.shape[::-1], strict=False):
            shape[axis] = size
        return np.broadcast_to(value.reshape(shape), self._broadcast)

    @property
    def mean(self) -> Any:
        """The mean, with the axes of the input; None before there is one."""
        return tensor(self._shaped(self.input_mean, self.adapt_mean)) if self.built else None

    @property
    def variance(self) -> Any:
        """The variance, with the axes of the input; None before there is one."""
        return (
            tensor(self._shaped(self.input_variance, self.adapt_variance)) if self.built else None
        )

    adapt_mean: Any = None
    adapt_variance: Any = None

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        mean = self._shaped(self.input_mean, self.adapt_mean)
        variance = self._shaped(self.input_variance, self.adapt_variance)
        self.tape = np.maximum(np.sqrt(variance), x.dtype.type(_state.epsilon()))
        return mean + x * self.tape if self.invert else (x - mean) / self.tape

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        if not need_dx:
            return None
        return dy * self.tape if self.invert else dy / self.tape

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = super().get_config()
        given = (("mean", self.input_mean), ("variance", self.input_variance))
        return config | {name: None if v is None else np.asarray(v).tolist() for name, v in given}
