"""Global state of the model API: the float type, the random generator, automatic names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

_float_type = np.dtype(np.float32)
_generator = np.random.default_rng()
_names: Counter[str] = Counter()
_room: ContextVar[float] = ContextVar("room", default=math.inf)
inference_weights: ContextVar[str | None] = ContextVar("inference_weights", default=None)
"""What recurrent layers pack their weights as when they predict, ``"bfloat16"`` or None."""


def floatx() -> str:
    """Float type of new models, ``"float32"`` or ``"float64"``."""
    return _float_type.name


def set_floatx(value: str) -> None:
    """Set the float type of models built from now on, ``"float32"`` or ``"float64"``."""
    global _float_type
    if value not in ("float32", "float64"):
        raise ValueError(f"set_floatx: got {value!r}, expected 'float32' or 'float64'")
    _float_type = np.dtype(value)


def epsilon() -> float:
    """Fuzz factor of losses and metrics, 1e-7."""
    return 1e-7


def random_generator(seed: int | None = None) -> np.random.Generator:
    """Return the generator that everything random draws from, or a fresh one for a seed."""
    return _generator if seed is None else np.random.default_rng(seed)


def seed_generator(seed: int) -> None:
    """Start the common generator anew from a seed."""
    global _generator
    _generator = np.random.default_rng(seed)


def snake_case(name: str) -> str:
    """``"LayerNormalization"`` -> ``"layer_normalization"``, as Keras names layers."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def an(thing: Any) -> str:
    """Return the name of a class, or a name, after its article."""
    name: str = getattr(thing, "__name__", "") or thing
    return f"an {name}" if re.match("[AEIO]|U(?!ni)|[FHLMNRSX](?![a-z])", name) else f"a {name}"


def camel_case(name: str) -> str:
    """``"expand_dims"`` -> ``"ExpandDims"``, as Keras names what stands for a function."""
    return "".join(part.capitalize() for part in name.split("_"))


def auto_name(class_name: str) -> str:
    """Return a fresh name: ``"lstm"``, then ``"lstm_1"``, ..."""
    name = snake_case(class_name)
    _names[name] += 1
    return name if _names[name] == 1 else f"{name}_{_names[name] - 1}"


def clear_session() -> None:
    """Start the automatic names anew."""
    _names.clear()


@contextmanager
def room(size: float) -> Iterator[None]:
    """Let what a ``with`` block reads out of a file, and builds for it, take so many bytes."""
    before = _room.set(size)
    try:
        yield
    finally:
        _room.reset(before)


def claim(name: str, size: int) -> None:
    """Take room before memory is; ValueError if there is not as much."""
    left = _room.get() - size
    if left < 0:
        raise ValueError(f"{name} has {size:,} bytes, which is more than a file of this size holds")
    _room.set(left)
