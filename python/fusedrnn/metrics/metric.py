"""The base of the metrics, and the average, which most of them are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._state import auto_name
from .._tensor import Number
from ..configurable import Configurable
from ..losses.loss import same_rank, spread


class Metric(Configurable):
    """Base class: ``update_state`` for every batch, then ``result``; ``reset_state`` to start."""

    module = "keras.metrics"
    up = False  # whether more is better
    masked = False  # whether the steps that a mask leaves out do not count

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


class Sums(Metric):
    """Keeps sums of the batches; ``result`` uses ``self.values``."""

    def reset_state(self) -> None:  # noqa: D102
        self.values: Any = 0.0


class Sum(Sums):
    """Sum of values, times their weights if there are any."""

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in values of any shape."""
        values = np.asarray(values)
        if sample_weight is not None:
            values, weight = same_rank(values, np.asarray(sample_weight))
            values = values.sum(axis=tuple(range(weight.ndim, values.ndim)), dtype=np.float64)
            values = values * spread(self.name, weight, values.shape)
        self.values += float(values.sum(dtype=np.float64))

    def result(self) -> float:  # noqa: D102
        return Number(self.values)


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
        """Take in values of any shape; each sample counts as its average."""
        values = np.asarray(values)
        weight = np.ones(values.shape[:1])
        if sample_weight is not None:
            values, weight = same_rank(values, np.asarray(sample_weight))
            values = values.mean(axis=tuple(range(weight.ndim, values.ndim)), dtype=np.float64)
            weight = spread(self.name, weight, values.shape)
            values = values * weight
        # What a sample has counts once
        self.total += float(values.sum(dtype=np.float64)) / (math.prod(values.shape[1:]) or 1)
        self.count += float(weight.sum(dtype=np.float64)) / (math.prod(weight.shape[1:]) or 1)

    def result(self) -> float:  # noqa: D102
        return Number(self.total / self.count if self.count else 0.0)


class MeanMetricWrapper(Mean):
    """Average of ``fn(y_true, y_pred)``, one value a sample."""

    masked = True

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
