"""Sequences of unequal length made equal, windows as a generator, and pairs of words nearby."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import missing
from .._state import random_generator
from .._types import Array
from ..checks import whole

__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]


def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> Array:
    """Return sequences as rows of one array, cut or filled up with ``value``.

    Parameters
    ----------
    sequences : list of sequences
        Each a list of numbers, or an array whose first axis is time.
    maxlen : int, optional
        Length of the rows; by default that of the longest sequence.
    dtype : str
        Type of the result.
    padding, truncating : {"pre", "post"}
        Whether to fill up, and to cut, at the start or at the end.
    value : number
        What to fill up with.

    Returns
    -------
    (N, maxlen, ...) array

    Raises
    ------
    ValueError
        If they are no sequences of steps of one shape, or of another side.

    Examples
    --------
    >>> fusedrnn.preprocessing.sequence.pad_sequences([[1, 2, 3], [4]]).tolist()
    [[1, 2, 3], [0, 0, 4]]
    """
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} is {where!r}, expected 'pre' or 'post'")
    try:
        lengths = [len(s) for s in sequences]
    except TypeError:
        raise ValueError("pad_sequences: sequences must be a list of sequences") from None
    maxlen = (
        max(lengths, default=0) if maxlen is None else whole("pad_sequences", "maxlen", maxlen, 0)
    )
    shapes = {np.asarray(s).shape[1:] for s in sequences if len(s)} or {()}
    if len(shapes) > 1:
        raise ValueError(f"pad_sequences: steps have different shapes {sorted(shapes)}")
    out = np.full((len(lengths), maxlen, *shapes.pop()), value, dtype)
    for row, s in zip(out, sequences, strict=True):
        kept = s[max(len(s) - maxlen, 0) :] if truncating == "pre" else s[:maxlen]
        if len(kept):
            row[slice(maxlen - len(kept), None) if padding == "pre" else slice(len(kept))] = (
                np.asarray(kept, dtype)
            )
    return out


class TimeseriesGenerator:
    """Batches of windows of a series, as Keras had it before version 3.

    ``generator[i]`` is a batch ``(samples, targets)``: a sample has ``length`` steps, every
    ``sampling_rate``-th row before its target; a new one starts every ``stride`` rows.

    Parameters
    ----------
    data, targets : arrays of as many rows
    length : int
        Rows that a sample spans.
    sampling_rate : int
    stride : int
    start_index, end_index : int, optional
        The first and the last row to use.
    shuffle : bool
        Whether the samples of a batch are drawn at random.
    reverse : bool
        Whether each sample runs from its last row to its first.
    batch_size : int

    Raises
    ------
    ValueError
        If the arrays do not fit each other, or there are too few rows.

    Examples
    --------
    >>> rows = np.arange(6)
    >>> x, y = fusedrnn.preprocessing.sequence.TimeseriesGenerator(rows, rows, length=3)[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [3, 4, 5])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
    ) -> None:
        if len(data) != len(targets):
            raise ValueError(
                f"TimeseriesGenerator: data has {len(data)} rows, targets {len(targets)}"
            )
        counts = {
            "length": length,
            "sampling_rate": sampling_rate,
            "stride": stride,
            "batch_size": batch_size,
        }
        for name, count in counts.items():
            whole("TimeseriesGenerator", name, count)
        whole("TimeseriesGenerator", "start_index", start_index, 0)
        self.data, self.targets = np.asarray(data), np.asarray(targets)
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        if self.start_index > self.end_index:
            raise ValueError(
                f"TimeseriesGenerator: start_index + length = {self.start_index} is "
                f"beyond end_index = {self.end_index}"
            )
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size

    def __len__(self) -> int:
        return math.ceil((self.end_index - self.start_index + 1) / (self.batch_size * self.stride))

    def __getitem__(self, index: int) -> tuple[Array, Array]:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        if self.shuffle:
            ends = random_generator().integers(
                self.start_index, self.end_index + 1, self.batch_size
            )
        else:
            first = self.start_index + self.batch_size * self.stride * index
            ends = np.arange(
                first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride
            )
        samples = np.array([self.data[e - self.length : e : self.sampling_rate] for e in ends])
        return samples[:, ::-1] if self.reverse else samples, self.targets[ends]


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Array:
    """Return for each rank of a word how likely it is to be kept (Mikolov et al., 2013).

    ``min(1, sqrt(sampling_factor / frequency))``, where by Zipf's law the inverse frequency of rank
    r is ``r (log r + 0.577) + 1/2 - 1/(12 r)``; rank 0 counts as 1.

    Parameters
    ----------
    size : int
        How many ranks.
    sampling_factor : float

    Returns
    -------
    (size,) array
    """
    rank = np.maximum(np.arange(size), 1)
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    f = sampling_factor * inverse
    return np.minimum(1.0, f / np.sqrt(f))  # as Keras rounds the square root


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Return pairs of words: nearby ones, labelled 1, and random ones, labelled 0.

    Drawn by Python's ``random``, with the same results as Keras.

    Parameters
    ----------
    sequence : list of int
        Numbers of words; 0 is none and is skipped.
    vocabulary_size : int
        The numbers of random words are 1 to ``vocabulary_size - 1``.
    window_size : int
        How far two words may be apart.
    negative_samples : float
        How many random pairs there are for each of nearby words.
    shuffle : bool
    categorical : bool
        Whether labels are [0, 1] and [1, 0].
    sampling_table : array, optional
        Probability of each word to be kept: ``make_sampling_table``.
    seed : int, optional
        Of the order only.
    """
    couples = []
    for i, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        near = [*sequence[max(i - window_size, 0) : i], *sequence[i + 1 : i + window_size + 1]]
        couples += [[word, other] for other in near if other]
    yes, no = ([0, 1], [1, 0]) if categorical else (1, 0)
    labels: list[Any] = [yes] * len(couples)
    if negative_samples > 0:
        words = [word for word, _ in couples]
        random.shuffle(words)
        count = int(len(couples) * negative_samples)
        couples += [
            [words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)
        ]
        labels += [no] * count
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        for each in (couples, labels):  # in the same order
            random.seed(seed)
            random.shuffle(each)
    return couples, labels


missing.answer(__name__)
