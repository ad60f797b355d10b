"""The base of the metrics, and the average, which most of them are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import initializers
from .._state import auto_name, floatx
from .._tensor import Number
from ..configurable import Configurable
from ..layers.layer import Variable
from ..losses.loss import same_rank, spread


class Metric(Configurable):
    """Base class: ``update_state`` for every batch, then ``result``; ``reset_state`` to start.

    A metric of one's own makes what it keeps by ``add_weight``, and changes it by ``assign`` and
    ``assign_add``.
    """

    module = "keras.metrics"
    up = False  # whether more is better
    masked = False  # whether the steps that a mask leaves out do not count

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        if not isinstance(name, str | None):
            raise TypeError(f"{type(self).__name__}: name is {name!r}, expected a string")
        self.name, self.dtype = name or auto_name(type(self).__name__), dtype
        self.variables: list[Variable] = []

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Return a variable for what the metric keeps; ``reset_state`` makes it 0."""
        if isinstance(shape, str):  # Keras 2 has the name first
            name, shape = shape, initializer if isinstance(initializer, (tuple, list)) else ()
            initializer = initializer if isinstance(initializer, str) else None
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        name = name or f"variable_{len(self.variables)}"
        value = initializers.get("zeros" if initializer is None else initializer)(
            shape, np.dtype(dtype or floatx())
        )
        variable = Variable(name, np.asarray(value), path=f"{self.name}/{name}")
        self.variables.append(variable)
        return variable

    add_variable = add_weight

    def reset_state(self) -> None:
        """Forget all batches."""
        for v in self.variables:
            v.value[...] = 0

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

    values: Any = 0.0

    def reset_state(self) -> None:  # noqa: D102
        super().reset_state()
        self.values = 0.0


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

    total = count = 0.0

    def reset_state(self) -> None:  # noqa: D102
        super().reset_state()
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
