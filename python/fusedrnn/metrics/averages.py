"""Metrics that are the average of a function's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import losses
from .._types import Array
from ..losses.loss import same_rank
from . import functions
from .metric import MeanMetricWrapper

if TYPE_CHECKING:  # slow to import
    from numpy.typing import ArrayLike


class FunctionMetric(MeanMetricWrapper):
    """Base of the averages of a function of this package.

    Parameters
    ----------
    name : str, optional
        By default that of the function.
    dtype
        Accepted; averages are double precision.
    """

    key: ClassVar[str]
    function: ClassVar[Callable[..., Array]]

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(self.function, name or self.key, dtype)


class Accuracy(FunctionMetric):
    """Share of the outputs that equal what is true.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Accuracy()
    >>> round(float(metric([[1], [2]], [[1], [3]])), 4)
    0.5
    """

    key, function, up = "accuracy", staticmethod(functions.accuracy), True


class BinaryAccuracy(FunctionMetric):
    """Share of the outputs on the right side of a threshold.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    threshold : float
        What is above it is class 1.

    Examples
    --------
    >>> metric = fusedrnn.metrics.BinaryAccuracy()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    0.6667
    """

    key, function, up = "binary_accuracy", staticmethod(functions.binary_accuracy), True

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.options = {"threshold": threshold}


class CategoricalAccuracy(FunctionMetric):
    """Share of the samples whose largest output is that of the one-hot class.

    Examples
    --------
    >>> metric = fusedrnn.metrics.CategoricalAccuracy()
    >>> round(float(metric([[0, 1, 0], [1, 0, 0]], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.5
    """

    key, function, up = "categorical_accuracy", staticmethod(functions.categorical_accuracy), True


class SparseCategoricalAccuracy(FunctionMetric):
    """Share of the samples whose largest output is that of the class number.

    Examples
    --------
    >>> metric = fusedrnn.metrics.SparseCategoricalAccuracy()
    >>> round(float(metric([1, 0], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.5
    """

    key, up = "sparse_categorical_accuracy", True
    function = staticmethod(functions.sparse_categorical_accuracy)


class _TopK(FunctionMetric):
    up = True

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.options = {"k": k}


class TopKCategoricalAccuracy(_TopK):
    """Share of the samples whose one-hot class is among the ``k`` largest outputs.

    Parameters
    ----------
    k : int
    name, dtype
        As of :class:`Metric`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.TopKCategoricalAccuracy(k=2)
    >>> round(float(metric([[0, 1, 0], [1, 0, 0]], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.5
    """

    key, function = "top_k_categorical_accuracy", staticmethod(functions.top_k_categorical_accuracy)


class SparseTopKCategoricalAccuracy(_TopK):
    """Share of the samples whose class number is among the ``k`` largest outputs.

    Parameters
    ----------
    k : int
    name, dtype
        As of :class:`Metric`.
    from_sorted_ids : bool
        Whether the outputs are class numbers, the best first.

    Examples
    --------
    >>> metric = fusedrnn.metrics.SparseTopKCategoricalAccuracy(k=2)
    >>> round(float(metric([1, 0], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.5
    """

    key = "sparse_top_k_categorical_accuracy"
    function = staticmethod(functions.sparse_top_k_categorical_accuracy)

    def __init__(
        self,
        k: int = 5,
        name: str | None = None,
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(k, name, dtype)
        if from_sorted_ids:
            self.options["from_sorted_ids"] = True


def _cosine(y_true: ArrayLike, y_pred: Array, axis: int = -1) -> Array:
    return -losses.cosine_similarity(y_true, y_pred, axis)


class CosineSimilarity(FunctionMetric):
    """Average cosine of the angle between what is true and the output.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    axis : int
        The last one, -1.

    Examples
    --------
    >>> metric = fusedrnn.metrics.CosineSimilarity()
    >>> round(float(metric([[1.0, 2.0, 3.0]], [[1.5, 2.0, 4.0]])), 4)
    0.9915
    """

    key, function, up = "cosine_similarity", staticmethod(_cosine), True

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.options = {"axis": axis}


class Huber(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.huber`.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    delta : float
        The error from which on it is linear.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Huber()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    0.8125
    """

    key, function = "huber", staticmethod(losses.huber)

    def __init__(self, name: str | None = None, dtype: Any = None, delta: float = 1.0) -> None:
        super().__init__(name, dtype)
        self.options = {"delta": delta}


class Quantile(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.quantile`.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    quantile : float
        Which one, from 0 to 1.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Quantile(quantile=0.9)
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    0.125
    """

    key, function = "quantile", staticmethod(losses.quantile)

    def __init__(self, name: str | None = None, dtype: Any = None, quantile: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.options = {"quantile": quantile}


class _SmoothedCrossentropy(FunctionMetric):
    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype)
        self.options = {"from_logits": from_logits, "label_smoothing": label_smoothing}


class BinaryCrossentropy(_SmoothedCrossentropy):
    """Average of the loss ``binary_crossentropy``.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    from_logits, label_smoothing
        As of :func:`fusedrnn.losses.binary_crossentropy`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.BinaryCrossentropy()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    0.646
    """

    key, function = "binary_crossentropy", staticmethod(losses.binary_crossentropy)


class CategoricalCrossentropy(_SmoothedCrossentropy):
    """Average of the loss ``categorical_crossentropy``.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    from_logits, label_smoothing, axis
        As of :func:`fusedrnn.losses.categorical_crossentropy`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.CategoricalCrossentropy()
    >>> round(float(metric([[0, 1, 0], [1, 0, 0]], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.9163
    """

    key, function = "categorical_crossentropy", staticmethod(losses.categorical_crossentropy)

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits, label_smoothing)
        self.options = {**self.options, "axis": axis}


class SparseCategoricalCrossentropy(FunctionMetric):
    """Average of the loss ``sparse_categorical_crossentropy``.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    from_logits, ignore_class, axis
        As of :func:`fusedrnn.losses.sparse_categorical_crossentropy`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.SparseCategoricalCrossentropy()
    >>> round(float(metric([1, 0], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.9163
    """

    key = "sparse_categorical_crossentropy"
    function = staticmethod(losses.sparse_categorical_crossentropy)

    def __init__(
        self,
        name: str | None = None,
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.options = {"from_logits": from_logits, "axis": axis}
        if ignore_class is not None:
            self.options["ignore_class"] = ignore_class

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Take in a batch; weights of what is ignored do not count, as in Keras."""
        ignored = self.options.get("ignore_class")
        if ignored is not None and sample_weight is not None:
            kept = np.not_equal(y_true, ignored).reshape(np.shape(y_pred)[:-1])
            sample_weight = np.multiply(*same_rank(kept, np.asarray(sample_weight)))
        super().update_state(y_true, y_pred, sample_weight)


class MeanSquaredError(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.mean_squared_error`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.MeanSquaredError()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    2.125
    """

    key, function = "mean_squared_error", staticmethod(losses.mean_squared_error)


class MeanAbsoluteError(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.mean_absolute_error`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.MeanAbsoluteError()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    1.25
    """

    key, function = "mean_absolute_error", staticmethod(losses.mean_absolute_error)


class MeanAbsolutePercentageError(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.mean_absolute_percentage_error`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.MeanAbsolutePercentageError()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    75.0
    """

    key = "mean_absolute_percentage_error"
    function = staticmethod(losses.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.mean_squared_logarithmic_error`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.MeanSquaredLogarithmicError()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    0.1554
    """

    key = "mean_squared_logarithmic_error"
    function = staticmethod(losses.mean_squared_logarithmic_error)


class LogCosh(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.log_cosh`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.LogCosh()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    0.7226
    """

    key, function = "log_cosh", staticmethod(losses.log_cosh)


class Poisson(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.poisson`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Poisson()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    1.161
    """

    key, function = "poisson", staticmethod(losses.poisson)


class KLDivergence(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.kl_divergence`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.KLDivergence()
    >>> round(float(metric([[0.5, 0.5]], [[0.8, 0.2]])), 4)
    0.2231
    """

    key, function = "kl_divergence", staticmethod(losses.kl_divergence)


class Hinge(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.hinge`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Hinge()
    >>> round(float(metric([[-1], [1]], [[-0.5], [0.6]])), 4)
    0.45
    """

    key, function = "hinge", staticmethod(losses.hinge)


class SquaredHinge(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.squared_hinge`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.SquaredHinge()
    >>> round(float(metric([[-1], [1]], [[-0.5], [0.6]])), 4)
    0.205
    """

    key, function = "squared_hinge", staticmethod(losses.squared_hinge)


class LogCoshError(FunctionMetric):
    """Average of the loss ``log_cosh``, under its name in Keras's metrics.

    Examples
    --------
    >>> metric = fusedrnn.metrics.LogCoshError()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    0.7226
    """

    key, function = "log_cosh_error", staticmethod(losses.log_cosh)


class CategoricalHinge(FunctionMetric):
    """Average of the loss :func:`fusedrnn.losses.categorical_hinge`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.CategoricalHinge()
    >>> round(float(metric([[0, 1, 0], [1, 0, 0]], [[0.1, 0.8, 0.1], [0.2, 0.5, 0.3]])), 4)
    0.8
    """

    key, function = "categorical_hinge", staticmethod(losses.categorical_hinge)


class _Correlation(FunctionMetric):
    up = True

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.options = {"axis": axis}


class PearsonCorrelation(_Correlation):
    """Average of Pearson's correlation along an axis.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    axis : int
        By default the outputs of a sample.

    Examples
    --------
    >>> metric = fusedrnn.metrics.PearsonCorrelation()
    >>> round(float(metric([[1.0, 2.0, 3.0]], [[1.5, 2.0, 4.0]])), 4)
    0.9449
    """

    key, function = "pearson_correlation", staticmethod(functions.pearson_correlation)


class ConcordanceCorrelation(_Correlation):
    """Average of Lin's concordance (1989) along an axis.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.
    axis : int
        By default the outputs of a sample.

    Examples
    --------
    >>> metric = fusedrnn.metrics.ConcordanceCorrelation()
    >>> round(float(metric([[1.0, 2.0, 3.0]], [[1.5, 2.0, 4.0]])), 4)
    0.8
    """

    key, function = "concordance_correlation", staticmethod(functions.concordance_correlation)
