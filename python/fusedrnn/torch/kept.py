"""What is kept of the weights of one layer in one direction until they change."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .. import functional as F
from .op import Array, Call, Tensors, array, to_core

_SAMPLES = 64

Place = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Address, shape and strides of a tensor."""


class KeptWeights:
    """The weights of one layer in one direction: their memory, and a packed copy of them.

    The packed copy serves calls without gradients. It is made anew when a weight is another tensor,
    lies elsewhere or otherwise, or has another version. A change through ``weight.data`` leaves the
    version as it is: for that, 64 values of each weight are compared too, so an update of the whole
    weight is seen, one of a single value may not be.
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
        places = [(w.data_ptr(), w.shape, w.stride()) for w in weights]
        if places != self.places:
            self.views, self.places = [array(w) for w in weights], places
        return self.views

    def packed(self, call: Call, weights: Tensors, step: bool = False) -> Any:
        """Return a PackedLSTM or PackedGRU of these weights, or the `step` for one time step."""
        if self.copy is None or not self._current(weights):
            core = to_core(call, [array(w) for w in weights])
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
        flat = np.reshape(array(w), -1)
        sample = flat[:: max(1, flat.size // _SAMPLES)]
        return w, w._version, place(w), sample, sample.tobytes()


def place(t: Tensor) -> Place:
    """Return where a tensor lies and how."""
    return t.data_ptr(), t.shape, t.stride()
