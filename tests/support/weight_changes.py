"""Ways in which the weights of a module of torch change under a program."""

from __future__ import annotations

import ctypes
import mmap
import tempfile

import numpy as np
import torch
from torch.nn.utils import vector_to_parameters


def vector_of(module):
    """A copy of all weights as one vector."""
    return torch.cat([p.detach().reshape(-1) for p in module.parameters()])


def some(module, rng):
    """One of the module's weights, and the index of one of its values."""
    own = [p for p in module.parameters() if p.dim()]
    p = own[rng.integers(len(own))]
    return p, tuple(int(rng.integers(n)) for n in p.shape)


def _element(module, rng):
    p, at = some(module, rng)
    p.data[at] += 1


def _sign_of_some(module, rng):
    p, at = some(module, rng)
    p.data[at[0]].neg_()
    if p.dim() > 1:
        p.data[:, at[1]].neg_()


def _clamp(module, rng):
    p, _ = some(module, rng)
    c = p.data.abs().max().item()
    p.data.clamp_(-0.9 * c, 0.9 * c)


def _array(module, rng):
    p, at = some(module, rng)
    p.detach().numpy()[at] += 1


def _array_of_data(module, rng):
    p, at = some(module, rng)
    p.data.numpy()[at] += 1


def _dlpack(module, rng):
    p, at = some(module, rng)
    torch.from_dlpack(p.detach())[at] += 1


def _one_byte(module, rng):
    """The byte with the sign of one value, where no tensor sees it."""
    p, at = some(module, rng)
    p.data[at] += 0.5  # so that the sign matters
    offset = sum(i * s for i, s in zip(at, p.stride(), strict=True)) * p.element_size()
    byte = (ctypes.c_uint8 * p.element_size()).from_address(p.data_ptr() + offset)
    byte[p.element_size() - 1] ^= 0x80


def _version_kept(module, rng):
    p, at = some(module, rng)
    with torch.autograd._unsafe_preserve_version_counter(p), torch.no_grad():
        p[at] += 1


def _flat_buffer(module, rng):
    """All weights are parts of one vector, as DDP, FSDP and optimizers make them; that changes."""
    flat = vector_of(module)
    start = 0
    for p in module.parameters():
        p.data = flat[start : start + p.numel()].view(p.shape)
        start += p.numel()
    yield
    flat.numpy()[rng.integers(len(flat))] += 1


def _memory_map(module, rng):
    """The weights lie in a file that somebody else writes."""
    size = sum(p.numel() * p.element_size() for p in module.parameters())
    with tempfile.TemporaryFile() as file:
        file.truncate(size)
        ours, theirs = mmap.mmap(file.fileno(), size), mmap.mmap(file.fileno(), size)
    start = 0
    for p in module.parameters():
        own = torch.frombuffer(ours, dtype=p.dtype, count=p.numel(), offset=start).view(p.shape)
        own.copy_(p.data)
        p.data = own
        start += p.numel() * p.element_size()
    yield
    values = np.frombuffer(theirs, next(module.parameters()).detach().numpy().dtype)
    values[rng.integers(len(values))] += 1


def _other_memory(module, rng):
    p, at = some(module, rng)
    p.data = p.data.clone()
    p.data[at] += 1


def _other_strides(module, rng):
    p, at = some(module, rng)
    p.data = p.data.as_strided(p.shape, (1, len(p)) if p.dim() == 2 else p.stride())
    with torch.no_grad():
        p[at] += 1


def _every_other_value(module, rng):
    """Weights that are not contiguous; a value between them is none of theirs."""
    p, at = some(module, rng)
    wide = torch.zeros(*p.shape[:-1], 2 * p.shape[-1], dtype=p.dtype)
    wide[..., ::2] = p.data
    p.data = wide[..., ::2]
    yield
    wide.numpy()[(*at[:-1], 2 * at[-1])] += 1


def _set(module, rng):
    p, at = some(module, rng)
    other = p.detach().clone()
    other[at] += 1
    with torch.no_grad():
        p.set_(other)


def _swap_tensors(module, rng):
    p, at = some(module, rng)
    other = torch.nn.Parameter(p.detach().clone())
    other.data[at] += 1
    if isinstance(module, torch.nn.RNNBase):
        module._flat_weight_refs = []  # or torch refuses; as its own `_apply` does
    torch.utils.swap_tensors(p, other)
    if isinstance(module, torch.nn.RNNBase):
        module._init_flat_weights()


def _vector(module, rng):
    vector = vector_of(module)
    vector[rng.integers(len(vector))] += 1
    vector_to_parameters(vector, module.parameters())


def _average_and_back(module, rng):
    """An average takes the place of the weights and leaves it; then they change."""
    before = [p.data for p in module.parameters()]
    for p in module.parameters():
        p.data = 0.5 * p.data
    yield
    for p, data in zip(module.parameters(), before, strict=True):
        p.data = data
    yield
    _element(module, rng)


def _in_place(module, rng):
    p, at = some(module, rng)
    with torch.no_grad():
        p[at] += 1


def _detached(module, rng):
    p, at = some(module, rng)
    p.detach()[at] += 1


def _parameter(module, rng):
    p, at = some(module, rng)
    name = next(n for n, q in module.named_parameters() if q is p)
    other = torch.nn.Parameter(p.detach().clone())
    other.data[at] += 1
    setattr(module, name, other)


def _loaded(assign):
    def change(module, rng):
        state = {k: v.clone() for k, v in module.state_dict().items()}
        name = sorted(state)[rng.integers(len(state))]
        state[name][tuple(int(rng.integers(n)) for n in state[name].shape)] += 1
        module.load_state_dict(state, assign=assign)

    return change


def _optimizer(**how):
    def change(module, rng):
        p, at = some(module, rng)
        for q in module.parameters():
            q.grad = torch.zeros_like(q)
        p.grad[at] = 1
        torch.optim.SGD(module.parameters(), lr=1.0, **how).step()

    return change


UNSEEN = {
    "an element of data": _element,
    "signs of a row and a column of data": _sign_of_some,
    "data clamped": _clamp,
    "an array of detach()": _array,
    "an array of data": _array_of_data,
    "DLPack": _dlpack,
    "one byte": _one_byte,
    "the version is kept": _version_kept,
    "one flat buffer": _flat_buffer,
    "a memory map": _memory_map,
    "every other value of a tensor": _every_other_value,
    "optimizer, fused": _optimizer(fused=True),
}
"""What neither the identity nor the version of a parameter tells, nor where it lies."""

SEEN = {
    "in place": _in_place,
    "in place, detached": _detached,
    "other memory": _other_memory,
    "other strides": _other_strides,
    "set_": _set,
    "swap_tensors": _swap_tensors,
    "vector_to_parameters": _vector,
    "another parameter": _parameter,
    "load_state_dict": _loaded(False),
    "load_state_dict, assigned": _loaded(True),
    "optimizer": _optimizer(),
    "optimizer, foreach": _optimizer(foreach=True),
}
"""What PyTorch notes: frozen weights may change so."""

ALL = UNSEEN | SEEN | {"an average and back": _average_and_back}


def steps(way, module, rng):
    """Make the change, stopping wherever the weights are to be used meanwhile."""
    parts = way(module, rng)
    if parts is not None:
        yield from parts
    yield
