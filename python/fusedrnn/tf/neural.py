"""``tf.nn``: normalization, dropout, embeddings, losses on logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .._state import random_generator
from .calls import _axes, _given, _out, _takes_name


@_takes_name
def l2_normalize(x: Any, axis: Any = None, epsilon: float = 1e-12, dim: Any = None) -> Any:
    """Return vectors of length 1."""
    (x,) = _given([x])
    axis = dim if axis is None else axis
    return x / np.sqrt(np.maximum(np.sum(np.square(x), axis=_axes(axis), keepdims=True), epsilon))


def moments(
    x: Any, axes: Any, shift: Any = None, keepdims: Any = False, name: str | None = None
) -> Any:
    """Return the mean and the variance over axes."""
    return _out(ops.moments(_given([x])[0], axes, keepdims))


@_takes_name
def bias_add(value: Any, bias: Any, data_format: Any = None) -> Any:
    """Return the values with a bias added along the last axis."""
    return np.add(*_given([value, bias]))


@_takes_name
def dropout(
    x: Any, rate: Any = None, noise_shape: Any = None, seed: Any = None, keep_prob: Any = None
) -> Any:
    """Return the values, a share of them 0 and the others larger; whether it trains or not."""
    (x,) = _given([x])
    rate = 1 - keep_prob if rate is None else float(rate)
    drawn = random_generator(seed).random(x.shape if noise_shape is None else noise_shape)
    return x * (np.greater_equal(drawn, rate) / (1 - rate)).astype(x.dtype)


@_takes_name
def embedding_lookup(params: Any, ids: Any) -> Any:
    """Return the rows of a table by number."""
    return np.take(params, np.asarray(ops.stop_gradient(ids)).astype(np.intp), 0)


@_takes_name
def sigmoid_cross_entropy_with_logits(labels: Any = None, logits: Any = None) -> Any:
    """Return the cross-entropy of each element."""
    labels, logits = _given([labels, logits])
    return ops.binary_crossentropy(labels, logits, from_logits=True)


@_takes_name
def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1) -> Any:
    """Return the cross-entropy of each row."""
    labels, logits = _given([labels, logits])
    return ops.categorical_crossentropy(labels, logits, from_logits=True, axis=axis)


@_takes_name
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """Return the cross-entropy of each row, whose label is a number."""
    labels, logits = _given([labels, logits])
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


softmax_cross_entropy_with_logits_v2 = softmax_cross_entropy_with_logits
