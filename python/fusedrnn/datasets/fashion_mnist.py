"""70,000 pieces of clothing of 10 kinds, images of 28 by 28 (Zalando)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .._download import get_file
from . import _cache

__all__ = ["load_data"]


def load_data() -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: uint8 (N, 28, 28), and kinds (N,)."""
    import gzip  # slow to import

    def read(name: str, header: int) -> Any:
        folder = os.path.join("datasets", "fashion-mnist")
        with gzip.open(get_file(name, f"{_cache.ORIGIN}{name}", cache_subdir=folder)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=header)

    def part(name: str) -> Any:
        labels = read(f"{name}-labels-idx1-ubyte.gz", 8)
        images = read(f"{name}-images-idx3-ubyte.gz", 16)
        return images.reshape(len(labels), 28, 28), labels

    return part("train"), part("t10k")
