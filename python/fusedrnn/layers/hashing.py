"""Hashing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _state
from .._tensor import strings
from .._types import Array
from .categories import Categories, encode
from .fingerprint import bucket


def salt_keys(layer: str, salt: Any) -> list[int] | None:
    """Return the two numbers of a hash's key, of which one may be given."""
    if salt is None:
        return None
    keys = [salt, salt] if isinstance(salt, int) else list(salt) if np.ndim(salt) == 1 else []
    if len(keys) != 2:
        raise ValueError(
            f"The `salt` argument for `{layer}` can only be a tuple of size 2 integers, or a "
            f"single integer. Received: salt={salt}."
        )
    return keys


class Hashing(Categories):
    """Words or integers as one of ``num_bins`` indices, chosen by their hash.

    The hash is FarmHash's, or with a salt SipHash's (Aumasson and Bernstein, 2012).

    Parameters
    ----------
    num_bins : int
    mask_value : str or int, optional
        What has index 0, which nothing else has then.
    salt : int or (int, int), optional
    output_mode : {"int", "one_hot", "multi_hot", "count"}
        As of :class:`CategoryEncoding`, or the index itself.
    sparse : bool
        Not supported.
    **kwargs
        Those of :class:`Layer`.

    Examples
    --------
    >>> fusedrnn.layers.Hashing(3)([["bread"], ["cake"]]).tolist()
    [[2], [2]]
    """

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: Any = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        dtype = kwargs.pop("dtype", None)
        dtype = dtype["config"]["name"] if isinstance(dtype, dict) else dtype
        self._type = np.dtype(dtype or ("int64" if output_mode == "int" else _state.floatx())).name
        super().__init__(output_mode=output_mode, sparse=sparse, **kwargs)
        if num_bins is None or num_bins <= 0:
            raise ValueError(
                "The `num_bins` for `Hashing` cannot be `None` or non-positive values. Received: "
                f"num_bins={num_bins}."
            )
        if output_mode == "int" and self._type not in ("int32", "int64"):
            raise ValueError(
                "When `output_mode=\"int\"`, `dtype` should be an integer type, 'int32' or "
                f"'int64'. Received: dtype={dtype}"
            )
        self.num_bins = self.depth = num_bins
        self.mask_value, self.salt = mask_value, salt_keys("Hashing", salt)

    @property
    def output_type(self) -> str:  # noqa: D102
        return self._type

    def values(self, inputs: Any) -> Array:  # noqa: D102
        array = np.asarray(inputs)
        if array.dtype.kind in "fiub":
            array = array.astype(np.int64)
        else:
            array = strings(inputs)
        masked = self.mask_value is not None and self.num_bins > 1
        bins = self.num_bins - masked
        words: list[Any] = array.ravel().tolist()
        index = np.array([bucket(str(w), bins, self.salt) for w in words], np.int64)
        if masked:
            index = np.where([w == self.mask_value for w in words], 0, index + 1)
        found = encode(index.reshape(array.shape), self.output_mode, self.num_bins)
        return found.astype(self._type)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return super().get_config() | {"dtype": self._type}
