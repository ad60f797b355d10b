"""Ftrl."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import number
from .optimizer import Optimizer, shrink


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013): many parameters become exactly 0.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    learning_rate_power : float
        To which power of the sum of squares the rate falls, at most 0.
    initial_accumulator_value : float
        What that sum starts with.
    l1_regularization_strength, l2_regularization_strength : float
        Penalties of the leader.
    l2_shrinkage_regularization_strength : float
        Penalty that only the gradient feels.
    beta : float
        The paper's.
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.Ftrl(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.7451]
    """

    slots, interleaved = ("accumulator", "linear"), 2

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        number("Ftrl", "learning_rate_power", learning_rate_power, -np.inf, 0)
        number("Ftrl", "beta", beta)
        for name, strength in (
            ("initial_accumulator_value", initial_accumulator_value),
            ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):
            number("Ftrl", name, strength, 0)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def initial(self, slot: str) -> float:  # noqa: D102
        return self.initial_accumulator_value if slot == "accumulator" else 0.0

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        shrink(param, rate, decay)
        lr, power = param.dtype.type(rate), -self.learning_rate_power
        l1 = self.l1_regularization_strength
        l2 = self.l2_regularization_strength + self.beta / (2 * lr)
        accumulator, linear = self.state["accumulator"], self.state["linear"]
        grown = accumulator + grad * grad
        root = grown**power
        linear += (
            grad
            + 2 * self.l2_shrinkage_regularization_strength * param
            - (root - accumulator**power) / lr * param
        )
        param[...] = (np.clip(linear, -l1, l1) - linear) / (root / lr + 2 * l2)
        accumulator[...] = grown
