"""Lamb."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from .optimizer import Optimizer, shrink


class Lamb(Optimizer):
    """Adam's direction, each variable's as long as the variable itself (You et al., 2020).

    ``x -= rate |x| / |d| d``, d the direction of :class:`Adam` at ``rate`` 1, norms of each
    variable.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    beta_1, beta_2, epsilon
        As of :class:`Adam`.
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.Lamb(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.9]
    """

    slots, interleaved = ("momentum", "velocity"), 2

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
        m, v, real = self.state["momentum"], self.state["velocity"], param.dtype.type
        m += (grad - m) * (1 - self.beta_1)
        v += (grad * grad - v) * (1 - self.beta_2)
        c1, c2 = (1 - real(b) ** real(self.iterations) for b in (self.beta_1, self.beta_2))
        update = m / c1 / (np.sqrt(v / c2) + self.epsilon)
        for variable in self._trained or ():
            part = slice(variable.start, variable.start + variable.size)
            length, step = (np.sqrt((a[part] * a[part]).sum()) for a in (param, update))
            ratio = length / step if length > 0 and step > 0 else 1
            param[part] -= real(ratio) * real(rate) * update[part]
