"""Eager gradients: a function of ``torch.autograd`` that keeps the tape.

It costs a third of what an operator does: 11 us a call against 34.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .call import Call, Masks, Tensors
from .composed import composed
from .tape import held, hold

with torch.inference_mode(False):  # whoever imports this module, and wherever
    _EMPTY = torch.empty(0, device="cpu")


class Recurrent(torch.autograd.Function):
    """:func:`fusedrnn.torch.recurrent.recurrent` for autograd."""

    @staticmethod
    def forward(ctx: Any, job: Any, x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Run the layer and keep the tape; `job` is call, number of weights, masks, ready."""
        call, n, masks, ready = job
        inputs = x, tensors[:n], tensors[n:], masks
        results, tape = call.forward(*inputs, ready.arrays, ready.packed, training=True)
        ctx.call, ctx.n_weights, ctx.kept = call, n, ready.kept
        ctx.save_for_backward(hold(_EMPTY.detach(), tape, *inputs), x, *tensors, *masks)
        ctx.set_materialize_grads(False)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        """Go back over the tape, or with ``create_graph`` over differentiable operations."""
        call, n = ctx.call, ctx.n_weights
        if ctx.kept is not None:
            ctx.kept.backwards += 1
        holder, x, *tensors = ctx.saved_tensors
        weights, states, masks = tensors[:n], tensors[n:-3], tensors[-3:]
        # create_graph=True, or gradients of several losses at once, which have no memory of one
        batched = any([g is not None and not torch._C._has_storage(g) for g in gradients])
        if torch.is_grad_enabled() or batched:
            needed = ctx.needs_input_grad[1:]
            with torch.enable_grad():
                return None, *differentiable_backward(
                    call, x, weights, states, masks, gradients, needed
                )
        tape = held(holder, call, x, weights, states, masks)
        needs = ctx.needs_input_grad
        dx, dweights, dstates = call.backward(
            tape, gradients, needs[1], states, any(needs[2 + n :])
        )
        return None, dx, *dweights, *dstates


# Without what `Function.apply` does for torch.func, where this is not called: 4 us less.
apply = super(torch.autograd.Function, Recurrent).apply


def differentiable_backward(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors,
    masks: Masks,
    gradients: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients of x, weights and states as differentiable functions of them."""
    # Aliases: a weight that x depends on must not get the gradient that goes through x.
    aliases = [t.view_as(t) for t in (x, *weights, *states)]
    ax, aw, ast = aliases[0], aliases[1 : 1 + len(weights)], aliases[1 + len(weights) :]
    results = composed(call, ax, aw, ast, masks)
    pairs = [(r, g) for r, g in zip(results, gradients, strict=True) if g is not None]
    wanted = [a for a, n in zip(aliases, needed, strict=True) if n]
    found = iter(
        torch.autograd.grad(
            [r for r, _ in pairs], wanted, [g for _, g in pairs], create_graph=True,
            allow_unused=True,
        )
    )  # fmt: skip
    return [next(found) if n else None for n in needed]
