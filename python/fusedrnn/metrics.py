"""Metrics: numbers gathered over the batches of an epoch.

A metric is the average of a function's values, or keeps a few sums and works out its result from
them. ``FUNCTIONS`` has the former; the losses of ``losses.TABLE`` are metrics too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import losses
from ._state import auto_name, epsilon
from ._tensor import Number
from ._types import Array
from .checks import number, whole
from .configurable import Configurable, lookup
from .losses import _floats, _weight, align


class Metric(Configurable):
    """Base class: ``update_state`` for every batch, then ``result``; ``reset_state`` to start."""

    module = "keras.metrics"
    up = False  # whether more is better

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        if not isinstance(name, str | None):
            raise TypeError(f"{type(self).__name__}: name is {name!r}, expected a string")
        self.name, self.dtype = name or auto_name(type(self).__name__), dtype
        self.reset_state()

    def reset_state(self) -> None:
        """Forget all batches."""

    reset_states = property(lambda self: self.reset_state)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch."""
        raise NotImplementedError

    def result(self) -> Any:
        """Return the metric over all batches since the last ``reset_state``."""
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in a batch and return the result so far."""
        self.update_state(*args, **kwargs)
        return self.result()


class Mean(Metric):
    """Average of values, weighted if weights are given."""

    def reset_state(self) -> None:  # noqa: D102
        self.total = self.count = 0.0

    def update_state(  # type: ignore[override]
        self,
        values: Any,
        sample_weight: Any = None,
        *_: Any,
    ) -> None:
        """Take in values of any shape."""
        values = np.asarray(values)
        w = (
            None
            if sample_weight is None
            else _weight(values, np.asarray(sample_weight), None, None)
        )
        self.total += float((values if w is None else values * w).sum(dtype=np.float64))
        self.count += float(values.size if w is None else w.sum(dtype=np.float64))

    def result(self) -> float:  # noqa: D102
        return Number(self.total / self.count if self.count else 0.0)


class MeanMetricWrapper(Mean):
    """Average of ``fn(y_true, y_pred)``, one value a sample."""

    def __init__(
        self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **options: Any
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self.fn, self.options = fn, options

    def update_state(  # type: ignore[override]
        self,
        y_true: Any,
        y_pred: Any,
        sample_weight: Any = None,
    ) -> None:
        """Take in a batch."""
        super().update_state(self.fn(y_true, y_pred, **self.options), sample_weight)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"name": self.name, **self.options}


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


class _Sums(Metric):
    """Keeps sums; ``sums`` returns those of a batch, ``result`` uses ``self.values``."""

    def reset_state(self) -> None:
        self.values: Any = 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        p = _floats(y_pred)
        t = align(np.asarray(y_true, p.dtype), p)
        w = None if sample_weight is None else np.asarray(sample_weight)
        weight: Any = np.ones(1) if w is None else _weight(p, w, None, None)
        self.values = self.values + self.sums(t, p, np.broadcast_to(weight, p.shape))

    def sums(self, t: Array, p: Array, w: Array) -> Any:
        """Return what is added up."""
        raise NotImplementedError


class RootMeanSquaredError(_Sums):
    """Root of the mean square of the errors."""

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def sums(self, t: Array, p: Array, w: Array) -> Any:  # noqa: D102
        return np.array([(w * (p - t) ** 2).sum(dtype=np.float64), w.sum(dtype=np.float64)])

    def result(self) -> float:  # noqa: D102
        return Number(np.sqrt(self.values[0] / self.values[1]) if np.any(self.values) else 0.0)


class R2Score(_Sums):
    """Share of the variance explained; averaged over the outputs."""

    up = True

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ) -> None:
        if class_aggregation not in ("uniform_average", "variance_weighted_average", None):
            raise ValueError(
                f"R2Score: class_aggregation is {class_aggregation!r}, expected "
                "'uniform_average', 'variance_weighted_average' or None"
            )
        super().__init__(name, dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = whole("R2Score", "num_regressors", num_regressors, 0)

    def sums(self, t: Array, p: Array, w: Array) -> Any:  # noqa: D102
        t, p, w = (a.astype(np.float64).reshape(len(a), -1) for a in (t, p, w))
        return np.stack([w.sum(0), (w * t).sum(0), (w * t * t).sum(0), (w * (t - p) ** 2).sum(0)])

    def result(self) -> Any:  # noqa: D102
        if np.ndim(self.values) == 0:
            return 0.0
        n, s, s2, residual = self.values
        total = s2 - s * s / n
        r2 = np.where(total > 0, 1 - residual / np.where(total > 0, total, 1), 0.0)
        if self.num_regressors:
            r2 = 1 - (1 - r2) * (n - 1) / (n - self.num_regressors - 1)
        if self.class_aggregation is None:
            return r2
        weights = total if self.class_aggregation == "variance_weighted_average" else None
        return Number(np.average(r2, weights=weights))


class _Confusion(_Sums):
    """Counts of true and false positives and negatives at some thresholds."""

    up = True

    def thresholds_used(self) -> Array:
        """Return the thresholds."""
        given = getattr(self, "thresholds", None)
        return np.atleast_1d(0.5 if given is None else given)

    def sums(self, t: Array, p: Array, w: Array) -> Any:
        t, p, w = t.ravel() > 0.5, p.ravel(), w.ravel().astype(np.float64)
        said = p[None] > self.thresholds_used()[:, None]
        return np.stack(
            [
                (w * (said & t)).sum(1),
                (w * (said & ~t)).sum(1),
                (w * (~said & t)).sum(1),
                (w * (~said & ~t)).sum(1),
            ]
        )

    def counts(self) -> Any:
        """Return true positives, false positives, false negatives, true negatives."""
        return self.values if np.ndim(self.values) else np.zeros((4, len(self.thresholds_used())))

    @staticmethod
    def ratio(a: Array, b: Array) -> Any:
        """Return a / b, 0 where b is 0."""
        r = np.divide(a, b, out=np.zeros_like(a), where=b != 0)
        return Number(r[0]) if r.size == 1 else r


class Precision(_Confusion):
    """True positives among what was called positive."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        for threshold in np.ravel([] if thresholds is None else thresholds):
            number(type(self).__name__, "thresholds", threshold, 0, 1)
        self.thresholds = thresholds

    def result(self) -> Any:  # noqa: D102
        tp, fp, _, _ = self.counts()
        return self.ratio(tp, tp + fp)


class Recall(Precision):
    """True positives among what is positive."""

    def result(self) -> Any:  # noqa: D102
        tp, _, fn, _ = self.counts()
        return self.ratio(tp, tp + fn)


class AUC(_Confusion):
    """Area under the ROC curve, by the trapezoidal rule over ``num_thresholds``."""

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        if curve != "ROC":
            raise NotImplementedError(f"AUC: curve={curve!r} is not supported, only 'ROC'")
        super().__init__(name, dtype)
        self.num_thresholds, self.curve = whole("AUC", "num_thresholds", num_thresholds, 2), curve
        inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1)
        self.thresholds = np.array([-epsilon(), *inner, 1 + epsilon()], np.float32)

    def result(self) -> float:  # noqa: D102
        tp, fp, fn, tn = self.counts()
        x, y = self.ratio(fp, fp + tn), self.ratio(tp, tp + fn)
        return Number(np.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2))


def _cosine(y_true: Any, y_pred: Any) -> Array:
    return -losses.TABLE["cosine_similarity"][1](
        align(np.asarray(y_true, np.float32), y_pred), y_pred
    )[0]


# The averages: Keras's function name, its class name, the function, whether more is better
FUNCTIONS: dict[str, tuple[str, Callable[..., Any], bool]] = {
    key: (name, getattr(losses, key), False) for key, (name, _) in losses.TABLE.items()
} | {
    "cosine_similarity": ("CosineSimilarity", _cosine, True),
    "accuracy": ("Accuracy", accuracy, True),
    "binary_accuracy": ("BinaryAccuracy", binary_accuracy, True),
    "categorical_accuracy": ("CategoricalAccuracy", categorical_accuracy, True),
    "sparse_categorical_accuracy": ("SparseCategoricalAccuracy", sparse_categorical_accuracy, True),
    "top_k_categorical_accuracy": ("TopKCategoricalAccuracy", top_k_categorical_accuracy, True),
    "sparse_top_k_categorical_accuracy": (
        "SparseTopKCategoricalAccuracy",
        sparse_top_k_categorical_accuracy,
        True,
    ),
    "log_cosh_error": ("LogCoshError", losses.log_cosh, False),  # type: ignore[attr-defined]
}


def _make() -> dict[str, type[Metric]]:
    classes: dict[str, type[Metric]] = {
        "mean": Mean,
        "root_mean_squared_error": RootMeanSquaredError,
        "rmse": RootMeanSquaredError,
        "r2_score": R2Score,
        "r2": R2Score,
        "auc": AUC,
        "precision": Precision,
        "recall": Recall,
    }
    for key, (class_name, fn, up) in FUNCTIONS.items():

        def init(self: Any, *args: Any, fn: Any = fn, key: str = key, **options: Any) -> None:
            order = ("k", "name", "dtype") if "top_k" in key else ("name", "dtype", "threshold")
            options = dict(zip(order, args, strict=False)) | options
            name, dtype = options.pop("name", None), options.pop("dtype", None)
            MeanMetricWrapper.__init__(self, fn, name or key, dtype, **options)

        classes[key] = globals()[class_name] = type(
            class_name,
            (MeanMetricWrapper,),
            {
                "__init__": init,
                "__module__": __name__,
                "up": up,
                "__doc__": f"Average of ``{key}``.",
            },
        )
    for alias, key in losses.ALIASES.items():
        classes[alias] = classes[key]
    return classes


CLASSES = _make()
mean_squared_error = mse = MSE = losses.mean_squared_error  # type: ignore[attr-defined]
mean_absolute_error = mae = MAE = losses.mean_absolute_error  # type: ignore[attr-defined]


def get(identifier: Any, y_true: Array | None = None, y_pred: Array | None = None) -> Metric:
    """Return the metric that a name, a config, a function or an object stands for.

    "accuracy" is the one that fits the shapes of a batch, as in Keras.
    """
    if isinstance(identifier, str):
        key = identifier
        if key.lower() in ("accuracy", "acc") and y_pred is not None and y_true is not None:
            sparse = y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1
            key = (
                "binary_accuracy"
                if y_pred.shape[-1] == 1
                else "sparse_categorical_accuracy"
                if sparse
                else "categorical_accuracy"
            )
        metric: Metric = lookup("metric", key.lower() if key.lower() in CLASSES else key, CLASSES)
        metric.name = identifier
        return metric
    found = lookup("metric", identifier, CLASSES)
    return found if isinstance(found, Metric) else MeanMetricWrapper(found)
