"""The losses as functions: one value a sample, without derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .._tensor import Tensor, tensor
from ..autodiff import Tracked
from . import formulas, mathematics
from .loss import floats, followed, refuse_shapes, same_rank
from .mathematics import Pair

if TYPE_CHECKING:  # slow to import
    from numpy.typing import ArrayLike


def _values(
    pair: Callable[..., Pair | Any],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    ranks: bool = False,
    **options: object,
) -> Tensor:
    """Return a loss's values; some of Keras's functions give their arguments the same rank."""
    tracked = y_pred if isinstance(y_pred, Tracked) else None  # in a loss of the user's
    p = floats(y_pred if tracked is None else tracked.value)
    t = np.asarray(y_true, p.dtype)
    t, p = same_rank(t, p) if ranks else (t, p)
    refuse_shapes(pair.__name__, pair, t, p)
    found = pair(t, p, **options)
    if tracked is not None and isinstance(found, tuple):
        return followed(tracked, p.shape, *found)
    values: Tensor = tensor(found[0] if isinstance(found, tuple) else found)
    return values


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean squared error of every sample."""
    return _values(mathematics.squared, y_true, y_pred, True)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean absolute error of every sample."""
    return _values(mathematics.absolute, y_true, y_pred, True)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean absolute error of every sample, in per cent of what is true."""
    return _values(mathematics.percentage, y_true, y_pred, True)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean squared difference of ``log(1 + y)`` of every sample."""
    return _values(mathematics.logarithmic, y_true, y_pred, True)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Tensor:
    """Return the Huber loss of every sample: squared up to an error of ``delta``, then linear."""
    return _values(mathematics.huber, y_true, y_pred, True, delta=delta)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean logarithm of the error's hyperbolic cosine of every sample."""
    return _values(mathematics.log_cosh, y_true, y_pred, True)


def quantile(y_true: ArrayLike, y_pred: ArrayLike, quantile: float = 0.5) -> Tensor:
    """Return the pinball loss of every sample, least at a quantile of what is true."""
    return _values(mathematics.quantile, y_true, y_pred, True, quantile=quantile)


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the mean cross-entropy of every sample's probabilities, or logits, of two classes."""
    return _values(
        mathematics.binary_crossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the cross-entropy of every sample with one-hot classes."""
    return _values(
        mathematics.categorical_crossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Return the cross-entropy of every sample with class numbers; one of them may count 0."""
    return _values(
        mathematics.sparse_categorical_crossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        ignore_class=ignore_class,
        axis=axis,
    )


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """Return minus the cosine of the angle between the vectors of every sample."""
    return _values(mathematics.cosine_similarity, y_true, y_pred, True, axis=axis)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean Poisson loss of every sample: ``y_pred - y_true log(y_pred)``."""
    return _values(mathematics.poisson, y_true, y_pred)


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the Kullback-Leibler divergence of every sample's probabilities."""
    return _values(mathematics.kl_divergence, y_true, y_pred)


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean hinge loss of every sample; classes are -1 and 1, or 0 and 1."""
    return _values(mathematics.hinge, y_true, y_pred)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean squared hinge loss of every sample; classes as for :func:`hinge`."""
    return _values(mathematics.squared_hinge, y_true, y_pred)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return how far every sample's true class is from being ahead of the others by 1."""
    return _values(formulas.categorical_hinge, y_true, y_pred)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the mean cross-entropy of every sample in which what is sure counts little."""
    return _values(
        formulas.binary_focal_crossentropy,
        y_true,
        y_pred,
        apply_class_balancing=apply_class_balancing,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the cross-entropy of every sample in which what is sure counts little."""
    return _values(
        formulas.categorical_focal_crossentropy,
        y_true,
        y_pred,
        alpha=alpha,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
        axis=axis,
    )


def categorical_generalized_cross_entropy(y_true: ArrayLike, y_pred: ArrayLike, q: float) -> Tensor:
    """Return ``(1 - p**q) / q`` of every sample, p the probability of its class number."""
    return _values(formulas.categorical_generalized_cross_entropy, y_true, y_pred, q=q)


def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Any = None) -> Tensor:
    """Return 1 minus the Dice coefficient along axes, or of all together."""
    return _values(formulas.dice, y_true, y_pred, axis=axis)


def tversky(
    y_true: ArrayLike, y_pred: ArrayLike, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Tensor:
    """Return 1 minus the Tversky index along axes, or of all together."""
    return _values(formulas.tversky, y_true, y_pred, alpha=alpha, beta=beta, axis=axis)


mse = MSE = mean_squared_error
mae = MAE = mean_absolute_error
mape = MAPE = mean_absolute_percentage_error
msle = MSLE = mean_squared_logarithmic_error
logcosh = LOGCOSH = log_cosh
huber_loss = HUBER_LOSS = huber
kld = KLD = kullback_leibler_divergence = KULLBACK_LEIBLER_DIVERGENCE = kl_divergence
bce = BCE = binary_crossentropy
pinball = PINBALL = quantile
