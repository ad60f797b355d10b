"""Penalties on weights and outputs that are added to the loss."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from . import missing
from ._types import Array
from .checks import number
from .configurable import Configurable, lookup

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "get",
    "l1",
    "l1_l2",
    "l1l2",
    "l2",
]


class Regularizer(Configurable):
    """Base class: ``__call__`` is the penalty, ``gradient`` its derivative.

    Examples
    --------
    >>> class Cubed(fusedrnn.regularizers.Regularizer):
    ...     def __call__(self, x):
    ...         return float((np.abs(x) ** 3).sum())
    ...
    ...     def gradient(self, x):
    ...         return 3 * x * np.abs(x)
    >>> layer = fusedrnn.layers.Dense(1, kernel_regularizer=Cubed())
    """

    module = "keras.regularizers"

    def __call__(self, x: Array) -> float:
        """Return the penalty."""
        raise NotImplementedError

    def gradient(self, x: Array) -> Array:
        """Return the derivative of the penalty with respect to ``x``.

        Parameters
        ----------
        x : array

        Returns
        -------
        array
            Of the shape of ``x``.
        """
        raise NotImplementedError


class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x**2)``.

    Parameters
    ----------
    l1, l2 : float

    Raises
    ------
    ValueError
        Of a negative number.

    Examples
    --------
    >>> fusedrnn.regularizers.L1L2(0.1, 0.5)(np.array([1.0, -2.0]))
    2.8
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        where = type(self).__name__
        self.l1, self.l2 = (
            number(where, name, value or 0.0, 0, sys.float_info.max)
            for name, value in (("l1", l1), ("l2", l2))
        )

    def __call__(self, x: Array) -> float:  # noqa: D102
        return float(self.l1 * np.abs(x).sum() + self.l2 * np.vdot(x, x))

    def gradient(self, x: Array) -> Array:  # noqa: D102
        return self.l1 * np.sign(x) + 2 * self.l2 * x


class L1(L1L2):
    """``l1 * sum(|x|)``.

    Parameters
    ----------
    l1 : float

    Examples
    --------
    >>> fusedrnn.regularizers.L1(0.5)(np.array([1.0, -2.0]))
    1.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1, 0.0)


class L2(L1L2):
    """``l2 * sum(x**2)``.

    Parameters
    ----------
    l2 : float

    Examples
    --------
    >>> fusedrnn.regularizers.L2(0.5)(np.array([1.0, -2.0]))
    2.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(0.0, l2)


class OrthogonalRegularizer(Regularizer):
    """``factor * sum(|cosine|) / pairs`` over the pairs of rows (or columns) of a matrix.

    Parameters
    ----------
    factor : float
    mode : {"rows", "columns"}

    Raises
    ------
    ValueError
        Of another mode; called, of an array that is no matrix.

    Examples
    --------
    >>> fusedrnn.regularizers.OrthogonalRegularizer(1.0)(np.array([[1.0, 0.0], [0.0, 2.0]]))
    0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ValueError(
                'Invalid value for argument `mode`. Expected one of {"rows", "columns"}. Received: '
                f"mode={mode}"
            )
        self.factor, self.mode = number("OrthogonalRegularizer", "factor", factor, 0), mode

    def _parts(self, x: Array) -> tuple[Array, Array, Array, float]:
        x = np.asarray(x)
        if x.ndim != 2:
            raise ValueError(
                "Inputs to OrthogonalRegularizer must have rank 2. Received: "
                f"inputs.shape={x.shape}"
            )
        rows = x if self.mode == "rows" else x.T
        norm = np.sqrt(np.maximum((rows**2).sum(1, keepdims=True), 1e-12))
        unit = rows / norm
        cosine = unit @ unit.T
        np.fill_diagonal(cosine, 0)
        return unit, norm, cosine, len(rows) * (len(rows) - 1) / 2

    def __call__(self, x: Array) -> float:  # noqa: D102
        _, _, cosine, pairs = self._parts(x)
        return float(self.factor * 0.5 * np.abs(cosine).sum() / pairs)

    def gradient(self, x: Array) -> Array:  # noqa: D102
        unit, norm, cosine, pairs = self._parts(x)
        d = self.factor / pairs * np.sign(cosine) @ unit
        d = (d - unit * (d * unit).sum(1, keepdims=True)) / norm
        return d if self.mode == "rows" else d.T


def l1(l1: float = 0.01) -> L1:
    """Return ``L1(l1)``.

    Parameters
    ----------
    l1 : float
    """
    return L1(l1)


def l2(l2: float = 0.01) -> L2:
    """Return ``L2(l2)``.

    Parameters
    ----------
    l2 : float
    """
    return L2(l2)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Return ``L1L2(l1, l2)``.

    Parameters
    ----------
    l1, l2 : float
    """
    return L1L2(l1, l2)


l1l2 = l1_l2  # Keras 1's name

TABLE: dict[str, type[Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1_l2": L1L2,
    "l1l2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}


def get(identifier: Any) -> Any:
    """Return the regularizer that a name, a config or an object stands for; None is none.

    Parameters
    ----------
    identifier : str, dict, Regularizer, class, callable or None

    Returns
    -------
    Regularizer or None

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no regularizer.

    Examples
    --------
    >>> type(fusedrnn.regularizers.get("l2")).__name__
    'L2'
    """
    return None if identifier is None else lookup("regularizer", identifier, TABLE)


missing.answer(__name__)
