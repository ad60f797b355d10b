"""SGD, with momentum or without."""

from __future__ import annotations

from typing import Any

from .. import _core
from .._types import Array
from ..checks import flag
from .optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum or Nesterov's.

    ``v = momentum v - rate g``, ``x += v``; Nesterov's: ``x += momentum v - rate g``.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    momentum : float
        What a step keeps of the step before.
    nesterov : bool
        Whether to look ahead (Sutskever et al., 2013).
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.SGD(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.8]
    """

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
