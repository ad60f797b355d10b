"""The losses' mathematics, each with its derivative.

A function takes ``t``, what is true, and ``p``, what the model says, whose shapes broadcast. It
returns one value a sample (the last axis is gone) and the derivative of their sum with respect to
``p``, of the shape that both broadcast to.
"""

from __future__ import annotations

import math

import numpy as np

from .._state import epsilon
from .._types import Array

Pair = tuple[Array, Array]


def _mean(values: Array, gradient: Array) -> Pair:
    """Average over the last axis, from elementwise values and derivatives."""
    if not values.ndim:  # of two numbers
        return values, gradient
    return values.mean(axis=-1), gradient / values.shape[-1]


def _last(name: str, axis: int, p: Array) -> None:
    if axis not in (-1, p.ndim - 1):
        raise ValueError(f"{name}: axis is {axis}, expected -1")


def squared(t: Array, p: Array) -> Pair:
    """Average ``e**2``, e the error ``p - t``."""
    e = p - t
    if e.shape[-1:] == (1,):  # the usual forecast of one value
        return (e * e)[..., 0], e + e  # faster than 2 * e
    return _mean(e * e, 2 * e)


def absolute(t: Array, p: Array) -> Pair:
    """Average ``|e|``."""
    e = p - t
    return _mean(np.abs(e), np.sign(e))


def percentage(t: Array, p: Array) -> Pair:
    """Average ``100 |e / t|``."""
    scale = 100 / np.maximum(np.abs(t), p.dtype.type(epsilon()))
    e = p - t
    return _mean(np.abs(e) * scale, np.sign(e) * scale)


def logarithmic(t: Array, p: Array) -> Pair:
    """Average ``(log(1 + p) - log(1 + t))**2``."""
    eps = p.dtype.type(epsilon())
    e = np.log1p(np.maximum(p, eps)) - np.log1p(np.maximum(t, eps))
    return _mean(e * e, np.where(p > eps, 2 * e / (1 + np.maximum(p, eps)), 0))


def huber(t: Array, p: Array, delta: float = 1.0) -> Pair:
    """Average ``e**2 / 2`` up to ``delta``, ``delta (|e| - delta / 2)`` beyond."""
    e = p - t
    size = np.abs(e)
    return _mean(
        np.where(size <= delta, 0.5 * e * e, delta * size - 0.5 * delta * delta),
        np.clip(e, -delta, delta),
    )


def log_cosh(t: Array, p: Array) -> Pair:
    """Average ``log(cosh(e))``."""
    e = p - t
    return _mean(np.logaddexp(e, -e) - e.dtype.type(math.log(2)), np.tanh(e))


def quantile(t: Array, p: Array, quantile: float = 0.5) -> Pair:
    """Average ``max(quantile (t - p), (quantile - 1) (t - p))``."""
    e = t - p
    return _mean(
        np.maximum(quantile * e, (quantile - 1) * e),
        np.where(e > 0, e.dtype.type(-quantile), e.dtype.type(1 - quantile)),
    )


def binary_crossentropy(
    t: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Pair:
    """Average ``-t log(p) - (1 - t) log(1 - p)``."""
    _last("binary_crossentropy", axis, p)
    t = t * (1 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else t
    if from_logits:
        return _mean(np.logaddexp(0, p) - t * p, 0.5 * (1 + np.tanh(0.5 * p)) - t)
    eps = p.dtype.type(epsilon())
    q = np.clip(p, eps, 1 - eps)
    return _mean(
        -(t * np.log(q) + (1 - t) * np.log(1 - q)), np.where(q == p, (q - t) / (q * (1 - q)), 0)
    )


def categorical_crossentropy(
    t: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Pair:
    """Sum ``-t log(p)``, p scaled to a sum of 1."""
    _last("categorical_crossentropy", axis, p)
    t = t * (1 - label_smoothing) + label_smoothing / t.shape[-1] if label_smoothing else t
    total = t.sum(axis=-1, keepdims=True)
    if from_logits:
        z = p - p.max(axis=-1, keepdims=True)
        log_sum = np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return -(t * (z - log_sum)).sum(axis=-1), total * np.exp(z - log_sum) - t
    scale = p.sum(axis=-1, keepdims=True)
    eps = p.dtype.type(epsilon())
    q = p / scale
    inside = (q > eps) & (q < 1 - eps)
    q = np.clip(q, eps, 1 - eps)
    d = np.where(inside, -t / q, 0)
    return (
        -(t * np.log(q)).sum(axis=-1),
        (d - (d * p).sum(axis=-1, keepdims=True) / scale) / scale,
    )


def sparse_categorical_crossentropy(
    t: Array,
    p: Array,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Pair:
    """Take class numbers t, one of which may count 0; else as with one-hot classes."""
    _last("sparse_categorical_crossentropy", axis, p)
    labels = t.astype(np.intp)
    if labels.ndim == p.ndim and labels.shape[-1] == 1:
        labels = labels[..., 0]
    kept = None if ignore_class is None else labels != ignore_class
    if kept is not None:
        labels = np.where(kept, labels, 0)
    if labels.size and (labels.min() < 0 or labels.max() >= p.shape[-1]):
        raise ValueError(
            "sparse_categorical_crossentropy: y_true has labels from "
            f"{labels.min()} to {labels.max()}, expected 0 to {p.shape[-1] - 1}"
        )
    one_hot = np.equal(labels[..., None], np.arange(p.shape[-1])).astype(p.dtype)
    values, gradient = categorical_crossentropy(one_hot, p, from_logits)
    return (values, gradient) if kept is None else (values * kept, gradient * kept[..., None])


def cosine_similarity(t: Array, p: Array, axis: int = -1) -> Pair:
    """Return minus ``t @ p``, both scaled to length 1."""
    _last("cosine_similarity", axis, p)

    def unit(a: Array) -> tuple[Array, Array]:
        norm = np.sqrt(np.maximum((a * a).sum(axis=-1, keepdims=True), a.dtype.type(1e-12)))
        return a / norm, norm

    (t, _), (q, norm) = unit(t), unit(p)
    if p.shape[-1] == 1:  # which stands beside each of t
        t = t.sum(axis=-1, keepdims=True)
    cosine = (t * q).sum(axis=-1, keepdims=True)
    return -cosine[..., 0], (cosine * q - t) / norm


def poisson(t: Array, p: Array) -> Pair:
    """Average ``p - t log(p)``."""
    q = p + p.dtype.type(epsilon())
    return _mean(p - t * np.log(q), 1 - t / q)


def kl_divergence(t: Array, p: Array) -> Pair:
    """Sum ``t log(t / p)``."""
    eps = p.dtype.type(epsilon())
    t, q = np.clip(t, eps, 1), np.clip(p, eps, 1)
    return (t * np.log(t / q)).sum(axis=-1), np.where(q == p, -t / q, 0)


def _signs(t: Array) -> Array:
    return 2 * t - 1 if np.isin(t, (0, 1)).all() else t


def hinge(t: Array, p: Array) -> Pair:
    """Average ``max(1 - t p, 0)``, t of -1 and 1."""
    t = _signs(t)
    slack = np.maximum(1 - t * p, 0)
    return _mean(slack, np.where(slack > 0, -t, 0))


def squared_hinge(t: Array, p: Array) -> Pair:
    """Average ``max(1 - t p, 0)**2``, t of -1 and 1."""
    t = _signs(t)
    slack = np.maximum(1 - t * p, 0)
    return _mean(slack * slack, -2 * slack * t)


SAME_SHAPE = (binary_crossentropy, categorical_crossentropy)  # what does not broadcast
