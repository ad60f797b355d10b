"""Model files: Keras's ``.keras``, ``.weights.h5`` and ``.h5`` (these need h5py), ``.safetensors``.

The tree of a ``.weights.h5`` has a group for every layer, named after its class with a counter;
``groups`` walks through it. Everything is written to a temporary file first and then renamed. There
is no pickle in any of these formats: a file cannot run code.
"""

from __future__ import annotations

import io
import json
import os
import struct
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from . import layers, models
from ._types import Array
from .backend import snake_case
from .configurable import custom_object_scope, lookup, serialize
from .layers.layer import Layer, Variable
from .layers.rnn import Recurrent
from .layers.wrapper import Bidirectional, TimeDistributed

ENDINGS = ".keras, .h5 or .safetensors"
TYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64}


# Configurations --------------------------------------------------------------------------------

LAYERS: dict[str, Any] = {
    snake_case(name): getattr(layers, name)
    for name in layers.__all__
    if isinstance(getattr(layers, name), type) and issubclass(getattr(layers, name), Layer)
}
LAYERS["sequential"] = models.Sequential


def layer_from(config: Mapping[str, Any]) -> Layer:
    """Return the layer that Keras's dict of class name and config describes."""
    if config.get("class_name") in ("Functional", "Model"):
        raise ValueError(
            "the file has a graph of layers (a Functional model), which is beyond "
            "fusedrnn; it has sequences of layers"
        )
    layer: Layer = lookup("layer", config, LAYERS)
    return layer


def model_config(model: Any) -> dict[str, Any]:
    """Return the whole description of a model, as in the ``config.json`` of a ``.keras`` file."""
    compiled = (
        {}
        if not model.compiled
        else {key: serialize(value) for key, value in model._compile_config.items()}
    )
    described: dict[str, Any] = serialize(model)
    return described | {
        "build_config": {"input_shape": model.input_shape},
        "compile_config": compiled,
    }


def model_from(config: Mapping[str, Any], compile: bool) -> Any:
    """Build the model of a description."""
    model: Any = layer_from(config)
    if not isinstance(model, models.Sequential):
        raise ValueError(f"the file has a {config['class_name']}, not a Sequential model")
    shape = (config.get("build_config") or {}).get("input_shape")
    if not model.built and shape:
        model.build(shape)
    compiled = config.get("compile_config")
    if compile and compiled:
        model.compile(**compiled)
    return model


# Weights ---------------------------------------------------------------------------------------


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


def _write_h5(file: Any, model: Any, optimizer: bool) -> None:
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


def _read_h5(file: Any, model: Any, optimizer: bool) -> None:
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


def _write_old(file: Any, model: Any) -> None:
    file.attrs["layer_names"] = [layer.name for layer in model.layers]
    file.attrs["keras_version"], file.attrs["backend"] = "3.0.0", "fusedrnn"
    for layer in model.layers:
        group = file.create_group(layer.name)
        names = [v.path for v in layer.weights]
        group.attrs["weight_names"] = np.array(names, "S") if names else np.zeros(0)
        for name, v in zip(names, layer.weights, strict=True):
            group[name] = v.value
    file.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _read_old(file: Any, model: Any) -> None:
    weights = []
    for name in map(_text, file.attrs["layer_names"]):
        weights += [file[name][_text(w)][()] for w in file[name].attrs["weight_names"]]
    model.set_weights(weights)


# Old whole-model files ---------------------------------------------------------------------------


def modern(config: Any, version: Any) -> Any:
    """Bring a configuration up to date that a version of Keras before 3 wrote."""
    if int(_text(version).split(".")[0]) >= 3:
        return config
    if isinstance(config, list):
        return [modern(c, version) for c in config]
    if not isinstance(config, dict):
        return config
    config = {key: modern(value, version) for key, value in config.items()}
    for key in ("activation", "recurrent_activation"):
        if config.get(key) == "hard_sigmoid":
            config[key] = "hard_sigmoid_keras2"
    inner = config.get("config")
    if config.get("class_name") == "Sequential" and isinstance(inner, list):
        config["config"] = {"layers": inner}
    if not isinstance(inner, dict):
        return config
    if config["class_name"] == "MeanMetricWrapper":
        return inner["name"]
    if config["class_name"] == "GRU":
        inner.setdefault("reset_after", False)
    dropped = {"is_legacy_optimizer", "jit_compile", "fn"}
    if "fn" in inner and inner.get("axis") == -1:
        dropped.add("axis")
    config["config"] = {key: value for key, value in inner.items() if key not in dropped}
    return config


def _old_model(file: Any, compile: bool) -> Any:
    version = file.attrs.get("keras_version", "2")
    config = modern(json.loads(_text(file.attrs["model_config"])), version)
    model = model_from(config, False)
    _read_old(file.get("model_weights", file), model)
    if compile and "training_config" in file.attrs:
        training = modern(json.loads(_text(file.attrs["training_config"])), version)
        optimizer = training.get("optimizer_config", "rmsprop")
        if isinstance(optimizer, dict):
            name = optimizer["class_name"].split(">")[-1]
            dropped = ("is_legacy_optimizer", "jit_compile")
            settings = {k: v for k, v in optimizer["config"].items() if k not in dropped}
            optimizer = {"class_name": name, "config": settings}
        model.compile(
            optimizer,
            training.get("loss"),
            training.get("loss_weights"),
            training.get("metrics"),
            training.get("weighted_metrics"),
        )
    return model


# safetensors -----------------------------------------------------------------------------------


def _safetensors(model: Any, optimizer: bool, config: str | None) -> bytes:
    arrays = {
        f"{path.removesuffix('/vars')}/{v.name}": v.value
        for path, _, variables in groups(model)
        for v in variables
    }
    if optimizer and model.compiled and model.optimizer.built:
        arrays |= {
            f"optimizer/{i}": np.asarray(a)
            for i, a in enumerate(model.optimizer.arrays(model.pack()))
        }
    header: dict[str, Any] = {"__metadata__": {"format": "fusedrnn"}}
    if config:
        header["__metadata__"]["config"] = config
    names, start = {np.dtype(t): name for name, t in TYPES.items()}, 0
    for name, a in arrays.items():
        header[name] = {
            "dtype": names[a.dtype],
            "shape": a.shape,
            "data_offsets": [start, start + a.nbytes],
        }
        start += a.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *(a.tobytes() for a in arrays.values())])


def _read_safetensors(path: str) -> tuple[dict[str, Array], dict[str, str]]:
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    metadata, body, arrays = header.pop("__metadata__", {}), data[8 + size :], {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(body[start:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def _load_safetensors(arrays: Mapping[str, Array], model: Any, optimizer: bool) -> None:
    model.set_weights(
        [
            arrays[f"{path.removesuffix('/vars')}/{v.name}"]
            for path, _, variables in groups(model)
            for v in variables
        ]
    )
    state = [arrays[f"optimizer/{i}"] for i in range(len(arrays)) if f"optimizer/{i}" in arrays]
    if optimizer and model.compiled and state:
        model.optimizer.set_arrays(model.pack(), state)


# Files -----------------------------------------------------------------------------------------


def _h5py() -> Any:
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            "this file format needs h5py: pip install h5py; or use the ending "
            ".safetensors, which needs nothing"
        ) from None
    return h5py


def _atomically(path: str, write: Callable[[Any], Any]) -> None:
    """Write a file by a function of its binary handle: all of it, or nothing."""
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".fusedrnn-")
    except OSError as error:
        raise type(error)(error.errno, error.strerror, path) from None
    try:
        with os.fdopen(handle, "w+b") as file:
            write(file)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _h5_bytes(write: Callable[[Any], Any]) -> bytes:
    buffer = io.BytesIO()
    with _h5py().File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


def _long_name(model: Any) -> dict[str, str]:
    """Return the loss in full where it is a name: from an h5 file Keras does not read "mse"."""
    named = isinstance(model._user_loss, str) and model.loss is not None
    return {"loss": model.loss.name} if named else {}


def save_model(
    model: Any,
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
        data = _safetensors(model, include_optimizer, config)
        _atomically(path, lambda file: file.write(data))
    elif path.endswith((".h5", ".hdf5")):

        def whole(file: Any) -> None:
            described = json.loads(config)
            file.attrs["model_config"] = json.dumps(
                {k: described[k] for k in ("class_name", "config")}
            )
            file.attrs["keras_version"], file.attrs["backend"] = "3.0.0", "fusedrnn"
            compiled = described["compile_config"]
            if compiled:
                file.attrs["training_config"] = json.dumps(
                    {
                        **{
                            key: compiled[key]
                            for key in ("loss", "metrics", "loss_weights", "weighted_metrics")
                        },
                        **_long_name(model),
                        "optimizer_config": compiled["optimizer"],
                    }
                )
            _write_old(file.create_group("model_weights"), model)

        data = _h5_bytes(whole)
        _atomically(path, lambda file: file.write(data))
    elif path.endswith(".keras"):
        weights = _h5_bytes(lambda file: _write_h5(file, model, include_optimizer))
        metadata = {"keras_version": "3.0.0", "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}

        def archive(file: Any) -> None:
            with zipfile.ZipFile(file, "w") as out:
                out.writestr("metadata.json", json.dumps(metadata))
                out.writestr("config.json", config)
                out.writestr("model.weights.h5", weights)

        _atomically(path, archive)
    else:
        raise ValueError(f"save: {path!r} must end in {ENDINGS}")


def load_model(
    filepath: Any,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
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
            arrays, metadata = _read_safetensors(path)
            if "config" not in metadata:
                raise ValueError("has weights only; build the model and use load_weights")
            model = model_from(json.loads(metadata["config"]), compile)
            _load_safetensors(arrays, model, compile)
        elif path.endswith((".h5", ".hdf5")):
            with _h5py().File(path, "r") as file:
                if "model_config" not in file.attrs:
                    raise ValueError("has weights only; build the model and use load_weights")
                model = _old_model(file, compile)
        elif path.endswith(".keras"):
            with zipfile.ZipFile(path) as archive:
                version = json.loads(archive.read("metadata.json"))["keras_version"]
                config = modern(json.loads(archive.read("config.json")), version)
                model = model_from(config, compile)
                weights = io.BytesIO(archive.read("model.weights.h5"))
            with _h5py().File(weights, "r") as file:
                _read_h5(file, model, compile)
        else:
            raise ValueError(f"must end in {ENDINGS}")
        return model


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write the weights: ``.weights.h5`` as Keras 3, ``.h5`` as Keras 2, or ``.safetensors``."""
    path = _target(filepath, overwrite)
    if path.endswith(".safetensors"):
        data = _safetensors(model, True, None)
    elif path.endswith(".weights.h5"):
        data = _h5_bytes(lambda file: _write_h5(file, model, True))
    elif path.endswith((".h5", ".hdf5")):
        data = _h5_bytes(lambda file: _write_old(file, model))
    else:
        raise ValueError(f"save_weights: {path!r} must end in .weights.h5, .h5 or .safetensors")
    _atomically(path, lambda file: file.write(data))


def load_weights(model: Any, filepath: Any) -> None:
    """Read the weights out of a file of weights or of a model."""
    path = _source(filepath)
    if not model.built:
        raise ValueError(f"load_weights: model {model.name} must be built first")
    with _reading("load_weights", path):
        if path.endswith(".safetensors"):
            _load_safetensors(_read_safetensors(path)[0], model, True)
            return
        source: Any = path
        if path.endswith(".keras"):
            with zipfile.ZipFile(path) as archive:
                source = io.BytesIO(archive.read("model.weights.h5"))
        with _h5py().File(source, "r") as file:
            if "model_weights" in file:
                _read_old(file["model_weights"], model)
            elif "layer_names" in file.attrs:
                _read_old(file, model)
            else:
                _read_h5(file, model, True)


class _reading:
    """Turns what damaged files bring about into an error that names the file."""

    def __init__(self, function: str, path: str) -> None:
        self.function, self.path = function, path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
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
