"""What losses, metrics and activations of one's own are written with, where Keras has it.

``keras.ops`` follows NumPy's names, and here they are NumPy's functions; in a loss ``autodiff``
follows them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .backend import cast, shape

convert_to_tensor = convert_to_numpy = np.asarray

__all__ = ["cast", "convert_to_numpy", "convert_to_tensor", "shape"]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # what imports look for
        raise AttributeError(name)
    return getattr(np, name)
