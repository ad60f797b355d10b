"""Layers of torch.nn and ours with the same weights, and how results and gradients are compared."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence

import fusedrnn.torch as ft

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
each = pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])


def pair(name, *args, **kwargs):
    """The layer of torch.nn and ours with the same weights."""
    theirs = getattr(torch.nn, name)(*args, **kwargs)
    ours = getattr(ft, name)(*args, **kwargs)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def tensors(result):
    """All tensors of a result, flat."""
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, torch.nn.utils.rnn.PackedSequence):
        return [result.data]
    return [t for part in result for t in tensors(part)]


def loss_of(result):
    """A scalar that depends on every value in another way."""
    return sum(
        (t * torch.cos(torch.arange(t.numel(), dtype=t.dtype)).view(t.shape)).sum()
        for t in tensors(result)
    )


def assert_close(ours, theirs, what="", exact=None, terms=0.0):
    """The error is at most the tolerance, relative to the largest value.

    With `exact`, theirs in float64, and a rounding error of PyTorch's own above the tolerance, ours
    may be four times that. A single value may be a difference of `terms` that are larger.
    """
    assert ours.shape == theirs.shape, what
    assert ours.dtype == theirs.dtype, what
    if not theirs.numel():
        return
    scale = max(theirs.abs().max().item(), terms if theirs.numel() == 1 else 0)
    bound = TOLERANCE[ours.dtype] * scale
    if exact is not None:
        bound, theirs = max(bound, 4 * (theirs - exact).abs().max().item()), exact
    error = (ours - theirs).abs().max().item()
    assert error <= bound, f"{what}: relative error {error / scale}"


def run(module, x, hx, wanted):
    """The results, and the gradients of the leaves (x, states, parameters) that are `wanted`."""
    dtype = next(module.parameters()).dtype
    module.zero_grad()
    given = [x, *(tensors(hx) if hx is not None else [])]
    leaves = [t.detach().to(dtype, copy=True) for t in given] + list(module.parameters())
    for k, leaf in enumerate(leaves):
        leaf.requires_grad_(wanted is None or k in wanted)
    states = leaves[1 : len(given)]
    states = None if hx is None else tuple(states) if isinstance(hx, tuple) else states[0]
    torch.manual_seed(3)
    result = module(seen_input(x, leaves[0]), states)
    if any(leaf.requires_grad for leaf in leaves):
        loss_of(result).backward()
    return tensors(result) + [leaf.grad for leaf in leaves]


def compare(theirs, ours, x, hx, wanted=None):
    """Compare results and gradients."""
    expected, got = (run(m, x, hx, wanted) for m in (theirs, ours))
    exact = expected
    if x.dtype == torch.float32:
        exact = run(copy.deepcopy(theirs).double(), x, hx, wanted)
    gradients = [t for t in expected if t is not None and not t.requires_grad and t.numel()]
    terms = max((t.abs().max().item() for t in gradients), default=0)
    for k, (g, t, e) in enumerate(zip(got, expected, exact, strict=True)):
        assert (g is None) == (t is None)
        if g is not None:
            assert_close(g, t, f"tensor {k}", e, terms)


def seen_input(x, leaf):
    return x.make(leaf) if isinstance(x, Packed) else leaf


class Packed(torch.Tensor):
    """A padded input that the layers see packed."""

    def make(self, leaf):
        return pack_padded_sequence(leaf.as_subclass(torch.Tensor), *self.how)
