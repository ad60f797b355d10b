"""One layer in one direction on tensors, with gradients; eager or traced."""

from __future__ import annotations

import torch
from torch import Tensor

from . import autograd
from .call import NO_MASKS, Call, Tensors
from .kept import NOTHING, Ready
from .operator import operator
from .path import traced


def recurrent(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors = (),
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    recurrent_mask: Tensor | None = None,
    ready: Ready = NOTHING,
) -> Tensors:
    """Run one layer in one direction, with gradients for `x`, `weights` and `states`.

    Parameters
    ----------
    x : (T, N, I) tensor, or (N, T, I) unless ``call.time_major``
    weights : tensors
        In the layout ``call.layout``.
    states : (N, H) or (1, N, H) tensors
        ``(h0, c0)`` or ``(h0,)``; none for zeros.
    lengths : (N,) integer tensor, optional
    mask : (N, T) bool tensor, optional
    recurrent_mask : (G, N, H) tensor, optional
        All as in :func:`fusedrnn.functional.lstm`, and without gradients.
    ready : Ready, optional
        What is kept of `weights`, from a caller who runs rather than records.

    Returns
    -------
    y : tensor of the layout of `x`, with H features
    h_n[, c_n] : (1, N, H) tensors
        As torch has them for one layer; the axis costs nothing here and an operation outside.
    """
    masks = NO_MASKS
    if lengths is not None or mask is not None or recurrent_mask is not None:
        masks = lengths, mask, recurrent_mask
    training = torch.is_grad_enabled() and any([t.requires_grad for t in (x, *weights, *states)])
    if ready is NOTHING and traced():
        flags = (call.reverse, call.time_major, call.reset_after, call.activation, training)
        return operator(call.cell, call.layout, x, list(weights), list(states), *masks, *flags)[:-1]
    if training:
        return autograd.apply((call, len(weights), masks, ready), x, *weights, *states)
    return call.forward(x, weights, states, masks, ready.arrays, ready.packed, training=False)[0]
