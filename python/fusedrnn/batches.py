"""What ``fit``, ``evaluate`` and ``predict`` take as data, cut into batches."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ._state import random_generator
from ._tensor import strings
from ._types import Array
from .checks import number, whole
from .graph import Slot, leaves

# Inputs, targets, sample weights: arrays, or lists of them where a model has several
Batch = tuple[Any, Any, Any]


def as_array(name: str, data: Any, dtype: Any) -> Array:
    """Return data (an array, a pandas object, lists) as a C-contiguous array of ``dtype``."""
    if type(data) is np.ndarray and data.dtype is dtype and data.ndim and data.flags.c_contiguous:
        return data  # as it mostly is: most of the time that a single row waits goes by here
    if isinstance(data, np.ma.MaskedArray):
        raise TypeError(
            f"{name}: is a masked array; its masked values would be taken as numbers: fill them "
            "with .filled(value), and use a Masking layer with that value"
        )
    if isinstance(data, (list, tuple)) and len(data) == 1 and isinstance(data[0], np.ndarray):
        data = data[0]  # the list of a model's inputs, of which there is one
    if isinstance(data, Mapping) and len(data) == 1:
        (data,) = data.values()  # the one input or output by its name, as Keras 2 takes both
    if isinstance(data, dict) or (
        isinstance(data, (list, tuple))
        and len(data) > 1
        and all(hasattr(d, "shape") and np.ndim(d) > 1 for d in data)
        and len({np.shape(d) for d in data}) > 1
    ):
        raise ValueError(
            f"{name}: the model has one input and one output, got {len(data)}; one with several "
            "is a graph: Model(inputs, outputs)"
        )
    try:
        if dtype is str:
            return strings(data)
        array = np.asarray(data)
        if array.dtype.kind == "O":
            if any(v is None for v in array.flat):
                raise TypeError("it has None in it")
            array = array.astype(np.float64)
        if array.dtype.kind not in "fiub":
            advice = "; a TextVectorization layer takes texts" if array.dtype.kind in "US" else ""
            raise TypeError(f"its type is {array.dtype}{advice}")
    except (TypeError, ValueError) as error:
        what = "texts" if dtype is str else "numbers"
        raise ValueError(f"{name}: cannot be read as an array of {what} ({error})") from None
    return np.ascontiguousarray(array, dtype)


def several(what: str, data: Any, names: Sequence[str], dtypes: Sequence[Any]) -> Any:
    """Return the array of the one input or output, or a list of those of several."""
    if isinstance(data, Mapping) and any(names):
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(f"{what}: has no entry {missing[0]!r}, it has {list(data)}")
        data = [data[name] for name in names]
    elif len(names) == 1:
        return as_array(what, data, dtypes[0])
    if not isinstance(data, (list, tuple)) or len(data) != len(names):
        found = f"{len(data)} arrays" if isinstance(data, (list, tuple)) else type(data).__name__
        raise ValueError(f"{what}: got {found}, expected one for each of {list(names)}")
    arrays = [
        None if each is None else as_array(f"{what} {name}", each, dtype)
        for name, each, dtype in zip(names, data, dtypes, strict=True)
    ]
    return arrays if len(arrays) > 1 else arrays[0]


def entries(model: Any, x: Any, y: Any, sample_weight: Any, class_weight: Any) -> Batch:
    """Return what the user gives a model as arrays, or lists of them."""
    x = model._entries(x)
    heads = model._head_names
    if y is not None:
        targets = _for_all(model, model._targets(y)) if len(heads) > 1 else y
        y = several("y", targets, heads, [model.float_type] * len(heads))
    if len(heads) == 1:
        if isinstance(sample_weight, Mapping) and list(sample_weight) == model.output_names:
            sample_weight = sample_weight[model.output_names[0]]
        return x, y, weights(y, sample_weight, class_weight, model.float_type)
    if class_weight is not None:
        raise ValueError("class_weight: is for a model of one output; use sample_weight")
    if sample_weight is None:
        return x, y, None
    sample_weight = model._targets(sample_weight)
    if isinstance(sample_weight, Mapping):
        sample_weight = [sample_weight.get(name) for name in heads]
    elif not isinstance(sample_weight, (list, tuple)):
        sample_weight = [sample_weight] * len(heads)
    if len(sample_weight) != len(heads):
        raise ValueError(f"sample_weight has {len(sample_weight)} entries, expected {len(heads)}")
    return x, y, [weights(None, w, None, model.float_type) for w in sample_weight]


def _for_all(model: Any, y: Any) -> Any:
    """Return targets with None for each output that has no loss and no metrics, if y lacks it.

    One array of the shape of all outputs is that of each, as Keras 2 took it.
    """
    shapes = {tuple(shape[1:]) for shape in model.output_shape or ()}
    if hasattr(y, "shape") and {tuple(y.shape[1:])} == shapes:
        return [y] * len(model._heads)
    counts = {slot.number for slot in leaves([term.outputs for term in model._terms], Slot)}
    names = [h.name for k, h in enumerate(model._heads) if k in counts or h.has_metrics]
    if not names or len(names) == len(model._heads):
        return y
    if not isinstance(y, (list, tuple, Mapping)):
        y = [y]
    if not isinstance(y, Mapping):
        if len(y) != len(names):
            return y
        y = dict(zip(names, y, strict=True))
    return dict.fromkeys(set(model._head_names) - set(names)) | dict(y)


def _flat(part: Any) -> list[Any]:
    return part if isinstance(part, list) else [part]


def rows_of(x: Any) -> int:
    """Return the number of rows of the input, or of several, some of which may be missing."""
    return len(next(each for each in x if each is not None) if isinstance(x, list) else x)


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

    def __init__(self, x: Any, y: Any, weight: Any, batch_size: int, shuffle: bool) -> None:
        self.rows = rows_of(x)
        if not self.rows:
            raise ValueError("x has no rows")
        for name, part in (("x", x), ("y", y), ("sample_weight", weight)):
            for a in _flat(part):
                if a is not None and len(a) != self.rows:
                    raise ValueError(f"{name} has {len(a)} rows, but x has {self.rows}")
        self.parts, self.batch_size, self.shuffle = (x, y, weight), batch_size, shuffle
        self.arrays = [a for part in self.parts for a in _flat(part)]
        self.simple = len(self.arrays) == len(self.parts)
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
        return math.ceil(self.rows / self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        n, size = self.rows, self.batch_size
        order = random_generator().permutation(n) if self.shuffle else None
        for i in range(0, n, size):
            if order is None:
                batch = [None if a is None else a[i : i + size] for a in self.arrays]
            else:
                rows = order[i : i + size]
                # mode="clip" writes straight into out; "raise" would go through a copy
                batch = [
                    None
                    if a is None
                    else a.take(rows, 0, out if len(rows) == size else out[: len(rows)], "clip")
                    for a, out in self.gathered
                ]
            if self.simple:
                yield tuple(batch)  # type: ignore[misc]
                continue
            each = iter(batch)
            x, y, weight = (
                [next(each) for _ in part] if isinstance(part, list) else next(each)
                for part in self.parts
            )
            yield x, y, weight


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
        x, y, weight = entries(self.model, x, y, weight, self.class_weight)
        if not rows_of(x):
            raise ValueError("x: a batch has no rows")
        return x, y, weight


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

    def first(data: Any) -> Any:
        """Return the first of arrays in lists or dicts, None among them left out."""
        if isinstance(data, Mapping) and data:
            data = list(data.values())
        elif not is_list(data):
            return data
        return next((found for each in data if (found := first(each)) is not None), None)

    def count(data: Any) -> int:
        array = np.asarray(first(data))
        texts = array.size and isinstance(array.flat[0], (str, bytes))
        if (array.dtype.kind == "O" and not texts) or not array.ndim:
            raise ValueError("validation_split needs arrays; give validation_data instead")
        return len(array)

    def part(data: Any, rows: slice) -> Any:
        if data is None:
            return None
        if isinstance(data, Mapping):
            return {name: part(each, rows) for name, each in data.items()}
        if is_list(data):
            return [part(each, rows) for each in data]
        return np.asarray(data)[rows]

    n = count(x)
    cut = math.floor(n * (1 - share))
    if not 0 < cut < n:
        raise ValueError(f"validation_split of {share} leaves one part of the {n} rows empty")
    return (
        tuple(part(a, slice(None, cut)) for a in (x, y, weight)),
        tuple(part(a, slice(cut, None)) for a in (x, y, weight)),
    )


def is_list(data: Any) -> bool:
    """Whether it is a list of the arrays of several inputs, and not of the rows of one."""
    return isinstance(data, (list, tuple)) and any(each is not None for each in data) and all(
        each is None or isinstance(each, Mapping) or len(getattr(each, "shape", ())) > 0
        or is_list(each)
        for each in data
    )  # fmt: skip


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
        return iter(self.source) if self.limit is None else self._limited(self.limit)

    def _limited(self, steps: int) -> Iterator[Batch]:
        for step in range(steps):  # from where the last epoch stopped, as Keras
            batch = next(self.iterator, None) if self.iterator else None
            if batch is None and step == 0:
                self.iterator = iter(self.source)
                batch = next(self.iterator, None)
            if batch is None:
                self.iterator = None
                return ran_out(f"{step} of {steps} steps were left", stacklevel=6)
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
        if steps is None and hasattr(x, "cardinality") and x.cardinality() == -1:
            raise ValueError(
                "x is a dataset that repeats without end: give steps_per_epoch, validation_steps "
                "or steps"
            )
        return Batches(SequenceBatches(x, model, bool(shuffle), class_weight), steps)
    x, y, weight = entries(model, x, y, sample_weight, class_weight)
    if batch_size is None:
        rows = rows_of(x)
        batch_size = model.fixed_batch_size or (math.ceil(rows / steps) if steps else 32)
    return Batches(ArrayBatches(x, y, weight, batch_size=batch_size, shuffle=bool(shuffle)), steps)
