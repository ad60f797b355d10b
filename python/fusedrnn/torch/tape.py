"""The tape of a forward pass between torch's saved tensors.

It travels as an attribute of an empty tensor among them: so it lives exactly as long as torch keeps
what it saved. If it, or an input that the tape reads in place, comes back as a copy (saved-tensor
hooks, compiled graphs) or has other memory by then (FSDP), it is made anew by a second forward
pass.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .call import Call, Masks, Tensors


class HeldTape:
    """A tape that may be pickled with its tensor, and then comes back as an empty set.

    PyTorch's safe loader admits sets.
    """

    __slots__ = ("places", "tape")

    def __init__(self, tape: Any, places: list[int | None]) -> None:
        self.tape, self.places = tape, places

    def __reduce__(self) -> tuple[Any, ...]:
        return set, ()


def hold(holder: Tensor, tape: Any, *inputs: Any) -> Tensor:
    """Return the empty tensor `holder`, now with the tape of a forward pass of `inputs`."""
    holder.held = HeldTape(tape, _places(*inputs))
    return holder


def held(holder: Tensor, call: Call, *inputs: Any) -> Any:
    """Return the tape of `holder`, or run the forward pass of `inputs` for it."""
    kept = getattr(holder, "held", None)
    if kept and kept.places == _places(*inputs):
        return kept.tape
    return call.forward(*inputs, training=True)[1]


def _places(x: Tensor, weights: Tensors, states: Tensors, masks: Masks) -> list[int | None]:
    tensors = (x, *weights, *states, *masks)
    return [None if t is None else t.data_ptr() for t in tensors]
