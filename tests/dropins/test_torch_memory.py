"""fusedrnn.torch.memory: arrays over tensors whose storages may still be resized."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import fusedrnn.torch as ft  # noqa: E402
from fusedrnn import _core  # noqa: E402
from fusedrnn.torch.memory import array  # noqa: E402
from torch_cases import assert_close, each, pair  # noqa: E402

FLOAT = torch.arange(24.0).reshape(2, 3, 4)
TENSORS = {
    "contiguous": FLOAT,
    "transposed": FLOAT.transpose(0, 2),
    "a slice": FLOAT[1, :, 1::2],
    "expanded": FLOAT[:, :, :1].expand(2, 3, 5),
    "a scalar": torch.tensor(3.0),
    "empty": torch.empty(3, 0, 2),
    "float64": FLOAT.double()[::2],
    "integers": torch.arange(5),
    "small integers": torch.arange(5, dtype=torch.int16),
    "bool": torch.tensor([True, False]),
    "a parameter": torch.nn.Parameter(FLOAT.clone()),
    "requires grad": FLOAT.clone().requires_grad_(),
    "negative bit": torch.complex(FLOAT, FLOAT).conj().imag,
    "inference": torch.inference_mode()(torch.ones)(3, 2),
}


@pytest.mark.parametrize("kind", TENSORS)
def test_an_array_is_what_numpy_gives(kind):
    t = TENSORS[kind]
    got, expected = array(t), t.numpy(force=True)
    assert type(got) is np.ndarray
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    assert got.size == 0 or got.strides == expected.strides
    assert got.flags.c_contiguous == expected.flags.c_contiguous
    assert got.flags.aligned
    assert np.array_equal(got, expected)
    if not t.is_neg() and t.numel():
        assert got.__array_interface__["data"][0] == t.data_ptr()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
def test_the_storage_stays_resizable(dtype):
    t = torch.ones(3, 4, dtype=dtype)
    view = array(t)
    assert t.untyped_storage().resizable()
    del view
    t.resize_(100, 100).fill_(1)
    assert array(t).sum() == 10_000


@pytest.mark.parametrize("end", ["deleted", "other data", "set_"])
def test_an_array_keeps_the_memory(end):
    t = torch.full((50_000,), 3.0)
    view = array(t)
    if end == "deleted":
        del t
    elif end == "other data":
        t.data = torch.zeros(5)
    else:
        t.set_(torch.zeros(5))
    gc.collect()
    others = [torch.full((50_000,), 9.0) for _ in range(20)]
    assert (view == 3).all()
    assert (view[::2].T == 3).all()
    del others


def test_an_array_lets_the_memory_go():
    t = torch.ones(5)
    storage = weakref.ref(t.untyped_storage())
    view = array(t)
    part = view[1:]
    del t, view
    gc.collect()
    assert storage() is not None
    del part
    gc.collect()
    assert storage() is None


def test_memory_that_was_freed_is_not_read():
    t = torch.ones(5)
    t.untyped_storage().resize_(0)
    with pytest.raises(ValueError, match="memory: there is none"):
        array(t)
    with pytest.raises(ValueError, match="different lengths"):
        _core.memory(0, (1, 2), (1,), np.dtype(np.float32), None)


@each
@pytest.mark.parametrize("gradients", [True, False])
def test_a_call_leaves_storages_resizable(name, gradients):
    ours = getattr(ft, name)(4, 6)
    x, h = torch.ones(5, 2, 4), torch.zeros(1, 2, 6)
    with torch.set_grad_enabled(gradients):
        y = ours(x, (h, h) if name == "LSTM" else h)[0]
        if gradients:
            y.sum().backward()
    for t in (x, h, *ours.parameters()):
        assert t.untyped_storage().resizable()


def _resize(t, bytes):
    t.untyped_storage().resize_(bytes)


@each
@pytest.mark.parametrize("gradients", [True, False])
def test_weights_that_are_freed_between_calls(name, gradients):
    """As FSDP does, with other memory each time."""
    theirs, ours = pair(name, 30, 50)
    x = torch.randn(3, 2, 30)
    values = [w.detach().clone() for w in ours.parameters()]
    with torch.set_grad_enabled(gradients):
        for _ in range(3):
            assert_close(ours(x)[0], theirs(x)[0])
            taken = []
            for w, value in zip(ours.parameters(), values, strict=True):
                size = w.untyped_storage().nbytes()
                _resize(w, 0)
                taken.append(torch.full_like(value, 7.0))  # where it was, perhaps
                _resize(w, size)
                with torch.no_grad(), torch.autograd._unsafe_preserve_version_counter(w):
                    w.copy_(value)


@each
def test_weights_that_are_freed_between_forward_and_backward(name):
    theirs, ours = pair(name, 30, 50)
    x = torch.randn(3, 2, 30)
    results = [m(x)[0].square().sum() for m in (theirs, ours)]
    taken = []
    for w in ours.parameters():
        value, size = w.detach().clone(), w.untyped_storage().nbytes()
        _resize(w, 0)
        taken.append(torch.full_like(value, 7.0))
        _resize(w, size)
        with torch.no_grad(), torch.autograd._unsafe_preserve_version_counter(w):
            w.copy_(value)
    for result in results:
        result.backward()
    for p, q in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert_close(q.grad, p.grad)
