"""What to compute, and the core that computes it on the memory of torch's tensors.

Letters as everywhere: T steps, N batch, I input features, H hidden units, G gates. Weights are
``(weight_ih (GH, I), weight_hh (GH, H)[, bias_ih, bias_hh])`` in layout "torch", with GRU gates
r z n, or ``(kernel (I, GH), recurrent_kernel (H, GH)[, bias])`` in layout "keras", the core's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import _core, runtime
from .._types import Array
from ..cells import CELLS
from .memory import array

Arrays = Sequence[Array]
Tensors = Sequence[Tensor]
Masks = Sequence[Tensor | None]  # lengths (N,), mask (N, T), recurrent_mask (G, N, H)

_MASKS = "lengths", "mask", "recurrent_mask"
NO_MASKS: Masks = (None, None, None)


class Call(NamedTuple):
    """What to compute, apart from the tensors, and the methods that do."""

    cell: str  # of `cells.CELLS`
    layout: str  # of the weights: "torch" or "keras"
    reverse: bool = False
    time_major: bool = True
    reset_after: bool = True  # of a GRU
    activation: str = "tanh"  # of the candidate, as `functional` has them
    weights: str | None = None  # what they are packed as

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the core that say which form of the cell it is."""
        order = "rzn" if self.layout == "torch" else "zrn"
        forms = {"reset_after": self.reset_after, "gate_order": order}
        own = CELLS[self.cell].options
        return {"activation": self.activation} | {k: v for k, v in forms.items() if k in own}

    def to_core(self, arrays: Arrays) -> tuple[Array, Array, Array | None]:
        """Return kernel (I, GH), recurrent kernel (H, GH) and the bias of the core."""
        kernel, recurrent_kernel, *biases = arrays
        if self.layout == "keras":
            return kernel, recurrent_kernel, biases[0] if biases else None
        if not biases:
            return kernel.T, recurrent_kernel.T, None
        # Torch has a bias for each product; where the core has one for both, it is their sum.
        two = CELLS[self.cell].biases == 2
        bias = np.concatenate(biases).reshape(2, -1) if two else biases[0] + biases[1]
        return kernel.T, recurrent_kernel.T, bias

    def from_core(
        self, dkernel: Array, drecurrent_kernel: Array, dbias: Array | None
    ) -> list[Array]:
        """Return the gradients in the layout of the weights."""
        if self.layout == "keras":
            return [dkernel, drecurrent_kernel, *([] if dbias is None else [dbias])]
        if dbias is None:
            return [dkernel.T, drecurrent_kernel.T]
        # Two biases that are added up get the whole gradient each.
        dbiases = dbias if CELLS[self.cell].biases == 2 else (dbias, dbias.copy())
        return [dkernel.T, drecurrent_kernel.T, *dbiases]

    def forward(
        self,
        x: Tensor,
        weights: Tensors,
        states: Tensors,
        masks: Masks,
        arrays: Arrays | None = None,
        packed: Any = None,
        *,
        training: bool,
    ) -> tuple[list[Tensor], Any]:
        """Return the results as tensors, and the tape or None.

        `arrays` are the memory of `weights`, and `packed` is a packed copy of them, from whoever
        has kept them.
        """
        follow_torch_threads()
        arguments = _arguments(self, training, packed is not None)
        if masks is not NO_MASKS:
            given = {k: array(m) for k, m in zip(_MASKS, masks, strict=True) if m is not None}
            arguments = arguments | given
        if packed is None:
            # Of the core, not of `functional`: a call less where calls are what takes the time.
            run = getattr(_core, self.cell)
            own: Sequence[Array | None] = self.to_core(arrays or [array(w) for w in weights])
        else:
            run, own = packed, []
        initial = [array(s).reshape(s.shape[-2:]) for s in states]
        y, *finals = run(array(x), *own, *initial, **arguments)
        tape = finals.pop() if training else None
        return [torch.from_numpy(y), *[torch.from_numpy(a[None]) for a in finals]], tape

    def backward(
        self, tape: Any, gradients: Sequence[Tensor | None], need_dx: bool, states: Tensors,
        need_dstates: bool = True,
    ) -> tuple[Tensor | None, list[Tensor], list[Tensor | None]]:  # fmt: skip
        """Return the gradients of x, of the weights and of the states."""
        follow_torch_threads()
        dy, *dfinals = gradients
        dx, dkernel, drecurrent_kernel, dbias, *dstates = getattr(_core, f"{self.cell}_backward")(
            tape,
            None if dy is None else array(dy),
            *[None if d is None else array(d)[0] for d in dfinals],
            need_dx=need_dx,
            need_dstates=need_dstates and bool(states),
        )
        return (
            None if dx is None else torch.from_numpy(dx),
            [torch.from_numpy(g) for g in self.from_core(dkernel, drecurrent_kernel, dbias)],
            [
                None if g is None else torch.from_numpy(g.reshape(s.shape))
                for g, s in zip(dstates, states, strict=False)
            ],
        )


@cache
def _arguments(call: Call, training: bool, packed: bool) -> dict[str, Any]:
    """Return the arguments of the core that are not arrays; packed weights have their form."""
    flags = {"reverse": call.reverse, "time_major": call.time_major, "training": training}
    return flags if packed else flags | call.options


def follow_torch_threads() -> None:
    """Give the core as many threads as torch has."""
    n = torch.get_num_threads()
    if n != _core.num_threads():
        runtime.set_num_threads(n)
