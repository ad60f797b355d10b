"""The accuracies and correlations as functions: one value a sample, or an output."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import epsilon
from .._types import Array
from ..losses.loss import broadcasts, floats, same_rank


def _equal(where: str, a: Array, b: Array) -> Array:
    if not broadcasts(a, b):
        raise ValueError(
            f"{where}: y_true and y_pred do not fit each other: shapes {a.shape} and {b.shape} "
            "are compared"
        )
    return np.equal(a, b)


def accuracy(y_true: Array, y_pred: Array) -> Array:
    """Return 1 where equal, else 0.

    Parameters
    ----------
    y_true, y_pred : arrays
        Which broadcast.

    Returns
    -------
    array of bool

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> fusedrnn.metrics.accuracy([1, 2], [1, 3]).tolist()
    [True, False]
    """
    p = np.asarray(y_pred)
    return _equal("accuracy", *same_rank(np.asarray(y_true, p.dtype), p))


def binary_accuracy(y_true: Array, y_pred: Array, threshold: float = 0.5) -> Array:
    """Return whether each output is on the right side of a threshold.

    Parameters
    ----------
    y_true : array
        Classes 0 and 1.
    y_pred : array
    threshold : float
        What is above it is class 1.

    Returns
    -------
    array of bool

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> fusedrnn.metrics.binary_accuracy([0, 1], [0.2, 0.4]).tolist()
    [True, False]
    """
    t, p = same_rank(np.asarray(y_true), np.asarray(y_pred))
    return _equal("binary_accuracy", t, p > threshold)


def categorical_accuracy(y_true: Array, y_pred: Array) -> Array:
    """Return whether the largest output is that of the one-hot class.

    Parameters
    ----------
    y_true, y_pred : (..., classes) arrays

    Returns
    -------
    (...) array of bool

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> fusedrnn.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.1, 0.9], [0.4, 0.6]]).tolist()
    [True, False]
    """
    labels, p = np.argmax(y_true, axis=-1), np.asarray(y_pred)
    shape = labels.shape
    if labels.ndim == p.ndim:
        labels = np.squeeze(labels, -1)
        return _equal("categorical_accuracy", labels, p.argmax(axis=-1)).reshape(shape)
    return _equal("categorical_accuracy", labels, p.argmax(axis=-1))


def sparse_categorical_accuracy(y_true: Array, y_pred: Array) -> Array:
    """Return whether the largest output is that of the class number.

    Parameters
    ----------
    y_true : (...) or (..., 1) array
    y_pred : (..., classes) array

    Returns
    -------
    (...) array of bool

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> fusedrnn.metrics.sparse_categorical_accuracy([1, 0], [[0.1, 0.9], [0.4, 0.6]]).tolist()
    [True, False]
    """
    labels, p = np.asarray(y_true), np.asarray(y_pred)
    shape: tuple[int, ...] = labels.shape
    kept = labels.ndim != p.ndim or shape[-1] != 1
    found = _equal(
        "sparse_categorical_accuracy", labels if kept else labels[..., 0], p.argmax(axis=-1)
    )
    found = found if kept else found.reshape(shape)
    return found[..., 0] if found.ndim > 1 and found.shape[-1] == 1 else found


def sparse_top_k_categorical_accuracy(
    y_true: Array, y_pred: Array, k: int = 5, from_sorted_ids: bool = False
) -> Array:
    """Return whether the class number is among the ``k`` largest outputs.

    Parameters
    ----------
    y_true : (...) array
    y_pred : (..., classes) array
    k : int
    from_sorted_ids : bool
        Whether ``y_pred`` has class numbers, the best first.

    Returns
    -------
    (...) array of bool

    Raises
    ------
    ValueError
        If there are not as many class numbers as samples.

    Examples
    --------
    >>> fusedrnn.metrics.sparse_top_k_categorical_accuracy([2], [[0.5, 0.2, 0.3]], k=2).tolist()
    [True]
    """
    if from_sorted_ids:
        ids = np.asarray(y_pred)[..., :k]
        return np.equal(np.asarray(y_true).reshape(*ids.shape[:-1], 1), ids).any(axis=-1)
    labels, p = np.asarray(y_true).astype(np.intp), floats(y_pred)
    if labels.size != p[..., 0].size:
        raise ValueError(
            f"sparse_top_k_categorical_accuracy: there are {labels.size} class numbers for "
            f"outputs of shape {p.shape}"
        )
    p, flat = p.reshape(-1, p.shape[-1]), labels.reshape(-1, 1)
    known = (flat >= 0) & (flat < p.shape[-1])
    of_label = np.take_along_axis(p, np.where(known, flat, 0), -1)
    found = known[:, 0] & (np.greater(p, of_label).sum(-1) < k)
    return found.reshape(labels.shape)


def top_k_categorical_accuracy(y_true: Array, y_pred: Array, k: int = 5) -> Array:
    """Return whether the one-hot class is among the ``k`` largest outputs.

    Parameters
    ----------
    y_true, y_pred : (..., classes) arrays
    k : int

    Returns
    -------
    (...) array of bool

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> fusedrnn.metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.5, 0.2, 0.3]], k=2).tolist()
    [True]
    """
    return sparse_top_k_categorical_accuracy(np.argmax(y_true, axis=-1), y_pred, k)


def pearson_correlation(y_true: Array, y_pred: Array, axis: int = -1) -> Array:
    """Return Pearson's correlation along an axis; NaN where one of both does not vary.

    Parameters
    ----------
    y_true, y_pred : arrays
        Which broadcast.
    axis : int

    Returns
    -------
    array
        Without the axis.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> print(fusedrnn.metrics.pearson_correlation([[1, 2, 3]], [[1.5, 2.0, 4.0]]).round(4))
    [0.9449]
    """
    t, p = _from_means("pearson_correlation", y_true, y_pred, axis)[:2]
    with np.errstate(divide="ignore", invalid="ignore"):
        t, p = (a / a.std(axis=axis, keepdims=True) for a in (t, p))
        return (t * p).mean(axis=axis)


def concordance_correlation(y_true: Array, y_pred: Array, axis: int = -1) -> Array:
    """Return Lin's concordance (1989) along an axis: how far both are the same numbers.

    Parameters
    ----------
    y_true, y_pred, axis
        As of :func:`pearson_correlation`.

    Returns
    -------
    array
        Without the axis.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> print(fusedrnn.metrics.concordance_correlation([[1, 2, 3]], [[1.5, 2.0, 4.0]]).round(4))
    [0.8]
    """
    t, p, shift = _from_means("concordance_correlation", y_true, y_pred, axis)
    total = (t * t).mean(axis=axis, keepdims=True) + (p * p).mean(axis=axis, keepdims=True)
    return (2 * (t + shift) * p / (total + shift * shift + epsilon())).mean(axis=axis)


def _from_means(where: str, y_true: Any, y_pred: Any, axis: int) -> tuple[Array, Array, Array]:
    """Return both less their means along an axis, and the difference of the means."""
    p = floats(y_pred)
    t, p = same_rank(np.asarray(y_true, p.dtype), p)
    _equal(where, t, p)
    means = [a.mean(axis=axis, keepdims=True) for a in (t, p)]
    return t - means[0], p - means[1], means[0] - means[1]
