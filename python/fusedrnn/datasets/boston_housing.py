"""506 places around Boston: 13 numbers of each, and the median price of its houses."""

from __future__ import annotations

from typing import Any

from . import _cache

__all__ = ["load_data"]


def load_data(path: Any = "boston_housing.npz", test_split: float = 0.2, seed: int = 113) -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: (N, 13), and (N,) in thousands of dollars.

    One of the numbers assumes that prices depend on the segregation of people: use
    ``fusedrnn.datasets.california_housing``.

    Parameters
    ----------
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
        If ``test_split`` is not from 0 to below 1.
    """
    _cache.check_split(test_split)
    found = _cache.arrays(
        _cache.fetch(
            path,
            "boston_housing.npz",
            "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
        )
    )
    return _cache.housing(found["x"], found["y"], test_split, seed)
