"""``tf.train``'s checkpoints: values of models, layers, optimizers and variables in a file.

A file is NumPy's ``.npz``, without an ending in its name, and no file of TensorFlow's.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from .. import _files
from .._types import Array
from ..layers.layer import Layer
from ..optimizers import Optimizer

_STARTS = b"PK", b"\x89H"  # of an archive, and of an HDF5 file


def latest_checkpoint(checkpoint_dir: Any, latest_filename: str | None = None) -> str | None:
    """Return the newest file of weights in a folder, None where there is none.

    Raises
    ------
    ValueError
        If there are TensorFlow's own checkpoints only, or its list of them has another name.
    """
    if latest_filename not in (None, "checkpoint"):
        raise ValueError(
            f"latest_checkpoint: latest_filename is {latest_filename!r}: no list is kept here, the "
            "newest file counts"
        )
    folder = os.fspath(checkpoint_dir)
    files = [path for path in glob.glob(os.path.join(glob.escape(folder), "*"))
             if os.path.isfile(path) and _has_weights(path)]  # fmt: skip
    if not files and glob.glob(os.path.join(glob.escape(folder), "*.index")):
        raise ValueError(
            f"latest_checkpoint: {folder} has checkpoints of TensorFlow's, which it alone reads: "
            "write the weights there by save_weights('name.weights.h5')"
        )
    return max(files, key=lambda path: (os.stat(path).st_mtime_ns, _number(path)), default=None)


def _has_weights(path: str) -> bool:
    with open(path, "rb") as file:
        return path.endswith(".safetensors") or file.read(2) in _STARTS


def _number(path: str) -> int:
    found = re.search(r"(\d+)$", path)
    return int(found[1]) if found else 0


class Checkpoint:
    """Models, layers, optimizers and variables under names, which a file keeps the values of."""

    def __init__(self, root: Any = None, **objects: Any) -> None:
        self._objects = ({} if root is None else {"root": root}) | objects
        for name, each in self._objects.items():
            if not isinstance(each, (Layer, Optimizer)) and not hasattr(each, "assign"):
                raise TypeError(
                    f"Checkpoint: {name} is {type(each).__name__}, expected a model, a layer, an "
                    "optimizer or a variable"
                )
            setattr(self, name, each)
        self.save_counter = 0

    def _arrays(self) -> dict[str, Array]:
        found = {"save_counter": np.array(self.save_counter)}
        for name, each in self._objects.items():
            found |= {f"{name}/{k}": array for k, array in enumerate(_values(name, each))}
        return found

    def write(self, file_prefix: Any, options: Any = None) -> str:
        """Write the values to a file of just this name; return the name."""
        path = os.fspath(file_prefix)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        arrays = self._arrays()

        def fill(to: Any) -> None:
            with open(to, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]

        _files.write(path, fill)
        return path

    def save(self, file_prefix: Any, options: Any = None) -> str:
        """Write the values to a file of this name with "-1", then "-2"; return its name."""
        self.save_counter += 1
        return self.write(f"{os.fspath(file_prefix)}-{self.save_counter}")

    def read(self, save_path: Any, options: Any = None) -> Any:
        """Read the values that ``write`` or ``save`` wrote; None reads nothing.

        Raises
        ------
        ValueError
            If the file is another's, or what is in it does not fit: nothing is changed then.
        """
        nothing: Any = SimpleNamespace(**dict.fromkeys(
            ("assert_consumed", "assert_existing_objects_matched", "assert_nontrivial_match",
             "expect_partial"), lambda: nothing))  # fmt: skip
        if save_path is None:
            return nothing
        path = _files.source(save_path)
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays: Mapping[str, Array] = dict(file)
            if "save_counter" not in arrays:
                raise ValueError("it was not written by Checkpoint")
        except Exception as error:
            raise ValueError(f"Checkpoint: {path} cannot be read: {error}") from error
        before = self._arrays()
        try:
            self._assign(arrays)
        except Exception as error:
            self._assign(before)
            raise ValueError(f"Checkpoint: {path} does not fit: {error}") from error
        return nothing

    restore = read

    def _assign(self, arrays: Mapping[str, Array]) -> None:
        def values(name: str) -> list[Array]:
            number = sum(key.startswith(f"{name}/") for key in arrays)
            return [arrays[f"{name}/{k}"] for k in range(number)]

        models = [each for each in self._objects.values() if isinstance(each, Layer)]
        for name, each in self._objects.items():
            if isinstance(each, Layer):
                each.set_weights(values(name))
            elif not isinstance(each, Optimizer):
                if len(found := values(name)) != 1:
                    raise ValueError(f"it has no variable {name!r}")
                each.assign(found[0])
        for name, each in self._objects.items():  # whose state goes along with the weights
            if isinstance(each, Optimizer):
                trained = each._trained and each._trained[0].buffer
                each.set_arrays(trained or models[0].pack(), values(name))
        self.save_counter = int(arrays["save_counter"])


def _values(name: str, each: Any) -> list[Array]:
    """Return what a file has of an object."""
    if isinstance(each, Layer):
        if not each.built:
            raise ValueError(f"Checkpoint: {name} has no weights yet: build it or call it first")
        return each.get_weights()
    return each.arrays() if isinstance(each, Optimizer) else [np.asarray(each)]


class CheckpointManager:
    """Keeps the newest ``max_to_keep`` files of a ``Checkpoint`` in a folder; None keeps all."""

    def __init__(
        self, checkpoint: Checkpoint, directory: Any, max_to_keep: int | None,
        checkpoint_name: str = "ckpt",
    ) -> None:  # fmt: skip
        self.checkpoint, self.directory = checkpoint, os.fspath(directory)
        self.max_to_keep, self.prefix = max_to_keep, os.path.join(self.directory, checkpoint_name)

    @property
    def checkpoints(self) -> list[str]:
        """The files, the newest last."""
        found = [path for path in glob.glob(f"{glob.escape(self.prefix)}-*")
                 if re.fullmatch(r"-\d+", path[len(self.prefix) :])]  # fmt: skip
        return sorted(found, key=_number)

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest file."""
        return next(reversed(self.checkpoints), None)

    def save(self, checkpoint_number: int | None = None) -> str:
        """Write a file and remove the oldest ones that are too many; return its name."""
        if checkpoint_number is None:
            path = self.checkpoint.save(self.prefix)
        else:
            path = self.checkpoint.write(f"{self.prefix}-{checkpoint_number}")
        for old in self.checkpoints[: -self.max_to_keep] if self.max_to_keep else []:
            os.remove(old)
        return path

    def restore_or_initialize(self) -> str | None:
        """Read the newest file, if there is one; return its name."""
        self.checkpoint.read(self.latest_checkpoint)
        return self.latest_checkpoint
