"""The tape of a forward pass between torch's saved tensors.

It travels as an attribute of an empty tensor among them: so it lives exactly as long as torch keeps
what it saved. If the tensor comes back as a copy (saved-tensor hooks, compiled graphs), or what the
tape is of has other memory by then (FSDP), the tape is made anew by a second forward pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from .call import Call, Tensors


class HeldTape:
    """A tape that may be pickled with its tensor, and then comes back as an empty set.

    PyTorch's safe loader admits sets.
    """

    __slots__ = ("places", "tape")

    def __init__(self, tape: Any, places: list[int]) -> None:
        self.tape, self.places = tape, places

    def __reduce__(self) -> tuple[Any, ...]:
        return set, ()


def hold(tape: Any, holder: Tensor, tensors: Iterable[Tensor]) -> Tensor:
    """Return the empty tensor `holder`, now with the tape, whose arrays are those of `tensors`."""
    holder.held = HeldTape(tape, _places(tensors))
    return holder


def held(
    holder: Tensor, call: Call, x: Tensor, weights: Tensors, states: Tensors, masks: Any
) -> Any:
    """Return the tape of `holder`, or run the forward pass of the rest for it."""
    kept = getattr(holder, "held", None)
    if kept and kept.places == _places((x, *weights, *states)):
        return kept.tape
    return call.forward(x, weights, states, masks, training=True)[1]


def _places(tensors: Iterable[Tensor]) -> list[int]:
    return [t.data_ptr() for t in tensors]
