"""70,000 digits written by hand, images of 28 by 28 (LeCun and Cortes)."""

from __future__ import annotations

from typing import Any

from . import _cache

__all__ = ["load_data"]


def load_data(path: Any = "mnist.npz") -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: uint8 (N, 28, 28), and digits (N,).

    Parameters
    ----------
    path : str
        Name of the file in Keras's folder, where it is downloaded to.

    Returns
    -------
    tuple
        Two pairs of arrays.
    """
    found = _cache.arrays(
        _cache.fetch(
            path,
            "mnist.npz",
            "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        )
    )
    return (found["x_train"], found["y_train"]), (found["x_test"], found["y_test"])
