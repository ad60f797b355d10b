"""Adam and its kin: AdamW, Nadam."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import _core
from .._types import Array
from .optimizer import Optimizer


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015), its epsilon the paper's "epsilon hat"."""

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
        s, t = self.state, self.iterations
        alpha = rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
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
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019)."""

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
        super().__init__(
            learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
            weight_decay=weight_decay,
            **kwargs,
        )


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016)."""

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
        t = self.iterations  # counted from 1
        u = self.beta_1 * (1 - 0.5 * 0.96**t)
        u_next = self.beta_1 * (1 - 0.5 * 0.96 ** (t + 1))
        self.u_product *= u
        _core.nadam(
            param,
            grad,
            momentum=self.state["momentum"],
            velocity=self.state["velocity"],
            rate=rate,
            decay=decay,
            m_scale=u_next / (1 - self.u_product * u_next),
            g_scale=(1 - u) / (1 - self.u_product),
            v_scale=1 / (1 - self.beta_2**t),
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )

    def arrays(self, buffer: Any) -> list[Array]:  # noqa: D102
        return [*super().arrays(buffer), np.array(self.u_product, np.float32)]

    def set_arrays(self, buffer: Any, arrays: list[Array]) -> None:  # noqa: D102
        last = arrays[-1]
        if len(arrays) > 2:
            super().set_arrays(buffer, arrays[:-1])
            self.u_product = float(last)
