"""Models under Keras's names, and making one out of a file or a configuration."""

from __future__ import annotations

import copy
import json
from typing import Any

from . import legacy, missing
from .configurable import custom_object_scope
from .functional_model import Functional
from .layers.input import Input
from .layers.layer import Layer, layer_from
from .layers.operation import Operation
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

    Parameters
    ----------
    text : str
    custom_objects : dict, optional
        Layers of one's own by name.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If the text describes no such model.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> fusedrnn.models.model_from_json(model.to_json()).output_shape
    (None, 8)
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


def clone_model(
    model: Model, input_tensors: Any = None, clone_function: Any = None, call_function: Any = None,
    recursive: bool = False,
) -> Model:  # fmt: skip
    """Return a model of the same layers with new weights, compiled if the model is.

    Parameters
    ----------
    model : Model
    input_tensors : tensor without values, or list or dict of them, optional
        What the new graph begins with, in the form of ``model.input``.
    clone_function : callable, optional
        Takes a layer, returns the one of the new model; by default one of the same configuration.
    call_function : callable, optional
        Takes a layer of the new graph and the arguments of its call, and returns what it gives.
    recursive : bool
        Whether it goes into the models inside too.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If one of these is given for a model whose layers are in its code, or ``call_function`` for
        a Sequential.

    Examples
    --------
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> fusedrnn.models.clone_model(model).count_params() == model.count_params()
    True
    """
    if isinstance(model, Sequential) and call_function is not None:
        raise ValueError("`call_function` argument is not supported with Sequential models")
    if not isinstance(model, (Sequential, Functional)):
        if any(each is not None for each in (input_tensors, clone_function, call_function)):
            raise ValueError(
                f"clone_model: {model.name} is a subclassed model, whose layers are in its code: "
                "clone_function, call_function and input_tensors are for graphs"
            )
        return type(model).from_config(model.get_config())
    return _clone(model, input_tensors, clone_function, call_function, recursive, {})


def _clone(
    model: Any, tensors: Any, function: Any, call: Any, recursive: bool, made: dict[Any, Any]
) -> Model:
    def layer_of(layer: Layer) -> Any:
        if layer not in made:
            if recursive and isinstance(layer, (Sequential, Functional)):
                inner = None if isinstance(layer, Sequential) else call
                made[layer] = _clone(layer, None, function, inner, recursive, made)
            elif isinstance(layer, Operation):
                made[layer] = copy.copy(layer)
            elif function is not None:
                made[layer] = function(layer)
            else:
                made[layer] = type(layer).from_config(layer.get_config())
        return made[layer]

    if isinstance(model, Sequential):
        if isinstance(tensors, (list, tuple)):
            (tensors,) = tensors
        first = Input(tensor=tensors) if tensors is not None else model.first
        every = [*([] if first is None else [first]), *map(layer_of, model.layers)]
        new: Any = Sequential(every, name=model.name, trainable=model.trainable)
    else:
        new = model.on(tensors, layer_of, call)
    if model.compiled:
        config = copy.deepcopy({k: v for k, v in model._compile_config.items() if k != "optimizer"})
        optimizer = model.optimizer
        new.compile(type(optimizer).from_config(optimizer.get_config()), **config)
    return new


def load_model(
    filepath: Any, custom_objects: Any = None, compile: bool = True, safe_mode: bool = True
) -> Model:
    """Read a model that fusedrnn or Keras saved.

    Parameters
    ----------
    filepath, custom_objects, compile, safe_mode
        As of :func:`fusedrnn.saving.load_model`, which has the errors too.

    Returns
    -------
    Model

    Examples
    --------
    >>> import os, tempfile
    >>> model = fusedrnn.Sequential([fusedrnn.Input((10, 3)), fusedrnn.layers.LSTM(8)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "model.safetensors")
    ...     model.save(path)
    ...     again = fusedrnn.models.load_model(path)
    >>> x = np.random.rand(2, 10, 3)
    >>> bool((model.predict(x, verbose=0) == again.predict(x, verbose=0)).all())
    True
    """
    from . import saving  # costs more to import than the rest, and few scripts load a model

    return saving.load_model(filepath, custom_objects, compile, safe_mode)


def save_model(model: Model, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write a model to a file.

    Parameters
    ----------
    model, filepath, overwrite, **kwargs
        As of :func:`fusedrnn.saving.save_model`.
    """
    model.save(filepath, overwrite, **kwargs)


missing.answer(__name__)
