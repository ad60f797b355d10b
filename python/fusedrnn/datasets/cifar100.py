"""60,000 colour images of 32 by 32, of 100 kinds in 20 groups (Krizhevsky, 2009)."""

from __future__ import annotations

from typing import Any

from . import _cache

__all__ = ["load_data"]


def load_data(label_mode: str = "fine") -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: uint8 (N, 32, 32, 3), and (N, 1).

    Parameters
    ----------
    label_mode : {"fine", "coarse"}
        The kinds, or their groups.

    Returns
    -------
    tuple
        Two pairs of arrays.

    Raises
    ------
    ValueError
        Of another mode.
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(
            f'`label_mode` must be one of `"fine"`, `"coarse"`. Received: label_mode={label_mode}.'
        )
    folder = _cache.cifar(
        "cifar-100", "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"
    )
    train, test = (_cache.cifar_batch(folder, p, f"{label_mode}_labels") for p in ("train", "test"))
    return train, test
