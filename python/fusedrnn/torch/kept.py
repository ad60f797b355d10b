"""What is kept of the weights of one layer in one direction until they change."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .. import functional as F
from .._types import Array
from .op import Call, Tensors, to_core

_WHOLE = 1 << 12
"""Values of a weight that are compared one and all."""

Place = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Address, shape and strides of a tensor."""


class KeptWeights:
    """The weights of one layer in one direction: their memory, and a packed copy of them.

    The packed copy serves calls without gradients. It is made anew when a weight is another tensor,
    lies elsewhere or otherwise, or has another version. A change through ``weight.data`` leaves the
    version as it is: for that, values are compared too, all of a weight that has up to 4,096 of
    them, else one or more of each row and of each column. So there a change of a whole row or
    column is seen, one of a few values may not be.
    """

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.views: list[Array] = []
        self.seen: list[tuple[Tensor, int, Place, Array, bytes]] = []
        self.copy: Any = None

    def arrays(self, weights: Tensors) -> list[Array]:
        """Return the memory of the weights as arrays, made anew when it is another or laid out so.

        The arrays hold the memory, so that no other can have come to its address.
        """
        places = [place(w) for w in weights]
        if places != self.places:
            self.views, self.places = [memory(w) for w in weights], places
        return self.views

    def packed(self, call: Call, weights: Tensors, step: bool = False) -> Any:
        """Return a PackedLSTM or PackedGRU of these weights, or the `step` for one time step."""
        if self.copy is None or not self._current(weights):
            core = to_core(call, [memory(w) for w in weights])
            kind = getattr(F, f"{call.cell.upper()}Step" if step else f"Packed{call.cell.upper()}")
            self.copy = kind(*core, **call.options)
            self.seen = []
            if not any(w.is_inference() for w in weights):  # those keep no version
                self.seen = [self._mark(w) for w in weights]
        return self.copy

    def _current(self, weights: Tensors) -> bool:
        if len(weights) != len(self.seen):
            return False
        for w, (seen, version, where, sample, content) in zip(weights, self.seen, strict=True):
            if (
                w is not seen
                or w._version != version
                or place(w) != where
                or sample.tobytes() != content
            ):
                return False
        return True

    @staticmethod
    def _mark(w: Tensor) -> tuple[Tensor, int, Place, Array, bytes]:
        sample = memory(w)
        if sample.size > _WHOLE and sample.flags.c_contiguous:
            # A step back of one column a row: in each row one value, and all columns in turn.
            sample = np.reshape(sample, -1)[:: max(1, sample.shape[-1] - 1)]
        return w, w._version, place(w), sample, sample.tobytes()


def memory(t: Tensor) -> Array:
    """Return the tensor's memory as an array, never a copy."""
    return t.detach().numpy()


def place(t: Tensor) -> Place:
    """Return where a tensor lies and how."""
    return t.data_ptr(), t.shape, t.stride()
