"""``.safetensors``: a JSON header and plain arrays, with the model's description in the header."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from .._types import Array
from ..model import Model
from ..stream import NotStreamable, describe
from .config import assign, model_from, parsed
from .h5 import groups, with_own

TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64}


def file_bytes(model: Model, optimizer: bool, config: str | None) -> bytes:
    """Return the content of a file; without a description it has weights only."""
    for method in ("save_own_variables", "save_assets"):
        for _, layer in with_own(method, model):
            raise ValueError(f"layer {layer.name} has a {method} of its own: save it as .keras")
    names = {
        v: f"{path.removesuffix('/vars')}/{v.name}"
        for path, _, variables, _ in groups(model)
        for v in variables
    }
    arrays = {name: v.value for v, name in names.items()}
    if optimizer and model.compiled and model.optimizer.built:
        arrays |= {f"optimizer/{i}": np.asarray(a) for i, a in enumerate(model.optimizer.arrays())}
    header: dict[str, Any] = {"__metadata__": {"format": "fusedrnn"}}
    if config:
        header["__metadata__"]["config"] = config
        with suppress(NotStreamable):  # for programs without Python: csrc/include/fusedrnn.h
            header["__metadata__"]["stream"], more = describe(model, names.__getitem__)
            arrays |= more
    types, start = {np.dtype(t): name for name, t in TYPES.items()}, 0
    for name, a in arrays.items():
        header[name] = {
            "dtype": types[a.dtype],
            "shape": a.shape,
            "data_offsets": [start, start + a.nbytes],
        }
        start += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *(a.tobytes() for a in arrays.values())])


def read(path: str) -> tuple[dict[str, Array], dict[str, str]]:
    """Return the arrays of a file and its metadata."""
    with open(path, "rb") as file:
        data = memoryview(file.read())
    size = int.from_bytes(data[:8], "little")
    if not 8 + size <= len(data):
        raise ValueError(f"has {len(data)} bytes, too few for a header and its length")
    header = parsed(bytes(data[8 : 8 + size]), "the header")
    metadata, body = header.pop("__metadata__", {}), data[8 + size :]
    if not isinstance(metadata, dict):
        raise ValueError("the header's __metadata__ is no JSON object")
    arrays, place = {}, 0
    for name, entry in sorted(header.items(), key=lambda each: tuple(each[1]["data_offsets"])):
        if entry["dtype"] not in TYPES:
            raise ValueError(
                f"{name} has type {entry['dtype']}, expected one of {', '.join(TYPES)}"
            )
        start, end = entry["data_offsets"]
        dtype, shape = np.dtype(TYPES[entry["dtype"]]).newbyteorder("<"), tuple(entry["shape"])
        if start != place or end - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(f"{name} does not lie in bytes {start} to {end}, where it should")
        arrays[name], place = np.frombuffer(body[start:end], dtype).reshape(shape), end
    if place != len(body):
        raise ValueError(f"has {len(body)} bytes of arrays, expected {place}")
    return arrays, metadata


def load(arrays: Mapping[str, Array], model: Model, optimizer: bool) -> None:
    """Overwrite the weights, and with ``optimizer`` its state."""
    weights = [
        arrays[f"{path.removesuffix('/vars')}/{v.name}"]
        for path, _, variables, _ in groups(model)
        for v in variables
    ]
    state = [arrays[f"optimizer/{i}"] for i in range(len(arrays)) if f"optimizer/{i}" in arrays]
    assign(model, weights, state if optimizer and model.compiled else [])


def read_model(path: str, compile: bool) -> Model:
    """Return the model of a file."""
    arrays, metadata = read(path)
    if "config" not in metadata:
        raise ValueError("has weights only; build the model and use load_weights")
    model = model_from(parsed(metadata["config"], "the header's config"), compile)
    load(arrays, model, compile)
    return model
