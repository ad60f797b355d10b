"""SGD, with momentum or without."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._types import Array
from ..checks import flag
from .optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum or Nesterov's."""

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(momentum=momentum)
        self.momentum, self.nesterov = momentum, flag("SGD", "nesterov", nesterov)

    @property
    def slots_in_use(self) -> tuple[str, ...]:  # noqa: D102
        return ("momentum",) if self.momentum else ()

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        _core.sgd(
            param,
            grad,
            velocity=self.state.get("momentum"),
            rate=rate,
            decay=decay,
            momentum=self.momentum,
            nesterov=self.nesterov,
        )
