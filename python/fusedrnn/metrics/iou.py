"""Intersection over union of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._state import epsilon
from .._tensor import Number
from ..checks import number, whole
from .metric import Sums


class IoU(Sums):
    """Intersection over union, ``tp / (tp + fp + fn)``, averaged over some classes.

    Parameters
    ----------
    num_classes : int
        What is not 0 to ``num_classes - 1`` does not count.
    target_class_ids : list of int
        The classes; those that there are none of do not count.
    name, dtype
        As of :class:`Metric`; as in Keras, weights become integers unless ``dtype`` is a float's.
    ignore_class : int, optional
        A class that does not count where it is true.
    sparse_y_true, sparse_y_pred : bool
        Whether these are class numbers, not one-hot or probabilities along ``axis``.
    axis : int

    Raises
    ------
    ValueError
        Called, if there are not as many outputs as classes.

    Examples
    --------
    >>> metric = fusedrnn.metrics.IoU(3, [1, 2])
    >>> round(float(metric([0, 1, 2, 2], [0, 1, 1, 2])), 4)
    0.5
    """

    up = True

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        where = type(self).__name__
        self.num_classes = whole(where, "num_classes", num_classes)
        self.target_class_ids = [whole(where, "target_class_ids", i, 0) for i in target_class_ids]
        if max(self.target_class_ids) >= num_classes:
            raise ValueError(
                f"{where}: target_class_ids are {self.target_class_ids}, expected less than "
                f"{num_classes}"
            )
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = sparse_y_true, sparse_y_pred

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        t, p = np.asarray(y_true), np.asarray(y_pred)
        t = (t if self.sparse_y_true else t.argmax(axis=self.axis)).astype(np.int64).ravel()
        p = (p if self.sparse_y_pred else p.argmax(axis=self.axis)).astype(np.int64).ravel()
        if t.size != p.size:
            raise ValueError(f"{self.name}: y_true has {t.size} classes, but y_pred {p.size}")
        w = np.ones(1) if sample_weight is None else np.asarray(sample_weight).ravel()
        if self.dtype is None or "int" in str(self.dtype):
            if w.dtype.kind == "f" and sample_weight is not None:
                warnings.warn(
                    "You are passing weight as `float`, but dtype is `int`. This may result in an "
                    "incorrect weight due to type casting Consider using integer weights.",
                    stacklevel=2,
                )
            w = w.astype(np.int64)
        if w.size not in (1, t.size):
            raise ValueError(f"{self.name}: there are {w.size} sample weights for {t.size} classes")
        n = self.num_classes
        kept = (t >= 0) & (t < n) & (p >= 0) & (p < n)
        if self.ignore_class is not None:
            kept &= t != self.ignore_class
        w = np.broadcast_to(w, t.shape)[kept]
        counts = np.bincount(t[kept] * n + p[kept], w, n * n).reshape(n, n)
        self.values = self.values + counts

    def result(self) -> float:  # noqa: D102
        counts = np.broadcast_to(self.values, (self.num_classes, self.num_classes))
        both = np.diag(counts)[self.target_class_ids]
        either = (counts.sum(0) + counts.sum(1))[self.target_class_ids] - both
        there = either > 1e-9
        ratios = np.where(there, both / (either + epsilon()), 0)
        return Number(ratios.sum() / (there.sum() + epsilon()))


class BinaryIoU(IoU):
    """IoU of classes 0 and 1, which outputs from ``threshold`` on are.

    Parameters
    ----------
    target_class_ids, name, dtype
        As of :class:`IoU`.
    threshold : float

    Examples
    --------
    >>> metric = fusedrnn.metrics.BinaryIoU()
    >>> round(float(metric([[0], [1], [1]], [[0.2], [0.6], [0.3]])), 4)
    0.5
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = number("BinaryIoU", "threshold", threshold)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        p = np.asarray(y_pred, np.float32) >= self.threshold
        super().update_state(y_true, p, sample_weight)


class MeanIoU(IoU):
    """IoU averaged over all classes.

    Parameters
    ----------
    num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        As of :class:`IoU`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.MeanIoU(3)
    >>> round(float(metric([0, 1, 2, 2], [0, 1, 1, 2])), 4)
    0.6667
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(whole("MeanIoU", "num_classes", num_classes)),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


class OneHotIoU(IoU):
    """IoU where what is true is one-hot.

    Parameters
    ----------
    num_classes, target_class_ids, name, dtype, ignore_class, sparse_y_pred, axis
        As of :class:`IoU`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.OneHotIoU(2, [1])
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])), 4)
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """IoU averaged over all classes, what is true one-hot.

    Parameters
    ----------
    num_classes, name, dtype, ignore_class, sparse_y_pred, axis
        As of :class:`IoU`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.OneHotMeanIoU(2)
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])), 4)
    0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
