"""Metrics that keep a few sums of the batches and work out their result from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import epsilon
from .._tensor import Number
from .._types import Array
from ..checks import number, whole
from ..losses.loss import align, floats, weight_of
from .metric import Metric


class _Sums(Metric):
    """Keeps sums; ``sums`` returns those of a batch, ``result`` uses ``self.values``."""

    def reset_state(self) -> None:
        self.values: Any = 0.0

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        p = floats(y_pred)
        t = align(np.asarray(y_true, p.dtype), p)
        w = None if sample_weight is None else np.asarray(sample_weight)
        weight: Any = np.ones(1) if w is None else weight_of(p, w, None, None)
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
