"""Categories as rows of numbers: CategoryEncoding, and the base of layers that make categories."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import _state
from .._tensor import tensor
from .._types import Array, Shape
from ..graph import is_symbolic
from .layer import Layer, running


def counts(of: Array, index: Array, rows: int, depth: int, weights: Any = None) -> Array:
    """Return how often each row has each index: (rows, depth); what is out of range is left out."""
    known = (index >= 0) & (index < depth)
    weights = None if weights is None else weights[known]
    found = np.bincount(of[known] * depth + index[known], weights, rows * depth)
    return found.reshape(rows, depth)


def encode(index: Array, mode: str, depth: int, weights: Any = None) -> Array:
    """Return indices as they are, or as rows, which count what is along the second axis."""
    if mode == "int":
        return index
    if mode == "one_hot":
        if index.ndim > 1 and index.shape[-1] == 1:
            index = index[..., 0]
        return np.equal(index[..., None], np.arange(depth)).astype(np.int64)
    index = np.moveaxis(np.atleast_1d(index), min(index.ndim, 2) - 1, -1)
    lead, size = index.shape[:-1], index.size // max(index.shape[-1], 1)
    of = np.repeat(np.arange(size), index.shape[-1])
    weights = None if weights is None else np.ravel(weights)
    found = counts(of, index.ravel(), size, depth, weights).reshape(*lead, depth)
    return np.minimum(found, 1) if mode == "multi_hot" else found


def encoded_shape(shape: Shape, mode: str, depth: int | None) -> Shape:
    """Return the shape of what `encode` gives."""
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:1], *shape[2:], depth) if len(shape) > 1 else (depth,)  # of one axis: a sample


class Categories(Layer):
    """Base of layers that make categories of numbers or words; no gradient goes through.

    Alone they take arrays of any kind and give integers; in a model, rows are in its own type.
    """

    integer_input = True
    modes: ClassVar[tuple[str, ...]] = ("int", "one_hot", "multi_hot", "count")

    def __init__(self, output_mode: str = "int", sparse: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if output_mode not in self.modes:
            raise ValueError(
                f"Unknown value for `output_mode` argument of {type(self).__name__}. Allowed "
                f"values are: {self.modes}. Received: output_mode={output_mode}"
            )
        if sparse and output_mode == "int":
            raise ValueError(
                "`sparse` may only be true if `output_mode` is `'one_hot'`, `'multi_hot'`, "
                f"`'count'` or `'tf_idf'`. Received: sparse={sparse} and output_mode={output_mode}"
            )
        if sparse:
            raise ValueError("`sparse=True` can only be used with the TensorFlow backend.")
        self.output_mode, self.sparse = output_mode, sparse

    @property
    def output_type(self) -> str:
        """The type of what a model gets from it."""
        return "int64" if self.output_mode == "int" else self.dtype or _state.floatx()

    def values(self, inputs: Any) -> Array:
        """Return what the layer gives for an array, or what becomes one."""
        raise NotImplementedError

    def __call__(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return what the layer gives for numbers or words, or for a tensor without values."""
        if is_symbolic(inputs) or running.get() is not None:
            return super().__call__(inputs)
        return tensor(self.values(inputs))

    def forward(self, x: Array, training: bool, mask: Array | None) -> Array:  # noqa: D102
        return self.values(x).astype(self.output_type)

    def backward(self, dy: Array, need_dx: bool) -> None:  # noqa: D102
        return None

    supports_masking = False
    depth: int | None = None

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return encoded_shape(tuple(input_shape), self.output_mode, self.depth)


class CategoryEncoding(Categories):
    """Integers from 0 to ``num_tokens - 1`` as rows of ``num_tokens`` numbers.

    It takes arrays of integers, and ``count_weights`` with "count".

    Parameters
    ----------
    num_tokens : int
        How many integers there are.
    output_mode : {"multi_hot", "one_hot", "count"}
        "one_hot" makes a row of each integer; "multi_hot" and "count" a row of each sample, which
        is the last axis: what is in it, or how often, ``count_weights`` added up where they are
        given.
    sparse : bool
        Not supported.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        Of another mode; called, of an integer out of the range.

    Examples
    --------
    >>> fusedrnn.layers.CategoryEncoding(4)(np.array([[0, 2], [3, 3]])).tolist()
    [[1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]
    """

    modes = ("one_hot", "multi_hot", "count")

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        output_mode = "multi_hot" if output_mode == "binary" else output_mode
        if output_mode not in self.modes:
            raise ValueError(f"Unknown arg for output_mode: {output_mode}")
        super().__init__(output_mode=output_mode, sparse=sparse, **kwargs)
        if num_tokens is None:
            raise ValueError(
                "num_tokens must be set to use this layer. If the number of tokens is not known "
                "beforehand, use the IntegerLookup layer instead."
            )
        if num_tokens < 1:
            raise ValueError(f"`num_tokens` must be >= 1. Received: num_tokens={num_tokens}.")
        self.num_tokens = self.depth = num_tokens

    def __call__(  # type: ignore[override]
        self, inputs: Any, count_weights: Any = None, training: Any = None, mask: Any = None
    ) -> Any:
        """Return the rows; ``count_weights`` only for arrays."""
        if count_weights is None:
            return super().__call__(inputs)
        if self.output_mode != "count":
            raise ValueError(
                "`count_weights` is not used when `output_mode` is not `'count'`. Received "
                f"`count_weights={count_weights}`."
            )
        if is_symbolic(inputs):
            raise NotImplementedError(f"{self.name}: count_weights in a graph is not supported")
        return tensor(self.values(inputs, count_weights))

    def values(self, inputs: Any, count_weights: Any = None) -> Array:  # noqa: D102
        index = np.asarray(inputs).astype(np.int64)
        if index.size and not 0 <= index.min() <= index.max() < self.num_tokens:
            raise ValueError(
                f"Input values must be in the range 0 <= values < num_tokens with num_tokens="
                f"{self.num_tokens}"
            )
        found = encode(index, self.output_mode, self.num_tokens, count_weights)
        return found.astype(self.dtype or _state.floatx())

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = super().get_config()
        del config["sparse"]
        return config
