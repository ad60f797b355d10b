"""The base of the callbacks, and several of them as one."""

from __future__ import annotations

from collections.abc import Callable as Function
from typing import Any

HOOKS = (
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_begin",
    "on_test_end",
    "on_test_batch_begin",
    "on_test_batch_end",
    "on_predict_begin",
    "on_predict_end",
    "on_predict_batch_begin",
    "on_predict_batch_end",
)


class Callback:
    """Base class with all hooks; ``model`` and ``params`` are set before the first one.

    A hook does nothing unless a subclass defines it. ``logs`` is a dict of the loss and the metrics
    so far, ``batch`` and ``epoch`` count from 0.

    Examples
    --------
    >>> class Losses(fusedrnn.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs))
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(np.zeros((4, 2)), np.zeros(4), verbose=0, callbacks=[Losses()])
    0 ['loss']
    """

    model: Any = None
    params: Any = None

    def set_model(self, model: Any) -> None:
        """Take the model.

        Parameters
        ----------
        model : Model
        """
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Take ``verbose``, ``epochs`` and ``steps``.

        Parameters
        ----------
        params : dict
        """
        self.params = params

    def on_train_begin(self, logs: Any = None) -> None:
        """Run before training."""

    def on_train_end(self, logs: Any = None) -> None:
        """Run after training."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Run before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Run after an epoch."""

    def on_test_begin(self, logs: Any = None) -> None:
        """Run before evaluation."""

    def on_test_end(self, logs: Any = None) -> None:
        """Run after evaluation."""

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Run before an evaluation batch."""

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        """Run after an evaluation batch."""

    def on_predict_begin(self, logs: Any = None) -> None:
        """Run before prediction."""

    def on_predict_end(self, logs: Any = None) -> None:
        """Run after prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Run before a prediction batch."""

    def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
        """Run after a prediction batch."""

    def on_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Run before a training batch (the old name)."""

    def on_batch_end(self, batch: int, logs: Any = None) -> None:
        """Run after a training batch (the old name)."""

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Run before a training batch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Run after a training batch."""
        self.on_batch_end(batch, logs)


class CallbackList:
    """Several callbacks as one: ``callbacks.on_epoch_end(...)`` calls them all.

    Parameters
    ----------
    callbacks : Callback or list of them, optional
    model : Model, optional
        What each gets by ``set_model``.
    **params
        What each gets by ``set_params``.

    Raises
    ------
    TypeError
        If one of them is no callback.

    Examples
    --------
    >>> shown = fusedrnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))
    >>> fusedrnn.callbacks.CallbackList([shown]).on_epoch_end(0, {"loss": 1.0})
    {'loss': 1.0}
    """

    def __init__(self, callbacks: Any = None, model: Any = None, **params: Any) -> None:
        given = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks]
        given = [] if callbacks is None else given
        for c in given:
            if isinstance(c, type) or not hasattr(c, "on_train_begin"):
                raise TypeError(f"callbacks: {c!r} is not a fusedrnn.callbacks.Callback")
        self.callbacks: list[Any] = given
        for c in given:
            c.set_params(params)
            c.set_model(model)

    def __getattr__(self, hook: str) -> Function[..., None]:
        if hook not in HOOKS:
            raise AttributeError(hook)

        def call(*args: Any, **kwargs: Any) -> None:
            for c in self.callbacks:
                getattr(c, hook)(*args, **kwargs)

        return call

    def batch_hooks(self, hook: str) -> list[Function[..., None]]:
        """Return the bound hooks that do something, so that a batch costs nothing else."""
        found = []
        for c in self.callbacks:
            method = getattr(c, hook)
            nothing = [getattr(Callback, hook)]
            if hook.startswith("on_train_batch"):
                old = hook.replace("train_", "")
                if getattr(getattr(c, old), "__func__", None) is not getattr(Callback, old):
                    nothing = []
            if getattr(method, "__func__", method) not in nothing:
                found.append(method)
        return found
