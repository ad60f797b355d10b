"""``text_dataset_from_directory``: the text files of folders as a data set of batches."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from ..tf.data import Dataset

OF = "text_dataset_from_directory"


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str = "tf",
    verbose: bool = True,
) -> Any:
    """Return batches of the texts in ``.txt`` files and of their labels, as Keras.

    The order of shuffled files and the split by a seed are Keras's; what the data set shuffles
    anew in each epoch is not.

    Parameters
    ----------
    directory : path
        It has a folder of files for each class.
    labels : "inferred", sequence of int, or None
        The folder's place among them, one for each file, or none.
    label_mode : "int", "binary", "categorical" or None
        int32 (N,), float32 (N, 1), one-hot float32 (N, classes), or texts alone.
    class_names : sequence of str, optional
        The folders and their order, else that of the alphabet.
    batch_size : int or None
        Texts of a batch; None for single texts.
    max_length : int, optional
        Bytes after which a text is cut off.
    shuffle : bool
    seed : int, optional
    validation_split : float, optional
        Share of the files for validation.
    subset : {"training", "validation", "both"}, optional
        Which part is returned; "both" for a list of the two data sets.
    follow_links : bool
    format : "tf"
        Any other kind of data set is refused.
    verbose : bool
        Whether to print how many files and classes there are.

    Returns
    -------
    Dataset or list of Dataset

    Raises
    ------
    ValueError
        If arguments do not go together, or there are no files.
    """
    for name, value, known in (
        ("label_mode", label_mode, ("int", "categorical", "binary", None)),
        ("subset", subset, ("training", "validation", "both", None)),
        ("format", format, ("tf",)),
        ("labels", labels if isinstance(labels, str) else None, ("inferred", None)),
    ):
        if value not in known:
            raise ValueError(f"{OF}: {name} is {value!r}, expected one of {known}")
    if batch_size is not None:
        whole(OF, "batch_size", batch_size)
    if validation_split and not 0 < validation_split < 1:
        raise ValueError(f"{OF}: validation_split is {validation_split}, expected 0 to 1")
    if bool(validation_split) != bool(subset):
        raise ValueError(f"{OF}: validation_split and subset go together")
    if validation_split and shuffle and seed is None:
        raise ValueError(f"{OF}: a shuffled split needs a seed, or its parts overlap")
    if labels is None or label_mode is None:
        labels = label_mode = None
    inferred = isinstance(labels, str)
    if class_names is not None and not inferred:
        raise ValueError(f"{OF}: class_names go with labels='inferred'")

    directory = os.fspath(directory)
    names, files, found = _files(directory, class_names if inferred else [""], follow_links)
    if not inferred and labels is not None:
        found = np.asarray(labels, np.int32)
        names = [str(label) for label in sorted(set(found.tolist()))]
        if len(found) != len(files):
            raise ValueError(
                f"{OF}: labels has {len(found)} entries, but there are {len(files)} files"
            )
    if verbose:
        of = "" if labels is None else f" belonging to {len(names)} classes"
        print(f"Found {len(files)} files{of}.")
    if label_mode == "binary" and len(names) != 2:
        raise ValueError(f"{OF}: label_mode='binary' needs 2 classes, got {names}")
    if seed is None:
        seed = int(np.random.default_rng().integers(1_000_000))
    order = np.arange(len(files))
    if shuffle:
        np.random.RandomState(seed).shuffle(order)
    targets: Array = found.astype(np.int32)
    if label_mode == "binary":
        targets = targets[:, None].astype(np.float32)
    elif label_mode == "categorical":
        targets = np.eye(len(names), dtype=np.float32)[targets]

    def dataset(rows: Array, mixed: bool) -> Dataset:
        if not len(rows):
            raise ValueError(f"{OF}: no text files in {directory}, which end in .txt")

        def take(numbers: Array) -> Any:
            texts = np.array([_content(files[k], max_length) for k in rows[numbers]])
            return texts if label_mode is None else (texts, targets[rows[numbers]])

        made = Dataset.of_rows(take, len(rows))
        if mixed:
            made = made.shuffle(8 * batch_size if batch_size is not None else 1024, seed)
        made = made if batch_size is None else made.batch(batch_size)
        made.class_names = None if labels is None else list(names)  # type: ignore[attr-defined]
        return made

    if not validation_split:
        return dataset(order, shuffle)
    cut = len(files) - int(validation_split * len(files))
    parts = {"training": order[:cut], "validation": order[cut:]}
    if subset != "both":
        parts = {subset: parts[subset]}  # type: ignore[index, dict-item]
    for name, rows in parts.items():
        print(f"Using {len(rows)} files for {name}.")
    sets = [dataset(r, shuffle and (n == "training" or subset != "both")) for n, r in parts.items()]
    return sets if subset == "both" else sets[0]


def _files(
    directory: str, names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str], list[str], Array]:
    """Return the classes, the files of them, and the number of each file's class."""
    folders = sorted(e.name for e in os.scandir(directory) if e.is_dir() and e.name[0] != ".")
    if names is None:
        names = folders
    elif names != [""] and not set(names) <= set(folders):
        raise ValueError(f"{OF}: class_names is {names}, but the folders are {folders}")
    found = [(f, k) for k, n in enumerate(names)
             for f in _below(os.path.join(directory, n), follow_links)]  # fmt: skip
    return list(names), [f for f, _ in found], np.array([k for _, k in found], np.int32)


def _below(folder: str, follow_links: bool) -> Iterator[str]:
    for root, _, files in sorted(os.walk(folder, followlinks=follow_links)):
        yield from (os.path.join(root, f) for f in sorted(files) if f.lower().endswith(".txt"))


def _content(file: str, most: int | None) -> str:
    with open(file, "rb") as f:
        return f.read(-1 if most is None else most).decode("utf-8", "replace")
