"""Callbacks that steer by rule: a schedule of rates, a stop at NaN, functions of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Callable as Function
from typing import Any

import numpy as np

from ..checks import flag
from ..progress import write
from .callback import HOOKS, Callback


class LearningRateScheduler(Callback):
    """Sets the learning rate of an epoch to ``schedule(epoch)`` or ``schedule(epoch, rate)``.

    Parameters
    ----------
    schedule : callable
        Returns a float; epochs are counted from 0.
    verbose : int
        Whether to say so.

    Raises
    ------
    TypeError
        If it is no function.
    ValueError
        In ``fit``, if it returns no float.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> halve = fusedrnn.callbacks.LearningRateScheduler(lambda epoch: 0.5**epoch)
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=3, verbose=0, callbacks=[halve])
    >>> history.history["learning_rate"]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, schedule: Function[..., float], verbose: int = 0) -> None:
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule is {schedule!r}, expected a function")
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        optimizer = self.model.optimizer
        both = _arguments(self.schedule) > 1
        rate = self.schedule(epoch, *([float(optimizer.learning_rate)] if both else []))
        if not isinstance(rate, (float, np.floating)):
            raise ValueError(f"LearningRateScheduler: schedule returned {rate!r}, expected a float")
        optimizer.learning_rate = rate
        if self.verbose:
            write(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.\n")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class TerminateOnNaN(Callback):
    """Stops when the loss is not a finite number.

    Parameters
    ----------
    raise_error : bool
        Whether that is an error.

    Raises
    ------
    RuntimeError
        In ``fit``, with ``raise_error``.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> stop = fusedrnn.callbacks.TerminateOnNaN()
    >>> history = model.fit(np.ones((1, 2)), [np.nan], epochs=9, verbose=0, callbacks=[stop])
    Batch 0: Invalid loss, terminating training
    >>> len(history.epoch)
    1
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = flag("TerminateOnNaN", "raise_error", raise_error)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: D102
        loss = (logs or {}).get("loss")
        if loss is not None and not np.isfinite(loss):
            if self.raise_error:
                raise RuntimeError(
                    f"TerminateOnNaN: NaN or Inf loss encountered at batch {batch}: {loss}"
                )
            write(f"Batch {batch}: Invalid loss, terminating training\n")
            self.model.stop_training = True


class SwapEMAWeights(Callback):
    """Evaluates and predicts with the averages of an optimizer with ``use_ema=True``.

    Parameters
    ----------
    swap_on_epoch : bool
        Whether callbacks after this one see the averages at the end of an epoch too, such as a
        ``ModelCheckpoint``.

    Raises
    ------
    ValueError
        In ``fit``, if the optimizer keeps no averages.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile(fusedrnn.optimizers.SGD(use_ema=True), "mse")
    >>> swap = fusedrnn.callbacks.SwapEMAWeights()
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), verbose=0, callbacks=[swap])
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = flag("SwapEMAWeights", "swap_on_epoch", swap_on_epoch)
        self.swapped = False

    def _swap(self, to: bool) -> None:
        optimizer = self.model.optimizer
        if not optimizer.use_ema:
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer"
            )
        if self.swapped == to:
            return
        self.swapped = to
        buffer = self.model.pack()
        optimizer.build_for(buffer)
        weights, average = buffer.value[: buffer.trainable_size], optimizer.state["average"]
        weights[...], average[...] = average.copy(), weights.copy()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        if self.swap_on_epoch:
            self._swap(True)
            if epoch == self.params["epochs"] - 1:  # fit ends with the averages: leave both so
                self.model.optimizer.state["average"][...] = np.concatenate(
                    [v.value.ravel() for v in self.model.pack().variables if v.trainable]
                )

    def on_test_begin(self, logs: Any = None) -> None:  # noqa: D102
        self._swap(True)

    def on_test_end(self, logs: Any = None) -> None:  # noqa: D102
        self._swap(False)

    on_predict_begin, on_predict_end = on_test_begin, on_test_end


class LambdaCallback(Callback):
    """Calls the given functions.

    Parameters
    ----------
    **hooks
        Functions by the names of the hooks, with their arguments.

    Raises
    ------
    TypeError
        Of a name that is no hook, or what is no function.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> shown = fusedrnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=2, verbose=0, callbacks=[shown])
    0
    1
    """

    def __init__(self, **hooks: Function[..., Any]) -> None:
        allowed = {*HOOKS, "on_batch_begin", "on_batch_end"}
        if not hooks.keys() <= allowed:
            raise TypeError(
                f"LambdaCallback: {', '.join(hooks.keys() - allowed)} is not a hook, "
                f"expected {', '.join(sorted(allowed))}"
            )
        for name, function in hooks.items():
            if not (function is None or callable(function)):
                raise TypeError(f"LambdaCallback: {name} is {function!r}, expected a function")
            if function is not None:
                setattr(self, name, function)


def _arguments(function: Function[..., Any]) -> int:
    """Return how many positional arguments a function takes."""
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    return (
        2
        if inspect.Parameter.VAR_POSITIONAL in kinds
        else sum(
            k in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
            for k in kinds
        )
    )
