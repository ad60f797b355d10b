"""Losses, with their derivatives.

A loss function takes ``y_true`` and ``y_pred`` of the same shape and returns one value a sample
(the last axis is gone) and the derivative of their sum with respect to ``y_pred``. ``TABLE`` has
them under Keras's names; the functions and classes of Keras are made from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ._state import auto_name, epsilon
from ._tensor import Number, tensor
from ._types import Array
from .autodiff import Tracked, differentiate
from .checks import number
from .configurable import Configurable, lookup, serialize

Pair = tuple[Array, Array]


def _mean(values: Array, gradient: Array) -> Pair:
    """Average over the last axis, from elementwise values and derivatives."""
    return values.mean(axis=-1), gradient / values.shape[-1]


def _squared(t: Array, p: Array) -> Pair:
    e = p - t
    if e.shape[-1] == 1:  # the usual forecast of one value
        return (e * e)[..., 0], 2 * e
    return _mean(e * e, 2 * e)


def _absolute(t: Array, p: Array) -> Pair:
    e = p - t
    return _mean(np.abs(e), np.sign(e))


def _percentage(t: Array, p: Array) -> Pair:
    scale = 100 / np.maximum(np.abs(t), p.dtype.type(epsilon()))
    e = p - t
    return _mean(np.abs(e) * scale, np.sign(e) * scale)


def _logarithmic(t: Array, p: Array) -> Pair:
    eps = p.dtype.type(epsilon())
    e = np.log1p(np.maximum(p, eps)) - np.log1p(np.maximum(t, eps))
    return _mean(e * e, np.where(p > eps, 2 * e / (1 + np.maximum(p, eps)), 0))


def _huber(t: Array, p: Array, delta: float = 1.0) -> Pair:
    e = p - t
    size = np.abs(e)
    return _mean(
        np.where(size <= delta, 0.5 * e * e, delta * size - 0.5 * delta * delta),
        np.clip(e, -delta, delta),
    )


def _log_cosh(t: Array, p: Array) -> Pair:
    e = p - t
    return _mean(np.logaddexp(e, -e) - e.dtype.type(math.log(2)), np.tanh(e))


def _quantile(t: Array, p: Array, quantile: float = 0.5) -> Pair:
    e = t - p
    return _mean(
        np.maximum(quantile * e, (quantile - 1) * e),
        np.where(e > 0, e.dtype.type(-quantile), e.dtype.type(1 - quantile)),
    )


def _binary_crossentropy(
    t: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0.0
) -> Pair:
    t = t * (1 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else t
    if from_logits:
        return _mean(np.logaddexp(0, p) - t * p, 0.5 * (1 + np.tanh(0.5 * p)) - t)
    eps = p.dtype.type(epsilon())
    q = np.clip(p, eps, 1 - eps)
    return _mean(
        -(t * np.log(q) + (1 - t) * np.log(1 - q)), np.where(q == p, (q - t) / (q * (1 - q)), 0)
    )


def _categorical_crossentropy(
    t: Array, p: Array, from_logits: bool = False, label_smoothing: float = 0.0
) -> Pair:
    t = t * (1 - label_smoothing) + label_smoothing / t.shape[-1] if label_smoothing else t
    total = t.sum(axis=-1, keepdims=True)
    if from_logits:
        z = p - p.max(axis=-1, keepdims=True)
        log_sum = np.log(np.exp(z).sum(axis=-1, keepdims=True))
        return -(t * (z - log_sum)).sum(axis=-1), total * np.exp(z - log_sum) - t
    scale = p.sum(axis=-1, keepdims=True)
    eps = p.dtype.type(epsilon())
    q = p / scale
    inside = (q > eps) & (q < 1 - eps)
    q = np.clip(q, eps, 1 - eps)
    d = np.where(inside, -t / q, 0)
    return (
        -(t * np.log(q)).sum(axis=-1),
        (d - (d * p).sum(axis=-1, keepdims=True) / scale) / scale,
    )


def _sparse_categorical_crossentropy(
    t: Array, p: Array, from_logits: bool = False, ignore_class: int | None = None
) -> Pair:
    labels = t.astype(np.intp)
    if labels.ndim == p.ndim:
        labels = labels[..., 0]
    kept = None if ignore_class is None else labels != ignore_class
    if kept is not None:
        labels = np.where(kept, labels, 0)
    if labels.size and (labels.min() < 0 or labels.max() >= p.shape[-1]):
        raise ValueError(
            "sparse_categorical_crossentropy: y_true has labels from "
            f"{labels.min()} to {labels.max()}, expected 0 to {p.shape[-1] - 1}"
        )
    one_hot = np.equal(labels[..., None], np.arange(p.shape[-1])).astype(p.dtype)
    values, gradient = _categorical_crossentropy(one_hot, p, from_logits)
    return (values, gradient) if kept is None else (values * kept, gradient * kept[..., None])


def _cosine_similarity(t: Array, p: Array, axis: int = -1) -> Pair:
    if axis not in (-1, p.ndim - 1):
        raise ValueError(f"cosine_similarity: axis is {axis}, expected -1")

    def unit(a: Array) -> tuple[Array, Array]:
        norm = np.sqrt(np.maximum((a * a).sum(axis=-1, keepdims=True), a.dtype.type(1e-12)))
        return a / norm, norm

    (t, _), (q, norm) = unit(t), unit(p)
    cosine = (t * q).sum(axis=-1, keepdims=True)
    return -cosine[..., 0], (cosine * q - t) / norm


def _poisson(t: Array, p: Array) -> Pair:
    q = p + p.dtype.type(epsilon())
    return _mean(p - t * np.log(q), 1 - t / q)


def _kl_divergence(t: Array, p: Array) -> Pair:
    eps = p.dtype.type(epsilon())
    t, q = np.clip(t, eps, 1), np.clip(p, eps, 1)
    return (t * np.log(t / q)).sum(axis=-1), np.where(q == p, -t / q, 0)


def _signs(t: Array) -> Array:
    return 2 * t - 1 if np.isin(t, (0, 1)).all() else t


def _hinge(t: Array, p: Array) -> Pair:
    t = _signs(t)
    slack = np.maximum(1 - t * p, 0)
    return _mean(slack, np.where(slack > 0, -t, 0))


def _squared_hinge(t: Array, p: Array) -> Pair:
    t = _signs(t)
    slack = np.maximum(1 - t * p, 0)
    return _mean(slack * slack, -2 * slack * t)


# Keras's function name: (its class name, the pair of values and derivative)
TABLE: dict[str, tuple[str, Callable[..., Pair]]] = {
    "mean_squared_error": ("MeanSquaredError", _squared),
    "mean_absolute_error": ("MeanAbsoluteError", _absolute),
    "mean_absolute_percentage_error": ("MeanAbsolutePercentageError", _percentage),
    "mean_squared_logarithmic_error": ("MeanSquaredLogarithmicError", _logarithmic),
    "huber": ("Huber", _huber),
    "log_cosh": ("LogCosh", _log_cosh),
    "quantile": ("Quantile", _quantile),
    "binary_crossentropy": ("BinaryCrossentropy", _binary_crossentropy),
    "categorical_crossentropy": ("CategoricalCrossentropy", _categorical_crossentropy),
    "sparse_categorical_crossentropy": (
        "SparseCategoricalCrossentropy",
        _sparse_categorical_crossentropy,
    ),
    "cosine_similarity": ("CosineSimilarity", _cosine_similarity),
    "poisson": ("Poisson", _poisson),
    "kl_divergence": ("KLDivergence", _kl_divergence),
    "hinge": ("Hinge", _hinge),
    "squared_hinge": ("SquaredHinge", _squared_hinge),
}
ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "logcosh": "log_cosh",
    "huber_loss": "huber",
    "kld": "kl_divergence",
    "kullback_leibler_divergence": "kl_divergence",
    "bce": "binary_crossentropy",
    "pinball": "quantile",
}


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
        weight = _weight(values, sample_weight, mask, self.reduction)
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
        p = _floats(y_pred)
        t = np.asarray(y_true, p.dtype)
        w = None if sample_weight is None else np.asarray(sample_weight, p.dtype)
        if self.reduction in (None, "none"):
            values = self.call(t if self.labels else align(t, p), p)
            return tensor(values if w is None else values * _weight(values, w, None, None))
        return Number(self.reduce(t, p, w)[0])


class FunctionLoss(Loss):
    """A function of the user's as a loss, differentiated by ``autodiff``."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        self.fn = fn
        super().__init__(getattr(fn, "__name__", None))

    def call(self, y_true: Array, y_pred: Array) -> Array:
        return np.asarray(self.fn(y_true, y_pred))

    def reduce(
        self,
        y_true: Array,
        y_pred: Array,
        sample_weight: Array | None = None,
        mask: Array | None = None,
    ) -> tuple[float, Array]:
        p = Tracked(y_pred)
        y = differentiate(self.fn, f"loss {self.name}", align(y_true, y_pred), p)
        seed = np.full(y.shape, 1 / max(y.size, 1), y_pred.dtype)
        if y.ndim and (weight := _weight(y.value, sample_weight, mask, self.reduction)) is not None:
            seed = seed * weight
        elif sample_weight is not None:
            raise ValueError(f"loss {self.name}: returns one number, which no sample_weight suits")
        return float((y.value * seed).sum(dtype=np.float64)), y.gradient(p, seed)


def _floats(y: Any) -> Array:
    y = np.asarray(y)
    return y if y.dtype.kind == "f" else y.astype(np.float32)


def _weight(
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


class TableLoss(Loss):
    """A loss out of the table, with the keyword arguments of its function."""

    function: Callable[..., Pair]
    defaults: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        *args: Any,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **options: Any,
    ) -> None:
        # Keras's order: the function's own arguments, then reduction, name
        order = (*self.defaults, "reduction", "name", "dtype")
        options.update(zip(order, args, strict=False))
        reduction, name = options.pop("reduction", reduction), options.pop("name", name)
        dtype = options.pop("dtype", dtype)
        if len(args) > len(order) or not options.keys() <= self.defaults.keys():
            raise TypeError(
                f"{type(self).__name__}: got {args} {options}, expected at most "
                f"{', '.join(self.defaults) or 'no arguments'}"
            )
        for key, value in options.items():
            if isinstance(self.defaults[key], float):
                top = 1.0 if key in ("quantile", "label_smoothing") else math.inf
                number(type(self).__name__, key, value, 0, top)
        super().__init__(name or self.key, reduction, dtype)
        self.options = {**self.defaults, **options}

    key = ""

    def pair(self, y_true: Array, y_pred: Array) -> Pair:
        return type(self).function(y_true, y_pred, **self.options)

    def gradient(self, y_true: Array, y_pred: Array) -> Array:
        return self.pair(y_true, y_pred)[1]

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction, **self.options}


def _values(key: str, pair: Callable[..., Pair]) -> Callable[..., Array]:
    def function(y_true: Any, y_pred: Any, **options: Any) -> Array:
        p = _floats(y_pred)
        t = np.asarray(y_true, p.dtype)
        t = t if key.startswith("sparse") else align(t, p)
        return tensor(pair(t, p, **options)[0])

    function.__name__ = function.__qualname__ = key
    function.__doc__ = f"Return the {key.replace('_', ' ')} of every sample."
    return function


def _make() -> dict[str, type[Loss]]:
    classes: dict[str, type[Loss]] = {}
    for key, (class_name, pair) in TABLE.items():
        defaults = dict(
            zip(
                pair.__code__.co_varnames[2 : pair.__code__.co_argcount],
                pair.__defaults__ or (),
                strict=True,
            )
        )
        cls = type(
            class_name,
            (TableLoss,),
            {
                "function": staticmethod(pair),
                "defaults": defaults,
                "key": key,
                "labels": key.startswith("sparse"),
                "__module__": __name__,
                "__doc__": f"The loss ``{key}`` as an object; arguments: "
                f"{', '.join(defaults) or 'none'}, reduction, name.",
            },
        )
        globals()[class_name] = classes[key] = cls
        globals()[key] = _values(key, pair)
    for alias, key in ALIASES.items():
        globals()[alias], globals()[alias.upper()] = globals()[key], globals()[key]
        classes[alias] = classes[key]
    return classes


CLASSES = _make()


def get(identifier: Any) -> Loss:
    """Return the loss that a name, a config, a function of this module or an object stands for."""
    if (
        callable(identifier)
        and getattr(identifier, "__module__", None) == __name__
        and (getattr(identifier, "__name__", None) in CLASSES)
    ):
        identifier = identifier.__name__
    if isinstance(identifier, str):
        identifier = identifier.lower() if identifier.lower() in CLASSES else identifier
    loss = lookup("loss", identifier, CLASSES)
    if callable(loss) and not isinstance(loss, Loss):
        return FunctionLoss(loss)
    if not isinstance(loss, Loss):
        raise TypeError(
            f"loss: {identifier!r} cannot be differentiated here; give a name out of "
            f"{', '.join(TABLE)}, or a fusedrnn.losses.Loss with call and gradient"
        )
    return loss


__all__ = [
    "ALIASES",
    "TABLE",
    "Loss",
    "get",
    "serialize",
    *TABLE,
    *(name for name, _ in TABLE.values()),
    *ALIASES,
]
