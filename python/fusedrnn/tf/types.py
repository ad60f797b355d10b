"""Types, shapes and what becomes a tensor: ``tf.float32``, ``tf.constant``, ``tf.TensorSpec``.

Tensors are NumPy's arrays; a type is NumPy's, but for text, which is ``"string"``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor, tensor
from .._tensor import TensorShape as TensorShape
from ..autodiff import Tracked
from ..graph import KerasTensor, leaves
from ..layers.layer import Variable as _Variable

float16, float32, float64 = np.dtype("float16"), np.dtype("float32"), np.dtype("float64")
half, float, double = float16, float32, float64
int8, int16, int32, int64 = (np.dtype(f"int{n}") for n in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{n}") for n in (8, 16, 32, 64))
complex64, complex128 = np.dtype("complex64"), np.dtype("complex128")
bool = np.dtype("bool")
string = "string"
newaxis = None
DType = np.dtype

# What a tensor may stand for: the tape's arrays, tensors without values, weights of layers
FOLLOWED = (Tracked, KerasTensor, _Variable)


def as_dtype(type_value: Any) -> Any:
    """Return a type by its name, or by NumPy's or Python's type."""
    return type_value if type_value == string else np.dtype(type_value)


def cast_values(x: Any, dtype: Any) -> Any:
    """Return an array in a type, which may be text's; None for its own."""
    if dtype is None:
        return np.asarray(x)
    if dtype == string:
        x = np.asarray(x)
        return x if x.dtype.kind in "UO" else x.astype(str)
    return np.asarray(x).astype(as_dtype(dtype), copy=False)


def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Any:
    """Return an array; Python's numbers become float32 and int32, as in TensorFlow."""
    if isinstance(value, FOLLOWED):
        return value
    if next(leaves(value, FOLLOWED), None) is not None:
        return np.stack([convert_to_tensor(each) for each in value])
    plain = dtype is None and next(leaves(value, (np.ndarray, np.generic)), None) is None
    array = cast_values(value, dtype)
    if plain and not hasattr(value, "__array__"):
        array = array.astype({"f": float32, "i": int32}.get(array.dtype.kind, array.dtype))
    return tensor(array)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const") -> Any:
    """Return an array of the values; of one value and a shape, one full of it."""
    x = convert_to_tensor(value, dtype)
    if shape is None:
        return x
    shape = tuple(int(n) for n in np.atleast_1d(np.asarray(shape, int)))
    return tensor(np.full(shape, x, x.dtype)) if x.size == 1 else x.reshape(shape)


def is_tensor(x: Any) -> Any:
    """Whether something is a tensor, and not what could become one."""
    return isinstance(x, (Tensor, *FOLLOWED))


def Variable(
    initial_value: Any = None,
    trainable: Any = True,
    name: str | None = None,
    dtype: Any = None,
    shape: Any = None,
    constraint: Any = None,
    **kwargs: Any,
) -> _Variable:
    """Return a variable; as an attribute of a layer of one's own, it is a weight of that."""
    if constraint is not None:
        raise NotImplementedError("Variable: no constraint; layers' add_weight takes one")
    value = initial_value() if callable(initial_value) else initial_value
    made = _Variable(name or "Variable", np.array(convert_to_tensor(value, dtype)))
    made.frozen = not trainable
    return made


class TensorSpec:
    """Shape and type of a tensor."""

    def __init__(self, shape: Any = None, dtype: Any = float32, name: str | None = None) -> None:
        self.shape = None if shape is None else TensorShape(shape)
        self.dtype, self.name = as_dtype(dtype), name

    def __eq__(self, other: object) -> Any:
        return isinstance(other, TensorSpec) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        kind = getattr(self.dtype, "name", self.dtype)
        return f"TensorSpec(shape={self.shape}, dtype=tf.{kind}, name={self.name!r})"
