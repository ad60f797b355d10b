"""The outputs of a model: what each is compared by, its loss, and its metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import losses
from ._types import Array
from .checks import number
from .losses import Loss
from .losses.loss import merge
from .metrics import Mean, Metric, metric_of

LATER = (None, "crossentropy", "ce")  # which loss, the first batch tells


class Head:
    """One output: its loss with a factor, its metrics, and what they have gathered."""

    def __init__(
        self, name: str, loss: Any, weight: Any, metrics: list[Any], weighted_metrics: list[Any]
    ) -> None:
        self.name = name
        self.user_loss = loss
        self.loss: Loss | None = None if loss in LATER else losses.loss_of(loss)
        where = f"loss_weights of {name}" if name else "loss_weights"
        self.weight = 1.0 if weight is None else number("compile", where, weight)
        self.user_metrics = [
            [m if m in ("accuracy", "acc") else metric_of(m) for m in group]
            for group in (metrics, weighted_metrics)
        ]
        self.has_metrics = any(self.user_metrics)
        self.metrics: list[list[Metric]] | None = None  # from the first batch on
        self.tracker = Mean(f"{name}_loss")

    def loss_of(
        self, y: Array | None, y_pred: Array, weight: Array | None, mask: Array | None
    ) -> tuple[float, Array]:
        """Return the loss of a batch and its derivative, without the factor."""
        if y is None:
            raise ValueError("y is missing: training and evaluation need targets")
        if self.loss is None:
            if self.user_loss is None:
                raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
            kind = (
                "binary"
                if y_pred.shape[-1] == 1
                else "sparse_categorical"
                if y.ndim < y_pred.ndim or y.shape[-1] == 1
                else "categorical"
            )
            self.loss = losses.loss_of(f"{kind}_crossentropy")
        return self.loss.reduce(y, y_pred, weight, mask)

    def factored(self, value: float, gradient: Array) -> tuple[float, Array]:
        """Return a loss and its derivative times the factor."""
        if self.weight == 1.0:
            return value, gradient
        return value * self.weight, gradient * gradient.dtype.type(self.weight)

    def record(
        self, y: Array | None, y_pred: Array, weight: Array | None, mask: Array | None
    ) -> None:
        """Have the metrics take in a batch."""
        if not self.has_metrics:
            return
        if y is None:
            raise ValueError(f"y {self.name}: is missing: the metrics of this output need targets")
        if self.metrics is None:
            self.metrics = [[metric_of(m, y, y_pred) for m in group] for group in self.user_metrics]
        kept = None if mask is None else mask.astype(y_pred.dtype)
        for group, w in zip(self.metrics, (None, weight), strict=True):
            for m in group:
                m.update_state(y, y_pred, merge(w, kept if m.masked else None, y_pred.dtype, "sum"))

    def named(self, found: dict[str, Metric]) -> None:
        """Add the metrics by names that differ, which Keras makes so."""
        start = f"{self.name}_" if self.name else ""
        for prefix, group in zip(("", "weighted_"), self.metrics or (), strict=False):
            for m in group:
                name = start + (prefix + m.name if start + m.name in found else m.name)
                if name in found:
                    k = 1
                    while f"{name}_{k}" in found:
                        k += 1
                    name = f"{name}_{k}"
                found[name] = m


def heads(
    names: Sequence[str], loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any
) -> list[Head]:
    """Return a head for each output out of what ``compile`` got for all of them."""
    return [
        Head(name, *rest)
        for name, *rest in zip(
            names,
            _each("loss", loss, names),
            _each("loss_weights", loss_weights, names),
            _lists("metrics", metrics, names),
            _lists("weighted_metrics", weighted_metrics, names),
            strict=True,
        )
    ]


def _by_name(what: str, value: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    unknown = [key for key in value if key not in names]
    if unknown:
        raise ValueError(f"{what}: there is no output {unknown[0]!r}, they are {list(names)}")
    return [value.get(name) for name in names]


def _each(what: str, value: Any, names: Sequence[str]) -> list[Any]:
    """Return an entry for each output; one serves all."""
    if isinstance(value, Mapping) and "class_name" not in value:
        if len(names) > 1:
            return [_alone(each) for each in _by_name(what, value, names)]
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            outputs = "one output" if len(names) == 1 else f"{len(names)} outputs"
            raise ValueError(f"{what}: the model has {outputs}, got {len(value)} entries")
        return [_alone(each) for each in value]
    return [value] * len(names)


def _alone(value: Any) -> Any:
    """Return what a list has that has nothing else."""
    alone = isinstance(value, (list, tuple)) and len(value) == 1
    return _alone(value[0]) if alone else value


def _lists(what: str, value: Any, names: Sequence[str]) -> list[list[Any]]:
    """Return a list for each output."""
    if value is None:
        return [[] for _ in names]
    if len(names) > 1:
        if isinstance(value, Mapping):
            value = _by_name(what, value, names)
        if not isinstance(value, (list, tuple)) or len(value) != len(names):
            raise ValueError(
                f"{what} is {value!r}, expected an entry for each of the outputs {list(names)}"
            )
        return [
            list(each) if isinstance(each, (list, tuple)) else [] if each is None else [each]
            for each in value
        ]
    if isinstance(value, Mapping):
        value = _each(what, value, names)
    if isinstance(value, str) or callable(value):
        value = [value]  # as Keras 2 took it
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"{what} is {value!r}, expected a list")
    flat: list[Any] = []
    for each in value:
        flat += each if isinstance(each, (list, tuple)) else [each]
    return [flat]
