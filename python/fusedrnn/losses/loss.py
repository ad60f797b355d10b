"""The base of the losses: weights, masks and the reduction to one number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

from .._state import auto_name
from .._tensor import Number, tensor
from .._types import Array
from ..autodiff import Tracked, differentiate
from ..configurable import Configurable
from .mathematics import Pair

Reduction: TypeAlias = Literal[
    "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", "auto"
]


def align(y_true: Array, y_pred: Array) -> Array:
    """Give ``y_true`` the rank of ``y_pred``, as Keras: an axis of size 1 comes or goes."""
    if y_true.ndim == y_pred.ndim:
        return y_true
    if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
        return y_true[..., None]
    if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1:
        return y_true[..., 0]
    return y_true


class Loss(Configurable):
    """Base class of the losses.

    A loss of one's own is a function of ``y_true`` and ``y_pred`` written with NumPy, which
    ``autodiff`` differentiates; or a subclass with ``call(y_true, y_pred)``, one value a sample,
    and ``gradient(y_true, y_pred)``, the derivative of their sum.

    Parameters
    ----------
    name : str, optional
        By default that of the class in snake case.
    reduction : str or None
        How the values of a batch become one number: "sum_over_batch_size" (also "mean", "auto"),
        their average; "sum"; "mean_with_sample_weight", divided by the sum of the weights; None or
        "none", they stay values when the loss is called by itself.
    dtype
        Accepted; a loss has the type of the model's output.
    """

    module = "keras.losses"
    labels = False  # whether y_true are class numbers, one axis fewer than y_pred

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        if reduction not in (
            "sum_over_batch_size",
            "sum",
            "mean",
            "mean_with_sample_weight",
            None,
            "none",
            "auto",
        ):
            raise ValueError(
                f"loss: reduction is {reduction!r}, expected 'sum_over_batch_size', "
                "'sum', 'mean', 'mean_with_sample_weight' or None"
            )
        self.name = name or auto_name(type(self).__name__)
        self.reduction, self.dtype = reduction, dtype

    def call(self, y_true: Array, y_pred: Array) -> Array:
        """Return one value a sample."""
        return self.pair(y_true, y_pred)[0]

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of the sum of the values with respect to ``y_pred``."""
        p = Tracked(y_pred)
        y = differentiate(self.call, type(self).__name__, y_true, p)
        return y.gradient(p, np.ones(y.shape, y_pred.dtype))

    def pair(self, y_true: Array, y_pred: Array) -> Pair:
        """Return values and derivative together."""
        return self.call(y_true, y_pred), self.gradient(y_true, y_pred)

    def reduce(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> tuple[float, Array]:
        """Return the loss of a batch and its derivative with respect to ``y_pred``.

        ``sample_weight`` is one number a sample, or a step of a sample; ``mask`` leaves steps out.
        """
        t = y_true if self.labels else align(y_true, y_pred)
        if not self.labels and t.shape != y_pred.shape:
            try:
                t = np.broadcast_to(t, y_pred.shape)
            except ValueError:
                raise ValueError(
                    f"loss: y has shape {y_true.shape}, but the model's output has "
                    f"shape {y_pred.shape}"
                ) from None
        values, gradient = self.pair(t, y_pred)
        weight = weight_of(values, sample_weight, mask, self.reduction)
        if weight is not None:
            values, gradient = values * weight, gradient * weight[..., None]
        if self.reduction == "sum":
            return float(values.sum(dtype=np.float64)), gradient
        count = values.size
        if self.reduction == "mean_with_sample_weight" and weight is not None:
            count = weight.sum()
        scale = 1 / count if count else 0.0
        return float(values.sum(dtype=np.float64)) * scale, gradient * y_pred.dtype.type(scale)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss of a batch."""
        p = floats(y_pred)
        t = np.asarray(y_true, p.dtype)
        w = None if sample_weight is None else np.asarray(sample_weight, p.dtype)
        if self.reduction in (None, "none"):
            values = self.call(t if self.labels else align(t, p), p)
            return tensor(values if w is None else values * weight_of(values, w, None, None))
        return Number(self.reduce(t, p, w)[0])


class FunctionLoss(Loss):
    """A function of the user's as a loss, differentiated by ``autodiff``."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        super().__init__(getattr(fn, "__name__", None))

    def call(self, y_true: Array, y_pred: Array) -> Array:  # noqa: D102
        return np.asarray(self.fn(y_true, y_pred))

    def reduce(  # noqa: D102
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> tuple[float, Array]:
        p = Tracked(y_pred)
        y = differentiate(self.fn, f"loss {self.name}", align(y_true, y_pred), p)
        seed = np.full(y.shape, 1 / max(y.size, 1), y_pred.dtype)
        weight = weight_of(y.value, sample_weight, mask, self.reduction) if y.ndim else None
        if weight is not None:
            seed = seed * weight
        elif sample_weight is not None:
            raise ValueError(f"loss {self.name}: returns one number, which no sample_weight suits")
        return float((y.value * seed).sum(dtype=np.float64)), y.gradient(p, seed)


def floats(y: Any) -> Array:
    """Return an array of floats: float32, if it has none yet."""
    y = np.asarray(y)
    return y if y.dtype.kind == "f" else y.astype(np.float32)


def weight_of(
    values: Array, sample_weight: Array | None, mask: Array | None, reduction: str | None
) -> Array | None:
    """Return the weights of the values, None for all 1: Keras's rules for masks."""
    weight = None
    if sample_weight is not None:
        weight = align(sample_weight, values)
        weight = np.broadcast_to(
            weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape
        )
    if mask is not None and mask.shape == values.shape[: mask.ndim]:
        scale = (
            mask.size / max(mask.sum(), 1) if reduction in ("sum_over_batch_size", "mean") else 1
        )
        kept = (mask * values.dtype.type(scale)).reshape(
            mask.shape + (1,) * (values.ndim - mask.ndim)
        )
        weight = np.broadcast_to(kept, values.shape) if weight is None else weight * kept
    return weight
