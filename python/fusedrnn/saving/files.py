"""Saving and loading models and weights; the ending of the path says in which format."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from .. import _files, _state
from ..checks import number
from ..configurable import custom_object_scope
from ..model import Model
from . import h5, keras2, safetensors
from .config import model_config

ENDINGS = ".keras, .h5 or .safetensors"
FORMATS = ".keras", ".h5", ".hdf5", ".safetensors"
FOLDERS = "folders (SavedModel) are TensorFlow's own"
ALWAYS, RATIO = 128 << 20, 64
"""Bytes that what is in a file may take: so many, or so many times the size of the file. Weights
hardly compress: what takes more is no model but made to fill the memory."""


def save_model(
    model: Model,
    filepath: Any,
    overwrite: bool = True,
    include_optimizer: bool = True,
    save_format: str | None = None,
    zipped: bool = True,
    **kwargs: Any,
) -> None:
    """Write a model: its layers, weights, compile arguments and the optimizer's state.

    Parameters
    ----------
    model : Model
    filepath : path
        Ends in ``.keras`` (Keras's own format), ``.h5`` (its old one) or ``.safetensors``, which
        needs no h5py. Without an ending, where TensorFlow 2 would make a folder, it is a ``.keras``
        archive, and a warning says so.
    overwrite : bool
        If False, a file that exists is an error.
    include_optimizer : bool
        Whether the optimizer's state is written.
    save_format : str, optional
        Accepted; the ending says it.
    zipped : bool
        If False, what would be in a ``.keras`` file goes into a folder of the name, which has no
        ending.
    **kwargs
        None are known.

    Raises
    ------
    FileExistsError
        If ``overwrite`` is False, and there is such a file.
    ValueError
        Of another ending, or, but for ``.keras``, a model that is not built.
    ImportError
        If h5py is missing.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fusedrnn.saving.save_model(model, os.path.join(folder, "model.safetensors"))
    ...     os.listdir(folder)
    ['model.safetensors']
    """
    path = _target(filepath, overwrite)
    if kwargs:
        raise ValueError(f"save: The following argument(s) are not supported: {list(kwargs)}")
    if not model.built and not path.endswith(".keras"):
        raise ValueError(f"save: model {model.name} has no weights yet; build it or fit it first")
    config = json.dumps(model_config(model))
    if not zipped:
        if path.endswith(FORMATS):
            raise ValueError(f"save: with zipped=False, {path!r} should not end in {ENDINGS}")
        _files.write_folder(
            path, lambda to: h5.write_unzipped(to, model, config, include_optimizer)
        )
    elif path.endswith(".safetensors"):
        data = safetensors.file_bytes(model, include_optimizer, config)
        _files.write(path, lambda to: to.write_bytes(data))
    elif path.endswith((".h5", ".hdf5")):
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # as Keras, for this one
        data = h5.tree_bytes(
            lambda file: keras2.write_model(file, model, config, include_optimizer)
        )
        _files.write(path, lambda to: to.write_bytes(data))
    elif path.endswith(".keras") or _bare(path):
        if _bare(path):
            warnings.warn(f"save: {path!r} is a .keras archive, for {FOLDERS}", stacklevel=3)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # as TensorFlow's folders
        _files.write(path, lambda to: h5.write_archive(to, model, config, include_optimizer))
    else:
        raise ValueError(
            f"save: Invalid filepath extension for saving: {path!r} must end in {ENDINGS}"
        )


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """Read a model that fusedrnn or Keras saved.

    Parameters
    ----------
    filepath : path
        A ``.keras``, ``.h5`` or ``.safetensors`` file, or a folder of ``zipped=False``.
    custom_objects : dict, optional
        Losses, metrics and layers of one's own, by name.
    compile : bool
        Whether to compile the model as it was.
    safe_mode : bool
        Accepted: no file runs code here.

    Returns
    -------
    Model

    Raises
    ------
    OSError
        If there is no such file or it cannot be read.
    ValueError
        If the file is damaged, or has what fusedrnn does not.
    ImportError
        If h5py is missing.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     model.save(path)
    ...     fusedrnn.saving.load_model(path).output_shape
    (None, 8)
    """
    path = _files.text(filepath).rstrip("/")
    if not (path.endswith(FORMATS) or _bare(path)):
        raise ValueError(f"load_model: File format not supported: {path} must end in {ENDINGS}")
    folder = _bare(path) and os.path.isdir(path)
    if folder and not os.path.isfile(os.path.join(path, h5.WEIGHTS)):
        raise ValueError(
            f"load_model: {path!r} is a folder, and {FOLDERS}: save it as .keras there"
        )
    if folder:
        sizes = [os.path.join(path, h5.WEIGHTS)]
    else:
        path = _files.source(filepath)
        sizes = [path]
    with _reading("load_model", path, sizes), custom_object_scope(custom_objects or {}):
        if folder:
            return h5.read_archive(h5.zipped(path), compile)
        if path.endswith(".safetensors"):
            return safetensors.read_model(path, compile)
        if path.endswith((".h5", ".hdf5")):
            with h5.opened(_content(path)) as file:
                return keras2.read_model(file, compile)
        return h5.read_archive(path, compile)


def _bare(path: str) -> bool:
    return not os.path.splitext(path)[1]


def save_weights(
    model: Model, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None,
    objects_to_skip: Any = None,
) -> None:  # fmt: skip
    """Write the weights: ``.weights.h5`` as Keras 3, ``.safetensors``, or else as Keras 2.

    Parameters
    ----------
    model : Model
    filepath : path
        With another ending than these and ``.h5``, where TensorFlow would write its checkpoints, a
        warning says that it is HDF5.
    overwrite : bool
        If False, a file that exists is an error.
    max_shard_size : float, optional
        Gigabytes (2**30) of a file: ``model.weights.json`` says in which of the files
        ``model_00000.weights.h5`` and so on beside it a weight is, as Keras has it.
    objects_to_skip : list of Layer, optional
        Layers whose weights are left out, of ``.weights.h5`` and of files in parts.

    Raises
    ------
    FileExistsError
        If ``overwrite`` is False, and there is such a file.
    ValueError
        If the model is not built, or the ending is not for parts or for leaving out.
    ImportError
        If h5py is missing.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fusedrnn.saving.save_weights(model, os.path.join(folder, "weights.safetensors"))
    """
    path = _target(filepath, overwrite)
    if not model.built:
        raise ValueError(
            f"save_weights: You are saving a model that has not yet been built: {model.name}; call "
            "it on data first, or build(input_shape)"
        )
    skipped = objects_to_skip or ()
    if max_shard_size is not None or path.endswith(".weights.json"):
        _save_parts(model, path, max_shard_size, skipped)
        return
    if skipped and not path.endswith(".weights.h5"):
        raise ValueError(f"save_weights: objects_to_skip is for .weights.h5, not {path!r}")
    if path.endswith(".safetensors"):
        data = safetensors.file_bytes(model, True, None)
    elif path.endswith(".weights.h5"):
        data = h5.tree_bytes(lambda file: h5.write_weights(file, model, True, skipped))
    else:
        if not path.endswith((".h5", ".hdf5")):
            warnings.warn(f"save_weights: {path!r} is an HDF5 file, end it in .h5", stacklevel=3)
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # as TensorFlow's checkpoints
        data = h5.tree_bytes(lambda file: keras2.write_weights(file, model))
    _files.write(path, lambda to: to.write_bytes(data))


def _save_parts(model: Model, path: str, size: float | None, skipped: Any) -> None:
    if not path.endswith((".weights.h5", ".weights.json")):
        raise ValueError(
            "save_weights: The filename must end in `.weights.json` when `max_shard_size` is "
            f"specified, got {path!r}"
        )
    size = number("save_weights", "max_shard_size", 5 if size is None else size, 0)
    if path.endswith(".h5"):
        path = f"{path.removesuffix('.h5')}.json"
        warnings.warn(
            f"Saving sharded weights requires `*.json` as the extension: it is {path}", stacklevel=4
        )
    text, made = h5.parts(model, os.path.basename(path), size * 2**30, skipped)
    for name, data in made.items():
        part = os.path.join(os.path.dirname(path), name)
        _files.write(part, partial(Path.write_bytes, data=data))
    _files.write(path, lambda to: to.write_text(text))


def load_weights(
    model: Model,
    filepath: Any,
    skip_mismatch: bool = False,
    by_name: bool = False,
    objects_to_skip: Any = None,
    **kwargs: Any,
) -> None:
    """Read the weights out of a file of weights or of a model.

    Parameters
    ----------
    model : Model
    filepath : path
    skip_mismatch : bool
        Whether to leave layers as they are whose weights do not fit, with a warning.
    by_name : bool
        Whether to take from an ``.h5`` file of Keras 2 the layers of the model's names.
    objects_to_skip : list of Layer, optional
        Layers that stay as they are, of ``.weights.h5`` and of files in parts.
    **kwargs
        None are known.

    Raises
    ------
    OSError, ValueError, ImportError
        As of :func:`load_model`; ValueError also if the model is not built, or a shape differs.

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "weights.safetensors")
    ...     fusedrnn.saving.save_weights(model, path)
    ...     fusedrnn.saving.load_weights(fusedrnn.models.clone_model(model), path)
    """
    if kwargs:
        raise ValueError(f"load_weights: Invalid keyword arguments: {kwargs}")
    path = _files.source(filepath)
    if by_name and (not path.endswith((".h5", ".hdf5")) or path.endswith(".weights.h5")):
        raise ValueError(
            "`by_name` only supports loading legacy '.h5' or '.hdf5' files. Received: " + path
        )
    in_parts = path.endswith(".weights.json")
    if objects_to_skip is not None and not (in_parts or path.endswith(".weights.h5")):
        raise ValueError(
            f"`objects_to_skip` only supports loading '.weights.h5' files. Received: {path}"
        )
    if not model.built:
        raise ValueError(
            "load_weights: You are loading weights into a model that has not yet been built: "
            f"{model.name} must be built first"
        )
    options: dict[str, Any] = {"skip_mismatch": skip_mismatch, "skipped": objects_to_skip or ()}
    if in_parts:
        with _reading("load_weights", path, [path]):
            found = h5.parts_of(path)
        with _reading("load_weights", path, found):
            h5.read_parts(found, model, **options)
        return
    with _reading("load_weights", path, [path]):
        if path.endswith(".safetensors"):
            safetensors.load(safetensors.read(path)[0], model, True)
            return
        with open(path, "rb") as start:  # Keras 2 wrote HDF5 files that end in .keras, or anyhow
            archive = start.read(2) == b"PK"
        with h5.opened(h5.weights_in_archive(path) if archive else _content(path)) as file:
            old = file.get("model_weights", file)
            if "layer_names" in old.attrs:
                keras2.read_weights(old, model, by_name, skip_mismatch)
            else:
                h5.read_weights(file, model, True, **options)


@contextmanager
def _reading(function: str, path: str, files: Iterable[Any]) -> Iterator[None]:
    """Bound what is read, and turn all that a damaged file brings about into one kind of error."""
    try:
        with _state.room(max(ALWAYS, RATIO * sum(map(os.path.getsize, files)))):
            yield
    except (ImportError, MemoryError):  # h5py is missing; the machine is too small
        raise
    except Exception as error:
        reason = str(error)
        if isinstance(error, KeyError):
            reason = f"has no entry {error}"
        elif not isinstance(error, (ValueError, OSError, NotImplementedError)):
            reason = f"is damaged ({type(error).__name__}: {error})"
        raise ValueError(f"{function}: {path}: {reason}") from error


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _target(filepath: Any, overwrite: bool) -> str:
    path = _files.text(filepath)
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(f"save: {path} exists, and overwrite is False")
    return path
