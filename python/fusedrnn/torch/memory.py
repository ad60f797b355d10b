"""The memory of tensors as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _core
from .._types import Array
from .path import PLAIN

_DTYPES: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
    torch.bfloat16: np.dtype(np.uint16),  # its bits
    torch.int64: np.dtype(np.int64),
    torch.bool: np.dtype(np.bool_),
}


def array(t: Tensor) -> Array:
    """Return the tensor's memory as an array, or a copy of what has the negative bit set.

    Unlike ``t.numpy()`` it lets the tensor's storage be resized, as FSDP does between calls with
    that of each weight. The array keeps the storage alive, whatever becomes of the tensor, but not
    from being resized: then it must not be used any more.
    """
    dtype = _DTYPES.get(t.dtype)
    if dtype is None or type(t) not in PLAIN or not t.is_cpu or t.is_neg():
        return t.numpy(force=True)
    return _core.memory(t.data_ptr(), t.shape, t.stride(), dtype, t.untyped_storage())
