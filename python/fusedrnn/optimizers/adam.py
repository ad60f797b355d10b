"""Adam and its kin: AdamW, Nadam.

What corrects the bias of the first steps is in the parameters' precision, as in Keras: in float32,
1 - 0.999 is off in the fifth digit, and so is what a script gets from Keras. Where Keras's
optimizers differ by backend, by a rounding here and there, PyTorch's are the reference.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .. import _core
from .._types import Array
from ..configurable import given
from .optimizer import Optimizer


@lru_cache
def _exact(dtype: np.dtype[Any], *numbers: float) -> Any:
    """Return numbers in a precision, which takes NumPy longer than to compute with them."""
    return [dtype.type(number) for number in numbers]


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), its epsilon the paper's "epsilon hat".

    ``m += (1 - beta_1) (g - m)``, ``v += (1 - beta_2) (g**2 - v)``,
    ``x -= rate sqrt(1 - beta_2**t) / (1 - beta_1**t) m / (sqrt(v) + epsilon)`` at step t.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    beta_1, beta_2 : float
        What a step keeps of the means of gradients and of their squares; less than 1.
    epsilon : float
        Added to the root.
    amsgrad : bool
        Whether to divide by the largest v so far (Reddi et al., 2018).
    **kwargs
        Those of :class:`Optimizer`.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> x = fusedrnn.layers.Variable("x", np.array([1.0]))
    >>> fusedrnn.optimizers.Adam(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.9]
    """

    interleaved = 2

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self._check(beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    @property
    def slots_in_use(self) -> tuple[str, ...]:  # noqa: D102
        return ("momentum", "velocity", *(("velocity_hat",) if self.amsgrad else ()))

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        s, real = self.state, param.dtype.type
        t = real(self.iterations)
        one, beta_1, beta_2 = _exact(param.dtype, 1, self.beta_1, self.beta_2)
        alpha = real(rate) * np.sqrt(one - beta_2**t) / (one - beta_1**t)
        _core.adam(
            param,
            grad,
            momentum=s["momentum"],
            velocity=s["velocity"],
            velocity_max=s.get("velocity_hat"),
            rate=rate,
            decay=decay,
            alpha=alpha,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    Before each step of :class:`Adam`, ``x -= rate weight_decay x``.

    Parameters
    ----------
    learning_rate
        As of :class:`Optimizer`.
    weight_decay : float
        Not None; there is Adam.
    beta_1, beta_2, epsilon, amsgrad
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
    >>> fusedrnn.optimizers.AdamW(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.8996]
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError("AdamW: weight_decay is None, expected a number; there is Adam")
        super().__init__(**given(locals()))


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016).

    The momentum of step t is ``beta_1 (1 - 0.96**t / 2)``.

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
    >>> fusedrnn.optimizers.Nadam(0.1).apply_gradients([(np.array([2.0]), x)])
    >>> print(x.numpy().round(4))
    [0.8937]
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
        self.u_product = 1.0

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:  # noqa: D102
        real, t = param.dtype.type, self.iterations  # counted from 1
        one, half, base, beta_1 = (real(c) for c in (1, 0.5, 0.96, self.beta_1))
        u, u_next = (beta_1 * (one - half * base ** real(k)) for k in (t, t + 1))
        product = real(self.u_product) * u
        self.u_product = float(product)
        _core.nadam(
            param,
            grad,
            momentum=self.state["momentum"],
            velocity=self.state["velocity"],
            rate=rate,
            decay=decay,
            m_scale=u_next / (one - product * u_next),
            g_scale=(one - u) / (one - product),
            v_scale=one / (one - real(self.beta_2) ** real(t)),
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )

    def arrays(self) -> list[Array]:  # noqa: D102
        return [*super().arrays(), np.array(self.u_product, np.float32)]

    def set_arrays(self, buffer: Any, arrays: list[Array]) -> None:  # noqa: D102
        last = arrays[-1]
        if len(arrays) > 2:
            super().set_arrays(buffer, arrays[:-1])
            self.u_product = float(last)
