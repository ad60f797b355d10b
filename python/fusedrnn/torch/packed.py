"""Weights packed once and kept until they change."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from .. import functional as F
from .op import Array, Call, Tensors, array, to_core

_SAMPLES = 64


class PackedWeights:
    """The packed weights of one layer in one direction, for calls without gradients.

    They are packed anew when a weight is another tensor, lies elsewhere, or has another version.
    A change through ``weight.data`` leaves the version as it is: for that, 64 values of each weight
    are compared too, so an update of the whole weight is seen, one of a single value may not be.
    """

    def __init__(self, call: Call, step: bool = False) -> None:
        self.call, self.step = call, step
        self.seen: list[tuple[Tensor, int, int, Array, bytes]] = []
        self.packed: Any = None

    def get(self, weights: Tensors) -> Any:
        """Return a PackedLSTM or PackedGRU of these weights, or the step for one time step."""
        if self.packed is None or not self._current(weights):
            self.packed = self._pack(weights)
            self.seen = []
            if not any(w.is_inference() for w in weights):  # those keep no version
                self.seen = [self._mark(w) for w in weights]
        return self.packed

    def _pack(self, weights: Tensors) -> Any:
        core = to_core(self.call, weights)
        if self.call.cell == "lstm":
            return (F.LSTMStep if self.step else F.PackedLSTM)(*core, **self.call.options)
        return (F.GRUStep if self.step else F.PackedGRU)(*core, **self.call.options)

    def _current(self, weights: Tensors) -> bool:
        return len(weights) == len(self.seen) and all(
            w is seen
            and w._version == version
            and w.data_ptr() == address
            and sample.tobytes() == content
            for w, (seen, version, address, sample, content) in zip(weights, self.seen, strict=True)
        )

    @staticmethod
    def _mark(w: Tensor) -> tuple[Tensor, int, int, Array, bytes]:
        flat = np.reshape(array(w), -1)
        sample = flat[:: max(1, flat.size // _SAMPLES)]
        return w, w._version, w.data_ptr(), sample, sample.tobytes()
