"""What ``compile`` sets, and what a model does with one batch: train, test, predict."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np

from . import _state, batches, losses, optimizers
from ._types import Array, Logs
from .checks import number
from .layers.layer import Buffer, Layer
from .losses import Loss
from .losses.loss import align
from .metrics import Mean, Metric
from .metrics import get as metric_of
from .optimizers import Optimizer


class Compiled(Layer):
    """A model with an optimizer, a loss and metrics, and what happens to one batch."""

    optimizer: Optimizer = None  # type: ignore[assignment]  # before ``compile``
    loss: Loss | None = None
    compiled = False
    output_mask: Array | None = None
    activity_loss = 0.0

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Set what training minimises, and how; the arguments are Keras's.

        Parameters
        ----------
        optimizer : str or Optimizer
            "sgd", "rmsprop", "adam", "adamw", "nadam", "adagrad", or an object of these classes.
        loss : str or Loss
            A name of ``fusedrnn.losses``, or an object.
        loss_weights : float, optional
            Factor of the loss.
        metrics, weighted_metrics : list, optional
            Names, objects or functions of (y_true, y_pred); the latter use the sample weights.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Accepted; there is nothing to compile.
        """
        self.optimizer = optimizers.get(optimizer)
        self._user_loss = _one("loss", loss)
        later = self._user_loss in (None, "crossentropy", "ce")  # which one, the first batch tells
        self.loss = None if later else losses.get(self._user_loss)
        weight = _one("loss_weights", loss_weights)
        self._loss_weight = 1.0 if weight is None else number("compile", "loss_weights", weight)
        self._user_metrics = [
            [m if m in ("accuracy", "acc") else metric_of(m) for m in _several(name, group)]
            for name, group in (("metrics", metrics), ("weighted_metrics", weighted_metrics))
        ]
        self._metrics: list[list[Metric]] | None = None
        self.loss_tracker = Mean("loss")
        self.compiled = True
        self._compile_config = {
            "optimizer": self.optimizer,
            "loss": self._user_loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": False,
        }

    # Numbers ------------------------------------------------------------------------------------

    @property
    def float_type(self) -> np.dtype[Any]:
        """The NumPy type of weights and outputs."""
        return np.dtype(self.dtype or _state.floatx())

    @property
    def input_type(self) -> np.dtype[Any] | None:
        """The type that inputs are converted to, None for indices."""
        return None if self.integer_input else self.float_type

    @property
    def fixed_batch_size(self) -> int | None:
        """The batch size that the model was built for, if it is fixed."""
        return self.batch_shape[0] if self.batch_shape else None

    @property
    def metrics(self) -> list[Metric]:
        """The loss and the compiled metrics; the latter exist from the first batch on."""
        return [self.loss_tracker, *(m for group in self._metrics or () for m in group)]

    @property
    def metrics_names(self) -> list[str]:
        """Names of what ``evaluate`` returns."""
        if self._metrics is None:
            return [
                "loss",
                *(
                    m if isinstance(m, str) else m.name
                    for group in self._user_metrics
                    for m in group
                ),
            ]
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Start the loss and the metrics anew."""
        for m in self.metrics:
            m.reset_state()

    def _logs(self) -> Logs:
        """Return loss and metrics so far, sorted by name as Keras does."""
        return dict(sorted((name, _plain(m.result())) for name, m in self._named_metrics()))

    def _named_metrics(self) -> list[tuple[str, Metric]]:
        """Return the metrics by names that differ, which Keras makes so."""
        found: dict[str, Metric] = {self.loss_tracker.name: self.loss_tracker}
        for prefix, group in zip(("", "weighted_"), self._metrics or (), strict=False):
            for m in group:
                name = prefix + m.name if m.name in found else m.name
                if name in found:
                    k = 1
                    while f"{name}_{k}" in found:
                        k += 1
                    name = f"{name}_{k}"
                found[name] = m
        return list(found.items())

    def _require(self, what: str) -> None:
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before calling `{what}()`.")

    def _prepare(self, x: Array) -> None:
        """Build the model for a batch, if that is still to be done, and check its shape."""
        if not self.built:
            self.build(x.shape)  # as Keras, which shows this batch's size in the summary
            if not any(getattr(layer, "stateful", False) for layer in self.layers):
                self.batch_shape = (None, *x.shape[1:])
        expected = tuple(self.input_shape or ())
        shape = x.shape
        if len(shape) == len(expected) - 1 and expected[-1] == 1:
            shape = (*shape, 1)
        elif len(shape) == len(expected) + 1 and shape[-1] == 1:
            shape = shape[:-1]
        if len(shape) != len(expected) or any(
            e not in (None, n) for n, e in zip(shape[1:], expected[1:], strict=True)
        ):
            raise ValueError(f"{self.name}: x has shape {x.shape}, expected {expected}")

    def _record(
        self, loss: float, x: Array, y: Array | None, y_pred: Array, weight: Array | None
    ) -> None:
        tracker = self.loss_tracker
        tracker.total += loss * len(x)
        tracker.count += len(x)
        if not any(self._user_metrics) or y is None:
            return
        if self._metrics is None:
            self._metrics = [
                [metric_of(m, y, y_pred) for m in group] for group in self._user_metrics
            ]
        mask = self.output_mask
        if mask is not None:
            mask = mask.astype(y_pred.dtype)
            weight = mask if weight is None else align(weight, mask).reshape(len(mask), -1) * mask
        for m in self._metrics[0]:
            m.update_state(y, y_pred, mask)
        for m in self._metrics[1]:
            m.update_state(y, y_pred, weight)

    def _loss_of(self, y: Array | None, y_pred: Array, weight: Array | None) -> tuple[float, Array]:
        if y is None:
            raise ValueError("y is missing: training and evaluation need targets")
        if self.loss is None:
            if self._user_loss is None:
                raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
            kind = (
                "binary"
                if y_pred.shape[-1] == 1
                else "sparse_categorical"
                if y.ndim < y_pred.ndim or y.shape[-1] == 1
                else "categorical"
            )
            self.loss = losses.get(f"{kind}_crossentropy")
        value, gradient = self.loss.reduce(y, y_pred, weight, self.output_mask)
        if self._loss_weight != 1.0:
            value, gradient = (
                value * self._loss_weight,
                gradient * y_pred.dtype.type(self._loss_weight),
            )
        return value, gradient

    def _penalties(self, buffer: Buffer, gradients: bool) -> float:
        """Return the weights' penalties; with ``gradients``, add their derivatives."""
        total = 0.0
        for v in buffer.variables:
            if v.regularizer is not None and v.trainable:
                total += v.regularizer(v.value)
                if gradients:
                    v.grad += v.regularizer.gradient(v.value)
        return total

    # One batch ----------------------------------------------------------------------------------

    def _train(self, buffer: Buffer, x: Array, y: Array | None, weight: Array | None) -> None:
        with self.step():
            if not buffer.is_whole():  # a layer has been used outside the model
                buffer = self._pack()
                self.optimizer.build(buffer)
            y_pred = self.forward(x, True, None)
            loss, gradient = self._loss_of(y, y_pred, weight)
            self.backward(gradient, False)
            if self._regularized:
                loss += self._penalties(buffer, True)
            loss += self.activity_loss
            self.optimizer.apply(buffer)
            if self._constrained:
                for v in buffer.variables:
                    if v.constraint is not None and v.trainable:
                        v.value[...] = v.constraint(v.value)
            self._record(loss, x, y, y_pred, weight)

    def _test(self, buffer: Buffer, x: Array, y: Array | None, weight: Array | None) -> None:
        with self.step():
            y_pred = self.forward(x, False, None)
            loss, _ = self._loss_of(y, y_pred, weight)
            if self._regularized:
                loss += self._penalties(buffer, False)
            self._record(loss + self.activity_loss, x, y, y_pred, weight)

    def _predict(self, x: Array, weights: str | None = None) -> Array:
        with self.step():
            before = _state.inference_weights.set(weights)
            try:
                y: Array = self.forward(x, False, None)
            finally:
                _state.inference_weights.reset(before)
        return y

    def _pack(self) -> Buffer:
        buffer = self.pack()
        self._regularized = any(v.regularizer is not None for v in buffer.variables)
        self._constrained = any(v.constraint is not None for v in buffer.variables)
        return buffer

    def _batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> batches.Batch:
        x = batches.as_array("x", x, self.input_type)
        if not len(x):
            raise ValueError("x has no rows")
        y = None if y is None else batches.as_array("y", y, self.float_type)
        self._prepare(x)
        return x, y, batches.weights(y, sample_weight, class_weight, self.float_type)

    def _result(self, return_dict: bool) -> float | list[float] | Logs:
        if return_dict:
            return self._logs()
        values = [_plain(m.result()) for m in self.metrics]
        return values[0] if len(values) == 1 else values

    @overload
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        *,
        return_dict: Literal[True],
    ) -> Logs: ...
    @overload
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: Literal[False] = False,
    ) -> float | list[float]: ...
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> float | list[float] | Logs:
        """Take one training step; return the loss and the metrics of the batch."""
        self._require("train_on_batch")
        self.reset_metrics()
        batch = self._batch(x, y, sample_weight, class_weight)
        buffer = self._pack()
        self.optimizer.build(buffer)
        self._train(buffer, *batch)
        return self._result(return_dict)

    @overload
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, *, return_dict: Literal[True]
    ) -> Logs: ...
    @overload
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: Literal[False] = False
    ) -> float | list[float]: ...
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> float | list[float] | Logs:
        """Return the loss and the metrics of one batch."""
        self._require("test_on_batch")
        self.reset_metrics()
        batch = self._batch(x, y, sample_weight)
        self._test(self._pack(), *batch)
        return self._result(return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """Return the outputs for one batch."""
        with self.step():
            x = self._batch(x, None)[0]
            self.pack()
            return self._predict(x)


def _plain(result: Any) -> Any:
    return float(result) if isinstance(result, float) else result


def _one(name: str, value: Any) -> Any:
    """Return the one entry of what may be a list or dict for several outputs."""
    if isinstance(value, dict) and "class_name" not in value:
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise ValueError(f"{name}: a Sequential model has one output, got {len(value)} entries")
        return value[0]
    return value


def _several(name: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, dict):
        value = [_one(name, value)]
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{name} is {value!r}, expected a list")
    flat: list[Any] = []
    for v in value:
        flat += v if isinstance(v, (list, tuple)) else [v]
    return flat
