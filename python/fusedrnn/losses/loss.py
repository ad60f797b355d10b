"""The base of the losses: weights, masks and the reduction to one number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from .._state import auto_name, floatx
from .._tensor import Number, tensor
from .._types import Array
from ..autodiff import Tracked, differentiate, unbroadcast
from ..configurable import Configurable
from . import formulas, mathematics

# From the values' weights, None for all 1, and a factor, the derivative of their sum
Pull: TypeAlias = Callable[[Array | None, float], Array]

Reduction: TypeAlias = Literal[
    "sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", "auto"
]


def same_rank(a: Any, b: Any) -> tuple[Any, Any]:
    """Give arrays whose ranks differ by an axis of size 1 the same rank, as Keras.

    The axis goes, or comes to the other array where that has but one axis.
    """
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[..., None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[..., None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def refuse_shapes(where: str, function: Any, t: Array, p: Array) -> None:
    """Refuse targets and outputs whose shapes are not what a function takes."""
    advice = ""
    if not p.ndim and any(kind in function.__name__ for kind in ("categorical", "cosine")):
        raise ValueError(f"{where}: y_pred is a number, but its last axis is to be that of classes")
    if function is formulas.categorical_generalized_cross_entropy:
        fit = broadcasts(t[..., None], p)  # class numbers, as they are
    elif function is mathematics.sparse_categorical_crossentropy:
        labels = t.shape[:-1] if t.ndim == p.ndim and t.shape[-1] == 1 else t.shape
        fit = labels == p.shape[:-1]
    elif t.shape == p.shape:
        return
    else:
        same = (*mathematics.SAME_SHAPE, *formulas.SAME_SHAPE)
        fit = function not in same and broadcasts(t, p)
        if function is mathematics.categorical_crossentropy:
            advice = "; for class numbers there is sparse_categorical_crossentropy"
    if not fit:
        raise ValueError(
            f"{where}: y has shape {t.shape}, but the model's output has shape {p.shape}{advice}"
        )


def broadcasts(a: Array, b: Array) -> bool:
    """Return whether two arrays have shapes that broadcast."""
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


class Loss(Configurable):
    """Base class of the losses.

    A loss of one's own is a function of ``y_true`` and ``y_pred`` written with NumPy, which
    ``autodiff`` differentiates; or a subclass with ``call(y_true, y_pred)``, one value a sample,
    and, if it likes, ``gradient(y_true, y_pred)``, the derivative of their sum. Called by itself,
    ``loss(y_true, y_pred, sample_weight=None)`` gives a number.

    Parameters
    ----------
    name : str, optional
        By default that of the class in snake case.
    reduction : str or None
        How the values of a batch become one number: "sum_over_batch_size" (also "mean", "auto"),
        their average; "sum"; "mean_with_sample_weight", divided by the sum of the weights; None or
        "none", they stay values when the loss is called by itself.
    dtype
        Accepted; a loss has the type of the model's output, called by itself ``backend.floatx()``.

    Raises
    ------
    ValueError
        Of another reduction; called, if shapes do not fit.

    Examples
    --------
    >>> class Cubed(fusedrnn.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return np.mean(np.abs(y_pred - y_true) ** 3, axis=-1)
    >>> float(Cubed()([[1.0, 2.0]], [[1.0, 4.0]]))
    4.0
    """

    module = "keras.losses"

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
        """Return one value a sample.

        Parameters
        ----------
        y_true, y_pred : arrays
            What is true and what the model says, (N, ...).

        Returns
        -------
        array
            (N, ...), without the last axis.
        """
        raise NotImplementedError(f"{type(self).__name__}: a loss needs call(y_true, y_pred)")

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        """Return the derivative of the sum of the values with respect to ``y_pred``.

        Parameters
        ----------
        y_true, y_pred : arrays
            As of ``call``.

        Returns
        -------
        array
            Of the shape of ``y_pred``.
        """
        return self.derive(y_true, y_pred)[1](None, 1.0)

    def derive(self, y_true: Array, y_pred: Array) -> tuple[Array, Pull]:
        """Return the values, and what gives the derivative of their sum, weighted or not."""
        if type(self).gradient is not Loss.gradient:  # the user's
            gradient = self.gradient(y_true, y_pred)
            return self.call(y_true, y_pred), partial(scaled, gradient, y_pred)
        return tape(self.call, self.name, y_true, y_pred)

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
        values, pull = self.derive(y_true, y_pred)
        weight = sample_weight
        if mask is not None:
            weight = merge(sample_weight, mask, y_pred.dtype, self.reduction)
        shape = values.shape
        if weight is not None:
            values, weight = weighed(self.name, values, weight)
            values = values * weight
        scale = 1.0 if self.reduction == "sum" or not values.ndim else self._scale(values, weight)
        if weight is not None:
            weight = unbroadcast(weight * np.ones_like(values), shape)
        total = np.add.reduce(values, None, np.float64)  # of which `sum` is a slower wrapper
        return float(total) * scale, pull(weight, scale)

    def _scale(self, values: Array, weight: Array | None) -> float:
        count: float = values.size
        if self.reduction == "mean_with_sample_weight" and weight is not None:
            count = float(weight.sum())
        return 1 / count if count else 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Return the loss of a batch."""
        if isinstance(y_pred, Tracked):
            return self._followed(y_true, y_pred, sample_weight)
        p = np.asarray(y_pred, floatx())
        t = np.asarray(y_true, p.dtype)
        w = None if sample_weight is None else np.asarray(sample_weight, p.dtype)
        if self.reduction in (None, "none"):
            values = np.asarray(self.call(t, p))
            return tensor(values if w is None else np.multiply(*weighed(self.name, values, w)))
        return Number(self.reduce(t, p, w)[0])

    def _followed(self, y_true: Any, tracked: Tracked, sample_weight: Any) -> Any:
        """Return the loss within a loss of the user's, which the tape follows."""
        t = np.asarray(y_true, tracked.dtype)
        values, pull = self.derive(t, tracked.value)
        found: Any = Tracked(values, [(tracked, lambda g: pull(g, 1.0))])
        if sample_weight is not None:
            found = found * np.asarray(sample_weight, values.dtype)
        if self.reduction in (None, "none"):
            return found
        total = np.sum(found)
        if self.reduction == "sum":
            return total
        weighed_mean = self.reduction == "mean_with_sample_weight" and sample_weight is not None
        return total / (np.sum(sample_weight) if weighed_mean else values.size)


class FunctionLoss(Loss):
    """A function of the user's as a loss, differentiated by ``autodiff``.

    Parameters
    ----------
    fn : callable
        Takes ``y_true`` and ``y_pred``, written with NumPy, and returns one value a sample.

    Examples
    --------
    >>> loss = fusedrnn.losses.FunctionLoss(lambda t, p: np.abs(p - t)[..., 0])
    >>> float(loss([[1.0], [2.0]], [[1.0], [4.0]]))
    1.0
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        super().__init__(getattr(fn, "__name__", None))

    def call(self, y_true: Array, y_pred: Array) -> Array:  # noqa: D102
        y: Array = self.fn(*same_rank(y_true, y_pred))
        return y


def spread(where: str, weight: Array, shape: tuple[int, ...]) -> Array:
    """Return weights in the shape of what they weigh."""
    try:
        return np.broadcast_to(weight, shape)
    except ValueError:
        raise ValueError(
            f"{where}: the sample weights have shape {weight.shape}, but what they weigh has "
            f"shape {shape}"
        ) from None


def followed(tracked: Tracked, shape: Any, values: Array, gradient: Array) -> Any:
    """Return a loss's values in the tape of a loss of the user's, from those and the derivative."""

    def back(g: Array) -> Array:
        return unbroadcast(g[..., None] * gradient, shape).reshape(tracked.shape)

    return Tracked(values, [(tracked, back)])


def floats(y: Any) -> Array:
    """Return an array of floats: float32, if it has none yet."""
    y = np.asarray(y)
    return y if y.dtype.kind == "f" else y.astype(np.float32)


def tape(
    function: Callable[..., Any], name: str, y_true: Array, y_pred: Array
) -> tuple[Array, Pull]:
    """Return the values of a function of the user's, and what gives its derivative."""
    p = Tracked(y_pred)
    y = differentiate(function, f"loss {name}", y_true, p)

    def pull(weight: Array | None, scale: float) -> Array:
        seed = np.full(y.shape, scale, y_pred.dtype)
        return y.gradient(p, seed if weight is None else seed * weight)

    return y.value, pull


def scaled(gradient: Array, like: Array, weight: Array | None, scale: float) -> Array:
    """Return each value's derivatives times its weight and a factor, as an array ``like`` this."""
    if weight is not None:
        gradient = gradient * weight[..., None]
    if scale != 1.0:
        gradient = gradient * gradient.dtype.type(scale)
    return gradient if gradient.shape == like.shape else unbroadcast(gradient, like.shape)


def merge(
    sample_weight: Array | None, mask: Array | None, dtype: Any, reduction: str | None
) -> Array | None:
    """Return weights that leave out what the mask does; what is left weighs as much in a mean."""
    if mask is None:
        return sample_weight
    scale = mask.size / max(mask.sum(), 1) if reduction in ("sum_over_batch_size", "mean") else 1
    kept = mask * dtype.type(scale)
    return kept if sample_weight is None else np.multiply(*weighed("mask", kept, sample_weight))


def weighed(where: str, values: Array, weight: Array) -> tuple[Array, Array]:
    """Return values and weights in shapes that broadcast: Keras's rules.

    As in Keras 2, a weight a row is also one for each step of the row.
    """
    values, weight = same_rank(values, weight)
    if 0 < weight.ndim < values.ndim and weight.shape == values.shape[: weight.ndim]:
        rows = weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim))
        weight = np.broadcast_to(rows, values.shape)
    if not broadcasts(values, weight):
        raise ValueError(
            f"{where}: the sample weights or the mask have shape {weight.shape}, but the values "
            f"to weigh have shape {values.shape}"
        )
    return values, weight
