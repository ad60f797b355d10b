"""The ``.h5`` files of Keras 1 and 2, which Keras 3 still reads: weights listed layer by layer.

A whole model has its description in the file's attributes, in the spelling of its time, which
``legacy.modern`` brings up to date, and its optimizer's state in a list of its own.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np

from ..legacy import modern, text
from ..model import Model
from .config import assign, assign_some, model_from, parsed
from .h5 import numbers


def write_weights(file: Any, model: Model) -> None:
    """Write the weights."""
    file.attrs["layer_names"] = [layer.name for layer in model.layers]
    file.attrs["keras_version"], file.attrs["backend"] = "3.0.0", "fusedrnn"
    for layer in model.layers:
        group = file.create_group(layer.name)
        names = unique([v.path for v in layer.weights])  # of models inside, whose names repeat
        group.attrs["weight_names"] = np.array(names, "S") if names else np.zeros(0)
        for name, v in zip(names, layer.weights, strict=True):
            group[name] = v.value
    file.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0)


def unique(names: list[str]) -> list[str]:
    """Return names that differ."""
    return [f"{n}_{names[:k].count(n)}" if n in names[:k] else n for k, n in enumerate(names)]


def read_weights(
    file: Any, model: Model, by_name: bool = False, skip_mismatch: bool = False
) -> None:
    """Overwrite the weights, of the layers in order or of those that have a name of the file's."""
    stored = {
        name: [file[name][text(w)] for w in file[name].attrs["weight_names"]]
        for name in map(text, file.attrs["layer_names"])
    }
    if by_name:
        pairs = [(layer, stored.get(layer.name, [])) for layer in model.layers]
    elif skip_mismatch:
        layers = [layer for layer in model.layers if layer.weights]
        every = [datasets for datasets in stored.values() if datasets]
        if len(layers) != len(every):
            raise ValueError(
                "Layer count mismatch when loading weights from file. Model expected "
                f"{len(layers)} layers, found {len(every)} saved layers."
            )
        pairs = list(zip(layers, every, strict=True))
    else:
        assign(model, numbers([each for datasets in stored.values() for each in datasets]), [])
        return
    assign_some(model, [(p.name, p.weights, datasets) for p, datasets in pairs], skip_mismatch)


def _long_name(model: Model) -> dict[str, str]:
    """Return the loss in full where it is a name: from an h5 file Keras does not read "mse"."""
    if len(model._heads) == 1 and isinstance(model._terms[0].user_loss, str) and model.loss:
        return {"loss": getattr(model.loss, "key", model.loss.name)}
    return {}


def write_model(file: Any, model: Model, config: str, optimizer: bool) -> None:
    """Write description and weights, and with ``optimizer`` its state."""
    described = json.loads(config)
    file.attrs["model_config"] = json.dumps({k: described[k] for k in ("class_name", "config")})
    file.attrs["keras_version"], file.attrs["backend"] = "3.0.0", "fusedrnn"
    compiled = described["compile_config"]
    if compiled and optimizer:
        kept = ("loss", "metrics", "loss_weights", "weighted_metrics")
        file.attrs["training_config"] = json.dumps(
            {
                **{key: compiled[key] for key in kept},
                **_long_name(model),
                "optimizer_config": compiled["optimizer"],
            }
        )
    write_weights(file.create_group("model_weights"), model)
    if optimizer and model.compiled and model.optimizer.built:
        state = model.optimizer.arrays()
        group = file.create_group("optimizer_weights")
        names = [f"{model.optimizer.name}/{i}" for i in range(len(state))]
        group.attrs["weight_names"] = np.array(names, "S")
        for name, array in zip(names, state, strict=True):
            group[name] = array


def _variable(name: str) -> str:
    return name.rpartition("/")[0] if name.endswith(("/m:0", "/v:0")) else name


def _read_optimizer(group: Any, model: Model, version: Any) -> None:
    """Overwrite the optimizer's state; as Keras, begin anew with one of before Keras 3 if need be.

    Some versions of Keras 2 have all of Adam's "m" before all "v".
    """
    names = [text(name) for name in group.attrs["weight_names"]]
    first: dict[str, int] = {}  # where what belongs to a variable begins
    for i, name in enumerate(names):
        first.setdefault(_variable(name), i)
    names.sort(key=lambda name: first[_variable(name)])
    state = numbers([group[name] for name in names])
    try:
        model.optimizer.set_arrays(model.pack(), state)
    except ValueError:
        if int(text(version).split(".")[0]) >= 3:
            raise
        warnings.warn("the optimizer's state does not fit: it begins anew", stacklevel=2)


def read_model(file: Any, compile: bool) -> Model:
    """Return the model of a file."""
    if "model_config" not in file.attrs:
        raise ValueError("has weights only; build the model and use load_weights")
    version = file.attrs.get("keras_version", "2")
    config = modern(parsed(text(file.attrs["model_config"]), "model_config"), version)
    model = model_from(config, False)
    read_weights(file.get("model_weights", file), model)
    if compile and "training_config" in file.attrs:
        training = modern(parsed(text(file.attrs["training_config"]), "training_config"), version)
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
        if "optimizer_weights" in file:
            _read_optimizer(file["optimizer_weights"], model, version)
    return model
