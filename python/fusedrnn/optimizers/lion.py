"""Lion."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .optimizer import Optimizer, shrink


class Lion(Optimizer):
    """Steps of one size, along the sign of a mean of momentum and gradient (Chen et al., 2023).

    ``x -= rate sign(beta_1 m + (1 - beta_1) g)``, then ``m = beta_2 m + (1 - beta_2) g``.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    beta_1, beta_2 : float
        Less than 1, ``beta_1`` more than 0.
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.Lion(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.9]
    """

    slots = ("momentum",)

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(beta_1=beta_1, beta_2=beta_2)
        if beta_1 == 0:
            raise ValueError("Lion: beta_1 is 0, expected more: it would be SignSGD")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        shrink(param, rate, decay)
        m = self.state["momentum"]
        param -= rate * np.sign(m * self.beta_1 + (1 - self.beta_1) * grad)
        m *= self.beta_2
        m += (1 - self.beta_2) * grad
