"""The base of the optimizers: arguments, state, clipping, files; a subclass has the step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import legacy
from .._state import floatx
from .._tensor import Number
from .._types import Array
from ..checks import number
from ..configurable import Configurable
from . import schedules

_UNSUPPORTED = {
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
}


class LearningRate(Number):
    """A float that can be read as Keras's variable is: ``.numpy()``, ``.assign(value)``."""

    optimizer: Optimizer

    def assign(self, value: float) -> None:
        """Set the optimizer's learning rate."""
        self.optimizer.learning_rate = value


class Optimizer(Configurable):
    """Base of the optimizers.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        Step size; a ``schedules.LearningRateSchedule`` or a function of the step gives one a step.
    weight_decay : float, optional
        Decoupled: before each step the parameters lose this share times the learning rate.
    clipnorm, clipvalue, global_clipnorm : float, optional
        Limits for the norm of each variable's gradient, for each element, for the norm of all
        gradients together; at most one of them.
    """

    module = "keras.optimizers"
    _trained: list[Any] | None = None  # the variables that the state is of
    slots: tuple[str, ...] = ()  # arrays like the parameters that the optimizer keeps
    interleaved = 1  # how many of the first slots a file has side by side

    def __init__(
        self,
        learning_rate: Any = 0.001,
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        learning_rate = legacy.argument("Optimizer.learning_rate", learning_rate, kwargs)
        if not kwargs.get("use_ema"):  # then the rest of it says nothing
            kwargs = {k: v for k, v in kwargs.items() if not k.startswith("ema_")}
        for key, default in _UNSUPPORTED.items():
            if kwargs.pop(key, default) not in (default, None):
                raise NotImplementedError(f"{type(self).__name__}: {key} is not supported")
        if decay := kwargs.pop("decay", 0.0):  # as Keras 2 had it
            learning_rate = schedules.InverseTimeDecay(learning_rate, 1, decay)
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                f"{type(self).__name__}: give only one of clipnorm, clipvalue and global_clipnorm"
            )
        limits = {
            "weight_decay": weight_decay,
            "clipnorm": clipnorm,
            "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm,
        }
        for key, limit in limits.items():
            if limit is not None:
                number(type(self).__name__, key, limit, 0)
        self.name = name or type(self).__name__.lower()
        self.iterations = 0
        self.learning_rate = learning_rate
        self.weight_decay, self.clipnorm = weight_decay, clipnorm
        self.clipvalue, self.global_clipnorm = clipvalue, global_clipnorm
        self.state: dict[str, Array] = {}

    def _check(self, **shares: Any) -> None:
        for key, share in shares.items():
            if number(type(self).__name__, key, share, 0, 1) == 1 and key.startswith("beta"):
                raise ValueError(f"{type(self).__name__}: {key} is 1, expected less")

    @property
    def learning_rate(self) -> LearningRate:
        """The learning rate of the next step."""
        rate = LearningRate(self._rate(self.iterations) if callable(self._rate) else self._rate)
        rate.optimizer = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, dict):
            value = schedules.get(value)
        if not callable(value):
            value = number(type(self).__name__, "learning_rate", value, 0)
            value = float(np.dtype(floatx()).type(value))  # as Keras, which keeps it in a variable
        self._rate: float | Callable[[int], float] = value

    lr = learning_rate

    @property
    def built(self) -> bool:
        """Whether the state exists."""
        return bool(self.state) or self.iterations > 0

    @property
    def slots_in_use(self) -> tuple[str, ...]:
        """The slots that the arguments call for."""
        return self.slots

    def build(self, buffer: Any) -> None:
        """Create the state for a model's parameters."""
        trained = [v for v in buffer.variables if v.trainable]
        if self._trained is None:
            self._trained = trained
        if self._trained != trained or any(
            a.size != buffer.trainable_size for a in self.state.values()
        ):
            raise ValueError(
                f"{self.name}: was built for another set of parameters; compile the "
                "model again with a new optimizer"
            )
        for slot in self.slots_in_use:
            if slot not in self.state:
                self.state[slot] = np.full(
                    buffer.trainable_size, self.initial(slot), buffer.value.dtype
                )

    def initial(self, slot: str) -> float:
        """Return the value that a slot starts with."""
        return 0.0

    def apply(self, buffer: Any) -> None:
        """Take one step over the trainable parameters of a buffer, along its gradients."""
        if len(self.state) != len(self.slots_in_use):
            self.build(buffer)
        if self.clipnorm or self.clipvalue or self.global_clipnorm:
            self._clip(buffer)
        rate = self._rate(self.iterations) if callable(self._rate) else self._rate
        self.iterations += 1
        self.step(
            buffer.value[: buffer.trainable_size],
            buffer.grad,
            float(rate),
            self.weight_decay or 0.0,
        )

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:
        """Update ``param`` in place."""
        raise NotImplementedError

    def _views(self, buffer: Any) -> list[Array]:
        """Return the state, variable by variable, in the order of Keras's files."""
        slots = self.slots_in_use
        together = [slots[: self.interleaved], *((s,) for s in slots[self.interleaved :])]
        return [
            self.state[slot][v.start : v.start + v.size].reshape(v.shape)
            for group in together
            for v in buffer.variables
            if v.trainable
            for slot in group
        ]

    def arrays(self, buffer: Any) -> list[Array]:
        """Return all that a file keeps: the step count, the learning rate, the state."""
        rate = [] if callable(self._rate) else [np.array(self._rate, np.float32)]
        return [np.array(self.iterations, np.int32), *rate, *self._views(buffer)]

    def set_arrays(self, buffer: Any, arrays: list[Array]) -> None:
        """Take what ``arrays`` returned; ValueError if it does not fit, nothing changed then."""
        self.build(buffer)
        views, values = self._views(buffer), [np.asarray(a) for a in arrays]
        rate = None
        if not callable(self._rate) and len(values) > 1 and len(values) != len(views) + 1:
            rate = values.pop(1)  # Keras 2 keeps none here
        steps, *rest = values or [np.empty(0)]
        if (
            any(a.dtype.kind not in "fiub" for a in values)
            or steps.size != 1
            or (rate is not None and rate.size != 1)
            or (rest and [v.shape for v in views] != [a.shape for a in rest])
        ):  # without a rest: from before the first step
            raise ValueError(
                f"{self.name}: the optimizer's state does not fit the model: shapes "
                f"{[a.shape for a in values]}, expected a number or two and "
                f"{[v.shape for v in views]}"
            )
        self.iterations = int(steps.item())
        if rate is not None:
            self._rate = float(rate.item())
        for view, array in zip(views, rest, strict=bool(rest)):
            view[...] = array

    def _clip(self, buffer: Any) -> None:
        grad = buffer.grad
        if self.clipvalue:
            np.clip(grad, -self.clipvalue, self.clipvalue, out=grad)
        elif self.global_clipnorm:
            norm = math.sqrt(np.vdot(grad, grad))
            if not norm <= self.global_clipnorm:  # not finite: the gradients become NaN, visibly
                grad *= self.global_clipnorm / norm if math.isfinite(norm) else math.nan
        else:
            limit = self.clipnorm or math.inf
            for v in buffer.variables:
                if v.trainable and (norm := math.sqrt(np.vdot(v.grad, v.grad))) > limit:
                    v.grad *= limit / norm

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration."""
        rate = self._rate
        return (
            super().get_config()
            | _UNSUPPORTED
            | {"learning_rate": rate if isinstance(rate, float) else schedules.serialize(rate)}
        )
