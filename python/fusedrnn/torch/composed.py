"""The same from torch's own operations, for second derivatives."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..cells import CELLS
from .call import NO_MASKS, Call, Masks, Tensors

_ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": torch.positive,
}


def composed(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors,
    masks: Masks = NO_MASKS,
) -> list[Tensor]:
    """Return what :meth:`Call.forward` does, but for the tape, as differentiable operations."""
    lengths, mask, recurrent_mask = masks
    kernel, recurrent_kernel, b, rb = _weights(call, weights)
    x = x if call.time_major else x.transpose(0, 1)
    (T, N), H = x.shape[:2], recurrent_kernel.shape[0]
    states = [s.reshape(N, H) for s in states] or [x.new_zeros(N, H)] * CELLS[call.cell].states
    valid = torch.ones(T, N, dtype=torch.bool)
    if lengths is not None:
        valid &= torch.arange(T)[:, None] < lengths
    ended = ~valid
    if mask is not None:
        valid &= mask.t()
    xw = x @ kernel + b
    columns, biases = recurrent_kernel.split(H, 1), rb.split(H)
    drops = [1.0] * len(columns) if recurrent_mask is None else list(recurrent_mask)

    def product(h: Tensor, *gates: int) -> list[Tensor]:
        return [h * drops[g] @ columns[g] + biases[g] for g in gates]

    y = x.new_zeros(N, H)
    ys: list[Tensor] = []
    for t in reversed(range(T)) if call.reverse else range(T):
        on = valid[t, :, None]
        new = _STEPS[call.cell](call, xw[t].split(H, 1), product, *states)
        states = [torch.where(on, n, s) for n, s in zip(new, states, strict=True)]
        y = torch.where(on, new[0], y)
        ys.append(torch.where(ended[t, :, None], torch.zeros_like(y), y))
    out = torch.stack(ys[::-1] if call.reverse else ys)
    return [out if call.time_major else out.transpose(0, 1), *(s[None] for s in states)]


# One step of each cell, from the projected inputs by gate, the states, and a function that takes a
# state and the numbers of some gates to their recurrent products. It returns the new states.
Product = Callable[..., list[Tensor]]


def _lstm(call: Call, x: Tensors, product: Product, h: Tensor, c: Tensor) -> Tensors:
    squash = _ACTIVATIONS[call.activation]
    i, f, g, o = (a + p for a, p in zip(x, product(h, 0, 1, 2, 3), strict=True))
    c = f.sigmoid() * c + i.sigmoid() * squash(g)
    return o.sigmoid() * squash(c), c


def _gru(call: Call, x: Tensors, product: Product, h: Tensor) -> Tensors:
    z, r = ((a + p).sigmoid() for a, p in zip(x[:2], product(h, 0, 1), strict=True))
    (p,) = product(h if call.reset_after else r * h, 2)
    n = _ACTIVATIONS[call.activation](x[2] + (r * p if call.reset_after else p))
    return (z * h + (1 - z) * n,)


def _rnn(call: Call, x: Tensors, product: Product, h: Tensor) -> Tensors:
    (p,) = product(h, 0)
    return (_ACTIVATIONS[call.activation](x[0] + p),)


_STEPS: dict[str, Callable[..., Tensors]] = {"lstm": _lstm, "gru": _gru, "rnn": _rnn}


def _weights(call: Call, weights: Tensors) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return kernel, recurrent kernel and the biases of the two products, gates as the core's."""
    order = CELLS[call.cell].gate_order
    if call.layout == "torch":
        theirs = call.options.get("gate_order", order)
        places = [theirs.index(gate) for gate in order]
        weights = [torch.cat([w.chunk(len(order))[k] for k in places]) for w in weights]
        weights = [weights[0].t(), weights[1].t(), *weights[2:]]
    elif len(weights) == 3 and weights[2].ndim == 2:
        weights = [*weights[:2], *weights[2]]
    kernel, recurrent_kernel, *biases = weights
    zero = kernel.new_zeros(kernel.shape[1])
    b, rb = [*biases, zero, zero][:2]
    return kernel, recurrent_kernel, b, rb
