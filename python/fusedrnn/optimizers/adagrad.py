"""Adagrad."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._types import Array
from ..checks import number
from .optimizer import Optimizer


class Adagrad(Optimizer):
    """Gradient over the root of the sum of its squares (Duchi et al., 2011).

    ``s += g**2``, ``x -= rate g / sqrt(s + epsilon)``.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    initial_accumulator_value : float
        What s starts with.
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
    >>> fusedrnn.optimizers.Adagrad(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.9012]
    """

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(epsilon=epsilon)
        number("Adagrad", "initial_accumulator_value", initial_accumulator_value, 0)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def initial(self, slot: str) -> float:  # noqa: D102
        return self.initial_accumulator_value

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        _core.adagrad(
            param,
            grad,
            accumulator=self.state["accumulator"],
            rate=rate,
            decay=decay,
            epsilon=self.epsilon,
        )
