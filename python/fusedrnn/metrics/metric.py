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
    ``assign_add``. ``metric(y_true, y_pred, sample_weight=None)`` takes in a batch and returns the
    result so far.

    Parameters
    ----------
    name : str, optional
        By default that of the class in snake case.
    dtype
        Accepted; sums are kept in double precision.

    Examples
    --------
    >>> class Bias(fusedrnn.metrics.Metric):
    ...     def __init__(self, name="bias"):
    ...         super().__init__(name)
    ...         self.total, self.count = self.add_weight(()), self.add_weight(())
    ...
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.total.assign_add(np.sum(np.subtract(y_pred, y_true)))
    ...         self.count.assign_add(np.size(y_pred))
    ...
    ...     def result(self):
    ...         return self.total / self.count
    >>> float(Bias()([[1.0], [2.0]], [[1.5], [4.0]]))
    1.25
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
        """Return a variable for what the metric keeps; ``reset_state`` makes it 0.

        Parameters
        ----------
        shape : tuple or int
            A name may come first, as in Keras 2.
        initializer : str or Initializer, optional
            "zeros" if not given.
        dtype : optional
            By default ``backend.floatx()``.
        aggregation : str
            Accepted.
        name : str, optional

        Returns
        -------
        Variable
        """
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
        """Take in a batch.

        Parameters
        ----------
        y_true, y_pred : arrays
            What is true and what the model says, (N, ...).
        sample_weight : array, optional
            Weight of each row, or of each step of each row.
        """
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
    """Sum of values, times their weights if there are any.

    Parameters
    ----------
    name, dtype
        As of :class:`Metric`.

    Examples
    --------
    >>> float(fusedrnn.metrics.Sum()([1.0, 2.0]))
    3.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in values of any shape.

        Parameters
        ----------
        values : array
        sample_weight : array, optional
        """
        values = np.asarray(values)
        if sample_weight is not None:
            values, weight = same_rank(values, np.asarray(sample_weight))
            values = values.sum(axis=tuple(range(weight.ndim, values.ndim)), dtype=np.float64)
            values = values * spread(self.name, weight, values.shape)
        self.values += float(values.sum(dtype=np.float64))

    def result(self) -> float:  # noqa: D102
        return Number(self.values)


class Mean(Metric):
    """Average of values, weighted if weights are given.

    Examples
    --------
    >>> mean = fusedrnn.metrics.Mean()
    >>> mean.update_state([1.0, 2.0])
    >>> mean.update_state([6.0])
    >>> float(mean.result())
    3.0
    """

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
        """Take in values of any shape; each sample counts as its average.

        Parameters
        ----------
        values : array
        sample_weight : array, optional
        *_
            Accepted.
        """
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
    """Average of ``fn(y_true, y_pred)``, one value a sample.

    Parameters
    ----------
    fn : callable
    name : str, optional
        By default that of the function.
    dtype
        As of :class:`Metric`.
    **options
        Further arguments of the function.

    Examples
    --------
    >>> metric = fusedrnn.metrics.MeanMetricWrapper(fusedrnn.losses.huber, delta=2.0)
    >>> float(metric([[1.0]], [[2.0]]))
    0.5
    """

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
