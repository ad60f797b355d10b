"""What is kept of a module's weights until they change, and how a change is seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
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
    backwards: int = 0  # of `KeptWeights` then

    def are(self, views: Views, call: Call, weights: Tensors, versions: list[int]) -> bool:
        """Return whether they may be the copies of these weights: none is known to have changed."""
        return (
            self.views is views
            and self.call == call
            and self.versions == versions
            and all([a is b for a, b in zip(self.weights, weights, strict=True)])
        )


class Ready(NamedTuple):
    """What is kept of the weights of one layer and direction, for a call."""

    arrays: list[Array] | None = None  # their memory
    packed: Any = None
    kept: KeptWeights | None = None  # to be told of the backward pass


NOTHING = Ready()


class KeptWeights:
    """What is kept of the weights of one module: their memory as arrays, and packed copies.

    Weights change in ways that neither their identity nor their version shows: through
    ``weight.data``, or through memory that they share with an array, a file or a process. So before
    it uses the copies a call looks at every byte of the weights, unless they are frozen and no
    gradients are recorded.

    Threads may call at once: what belongs together is replaced at once.
    """

    def __init__(self) -> None:
        self._views: Views | None = None
        self._packed: Packed | None = None
        self._shared: Packed | None = None
        self.backwards = 0  # passes so far, over calls with these weights

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

    def ready(self, views: Views, copies: list[Any] | None) -> list[Ready]:
        """Return what calls that record gradients need, for each layer and direction."""
        each = views.each()
        return [
            Ready(arrays, packed, self)
            for arrays, packed in zip(each, copies or [None] * len(each), strict=True)
        ]

    def forget(self) -> None:
        """Drop the packed copies that serve calls without gradients."""
        self._packed = None

    def shared(self, views: Views, call: Call, weights: Tensors) -> list[Any] | None:
        """Return packed copies for a call that records gradients, or None: it packs for itself.

        They pay where calls of one graph share them, as the steps of a decoder do. A training loop
        changes its weights after each call, and to look at them would be for nothing. So they are
        made by the second call on the same weights without a backward pass in between.
        """
        versions, last = _versions(weights), self._shared
        if (
            last is None
            or last.backwards != self.backwards
            or not last.are(views, call, weights, versions)
        ):
            content, copies = b"", None
        else:
            content = _core.fingerprint(views.arrays)
            if last.content == content:
                return last.copies
            copies = _pack(views, call, step=False) if not last.copies else None
        self._shared = Packed(
            views=views, call=call, weights=list(weights), versions=versions,
            content=content if copies else b"", copies=copies or [], backwards=self.backwards,
        )  # fmt: skip
        return copies

    def packed(
        self, views: Views, call: Call, weights: Tensors, frozen: bool, step: bool
    ) -> list[Any]:
        """Return the weights of each layer and direction packed, for sequences or for one `step`.

        Of `frozen` weights nothing is looked at but what PyTorch notes of a change.
        """
        last = self._packed
        if last is not None and (last.views is not views or last.call != call):
            last = None
        versions = _versions(weights) if frozen else []
        if frozen and last is not None and last.are(views, call, weights, versions):
            return last.copies
        content = _core.fingerprint(views.arrays)  # first: what changes while it packs is seen next
        if last is not None and last.content == content:
            copies = last.copies
            if not frozen:
                return copies
        else:
            copies = _pack(views, call, step)
        self._packed = Packed(
            views=views, call=call, weights=list(weights), versions=versions, content=content,
            copies=copies,
        )  # fmt: skip
        return copies


def _versions(weights: Tensors) -> list[int]:
    return [-1 if w.is_inference() else w._version for w in weights]


def _pack(views: Views, call: Call, step: bool) -> list[Any]:
    make = CELLS[call.cell].step if step else CELLS[call.cell].packed
    return [
        make(*call.to_core([widened(a) for a in arrays]), weights=call.weights, **call.options)
        for arrays in views.each()
    ]


def widened(a: Array) -> Array:
    """Return the memory of a tensor as values: those in bfloat16 as float32."""
    return (a.astype(np.uint32) << 16).view(np.float32) if a.dtype == np.uint16 else a


def fit(weights: Tensors, form: Form) -> bool:
    """Return whether the weights have this form and one type, in the memory of a CPU."""
    shapes = form.shapes()
    return len(weights) == len(shapes) and all(
        w.shape == shape and w.dtype is weights[0].dtype and w.is_cpu and w.layout is torch.strided
        for w, shape in zip(weights, shapes, strict=True)
    )
