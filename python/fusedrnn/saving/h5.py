"""Keras 3's tree of weights in HDF5, alone or in the archive ``.keras`` with the description.

The tree has a group for every layer, named after its class with a counter; ``groups`` walks it.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from .._state import snake_case
from ..layers.layer import Layer, Variable
from ..layers.rnn import Recurrent
from ..layers.wrapper import Bidirectional, TimeDistributed
from ..legacy import modern
from ..sequential import Sequential
from .config import model_from

WEIGHTS = "model.weights.h5"  # the tree in the archive


def h5py_or_error() -> Any:
    """Return the module h5py; ImportError with what to do if it is not installed."""
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            "this file format needs h5py: pip install h5py; or use the ending "
            ".safetensors, which needs nothing"
        ) from None
    return h5py


def tree_bytes(write: Callable[[Any], Any]) -> bytes:
    """Return the content of an HDF5 file that a function fills."""
    buffer = io.BytesIO()
    with h5py_or_error().File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


def groups(layer: Layer, path: str = "") -> Iterator[tuple[str, str, list[Variable]]]:
    """Yield path, name and variables of every group that Keras's file has for a layer."""
    yield f"{path}vars", layer.name, [] if isinstance(layer, Recurrent) else layer.variables
    if isinstance(layer, Recurrent):
        yield f"{path}cell/vars", f"{snake_case(type(layer).__name__)}_cell", layer.variables
    elif isinstance(layer, Bidirectional):
        yield from groups(layer.forward_layer, f"{path}forward_layer/")
        yield from groups(layer.backward_layer, f"{path}backward_layer/")
    elif isinstance(layer, TimeDistributed):
        yield from groups(layer.layer, f"{path}layer/")
    else:
        seen: Counter[str] = Counter()
        for inner in layer.layers:
            kind = snake_case(type(inner).__name__)
            name = f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1
            yield from groups(inner, f"{path}layers/{name}/")


def write_weights(file: Any, model: Sequential, optimizer: bool) -> None:
    """Write the weights, and with ``optimizer`` its state."""
    for path, name, variables in groups(model):
        group = file.create_group(path)
        group.attrs["name"] = name
        for i, v in enumerate(variables):
            group[str(i)] = v.value
    if optimizer and model.compiled and model.optimizer.built:
        group = file.create_group("optimizer/vars")
        group.attrs["name"] = model.optimizer.name
        for i, array in enumerate(model.optimizer.arrays(model.pack())):
            group[str(i)] = array


def read_weights(file: Any, model: Sequential, optimizer: bool) -> None:
    """Overwrite the weights, and with ``optimizer`` its state."""
    weights = []
    for path, name, variables in groups(model):
        if not variables:
            continue
        if path not in file:
            raise ValueError(f"has no weights for layer {name} (group {path})")
        weights += [file[path][str(i)][()] for i in range(len(variables))]
    model.set_weights(weights)
    if optimizer and model.compiled and "optimizer/vars" in file:
        group = file["optimizer/vars"]
        model.optimizer.set_arrays(model.pack(), [group[str(i)][()] for i in range(len(group))])


def write_archive(path: Path, model: Sequential, config: str, optimizer: bool) -> None:
    """Write a ``.keras`` file."""
    import zipfile  # slow to import

    weights = tree_bytes(lambda file: write_weights(file, model, optimizer))
    metadata = {"keras_version": "3.0.0", "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("metadata.json", json.dumps(metadata))
        out.writestr("config.json", config)
        out.writestr(WEIGHTS, weights)


def read_archive(path: str, compile: bool) -> Sequential:
    """Return the model of a ``.keras`` file."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        version = json.loads(archive.read("metadata.json"))["keras_version"]
        config = modern(json.loads(archive.read("config.json")), version)
        model = model_from(config, compile)
        weights = io.BytesIO(archive.read(WEIGHTS))
    with h5py_or_error().File(weights, "r") as file:
        read_weights(file, model, compile)
    return model


def weights_in_archive(path: str) -> io.BytesIO:
    """Return the tree of weights of a ``.keras`` file."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return io.BytesIO(archive.read(WEIGHTS))
