"""fusedrnn.torch against torch.nn: outputs, states, gradients, and life around them.

FUSEDRNN_LONG=2000 runs that many random configurations per module instead of 200.
"""

from __future__ import annotations

import copy
import gc
import io
import multiprocessing
import os
import re
import runpy
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
hypothesis = pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402

import fusedrnn.torch as ft  # noqa: E402
from fusedrnn import runtime  # noqa: E402
from fusedrnn.torch import autograd  # noqa: E402
from fusedrnn.torch.call import Call  # noqa: E402
from fusedrnn.torch.composed import composed  # noqa: E402
from fusedrnn.torch.recurrent import recurrent  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
ROOT = Path(__file__).parents[2]
LONG = int(os.environ.get("FUSEDRNN_LONG", "200"))
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
many = settings(max_examples=LONG, deadline=None, derandomize=True, database=None,
                suppress_health_check=list(HealthCheck))  # fmt: skip
both = pytest.mark.parametrize("name", ["LSTM", "GRU"])


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


def inferred(module, x, hx):
    """The results with the same dropout."""
    dtype = next(module.parameters()).dtype
    if hx is not None:
        hx = tuple(h.to(dtype) for h in hx) if isinstance(hx, tuple) else hx.to(dtype)
    torch.manual_seed(5)
    return tensors(module(seen_input(x, x.to(dtype)), hx))


def seen_input(x, leaf):
    return x.make(leaf) if isinstance(x, Packed) else leaf


class Packed(torch.Tensor):
    """A padded input that the layers see packed."""

    def make(self, leaf):
        return pack_padded_sequence(leaf.as_subclass(torch.Tensor), *self.how)


@st.composite
def configurations(draw, lstm):
    layers = draw(st.integers(1, 3))
    options = dict(
        num_layers=layers,
        bias=draw(st.booleans()),
        batch_first=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.3])) if layers > 1 else 0.0,
        bidirectional=draw(st.booleans()),
        dtype=draw(st.sampled_from([torch.float32, torch.float64])),
    )
    H = draw(st.integers(1, 40))
    if lstm and H > 1 and draw(st.integers(0, 7)) == 0:
        options["proj_size"] = draw(st.integers(1, H - 1))
    return draw(st.integers(1, 20)), H, options, draw(st.integers(1, 12)), draw(st.integers(1, 9))


def check_configuration(name, data):
    I, H, options, T, N = data.draw(configurations(name == "LSTM"))
    torch.manual_seed(data.draw(st.integers(0, 2**31)))
    theirs, ours = pair(name, I, H, **options)
    training = data.draw(st.booleans())
    theirs.train(training), ours.train(training)
    dtype, batch_first = options["dtype"], options["batch_first"]
    kind = data.draw(st.sampled_from(["batch", "unbatched", "packed", "strided"]))
    shape = [T, I] if kind == "unbatched" else [N, T, I] if batch_first else [T, N, I]
    x = torch.randn(shape, dtype=dtype)
    if kind == "strided":
        x = torch.randn([shape[0], shape[2], shape[1]], dtype=dtype).transpose(1, 2)
    if kind == "packed":
        lengths = data.draw(st.lists(st.integers(1, T), min_size=N, max_size=N))
        enforce_sorted = data.draw(st.booleans())
        if enforce_sorted:
            lengths.sort(reverse=True)
        x = x.as_subclass(Packed)
        x.how = (torch.tensor(lengths), batch_first, enforce_sorted)
    hx = None
    if data.draw(st.booleans()):
        D = options["num_layers"] * (1 + options["bidirectional"])
        batch = () if kind == "unbatched" else (N,)
        hx = torch.randn(D, *batch, options.get("proj_size", H), dtype=dtype)
        hx = (hx, torch.randn(D, *batch, H, dtype=dtype)) if name == "LSTM" else hx
    leaves = 1 + (0 if hx is None else len(tensors(hx))) + len(list(theirs.parameters()))
    wanted = data.draw(st.none() | st.sets(st.integers(0, leaves - 1)))
    assert ours.path == ("torch: proj_size has no fused kernel" if "proj_size" in options
                         else "fused")  # fmt: skip
    compare(theirs, ours, x, hx, wanted)
    with torch.no_grad():
        expected = exact = inferred(theirs, x, hx)
        if dtype == torch.float32:
            exact = inferred(copy.deepcopy(theirs).double(), x, hx)
        for _ in range(2):  # the second time with packed weights
            for g, t, e in zip(inferred(ours, x, hx), expected, exact, strict=True):
                assert_close(g, t, exact=e if g.numel() == 1 else None)  # it may cancel out


@many
@given(st.data())
def test_lstm_random(data):
    check_configuration("LSTM", data)


@many
@given(st.data())
def test_gru_random(data):
    check_configuration("GRU", data)


@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell"])
def test_cells_random(name):
    @many
    @given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 9), st.booleans(), st.booleans(),
           st.sampled_from([torch.float32, torch.float64]))  # fmt: skip
    def check(I, H, N, bias, given_state, dtype):
        theirs, ours = pair(name, I, H, bias, dtype=dtype)
        batch = (N,) if N else ()
        x = torch.randn(*batch, I, dtype=dtype)
        h = torch.randn(*batch, H, dtype=dtype)
        hx = ((h, torch.randn_like(h)) if name == "LSTMCell" else h) if given_state else None
        compare(theirs, ours, x, hx)
        with torch.no_grad():
            for _ in range(2):
                for g, e in zip(tensors(ours(x, hx)), tensors(theirs(x, hx)), strict=True):
                    assert_close(g, e)

    check()


# Construction and errors --------------------------------------------------------------------------


@both
def test_is_torchs_class_with_torchs_initialisation(name):
    made = []
    for module in (torch.nn, ft):
        torch.manual_seed(1)
        made.append(getattr(module, name)(3, 4, 2, bidirectional=True))
    theirs, ours = made
    assert isinstance(ours, getattr(torch.nn, name))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


@both
@pytest.mark.parametrize(
    "call",
    [
        lambda m: m(torch.zeros(2, 3, 5)),
        lambda m: m(torch.zeros(2)),
        lambda m: m(torch.zeros(2, 3, 4, dtype=torch.float64)),
        lambda m: m(torch.zeros(0, 3, 4)),
        lambda m: m(torch.zeros(2, 3, 4), torch.zeros(1, 2, 6)),
    ],
)
def test_wrong_arguments_raise_what_torch_raises(name, call):
    theirs, ours = pair(name, 4, 6)
    with pytest.raises(Exception) as expected:  # noqa: PT011
        call(theirs)
    with pytest.raises(expected.type) as got:
        call(ours)
    assert str(got.value) == str(expected.value)


def outcome(layer, x):
    """The dtype of the output, or torch's error: a CPU without AVX-512 has no LSTM of bfloat16."""
    try:
        return layer(x)[0].dtype
    except RuntimeError as error:
        return str(error)


def test_path_says_what_runs():
    theirs, layer = pair("LSTM", 3, 4)
    assert layer.path == "fused"
    with torch.autocast("cpu", torch.bfloat16):
        assert layer.path == "torch: autocast is on"
        assert outcome(layer, torch.zeros(2, 1, 3)) == outcome(theirs, torch.zeros(2, 1, 3))
    assert ft.LSTM(3, 4, proj_size=2).path.startswith("torch: proj_size")
    assert layer.bfloat16().path == "torch: the weights are torch.bfloat16"
    x = torch.zeros(2, 1, 3, dtype=torch.bfloat16)
    assert outcome(layer, x) == outcome(theirs.bfloat16(), x)
    assert ft.GRU(3, 4, device="meta").path == "torch: the weights are on meta"
    assert ft.GRUCell(3, 4).path.startswith("torch: gradients are recorded")
    with torch.no_grad():
        assert ft.GRUCell(3, 4).path == "fused"


@both
@pytest.mark.parametrize(("H", "fused"), [(10, {"LSTM", "GRU"}), (150, {"LSTM"})])
def test_few_steps_of_a_large_gru_with_gradients_are_torchs(name, H, fused, monkeypatch):
    theirs, ours = pair(name, H, H)
    calls = []
    original = Call.forward
    monkeypatch.setattr(Call, "forward", lambda *a, **k: calls.append(a) or original(*a, **k))
    compare(theirs, ours, torch.randn(1, 2, H), None)
    assert bool(calls) == (name in fused)
    ours(torch.zeros(9, 1, H))
    assert calls


# Autograd -----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("bidirectional", [False, True])
def test_second_derivatives(name, bidirectional):
    _, ours = pair(name, 2, 3, bidirectional=bidirectional, dtype=torch.float64)
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    weights = [p.detach().clone().requires_grad_() for p in ours.parameters()]

    def f(x, *weights):
        for n, w in zip(ours._flat_weights_names, weights, strict=True):
            ours.__dict__["_parameters"][n] = w
        y, _ = ours(x)
        return y

    assert torch.autograd.gradcheck(f, (x, *weights))
    assert torch.autograd.gradgradcheck(f, (x, *weights))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", ["", "lengths", "mask", "recurrent_mask"])
@pytest.mark.parametrize("layout", ["torch", "keras", "reset before"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_composed_operations_are_the_kernels(cell, reverse, masked, layout, activation):
    if (layout == "reset before" and cell == "lstm") or (masked and activation != "tanh"):
        return
    G, (T, N, I, H) = (4 if cell == "lstm" else 3), (5, 4, 3, 6)
    call = Call(cell, "torch" if layout == "torch" else "keras", reverse,
                   reset_after=layout != "reset before", activation=activation)  # fmt: skip
    torch.manual_seed(0)
    shapes = [(I, G * H), (H, G * H)]
    if layout == "torch":
        shapes = [(G * H, I), (G * H, H), (G * H,), (G * H,)]
    else:
        shapes += [(2, G * H) if cell == "gru" and call.reset_after else (G * H,)]
    double = dict(dtype=torch.float64, requires_grad=True)
    weights = [torch.randn(s, **double) for s in shapes]
    states = [torch.randn(N, H, **double) for _ in range(2 if cell == "lstm" else 1)]
    x = torch.randn(T, N, I, **double)
    lengths = torch.tensor([5, 2, 0, 3]) if masked == "lengths" else None
    mask = torch.rand(N, T) > 0.4 if masked == "mask" else None
    drops = torch.rand(G, N, H, dtype=torch.float64) if masked == "recurrent_mask" else None
    leaves = [x, *weights, *states]
    for f in (lambda *a: recurrent(*a[:-1], *a[-1]), composed):
        results = f(call, x, weights, states, (lengths, mask, drops))
        grads = torch.autograd.grad(loss_of(results), leaves)
        if f is not composed:
            expected = [*results, *grads]
    for g, e in zip([*results, *grads], expected, strict=True):
        assert_close(g, e)


@both
def test_retained_graph_hooks_and_checkpoint(name):
    theirs, ours = pair(name, 3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    loss = loss_of(ours(x))
    loss.backward(retain_graph=True)
    once = ours.weight_hh_l0.grad.clone()
    loss.backward()
    assert_close(ours.weight_hh_l0.grad, 2 * once)
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()

    seen = []
    handles = [ours.register_forward_hook(lambda m, i, o: seen.append(tuple(o[0].shape))),
               ours.weight_ih_l0.register_hook(lambda g: seen.append(tuple(g.shape)))]  # fmt: skip
    loss_of(ours(x)).backward()
    assert seen == [(4, 2, 5), tuple(ours.weight_ih_l0.shape)]
    for handle in handles:
        handle.remove()

    from torch.utils.checkpoint import checkpoint

    for reentrant in (False, True):
        grads = []
        for m, run in [
            (theirs, lambda m, v: m(v)),
            (ours, lambda m, v: checkpoint(m, v, use_reentrant=reentrant)),  # noqa: B023
        ]:
            v = x.clone().requires_grad_()
            m.zero_grad()
            loss_of(run(m, v)[0]).backward()
            grads.append([v.grad, *(p.grad for p in m.parameters())])
        for g, e in zip(*grads, strict=True):
            assert_close(g, e)


@both
def test_saved_tensors_that_come_back_as_copies(name):
    _, ours = pair(name, 3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    loss_of(ours(x)).backward()
    expected = [p.grad.clone() for p in ours.parameters()]
    ours.zero_grad()
    with torch.autograd.graph.save_on_cpu():
        loss = loss_of(ours(x))
    loss.backward()
    for p, e in zip(ours.parameters(), expected, strict=True):
        assert torch.equal(p.grad, e)


@both
def test_changed_in_place_before_backward(name):
    _, ours = pair(name, 3, 5)
    loss = loss_of(ours(torch.randn(4, 2, 3)))
    with torch.no_grad():
        ours.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@both
def test_tape_is_freed_by_backward(name):
    _, ours = pair(name, 3, 5)
    tapes = []
    original = autograd.hold

    def spy(tape, like):
        holder = original(tape, like)
        tapes.append(weakref.ref(holder))
        return holder

    autograd.hold = spy
    try:
        loss = loss_of(ours(torch.randn(4, 2, 3)))
    finally:
        autograd.hold = original
    gc.collect()
    assert tapes[0]() is not None
    loss.backward()
    gc.collect()
    assert tapes[0]() is None


@both
def test_functional_call_and_torch_func(name):
    theirs, ours = pair(name, 3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    parameters = {n: 0.5 * p.detach() for n, p in theirs.named_parameters()}
    from torch.func import functional_call, grad

    for g, e in zip(tensors(functional_call(ours, parameters, (x,))),
                    tensors(functional_call(theirs, parameters, (x,))), strict=True):  # fmt: skip
        assert_close(g, e)
    grads = [grad(lambda p, m=m: loss_of(functional_call(m, p, (x,))))(parameters)
             for m in (ours, theirs)]  # fmt: skip
    for n in parameters:
        assert_close(grads[0][n], grads[1][n])


# Packed weights -----------------------------------------------------------------------------------


def _sgd(m):
    m(torch.ones(2, 2, 3, dtype=torch.float64))[0].sum().backward()
    torch.optim.SGD(m.parameters(), 0.1).step()


def _columns(w):
    """The same memory, taken column after column."""
    return w.as_strided(w.shape, (1, len(w)))


CHANGES = {
    "in place": lambda m: m.weight_hh_l0.mul_(2),
    "one value": lambda m: m.weight_hh_l0[0, 0].add_(1),
    "data": lambda m: m.weight_hh_l0.data.mul_(2),
    "forget bias": lambda m: m.bias_ih_l0.data[5:10].fill_(1),
    "another memory": lambda m: setattr(m.weight_ih_l0, "data", m.weight_ih_l0.data * 2),
    "another parameter": lambda m: setattr(m, "weight_ih_l0",
                                           torch.nn.Parameter(m.weight_ih_l0 * 2)),
    "state_dict": lambda m: m.load_state_dict({k: v * 2 for k, v in m.state_dict().items()}),
    "optimizer": lambda m: torch.enable_grad()(_sgd)(m),
    "other strides": lambda m: setattr(m.weight_hh_l0, "data", _columns(m.weight_hh_l0.data)),
}  # fmt: skip


@both
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("training", [False, True])
def test_kept_weights_follow_changes(name, change, training):
    theirs, ours = pair(name, 3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    with torch.set_grad_enabled(training):
        before = ours(x)[0]
        with torch.no_grad():
            for m in (theirs, ours):
                CHANGES[change](m)
        after = ours(x)[0]
        assert not torch.equal(before, after)
        assert_close(after, theirs(x)[0])


@both
def test_packed_weights_are_kept_while_nothing_changes(name):
    _, ours = pair(name, 3, 5)
    x = torch.randn(4, 2, 3)
    with torch.inference_mode():
        ours(x)
        first = ours._kept[0].copy
        ours(x)
    with torch.no_grad():
        ours(x)
    assert ours._kept[0].copy is first


@both
def test_weights_made_in_inference_mode(name):
    with torch.inference_mode():
        theirs, ours = pair(name, 3, 5)
        x = torch.randn(4, 2, 3)
        for _ in range(2):
            assert_close(ours(x)[0], theirs(x)[0])
            for m in (theirs, ours):
                m.weight_hh_l0.mul_(2)


@both
def test_copy_and_save_leave_the_packed_weights_out(name):
    _, ours = pair(name, 3, 5)
    x = torch.randn(4, 2, 3)
    with torch.no_grad():
        expected = ours(x)[0]
        file = io.BytesIO()
        torch.save(ours, file)
        file.seek(0)
        for other in (copy.deepcopy(ours), torch.load(file, weights_only=False)):
            assert "_kept" not in other.__dict__
            assert torch.equal(other(x)[0], expected)
            other.weight_hh_l0.zero_()
        assert torch.equal(ours(x)[0], expected)


# accelerate ---------------------------------------------------------------------------------------


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 8, 2, batch_first=True)
        self.gru = torch.nn.GRU(8, 8, batch_first=True, bidirectional=True)
        self.cell = torch.nn.GRUCell(16, 4)
        self.rnn = torch.nn.RNN(4, 4)
        self.projected = torch.nn.LSTM(3, 8, proj_size=2)
        self.half = torch.nn.GRU(3, 4, dtype=torch.bfloat16)
        self.out = torch.nn.Linear(4, 1)

    def forward(self, x):
        y = self.gru(self.lstm(x)[0])[0]
        return self.out(self.rnn(self.cell(y[:, -1])[None])[0][0])


def test_accelerate_and_restore():
    torch.manual_seed(0)
    model = Model()
    x = torch.randn(5, 7, 3)
    optimizer = torch.optim.Adam(model.parameters())
    reference, reference_optimizer = copy.deepcopy((model, optimizer))
    done = ft.accelerate(model)
    assert done.replaced == ["lstm", "gru", "cell"]
    assert done.kept == {
        "rnn": "RNN has no fused class",
        "projected": "proj_size has no fused kernel",
        "half": "the weights are torch.bfloat16",
    }
    assert type(model.lstm) is ft.LSTM
    for m, o in [(model, optimizer), (reference, reference_optimizer)]:
        for _ in range(3):
            o.zero_grad()
            m(x).square().mean().backward()
            o.step()
    for (n, p), q in zip(model.named_parameters(), reference.parameters(), strict=True):
        if n != "half":
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)
    assert ft.accelerate(model).replaced == []
    assert ft.restore(model) == ["lstm", "gru", "cell"]
    assert type(model.lstm) is torch.nn.LSTM
    assert type(model.cell) is torch.nn.GRUCell
    torch.testing.assert_close(model(x), reference(x), rtol=1e-4, atol=1e-5)


# Graphs -------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("training", [False, True])
def test_operator_check(name, training):
    cell = name.lower()
    G = 4 if cell == "lstm" else 3
    weights = [torch.randn(G * 5, 3), torch.randn(G * 5, 5), torch.randn(G * 5), torch.randn(G * 5)]
    states = [torch.randn(2, 5) for _ in range(2 if cell == "lstm" else 1)]
    for t in (*weights, *states):
        t.requires_grad_(training)
    x = torch.randn(4, 2, 3, requires_grad=training)
    torch.library.opcheck(
        torch.ops.fusedrnn.recurrent.default,
        (cell, "torch", x, weights, states, None, None, None, False, True, True, "tanh", training),
    )


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # Dynamo
@both
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compile_keeps_the_call_in_the_graph(name, backend):
    import torch._dynamo

    theirs, ours = pair(name, 3, 5, 2, bidirectional=True, batch_first=True)
    x = torch.randn(4, 6, 3)
    torch._dynamo.reset()
    with torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(ours, fullgraph=True, backend=backend)
        for g, e in zip(tensors(compiled(x)), tensors(theirs(x)), strict=True):
            assert_close(g, e)
        loss_of(compiled(x)).backward()
        loss_of(theirs(x)).backward()
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert_close(p.grad, q.grad)
    torch._dynamo.reset()
    compiled = torch.compile(torch.nn.Sequential(ours), backend=backend)  # breaks the graph
    assert_close(compiled(x)[0], theirs(x)[0])


@both
def test_export_keeps_the_call_in_the_graph(name):
    theirs, ours = pair(name, 3, 5, batch_first=True)
    x = torch.randn(4, 6, 3)
    batch, time = torch.export.Dim("batch"), torch.export.Dim("time")
    program = torch.export.export(ours, (x,), dynamic_shapes=({0: batch, 1: time},))
    targets = [str(node.target) for node in program.graph.nodes]
    assert "fusedrnn.recurrent.default" in targets
    x = torch.randn(2, 9, 3)
    for g, e in zip(tensors(program.module()(x)), tensors(theirs(x)), strict=True):
        assert_close(g, e)


# Threads and processes ----------------------------------------------------------------------------


def test_threads_follow_torch():
    before = torch.get_num_threads()
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            ft.LSTM(3, 5)(torch.zeros(2, 2, 3))
            assert runtime.num_threads() == n
    finally:
        torch.set_num_threads(before)


def big_loss(layer):
    return layer(torch.ones(64, 16, 128))[0].square().sum()


def child(queue, layer):
    torch.set_num_threads(1)  # PyTorch's own threads do not survive a fork
    loss = big_loss(layer)
    loss.backward()
    queue.put(loss.item())


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of fork with threads, Python 3.12
@both
def test_works_in_the_child_of_a_fork(name):
    layer = pair(name, 128, 128)[1]
    expected = big_loss(layer)  # threads are running now
    expected.backward()
    layer.zero_grad()
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=child, args=(queue, layer))
    process.start()
    try:
        assert queue.get(timeout=60) == pytest.approx(expected.item(), rel=1e-6)
        process.join(60)
        assert process.exitcode == 0
    finally:
        process.kill()


class Encoded(torch.utils.data.Dataset):
    """A data set that runs a layer in the workers."""

    def __init__(self, layer):
        self.layer = layer

    def __len__(self):
        return 4

    def __getitem__(self, k):
        with torch.no_grad():
            return self.layer(torch.full((64, 16, 128), float(k)))[0][-1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:This DataLoader will create 2 worker processes")  # one core
@both
def test_works_in_dataloader_workers(name):
    layer = pair(name, 128, 128)[1]
    big_loss(layer).backward()
    expected = torch.stack([Encoded(layer)[k] for k in range(4)])
    loader = torch.utils.data.DataLoader(Encoded(layer), batch_size=2, num_workers=2, timeout=60)
    assert torch.equal(torch.cat(list(loader)), expected)


def test_two_processes_with_ddp_have_the_losses_of_one():
    example = ROOT / "docs/examples/torch_ddp.py"
    installed = str(Path(ft.__file__).parents[2])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": installed}

    def losses(*launcher):
        command = [sys.executable, *launcher, str(example)]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        return [float(line.split()[-1]) for line in run.stdout.splitlines() if "loss" in line]

    one = losses()
    two = losses("-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2")
    assert len(one) >= 5
    assert one[-1] < one[0]
    assert two == pytest.approx(one, rel=1e-4)


def test_example(capsys):
    runpy.run_path(str(ROOT / "docs/examples/torch_accelerate.py"))
    printed = capsys.readouterr().out
    assert "replaced ['gru'] kept {} path: fused" in printed
    assert "same forecasts as before: True" in printed
    assert float(re.search(r"loss (\S+)", printed)[1]) < 0.01
    assert "h_n (2, 3, 16)" in printed
