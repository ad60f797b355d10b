"""What is kept of a module's weights until they change, and how a change is seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from .. import _core
from .._types import Array
from ..cells import CELLS
from .call import Call, Tensors
from .memory import array

Place = tuple[int, tuple[int, ...], tuple[int, ...], torch.dtype]
"""Address, shape, strides and type of a tensor."""


class Form(NamedTuple):
    """What a module says of its weights."""

    gates: int
    inputs: int
    units: int
    bias: bool
    layers: int = 1
    directions: int = 1

    def shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes of the weights of all layers and directions."""
        GH, H, D = self.gates * self.units, self.units, self.directions
        features = [self.inputs] * D + [D * H] * (D * (self.layers - 1))
        biases = [(GH,), (GH,)] if self.bias else []
        return [shape for n in features for shape in [(GH, n), (GH, H), *biases]]


class Views(NamedTuple):
    """The memory of weights, and a hold on it: no other comes to the same address meanwhile."""

    form: Form
    places: list[Place]
    arrays: list[Array]

    def each(self) -> list[list[Array]]:
        """Return those of each layer and direction."""
        n = 4 if self.form.bias else 2
        return [self.arrays[k : k + n] for k in range(0, len(self.arrays), n)]


class Packed(NamedTuple):
    """Packed copies of weights, and what these were then."""

    views: Views
    call: Call
    weights: Tensors
    versions: list[int]
    content: bytes  # fingerprint of the memory
    copies: list[Any]


class KeptWeights:
    """What is kept of the weights of one module: their memory as arrays, and packed copies.

    The copies serve calls without gradients. Weights change in ways that neither their identity nor
    their version shows: through ``weight.data``, or through memory that they share with an array, a
    file or a process. So before it uses the copies a call looks at every byte of the weights,
    unless they are frozen.

    Threads may call at once: what belongs together is replaced at once.
    """

    def __init__(self) -> None:
        self._views: Views | None = None
        self._packed: Packed | None = None

    def views(self, weights: Tensors, form: Form) -> Views | None:
        """Return the memory of the weights, or None if they do not :func:`fit`."""
        try:
            places = [(w.data_ptr(), w.shape, w.stride(), w.dtype) for w in weights]
        except RuntimeError:  # a layout without such memory
            return None
        views = self._views
        if views is None or places != views.places or form != views.form:
            freed = any(not place[0] for place in places)  # by FSDP, between calls
            if freed or not fit(weights, form) or any(w.is_neg() for w in weights):
                return None
            views = self._views = Views(form, places, [array(w) for w in weights])
        return views

    def forget(self) -> None:
        """Drop the packed copies."""
        self._packed = None

    def packed(
        self, views: Views, call: Call, weights: Tensors, frozen: bool, step: bool
    ) -> list[Any]:
        """Return the weights of each layer and direction packed, for sequences or for one `step`.

        Of `frozen` weights nothing is looked at but what PyTorch notes of a change.
        """
        last = self._packed
        if last is not None and (last.views is not views or last.call != call):
            last = None
        versions = [-1 if w.is_inference() else w._version for w in weights] if frozen else []
        if (
            frozen
            and last is not None
            and last.versions == versions
            and all([a is b for a, b in zip(last.weights, weights, strict=True)])
        ):
            return last.copies
        content = _core.fingerprint(views.arrays)  # first: what changes while it packs is seen next
        if last is not None and last.content == content:
            copies = last.copies
            if not frozen:
                return copies
        else:
            make = CELLS[call.cell].step if step else CELLS[call.cell].packed
            copies = [make(*call.to_core(arrays), **call.options) for arrays in views.each()]
        self._packed = Packed(
            views=views, call=call, weights=list(weights), versions=versions, content=content,
            copies=copies,
        )  # fmt: skip
        return copies


def fit(weights: Tensors, form: Form) -> bool:
    """Return whether the weights have this form and one type, in the memory of a CPU."""
    shapes = form.shapes()
    return len(weights) == len(shapes) and all(
        w.shape == shape and w.dtype is weights[0].dtype and w.is_cpu and w.layout is torch.strided
        for w, shape in zip(weights, shapes, strict=True)
    )
