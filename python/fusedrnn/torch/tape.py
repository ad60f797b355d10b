"""The tape of a forward pass between torch's saved tensors.

It travels as an attribute of an empty tensor among them: so it lives exactly as long as torch keeps
what it saved. If the tensor comes back as a copy (saved-tensor hooks, compiled graphs), the tape is
made anew by a second forward pass.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from .call import Call


class HeldTape:
    """A tape that may be pickled with its tensor, and then comes back as an empty set.

    PyTorch's safe loader admits sets.
    """

    __slots__ = ("tape",)

    def __init__(self, tape: Any) -> None:
        self.tape = tape

    def __reduce__(self) -> tuple[Any, ...]:
        return set, ()


def hold(tape: Any, holder: Tensor) -> Tensor:
    """Return the empty tensor `holder`, now with the tape."""
    holder.held = HeldTape(tape)
    return holder


def held(holder: Tensor, call: Call, *inputs: Any) -> Any:
    """Return the tape of `holder`, or run the forward pass of `inputs` for it."""
    kept = getattr(holder, "held", None)
    return kept.tape if kept else call.forward(*inputs, training=True)[1]
