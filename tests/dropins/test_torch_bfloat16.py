"""Layers and cells of PyTorch in bfloat16 and under autocast to it: theirs, and the exact bits."""

from __future__ import annotations

import contextlib
import copy
import itertools

import numpy as np
import pytest

import fusedrnn.functional as F

torch = pytest.importorskip("torch")
ft = pytest.importorskip("fusedrnn.torch")

FLOAT, HALF = torch.float32, torch.bfloat16
LAYERS, CELLS = ("LSTM", "GRU", "RNN"), ("LSTMCell", "GRUCell", "RNNCell")
WAYS = ["module", "autocast", "both"]
I, H = 24, 40


def way(name):
    return contextlib.nullcontext() if name == "module" else torch.autocast("cpu", HALF)


def pair(name, dtype=FLOAT, **options):
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(I, H, **options).to(dtype)
    ours = getattr(ft, name)(I, H, **options).to(dtype)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def flat(results):
    if isinstance(results, torch.Tensor):
        return [results]
    if isinstance(results, torch.nn.utils.rnn.PackedSequence):
        return [results.data]
    return [t for r in results for t in flat(r)]


def inputs(name, x_type, h_type, N=600, D=1, layers=1):
    """N rows, or N // 100 sequences; of a size at which an RNNCell is fused."""
    cell = name.endswith("Cell")
    rows = N if cell else N // 100
    x = torch.randn((rows, I) if cell else (5, rows, I)).to(x_type)
    if h_type is None:
        return x, None
    shape = (rows, H) if cell else (D * layers, rows, H)
    states = [torch.randn(shape).to(h_type) / 2 for _ in range(2 if "LSTM" in name else 1)]
    return x, tuple(states) if len(states) > 1 else states[0]


@pytest.mark.parametrize("name", LAYERS + CELLS)
@pytest.mark.parametrize(
    ("w_type", "x_type", "h_type", "autocast"),
    [
        *itertools.product((FLOAT, HALF), (FLOAT, HALF), (None, FLOAT, HALF), (True,)),
        (HALF, HALF, None, False),
        (HALF, HALF, HALF, False),
    ],
)
def test_types_are_torchs_and_values_within_its_error(name, w_type, x_type, h_type, autocast):
    theirs, ours = pair(name, w_type)
    x, hx = inputs(name, x_type, h_type)
    exact = copy.deepcopy(theirs).double()
    with torch.no_grad(), way("autocast" if autocast else "module"):
        assert ours.path == "fused"
        got = flat(ours(x, hx))
        try:
            expected = flat(theirs(x, hx))
        except RuntimeError:  # a CPU without AVX-512 has no LSTM of bfloat16 for float32
            assert (name, x_type) == ("LSTM", FLOAT)
            assert [t.dtype for t in got] == [HALF] * 3
            expected = None
    widened = None if hx is None else [s.double() for s in ([hx] if "LSTM" not in name else hx)]
    with torch.no_grad():
        state = widened if widened is None or "LSTM" in name else widened[0]
        true = flat(exact(x.double(), state))
    # weights, and results where they are: rounded by 2^-8 at the most
    error = [float((g - t).abs().max()) for g, t in zip(got, true, strict=True)]
    assert max(error) < 0.02
    if expected is not None:
        assert [t.dtype for t in got] == [t.dtype for t in expected]
        theirs_error = [float((e - t).abs().max()) for e, t in zip(expected, true, strict=True)]
        assert max(error) <= 1.5 * max(theirs_error)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("name_of_way", WAYS)
@pytest.mark.parametrize("packed", [False, True])
def test_all_forms(name, name_of_way, packed):
    dtype = FLOAT if name_of_way == "autocast" else HALF
    options = {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.5}
    theirs, ours = (m.eval() for m in pair(name, dtype, **options))
    x = torch.randn(4, 6, I).to(HALF)
    if packed:
        x = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor([3, 6, 1, 6]), batch_first=True, enforce_sorted=False
        )
    with torch.no_grad(), way(name_of_way):
        got, expected = ours(x), theirs(x)
    for g, e in zip(flat(got), flat(expected), strict=True):
        assert g.dtype is e.dtype
        torch.testing.assert_close(g.float(), e.float(), atol=0.02, rtol=0)
    if packed:
        assert isinstance(got[0], torch.nn.utils.rnn.PackedSequence)
        for a, b in zip(got[0][1:], expected[0][1:], strict=True):
            assert torch.equal(a, b)


@pytest.mark.parametrize("name_of_way", WAYS)
@pytest.mark.parametrize("frozen", [False, True])
def test_results_are_those_of_packed_weights(name_of_way, frozen):
    _, ours = pair("GRU", FLOAT if name_of_way == "autocast" else HALF)
    if frozen:
        ft.freeze(ours)
    x = torch.randn(5, 3, I)
    x = x if name_of_way == "autocast" else x.to(HALF)
    for _ in range(2):  # the second follows a change
        w, r, b, c = (p.detach().float().numpy() for p in ours.parameters())
        packed = F.PackedGRU(w.T, r.T, np.stack([b, c]), gate_order="rzn", weights="bfloat16")
        with torch.no_grad(), way(name_of_way):
            for _ in range(2):
                y, h = ours(x)
        expected = packed(x.float().numpy(), time_major=True)
        for got, e in zip((y, h[0]), expected, strict=True):
            assert got.dtype is x.dtype
            assert torch.equal(got, torch.from_numpy(e).to(x.dtype))
        with torch.no_grad():
            ours.weight_hh_l0.mul_(0.5)


@pytest.mark.parametrize("name", LAYERS + CELLS)
def test_one_module_in_and_out_of_autocast(name):
    _, ours = pair(name)
    x, hx = inputs(name, FLOAT, FLOAT)
    with torch.no_grad():
        before = flat(ours(x, hx))
        with torch.autocast("cpu", HALF):
            half = flat(ours(x, hx))
            with torch.autocast("cpu", enabled=False):
                inside = flat(ours(x, hx))
        after = flat(ours(x, hx))
    for b, h, i, a in zip(before, half, inside, after, strict=True):
        assert torch.equal(b, i)
        assert torch.equal(b, a)
        assert not torch.equal(b, h.float())


@pytest.mark.parametrize("name", LAYERS + CELLS)
@pytest.mark.parametrize("name_of_way", ["module", "both"])
def test_gradients_are_torchs(name, name_of_way):
    theirs, ours = pair(name, HALF)
    x, hx = inputs(name, HALF, HALF)
    results = []
    for m in (theirs, ours):
        with way(name_of_way):
            out = flat(m(x, hx))
        sum(t.float().sum() for t in out).backward()
        results.append([*out, *(p.grad for p in m.parameters())])
    assert ours.path.startswith("torch: gradients are recorded")
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)


def test_what_torch_refuses_it_refuses_for_us():
    for name in LAYERS + CELLS:
        for types in ((HALF, FLOAT, None), (HALF, HALF, FLOAT), (FLOAT, HALF, None)):
            theirs, ours = pair(name, types[0])
            x, hx = inputs(name, *types[1:])
            for m in (theirs, ours):
                with torch.no_grad(), pytest.raises((RuntimeError, ValueError)):
                    m(x, hx)


@pytest.mark.parametrize("name", LAYERS)
def test_dropout_draws_what_torch_draws(name):
    theirs, ours = pair(name, HALF, num_layers=2, dropout=0.5)
    x, _ = inputs(name, HALF, None)
    found = []
    for m in (theirs, ours):
        torch.manual_seed(3)
        with torch.no_grad():
            found.append(m(x)[0])
    assert torch.equal(*found)


@pytest.mark.parametrize("name", LAYERS)
def test_an_accelerated_model_that_becomes_bfloat16(name):
    model = torch.nn.Sequential(getattr(torch.nn, name)(I, H))
    assert ft.accelerate(model).replaced == ["0"]
    x, _ = inputs(name, FLOAT, None)
    with torch.no_grad():
        before = model(x)[0]
        model.to(HALF)
        after = model(x.to(HALF))[0]
        assert model[0].path == "fused"
        assert after.dtype is HALF
    torch.testing.assert_close(after.float(), before, atol=0.02, rtol=0)
