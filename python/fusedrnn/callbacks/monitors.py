"""Callbacks that watch one number and act when it gets better, or does not."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from .._types import Logs
from ..checks import number, whole
from ..progress import write
from .callback import Callback


class MonitorCallback(Callback):
    """Base of the callbacks that watch one number.

    Parameters
    ----------
    monitor : str
        A name of the logs.
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto" knows the loss and the metrics.
    best : float, optional
        What it has to be better than at first.
    min_delta : float
        By how much.

    Raises
    ------
    ValueError
        In ``fit``, if "auto" does not know.
    """

    def __init__(
        self, monitor: str, mode: str, best: float | None = None, min_delta: float = 0.0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.",
                stacklevel=3,
            )
            mode = "auto"
        where = type(self).__name__
        if best is not None:
            number(where, "initial_value_threshold", best)
        self.min_delta = abs(number(where, "min_delta", min_delta))
        self.monitor, self.mode, self.best = monitor, mode, best
        self.sign = 0  # 1: more is better, -1: less is better

    def value(self, logs: Any) -> float | None:
        """Return the number watched; warn if it is not there."""
        current = (logs or {}).get(self.monitor)
        if current is None:
            warnings.warn(
                f"{type(self).__name__}: {self.monitor} is not available; there are "
                f"{', '.join(logs or {})}",
                stacklevel=3,
            )
        return current

    def better(self, value: float, than: float | None) -> bool:
        """Return whether a value is better than another, by ``min_delta`` at least."""
        if not self.sign:
            name = self.monitor.removeprefix("val_")
            up = {m.name: m.up for m in self.model.metrics}
            if self.mode == "auto" and name not in up:
                raise ValueError(
                    f"{type(self).__name__}: cannot tell whether {self.monitor} is to "
                    "be high or low; give mode='max' or mode='min'"
                )
            self.sign = 1 if self.mode == "max" or (self.mode == "auto" and up[name]) else -1
        return than is None or self.sign * (value - than) > self.min_delta


class EarlyStopping(MonitorCallback):
    """Stops when the number watched has not improved for some epochs.

    Parameters
    ----------
    monitor : str
        A name of the logs.
    min_delta : float
        What is less does not count as better.
    patience : int
        How many epochs in a row may be no better.
    verbose : int
        Whether to say so.
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto" knows the loss and the metrics.
    baseline : float, optional
        What has to be reached too, for patience to begin anew.
    restore_best_weights : bool
        Whether the model has the weights of its best epoch at the end.
    start_from_epoch : int
        Epochs before which nothing is watched.

    Raises
    ------
    ValueError
        Of an argument out of its range; in ``fit``, if "auto" does not know.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> stop = fusedrnn.callbacks.EarlyStopping("loss", min_delta=1e9, patience=2)
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=50, verbose=0, callbacks=[stop])
    >>> len(history.epoch)
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = whole("EarlyStopping", "patience", patience, 0)
        self.start_from_epoch = whole("EarlyStopping", "start_from_epoch", start_from_epoch, 0)
        if baseline is not None:
            number("EarlyStopping", "baseline", baseline)
        self.verbose, self.baseline = verbose, baseline
        self.restore_best_weights = restore_best_weights
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best, self.best_weights = None, None

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        current = self.value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self.better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self.better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs: Any = None) -> None:  # noqa: D102
        if self.stopped_epoch and self.verbose:
            write(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.best_weights is not None:
            if self.verbose:
                write(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}.\n"
                )
            self.model.set_weights(self.best_weights)


class ModelCheckpoint(MonitorCallback):
    """Saves the model after every epoch (or ``save_freq`` batches), or only when it is the best.

    Parameters
    ----------
    filepath : path
        It may hold ``{epoch}`` and names of logs: ``"{epoch:02d}-{val_loss:.2f}.keras"``.
    monitor : str
        A name of the logs.
    verbose : int
        Whether to say so.
    save_best_only : bool
    save_weights_only : bool
        Whether to save by ``save_weights``, not ``save``.
    mode : {"auto", "min", "max"}
        As of :class:`EarlyStopping`.
    save_freq : "epoch" or int
        Every how many batches to save.
    initial_value_threshold : float, optional
        What the number watched has to be better than at first.
    period : int
        Keras 2's: every how many epochs.

    Raises
    ------
    ValueError
        If ``filepath`` ends in no format of models.
    KeyError
        In ``fit``, if it holds a name that the logs have not.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = fusedrnn.callbacks.ModelCheckpoint(os.path.join(folder, "{epoch}.safetensors"))
    ...     history = model.fit(np.ones((8, 2)), np.ones(8), epochs=2, verbose=0, callbacks=[save])
    ...     print(sorted(os.listdir(folder)))
    ['1.safetensors', '2.safetensors']
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
        period: int = 1,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fsdecode(os.fspath(filepath))
        endings = (".keras", ".h5", ".hdf5", ".safetensors")
        if not save_weights_only and not self.filepath.endswith(endings):
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} must end in {' or '.join(endings)}"
            )
        if save_freq != "epoch":
            whole("ModelCheckpoint", "save_freq", save_freq)
        self.period = whole("ModelCheckpoint", "period", period)
        self.verbose, self.save_best_only = verbose, save_best_only
        self.save_weights_only, self.save_freq = save_weights_only, save_freq
        self.batches = self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: D102
        if self.save_freq != "epoch":
            self.batches += 1
            if self.batches >= self.save_freq:
                self.batches = 0
                self._save(self.epoch, {"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        if self.save_freq == "epoch" and (epoch + 1) % self.period == 0:
            self._save(epoch, logs or {})

    def _save(self, epoch: int, logs: Logs) -> None:
        try:
            path = self.filepath.format(**{**logs, "epoch": epoch + 1})
        except KeyError as error:
            raise KeyError(
                f"ModelCheckpoint: filepath {self.filepath!r} has {error}, there are "
                f"{', '.join(logs)}"
            ) from None
        start = f"\nEpoch {epoch + 1}: "
        if self.save_best_only and (current := self.value(logs)) is not None:
            best = "None" if self.best is None else f"{self.best:.5f}"
            if not self.better(current, self.best):
                self._say(f"{start}{self.monitor} did not improve from {best}\n")
                return
            self._say(
                f"{start}{self.monitor} improved from {best} to {current:.5f}, saving model "
                f"to {path}\n"
            )
            self.best = current
        else:
            self._say(f"{start}saving model to {path}\n")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
        self._say(f"{start}finished saving model to {path}\n")

    def _say(self, message: str) -> None:
        if self.verbose:
            write(message)


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by a factor after some epochs of no improvement.

    Parameters
    ----------
    monitor, verbose, mode
        As of :class:`EarlyStopping`.
    factor : float
        Less than 1.
    patience : int
        How many epochs in a row may be no better.
    min_delta : float
        What is less does not count as better.
    cooldown : int
        Epochs after a change in which none counts.
    min_lr : float
        Below which the rate does not go.

    Raises
    ------
    ValueError
        Of an argument out of its range; in ``fit``, if "auto" does not know.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile(fusedrnn.optimizers.SGD(0.5), "mse")
    >>> slower = fusedrnn.callbacks.ReduceLROnPlateau("loss", 0.5, patience=1, min_delta=1e9)
    >>> history = model.fit(np.ones((8, 2)), np.ones(8), epochs=3, verbose=0, callbacks=[slower])
    >>> float(model.optimizer.learning_rate)
    0.125
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        where = "ReduceLROnPlateau"
        if number(where, "factor", factor, 0) >= 1:
            raise ValueError(f"{where}: factor is {factor}, expected less than 1")
        self.factor, self.verbose = factor, verbose
        self.patience = whole(where, "patience", patience, 0)
        self.cooldown = whole(where, "cooldown", cooldown, 0)
        self.min_lr = number(where, "min_lr", min_lr, 0)
        self.on_train_begin()

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: D102
        self.best, self.wait, self.cooldown_counter = None, 0, 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: D102
        optimizer = self.model.optimizer
        if logs is not None:
            logs["learning_rate"] = float(optimizer.learning_rate)
        current = self.value(logs)
        if current is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.better(current, self.best):
            self.best, self.wait = current, 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            old = float(optimizer.learning_rate)
            if self.wait >= self.patience and old > np.float32(self.min_lr):
                new = max(old * self.factor, self.min_lr)
                optimizer.learning_rate = new
                if self.verbose:
                    write(
                        f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.\n"
                    )
                self.cooldown_counter, self.wait = self.cooldown, 0
