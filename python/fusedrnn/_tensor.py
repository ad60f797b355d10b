"""Arrays and numbers that answer ``.numpy()``, as scripts written for TensorFlow ask of results."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._types import Array


class TensorShape(tuple[int | None, ...]):
    """A tuple of sizes that answers as TensorFlow's: None where a size is not known."""

    def __new__(cls, dims: Any = ()) -> TensorShape:
        return super().__new__(cls, (dims,) if isinstance(dims, int) else dims or ())

    @property
    def rank(self) -> int:
        """Number of axes."""
        return len(self)

    ndims = rank

    def as_list(self) -> list[int | None]:
        """Return the sizes as a list."""
        return list(self)

    def num_elements(self) -> int | None:
        """Return the product of the sizes, None if one is not known."""
        return None if None in self else int(np.prod([n or 0 for n in self]))


class Tensor(np.ndarray[Any, np.dtype[Any]]):
    """An array that scripts written for TensorFlow can ask for ``.numpy()``."""

    def numpy(self) -> Any:
        """Return the plain array, of one without axes the number; text as bytes."""
        if self.dtype.kind == "U":
            return np.char.encode(np.asarray(self), "utf-8").astype(object)[()]
        return np.asarray(self)[()]

    def get_shape(self) -> TensorShape:
        """Return the shape."""
        return TensorShape(self.shape)

    def set_shape(self, shape: Any) -> None:
        """Raise ValueError if the shape is another; None in it stands for any size."""
        given = TensorShape(shape)
        if len(given) != self.ndim or any(
            n not in (None, m) for n, m in zip(given, self.shape, strict=True)
        ):
            raise ValueError(f"Tensor's shape {self.shape} is not compatible with {given}")

    def __getitem__(self, key: Any) -> Any:
        return tensor(np.asarray(self)[key])

    def __iter__(self) -> Any:
        return map(tensor, np.asarray(self))

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec) if spec and not self.ndim else super().__format__(spec)


class Number(float):
    """A float with ``.numpy()``, and what arrays of no axes have."""

    dtype, shape, ndim = np.dtype(np.float32), (), 0

    def numpy(self) -> np.float32:
        """Return the value as NumPy's float32."""
        return np.float32(self)


def tensor(x: Any) -> Any:
    """Return arrays, or a list of them, as what the user gets."""
    return [tensor(a) for a in x] if isinstance(x, list) else np.asarray(x).view(Tensor)


def as_type(data: Any, dtype: Any) -> Array:
    """Return data as an array of a type: any for None, texts for ``str``."""
    return strings(data) if dtype is str else np.ascontiguousarray(data, dtype)


def strings(data: Any, encoding: str = "utf-8") -> Array:
    """Return texts, which may be bytes, as an array of ``str`` objects; TypeError if they are none.

    As objects, for NumPy's own texts are all as long as the longest.
    """
    found = np.asarray(data, object)
    if all(type(each) is str for each in found.flat):
        return found
    texts = np.empty(found.shape, object)
    for place, each in np.ndenumerate(found):
        if not isinstance(each, (str, bytes)):
            raise TypeError(f"expected texts, found {each!r}")
        texts[place] = each.decode(encoding, "replace") if isinstance(each, bytes) else str(each)
    return texts
