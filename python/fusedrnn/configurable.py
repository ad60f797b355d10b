"""Objects that are described by the arguments of their constructor, and their look-up by name.

Layers, initializers, regularizers, constraints, optimizers, losses and metrics keep every argument
as an attribute of the same name; that gives them Keras's ``get_config`` and ``from_config``.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from .backend import snake_case

T = TypeVar("T", bound="Configurable")


@cache
def arguments(cls: type) -> tuple[str, ...]:
    """Names of the constructor's arguments, those of the base class last."""
    names: dict[str, None] = {}
    for base in cls.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters = inspect.signature(base.__init__).parameters.values()
            names |= {p.name: None for p in parameters if p.kind is not p.VAR_KEYWORD}
            if all(p.kind is not p.VAR_KEYWORD for p in parameters):
                break
    return tuple(name for name in names if name != "self")


class Configurable:
    """Base of everything that a configuration file can describe."""

    module = "keras"  # where Keras has it, as written to a file

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as values that JSON can hold."""
        return {name: serialize(getattr(self, name)) for name in arguments(type(self))}

    @classmethod
    def from_config(cls: type[T], config: Mapping[str, Any]) -> T:
        """Build the object that ``get_config`` described."""
        return cls(**config)


def serialize(value: Any) -> Any:
    """Return what JSON can hold: an object becomes Keras's dict of class name and config."""
    if isinstance(value, Configurable):
        return {"module": value.module, "class_name": type(value).__name__,
                "config": value.get_config(), "registered_name": None}
    if isinstance(value, (list, tuple)):
        return [serialize(item) for item in value]
    if callable(value):
        return getattr(value, "__name__", str(value))
    return value


def lookup(kind: str, identifier: Any, table: Mapping[str, Any]) -> Any:
    """Return the object that an argument of the user names.

    ``table`` maps snake-case names to classes or functions. ``identifier`` is a name in either
    spelling, Keras's dict, a class, or already the object.
    """
    if isinstance(identifier, Mapping):
        config = identifier.get("config")
        if isinstance(config, str):  # Keras's dict for a plain function
            return lookup(kind, config, table)
        cls = table.get(snake_case(identifier["class_name"]))
        if cls is None:
            raise ValueError(f"{kind}: {identifier['class_name']!r} is not known here, "
                             f"expected one of {', '.join(table)}")
        return cls.from_config(config)
    if isinstance(identifier, str):
        found = table.get(identifier, table.get(snake_case(identifier)))
        if found is None:
            raise ValueError(f"{kind}: {identifier!r} is not known here, "
                             f"expected one of {', '.join(table)}")
        identifier = found
    return identifier() if inspect.isclass(identifier) else identifier
