"""The losses' formulas whose derivatives the tape of ``autodiff`` takes.

A function takes ``t``, what is true, and ``p``, what the model says, and returns one value a
sample, or one for all where there is no axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import epsilon


def _smoothed(t: Any, label_smoothing: float, classes: int) -> Any:
    return t * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else t


def binary_focal_crossentropy(
    t: Any,
    p: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Average the cross-entropy times ``(1 - p of what is true)**gamma`` (Lin et al., 2018)."""
    t = _smoothed(t, label_smoothing, 2)
    p = 0.5 * (1 + np.tanh(0.5 * p)) if from_logits else p
    q = np.clip(p, epsilon(), 1 - epsilon())
    entropy = -(t * np.log(q) + (1 - t) * np.log(1 - q))
    values = np.power(1 - (t * p + (1 - t) * (1 - p)), gamma) * entropy
    if apply_class_balancing:
        values = (t * alpha + (1 - t) * (1 - alpha)) * values
    return np.mean(values, axis=axis)


def categorical_focal_crossentropy(
    t: Any,
    p: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Sum ``-alpha (1 - p)**gamma t log(p)``, p scaled to a sum of 1."""
    t = _smoothed(t, label_smoothing, t.shape[-1])
    p = np.exp(p - np.max(p, axis=axis, keepdims=True)) if from_logits else p
    q = np.clip(p / np.sum(p, axis=axis, keepdims=True), epsilon(), 1 - epsilon())
    return np.sum(-alpha * np.power(1 - q, gamma) * t * np.log(q), axis=axis)


def categorical_generalized_cross_entropy(t: Any, p: Any, q: float) -> Any:
    """Return ``(1 - p**q) / q``, p of the class that is true (Zhang and Sabuncu, 2018)."""
    labels = t.astype(np.intp)
    if labels.size and not 0 <= labels.min() <= labels.max() < p.shape[-1]:
        raise ValueError(
            "categorical_generalized_cross_entropy: y_true has labels from "
            f"{labels.min()} to {labels.max()}, expected 0 to {p.shape[-1] - 1}"
        )
    one_hot = np.equal(labels[..., None], np.arange(p.shape[-1])).astype(p.dtype)
    return (1 - np.power(np.sum(p * one_hot, axis=-1), q)) / q


def categorical_hinge(t: Any, p: Any) -> Any:
    """Return ``max(1 + largest p of the others - p of what is true, 0)``."""
    rest = np.max((1 - t) * p, axis=-1) - np.sum(t * p, axis=-1)
    return np.maximum(rest + 1, p.dtype.type(0))


def dice(t: Any, p: Any, axis: Any = None) -> Any:
    """Return ``1 - 2 sum(t p) / (sum(t) + sum(p))``."""
    total = np.sum(t, axis=axis) + np.sum(p, axis=axis)
    return 1 - 2 * np.sum(t * p, axis=axis) / (total + epsilon())


def tversky(t: Any, p: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """Return ``1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum((1 - t) p))``."""
    both = np.sum(t * p, axis=axis)
    missed, wrong = np.sum(t * (1 - p), axis=axis), np.sum((1 - t) * p, axis=axis)
    return 1 - both / (both + alpha * missed + beta * wrong + epsilon())


SAME_SHAPE = (binary_focal_crossentropy,)  # what does not broadcast
