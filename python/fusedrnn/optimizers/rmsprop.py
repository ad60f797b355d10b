"""RMSprop."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._types import Array
from .optimizer import Optimizer


class RMSprop(Optimizer):
    """Gradient over the root of its mean square (Tieleman and Hinton, 2012).

    ``s = rho s + (1 - rho) g**2``, ``x -= rate g / sqrt(s + epsilon)``.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    rho : float
        What a step keeps of the mean square.
    momentum : float
        What a step keeps of the step before.
    epsilon : float
    centered : bool
        Whether to take the square of the mean gradient off the mean square.
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.RMSprop(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.6838]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(rho=rho, momentum=momentum, epsilon=epsilon)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    @property
    def slots_in_use(self) -> tuple[str, ...]:  # noqa: D102
        return (
            "velocity",
            *(("momentum",) if self.momentum else ()),
            *(("average_gradient",) if self.centered else ()),
        )

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        s = self.state
        _core.rmsprop(
            param,
            grad,
            velocity=s["velocity"],
            mean_grad=s.get("average_gradient"),
            increments=s.get("momentum"),
            rate=rate,
            decay=decay,
            rho=self.rho,
            momentum=self.momentum,
            epsilon=self.epsilon,
        )
