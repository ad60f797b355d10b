"""Any object out of its description, as Keras's ``serialize_keras_object`` wrote it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..configurable import custom_object_scope, custom_of
from ..layers.layer import layer_from

PLAIN: dict[str, Callable[[Any], Any]] = {  # values, by what stands for a class
    "__tensor__": lambda config: np.array(config["value"], config["dtype"]),
    "__numpy__": lambda config: np.array(config["value"], config["dtype"]),
    "__bytes__": lambda config: config["value"].encode(),
    "__ellipsis__": lambda config: ...,
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
}


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """Return the object that Keras's description of it means: nested lists and dicts of such too.

    Parameters
    ----------
    config : dict, or what has such in it
        What ``serialize_keras_object`` gave.
    custom_objects : dict, optional
        Classes and functions of one's own, by name.
    safe_mode : bool
        Accepted: no description runs code here.

    Raises
    ------
    ValueError
        Of a name that is not known, or a lambda, which is code.
    """
    with custom_object_scope(custom_objects):
        return _revived(config)


def _revived(config: Any) -> Any:
    if isinstance(config, (list, tuple)):
        return [_revived(each) for each in config]
    if not isinstance(config, Mapping):
        return custom_of(config) or config if isinstance(config, str) else config
    if not {"class_name", "config"} <= config.keys():
        return {key: _revived(value) for key, value in config.items()}
    name, inner = config["class_name"], config["config"]
    if name in PLAIN:
        return PLAIN[name](inner)
    if name == "__lambda__":
        raise ValueError("a lambda is code, which no description brings here")
    own = custom_of(config.get("registered_name"), inner if name == "function" else name)
    if own is not None:
        return own if name == "function" else own.from_config(inner)
    package, *parts = str(config.get("module")).removeprefix("keras.src.").split(".")
    where = parts[0] if package == "keras" and parts else package
    if where in ("keras", "layers", "models"):
        return layer_from(config)
    try:
        get = importlib.import_module(f"fusedrnn.{where}").get
    except (ImportError, AttributeError):
        raise ValueError(
            f"{name!r} of {config.get('module')!r} is not known here; give it in custom_objects"
        ) from None
    return get(config)
