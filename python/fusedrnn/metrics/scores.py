"""F scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._state import epsilon
from .._tensor import Number
from ..checks import number
from ..losses.loss import broadcasts, floats
from .metric import Sums


class FBetaScore(Sums):
    """Weighted harmonic mean of precision and recall, of each output.

    ``(1 + beta**2) p r / (beta**2 p + r)`` of precision p and recall r.

    Parameters
    ----------
    average : {"micro", "macro", "weighted"}, optional
        Over all counts together; over the outputs; over these by how often each is true.
    beta : float
        How much more recall counts than precision.
    threshold : float, optional
        What is above it is positive; by default a row's largest output.
    name, dtype
        As of :class:`Metric`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.FBetaScore("macro", beta=2.0)
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])), 4)
    0.6944
    """

    up = True

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, dtype)
        where = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                f"{where}: average is {average!r}, expected 'micro', 'macro', 'weighted' or None"
            )
        for what, value, high in (("beta", beta, np.inf), ("threshold", threshold, 1)):
            if (what, value) != ("threshold", None) and number(where, what, value, 0, high) == 0:
                raise ValueError(f"{where}: {what} is 0, expected more")
        self.average, self.beta, self.threshold = average, beta, threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: D102
        p = floats(y_pred)
        t = np.asarray(y_true, p.dtype)
        said: Any = p > self.threshold if self.threshold is not None else p >= _largest(p)
        if t.ndim != 2 or p.ndim != 2 or not broadcasts(t, p):
            raise ValueError(
                f"{self.name}: y_true and y_pred have shapes {t.shape} and {p.shape}, expected "
                "(rows, outputs)"
            )
        w = np.ones(1) if sample_weight is None else np.asarray(sample_weight, np.float64)
        if w.ndim != 1 or len(w) not in (1, len(p)):
            raise ValueError(f"{self.name}: the sample weights have shape {w.shape}")
        axis = None if self.average == "micro" else 0
        sums = [
            (values * w[:, None]).sum(axis=axis)
            for values in (said * t, said * (1 - t), (1 - said) * t, t)
        ]
        if axis == 0 and sums[0].shape != p.shape[1:]:
            raise ValueError(f"{self.name}: y_true has shape {t.shape}, but y_pred {p.shape}")
        self.values = self.values + np.stack([np.broadcast_to(s, sums[0].shape) for s in sums])

    def result(self) -> Any:  # noqa: D102
        if np.ndim(self.values) == 0:
            return Number(0.0)
        (tp, fp, fn, weights), eps = self.values, epsilon()
        precision, recall = tp / (tp + fp + eps), tp / (tp + fn + eps)
        square = self.beta**2
        score = (1 + square) * precision * recall / (square * precision + recall + eps)
        if self.average == "weighted":
            return Number((score * weights).sum() / (weights.sum() + eps))
        return Number(np.mean(score)) if self.average else score.astype(np.float32)


def _largest(p: Any) -> Any:
    """Return a row's largest output; where that is 0, what none is as large as."""
    largest = p.max(axis=-1, keepdims=True)
    return np.where(np.abs(largest) > 1e-9, largest, np.inf)


class F1Score(FBetaScore):
    """Harmonic mean of precision and recall, ``2 p r / (p + r)``, of each output.

    Parameters
    ----------
    average, threshold, name, dtype
        As of :class:`FBetaScore`.

    Examples
    --------
    >>> metric = fusedrnn.metrics.F1Score("macro")
    >>> round(float(metric([[1, 0], [0, 1], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])), 4)
    0.6667
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
