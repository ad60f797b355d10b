"""What is kept of the weights of one layer in one direction until they change."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from torch import Tensor

from .._types import Array
from ..cells import CELLS
from .call import Call, Tensors

_WHOLE = 1 << 12
"""Values of a weight that are compared one and all."""

Place = tuple[int, tuple[int, ...], tuple[int, ...]]
"""Address, shape and strides of a tensor."""


class Mark(NamedTuple):
    """What a weight was when it was packed."""

    weight: Tensor
    version: int
    place: Place
    sample: Array  # some of its memory
    content: bytes  # what was there


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
        self.seen: list[Mark] = []
        self.copy: Any = None
        self.activation = ""  # of the copy; a module's may be changed

    def arrays(self, weights: Tensors) -> list[Array]:
        """Return the memory of the weights as arrays, made anew when it is another or laid out so.

        The arrays hold the memory, so that no other can have come to its address.
        """
        places = [place(w) for w in weights]
        if places != self.places:
            self.views, self.places = [memory(w) for w in weights], places
        return self.views

    def packed(self, call: Call, weights: Tensors, step: bool = False) -> Any:
        """Return these weights packed for a sequence, or for one `step`."""
        if call.activation != self.activation or not self._current(weights):
            core = call.to_core([memory(w) for w in weights])
            cell = CELLS[call.cell]
            self.copy = (cell.step if step else cell.packed)(*core, **call.options)
            self.activation = call.activation
            self.seen = []
            if not any(w.is_inference() for w in weights):  # those keep no version
                self.seen = [self._mark(w) for w in weights]
        return self.copy

    def _current(self, weights: Tensors) -> bool:
        if len(weights) != len(self.seen):
            return False
        for w, seen in zip(weights, self.seen, strict=True):
            if (
                w is not seen.weight
                or w._version != seen.version
                or place(w) != seen.place
                or seen.sample.tobytes() != seen.content
            ):
                return False
        return True

    @staticmethod
    def _mark(w: Tensor) -> Mark:
        sample = memory(w)
        if sample.size > _WHOLE and sample.flags.c_contiguous:
            # A step back of one column a row: in each row one value, and all columns in turn.
            sample = np.reshape(sample, -1)[:: max(1, sample.shape[-1] - 1)]
        return Mark(
            weight=w, version=w._version, place=place(w), sample=sample, content=sample.tobytes()
        )


def memory(t: Tensor) -> Array:
    """Return the tensor's memory as an array, never a copy."""
    return t.detach().numpy()


def place(t: Tensor) -> Place:
    """Return where a tensor lies and how."""
    return t.data_ptr(), t.shape, t.stride()
