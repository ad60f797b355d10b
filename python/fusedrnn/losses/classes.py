"""The losses as objects, with the arguments of their functions before those of every loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from .._types import Array
from ..checks import number
from . import formulas, mathematics
from .loss import Loss, Pull, Reduction, refuse_shapes, same_rank, scaled
from .mathematics import Pair


class PairLoss(Loss):
    """Base of the losses whose mathematics is a function of this package.

    Parameters
    ----------
    reduction, name, dtype
        As of :class:`Loss`.
    """

    key: ClassVar[str]
    function: ClassVar[Callable[..., Pair]]
    options: Mapping[str, Any] = MappingProxyType({})  # what the function takes beside y

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name or self.key, reduction, dtype)

    def call(self, y_true: Array, y_pred: Array) -> Array:  # noqa: D102
        return self._apply(*same_rank(y_true, y_pred))[0]

    def derive(self, y_true: Array, y_pred: Array) -> tuple[Array, Pull]:  # noqa: D102
        t, p = y_true, y_pred
        if t.ndim != p.ndim:
            t, p = same_rank(t, p)
        values, gradient = self._apply(t, p)
        if p is y_pred:
            return values, partial(scaled, gradient, p)
        return values, lambda w, scale: scaled(gradient, p, w, scale).reshape(y_pred.shape)

    def _apply(self, t: Array, p: Array) -> Pair:
        refuse_shapes(self.name, type(self).function, t, p)
        return type(self).function(t, p, **self.options)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"name": self.name, "reduction": self.reduction, **self.options}


class MeanSquaredError(PairLoss):
    """Mean of ``(y_pred - y_true)**2``.

    Examples
    --------
    >>> loss = fusedrnn.losses.MeanSquaredError()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    2.125
    """

    key, function = "mean_squared_error", staticmethod(mathematics.squared)


class MeanAbsoluteError(PairLoss):
    """Mean of ``|y_pred - y_true|``.

    Examples
    --------
    >>> loss = fusedrnn.losses.MeanAbsoluteError()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    1.25
    """

    key, function = "mean_absolute_error", staticmethod(mathematics.absolute)


class MeanAbsolutePercentageError(PairLoss):
    """Mean of ``100 |y_pred - y_true| / |y_true|``.

    What is true counts as ``backend.epsilon()`` at the least.

    Examples
    --------
    >>> loss = fusedrnn.losses.MeanAbsolutePercentageError()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    75.0
    """

    key, function = "mean_absolute_percentage_error", staticmethod(mathematics.percentage)


class MeanSquaredLogarithmicError(PairLoss):
    """Mean of ``(log(1 + y_pred) - log(1 + y_true))**2``.

    Both count as ``backend.epsilon()`` at the least.

    Examples
    --------
    >>> loss = fusedrnn.losses.MeanSquaredLogarithmicError()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    0.1554
    """

    key, function = "mean_squared_logarithmic_error", staticmethod(mathematics.logarithmic)


class Huber(PairLoss):
    """Squared error where it is small, linear beyond (Huber, 1964).

    ``e**2 / 2`` up to an error of ``delta``, ``delta (|e| - delta / 2)`` beyond.

    Parameters
    ----------
    delta : float
        The error from which on it is linear.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``delta`` below 0.

    Examples
    --------
    >>> loss = fusedrnn.losses.Huber()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    0.8125
    """

    key, function = "huber", staticmethod(mathematics.huber)

    def __init__(
        self,
        delta: float = 1.0,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name or "huber_loss", dtype)
        self.options = {"delta": number("Huber", "delta", delta, 0)}


class LogCosh(PairLoss):
    """Mean of ``log(cosh(y_pred - y_true))``.

    Examples
    --------
    >>> loss = fusedrnn.losses.LogCosh()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    0.7226
    """

    key, function = "log_cosh", staticmethod(mathematics.log_cosh)


class Quantile(PairLoss):
    """The pinball loss, least where the output is a quantile (not in Keras).

    ``max(q e, (q - 1) e)`` of ``e = y_true - y_pred`` (Koenker and Bassett, 1978).

    Parameters
    ----------
    quantile : float
        Which one, from 0 to 1.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``quantile`` that is not from 0 to 1.

    Examples
    --------
    >>> loss = fusedrnn.losses.Quantile(0.9)
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    0.125
    """

    key, function = "quantile", staticmethod(mathematics.quantile)

    def __init__(
        self,
        quantile: float = 0.5,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.options = {"quantile": number("Quantile", "quantile", quantile, 0, 1)}


class _SmoothedCrossentropy(PairLoss):
    """Base of the cross-entropies whose targets can be smoothed."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        number(type(self).__name__, "label_smoothing", label_smoothing, 0, 1)
        smoothing = {"label_smoothing": label_smoothing}
        self.options = {"from_logits": from_logits, **smoothing, "axis": axis}


class BinaryCrossentropy(_SmoothedCrossentropy):
    """Mean of ``-t log(p) - (1 - t) log(1 - p)``, classes t of 0 and 1, outputs p.

    Probabilities are kept ``backend.epsilon()`` away from 0 and 1.

    Parameters
    ----------
    from_logits : bool
        Whether the outputs are logits, not probabilities.
    label_smoothing : float
        How far the targets move from 0 and 1 towards 1/2, from 0 to 1.
    axis : int
        The last one, -1.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``label_smoothing`` that is not from 0 to 1; called, of another axis.

    Examples
    --------
    >>> loss = fusedrnn.losses.BinaryCrossentropy()
    >>> round(float(loss([[0, 1]], [[0.2, 0.6]])), 4)
    0.367
    """

    key, function = "binary_crossentropy", staticmethod(mathematics.binary_crossentropy)


class CategoricalCrossentropy(_SmoothedCrossentropy):
    """Cross-entropy with one-hot classes: ``-sum(t log(p))``.

    Outputs are scaled to a sum of 1, and kept ``backend.epsilon()`` away from 0 and 1.

    Parameters
    ----------
    from_logits : bool
        Whether the outputs are logits, not probabilities.
    label_smoothing : float
        How far the targets move from 0 and 1 towards equal shares, from 0 to 1.
    axis : int
        The last one, -1.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``label_smoothing`` that is not from 0 to 1; called, of another axis.

    Examples
    --------
    >>> loss = fusedrnn.losses.CategoricalCrossentropy()
    >>> round(float(loss([[0, 1, 0]], [[0.1, 0.8, 0.1]])), 4)
    0.2231
    """

    key, function = "categorical_crossentropy", staticmethod(mathematics.categorical_crossentropy)


class SparseCategoricalCrossentropy(PairLoss):
    """Cross-entropy with class numbers: ``-log(p[class])``.

    Outputs are scaled to a sum of 1, and kept ``backend.epsilon()`` away from 0 and 1.

    Parameters
    ----------
    from_logits : bool
        Whether the outputs are logits, not probabilities.
    ignore_class : int, optional
        A class number that does not count.
    axis : int
        The last one, -1.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Called, of a class number that is none, or of another axis.

    Examples
    --------
    >>> loss = fusedrnn.losses.SparseCategoricalCrossentropy()
    >>> round(float(loss([1], [[0.1, 0.8, 0.1]])), 4)
    0.2231
    """

    key = "sparse_categorical_crossentropy"
    function = staticmethod(mathematics.sparse_categorical_crossentropy)

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: Reduction | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}

    def reduce(  # noqa: D102
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> tuple[float, Array]:
        ignored = self.options["ignore_class"]
        if ignored is not None and y_true.size == y_pred[..., 0].size:  # the rest is averaged
            kept = np.not_equal(y_true, ignored).reshape(y_pred.shape[:-1])
            mask = kept if mask is None else kept & mask
        return super().reduce(y_true, y_pred, sample_weight, mask)


class CosineSimilarity(PairLoss):
    """Minus the cosine of the angle between what is true and the output.

    From -1, where they point the same way, to 1.

    Parameters
    ----------
    axis : int
        The last one, -1.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Called, of another axis.

    Examples
    --------
    >>> loss = fusedrnn.losses.CosineSimilarity()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    -0.9945
    """

    key, function = "cosine_similarity", staticmethod(mathematics.cosine_similarity)

    def __init__(
        self,
        axis: int = -1,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.options = {"axis": axis}


class Poisson(PairLoss):
    """Mean of ``y_pred - y_true log(y_pred)``.

    ``backend.epsilon()`` is added to what the logarithm is taken of.

    Examples
    --------
    >>> loss = fusedrnn.losses.Poisson()
    >>> round(float(loss([[1.0, 2.0]], [[1.5, 4.0]])), 4)
    1.161
    """

    key, function = "poisson", staticmethod(mathematics.poisson)


class KLDivergence(PairLoss):
    """Kullback-Leibler divergence (1951): ``sum(y_true log(y_true / y_pred))``.

    Probabilities are kept between ``backend.epsilon()`` and 1.

    Examples
    --------
    >>> loss = fusedrnn.losses.KLDivergence()
    >>> round(float(loss([[0.5, 0.5]], [[0.8, 0.2]])), 4)
    0.2231
    """

    key, function = "kl_divergence", staticmethod(mathematics.kl_divergence)


class Hinge(PairLoss):
    """Mean of ``max(1 - y_true y_pred, 0)``; classes are -1 and 1, or 0 and 1.

    Classes are -1 and 1; where all are 0 and 1, 0 stands for -1.

    Examples
    --------
    >>> loss = fusedrnn.losses.Hinge()
    >>> round(float(loss([[-1, 1]], [[-0.5, 0.6]])), 4)
    0.45
    """

    key, function = "hinge", staticmethod(mathematics.hinge)


class SquaredHinge(PairLoss):
    """Mean of ``max(1 - y_true y_pred, 0)**2``; classes are -1 and 1, or 0 and 1.

    Classes are -1 and 1; where all are 0 and 1, 0 stands for -1.

    Examples
    --------
    >>> loss = fusedrnn.losses.SquaredHinge()
    >>> round(float(loss([[-1, 1]], [[-0.5, 0.6]])), 4)
    0.205
    """

    key, function = "squared_hinge", staticmethod(mathematics.squared_hinge)


class _FormulaLoss(PairLoss):
    """Base of the losses that the tape differentiates."""

    function: ClassVar[Callable[..., Any]]

    def call(self, y_true: Array, y_pred: Array) -> Array:
        t, p = same_rank(y_true, y_pred)
        refuse_shapes(self.name, type(self).function, t, p)
        y: Array = type(self).function(t, p, **self.options)
        return y

    derive = Loss.derive


class CategoricalHinge(_FormulaLoss):
    """``max(1 + largest output of the other classes - that of the true one, 0)``.

    ``max(1 + max((1 - t) p) - sum(t p), 0)``, with one-hot classes t.

    Examples
    --------
    >>> loss = fusedrnn.losses.CategoricalHinge()
    >>> round(float(loss([[0, 1, 0]], [[0.1, 0.8, 0.1]])), 4)
    0.3
    """

    key, function = "categorical_hinge", staticmethod(formulas.categorical_hinge)


class BinaryFocalCrossentropy(_FormulaLoss):
    """Binary cross-entropy in which what is sure already counts little (Lin et al., 2018).

    The cross-entropy times ``(1 - p of what is true)**gamma`` (Lin et al., 2018).

    Parameters
    ----------
    apply_class_balancing : bool
        Whether class 1 weighs ``alpha``, class 0 the rest of 1.
    alpha : float
    gamma : float
        How little the sure ones count: the power of what is lacking from their true probability.
    from_logits, label_smoothing
        As of :class:`BinaryCrossentropy`.
    axis : int
        Along which to take the mean.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``label_smoothing`` that is not from 0 to 1.

    Examples
    --------
    >>> loss = fusedrnn.losses.BinaryFocalCrossentropy()
    >>> round(float(loss([[0, 1]], [[0.2, 0.6]])), 4)
    0.0453
    """

    key, function = "binary_focal_crossentropy", staticmethod(formulas.binary_focal_crossentropy)

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.options = {
            **_focal(self, alpha, gamma, from_logits, label_smoothing, axis),
            "apply_class_balancing": apply_class_balancing,
        }


class CategoricalFocalCrossentropy(_FormulaLoss):
    """Cross-entropy with one-hot classes in which what is sure already counts little.

    ``-alpha sum((1 - p)**gamma t log(p))`` (Lin et al., 2018).

    Parameters
    ----------
    alpha : float
        Factor.
    gamma : float
        As of :class:`BinaryFocalCrossentropy`.
    from_logits, label_smoothing
        As of :class:`CategoricalCrossentropy`.
    axis : int
        That of the classes.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``label_smoothing`` that is not from 0 to 1.

    Examples
    --------
    >>> loss = fusedrnn.losses.CategoricalFocalCrossentropy()
    >>> round(float(loss([[0, 1, 0]], [[0.1, 0.8, 0.1]])), 4)
    0.0022
    """

    key = "categorical_focal_crossentropy"
    function = staticmethod(formulas.categorical_focal_crossentropy)

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.options = _focal(self, alpha, gamma, from_logits, label_smoothing, axis)


def _focal(
    loss: Loss, alpha: Any, gamma: float, from_logits: bool, label_smoothing: float, axis: int
) -> dict[str, Any]:
    number(type(loss).__name__, "gamma", gamma)
    number(type(loss).__name__, "label_smoothing", label_smoothing, 0, 1)
    return {
        "alpha": alpha,
        "gamma": gamma,
        "from_logits": from_logits,
        "label_smoothing": label_smoothing,
        "axis": axis,
    }


class CategoricalGeneralizedCrossEntropy(_FormulaLoss):
    """``(1 - p**q) / q``, p of the class number that is true; for labels some of which are wrong.

    Zhang and Sabuncu (2018).

    Parameters
    ----------
    q : float
        From 0, where it is the cross-entropy, to 1, the absolute error, both left out.
    reduction, name, dtype
        As of :class:`Loss`.

    Raises
    ------
    ValueError
        Of a ``q`` out of its range; called, of a class number that is none.

    Examples
    --------
    >>> loss = fusedrnn.losses.CategoricalGeneralizedCrossEntropy()
    >>> round(float(loss([1], [[0.1, 0.8, 0.1]])), 4)
    0.2111
    """

    key = "categorical_generalized_cross_entropy"
    function = staticmethod(formulas.categorical_generalized_cross_entropy)

    def __init__(
        self,
        q: float = 0.5,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not 0 < number(type(self).__name__, "q", q) < 1:
            raise ValueError(f"{type(self).__name__}: q is {q}, expected more than 0, less than 1")
        self.options = {"q": q}


class Dice(_FormulaLoss):
    """1 minus the Dice coefficient, ``2 sum(t p) / (sum(t) + sum(p))``.

    ``1 - 2 sum(t p) / (sum(t) + sum(p))`` (Dice, 1945).

    Parameters
    ----------
    axis : int or tuple of int, optional
        Along which axes there is a sum; all of them by default.
    reduction, name, dtype
        As of :class:`Loss`.

    Examples
    --------
    >>> loss = fusedrnn.losses.Dice()
    >>> round(float(loss([[0, 1]], [[0.2, 0.6]])), 4)
    0.3333
    """

    key, function = "dice", staticmethod(formulas.dice)

    def __init__(
        self,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.options = {"axis": tuple(axis) if isinstance(axis, list) else axis}


class Tversky(_FormulaLoss):
    """1 minus the Tversky index (Salehi et al., 2017); with 1/2 and 1/2 it is :class:`Dice`.

    ``1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum((1 - t) p))``.

    Parameters
    ----------
    alpha, beta : float
        Weights of what is missed and of what is wrong.
    axis
        As of :class:`Dice`.
    reduction, name, dtype
        As of :class:`Loss`.

    Examples
    --------
    >>> loss = fusedrnn.losses.Tversky()
    >>> round(float(loss([[0, 1]], [[0.2, 0.6]])), 4)
    0.3333
    """

    key, function = "tversky", staticmethod(formulas.tversky)

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: Reduction | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        axis = tuple(axis) if isinstance(axis, list) else axis
        self.options = {"alpha": alpha, "beta": beta, "axis": axis}
