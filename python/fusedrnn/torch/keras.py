"""What :mod:`fusedrnn.keras_backend` needs of Keras's torch backend."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .call import Call, Tensors
from .path import torch_is_faster
from .recurrent import recurrent

FUNCTIONS = (torch,)
"""Where activations may come from, besides Keras."""


def check() -> None:
    """Return: nothing more is needed than torch itself."""


def own_is_faster(sequences: Any, cell: Any) -> bool:
    """Return whether Keras's loop is the faster one, as far as is known without looking further."""
    steps, (I, GH) = sequences.shape[1], cell.kernel.shape
    return bool(
        steps
        and torch.is_grad_enabled()
        and torch_is_faster(steps, GH // cell.units, I, cell.units)
    )


def takes(x: Tensor) -> bool:
    """Return whether the kernels can run on an input: symbolic ones are on device meta."""
    return x.device.type == "cpu" and 0 not in x.shape


def copy(state: Tensor) -> Tensor:
    """Return a state of a stateful layer, which will be assigned to, for the call to hold."""
    return state.clone()


def run(
    cell: str, x: Tensor, weights: Tensors, states: Tensors, mask: Tensor | None,
    recurrent_mask: Tensor | None, **options: Any,
) -> list[Tensor]:  # fmt: skip
    """Run a cell: y (N, T, H) and the final states (N, H)."""
    call = Call(cell=cell, layout="keras", time_major=False, **options)
    y, *final = recurrent(call, x, weights, states, None, mask, recurrent_mask)
    return [y, *[s[0] for s in final]]
