"""Projections applied to weights after every step of an optimizer."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import missing
from ._state import epsilon
from ._types import Array
from .checks import number
from .configurable import Configurable, lookup

__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get", "max_norm", "maxnorm",
    "min_max_norm", "non_neg", "nonneg", "unit_norm", "unitnorm",
]  # fmt: skip


class Constraint(Configurable):
    """Base class: ``__call__`` returns the nearest weights that are allowed.

    Examples
    --------
    >>> class Small(fusedrnn.constraints.Constraint):
    ...     def __call__(self, w):
    ...         return np.clip(w, -1, 1)
    >>> layer = fusedrnn.layers.Dense(1, kernel_constraint=Small())
    """

    module = "keras.constraints"

    def __call__(self, w: Array) -> Array:
        """Return the projected weights, by default as they are."""
        return w


def _norm(w: Array, axis: Any) -> Array:
    return np.sqrt((w * w).sum(axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=True))


class MaxNorm(Constraint):
    """The norm along ``axis`` is at most ``max_value``.

    Parameters
    ----------
    max_value : float
    axis : int or tuple of int

    Raises
    ------
    ValueError
        Of a negative number.

    Examples
    --------
    >>> print(fusedrnn.constraints.MaxNorm(1.0)(np.array([[3.0], [4.0]])).round(3).tolist())
    [[0.6], [0.8]]
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value, self.axis = number("MaxNorm", "max_value", max_value, 0), axis

    def __call__(self, w: Array) -> Array:  # noqa: D102
        norm = _norm(w, self.axis)
        return w * (np.clip(norm, 0, self.max_value) / (epsilon() + norm))


class MinMaxNorm(Constraint):
    """The norm along ``axis`` is between two values, approached at ``rate``.

    Parameters
    ----------
    min_value, max_value : float
    rate : float
        The share of the way that a step goes.
    axis : int or tuple of int

    Raises
    ------
    ValueError
        Of a negative norm.

    Examples
    --------
    >>> constraint = fusedrnn.constraints.MinMaxNorm(0.0, 1.0, rate=0.5)
    >>> print(constraint(np.array([[3.0], [4.0]])).round(3).tolist())
    [[1.8], [2.4]]
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value = number("MinMaxNorm", "min_value", min_value, 0)
        self.max_value = number("MinMaxNorm", "max_value", max_value, 0)
        self.rate, self.axis = number("MinMaxNorm", "rate", rate), axis

    def __call__(self, w: Array) -> Array:  # noqa: D102
        norm = _norm(w, self.axis)
        wanted = self.rate * np.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (epsilon() + norm))


class UnitNorm(Constraint):
    """The norm along ``axis`` is 1.

    Parameters
    ----------
    axis : int or tuple of int

    Examples
    --------
    >>> print(fusedrnn.constraints.UnitNorm()(np.array([[3.0], [4.0]])).round(3).tolist())
    [[0.6], [0.8]]
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Array) -> Array:  # noqa: D102
        return w / (epsilon() + _norm(w, self.axis))


class NonNeg(Constraint):
    """No weight is negative.

    Examples
    --------
    >>> fusedrnn.constraints.NonNeg()(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __call__(self, w: Array) -> Array:  # noqa: D102
        return np.maximum(w, 0)


TABLE: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "unit_norm": UnitNorm,
    "non_neg": NonNeg,
}


def get(identifier: Any) -> Any:
    """Return the constraint that a name, a config or an object stands for; None is none.

    Parameters
    ----------
    identifier : str, dict, Constraint, class, callable or None

    Returns
    -------
    Constraint or None

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no constraint.

    Examples
    --------
    >>> type(fusedrnn.constraints.get("non_neg")).__name__
    'NonNeg'
    """
    return None if identifier is None else lookup("constraint", identifier, TABLE)


max_norm = maxnorm = MaxNorm
min_max_norm, unit_norm, non_neg = MinMaxNorm, UnitNorm, NonNeg
unitnorm, nonneg = UnitNorm, NonNeg

missing.answer(__name__)
