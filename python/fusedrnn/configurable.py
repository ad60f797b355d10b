"""Objects that are described by the arguments of their constructor, and their look-up by name.

Layers, initializers, regularizers, constraints, optimizers, losses and metrics keep every argument
as an attribute of the same name; that gives them Keras's ``get_config`` and ``from_config``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from . import legacy
from ._state import snake_case

T = TypeVar("T", bound="Configurable")


@cache
def _arguments(cls: Hashable) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for base in cls.__mro__:  # type: ignore[attr-defined]
        if "__init__" in vars(base) and base is not object:
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= {p.name: None for p in parameters if p.kind is not p.VAR_KEYWORD}
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
    return tuple(name for name in names if name != "self")


class OldArguments(type):
    """Class of classes that may be called with the arguments of Keras 1."""

    if not TYPE_CHECKING:  # to a type checker a class is called with its own arguments

        def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: D102
            return super().__call__(*args, **legacy.keras_1(arguments(cls), kwargs))

    @property
    def __signature__(cls) -> inspect.Signature:  # which `__call__` hides from help and editors
        own = inspect.signature(cls.__init__)  # type: ignore[misc]
        return own.replace(
            parameters=list(own.parameters.values())[1:], return_annotation=own.empty
        )


def given(local: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that a constructor got, out of its ``locals()``."""
    left_out = ("self", "__class__", "kwargs")
    arguments = {key: value for key, value in local.items() if key not in left_out}
    return arguments | local.get("kwargs", {})


def arguments(cls: type) -> tuple[str, ...]:
    """Names of the constructor's arguments, those of the base class last."""
    return _arguments(cls)


class Configurable:
    """Base of everything that a configuration file can describe."""

    module = "keras"  # where Keras has it, as written to a file

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as values that JSON can hold."""
        return {name: serialize(getattr(self, name)) for name in arguments(type(self))}

    @classmethod
    def from_config(cls: type[T], config: Mapping[str, Any]) -> T:
        """Build the object that ``get_config`` described.

        What other versions of Keras add is left out where it says "none" or "no".
        """
        known = arguments(cls)
        return cls(
            **{
                key: value
                for key, value in config.items()
                if key in known or not (value is None or value is False)
            }
        )


# What stands for values that JSON does not have
SPECIAL: dict[type, Any] = {
    np.ndarray: (
        "__numpy__",
        lambda array: {"value": array.tolist(), "dtype": array.dtype.name},
    ),
    bytes: ("__bytes__", lambda value: {"value": value.decode()}),
    slice: (
        "__slice__",
        lambda s: {each: serialize(getattr(s, each)) for each in ("start", "stop", "step")},
    ),
    type(...): ("__ellipsis__", lambda _: {}),
}


def serialize(value: Any) -> Any:
    """Return what JSON can hold: an object becomes Keras's dict of class name and config.

    Parameters
    ----------
    value : object, list, dict, array, number, str or None

    Returns
    -------
    dict, list, number, str or None

    Examples
    --------
    >>> fusedrnn.losses.serialize(fusedrnn.losses.Huber())["class_name"]
    'Huber'
    """
    for kind_of, (stands, config_of) in SPECIAL.items():
        if isinstance(value, kind_of):
            return {"class_name": stands, "config": config_of(value)}
    if isinstance(value, Configurable) or (
        hasattr(value, "get_config") and not inspect.isclass(value)
    ):
        kind: str = getattr(value, "kind", type(value).__name__)
        module = getattr(value, "module", type(value).__module__)
        return {
            "module": module,
            "class_name": kind,
            "config": serialize(value.get_config()),
            "registered_name": _registered.get(
                type(value),
                None if module.startswith("keras") and "keras.src" not in module else kind,
            ),
        }
    if isinstance(value, (list, tuple)):
        return [serialize(item) for item in value]
    if isinstance(value, dict):
        return {key: serialize(item) for key, item in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if getattr(value, "layer", None) is not None:  # an activation that is one
        return serialize(value.layer)
    if callable(value) and not hasattr(value, "gradient"):  # a function of the user's
        name = get_registered_name(value)
        return {
            "module": "builtins",
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }
    return value.__name__ if callable(value) else value


_custom: dict[str, Any] = {}
_registered: dict[Any, str] = {}  # their full names


def get_custom_objects() -> dict[str, Any]:
    """Return the objects of the user's by name, which may be added to."""
    return _custom


def custom_of(*names: Any) -> Any:
    """Return the object of the user's that the first of some names to have one means, or None."""
    return next((_custom[name] for name in names if name in _custom), None)


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[Any], Any]:
    """Return a decorator that lets files and configurations name a class or function.

    Parameters
    ----------
    package : str
        The part before ``>`` of the name in files.
    name : str, optional
        By default that of the class or function.

    Returns
    -------
    callable

    Raises
    ------
    ValueError
        Of a class without ``get_config``.

    Examples
    --------
    >>> @fusedrnn.saving.register_keras_serializable(package="shop")
    ... class Double(fusedrnn.layers.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> fusedrnn.saving.get_registered_name(Double)
    'shop>Double'
    """

    def register(thing: Any) -> Any:
        if inspect.isclass(thing) and not hasattr(thing, "get_config"):
            raise ValueError(
                "Cannot register a class that does not have a get_config() method: "
                f"{thing.__name__}"
            )
        own = name or thing.__name__
        _custom[own] = _custom[f"{package}>{own}"] = thing
        _registered[thing] = f"{package}>{own}"
        return thing

    return register


def get_registered_name(thing: Any) -> str:
    """Return under which name a class or function is registered, else its own.

    Parameters
    ----------
    thing : class or callable
    """
    name: str = _registered.get(thing, thing.__name__)
    return name


def get_registered_object(name: str, custom_objects: Any = None, module_objects: Any = None) -> Any:
    """Return what is registered under a name, or in the dicts; else None.

    Parameters
    ----------
    name : str
    custom_objects, module_objects : dict, optional

    Returns
    -------
    class, callable or None
    """
    found = custom_of(name)
    for more in (custom_objects, module_objects):
        found = (more or {}).get(name) if found is None else found
    return found


@contextmanager
def custom_object_scope(*objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Have names mean objects of the user's while a ``with`` block runs.

    Parameters
    ----------
    *objects : dict
        Classes and functions by name.

    Yields
    ------
    None

    Examples
    --------
    >>> def double(x):
    ...     return 2 * x
    >>> with fusedrnn.saving.custom_object_scope({"double": double}):
    ...     layer = fusedrnn.layers.Dense(1, activation="double")
    """
    before = dict(_custom)
    for each in objects:
        _custom.update(each or {})
    try:
        yield
    finally:
        _custom.clear()
        _custom.update(before)


def lookup(kind: str, identifier: Any, table: Mapping[str, Any]) -> Any:
    """Return the object that an argument of the user names.

    ``table`` maps snake-case names to classes or functions. ``identifier`` is a name in either
    spelling, Keras's dict, a class, or already the object.
    """
    if isinstance(identifier, Mapping):
        config = identifier.get("config")
        if isinstance(config, str):  # Keras's dict for a plain function
            return lookup(kind, config, table)
        name = identifier.get("class_name")
        if not isinstance(name, str):
            raise ValueError(f"{kind}: {identifier!r} has no class_name")
        registered = identifier.get("registered_name") or ""
        cls = _custom.get(registered, _custom.get(name))
        known = table.get(snake_case(name), table.get(name.lower()))
        if known and (
            cls is None or (str(identifier.get("module"))[:6] == "keras." and not registered)
        ):
            cls = known  # a file that names Keras's does not mean one's own of the same name
        if cls is None:
            raise ValueError(
                f"{kind}: {name!r} is not known here, expected one of {', '.join(table)}"
            )
        return cls.from_config(config)
    if isinstance(identifier, str):
        found = _custom.get(identifier, table.get(identifier, table.get(snake_case(identifier))))
        if found is None:
            raise ValueError(
                f"{kind}: {identifier!r} is not known here, expected one of {', '.join(table)}"
            )
        identifier = found
    found = identifier() if inspect.isclass(identifier) else identifier
    if not (found is None or callable(found) or isinstance(found, Configurable)):
        raise TypeError(f"{kind}: {identifier!r} is not one of {', '.join(table)}, or an object")
    return found
