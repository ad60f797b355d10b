"""The accuracies as functions: one value a sample."""

from __future__ import annotations

import numpy as np

from .._types import Array
from ..losses.loss import align


def accuracy(y_true: Array, y_pred: Array) -> Array:
    """1 where equal, else 0."""
    return np.equal(align(np.asarray(y_true), y_pred), y_pred)


def binary_accuracy(y_true: Array, y_pred: Array, threshold: float = 0.5) -> Array:
    """Share of the outputs on the right side of ``threshold``."""
    return np.equal(align(np.asarray(y_true), y_pred), np.asarray(y_pred) > threshold)


def categorical_accuracy(y_true: Array, y_pred: Array) -> Array:
    """1 where the largest output is that of the one-hot class."""
    return np.equal(np.argmax(y_true, axis=-1), np.argmax(y_pred, axis=-1))


def _labels(y_true: Array, y_pred: Array) -> Array:
    y_true = np.asarray(y_true)
    return y_true[..., 0] if y_true.ndim == np.ndim(y_pred) else y_true


def sparse_categorical_accuracy(y_true: Array, y_pred: Array) -> Array:
    """1 where the largest output is that of the class number."""
    return np.equal(_labels(y_true, y_pred), np.argmax(y_pred, axis=-1))


def sparse_top_k_categorical_accuracy(y_true: Array, y_pred: Array, k: int = 5) -> Array:
    """1 where the class number is among the ``k`` largest outputs."""
    labels = _labels(y_true, y_pred).astype(np.intp)[..., None]
    return (np.greater(y_pred, np.take_along_axis(np.asarray(y_pred), labels, -1))).sum(-1) < k


def top_k_categorical_accuracy(y_true: Array, y_pred: Array, k: int = 5) -> Array:
    """1 where the one-hot class is among the ``k`` largest outputs."""
    return sparse_top_k_categorical_accuracy(np.argmax(y_true, axis=-1), y_pred, k)
