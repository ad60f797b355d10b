"""What the data sets of Keras share: where they come from, how they are read and cut.

Texts are lists of different lengths, which NumPy keeps in files as pickles: a reader that knows
arrays only takes them, so that a file cannot run code.
"""

from __future__ import annotations

import io
import json
import os
import pickle
from typing import Any

import numpy as np

from .. import legacy
from .._download import get_file
from .._types import Array

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


class ArraysOnly(pickle.Unpickler):
    """Reads pickles that have nothing but NumPy's arrays, numbers, texts and lists in them."""

    def find_class(self, module: str, name: str) -> Any:
        """Return one of the three that make an array."""
        if (module.replace("._core", ".core"), name) in (
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("numpy.core.multiarray", "_reconstruct"),
        ):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no array: refused, in a data set")


def fetch(path: Any, name: str, file_hash: str) -> str:
    """Return where a file of Keras's is, fetched if need be; ``path`` is its name in the folder."""
    return get_file(path, f"{ORIGIN}{name}", file_hash=file_hash)


def fetch_json(path: Any, name: str, file_hash: str) -> Any:
    """Return what a JSON file of Keras's says."""
    with open(fetch(path, name, file_hash), encoding="utf-8") as file:
        return json.load(file)


def arrays(path: str) -> dict[str, Array]:
    """Return the arrays of an ``.npz`` file."""
    import zipfile

    found = {}
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            found[member.removesuffix(".npy")] = _array(archive.read(member))
    return found


def _array(data: bytes) -> Array:
    file, header = io.BytesIO(data), np.lib.format
    version = header.read_magic(file)
    read = header.read_array_header_1_0 if version == (1, 0) else header.read_array_header_2_0
    if read(file)[2].hasobject:
        found: Array = ArraysOnly(file).load()
        return found
    file.seek(0)
    return header.read_array(file, allow_pickle=False)


def shuffled(rng: Any, *parts: Array) -> list[Array]:
    """Return the rows of arrays in the same random order."""
    order = np.arange(len(parts[0]))
    rng.shuffle(order)
    return [part[order] for part in parts]


def housing(x: Array, y: Array, test_split: float, seed: int) -> Any:
    """Return rows in a random order, cut into those to train and those to test with."""
    x, y = shuffled(np.random.RandomState(seed), x, y)
    cut = int(len(x) * (1 - test_split))
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def check_split(test_split: float) -> None:
    """Refuse a share that leaves nothing to train with."""
    if not 0 <= test_split < 1:
        raise ValueError(
            f"Invalid `test_split` argument: {test_split}. It must be between 0 and 1 "
            "(exclusive of 1)."
        )


def numbered(xs: Any, start_char: int | None, index_from: int) -> list[list[int]]:
    """Return texts with their numbers moved up by ``index_from``, after ``start_char``."""
    start = [] if start_char is None else [start_char]
    return [[*start, *(w + index_from for w in x)] for x in xs]


def shorter(maxlen: int | None, xs: list[list[int]], labels: Any) -> tuple[list[list[int]], Any]:
    """Return the texts of less than ``maxlen`` words, and their labels."""
    if not maxlen:
        return xs, labels
    kept = [i for i, x in enumerate(xs) if len(x) < maxlen]
    return [xs[i] for i in kept], [labels[i] for i in kept]


def limited(
    xs: list[list[int]], num_words: int | None, skip_top: int, oov_char: int | None
) -> list[list[int]]:
    """Return texts with ``oov_char``, or nothing, for the most and the least frequent words."""
    last = num_words or max(max(x) for x in xs)
    if oov_char is None:
        return [[w for w in x if skip_top <= w < last] for x in xs]
    return [[w if skip_top <= w < last else oov_char for w in x] for x in xs]


def old_arguments(num_words: int | None, kwargs: dict[str, Any]) -> int | None:
    """Return ``num_words``, which Keras 1 called otherwise; nothing else may be left."""
    num_words = legacy.argument("Tokenizer.num_words", num_words, kwargs)
    if kwargs:
        raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
    return num_words


def objects(xs: list[list[int]]) -> Array:
    """Return an array of lists."""
    return np.array(xs, dtype="object")


def cifar(name: str, file_hash: str) -> str:
    """Return the folder of a data set of Krizhevsky's."""
    origin = f"https://www.cs.toronto.edu/~kriz/{name}-python.tar.gz"
    whole = "batches-py" if name == "cifar-10" else "python"
    folder = get_file(f"{name}-{whole}-target", origin, extract=True, file_hash=file_hash)
    return os.path.join(folder, f"{name}-{whole}")


def cifar_batch(folder: str, name: str, labels: str) -> tuple[Array, Array]:
    """Return the images and the labels of a file."""
    with open(os.path.join(folder, name), "rb") as file:
        found = ArraysOnly(file, encoding="bytes").load()
    images = found[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, np.reshape(found[labels.encode()], (-1, 1))
