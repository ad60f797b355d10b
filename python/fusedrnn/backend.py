"""Global state of the model API: the float type, the random generator, automatic names."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np

from ._types import Array


class Tensor(np.ndarray):
    """An array that scripts written for TensorFlow can ask for ``.numpy()``."""

    def numpy(self) -> Array:
        """Return the plain array."""
        return np.asarray(self)


class Number(float):
    """A float with ``.numpy()``."""

    def numpy(self) -> np.float32:
        """Return the value as NumPy's float32."""
        return np.float32(self)


def tensor(x: Any) -> Any:
    """Return arrays, or a list of them, as what the user gets."""
    return [tensor(a) for a in x] if isinstance(x, list) else np.asarray(x).view(Tensor)


_float_type = np.dtype(np.float32)
_generator = np.random.default_rng()
_names: Counter[str] = Counter()


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


def auto_name(class_name: str) -> str:
    """Return a fresh name: ``"lstm"``, then ``"lstm_1"``, ..."""
    name = snake_case(class_name)
    _names[name] += 1
    return name if _names[name] == 1 else f"{name}_{_names[name] - 1}"


def clear_session() -> None:
    """Start the automatic names anew."""
    _names.clear()


def get_value(x: Any) -> Any:
    """Return the value of a variable, as old scripts ask for it."""
    return np.asarray(x)[()]


def set_value(x: Any, value: Any) -> None:
    """Set a variable or an optimizer's learning rate."""
    x.assign(value)


# What metrics of one's own are written with.
abs, sum, mean, max, min = np.abs, np.sum, np.mean, np.max, np.min
square, sqrt, exp, log, clip = np.square, np.sqrt, np.exp, np.log, np.clip
maximum, minimum, equal, round, pow = np.maximum, np.minimum, np.equal, np.round, np.power
sign, tanh, expand_dims, squeeze, reshape = np.sign, np.tanh, np.expand_dims, np.squeeze, np.reshape
std, var, switch, greater, less = np.std, np.var, np.where, np.greater, np.less


def cast(x: Any, dtype: Any) -> Any:
    """Return an array in another type."""
    return x.astype(dtype) if hasattr(x, "astype") else np.asarray(x, dtype)


def shape(x: Any) -> tuple[int, ...]:
    """Return the sizes of an array."""
    return tuple(x.shape)
