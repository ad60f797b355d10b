"""Models under Keras's names, and making one out of a file or a configuration."""

from __future__ import annotations

import json
from typing import Any

from . import legacy, missing
from .configurable import custom_object_scope
from .functional_model import Functional
from .layers.input import Input
from .layers.layer import layer_from
from .model import Model
from .sequential import Sequential
from .subclassed_model import Subclassed

__all__ = [
    "Functional",
    "Input",
    "Model",
    "Sequential",
    "Subclassed",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]


def model_from_json(text: str, custom_objects: Any = None) -> Model:
    """Build the model that ``model.to_json()`` described, with new weights.

    Raises
    ------
    ValueError
        If the text describes no such model.
    """
    try:
        described = json.loads(text)
        described = legacy.modern(described, described.get("keras_version", "3"))
        with custom_object_scope(custom_objects or {}):
            model = layer_from(described)
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"model_from_json: text describes no model: {error}") from error
    if not isinstance(model, Model):
        raise ValueError(f"model_from_json: text describes a {described['class_name']}")
    return model


def clone_model(model: Model) -> Model:
    """Return a model of the same layers with new weights."""
    return type(model).from_config(model.get_config())


def load_model(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Model:
    """Read a model that fusedrnn or Keras saved; see ``fusedrnn.saving.load_model``."""
    from . import saving  # costs more to import than the rest, and few scripts load a model

    return saving.load_model(filepath, custom_objects, compile, safe_mode)


def save_model(model: Model, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write a model to a file; see ``fusedrnn.saving.save_model``."""
    model.save(filepath, overwrite, **kwargs)


missing.answer(__name__)
