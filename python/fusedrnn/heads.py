"""The outputs of a model: what each is compared by, its loss, and its metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import losses
from ._types import Array
from .autodiff import Tracked, differentiate
from .checks import number
from .graph import Leaf, Slot, filled, form_of, is_flat, leaves, taken
from .losses import Loss
from .losses.loss import merge, same_rank
from .metrics import Mean, Metric, metric_of

LATER = (None, "crossentropy", "ce")  # which loss, the first batch tells


class Term:
    """A loss with a factor: of an output (a Slot), or of several in the form that they have."""

    def __init__(self, name: str, outputs: Any, loss: Any, weight: Any) -> None:
        self.outputs, self.user_loss = outputs, loss
        self.loss: Loss | None = None if loss in LATER else losses.loss_of(loss)
        where = f"loss_weights of {name}" if name else "loss_weights"
        self.weight = 1.0 if weight is None else number("compile", where, weight)
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

    def of_several(self, y: Any, y_pred: Any, weight: Any, masks: Any) -> tuple[float, Any]:
        """Return the same of several outputs, the derivatives as pairs of number and array.

        The loss gets targets and outputs in the form of the outputs.
        """
        if isinstance(self.outputs, Slot):
            k = self.outputs.number
            y_k, weight_k = (None if part is None else part[k] for part in (y, weight))
            value, gradient = self.loss_of(y_k, y_pred[k], weight_k, masks[k])
            return value, [(k, gradient)]
        numbers = [slot.number for slot in leaves(self.outputs, Slot)]
        if y is None or any(y[k] is None for k in numbers):
            raise ValueError("y is missing: training and evaluation need targets")
        if weight and any(weight[k] is not None for k in numbers):
            raise ValueError("sample_weight: a loss of several outputs takes no weights")
        loss: Any = self.loss
        tracked = {k: Tracked(y_pred[k]) for k in numbers}
        pairs = {k: same_rank(y[k], tracked[k]) for k in numbers}
        whole = [pairs.get(k, (None, None)) for k in range(len(y_pred))]
        parts = [filled(self.outputs, side) for side in zip(*whole, strict=True)]
        found = differentiate(getattr(loss, "fn", loss.call), f"loss {loss.name}", *parts)
        scale = 1.0 if loss.reduction == "sum" or not found.ndim else 1 / max(found.value.size, 1)
        seed = np.full(found.shape, scale, found.dtype)
        gradients = found.gradients([tracked[k] for k in numbers], seed)
        value = float(np.add.reduce(found.value, None, np.float64)) * scale
        return value, list(zip(numbers, gradients, strict=True))

    def factored(self, value: float, gradient: Array) -> tuple[float, Array]:
        """Return a loss and its derivative times the factor."""
        if self.weight == 1.0:
            return value, gradient
        return value * self.weight, gradient * gradient.dtype.type(self.weight)


class Head:
    """One output: its metrics, and what they have gathered."""

    def __init__(self, name: str, metrics: list[Any], weighted_metrics: list[Any]) -> None:
        self.name = name
        self.user_metrics = [
            [m if m in ("accuracy", "acc") else metric_of(m) for m in group]
            for group in (metrics, weighted_metrics)
        ]
        self.has_metrics = any(self.user_metrics)
        self.metrics: list[list[Metric]] | None = None  # from the first batch on

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


def heads(names: Sequence[str], form: Any, metrics: Any, weighted_metrics: Any) -> list[Head]:
    """Return a head for each output out of what ``compile`` got for all of them.

    ``form`` is that in which the model gives them, with a Slot for each.
    """
    return [
        Head(name, *rest)
        for name, *rest in zip(
            names,
            _lists("metrics", _in_form(metrics, form), names),
            _lists("weighted_metrics", _in_form(weighted_metrics, form), names),
            strict=True,
        )
    ]


def terms(names: Sequence[str], form: Any, loss: Any, loss_weights: Any) -> list[Term]:
    """Return the losses that ``compile`` got for outputs; None is left out.

    By Keras's rules: one is each output's; where they are in the form of the outputs, or in a list
    of their number, each has its own; a list where the outputs are in no list of its type has so
    many losses of what there is, an output or several in a form.
    """
    if is_flat(form):
        listed = isinstance(loss, (list, tuple)) and not isinstance(loss, type(form))
        if not (listed and len(names) > 1 and any(_nested(_alone(each)) for each in loss)):
            every = _each("loss", loss, names), _each("loss_weights", loss_weights, names)
            found = []
            for k, (name, each, weight) in enumerate(zip(names, *every, strict=True)):
                parts = each if _nested(each) else [each]
                weights = weight if _nested(weight) else [weight] * len(parts)
                if len(weights) != len(parts):
                    raise ValueError(f"loss_weights: {weight!r} is not for the losses {each!r}")
                found += [Term(name, Slot(k), *pair) for pair in zip(parts, weights, strict=True)]
            return [term for term in found if term.user_loss is not None or len(names) == 1]
    elif not _nested(loss):
        loss = [loss] * len(names)
    flat_weights = isinstance(loss_weights, (list, tuple)) and not any(map(_nested, loss_weights))
    if flat_weights and len(loss_weights) == len(list(leaves(loss, Leaf))):
        loss_weights = filled(form_of(loss), loss_weights)
    return list(_terms(loss, loss_weights, form, (), names))


def _terms(
    loss: Any, weight: Any, form: Any, path: tuple[Any, ...], names: Sequence[str]
) -> Iterator[Term]:
    """Yield the losses of a form of outputs, which is at a path in the whole of it."""
    if loss is None:
        return
    if not _nested(loss):
        yield Term(_name(form, path, names), form, loss, weight)
        return
    by_key = isinstance(loss, Mapping)
    alone = not by_key and not any(map(_nested, loss))
    slots = list(_paths(form, path))
    for key, each in loss.items() if by_key else enumerate(loss):
        try:
            own = None if weight is None else weight[key]
            if alone and len(loss) == len(slots):
                part, where = slots[key]
            elif not by_key and not isinstance(form, type(loss)):
                part, where = form, path
            else:
                part, where = form[key], (*path, key)
        except (KeyError, IndexError, TypeError):
            at = f" at {path}" if path else ""
            raise ValueError(
                f"loss: there is no {key!r}{at} in the outputs {filled(form, names)}, or none in "
                f"loss_weights: {weight!r}"
            ) from None
        yield from _terms(each, own, part, where, names)


def _paths(form: Any, path: tuple[Any, ...]) -> Iterator[tuple[Slot, tuple[Any, ...]]]:
    """Yield each output of a form with where it is."""
    if isinstance(form, Slot):
        yield form, path
        return
    for key, part in form.items() if isinstance(form, dict) else enumerate(form):
        yield from _paths(part, (*path, key))


def _name(form: Any, path: tuple[Any, ...], names: Sequence[str]) -> str:
    """Return how Keras names a loss: by its path, with the output's name for the last number."""
    if isinstance(form, Slot) and (not path or isinstance(path[-1], int)):
        path = (*path[:-1], names[form.number])
    return "/".join(map(str, path)) or "_".join(
        form if isinstance(form, dict) else [names[slot.number] for slot in leaves(form, Slot)]
    )


def _in_form(metrics: Any, form: Any) -> Any:
    """Return metrics in the form of the outputs as a list, where that is no flat one."""
    return metrics if metrics is None or is_flat(form) else taken(form, metrics) or metrics


def _nested(value: Any) -> bool:
    described = isinstance(value, Mapping) and "class_name" in value
    return isinstance(value, (list, tuple, Mapping)) and not described


def _by_name(what: str, value: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    unknown = [key for key in value if key not in names]
    if unknown:
        raise ValueError(f"{what}: there is no output {unknown[0]!r}, they are {list(names)}")
    return [value.get(name) for name in names]


def _each(what: str, value: Any, names: Sequence[str]) -> list[Any]:
    """Return an entry for each output; one serves all."""
    if isinstance(value, Mapping) and _nested(value):
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
        elif (
            isinstance(value, (list, tuple))
            and len(value) != len(names)
            and all(isinstance(each, str) for each in value)
        ):
            value = [value] * len(names)  # all for all, as Keras 2 took it
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
