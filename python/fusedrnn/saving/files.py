"""Saving and loading models and weights; the ending of the path says in which format."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

from .. import _files
from ..configurable import custom_object_scope
from ..sequential import Sequential
from . import h5, keras2, safetensors
from .config import model_config

ENDINGS = ".keras, .h5 or .safetensors"


def save_model(
    model: Sequential,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: str | None = None,
) -> None:
    """Write a model: its layers, weights, compile arguments and the optimizer's state.

    ``filepath`` ends in ``.keras`` (Keras's own format), ``.h5`` (its old one, without the
    optimizer's state) or ``.safetensors``.
    """
    path = _target(filepath, overwrite)
    if not model.built:
        raise ValueError(f"save: model {model.name} has no weights yet; build it or fit it first")
    config = json.dumps(model_config(model))
    if path.endswith(".safetensors"):
        data = safetensors.file_bytes(model, include_optimizer, config)
        _files.write(path, lambda to: to.write_bytes(data))
    elif path.endswith((".h5", ".hdf5")):
        data = h5.tree_bytes(lambda file: keras2.write_model(file, model, config))
        _files.write(path, lambda to: to.write_bytes(data))
    elif path.endswith(".keras"):
        _files.write(path, lambda to: h5.write_archive(to, model, config, include_optimizer))
    else:
        raise ValueError(f"save: {path!r} must end in {ENDINGS}")


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Sequential:
    """Read a model that fusedrnn or Keras saved.

    Parameters
    ----------
    filepath : path
        A ``.keras``, ``.h5`` or ``.safetensors`` file.
    custom_objects : dict, optional
        Losses, metrics and layers of one's own, by name.
    compile : bool
        Whether to compile the model as it was.
    safe_mode : bool
        Accepted: no file runs code here.

    Raises
    ------
    FileNotFoundError
    ValueError
        If the file is damaged, or has what fusedrnn does not.
    """
    path = _source(filepath)
    with _reading("load_model", path), custom_object_scope(custom_objects or {}):
        if path.endswith(".safetensors"):
            return safetensors.read_model(path, compile)
        if path.endswith((".h5", ".hdf5")):
            with h5.h5py_or_error().File(path, "r") as file:
                return keras2.read_model(file, compile)
        if path.endswith(".keras"):
            return h5.read_archive(path, compile)
        raise ValueError(f"must end in {ENDINGS}")


def save_weights(model: Sequential, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights: ``.weights.h5`` as Keras 3, ``.h5`` as Keras 2, or ``.safetensors``."""
    path = _target(filepath, overwrite)
    if path.endswith(".safetensors"):
        data = safetensors.file_bytes(model, True, None)
    elif path.endswith(".weights.h5"):
        data = h5.tree_bytes(lambda file: h5.write_weights(file, model, True))
    elif path.endswith((".h5", ".hdf5")):
        data = h5.tree_bytes(lambda file: keras2.write_weights(file, model))
    else:
        raise ValueError(f"save_weights: {path!r} must end in .weights.h5, .h5 or .safetensors")
    _files.write(path, lambda to: to.write_bytes(data))


def load_weights(model: Sequential, filepath: Any) -> None:
    """Read the weights out of a file of weights or of a model."""
    path = _source(filepath)
    if not model.built:
        raise ValueError(f"load_weights: model {model.name} must be built first")
    with _reading("load_weights", path):
        if path.endswith(".safetensors"):
            safetensors.load(safetensors.read(path)[0], model, True)
            return
        source: Any = path
        if path.endswith(".keras"):
            source = h5.weights_in_archive(path)
        with h5.h5py_or_error().File(source, "r") as file:
            if "model_weights" in file:
                keras2.read_weights(file["model_weights"], model)
            elif "layer_names" in file.attrs:
                keras2.read_weights(file, model)
            else:
                h5.read_weights(file, model, True)


class _reading:
    """Turns what damaged files bring about into an error that names the file."""

    def __init__(self, function: str, path: str) -> None:
        self.function, self.path = function, path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import zipfile  # slow to import

        if isinstance(
            error,
            (
                OSError,
                KeyError,
                ValueError,
                TypeError,
                AttributeError,
                RuntimeError,  # h5py, of a damaged tree
                zipfile.BadZipFile,
                struct.error,
            ),
        ):
            reason = f"has no entry {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{self.function}: {self.path}: {reason}") from error


def _target(filepath: Any, overwrite: bool) -> str:
    path = str(os.fspath(filepath))
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"save: {path} exists, and overwrite is False")
    return path


def _source(filepath: Any) -> str:
    path = str(os.fspath(filepath))
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}")
    return path
