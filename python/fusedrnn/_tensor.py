"""Arrays and numbers that answer ``.numpy()``, as scripts written for TensorFlow ask of results."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._types import Array


class Tensor(np.ndarray[Any, np.dtype[Any]]):
    """An array that scripts written for TensorFlow can ask for ``.numpy()``."""

    def numpy(self) -> Array:
        """Return the plain array."""
        return np.asarray(self)


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
