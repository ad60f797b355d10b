"""The base of the optimizers: arguments, state, clipping, files; a subclass has the step."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import legacy
from .._state import auto_name, floatx
from .._tensor import Number
from .._types import Array
from ..checks import flag, number, whole
from ..configurable import Configurable
from ..layers.layer import Buffer, Variable
from . import schedules


class LearningRate(Number):
    """A float that can be read as Keras's variable is: ``.numpy()``, ``.assign(value)``.

    Parameters
    ----------
    x : float

    Examples
    --------
    >>> optimizer = fusedrnn.optimizers.SGD(0.1)
    >>> optimizer.learning_rate.assign(0.5)
    >>> float(optimizer.learning_rate)
    0.5
    """

    optimizer: Optimizer

    def assign(self, value: float) -> None:
        """Set the optimizer's learning rate.

        Parameters
        ----------
        value : float
        """
        self.optimizer.learning_rate = value

    @property
    def value(self) -> np.float32:
        """The number itself."""
        return np.float32(self)


class Optimizer(Configurable):
    """Base of the optimizers.

    Parameters
    ----------
    learning_rate : float, schedule or callable
        Step size; a ``schedules.LearningRateSchedule`` or a function, of the step or of nothing,
        gives one a step.
    weight_decay : float, optional
        Decoupled: before each step the parameters lose this share times the learning rate.
    clipnorm, clipvalue, global_clipnorm : float, optional
        Limits for the norm of each variable's gradient, for each element, for the norm of all
        gradients together; at most one of them.
    use_ema : bool
        Whether to keep an exponential moving average of the parameters, which ``fit`` gives the
        model at its end.
    ema_momentum : float
        The share of the average that a step keeps.
    ema_overwrite_frequency : int, optional
        Every how many steps the parameters become their average.
    loss_scale_factor : float, optional
        Accepted: gradients in float32 need no scale, and Keras divides them by it again.
    gradient_accumulation_steps : int, optional
        Of how many batches the gradients are averaged before there is a step.
    name : str, optional
        By default the class in snake case, with a counter.
    **kwargs
        ``decay`` and ``lr`` of Keras 2: the former makes the rate ``rate / (1 + decay step)``.

    Raises
    ------
    ValueError
        Of an argument out of its range or not known, or more than one limit.
    TypeError
        Of an argument of another type.
    """

    module = "keras.optimizers"
    _trained: list[Variable] | None = None  # the variables that the state is of
    _not_decayed: tuple[Sequence[Variable], str] | None = None  # some, and a pattern of names
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
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        where = type(self).__name__
        learning_rate = legacy.argument("Optimizer.learning_rate", learning_rate, kwargs)
        if decay := kwargs.pop("decay", 0.0):  # as Keras 2 had it
            learning_rate = schedules.InverseTimeDecay(learning_rate, 1, decay)
        if kwargs:
            raise ValueError(f"Argument(s) not recognized: {kwargs}")
        if sum(c is not None for c in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(f"{where}: give only one of clipnorm, clipvalue and global_clipnorm")
        limits = {
            "weight_decay": weight_decay,
            "clipnorm": clipnorm,
            "clipvalue": clipvalue,
            "global_clipnorm": global_clipnorm,
            "loss_scale_factor": loss_scale_factor,
        }
        for key, limit in limits.items():
            if limit is not None:
                number(where, key, limit, 0)
        self.use_ema = flag(where, "use_ema", use_ema)
        if use_ema:  # else the rest of it says nothing
            number(where, "ema_momentum", ema_momentum, 0, 1)
            if ema_overwrite_frequency is not None:
                whole(where, "ema_overwrite_frequency", ema_overwrite_frequency)
        if gradient_accumulation_steps is not None:
            whole(where, "gradient_accumulation_steps", gradient_accumulation_steps, 2)
        self.ema_momentum, self.ema_overwrite_frequency = ema_momentum, ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.name = name or auto_name(where)
        self._batches = 0
        self.learning_rate = learning_rate
        self.weight_decay, self.clipnorm = weight_decay, clipnorm
        self.clipvalue, self.global_clipnorm = clipvalue, global_clipnorm
        self.state: dict[str, Array] = {}

    def _check(self, **shares: Any) -> None:
        for key, share in shares.items():
            most = math.inf if key == "epsilon" else 1
            if number(type(self).__name__, key, share, 0, most) == 1 and key.startswith("beta"):
                raise ValueError(f"{type(self).__name__}: {key} is 1, expected less")

    @property
    def learning_rate(self) -> LearningRate:
        """The learning rate of the next step."""
        rate = LearningRate(self._rate_now())
        rate.optimizer = self
        return rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if isinstance(value, dict):
            value = schedules.get(value)
        if not callable(value):
            if isinstance(self.__dict__.get("_rate"), schedules.LearningRateSchedule):
                raise TypeError(
                    "This optimizer was created with a `LearningRateSchedule` object as its "
                    "`learning_rate` constructor argument, hence its learning rate is not "
                    "settable: make it with a number"
                )
            value = number(type(self).__name__, "learning_rate", value, 0)
            value = float(np.dtype(floatx()).type(value))  # as Keras, which keeps it in a variable
        self._rate: float | Callable[..., float] = value

    lr = learning_rate

    def _rate_now(self) -> float:
        rate = self._rate
        if not callable(rate):
            return rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return rate(self._batches)
        import inspect  # slow to import, and few rates are functions

        takes_step = len(inspect.signature(rate).parameters) > 0
        return rate(*([self._batches] if takes_step else []))

    @property
    def iterations(self) -> int:
        """How many steps there were."""
        return self._batches // (self.gradient_accumulation_steps or 1)

    @iterations.setter
    def iterations(self, value: int) -> None:
        self._batches = int(value) * (self.gradient_accumulation_steps or 1)

    @property
    def built(self) -> bool:
        """Whether the state exists."""
        return bool(self.state) or self._batches > 0

    @property
    def slots_in_use(self) -> tuple[str, ...]:
        """The slots that the arguments call for."""
        return self.slots

    @property
    def _common(self) -> tuple[str, ...]:
        """The slots that any optimizer may have, which are the first in files."""
        return (
            *(("average",) if self.use_ema else ()),
            *(("gradient_accumulator",) if self.gradient_accumulation_steps else ()),
        )

    def build(self, variables: Sequence[Variable]) -> None:
        """Create the state for variables."""
        self.build_for(_buffer_of(variables))

    def build_for(self, buffer: Buffer) -> None:
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
        for slot in (*self._common, *self.slots_in_use):
            if slot not in self.state:
                first = 0.0 if slot in self._common else self.initial(slot)
                self.state[slot] = np.full(buffer.trainable_size, first, buffer.value.dtype)

    def initial(self, slot: str) -> float:
        """Return the value that a slot starts with."""
        return 0.0

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """Decay neither these variables nor those that have one of the patterns in their names.

        Parameters
        ----------
        var_list : list of Variable, optional
        var_names : list of str, optional
            Regular expressions.
        """
        self._not_decayed = list(var_list or ()), "|".join(var_names or ()) or "(?!)"

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """Take one step over variables along their gradients.

        Parameters
        ----------
        grads_and_vars : iterable of (array, Variable)
            A gradient may be None: a warning says so.

        Raises
        ------
        ValueError
            If all gradients are None, or a shape does not fit.
        """
        given = list(grads_and_vars)
        pairs = [(gradient, v) for gradient, v in given if gradient is not None]
        if not pairs:
            raise ValueError("No gradients provided for any variable.")
        if lacking := [v.path or v.name for gradient, v in given if gradient is None]:
            warnings.warn(f"Gradients do not exist for variables {lacking}", stacklevel=2)
        self.apply(*zip(*pairs, strict=True))

    @property
    def variables(self) -> list[Variable]:
        """What ``arrays`` gives, as variables: the step count, the learning rate, the state."""
        names = ["iteration", *([] if callable(self._rate) else ["learning_rate"])]
        arrays = self.arrays()
        names += [f"state_{k}" for k in range(len(arrays) - len(names))]
        return [Variable(n, a, path=f"{self.name}/{n}") for n, a in zip(names, arrays, strict=True)]

    def scale_loss(self, loss: Any) -> Any:
        """Return a loss times ``loss_scale_factor``."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def apply(self, grads: Iterable[Any], trainable_variables: Any = None) -> None:
        """Take one step over variables.

        Parameters
        ----------
        grads : iterable of arrays
        trainable_variables : list of Variable, optional
            By default those that it was built for.

        Raises
        ------
        ValueError
            If there are no variables, or not as many gradients.
        """
        variables = self._trained if trainable_variables is None else trainable_variables
        if not variables:
            raise ValueError(f"{self.name}: give the variables, or build it for them first")
        grads = list(grads)
        if len(grads) != len(variables):
            raise ValueError(
                f"{self.name}: got {len(grads)} gradients for {len(variables)} variables"
            )
        buffer = _buffer_of(variables)
        for v, gradient in zip(variables, grads, strict=True):
            v.grad[...] = np.divide(gradient, self.loss_scale_factor or 1)
        self.step_over(buffer)
        for v in variables:
            if v.constraint is not None:
                v.assign(v.constraint(v.value))

    def step_over(self, buffer: Buffer) -> None:
        """Take one step over the trainable parameters of a buffer, along its gradients."""
        if self._trained is None:
            self.build_for(buffer)
        param, grad = buffer.value[: buffer.trainable_size], buffer.grad
        rate = float(self._rate_now() if callable(self._rate) else self._rate)
        steps = self.gradient_accumulation_steps
        before = self.iterations
        self._batches += 1
        if steps and self._batches % steps:
            self.state["gradient_accumulator"] += grad
        else:
            if steps:
                gathered = self.state["gradient_accumulator"]
                grad += gathered
                grad /= steps
                gathered[...] = 0
            if self.clipnorm or self.clipvalue or self.global_clipnorm:
                self._clip(buffer)
            decay = self.weight_decay or 0.0
            if decay and self._not_decayed:
                some, names = self._not_decayed
                for v in buffer.variables:
                    if v.trainable and v not in some and not re.search(names, v.name):
                        shrink(v.value, rate, decay)
                decay = 0.0
            self.step(param, grad, rate, decay)
        if self.use_ema:
            self._average(param, before)

    def _average(self, param: Array, before: int) -> None:
        average = self.state["average"]
        kept = param.dtype.type(self.ema_momentum if before else 0)
        average *= kept
        average += (1 - kept) * param
        if self.ema_overwrite_frequency and (before + 1) % self.ema_overwrite_frequency == 0:
            param[...] = average

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Give variables what they are to have at the end: with ``use_ema`` their average."""
        if self.use_ema and "average" in self.state:
            averages = dict(zip(self._trained or (), self._views("average"), strict=True))
            for v in var_list:
                v.assign(averages[v])

    def step(self, param: Array, grad: Array, rate: float, decay: float) -> None:
        """Update ``param`` in place."""
        raise NotImplementedError

    def _views(self, slot: str) -> list[Array]:
        """Return a slot's part of each variable, wherever that is now."""
        variables = self._trained or []
        ends = np.cumsum([v.size for v in variables])
        return [
            self.state[slot][end - v.size : end].reshape(v.shape)
            for v, end in zip(variables, ends, strict=True)
        ]

    def _state_views(self) -> list[Array]:
        """Return the state in the order of Keras's files."""
        slots = self.slots_in_use
        together: list[tuple[str, ...]] = [(s,) for s in self._common]
        together += [slots[: self.interleaved], *((s,) for s in slots[self.interleaved :])]
        return [
            view
            for group in together
            for parts in zip(*(self._views(slot) for slot in group), strict=True)
            for view in parts
        ]

    def arrays(self) -> list[Array]:
        """Return all that a file keeps: the step count, the learning rate, the state."""
        rate = [] if callable(self._rate) else [np.array(self._rate, np.float32)]
        return [np.array(self._batches, np.int32), *rate, *self._state_views()]

    def set_arrays(self, buffer: Any, arrays: list[Array]) -> None:
        """Take what ``arrays`` returned; ValueError if it does not fit, nothing changed then."""
        self.build_for(buffer)
        views, values = self._state_views(), [np.asarray(a) for a in arrays]
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
        self._batches = int(steps.item())
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
        return super().get_config() | {
            "learning_rate": rate if isinstance(rate, float) else schedules.serialize(rate)
        }


def shrink(param: Array, rate: float, decay: float) -> None:
    """Take decoupled weight decay off parameters, in their precision."""
    if decay:
        real = param.dtype.type
        param *= real(1) - real(decay) * real(rate)


def _buffer_of(variables: Sequence[Variable]) -> Buffer:
    """Return the buffer that has these variables, or these alone, as those that train."""
    if not variables:
        return Buffer([], floatx())
    buffer = variables[0].buffer
    if buffer is not None and buffer.is_whole():
        trained = [v for v in buffer.variables if v.trainable]
        if {*map(id, trained)} == {*map(id, variables)}:
            return buffer
    return Buffer(variables, variables[0].dtype)
