"""The operator ``fusedrnn::recurrent``, for whatever traces.

``torch.compile``, ``torch.export`` and dispatch modes get it: it stays one node of the graph.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..cells import CELLS
from .call import Call
from .tape import held, hold

_FLAGS = "bool reverse, bool time_major, bool reset_after, str activation"


@torch.library.custom_op(
    "fusedrnn::recurrent",
    mutates_args=(),
    schema="(str cell, str layout, Tensor x, Tensor[] weights, Tensor[] states, Tensor? lengths, "
    f"Tensor? mask, Tensor? recurrent_mask, {_FLAGS}, bool training) -> Tensor[]",
)
def operator(
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, training: bool,
) -> list[Tensor]:  # fmt: skip
    """Return y, h_n[, c_n], and a tensor that holds the tape."""
    call = Call(
        cell=cell, layout=layout, reverse=reverse, time_major=time_major,
        reset_after=reset_after, activation=activation,
    )  # fmt: skip
    masks = lengths, mask, recurrent_mask
    results, tape = call.forward(x, weights, states, masks, training=training)
    return [*results, hold(tape, x.new_empty(0), (x, *weights, *states))]


@operator.register_fake
def _(
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, training: bool,
) -> list[Tensor]:  # fmt: skip
    H = weights[1].shape[1 if layout == "torch" else 0]
    N = x.shape[1 if time_major else 0]
    finals = [x.new_empty(1, N, H) for _ in range(CELLS[cell].states)]
    return [x.new_empty(*x.shape[:2], H), *finals, x.new_empty(0)]


@torch.library.custom_op(
    "fusedrnn::recurrent_backward",
    mutates_args=(),
    schema="(Tensor holder, Tensor[] gradients, str cell, str layout, Tensor x, Tensor[] weights, "
    "Tensor[] states, Tensor? lengths, Tensor? mask, Tensor? recurrent_mask, "
    f"{_FLAGS}, bool need_dx) -> Tensor[]",
)
def backward_operator(
    holder: Tensor, gradients: list[Tensor],
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, need_dx: bool,
) -> list[Tensor]:  # fmt: skip
    """Return the gradients of x (empty unless `need_dx`), the weights and the states."""
    call = Call(
        cell=cell, layout=layout, reverse=reverse, time_major=time_major,
        reset_after=reset_after, activation=activation,
    )  # fmt: skip
    tape = held(holder, call, x, weights, states, (lengths, mask, recurrent_mask))
    dx, dweights, dstates = call.backward(tape, gradients, need_dx, states)
    return [x.new_empty(0) if dx is None else dx, *dweights, *dstates]


@backward_operator.register_fake
def _(
    holder: Tensor, gradients: list[Tensor],
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, need_dx: bool,
) -> list[Tensor]:  # fmt: skip
    dx = x.new_empty(x.shape if need_dx else 0)
    return [dx, *(t.new_empty(t.shape) for t in (*weights, *states))]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    cell, layout, x, weights, states, lengths, mask, recurrent_mask, *flags, _ = inputs
    ctx.mark_non_differentiable(output[-1])  # or it is saved as a copy, without the tape
    ctx.options, ctx.flags, ctx.n_weights = (cell, layout), flags, len(weights)
    ctx.save_for_backward(output[-1], x, lengths, mask, recurrent_mask, *weights, *states)


def _operator_backward(ctx: Any, gradients: list[Tensor]) -> tuple[Any, ...]:
    holder, x, *saved = ctx.saved_tensors
    masks, tensors = saved[:3], saved[3:]
    weights, states = tensors[: ctx.n_weights], tensors[ctx.n_weights :]
    need_dx = ctx.needs_input_grad[2]
    dx, *rest = backward_operator(
        holder, list(gradients[:-1]), *ctx.options, x, weights, states, *masks, *ctx.flags, need_dx
    )  # fmt: skip
    return (
        None, None, dx if need_dx else None, rest[: len(weights)], rest[len(weights) :],
        *[None] * 8,
    )  # fmt: skip


operator.register_autograd(_operator_backward, setup_context=_setup_context)
