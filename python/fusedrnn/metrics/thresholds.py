"""Counts of right and wrong at thresholds, and one share where another is large enough."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .._tensor import Number
from .._types import Array
from ..checks import number, whole
from .sums import Confusion, parsed, ratio


class TruePositives(Confusion):
    """How many are true and called so, by their weights.

    Of several thresholds the result is an array.

    Parameters
    ----------
    thresholds : float or list of float, optional
        What is above counts as positive; 0.5 by default.
    name, dtype
        As of :class:`Metric`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.TruePositives()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    which: ClassVar[int] = 0  # of the counts

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.thresholds = thresholds
        self.used = parsed(type(self).__name__, thresholds, 0.5)

    def result(self) -> Any:  # noqa: D102
        counts = self.counts()[self.which]
        return Number(counts[0]) if len(counts) == 1 else counts


class FalsePositives(TruePositives):
    """How many are not true and called so, by their weights.

    Parameters
    ----------
    thresholds, name, dtype
        As of :class:`TruePositives`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.FalsePositives()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    0.0
    """

    which, up = 1, False


class FalseNegatives(TruePositives):
    """How many are true and not called so, by their weights.

    Parameters
    ----------
    thresholds, name, dtype
        As of :class:`TruePositives`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.FalseNegatives()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    which, up = 2, False


class TrueNegatives(TruePositives):
    """How many are not true and not called so, by their weights.

    Parameters
    ----------
    thresholds, name, dtype
        As of :class:`TruePositives`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.TrueNegatives()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    which = 3


class _Constrained(Confusion):
    """The largest of one share at those thresholds at which another is at least so large."""

    constraint: ClassVar[str]  # the argument that says how large
    shares: ClassVar[tuple[str, str]]  # the other share and the one

    def __init__(
        self, value: float, num_thresholds: int, class_id: int | None, name: Any, dtype: Any
    ) -> None:
        super().__init__(name, dtype)
        where = type(self).__name__
        setattr(self, self.constraint, number(where, self.constraint, value, 0, 1))
        self.num_thresholds = whole(where, "num_thresholds", num_thresholds)
        self.class_id = None if class_id is None else whole(where, "class_id", class_id, 0)
        self.used = np.linspace(0, 1, num_thresholds) if num_thresholds > 1 else np.array([0.5])
        self.used = self.used.astype(np.float32)

    def result(self) -> float:
        tp, fp, fn, tn = self.counts()
        found: dict[str, Array] = {
            "recall": ratio(tp, tp + fn),
            "specificity": ratio(tn, tn + fp),
            "precision": ratio(tp, tp + fp),
        }
        other, share = (found[name] for name in self.shares)
        least = np.float32(getattr(self, self.constraint))
        return Number(np.where(other.astype(np.float32) >= least, share, 0).max())


class SensitivityAtSpecificity(_Constrained):
    """The largest sensitivity (recall) where the specificity is at least a number.

    Parameters
    ----------
    specificity : float
        The number, from 0 to 1.
    num_thresholds : int
        How many thresholds, evenly from 0 to 1.
    class_id : int, optional
        The one class that is looked at.
    name, dtype
        As of :class:`Metric`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.SensitivityAtSpecificity(0.5)
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    constraint, shares = "specificity", ("specificity", "recall")

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_Constrained):
    """The largest specificity where the sensitivity (recall) is at least a number.

    Parameters
    ----------
    sensitivity : float
        The number, from 0 to 1.
    num_thresholds, class_id, name, dtype
        As of :class:`SensitivityAtSpecificity`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.SpecificityAtSensitivity(0.5)
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    constraint, shares = "sensitivity", ("recall", "specificity")

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_Constrained):
    """The largest precision where the recall is at least a number.

    Parameters
    ----------
    recall : float
        The number, from 0 to 1.
    num_thresholds, class_id, name, dtype
        As of :class:`SensitivityAtSpecificity`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.PrecisionAtRecall(0.5)
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    constraint, shares = "recall", ("recall", "precision")

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_Constrained):
    """The largest recall where the precision is at least a number.

    Parameters
    ----------
    precision : float
        The number, from 0 to 1.
    num_thresholds, class_id, name, dtype
        As of :class:`SensitivityAtSpecificity`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.RecallAtPrecision(0.5)
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    1.0
    """

    constraint, shares = "precision", ("precision", "recall")

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
