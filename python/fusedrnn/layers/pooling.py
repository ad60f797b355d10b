"""Pooling over the steps of a sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import flag
from .layer import Layer, Shape
from .window import OverSteps, Window, one, padding_named


class GlobalAveragePooling1D(OverSteps):
    """Average over the steps, (N, T, I) to (N, I); masked steps do not count.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
    keepdims : bool
        Whether the output is (N, 1, I).
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [6.0]]])
    >>> fusedrnn.layers.GlobalAveragePooling1D()(x).tolist()
    [[3.0]]
    """

    supports_masking = True

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.keepdims = flag(self.name, "keepdims", keepdims)

    def __call__(  # type: ignore[override]
        self, inputs: Any, mask: Any = None, training: bool | None = None
    ) -> Any:
        """Return the averages of steps, of those that the mask leaves."""
        return super().__call__(inputs, training, mask)

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, _, I = input_shape
        return (N, 1, I) if self.keepdims else (N, I)

    def compute_mask(self, x: Array, mask: Array | None = None) -> None:  # noqa: D102
        return None

    def shares(self, x: Array, mask: Array | None) -> Array:
        """Return the weight of every step, (N, T, 1) or (N, T, I)."""
        if mask is None:
            return np.full((1, x.shape[1], 1), 1 / x.shape[1], x.dtype)
        return (mask / np.maximum(mask.sum(axis=1, keepdims=True), 1)).astype(x.dtype)[..., None]

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        shares = self.shares(x, mask)
        self.tape = shares, x.shape
        return (x * shares).sum(axis=1, keepdims=self.keepdims)

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        shares, shape = self.tape
        return np.broadcast_to(shares * dy.reshape(shape[0], 1, shape[2]), shape)


class GlobalMaxPooling1D(GlobalAveragePooling1D):
    """Maximum over the steps, (N, T, I) to (N, I); masked steps count, as in Keras.

    Equal ones share the gradient.

    Parameters
    ----------
    data_format, keepdims, **kwargs
        As of :class:`GlobalAveragePooling1D`.

    Examples
    --------
    >>> fusedrnn.layers.GlobalMaxPooling1D()(np.array([[[1.0], [2.0], [6.0]]])).tolist()
    [[6.0]]
    """

    supports_masking = False
    __call__ = Layer.__call__  # type: ignore[assignment]

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        y = x.max(axis=1, keepdims=True)
        if training:
            best = (x == y).astype(x.dtype)
            self.tape = best / np.maximum(best.sum(axis=1, keepdims=True), 1), x.shape
        return y if self.keepdims else y[:, 0]


class Pooling(OverSteps):
    """Base of the layers that make one step of each window, (N, T, I) to (N, windows, I)."""

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.pool_size = one(self.name, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else one(self.name, "strides", strides)
        self.padding = padding_named(self.name, padding, "valid", "same")

    @property
    def window(self) -> Window:
        """What slides over the steps."""
        return Window(self.name, self.pool_size[0], self.strides[0], self.padding)

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        N, T, I = input_shape
        return (N, self.window.count(T), I)

    def steps(self, padded: Array, count: Any) -> list[Array]:
        """Return the first steps of all windows, the second ones, and so on."""
        return [self.window.step(padded, k, count) for k in range(self.pool_size[0])]


class MaxPooling1D(Pooling):
    """Maximum of each window, (N, T, I) to (N, windows, I).

    The first of equal elements has the gradient.

    Parameters
    ----------
    pool_size, strides, padding, data_format, **kwargs
        As of :class:`AveragePooling1D`.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [6.0], [5.0]]])
    >>> fusedrnn.layers.MaxPooling1D()(x).ravel().tolist()
    [2.0, 6.0]
    """

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        padded = self.window.padded(x, -np.inf)
        first, *rest = self.steps(padded, self.window.count(x.shape[1]))
        y = first.copy()
        for each in rest:
            np.maximum(y, each, out=y)
        self.tape = (x.shape[1], padded, y) if training else None
        return y

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        T, padded, y = self.tape
        dx, left, count = np.zeros_like(padded), dy, dy.shape[1]
        for each, d in zip(self.steps(padded, count), self.steps(dx, count), strict=True):
            won = each == y
            d += left * won
            left = left * ~won
        return self.window.inside(dx, T)


class AveragePooling1D(Pooling):
    """Average of each window, (N, T, I) to (N, windows, I).

    Padding does not count, as in Keras on TensorFlow and on JAX.

    Parameters
    ----------
    pool_size : int
        Steps of a window.
    strides : int, optional
        Steps from one window to the next; by default ``pool_size``.
    padding : {"valid", "same"}
        As of :class:`Conv1D`.
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [6.0], [5.0]]])
    >>> fusedrnn.layers.AveragePooling1D()(x).ravel().tolist()
    [1.5, 5.5]
    """

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        T, count = x.shape[1], self.window.count(x.shape[1])
        total = sum(self.steps(self.window.padded(x), count))
        real = sum(self.steps(self.window.padded(np.ones((1, T, 1), x.dtype)), count))
        self.tape = T, real
        return np.asarray(total / real)

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        T, real = self.tape
        N, count, I = dy.shape
        dx = np.zeros((N, T + sum(self.window.margins(T)), I), dy.dtype)
        for d in self.steps(dx, count):
            d += dy / real
        return self.window.inside(dx, T)


class AdaptivePooling(OverSteps):
    """Base of the layers that make ``output_size`` steps of any number, (N, T, I) to (N, size, I).

    The windows are as equal as can be; they overlap where they do not divide the steps.
    """

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.output_size = one(self.name, "output_size", output_size)

    def shape_of_steps(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (input_shape[0], *self.output_size, input_shape[2])

    def windows(self, steps: int) -> list[slice]:
        """Return the steps of each window."""
        (n,) = self.output_size
        return [slice(k * steps // n, -(-(k + 1) * steps // n)) for k in range(n)]

    def shares(self, x: Array) -> Array:
        """Return how much each step of a window (N, steps, I) has of what it gave."""
        raise NotImplementedError

    def forward_steps(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        parts = [x[:, window] for window in self.windows(x.shape[1])]
        self.tape = x.shape, [self.shares(part) for part in parts]
        sums = [(part * share).sum(axis=1) for part, share in zip(parts, self.tape[1], strict=True)]
        return np.stack(sums, axis=1)

    def backward_steps(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        shape, shares = self.tape
        dx = np.zeros(shape, dy.dtype)
        for k, (window, share) in enumerate(zip(self.windows(shape[1]), shares, strict=True)):
            dx[:, window] += dy[:, k : k + 1] * share
        return dx


class AdaptiveAveragePooling1D(AdaptivePooling):
    """Average of each of ``output_size`` windows, (N, T, I) to (N, output_size, I).

    Parameters
    ----------
    output_size : int
    data_format : {"channels_last", "channels_first"}, optional
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [6.0], [5.0]]])
    >>> fusedrnn.layers.AdaptiveAveragePooling1D(2)(x).ravel().tolist()
    [1.5, 5.5]
    """

    def shares(self, x: Array) -> Array:  # noqa: D102
        return np.full((1, x.shape[1], 1), 1 / x.shape[1], x.dtype)


class AdaptiveMaxPooling1D(AdaptivePooling):
    """Maximum of each of ``output_size`` windows, (N, T, I) to (N, output_size, I).

    The first of equal elements has the gradient.

    Parameters
    ----------
    output_size, data_format, **kwargs
        As of :class:`AdaptiveAveragePooling1D`.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [6.0], [5.0]]])
    >>> fusedrnn.layers.AdaptiveMaxPooling1D(2)(x).ravel().tolist()
    [2.0, 6.0]
    """

    def shares(self, x: Array) -> Array:  # noqa: D102
        best = x.argmax(axis=1)[:, None]
        return (np.arange(x.shape[1])[None, :, None] == best).astype(x.dtype)
