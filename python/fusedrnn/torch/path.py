"""Which code runs: the fused kernels, traced or not, or torch's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

PLAIN = (Tensor, torch.nn.Parameter)
"""No subclass, which may be something else than its memory, or want to see operations."""


def path_of(weights: Sequence[Any], trace: bool, proj_size: int = 0) -> str:
    """Return "fused", or "torch: " and the reason why torch's own code runs.

    `trace` is what :func:`traced` says.
    """
    if proj_size:
        return "torch: proj_size has no fused kernel"
    if not weights or not all([isinstance(w, Tensor) for w in weights]):
        return "torch: weights are missing"
    if not trace and not all([type(w) in PLAIN for w in weights]):
        return "torch: weights are of a subclass of torch.Tensor"
    weight = weights[0]
    if not weight.is_cpu:
        return f"torch: the weights are on {weight.device}"
    if weight.dtype not in (torch.float32, torch.float64, torch.bfloat16):
        return f"torch: the weights are {weight.dtype}"
    autocast = torch.is_autocast_enabled("cpu")
    if autocast and (
        torch.get_autocast_dtype("cpu") is not torch.bfloat16 or weight.dtype is torch.float64
    ):
        return "torch: autocast is on"
    if autocast or weight.dtype is torch.bfloat16:
        if torch.is_grad_enabled():
            return "torch: gradients are recorded, for which bfloat16 has no fused kernel"
        if trace:
            return "torch: bfloat16 is not traced"
    if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
        return "torch: inside a transform of torch.func or forward-mode differentiation"
    if trace and (torch.jit.is_tracing() or torch.onnx.is_in_onnx_export()):
        return "torch: what is traced or exported runs without fusedrnn"
    return "fused"


def in_bfloat16(weight: Tensor) -> bool:
    """Return whether what runs fused has weights in bfloat16: the module's, or by autocast."""
    return weight.dtype is torch.bfloat16 or torch.is_autocast_enabled("cpu")


def mixes(t: Tensor) -> bool:
    """Return whether an input or state may have another type than the weights, by autocast."""
    return torch.is_autocast_enabled("cpu") and t.dtype in (torch.float32, torch.bfloat16)


def traced() -> bool:
    """Return whether someone records the operations rather than runs them."""
    # The latter two are what torch.jit.is_tracing and torch.utils's _get_current_dispatch_mode ask.
    return bool(
        torch.compiler.is_compiling()
        or torch._C._is_tracing()
        or torch._C._len_torch_dispatch_stack()
    )


def torch_is_faster(steps: int, gates: int, I: int, H: int) -> bool:
    """Return whether torch runs so few steps, with gradients of weights so large, faster.

    Packing the weights and unpacking their gradients then is most of the work. Measured on one
    thread: from H = 128 for one step of a GRU, 3 steps at H = 256, 6 at H = 1024; from H = 192 for
    one step of an RNN.
    ``torch.nn.LSTM``, which takes oneDNN's path, is the slower one for any number of steps.
    """
    return steps <= (gates * H * (I + H)).bit_length() - 16


SMALL_STEP = 1 << 20
"""Multiplications in a step of an RNN below which torch is not the slower one."""


def torch_is_as_fast(rows: int, I: int, H: int) -> bool:
    """Return whether torch runs a step of an RNN, without gradients, as fast or faster.

    Such a step is little more than two products of matrices, which torch has too, and what a call
    of ours adds is more than it saves. Measured on one thread: the ratio is 0.7 for one row of 50
    units, 0.9 at half of `SMALL_STEP`, 1.1 to 1.4 above it.
    """
    return rows * H * (I + H) < SMALL_STEP
