"""20,640 districts of California: 8 numbers of each, and the median price of its houses."""

from __future__ import annotations

from typing import Any

from . import _cache

__all__ = ["load_data"]


def load_data(
    version: str = "large",
    path: Any = "california_housing.npz",
    test_split: float = 0.2,
    seed: int = 113,
) -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: (N, 8), and (N,) in dollars.

    Parameters
    ----------
    version : {"large", "small"}
        All districts, or the first 600.
    path : str
        Name of the file in Keras's folder, where it is downloaded to.
    test_split : float
        Share of the rows to test with.
    seed : int
        Of the order.

    Returns
    -------
    tuple
        Two pairs of arrays.

    Raises
    ------
    ValueError
        Of another version, or if ``test_split`` is not from 0 to below 1.
    """
    _cache.check_split(test_split)
    if version not in ("small", "large"):
        raise ValueError(
            f"Argument `version` must be one of 'small', 'large'. Received: version={version}"
        )
    found = _cache.arrays(
        _cache.fetch(
            path,
            "california_housing.npz",
            "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
        )
    )
    rows = slice(600 if version == "small" else None)
    return _cache.housing(found["x"][rows], found["y"][rows], test_split, seed)
