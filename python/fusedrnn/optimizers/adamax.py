"""Adamax."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .optimizer import Optimizer, shrink


class Adamax(Optimizer):
    """Adam with the largest gradient of late in place of the root of the mean square.

    Kingma and Ba (2015), section 7.1: ``m = beta_1 m + (1 - beta_1) g``,
    ``u = max(beta_2 u, |g|)``, ``x -= rate / (1 - beta_1**t) m / (u + epsilon)`` at step t.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    beta_1, beta_2 : float
        What a step keeps of m and u; less than 1.
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
    >>> fusedrnn.optimizers.Adamax(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.9]
    """

    slots, interleaved = ("momentum", "norm"), 2

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        shrink(param, rate, decay)
        m, u = self.state["momentum"], self.state["norm"]
        m *= self.beta_1
        m += (1 - self.beta_1) * grad
        u *= self.beta_2
        np.maximum(u, np.abs(grad), out=u)
        real = param.dtype.type
        correction = 1 - real(self.beta_1) ** real(self.iterations)
        param -= m * real(rate) / ((u + self.epsilon) * correction)
