"""RMSprop."""

from __future__ import annotations

from typing import Any

from .._types import Array
from .optimizer import Optimizer, kernels


class RMSprop(Optimizer):
    """Gradient over the root of its mean square (Tieleman and Hinton, 2012)."""

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
        kernels().rmsprop(
            param,
            grad,
            s["velocity"],
            s.get("average_gradient"),
            s.get("momentum"),
            rate,
            decay,
            self.rho,
            self.momentum,
            self.epsilon,
        )
