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
