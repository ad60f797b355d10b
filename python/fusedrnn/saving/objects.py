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
    "__slice__": lambda config: slice(*(_revived(config[k]) for k in ("start", "stop", "step"))),
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
        raise ValueError(
            "a lambda in a description is a risk of arbitrary code execution: fusedrnn runs none"
        )
    if name == "function" and not isinstance(inner, str):
        raise TypeError(f"Expected 'config' to be a non-null str for a function, got {inner!r}")
    if name != "function" and not isinstance(inner, Mapping):
        raise TypeError(f"Expected 'config' to be a dict for {name}, got {inner!r}")
    own = custom_of(config.get("registered_name"), inner if name == "function" else name)
    if own is not None:
        return own if name == "function" else own.from_config(inner)
    if name == "function" and config.get("module") == "builtins":
        return _builtin(inner, config.get("registered_name"))
    package, *parts = str(config.get("module")).removeprefix("keras.src.").split(".")
    where = parts[0] if package == "keras" and parts else package
    if parts[1:2] == ["schedules"]:
        where = "optimizers.schedules"
    if package == "keras":
        _not_registered(name, config.get("registered_name"))
    if where in ("keras", "layers", "models"):
        return layer_from(config)
    try:
        get = importlib.import_module(f"fusedrnn.{where}").get
    except (ImportError, AttributeError):
        raise ValueError(
            f"{name!r} of {config.get('module')!r} is not known here; give it in custom_objects"
        ) from None
    return get(config)


def _builtin(name: str, registered_name: Any) -> Any:
    """Return one of Keras's functions, of whatever module."""
    if name == "<lambda>":
        raise ValueError("a lambda is a risk of arbitrary code execution, so no file has it here")
    for where in ("activations", "losses", "metrics", "initializers", "regularizers"):
        module = vars(importlib.import_module(f"fusedrnn.{where}"))
        found = module.get(name, module.get("TABLE", {}).get(name))
        if callable(found):
            _not_registered(name, registered_name)
            return found
    raise ValueError(f"the function {name!r} is not known here; give it in custom_objects")


def _not_registered(name: str, registered_name: Any) -> None:
    if registered_name not in (None, "", "function", name):
        raise ValueError(
            f"registered_name={registered_name!r} of {name!r}, which resolved to a Keras built-in"
        )
