"""The description of a model, its layers and what it was compiled with, as JSON can hold it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from .. import functional_model, sequential  # noqa: F401  descriptions have them by name
from ..configurable import serialize
from ..layers.layer import layer_from
from ..model import Model

LONGEST = 8 << 20
"""Characters of a description; one of a thousand layers has two million."""


def parsed(text: str | bytes, what: str) -> dict[str, Any]:
    """Return what JSON text in a file says; ValueError if it is none or no object."""
    if len(text) > LONGEST:
        raise ValueError(f"{what} is longer than {LONGEST:,} characters")
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(f"{what} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{what} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise ValueError(f"{what} is no JSON object")
    return found


def model_config(model: Model) -> dict[str, Any]:
    """Return the whole description of a model, as in the ``config.json`` of a ``.keras`` file."""
    compiled = (
        {}
        if not model.compiled
        else {key: serialize(value) for key, value in model._compile_config.items()}
    )
    described: dict[str, Any] = serialize(model)
    built = {"build_config": {"input_shape": model.input_shape}} if model.built else {}
    return described | built | {"compile_config": compiled}


def model_from(config: Mapping[str, Any], compile: bool) -> Model:
    """Build the model of a description."""
    model = layer_from(config)
    if not isinstance(model, Model):
        raise ValueError(f"the file has a {config['class_name']}, not a model")
    shape = (config.get("build_config") or {}).get("input_shape")
    if not model.built and shape:
        model.build(shape)
    compiled = config.get("compile_config")
    if compile and compiled:
        model.compile(**compiled)
    return model


def assign_some(model: Model, parts: Iterable[Any], skip: bool) -> None:
    """Overwrite what a file has: parts are a name, variables and datasets, perhaps none of these.

    With ``skip`` those that do not fit are left as they are, and a warning says so.
    """
    found: dict[Any, Any] = {}
    for name, variables, datasets in parts:
        shapes = [v.shape for v in variables], [tuple(d.shape) for d in datasets]
        if shapes[0] == shapes[1]:
            found.update(zip(variables, datasets, strict=True))
        elif datasets:
            text = f"layer {name} has weights of shapes {shapes[0]}, the file {shapes[1]}"
            if not skip:
                raise ValueError(text)
            warnings.warn(f"Skipping loading of weights: {text}", stacklevel=6)
    assign(model, [found.get(v, v.value) for v in model.weights], [])


def assign(model: Model, weights: Iterable[Any], state: list[Any]) -> None:
    """Overwrite a model's weights and, unless ``state`` is empty, its optimizer's; all or none."""
    before = model.get_weights()
    model.set_weights(weights)
    if state:
        try:
            model.optimizer.set_arrays(model.pack(), state)
        except BaseException:
            model.set_weights(before)
            raise
