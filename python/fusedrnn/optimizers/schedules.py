"""Learning rates that change with the step, under Keras's names."""

from __future__ import annotations

import math
from typing import Any

from .. import configurable, missing
from ..checks import number
from ..configurable import Configurable, lookup

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "get",
    "serialize",
]


class LearningRateSchedule(Configurable):
    """Base class: ``schedule(step)`` is the learning rate of a step, counted from 0.

    Examples
    --------
    >>> class Warm(fusedrnn.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.01 * min(step + 1, 10)
    >>> fusedrnn.optimizers.Adam(Warm()).learning_rate
    0.01
    """

    module = "keras.optimizers.schedules"

    def __call__(self, step: int) -> float:
        """Return the learning rate."""
        raise NotImplementedError

    def _check(self, rate: Any, steps: Any, **factors: Any) -> None:
        where = type(self).__name__
        for name, factor in factors.items():
            number(where, name, factor)
        number(where, "initial_learning_rate", rate, 0)
        if number(where, "decay_steps", steps, 0) == 0:
            raise ValueError(f"{where}: decay_steps is 0, expected more")


class ExponentialDecay(LearningRateSchedule):
    """``initial * rate**(step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        Steps after which the rate is ``decay_rate`` times the initial one.
    decay_rate : float
    staircase : bool
        Whether ``step / decay_steps`` is rounded down.
    name : str

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> schedule = fusedrnn.optimizers.schedules.ExponentialDecay(0.1, 100, 0.5)
    >>> schedule(0), schedule(100), schedule(200)
    (0.1, 0.05, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self._check(initial_learning_rate, decay_steps)
        number(type(self).__name__, "decay_rate", decay_rate, 0)
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.decay_rate, self.staircase, self.name = decay_rate, staircase, name

    def fraction(self, step: int) -> float:
        """Return how many times ``decay_steps`` have passed."""
        p = step / self.decay_steps
        return math.floor(p) if self.staircase else p

    def __call__(self, step: int) -> float:  # noqa: D102
        return float(self.initial_learning_rate * self.decay_rate ** self.fraction(step))


class InverseTimeDecay(ExponentialDecay):
    """``initial / (1 + rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate, decay_steps, decay_rate, staircase, name
        As of :class:`ExponentialDecay`.

    Examples
    --------
    >>> schedule = fusedrnn.optimizers.schedules.InverseTimeDecay(0.1, 100, 1.0)
    >>> schedule(0), schedule(100), schedule(300)
    (0.1, 0.05, 0.025)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name=name)

    def __call__(self, step: int) -> float:  # noqa: D102
        return self.initial_learning_rate / (1 + self.decay_rate * self.fraction(step))


class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[i]`` up to and including step ``boundaries[i]``, then the last of them.

    Parameters
    ----------
    boundaries : list of int
    values : list of float
        One more.
    name : str

    Raises
    ------
    ValueError
        If there is not one value more.

    Examples
    --------
    >>> schedule = fusedrnn.optimizers.schedules.PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> schedule(10), schedule(11), schedule(21)
    (1.0, 0.5, 0.1)
    """

    def __init__(
        self, boundaries: list[int], values: list[float], name: str = "PiecewiseConstant"
    ) -> None:
        for name, list_ in (("boundaries", boundaries), ("values", values)):
            for entry in list_:
                number("PiecewiseConstantDecay", name, entry)
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"PiecewiseConstantDecay: got {len(boundaries)} boundaries and "
                f"{len(values)} values, expected one value more"
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: int) -> float:  # noqa: D102
        return self.values[sum(step > b for b in self.boundaries)]


class PolynomialDecay(LearningRateSchedule):
    """From the initial to the end rate along a power of the remaining share of steps.

    ``(initial - end) * (1 - step / decay_steps)**power + end``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        After which it stays the end rate.
    end_learning_rate : float
    power : float
    cycle : bool
        Whether ``decay_steps`` becomes its next multiple instead.
    name : str

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> schedule = fusedrnn.optimizers.schedules.PolynomialDecay(1.0, 100, end_learning_rate=0.0)
    >>> schedule(0), schedule(50), schedule(200)
    (1.0, 0.5, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self._check(
            initial_learning_rate, decay_steps, end_learning_rate=end_learning_rate, power=power
        )
        self.initial_learning_rate, self.decay_steps = initial_learning_rate, decay_steps
        self.end_learning_rate, self.power, self.cycle = end_learning_rate, power, cycle
        self.name = name

    def __call__(self, step: int) -> float:  # noqa: D102
        steps = self.decay_steps
        if self.cycle:
            steps *= math.ceil(step / steps) if step else 1
        share = min(step, steps) / steps
        return float(
            (self.initial_learning_rate - self.end_learning_rate) * (1 - share) ** self.power
            + self.end_learning_rate
        )


class CosineDecay(LearningRateSchedule):
    """Half a cosine from the initial rate to ``alpha`` times it, after an optional warm-up.

    Loshchilov and Hutter (2017).

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    alpha : float
    name : str
    warmup_target : float, optional
        To which the rate rises first, in equal steps.
    warmup_steps : int
        In how many.

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> schedule = fusedrnn.optimizers.schedules.CosineDecay(1.0, 100)
    >>> schedule(0), schedule(50), schedule(100)
    (1.0, 0.5, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self._check(
            initial_learning_rate, decay_steps, alpha=alpha, warmup_target=warmup_target or 0.0
        )
        number("CosineDecay", "warmup_steps", warmup_steps, 0)
        self.initial_learning_rate, self.decay_steps, self.alpha = (
            initial_learning_rate,
            decay_steps,
            alpha,
        )
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps

    def __call__(self, step: int) -> float:  # noqa: D102
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top, step = self.warmup_target, step - self.warmup_steps
        cosine = 0.5 * (1 + math.cos(math.pi * min(step, self.decay_steps) / self.decay_steps))
        return top * ((1 - self.alpha) * cosine + self.alpha)


class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay that starts again, longer and lower each time (Loshchilov and Hutter, 2017).

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
    t_mul : float
        How many times as long each period is as the one before, at least 1.
    m_mul : float
        How many times as high.
    alpha : float
        The share of the initial rate that stays.
    name : str

    Raises
    ------
    ValueError
        Of an argument out of its range.

    Examples
    --------
    >>> schedule = fusedrnn.optimizers.schedules.CosineDecayRestarts(1.0, 100)
    >>> schedule(0), schedule(50), schedule(100)
    (1.0, 0.5, 1.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self._check(initial_learning_rate, first_decay_steps, m_mul=m_mul, alpha=alpha)
        number("CosineDecayRestarts", "t_mul", t_mul, 1)  # less: the restarts pile up
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps, self.t_mul, self.m_mul = first_decay_steps, t_mul, m_mul
        self.alpha, self.name = alpha, name

    def __call__(self, step: int) -> float:  # noqa: D102
        top, length, start = self.initial_learning_rate, float(self.first_decay_steps), 0.0
        while step >= start + length:
            start, length, top = start + length, length * self.t_mul, top * self.m_mul
        cosine = 0.5 * (1 + math.cos(math.pi * (step - start) / length))
        return top * (1 - self.alpha) * cosine + self.initial_learning_rate * self.alpha


TABLE: dict[str, type[LearningRateSchedule]] = {
    "exponential_decay": ExponentialDecay,
    "inverse_time_decay": InverseTimeDecay,
    "piecewise_constant_decay": PiecewiseConstantDecay,
    "polynomial_decay": PolynomialDecay,
    "cosine_decay": CosineDecay,
    "cosine_decay_restarts": CosineDecayRestarts,
}


def get(identifier: Any) -> Any:
    """Return the schedule that a configuration or an object stands for.

    Parameters
    ----------
    identifier : str, dict or LearningRateSchedule

    Returns
    -------
    LearningRateSchedule

    Raises
    ------
    ValueError
        Of a name that is not known.
    """
    return lookup("learning_rate", identifier, TABLE)


serialize = configurable.serialize

missing.answer(__name__)
