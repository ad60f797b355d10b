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
    """Return the mean of ``(y_pred - y_true)**2`` of every sample.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.mean_squared_error([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [2.125]
    """
    return _values(mathematics.squared, y_true, y_pred, True)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``|y_pred - y_true|`` of every sample.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.mean_absolute_error([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [1.25]
    """
    return _values(mathematics.absolute, y_true, y_pred, True)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``100 |y_pred - y_true| / |y_true|`` of every sample.

    What is true counts as ``backend.epsilon()`` at the least.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> loss = fusedrnn.losses.mean_absolute_percentage_error
    >>> print(loss([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [75.]
    """
    return _values(mathematics.percentage, y_true, y_pred, True)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``(log(1 + y_pred) - log(1 + y_true))**2`` of every sample.

    Both count as ``backend.epsilon()`` at the least.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> loss = fusedrnn.losses.mean_squared_logarithmic_error
    >>> print(loss([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [0.1554]
    """
    return _values(mathematics.logarithmic, y_true, y_pred, True)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Tensor:
    """Return the mean Huber loss of every sample (Huber, 1964).

    ``e**2 / 2`` up to an error of ``delta``, ``delta (|e| - delta / 2)`` beyond.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays
    delta : float
        The error from which on it is linear.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.huber([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [0.8125]
    """
    return _values(mathematics.huber, y_true, y_pred, True, delta=delta)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``log(cosh(y_pred - y_true))`` of every sample.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.log_cosh([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [0.7226]
    """
    return _values(mathematics.log_cosh, y_true, y_pred, True)


def quantile(y_true: ArrayLike, y_pred: ArrayLike, quantile: float = 0.5) -> Tensor:
    """Return the mean pinball loss of every sample, least at a quantile of what is true.

    ``max(q e, (q - 1) e)`` of ``e = y_true - y_pred`` (Koenker and Bassett, 1978).

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays
    quantile : float
        Which one, from 0 to 1.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.quantile([[1.0, 2.0]], [[1.5, 4.0]], quantile=0.9).round(4))
    [0.125]
    """
    return _values(mathematics.quantile, y_true, y_pred, True, quantile=quantile)


def binary_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the mean of ``-t log(p) - (1 - t) log(1 - p)`` of every sample.

    Probabilities are kept ``backend.epsilon()`` away from 0 and 1.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays
        Classes t of 0 and 1; outputs p.
    from_logits : bool
        Whether the outputs are logits, not probabilities.
    label_smoothing : float
        How far the targets move from 0 and 1 towards 1/2, from 0 to 1.
    axis : int
        The last one, -1.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        Of another axis, or shapes that differ.

    Examples
    --------
    >>> print(fusedrnn.losses.binary_crossentropy([[0, 1]], [[0.2, 0.6]]).round(4))
    [0.367]
    """
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
    """Return ``-sum(t log(p))`` of every sample, with one-hot classes t.

    Outputs are scaled to a sum of 1, and kept ``backend.epsilon()`` away from 0 and 1.

    Parameters
    ----------
    y_true, y_pred : (..., classes) arrays
        One-hot classes t; outputs p.
    from_logits : bool
        Whether the outputs are logits, not probabilities.
    label_smoothing : float
        How far the targets move from 0 and 1 towards equal shares, from 0 to 1.
    axis : int
        The last one, -1.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        Of another axis, or shapes that differ.

    Examples
    --------
    >>> loss = fusedrnn.losses.categorical_crossentropy
    >>> print(loss([[0, 1, 0]], [[0.1, 0.8, 0.1]]).round(4))
    [0.2231]
    """
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
    """Return ``-log(p[class])`` of every sample.

    Outputs are scaled to a sum of 1, and kept ``backend.epsilon()`` away from 0 and 1.

    Parameters
    ----------
    y_true : (...) or (..., 1) array
        Class numbers.
    y_pred : (..., classes) array
        Outputs p.
    from_logits : bool
        Whether the outputs are logits, not probabilities.
    ignore_class : int, optional
        A class number that does not count.
    axis : int
        The last one, -1.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        Of a class number that is none, or of another axis.

    Examples
    --------
    >>> loss = fusedrnn.losses.sparse_categorical_crossentropy
    >>> print(loss([1], [[0.1, 0.8, 0.1]]).round(4))
    [0.2231]
    """
    return _values(
        mathematics.sparse_categorical_crossentropy,
        y_true,
        y_pred,
        from_logits=from_logits,
        ignore_class=ignore_class,
        axis=axis,
    )


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Tensor:
    """Return minus the cosine of the angle between the vectors of every sample.

    From -1, where they point the same way, to 1.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays
    axis : int
        The last one, -1.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        Of another axis.

    Examples
    --------
    >>> print(fusedrnn.losses.cosine_similarity([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [-0.9945]
    """
    return _values(mathematics.cosine_similarity, y_true, y_pred, True, axis=axis)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``y_pred - y_true log(y_pred)`` of every sample.

    ``backend.epsilon()`` is added to what the logarithm is taken of.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.poisson([[1.0, 2.0]], [[1.5, 4.0]]).round(4))
    [1.161]
    """
    return _values(mathematics.poisson, y_true, y_pred)


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return ``sum(y_true log(y_true / y_pred))`` of every sample's probabilities.

    Probabilities are kept between ``backend.epsilon()`` and 1.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.kl_divergence([[0.5, 0.5]], [[0.8, 0.2]]).round(4))
    [0.2231]
    """
    return _values(mathematics.kl_divergence, y_true, y_pred)


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``max(1 - y_true y_pred, 0)`` of every sample.

    Classes are -1 and 1; where all are 0 and 1, 0 stands for -1.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.hinge([[-1, 1]], [[-0.5, 0.6]]).round(4))
    [0.45]
    """
    return _values(mathematics.hinge, y_true, y_pred)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return the mean of ``max(1 - y_true y_pred, 0)**2`` of every sample.

    Classes are -1 and 1; where all are 0 and 1, 0 stands for -1.

    Parameters
    ----------
    y_true, y_pred : (..., D) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.squared_hinge([[-1, 1]], [[-0.5, 0.6]]).round(4))
    [0.205]
    """
    return _values(mathematics.squared_hinge, y_true, y_pred)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Tensor:
    """Return how far every sample's true class is from being ahead of the others by 1.

    ``max(1 + max((1 - t) p) - sum(t p), 0)``, with one-hot classes t.

    Parameters
    ----------
    y_true, y_pred : (..., classes) arrays

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.categorical_hinge([[0, 1, 0]], [[0.1, 0.8, 0.1]]).round(4))
    [0.3]
    """
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
    """Return the mean cross-entropy of every sample in which what is sure counts little.

    The cross-entropy times ``(1 - p of what is true)**gamma`` (Lin et al., 2018).

    Parameters
    ----------
    y_true, y_pred
        As of :func:`binary_crossentropy`.
    apply_class_balancing : bool
        Whether class 1 weighs ``alpha``, class 0 the rest of 1.
    alpha : float
    gamma : float
        How little the sure ones count: the power of what is lacking from their true probability.
    from_logits, label_smoothing
        As of :func:`binary_crossentropy`.
    axis : int
        Along which to take the mean.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If shapes differ.

    Examples
    --------
    >>> print(fusedrnn.losses.binary_focal_crossentropy([[0, 1]], [[0.2, 0.6]]).round(4))
    [0.0453]
    """
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
    """Return the cross-entropy of every sample in which what is sure counts little.

    ``-alpha sum((1 - p)**gamma t log(p))`` (Lin et al., 2018).

    Parameters
    ----------
    y_true, y_pred
        As of :func:`categorical_crossentropy`.
    alpha : float
        Factor.
    gamma : float
        As of :func:`binary_focal_crossentropy`.
    from_logits, label_smoothing
        As of :func:`categorical_crossentropy`.
    axis : int
        That of the classes.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> loss = fusedrnn.losses.categorical_focal_crossentropy
    >>> print(loss([[0, 1, 0]], [[0.1, 0.8, 0.1]]).round(4))
    [0.0022]
    """
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
    """Return ``(1 - p**q) / q`` of every sample, p the probability of its class number.

    Zhang and Sabuncu (2018).

    Parameters
    ----------
    y_true : (...) array
        Class numbers.
    y_pred : (..., classes) array
        Probabilities.
    q : float
        From 0, where it is the cross-entropy, to 1, the absolute error, both left out.

    Returns
    -------
    Tensor
        (...): one value a sample.

    Raises
    ------
    ValueError
        Of a class number that is none.

    Examples
    --------
    >>> loss = fusedrnn.losses.categorical_generalized_cross_entropy
    >>> print(loss([1], [[0.1, 0.8, 0.1]], q=0.5).round(4))
    [0.2111]
    """
    return _values(formulas.categorical_generalized_cross_entropy, y_true, y_pred, q=q)


def dice(y_true: ArrayLike, y_pred: ArrayLike, axis: Any = None) -> Tensor:
    """Return 1 minus the Dice coefficient along axes, or of all together.

    ``1 - 2 sum(t p) / (sum(t) + sum(p))`` (Dice, 1945).

    Parameters
    ----------
    y_true, y_pred : arrays of one shape
    axis : int or tuple of int, optional
        Along which axes there is a sum; all of them by default.

    Returns
    -------
    Tensor
        One number, or, with ``axis``, what is left of the shape.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.dice([[0, 1]], [[0.2, 0.6]]).round(4))
    0.3333
    """
    return _values(formulas.dice, y_true, y_pred, axis=axis)


def tversky(
    y_true: ArrayLike, y_pred: ArrayLike, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Tensor:
    """Return 1 minus the Tversky index along axes, or of all together.

    ``1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum((1 - t) p))``.

    Parameters
    ----------
    y_true, y_pred : arrays of one shape
    alpha, beta : float
        Weights of what is missed and of what is wrong.
    axis
        As of :func:`dice`.

    Returns
    -------
    Tensor
        One number, or, with ``axis``, what is left of the shape.

    Raises
    ------
    ValueError
        If the shapes do not fit one another.

    Examples
    --------
    >>> print(fusedrnn.losses.tversky([[0, 1]], [[0.2, 0.6]]).round(4))
    0.3333
    """
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
