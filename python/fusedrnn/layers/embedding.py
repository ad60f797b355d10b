"""Embedding."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import positive
from .layer import Layer, Shape


class Embedding(Layer):
    """A vector for every index: (N, T) integers to (N, T, output_dim).

    The weights are ``embeddings`` (input_dim, output_dim).

    Parameters
    ----------
    input_dim : int
        How many indices there are: they are from 0 to ``input_dim - 1``.
    output_dim : int
        Size of the vectors.
    embeddings_initializer, embeddings_regularizer, embeddings_constraint : str or object, optional
    mask_zero : bool
        Whether index 0 is padding, which the layers above skip.
    weights : array or list of one, optional
        Initial vectors.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Called, of an index that is not below ``input_dim``.

    Notes
    -----
    A vector that a batch uses several times has the sum of the gradients of its uses, as in Keras
    on PyTorch, which is the reference. Keras on TensorFlow keeps them apart in an optimizer that
    squares gradients: it adds up their squares, so that Adam's steps differ in the third digit.

    Examples
    --------
    >>> layer = fusedrnn.layers.Embedding(3, 2, weights=np.array([[0, 0], [1, 2], [3, 4]]))
    >>> layer(np.array([[1, 2, 0]])).tolist()
    [[[1.0, 2.0], [3.0, 4.0], [0.0, 0.0]]]
    """

    integer_input = True
    not_in_config = ("weights",)

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(weights=weights, **kwargs)
        self.input_dim = positive(self.name, "input_dim", input_dim)
        self.output_dim, self.mask_zero = positive(self.name, "output_dim", output_dim), mask_zero
        self.supports_masking = bool(mask_zero)
        self.take_parts(locals(), "embeddings")
        if weights is not None:
            self.build()

    def build(self, input_shape: Any = (None, None)) -> None:
        """Create the weights, which need no shape."""
        super().build(input_shape)

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        if self.initial_weights is not None and np.ndim(self.initial_weights) == 2:
            self.initial_weights = [self.initial_weights]
        self.embeddings = self.add_part("embeddings", (self.input_dim, self.output_dim))

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return (*input_shape, self.output_dim)

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        index = x.astype(np.intp)
        if index.size and not 0 <= index.min() <= index.max() < self.input_dim:
            raise ValueError(
                f"{self.name}: input has indices from {x.min()} to {x.max()}, "
                f"expected 0 to input_dim - 1 = {self.input_dim - 1}"
            )
        self.tape = index
        return self.embeddings.value[index]

    def backward(self, dy: Array, need_dx: bool) -> Array | None:  # noqa: D102
        index, grad = self.tape.ravel(), self.embeddings.grad
        order = np.argsort(index, kind="stable")
        found, starts = np.unique(index[order], return_index=True)
        grad[...] = 0
        grad[found] = np.add.reduceat(dy.reshape(len(index), -1)[order], starts)
        return None

    def compute_mask(self, x: Array, mask: Any = None) -> Array | None:  # noqa: D102
        return np.not_equal(x, 0) if self.mask_zero else None
