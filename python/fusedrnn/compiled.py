"""What ``compile`` sets, and what a model does with one batch: train, test, predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from . import _state, batches, optimizers
from ._types import Array, Logs
from .graph import Slot
from .heads import Head, Term, heads, terms
from .layers.layer import Buffer, Layer
from .losses import Loss
from .metrics import Mean, Metric
from .optimizers import Optimizer


class Compiled(Layer):
    """A model with an optimizer, a loss and metrics, and what happens to one batch."""

    optimizer: Optimizer = None  # type: ignore[assignment]  # before ``compile``
    compiled = False
    output_mask: Any = None  # of one output, or a list
    # By which a dict names what is given; empty where there is one
    _input_names: Sequence[str] = ("",)
    _head_names: Sequence[str] = ("",)
    _heads: Sequence[Head] = ()
    _terms: Sequence[Term] = ()
    _several = False  # whether there are several outputs

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
            A name of ``fusedrnn.optimizers`` in lower case, or an object.
        loss : str, Loss or callable
            A name of ``fusedrnn.losses``, an object, or a function of (y_true, y_pred) written with
            NumPy; of several outputs a list, or a dict by the outputs' names, in which an entry may
            be a list of losses, too; of outputs in lists and dicts, the same with losses in it.
        loss_weights : float, optional
            Factor of the loss, or a list or dict of them.
        metrics, weighted_metrics : list, optional
            Names, objects or functions of (y_true, y_pred); the latter use the sample weights. Of
            several outputs a list of lists, or a dict of lists.
        run_eagerly, steps_per_execution, jit_compile, auto_scale_loss
            Accepted; there is nothing to compile.

        Raises
        ------
        ValueError
            Of a name that is not known.
        TypeError
            Of what cannot be an optimizer, a loss or a metric.

        Examples
        --------
        >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
        >>> model.compile(fusedrnn.optimizers.Adam(0.01), "mse", metrics=["mae"])
        >>> model.evaluate(np.zeros((8, 3)), np.ones((8, 1)), verbose=0)
        [1.0, 1.0]
        """
        self.optimizer = optimizers.get(optimizer)
        self.loss_tracker = Mean("loss")
        self.compiled = False  # until all that is said has been understood
        self._compile_config = {
            "optimizer": self.optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": False,
        }
        self._make_heads()
        self.compiled = True

    @property
    def _output_form(self) -> Any:
        """The form in which the model gives its outputs, with a Slot for each."""
        return Slot(0)

    def _make_heads(self) -> None:
        """Give each output what ``compile`` said of it."""
        given = ("loss", "loss_weights", "metrics", "weighted_metrics")
        loss, loss_weights, *metrics = (self._compile_config[name] for name in given)
        form = self._output_form
        self._terms = terms(self._head_names, form, loss, loss_weights)
        self._heads = heads(self._head_names, form, *metrics)
        self._several = len(self._heads) > 1
        if not self._several:
            self._compile_config["loss"] = self._terms[0].user_loss

    @property
    def loss(self) -> Any:
        """The loss; of several outputs a list."""
        found: list[Loss | None] = [
            next((term.loss for term in self._terms if term.outputs == Slot(k)), None)
            for k in range(len(self._heads))
        ]
        return found if len(found) > 1 else found[0] if found else None

    # Numbers ------------------------------------------------------------------------------------

    @property
    def float_type(self) -> np.dtype[Any]:
        """The NumPy type of weights and outputs."""
        return np.dtype(self.dtype or _state.floatx())

    @property
    def input_type(self) -> Any:
        """The type that inputs are converted to, None for indices, ``str`` for texts."""
        return str if self.text_input else None if self.integer_input else self.float_type

    @property
    def input_types(self) -> list[Any]:
        """The type of each input."""
        return [self.input_type]

    @property
    def fixed_batch_size(self) -> int | None:
        """The batch size that the model was built for, if it is fixed."""
        return self.batch_shape[0] if self.batch_shape else None

    @property
    def metrics(self) -> list[Metric]:
        """The loss and the compiled metrics; the latter exist from the first batch on."""
        return [
            self.loss_tracker,
            *(term.tracker for term in self._tracked()),
            *(m for head in self._heads for group in head.metrics or () for m in group),
        ]

    @property
    def metrics_names(self) -> list[str]:
        """Names of what ``evaluate`` returns."""
        if any(head.metrics is None for head in self._heads):
            return [
                "loss",
                *(
                    m if isinstance(m, str) else m.name
                    for head in self._heads
                    for group in head.user_metrics
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
        return dict(
            sorted((name, _plain(m.result(), self.float_type)) for name, m in self._named_metrics())
        )

    def _named_metrics(self) -> list[tuple[str, Metric]]:
        """Return the metrics by names that differ, which Keras makes so."""
        found: dict[str, Metric] = {self.loss_tracker.name: self.loss_tracker}
        for term in self._tracked():
            found[term.tracker.name] = term.tracker
        for head in self._heads:
            head.named(found)
        return list(found.items())

    def _tracked(self) -> Sequence[Term]:
        """Return the losses that are shown beside their sum, where there are several."""
        return self._terms if len(self._terms) > 1 else ()

    def _require(self, what: str) -> None:
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before calling `{what}()`.")

    def _entries(self, x: Any) -> Any:
        """Return what the user gives as input: an array, or a list of several."""
        return batches.several("x", x, self._input_names, self.input_types)

    def _targets(self, y: Any) -> Any:
        """Return targets, or their weights, in the order of the outputs."""
        return y

    def _prepare(self, x: Array) -> None:
        """Build the model for a batch, if that is still to be done, and check its shape."""
        if not self.built:
            self.build(x.shape)  # as Keras, which shows this batch's size in the summary
            if not any(getattr(layer, "stateful", False) for layer in self.layers):
                self.batch_shape = (None, *x.shape[1:])
        expected = tuple(self.input_shape or ())
        shape = x.shape
        if shape[1:] == expected[1:] and len(shape) == len(expected):
            return
        if len(shape) == len(expected) - 1 and expected[-1] == 1:
            shape = (*shape, 1)
        elif len(shape) == len(expected) + 1 and shape[-1] == 1:
            shape = shape[:-1]
        if len(shape) != len(expected) or not (
            all(e in (None, n) for n, e in zip(shape[1:], expected[1:], strict=True))
            or self.fits(shape)
        ):
            raise ValueError(f"{self.name}: x has shape {x.shape}, expected {expected}")

    def _record(self, loss: float, x: Any, y: Any, y_pred: Any, weight: Any) -> None:
        """Have loss and metrics take in a batch."""
        rows = batches.rows_of(x)
        self.loss_tracker.total += loss * rows
        self.loss_tracker.count += rows
        if not self._several:
            self._heads[0].record(y, y_pred, weight, self.output_mask)
            return
        none = [None] * len(self._heads)
        every = zip(y or none, y_pred, weight or none, self.output_mask, strict=True)
        for head, each in zip(self._heads, every, strict=True):
            head.record(*each)

    def _loss_of(self, y: Any, y_pred: Any, weight: Any) -> tuple[float, Any]:
        """Return the loss and its derivative, of several outputs a list of them."""
        if not self._several:
            term = self._terms[0]
            return term.factored(*term.loss_of(y, y_pred, weight, self.output_mask))
        if not self._terms:
            raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
        total = 0.0
        gradients: list[Any] = [None] * len(self._heads)  # None where an output does not count
        rows = len(y_pred[0])
        for term in self._terms:
            value, parts = term.of_several(y, y_pred, weight, self.output_mask)
            term.tracker.total += value * rows
            term.tracker.count += rows
            total += value * term.weight
            for k, gradient in parts:
                gradient = term.factored(value, gradient)[1]
                gradients[k] = gradient if gradients[k] is None else gradients[k] + gradient
        return total, gradients

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

    def _train(self, buffer: Buffer, x: Any, y: Any, weight: Any) -> None:
        with self.step():
            if not buffer.current:  # a layer has been used outside the model
                buffer = self._pack()
                self.optimizer.build_for(buffer)
            y_pred = self.forward(x, True, None)
            loss, gradient = self._loss_of(y, y_pred, weight)
            self.backward(gradient, False)
            if self._regularized:
                loss += self._penalties(buffer, True)
            loss += self.activity_loss
            self.optimizer.step_over(buffer)
            if self._constrained:
                for v in buffer.variables:
                    if v.constraint is not None and v.trainable:
                        v.value[...] = v.constraint(v.value)
            self._record(loss, x, y, y_pred, weight)

    def _test(self, buffer: Buffer, x: Any, y: Any, weight: Any) -> None:
        with self.step():
            y_pred = self.forward(x, False, None)
            loss, _ = self._loss_of(y, y_pred, weight)
            if self._regularized:
                loss += self._penalties(buffer, False)
            self._record(loss + self.activity_loss, x, y, y_pred, weight)

    def _predict(self, x: Any, weights: str | None = None) -> Any:
        with self.step():
            if weights is _state.inference_weights.get():
                return self.forward(x, False, None)
            before = _state.inference_weights.set(weights)
            try:
                return self.forward(x, False, None)
            finally:
                _state.inference_weights.reset(before)

    def _ready(self) -> None:
        """Have the weights in one buffer, of one type, before they are used to predict."""
        self.pack()

    def _pack(self) -> Buffer:
        buffer = self.pack()
        self._regularized = any(v.regularizer is not None for v in buffer.variables)
        self._constrained = any(v.constraint is not None for v in buffer.variables)
        return buffer

    def _batch(
        self, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None
    ) -> batches.Batch:
        x, y, weight = batches.entries(self, x, y, sample_weight, class_weight)
        if not batches.rows_of(x):
            raise ValueError("x has no rows")
        self._prepare(x)
        return x, y, weight

    def _result(self, return_dict: bool) -> float | list[float] | Logs:
        if return_dict:
            return self._logs()
        if not self._several:
            values = [_plain(m.result(), self.float_type) for m in self.metrics]
            return values[0] if len(values) == 1 else values
        logs = self._logs()  # the losses in order, then all others by name, as Keras
        first = list(dict.fromkeys(["loss", *(term.tracker.name for term in self._tracked())]))
        values = [logs[name] for name in (*first, *(name for name in logs if name not in first))]
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
        """Take one training step; return the loss and the metrics of the batch.

        Parameters
        ----------
        x, y, sample_weight, class_weight
            The batch, as of ``fit``.
        return_dict : bool
            Whether to return a dict by name.

        Returns
        -------
        float, list of float or dict
            As of ``evaluate``, from before the step.

        Raises
        ------
        ValueError
            If arrays do not fit the model, or it is not compiled.

        Examples
        --------
        >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> model.train_on_batch(np.ones((2, 3)), np.ones((2, 1)))
        1.0
        """
        self._require("train_on_batch")
        self.reset_metrics()
        batch = self._batch(x, y, sample_weight, class_weight)
        buffer = self._pack()
        self.optimizer.build_for(buffer)
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
        """Return the loss and the metrics of one batch.

        Parameters
        ----------
        x, y, sample_weight
            The batch, as of ``evaluate``.
        return_dict : bool
            Whether to return a dict by name.

        Returns
        -------
        float, list of float or dict
            As of ``evaluate``.
        """
        self._require("test_on_batch")
        self.reset_metrics()
        batch = self._batch(x, y, sample_weight)
        self._test(self._pack(), *batch)
        return self._result(return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the outputs for one batch, whatever its size.

        Parameters
        ----------
        x
            As of ``predict``.

        Returns
        -------
        array, or list or dict of them
            As of ``predict``.
        """
        with self.step():
            x = self._batch(x, None)[0]
            self._ready()
            return self._structured(self._predict(x))

    def _structured(self, outputs: Any) -> Any:
        """Return outputs in the structure in which the user named them."""
        return outputs


def _plain(result: Any, dtype: Any) -> Any:
    """Return a metric's result as Keras: a float of the model's precision, or an array of it."""
    return np.asarray(result, dtype) if np.ndim(result) else float(dtype.type(result))
