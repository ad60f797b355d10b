"""The description of a model, its layers and what it was compiled with, as JSON can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..configurable import serialize
from ..layers.layer import layer_from
from ..sequential import Sequential


def model_config(model: Sequential) -> dict[str, Any]:
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


def model_from(config: Mapping[str, Any], compile: bool) -> Sequential:
    """Build the model of a description."""
    model = layer_from(config)
    if not isinstance(model, Sequential):
        raise ValueError(f"the file has a {config['class_name']}, not a Sequential model")
    shape = (config.get("build_config") or {}).get("input_shape")
    if not model.built and shape:
        model.build(shape)
    compiled = config.get("compile_config")
    if compile and compiled:
        model.compile(**compiled)
    return model
