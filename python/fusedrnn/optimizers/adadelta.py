"""Adadelta."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .optimizer import Optimizer, shrink


class Adadelta(Optimizer):
    """Gradient times the ratio of the root mean squares of steps and gradients (Zeiler, 2012).

    ``s = rho s + (1 - rho) g**2``, ``d = sqrt(u + epsilon) / sqrt(s + epsilon) g``,
    ``u = rho u + (1 - rho) d**2``, ``x -= rate d``.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    rho : float
        What a step keeps of the mean squares.
    epsilon : float
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.Adadelta(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.9999]
    """

    slots, interleaved = ("accumulated_grad", "accumulated_delta_var"), 2

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(rho=rho, epsilon=epsilon)
        self.rho, self.epsilon = rho, epsilon

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        shrink(param, rate, decay)
        squares, steps = (self.state[slot] for slot in self.slots)
        squares *= self.rho
        squares += (1 - self.rho) * (grad * grad)
        step = np.sqrt(steps + self.epsilon) * grad / np.sqrt(squares + self.epsilon)
        steps *= self.rho
        steps += (1 - self.rho) * (step * step)
        param -= rate * step
