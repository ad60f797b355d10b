"""What ``fit``, ``evaluate`` and ``predict`` take as data, cut into batches."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ._state import random_generator
from ._types import Array
from .checks import number, whole

Batch = tuple[Array, Array | None, Array | None]  # inputs, targets, sample weights


def as_array(name: str, data: Any, dtype: Any) -> Array:
    """Return data (an array, a pandas object, lists) as a C-contiguous array of ``dtype``."""
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: is a masked array; its masked values would be taken as numbers: fill them "
            "with .filled(value), and use a Masking layer with that value"
        )
    if isinstance(data, (list, tuple)) and len(data) == 1 and isinstance(data[0], np.ndarray):
        data = data[0]  # the list of a model's inputs, of which there is one
    if isinstance(data, dict) or (
        isinstance(data, (list, tuple))
        and len(data) > 1
        and all(hasattr(d, "shape") and np.ndim(d) > 1 for d in data)
        and len({np.shape(d) for d in data}) > 1
    ):
        raise ValueError(
            f"{name}: a Sequential model has one input and one output, got "
            f"{len(data)}; models with several are beyond fusedrnn"
        )
    try:
        array = np.asarray(data)
        if array.dtype.kind == "O":
            if any(v is None for v in array.flat):
                raise TypeError("it has None in it")
            array = array.astype(np.float64)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"its type is {array.dtype}")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: cannot be read as an array of numbers ({error})") from None
    return np.ascontiguousarray(array, dtype)


def ran_out(what: str, stacklevel: int) -> None:
    """Warn in Keras's words that an epoch ends early, in the line that called ``fit``."""
    warnings.warn(
        "Your input ran out of data; interrupting training. Make sure that your dataset or "
        f"generator can generate at least `steps_per_epoch * epochs` batches: {what}.",
        stacklevel=stacklevel,
    )


def check_counts(function: str, **counts: int | None) -> None:
    """Refuse numbers of rows or steps that are none; None says nothing."""
    for name, count in counts.items():
        if count is not None:
            whole(function, name, count)


class ArrayBatches:
    """Batches of arrays, in order or, with ``shuffle``, in a new order every epoch."""

    def __init__(
        self, x: Array, y: Array | None, weight: Array | None, batch_size: int, shuffle: bool
    ) -> None:
        if not len(x):
            raise ValueError("x has no rows")
        for name, a in (("y", y), ("sample_weight", weight)):
            if a is not None and len(a) != len(x):
                raise ValueError(f"{name} has {len(a)} rows, but x has {len(x)}")
        self.arrays, self.batch_size, self.shuffle = (x, y, weight), batch_size, shuffle
        self.gathered: list[tuple[Any, Any]] = [
            (
                a,
                None
                if a is None or not shuffle
                else np.empty((self.batch_size, *a.shape[1:]), a.dtype),
            )
            for a in self.arrays
        ]

    def __len__(self) -> int:
        return math.ceil(len(self.arrays[0]) / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        n, size = len(self.arrays[0]), self.batch_size
        order = random_generator().permutation(n) if self.shuffle else None
        for i in range(0, n, size):
            if order is None:
                batch = [None if a is None else a[i : i + size] for a in self.arrays]
            else:
                rows = order[i : i + size]
                # mode="clip" writes straight into out; "raise" would go through a copy
                batch = [
                    None if a is None else a.take(rows, 0, out[: len(rows)], "clip")
                    for a, out in self.gathered
                ]
            yield tuple(batch)  # type: ignore[misc]


class SequenceBatches:
    """Batches of an object with ``__len__`` and ``__getitem__``, or of an iterable."""

    def __init__(self, source: Any, model: Any, shuffle: bool, class_weight: Any = None) -> None:
        self.source, self.model, self.shuffle = source, model, shuffle
        self.class_weight = class_weight
        self.indexed = hasattr(source, "__getitem__") and hasattr(source, "__len__")
        self.once = hasattr(source, "__next__")  # a generator cannot start again

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[Batch]:
        if self.indexed:
            n = len(self.source)
            order = random_generator().permutation(n) if self.shuffle else range(n)
            batches: Iterable[Any] = (self.source[int(i)] for i in order)
        else:
            batches = self.source
        for batch in batches:
            yield self._arrays(batch)
        if hasattr(self.source, "on_epoch_end"):
            self.source.on_epoch_end()

    def _arrays(self, batch: Any) -> Batch:
        given = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
        if not 1 <= len(given) <= 3:
            raise ValueError(
                f"x: a batch has {len(given)} entries, expected (x, y) or (x, y, sample_weight)"
            )
        x, y, weight = (*given, None, None)[:3]
        x = as_array("x", x, self.model.input_type)
        if not len(x):
            raise ValueError("x: a batch has no rows")
        y = None if y is None else as_array("y", y, self.model.float_type)
        return x, y, weights(y, weight, self.class_weight, self.model.float_type)


def weights(y: Array | None, sample_weight: Any, class_weight: Any, dtype: Any) -> Array | None:
    """Return the weight of every sample, or None for all 1."""
    weight = None if sample_weight is None else as_array("sample_weight", sample_weight, dtype)
    if class_weight is None or y is None:
        return weight
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight is {class_weight!r}, expected a dict of class numbers")
    for c in class_weight:
        if not isinstance(c, (int, float, np.integer, np.floating)) or c != int(c):
            raise TypeError(f"class_weight has the key {c!r}, expected class numbers")
    class_weight = {c: number("class_weight", str(c), w, 0) for c, w in class_weight.items()}
    labels = y.argmax(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else y.reshape(len(y), -1)[:, 0]
    if not np.isfinite(labels).all():
        raise ValueError("class_weight: y has labels that are no class numbers")
    of_class = np.array([class_weight.get(int(c), 1.0) for c in np.rint(labels).ravel()], dtype)
    of_class = of_class.reshape(labels.shape)
    return of_class if weight is None else weight * of_class


def split_validation(x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any]:
    """Cut the last ``share`` of the rows off, as Keras: the first floor(n (1 - share)) train."""
    data = [None if a is None else np.asarray(a) for a in (x, y, weight)]
    if data[0] is None or data[0].dtype.kind == "O":
        raise ValueError("validation_split needs arrays; give validation_data instead")
    cut = math.floor(len(data[0]) * (1 - share))
    if not 0 < cut < len(data[0]):
        raise ValueError(
            f"validation_split of {share} leaves one part of the {len(data[0])} rows empty"
        )
    return (
        tuple(None if a is None else a[:cut] for a in data),
        tuple(None if a is None else a[cut:] for a in data),
    )


class Batches:
    """An epoch after another out of a source of batches."""

    def __init__(self, source: Any, steps: int | None) -> None:
        self.source, self.limit = source, steps
        self.iterator: Iterator[Batch] | None = None

    def rewind(self) -> None:
        """Start again from the first batch, if the source can."""
        if not getattr(self.source, "once", False):
            self.iterator = None

    @property
    def steps(self) -> int | None:
        """Number of batches in an epoch, None if it cannot be known."""
        if self.limit is not None:
            return self.limit
        try:
            return len(self.source)
        except TypeError:
            return None

    def __iter__(self) -> Iterator[Batch]:
        if self.limit is None:
            yield from self.source
            return
        for step in range(self.limit):  # from where the last epoch stopped, as Keras
            batch = next(self.iterator, None) if self.iterator else None
            if batch is None and step == 0:
                self.iterator = iter(self.source)
                batch = next(self.iterator, None)
            if batch is None:
                self.iterator = None
                return ran_out(f"{step} of {self.limit} steps were left", stacklevel=6)
            yield batch


def make(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None,
    shuffle: Any = False,
    steps: int | None,
    class_weight: Any = None,
) -> Batches:
    """Return the batches of arrays, pandas objects, generators, Sequences or datasets."""
    if shuffle not in (True, False):
        raise ValueError(f"shuffle is {shuffle!r}, expected True or False")
    if x is None:
        raise ValueError("x is missing")
    is_array = (
        isinstance(x, (list, tuple, dict, str)) or hasattr(x, "__array__") or hasattr(x, "iloc")
    )
    if not is_array and (hasattr(x, "__iter__") or hasattr(x, "__getitem__")):
        if y is not None or sample_weight is not None:
            raise ValueError("y and sample_weight come out of the generator or dataset x itself")
        return Batches(SequenceBatches(x, model, bool(shuffle), class_weight), steps)
    x = as_array("x", x, model.input_type)
    y = None if y is None else as_array("y", y, model.float_type)
    weight = weights(y, sample_weight, class_weight, model.float_type)
    if batch_size is None:
        batch_size = model.fixed_batch_size or (math.ceil(len(x) / steps) if steps else 32)
    return Batches(ArrayBatches(x, y, weight, batch_size=batch_size, shuffle=bool(shuffle)), steps)
