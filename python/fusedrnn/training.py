"""fit, evaluate, predict: loops over the batches of whole data sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, overload

import numpy as np

from . import batches, legacy
from ._types import Logs
from .callbacks import CallbackList, History, ProgbarLogger
from .checks import number, whole
from .compiled import Compiled


class Trainer(legacy.OldMethods, Compiled):
    """A model that trains; ``Sequential`` adds the layers."""

    stop_training = False
    _initial_epoch: int | None = None  # where a callback has the next `fit` begin
    history: History = None  # type: ignore[assignment]  # before ``fit``

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        **kwargs: Any,
    ) -> History:
        """Train for ``epochs - initial_epoch`` epochs; the arguments are Keras's.

        Parameters
        ----------
        x, y : array_like, pandas object, generator or Sequence
            Inputs (N, ...) and targets (N, ...); a generator or Sequence gives tuples (x, y) or
            (x, y, weight). Of several inputs or outputs lists, or dicts by name.
        batch_size : int, optional
            Rows of a step; 32 if not given.
        epochs : int
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            1, which "auto" means, a progress bar; 2 one line an epoch.
        callbacks : list of Callback, optional
        validation_split : float
            The last share of the rows is held out.
        validation_data : tuple or dataset, optional
            (x, y) or (x, y, weight) to evaluate after every epoch.
        shuffle : bool
            Whether the rows come in a new order every epoch.
        class_weight : dict, optional
            Weight of each class number.
        sample_weight : array_like, optional
            Weight of each row, or of each step of each row.
        initial_epoch : int
            How many epochs are behind, for callbacks and logs.
        steps_per_epoch, validation_steps : int, optional
            Batches of an epoch; needed by a generator that does not end.
        validation_batch_size : int, optional
            By default ``batch_size``.
        validation_freq : int or list of int
            Every how many epochs, or in which epochs, to validate.
        **kwargs
            ``workers``, ``use_multiprocessing`` and ``max_queue_size`` of Keras 2: accepted, there
            is no queue to fill.

        Returns
        -------
        History
            ``history.history`` has the loss and the metrics of every epoch. After Ctrl-C
            ``model.history`` has those of the finished epochs, and the model is good to use.

        Raises
        ------
        ValueError
            If arrays do not fit one another or the model, an argument is out of its range, or the
            model is not compiled.

        Examples
        --------
        >>> model = fusedrnn.Sequential([fusedrnn.layers.GRU(4), fusedrnn.layers.Dense(1)])
        >>> model.compile("adam", "mse", metrics=["mae"])
        >>> x, y = np.random.rand(64, 10, 3), np.random.rand(64)
        >>> history = model.fit(x, y, epochs=2, validation_split=0.25, verbose=0)
        >>> list(history.history)
        ['loss', 'mae', 'val_loss', 'val_mae']
        """
        self._require("fit")
        epochs = legacy.argument("fit.epochs", epochs, kwargs)
        legacy.refuse_unknown("fit", kwargs)
        whole("fit", "epochs", epochs, 0)
        whole("fit", "initial_epoch", initial_epoch, 0)
        batches.check_counts(
            "fit",
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            validation_batch_size=validation_batch_size,
            validation_steps=validation_steps,
        )
        if isinstance(validation_freq, Iterable):
            validation_freq = list(validation_freq)
        else:
            whole("fit", "validation_freq", validation_freq)
        number("fit", "validation_split", validation_split, 0, 1)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = batches.split_validation(
                x, y, sample_weight, validation_split
            )
        data = batches.make(
            self,
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            shuffle=shuffle,
            steps=steps_per_epoch,
            class_weight=class_weight,
        )
        validation = self._validation(
            validation_data, validation_batch_size or batch_size, validation_steps
        )
        every, history = self._callbacks(callbacks, verbose, epochs, data.steps)
        self.history, self.stop_training = history, False
        every.on_train_begin({})
        initial_epoch, self._initial_epoch = self._initial_epoch or initial_epoch, None
        try:
            logs = self._epochs(
                range(initial_epoch, epochs), data, validation, validation_freq, every
            )
        except KeyboardInterrupt:
            if _verbosity(verbose) == 1:
                print()  # leave the progress line
            raise
        self.optimizer.finalize_variable_values(self.trainable_weights)
        every.on_train_end(logs)
        return history

    def _validation(
        self, data: Any, batch_size: int | None, steps: int | None
    ) -> batches.Batches | None:
        """Return the batches of what ``fit`` got as ``validation_data``."""
        if data is None:
            return None
        x, y, weight = data, None, None
        if isinstance(data, (tuple, list)):
            if len(data) not in (2, 3):
                raise ValueError(
                    f"fit: validation_data has {len(data)} entries, expected (x, y) "
                    "or (x, y, sample_weight)"
                )
            x, y, weight = (*data, None)[:3]
        return batches.make(self, x, y, weight, batch_size=batch_size, steps=steps)

    def _callbacks(
        self, callbacks: Any, verbose: Any, epochs: int, steps: int | None
    ) -> tuple[CallbackList, History]:
        """Return the user's callbacks, then our own two, whose parameters are theirs alone."""
        params = {"verbose": _verbosity(verbose), "epochs": epochs, "steps": steps}
        every, history = CallbackList(callbacks, self, **params), History()
        for own in (history, ProgbarLogger()):
            own.set_params(dict(params))
            own.set_model(self)
            every.callbacks.append(own)
        return every, history

    def _epochs(
        self,
        epochs: range,
        data: batches.Batches,
        validation: batches.Batches | None,
        validation_freq: int | Sequence[int],
        every: CallbackList,
    ) -> Logs:
        """Train and validate epoch after epoch; return the logs of the last one."""
        logs: Logs = {}
        for epoch in epochs:
            self.reset_metrics()
            every.on_epoch_begin(epoch, {})
            if not self._epoch(data, every):
                if epoch > epochs.start:  # a generator that has ended
                    batches.ran_out("none was left", stacklevel=4)
                    break
                raise ValueError("the data gave no batch")
            logs = self._logs()
            if validation is not None and _due(epoch + 1, validation_freq):
                logs |= {f"val_{k}": v for k, v in self._evaluate(validation, every).items()}
            every.on_epoch_end(epoch, logs)
            if self.stop_training:
                break
        return logs

    def _epoch(self, data: batches.Batches, every: CallbackList) -> bool:
        """Train on all batches of an epoch; return whether there was one."""
        begin = every.batch_hooks("on_train_batch_begin")
        end = every.batch_hooks("on_train_batch_end")
        progress, buffer = _progress(every), None
        shown = progress.bar.verbose
        for step, batch in enumerate(data):
            if buffer is None:
                with self.step():
                    self._prepare(batch[0])
                    buffer = self._pack()
                    self.optimizer.build_for(buffer)
            for hook in begin:
                hook(step, {})
            self._train(buffer, *batch)
            for hook in end:
                hook(step, self._logs())
            if shown:
                progress.batch(step + 1, self._logs)
            if self.stop_training:
                break
        return buffer is not None

    def _evaluate(self, data: batches.Batches, every: CallbackList) -> Logs:
        begin = every.batch_hooks("on_test_batch_begin")
        end = every.batch_hooks("on_test_batch_end")
        progress = _progress(every)
        self.reset_metrics()
        data.rewind()
        every.on_test_begin({})
        buffer = None
        for step, batch in enumerate(data):
            if buffer is None:
                with self.step():
                    self._prepare(batch[0])
                    buffer = self._pack()
            for hook in begin:
                hook(step, {})
            self._test(buffer, *batch)
            for hook in end:
                hook(step, self._logs())
            if not progress.in_fit:
                progress.batch(step + 1, self._logs)
        if buffer is None:
            raise ValueError("the data for evaluation gave no batch")
        logs = self._logs()
        every.on_test_end(logs)
        return logs

    def _watch(self, callbacks: Any, verbose: Any, steps: int | None) -> CallbackList:
        given = CallbackList(callbacks).callbacks
        return CallbackList(
            [*given, ProgbarLogger()], self, verbose=_verbosity(verbose), epochs=1, steps=steps
        )

    @overload
    def evaluate(
        self, x: Any = None, y: Any = None, *, return_dict: Literal[True], **kwargs: Any
    ) -> Logs: ...
    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: Literal[False] = False,
        **kwargs: Any,
    ) -> float | list[float]: ...
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> float | list[float] | Logs:
        """Return the loss and the metrics over a data set.

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As of ``fit``.
        steps : int, optional
            Batches to take; needed by a generator that does not end.
        return_dict : bool
            Whether to return a dict by name.
        **kwargs
            As of ``fit``.

        Returns
        -------
        float, list of float or dict
            The loss; with metrics a list, the loss first, in the order of ``metrics_names``.

        Raises
        ------
        ValueError
            As of ``fit``.

        Examples
        --------
        >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(loss="mse", metrics=["mae"])
        >>> model.evaluate(np.ones((4, 3)), np.full((4, 1), 2), verbose=0, return_dict=True)
        {'loss': 4.0, 'mae': 2.0}
        """
        self._require("evaluate")
        legacy.refuse_unknown("evaluate", kwargs)
        batches.check_counts("evaluate", batch_size=batch_size, steps=steps)
        data = batches.make(self, x, y, sample_weight, batch_size=batch_size, steps=steps)
        self._evaluate(data, self._watch(callbacks, verbose, data.steps))
        return self._result(return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        weights: Literal["bfloat16"] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the outputs for all rows.

        Parameters
        ----------
        x, batch_size, verbose, steps, callbacks
            As of ``evaluate``.
        weights : {"bfloat16"}, optional
            Which Keras does not have: the fused recurrent layers of a model in float32 run on
            kernels and recurrent kernels rounded to bfloat16; see :mod:`fusedrnn.functional` for
            the speed and the error. The model's own weights stay as they are.
        **kwargs
            As of ``fit``.

        Returns
        -------
        array, or list or dict of them
            The output (N, ...), in the model's float type; of several outputs all of them, in the
            form in which the model was given them.

        Raises
        ------
        ValueError
            If the arrays do not fit the model, or ``weights`` does not.

        Examples
        --------
        >>> model = fusedrnn.Sequential([fusedrnn.layers.LSTM(8), fusedrnn.layers.Dense(1)])
        >>> y = model.predict(np.zeros((100, 10, 3)), verbose=0)
        >>> y.shape, y.dtype
        ((100, 1), dtype('float32'))
        """
        legacy.refuse_unknown("predict", kwargs)
        if weights not in (None, "bfloat16"):
            raise ValueError(f"predict: weights is {weights!r}, expected 'bfloat16' or None")
        if weights and self.float_type != np.float32:
            raise ValueError(
                f"predict: weights={weights!r} needs a model in float32, this one is in "
                f"{self.float_type}"
            )
        batches.check_counts("predict", batch_size=batch_size, steps=steps)
        data = batches.make(self, x, batch_size=batch_size, steps=steps)
        every = self._watch(callbacks, verbose, data.steps)
        begin = every.batch_hooks("on_predict_batch_begin")
        end = every.batch_hooks("on_predict_batch_end")
        progress = _progress(every)
        outputs: list[Any] = []
        every.on_predict_begin({})
        for step, (batch, _, _) in enumerate(data):
            if not outputs:
                with self.step():
                    self._prepare(batch)
                    self.pack()
            for hook in begin:
                hook(step, {})
            outputs.append(self._predict(batch, weights))
            for hook in end:
                hook(step, {"outputs": outputs[-1]})
            progress.batch(step + 1, dict)
        if not outputs:
            raise ValueError("x gave no batch")
        every.on_predict_end({})
        if isinstance(outputs[0], list):
            return self._structured([np.concatenate(each) for each in zip(*outputs, strict=True)])
        return self._structured(np.concatenate(outputs) if len(outputs) > 1 else outputs[0])


def _verbosity(verbose: Any) -> int:
    if verbose not in ("auto", 0, 1, 2, True, False):
        raise ValueError(f"verbose is {verbose!r}, expected 'auto', 0, 1 or 2")
    return 1 if verbose == "auto" else int(verbose)


def _progress(every: CallbackList) -> ProgbarLogger:
    """Return the progress lines among the callbacks."""
    return next(c for c in every.callbacks if isinstance(c, ProgbarLogger))


def _due(epoch: int, frequency: int | Sequence[int]) -> bool:
    return epoch % frequency == 0 if isinstance(frequency, int) else epoch in frequency
