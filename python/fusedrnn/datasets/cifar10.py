"""60,000 colour images of 32 by 32, of 10 kinds (Krizhevsky, 2009)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _cache

__all__ = ["load_data"]


def load_data() -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: uint8 (N, 32, 32, 3), and (N, 1).

    Returns
    -------
    tuple
        Two pairs of arrays.
    """
    folder = _cache.cifar(
        "cifar-10", "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
    )
    batches = [_cache.cifar_batch(folder, f"data_batch_{i}", "labels") for i in range(1, 6)]
    train = tuple(np.concatenate(parts) for parts in zip(*batches, strict=True))
    (x, y), (x_test, y_test) = train, _cache.cifar_batch(folder, "test_batch", "labels")
    return (x, y.astype(np.uint8)), (x_test, y_test.astype(np.uint8))
