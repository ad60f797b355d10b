"""Metrics that keep a few sums of the batches and work out their result from them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._state import epsilon
from .._tensor import Number
from .._types import Array
from ..checks import number, whole
from ..losses.loss import broadcasts, floats, same_rank, spread
from .metric import Mean, Sums


def together(where: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return what is true and what the model says as arrays that broadcast."""
    p = floats(y_pred)
    t, p = same_rank(np.asarray(y_true, p.dtype), p)
    if not broadcasts(t, p):
        raise ValueError(f"{where}: y_true has shape {t.shape}, but y_pred has shape {p.shape}")
    return t, p


class RootMeanSquaredError(Mean):
    """Root of the mean of ``(y_pred - y_true)**2``.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.RootMeanSquaredError()
    >>> round(float(metric([[1.0], [2.0]], [[1.5], [4.0]])), 4)
    1.4577
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in a batch."""
        t, p = together(self.name, y_true, y_pred)
        super().update_state((p - t) ** 2, sample_weight)

    def result(self) -> float:  # noqa: D102
        return Number(np.sqrt(super().result()))


class R2Score(Sums):
    """Share of the variance explained: ``1 - sum(e**2) / sum((y_true - mean)**2)``.

    Parameters
    ----------
    class_aggregation : {"uniform_average", "variance_weighted_average", None}
        How the outputs' scores become one; with None there is one for each.
    num_regressors : int
        Of the adjusted score; 0 gives the plain one.
    name, dtype
        As of :class:`Metric`.

    Raises
    ------
    ValueError
        Called, of arrays without two axes, (rows, outputs).

    Examples
    --------
    >>> metric = fusedrnn.metrics.R2Score()
    >>> round(float(metric([[1.0], [2.0], [4.0]], [[1.5], [2.0], [3.5]])), 4)
    0.8929
    """

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

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        t, p = together(self.name, y_true, y_pred)
        if t.ndim != 2 or p.ndim != 2 or np.broadcast_shapes(t.shape, p.shape) != p.shape:
            raise ValueError(
                f"{self.name}: y_true and y_pred have shapes {t.shape} and {p.shape}, expected "
                "two axes, (rows, outputs)"
            )
        w = np.asarray(1.0 if sample_weight is None else sample_weight, np.float64)
        w = spread(self.name, w[:, None] if w.ndim == 1 else w, t.shape)
        size, t, p = t.size, t.astype(np.float64), p.astype(np.float64)
        sums = [np.broadcast_to(a, p.shape).sum(0) for a in (w, w * t, w * t * t, w * (t - p) ** 2)]
        self.values = self.values + np.stack([*sums, np.full(p.shape[1], size)])

    def result(self) -> Any:  # noqa: D102
        if np.ndim(self.values) == 0:
            return 0.0
        n, s, s2, residual, size = self.values
        total = s2 - s * s / n
        with np.errstate(divide="ignore", invalid="ignore"):
            r2: Any = 1 - residual / total
        r2 = np.where(np.isinf(r2), 0.0, r2)
        if self.class_aggregation is not None:
            weights = total if self.class_aggregation == "variance_weighted_average" else None
            r2 = Number(np.average(r2, weights=weights))
        if not self.num_regressors:
            return r2
        if self.num_regressors >= size[0] - 1:
            warnings.warn(
                f"{self.name}: there are too few rows for the adjusted R2 score of "
                f"{self.num_regressors} regressors; this is the plain one",
                stacklevel=2,
            )
            return r2
        r2 = 1 - (1 - r2) * (size[0] - 1) / (size[0] - self.num_regressors - 1)
        return Number(r2) if self.class_aggregation else r2


def parsed(where: str, thresholds: Any, default: float) -> Array:
    """Return what the user gives as thresholds, checked, as an array."""
    for threshold in np.ravel([] if thresholds is None else thresholds):
        number(where, "thresholds", threshold, 0, 1)
    return np.atleast_1d(np.asarray(default if thresholds is None else thresholds, np.float32))


class Confusion(Sums):
    """Counts of true and false positives and negatives at some thresholds."""

    up = True
    used: Array  # the thresholds
    top_k: int | None = None
    class_id: int | None = None
    multi_label = False
    label_weights: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        p, t = same_rank(floats(y_pred), np.asarray(y_true))
        w: Any = np.ones(1)
        if sample_weight is not None:
            w = np.asarray(sample_weight, np.float64)[..., None]
            w = w[..., 0] if w.ndim == t.ndim + 1 else w
        if self.top_k is not None:
            largest = np.argsort(-p, axis=-1, kind="stable")[..., : self.top_k]
            rest = np.ones(p.shape, bool)
            np.put_along_axis(rest, largest, False, -1)
            p = np.where(rest, p.dtype.type(_NOT_AMONG_THEM), p)
        if self.class_id is not None:
            if p.ndim < 2 or not 0 <= self.class_id < min(p.shape[-1], t.shape[-1]):
                raise ValueError(
                    f"{self.name}: class_id is {self.class_id}, but y_pred has shape {p.shape} "
                    f"and y_true {t.shape}"
                )
            t, p = t[..., self.class_id, None], p[..., self.class_id, None]
        if p.size != t.size or (self.multi_label and (p.ndim != 2 or t.shape != p.shape)):
            raise ValueError(
                f"{self.name}: y_true has shape {t.shape}, but y_pred has shape {p.shape}"
            )
        w = spread(self.name, w, p.shape)
        if self.label_weights is not None and not self.multi_label:
            w = w * np.asarray(self.label_weights)
        t = t != 0
        if not self.multi_label:
            t, p, w = t.ravel(), p.ravel(), w.ravel()
        said = self._said(p)
        counts = [(w * (a & b)).sum(1) for a, b in ((said, t), (said, ~t), (~said, t), (~said, ~t))]
        self.values = self.values + np.stack(counts)

    def _said(self, p: Array) -> Array:
        """Return what is above each threshold; at even ones decided as Keras's buckets do."""
        count = len(self.used)
        axes = (count,) + (1,) * p.ndim
        even = np.arange(count, dtype=np.float32) / max(count - 1, 1)
        if count < 3 or not np.allclose(self.used, even, atol=epsilon()):
            return p[None] > self.used.reshape(axes)
        bucket = np.ceil(np.clip(p, 0, 1) * p.dtype.type(count - 1))
        if self.used[0] < 0:
            bucket = np.maximum(bucket, 1)
        return bucket[None] > np.arange(count).reshape(axes)

    def counts(self) -> Any:
        """Return true positives, false positives, false negatives, true negatives."""
        return self.values if np.ndim(self.values) else np.zeros((4, len(self.used)))

    true_positives = property(lambda self: self.counts()[0])
    false_positives = property(lambda self: self.counts()[1])
    false_negatives = property(lambda self: self.counts()[2])
    true_negatives = property(lambda self: self.counts()[3])


_NOT_AMONG_THEM = -1e10


def ratio(a: Array, b: Array) -> Array:
    """Return a / b, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


class Precision(Confusion):
    """True positives among what was called positive: ``tp / (tp + fp)``.

    Parameters
    ----------
    thresholds : float or list of float, optional
        What is above counts as positive; 0.5 by default, or everything with ``top_k``.
    top_k : int, optional
        Only the largest outputs of a row, so many, count as positive.
    class_id : int, optional
        The one class that is looked at.
    name, dtype
        As of :class:`Metric`.

    Raises
    ------
    ValueError
        If thresholds are not from 0 to 1; called, if shapes do not fit.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Precision()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        where = type(self).__name__
        self.thresholds = thresholds
        self.top_k = None if top_k is None else whole(where, "top_k", top_k)
        self.class_id = None if class_id is None else whole(where, "class_id", class_id, 0)
        self.used = parsed(where, thresholds, 0.5 if top_k is None else _NOT_AMONG_THEM)

    def result(self) -> Any:  # noqa: D102
        tp, fp, fn, _ = self.counts()
        share = ratio(tp, tp + self.missed(fp, fn))
        return Number(share[0]) if len(share) == 1 else share

    @staticmethod
    def missed(fp: Array, fn: Array) -> Array:
        """Return what lowers the share."""
        return fp


class Recall(Precision):
    """True positives among what is positive: ``tp / (tp + fn)``.

    Parameters
    ----------
    thresholds, top_k, class_id, name, dtype
        As of :class:`Precision`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.Recall()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    0.5
    """

    @staticmethod
    def missed(fp: Array, fn: Array) -> Array:  # noqa: D102
        return fn


class AUC(Confusion):
    """Area under a curve, the sum over some thresholds.

    Parameters
    ----------
    num_thresholds : int
        How many thresholds, evenly from 0 to 1.
    curve : {"ROC", "PR", "PRGAIN"}
        Recall over the share of false alarms; precision over recall; the gains of these two.
    summation_method : {"interpolation", "minoring", "majoring"}
        Trapezoids, or the lower or the upper rectangles; "PR" is interpolated as by Davis and
        Goadrich (2006).
    name, dtype
        As of :class:`Metric`.
    thresholds : list of float, optional
        In place of the even ones.
    multi_label : bool
        Whether each output is a label of its own, with an area of its own, which are averaged.
    num_labels : int, optional
        Accepted with ``multi_label``; the first batch tells it.
    label_weights : list of float, optional
        Weights of the labels.
    from_logits : bool
        Whether the model gives logits, not probabilities.

    Raises
    ------
    ValueError
        Of another curve or method.

    Examples
    --------
    >>> metric = fusedrnn.metrics.AUC()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        for what, given, known in (
            ("curve", self.curve, ("ROC", "PR", "PRGAIN")),
            ("summation_method", self.summation_method, ("interpolation", "minoring", "majoring")),
        ):
            if given not in known:
                raise ValueError(f"AUC: {what} is {given!r}, expected one of {', '.join(known)}")
        if num_labels and not multi_label:
            raise ValueError("AUC: num_labels is needed only with multi_label=True")
        self._given = thresholds is not None
        if self._given:
            inner = np.sort(parsed("AUC", thresholds, 0.5))
            self.num_thresholds = len(inner) + 2
        else:
            self.num_thresholds = whole("AUC", "num_thresholds", num_thresholds, 2)
            inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1)
        self.used = np.array([-epsilon(), *inner, 1 + epsilon()], np.float32)
        self.thresholds = self.used
        self.multi_label, self.num_labels = multi_label, num_labels
        self.label_weights, self.from_logits = label_weights, from_logits

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        p = floats(y_pred)
        super().update_state(
            y_true, 0.5 * (1 + np.tanh(0.5 * p)) if self.from_logits else p, sample_weight
        )

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {
            "thresholds": self.thresholds[1:-1].tolist() if self._given else None
        }

    def result(self) -> float:  # noqa: D102
        tp, fp, fn, tn = self.counts()
        if self.curve == "PR" and self.summation_method == "interpolation":
            called = tp + fp
            d_tp, d_called = tp[:-1] - tp[1:], called[:-1] - called[1:]
            slope = ratio(d_tp, np.maximum(d_called, 0))
            both = (called[:-1] > 0) & (called[1:] > 0)
            growth = np.where(both, ratio(called[:-1], called[1:]), 1)
            terms = slope * (d_tp + (tp[1:] - slope * called[1:]) * np.log(growth))
            terms = ratio(terms, tp[1:] + fn[1:])
        else:
            x, y = self._points(tp, fp, fn, tn)
            a, b = y[:-1], y[1:]
            heights = {"minoring": np.minimum, "majoring": np.maximum}.get(self.summation_method)
            terms = (x[:-1] - x[1:]) * (heights(a, b) if heights else (a + b) / 2)
        areas = terms.sum(axis=0)
        if self.multi_label and np.ndim(areas):
            areas = np.average(areas, weights=self.label_weights)
        return Number(areas)

    def _points(self, tp: Array, fp: Array, fn: Array, tn: Array) -> tuple[Array, Array]:
        recall, precision = ratio(tp, tp + fn), ratio(tp, tp + fp)
        if self.curve == "ROC":
            return ratio(fp, fp + tn), recall
        if self.curve == "PR":
            return recall, precision
        odds, some = ratio(tp + fn, tn + fp), tp != 0
        return (
            np.maximum(np.where(some, 1 - odds * ratio(fn, tp), 0), 0),
            np.where(some, 1 - odds * ratio(fp, tp), 1),
        )
