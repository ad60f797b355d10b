"""``tf.data.Dataset``: elements that come one after another, again and again.

A data set whose elements are rows of arrays passes on numbers of rows, however they are shuffled,
repeated or cut, until ``batch`` takes the rows out of the arrays at once; other elements cost a
step of Python each.
"""

from __future__ import annotations

import glob
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._state import random_generator
from .._tensor import Tensor, tensor
from .._types import Array
from ..checks import whole
from ..graph import Leaf, filled, form_of, leaves, like
from .setup import Options as Options
from .types import TensorSpec, as_dtype, cast_values, convert_to_tensor, int64

AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -1, -2
BLOCK = 256  # rows that are taken out of arrays at once where single ones are asked for


# Structures ---------------------------------------------------------------------------------------


def map_structure(func: Any, *structures: Any) -> Any:
    """Return nested tuples, lists and dicts with what a function makes of each leaf."""
    first = structures[0]
    if isinstance(first, dict):
        return {key: map_structure(func, *(s[key] for s in structures)) for key in first}
    if isinstance(first, (tuple, list)):
        return like(first, [map_structure(func, *each) for each in zip(*structures, strict=True)])
    return func(*structures)


def flatten(structure: Any) -> list[Any]:
    """Return the leaves of nested tuples, lists and dicts."""
    return list(leaves(structure, Leaf))


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """Return nested tuples, lists and dicts with other leaves."""
    return filled(form_of(structure), list(flat_sequence))


def _element(value: Any) -> Any:
    """Return what an element is made of: tuples and dicts of tensors, or of data sets."""
    if isinstance(value, dict):
        return {key: _element(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return like(value, list(map(_element, value)))
    return value if isinstance(value, (Dataset, Tensor)) else convert_to_tensor(value)


def _call(function: Callable[..., Any], element: Any) -> Any:
    return function(*element) if isinstance(element, tuple) else function(element)


def _stacked(elements: list[Any]) -> Any:
    return map_structure(lambda *leaves: tensor(np.stack(leaves)), *elements)


def _spec(leaf: Any, first: tuple[int | None, ...], skip: int) -> TensorSpec:
    kind = "string" if leaf.dtype.kind in "UO" else leaf.dtype
    return TensorSpec((*first, *leaf.shape[skip:]), kind)


# The data set -------------------------------------------------------------------------------------


class Dataset:
    """A data set, made by ``from_tensor_slices`` and others.

    Parameters
    ----------
    elements : callable
        It starts anew: returns an iterator over the elements.
    size : int
        Their number, ``INFINITE_CARDINALITY`` or ``UNKNOWN_CARDINALITY``.
    like : Dataset, optional
        One whose elements have the same shapes.

    Examples
    --------
    >>> numbers = fusedrnn.data.Dataset.from_tensor_slices([1, 2, 3])
    >>> [batch.tolist() for batch in numbers.map(lambda x: 2 * x).batch(2)]
    [[2, 4], [6]]
    """

    _take: Callable[[Array], Any] | None = None  # rows by number, and
    _numbers: Callable[[], Iterator[Array]]  # these, piece by piece
    _plain = False  # whether they are 0, 1, 2, ... to the end
    _first: tuple[int | None, ...] = ()  # sizes of the first axes, for the spec
    _batch_of: Dataset | None = None

    def __init__(
        self,
        elements: Callable[[], Iterator[Any]],
        size: int = UNKNOWN_CARDINALITY,
        like: Dataset | None = None,
    ) -> None:
        self._elements, self._size, self._like = elements, size, like
        if like is not None:
            self._first = like._first

    @classmethod
    def of_rows(
        cls,
        take: Callable[[Array], Any],
        numbers: Callable[[], Iterator[Array]] | int,
        size: int | None = None,
        like: Dataset | None = None,
    ) -> Dataset:
        """Return the data set of rows that ``take`` takes by number; all of them, or these."""
        plain = numbers if isinstance(numbers, int) else None

        def elements() -> Iterator[Any]:
            for piece in made._numbers():
                for start in range(0, len(piece), BLOCK):
                    rows = take(piece[start : start + BLOCK])
                    for k in range(min(BLOCK, len(piece) - start)):
                        yield map_structure(lambda a, k=k: tensor(a[k]), rows)

        made = cls(elements, size if plain is None else plain, like)  # type: ignore[arg-type]
        made._take, made._plain = take, plain is not None
        made._numbers = numbers if plain is None else lambda: iter([np.arange(plain)])  # type: ignore[assignment]
        return made

    # Sources ------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """Return the rows of an array, or of arrays in a tuple or dict."""
        arrays = _element(tensors)
        sizes = {len(leaf) for leaf in flatten(arrays)}
        if len(sizes) != 1:
            raise ValueError(
                f"from_tensor_slices: the arrays have {sorted(sizes)} rows, expected as many each"
            )
        return Dataset.of_rows(
            lambda rows: map_structure(lambda a: a.take(rows, 0), arrays), sizes.pop()
        )

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """Return a data set of one element."""
        element = _element(tensors)
        return Dataset(lambda: iter([element]), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = (),
        output_signature: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Return what a function generates, in the types that are said."""
        if not callable(generator):
            raise TypeError("from_generator: generator is no function that returns an iterable")
        types = output_types
        if output_signature is not None:
            types = map_structure(lambda spec: spec.dtype, output_signature)

        def typed(element: Any) -> Any:
            if types is None:
                return _element(element)
            element = tuple(element) if isinstance(types, tuple) else element
            return map_structure(lambda t, x: tensor(cast_values(x, t)), types, element)

        return Dataset(lambda: map(typed, generator(*args or ())))

    @staticmethod
    def range(*args: int, output_type: Any = int64, name: str | None = None) -> Dataset:
        """Return numbers as Python's ``range``."""
        return Dataset.from_tensor_slices(np.arange(*args, dtype=as_dtype(output_type)))

    @staticmethod
    def list_files(pattern: Any, shuffle: bool = True, seed: int | None = None) -> Dataset:
        """Return the names of files."""
        patterns = [pattern] if isinstance(pattern, str) else pattern
        files = Dataset.from_tensor_slices(sorted(f for p in patterns for f in glob.glob(str(p))))
        return files.shuffle(len(files), seed) if shuffle else files

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Return the elements of several data sets side by side, to the end of the shortest."""
        given = datasets if datasets is not None else args[0] if len(args) == 1 else args
        every: list[Dataset] = flatten(given)
        sizes = [d._size for d in every if d._size != INFINITE_CARDINALITY]
        size = min(sizes) if sizes else INFINITE_CARDINALITY
        if all(d._plain for d in every):
            return Dataset.of_rows(lambda rows: map_structure(lambda d: d._take(rows), given), size)

        def elements() -> Iterator[Any]:
            for row in zip(*every, strict=False):
                yield pack_sequence_as(given, row)

        return Dataset(elements, size)

    # Order --------------------------------------------------------------------------------------

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = True,
        name: str | None = None,
    ) -> Dataset:
        """Return the elements in a random order, each out of the next ``buffer_size``."""
        size, buffer = self._size, whole("shuffle", "buffer_size", int(buffer_size))
        again = reshuffle_each_iteration is not False
        if not again and seed is None:
            seed = int(random_generator().integers(1 << 31))
        kept = random_generator(seed) if seed is not None and again else None

        def generator() -> np.random.Generator:
            return kept or random_generator(seed)

        if self._take is None or size < 0:
            return Dataset(lambda: _shuffled(iter(self), buffer, generator()), size, self)

        def numbers() -> Iterator[Array]:
            rows = np.concatenate([*self._numbers(), np.empty(0, np.intp)])
            if buffer >= len(rows):
                yield generator().permutation(rows)
            else:
                yield np.fromiter(_shuffled(iter(rows), buffer, generator()), np.intp, len(rows))

        return Dataset.of_rows(self._take, numbers, size, self)

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """Return all elements ``count`` times, by default without end."""
        times = None if count is None or count < 0 else int(count)
        if times is None:
            size = INFINITE_CARDINALITY
        else:
            size = self._size * times if self._size >= 0 else self._size

        def through(start: Callable[[], Iterator[Any]]) -> Iterator[Any]:
            for _ in itertools.count() if times is None else range(times):
                yield from start()

        return self._passing(through, size)

    def take(self, count: int, name: str | None = None) -> Dataset:
        """Return the first elements, all for a number below 0."""
        if count < 0:
            return self
        known = count if self._size == INFINITE_CARDINALITY else min(self._size, count)
        return self._between(0, int(count), known)

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """Return all but the first elements; none for -1."""
        if count < 0:
            return self.take(0)
        size = max(self._size - count, 0) if self._size >= 0 else self._size
        return self._between(int(count), None, size)

    def _between(self, first: int, last: int | None, size: int) -> Dataset:
        if self._take is None:
            return Dataset(lambda: itertools.islice(self, first, last), size, self)

        def numbers() -> Iterator[Array]:
            start = 0
            for piece in self._numbers():
                yield piece[max(first - start, 0) : None if last is None else last - start]
                start += len(piece)
                if last is not None and start >= last:
                    return

        return Dataset.of_rows(self._take, numbers, size, self)

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Return every ``num_shards``-th element from number ``index`` on."""
        size = len(range(index, self._size, num_shards)) if self._size >= 0 else self._size
        return Dataset(lambda: itertools.islice(self, index, None, num_shards), size, self)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """Return the elements, then those of another data set."""
        sizes = self._size, dataset._size
        size = sum(sizes) if min(sizes) >= 0 else max(n for n in sizes if n < 0)
        return Dataset(lambda: itertools.chain(self, dataset), size, self)

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """Return the elements, kept in memory from the first whole pass on."""
        kept: list[Any] = []
        done = False

        def through(start: Callable[[], Iterator[Any]]) -> Iterator[Any]:
            nonlocal done
            if done:
                yield from kept
                return
            seen = []
            for each in start():
                seen.append(each)
                yield each
            kept[:], done = seen, True

        return self._passing(through, self._size)

    def prefetch(self, buffer_size: int | None = None, name: str | None = None) -> Dataset:
        """Return the data set: its elements are there as soon as they are asked for."""
        return self

    def _passing(
        self, through: Callable[[Callable[[], Iterator[Any]]], Iterator[Any]], size: int
    ) -> Dataset:
        """Return what becomes of the elements, or of the numbers of rows, in pieces."""
        if self._take is None:
            return Dataset(lambda: through(lambda: iter(self)), size, self)
        return Dataset.of_rows(self._take, lambda: through(self._numbers), size, self)

    # Batches ------------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Return so many elements at a time, as one of arrays with one more axis."""
        n = whole("batch", "batch_size", int(batch_size))
        take = self._take

        def elements() -> Iterator[Any]:
            if take is None:
                yield from map(_stacked, self._pieces(n, drop_remainder))
                return
            rest = np.empty(0, np.intp)
            for piece in self._numbers():
                rows = np.concatenate([rest, piece]) if len(rest) else piece
                whole_rows = len(rows) - len(rows) % n
                for i in range(0, whole_rows, n):
                    yield map_structure(tensor, take(rows[i : i + n]))
                rest = rows[whole_rows:]
            if len(rest) and not drop_remainder:
                yield map_structure(tensor, take(rest))

        made = self._of_batches(elements, n, drop_remainder)
        made._batch_of = self
        return made

    def _pieces(self, size: int, whole_ones: bool) -> Iterator[list[Any]]:
        """Yield so many elements at a time."""
        each = iter(self)
        for piece in iter(lambda: list(itertools.islice(each, size)), []):
            if len(piece) == size or not whole_ones:
                yield piece

    def _of_batches(
        self, elements: Callable[[], Iterator[Any]], size: int, whole_ones: bool
    ) -> Dataset:
        count = self._size // size if whole_ones else -(-self._size // size)
        made = Dataset(elements, self._size if self._size < 0 else count)
        made._first = (size if whole_ones else None,)
        return made

    def padded_batch(
        self,
        batch_size: int,
        padded_shapes: Any = None,
        padding_values: Any = None,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Return batches of arrays of different lengths, the shorter ones filled up."""

        def stacked(part: Any, shape: Any, value: Any) -> Any:
            most = [max(sizes) for sizes in zip(*(x.shape for x in part), strict=True)]
            if shape is not None:
                sizes = shape if np.ndim(shape) else [shape]
                most = [m if s in (None, -1) else int(s) for m, s in zip(most, sizes, strict=True)]
            fill = value if value is not None else "" if part[0].dtype.kind == "U" else 0
            kind = np.result_type(*(x.dtype for x in part))
            out = np.full((len(part), *most), fill, kind)
            for k, x in enumerate(part):
                out[k, ...][tuple(slice(0, n) for n in x.shape)] = x
            return tensor(out)

        def padded(elements: list[Any]) -> Any:
            parts = list(zip(*map(flatten, elements), strict=True))
            shapes = [None] * len(parts) if padded_shapes is None else _parts(padded_shapes)
            values = padding_values if isinstance(padding_values, tuple) else [padding_values] * 99
            return pack_sequence_as(elements[0], map(stacked, parts, shapes, values))

        n = int(batch_size)
        return self._of_batches(
            lambda: map(padded, self._pieces(n, drop_remainder)), n, drop_remainder
        )

    def bucket_by_sequence_length(
        self,
        element_length_func: Callable[..., Any],
        bucket_boundaries: Any,
        bucket_batch_sizes: Any,
        padded_shapes: Any = None,
        padding_values: Any = None,
        pad_to_bucket_boundary: bool = False,
        no_padding: bool = False,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Return batches of elements of about the same length, the shorter ones filled up."""
        if pad_to_bucket_boundary or no_padding:
            raise NotImplementedError("bucket_by_sequence_length: pads to the longest of a batch")

        def elements() -> Iterator[Any]:
            buckets: dict[int, list[Any]] = defaultdict(list)
            for each in self:
                k = int(np.searchsorted(bucket_boundaries, _call(element_length_func, each),
                                        "right"))  # fmt: skip
                buckets[k].append(each)
                if len(buckets[k]) == bucket_batch_sizes[k]:
                    yield batch(buckets.pop(k))
            if not drop_remainder:
                yield from (batch(buckets[k]) for k in sorted(buckets))

        def batch(every: list[Any]) -> Any:
            padded = _of_list(every).padded_batch(len(every), padded_shapes, padding_values)
            return padded.get_single_element()

        made = Dataset(elements)
        made._first = (None,)
        return made

    def unbatch(self, name: str | None = None) -> Dataset:
        """Return the rows of the elements."""
        return self.flat_map(
            lambda *parts: Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0])
        )

    def window(
        self,
        size: int,
        shift: int | None = None,
        stride: int = 1,
        drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Return data sets of ``size`` elements each, of every ``shift``-th start."""
        shift, span = size if shift is None else int(shift), (int(size) - 1) * int(stride) + 1
        if self._take is not None and self._size >= 0:
            return self._windows_of_rows(int(size), shift, stride, drop_remainder)

        def elements() -> Iterator[Any]:
            each, kept = iter(self), list[Any]()
            while True:
                kept += itertools.islice(each, span - len(kept))
                inside = kept[:span:stride]
                if not inside or (drop_remainder and len(inside) < size):
                    return
                columns = zip(*map(flatten, inside), strict=True)
                yield pack_sequence_as(inside[0], map(_of_list, columns))
                list(itertools.islice(each, max(shift - len(kept), 0)))
                del kept[:shift]

        return Dataset(elements)

    def _windows_of_rows(self, size: int, shift: int, stride: int, whole_ones: bool) -> Dataset:
        span = (size - 1) * stride + 1
        starts = range(0, max(self._size - span + 1, 0) if whole_ones else self._size, shift)
        take: Any = self._take
        shape = take(np.empty(0, np.intp))

        def part(k: int) -> Callable[[Array], Any]:
            return lambda rows: flatten(take(rows))[k]

        parts = [part(k) for k in range(len(flatten(shape)))]

        def elements() -> Iterator[Any]:
            numbers = np.concatenate([*self._numbers(), np.empty(0, np.intp)])
            for start in starts:
                rows = numbers[start : start + span : stride]
                each = [Dataset.of_rows(p, partial(iter, [rows]), len(rows)) for p in parts]
                yield pack_sequence_as(shape, each)

        return Dataset(elements, len(starts))

    # Functions ----------------------------------------------------------------------------------

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        **kwargs: Any,
    ) -> Dataset:
        """Return what a function makes of each element; a tuple's parts are its arguments."""
        made = Dataset(lambda: (_element(_call(map_func, each)) for each in self), self._size)
        made._first = self._first
        return made

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Return the elements for which a function is true."""
        return Dataset(lambda: (e for e in self if _call(predicate, e)), like=self)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """Return the elements up to the first for which a function is not true."""
        return Dataset(lambda: itertools.takewhile(lambda e: _call(predicate, e), self), like=self)

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """Return the elements of the data sets that a function makes of each element."""
        return Dataset(lambda: (x for each in self for x in _call(map_func, each)))

    def interleave(
        self,
        map_func: Callable[..., Any],
        cycle_length: int | None = None,
        block_length: int | None = None,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """Return elements of several of the data sets that a function makes, in turn."""

        def elements() -> Iterator[Any]:
            each, most = iter(self), cycle_length if cycle_length and cycle_length > 0 else 2
            running: list[Any] = [iter(_call(map_func, e)) for e in itertools.islice(each, most)]
            while running:
                for k in range(len(running)):
                    block = list(itertools.islice(running[k], block_length or 1))
                    yield from block
                    if len(block) < (block_length or 1):
                        following = next(each, None)
                        running[k] = None if following is None else iter(_call(map_func, following))
                running = [r for r in running if r is not None]

        return Dataset(elements)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Return each element with its number."""
        end = start + self._size if self._size >= 0 else 1 << 62
        count = (
            Dataset.range(start, end)
            if self._size >= 0
            else Dataset(lambda: (tensor(np.int64(k)) for k in itertools.count(start)), self._size)
        )
        return Dataset.zip((count, self))

    def reduce(
        self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None
    ) -> Any:
        """Return the last of what ``reduce_func(state, element)`` gives."""
        state = _element(initial_state)
        for each in self:
            state = _element(reduce_func(state, each))
        return state

    def scan(
        self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None
    ) -> Dataset:
        """Return what ``state, output = scan_func(state, element)`` gives."""

        def elements() -> Iterator[Any]:
            state = _element(initial_state)
            for each in self:
                state, output = scan_func(state, each)
                yield _element(output)

        return Dataset(elements, self._size)

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """Return what a function makes of the data set."""
        return transformation_func(self)

    # Elements -----------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Any]:
        return self._elements()

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return the elements as plain arrays."""
        return (map_structure(lambda leaf: leaf.numpy(), each) for each in self)

    def get_single_element(self, name: str | None = None) -> Any:
        """Return the only element."""
        (element,) = self
        return element

    def cardinality(self) -> Any:
        """Return the number of elements; -1 for no end, -2 if it is not known."""
        return tensor(np.int64(self._size))

    def __len__(self) -> int:
        if self._size < 0:
            known = "infinite" if self._size == INFINITE_CARDINALITY else "of unknown length"
            raise TypeError(f"The dataset is {known}.")
        return self._size

    def __bool__(self) -> bool:
        return True

    @property
    def element_spec(self) -> Any:
        """Shapes and types of an element, by the first; None for the rows of an open batch."""
        if self._like is not None:
            return self._like.element_spec
        if self._batch_of is not None:
            return map_structure(
                lambda spec: TensorSpec((*self._first, *spec.shape), spec.dtype),
                self._batch_of.element_spec,
            )
        if self._take is not None:  # the rows may be drawn
            element, first, skip = self._take(np.zeros(1, np.intp)), self._first, 1
        else:
            element, first, skip = next(iter(self)), self._first, len(self._first)
        return map_structure(
            lambda leaf: leaf if isinstance(leaf, Dataset) else _spec(leaf, first, skip), element
        )

    def options(self) -> Options:
        """Return settings, which change nothing."""
        return Options()

    def with_options(self, options: Any, name: str | None = None) -> Dataset:
        """Return the data set: settings change nothing of the elements."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"data.Dataset has no {name!r} here: write it with from_generator, map and filter"
        )

    def __repr__(self) -> str:
        size = {-1: "without end", -2: "of unknown length"}.get(self._size, f"of {self._size}")
        return f"<Dataset {size}>"


def _of_list(elements: Iterable[Any]) -> Dataset:
    every = list(elements)
    return Dataset(lambda: iter(every), len(every))


def _shuffled(
    each: Iterator[Any], buffer_size: int, generator: np.random.Generator
) -> Iterator[Any]:
    """Yield elements out of a buffer that the following ones fill, as TensorFlow does."""
    buffer = list(itertools.islice(each, buffer_size))
    for element in each:
        k = int(generator.random() * len(buffer))
        yield buffer[k]
        buffer[k] = element
    for k in generator.permutation(len(buffer)):
        yield buffer[k]


def _parts(shapes: Any) -> list[Any]:
    """Return the shape of each part of an element."""
    if isinstance(shapes, dict):
        return [each for part in shapes.values() for each in _parts(part)]
    nested = isinstance(shapes, tuple) and any(isinstance(s, (tuple, list)) for s in shapes)
    return [each for part in shapes for each in _parts(part)] if nested else [shapes]


def TextLineDataset(filenames: Any, **kwargs: Any) -> Dataset:
    """Return the lines of text files."""
    names = np.atleast_1d(np.asarray(filenames, str))

    def elements() -> Iterator[Any]:
        for name in names:
            with Path(str(name)).open(encoding="utf-8") as file:
                yield from (tensor(np.array(line.rstrip("\r\n"))) for line in file)

    return Dataset(elements)


def cardinality(dataset: Dataset) -> Any:
    """Return the number of elements; -1 for no end, -2 if it is not known."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: int) -> Callable[[Dataset], Dataset]:
    """Return what says of a data set how many elements it has."""
    return lambda dataset: Dataset(dataset._elements, int(expected_cardinality), dataset)


def prefetch_to_device(*args: Any, **kwargs: Any) -> Callable[[Dataset], Dataset]:
    """Return what leaves a data set as it is."""
    return lambda dataset: dataset
