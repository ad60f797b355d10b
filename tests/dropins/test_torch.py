"""fusedrnn.torch against torch.nn: outputs, states, gradients, and life around them.

FUSEDRNN_LONG=2000 runs that many random configurations per module instead of 200.
"""

from __future__ import annotations

import copy
import os

import pytest

torch = pytest.importorskip("torch")
hypothesis = pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

import fusedrnn.torch as ft  # noqa: E402
from fusedrnn.torch import path  # noqa: E402
from fusedrnn.torch.call import Call  # noqa: E402
from torch_cases import Packed, assert_close, compare, each, pair, seen_input, tensors  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
LONG = int(os.environ.get("FUSEDRNN_LONG", "200"))
many = settings(max_examples=LONG, deadline=None, derandomize=True, database=None,
                suppress_health_check=list(HealthCheck))  # fmt: skip


def inferred(module, x, hx):
    """The results with the same dropout."""
    dtype = next(module.parameters()).dtype
    if hx is not None:
        hx = tuple(h.to(dtype) for h in hx) if isinstance(hx, tuple) else hx.to(dtype)
    torch.manual_seed(5)
    return tensors(module(seen_input(x, x.to(dtype)), hx))


@st.composite
def configurations(draw, name):
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
    if name == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    if name == "LSTM" and H > 1 and draw(st.integers(0, 7)) == 0:
        options["proj_size"] = draw(st.integers(1, H - 1))
    return draw(st.integers(1, 20)), H, options, draw(st.integers(1, 12)), draw(st.integers(1, 9))


def check_configuration(name, data):
    I, H, options, T, N = data.draw(configurations(name))
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


@many
@given(st.data())
def test_rnn_random(data):
    check_configuration("RNN", data)


@pytest.mark.parametrize(
    ("name", "options"),
    [("LSTMCell", {}), ("GRUCell", {}), ("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"})],
)
def test_cells_random(name, options, monkeypatch):
    monkeypatch.setattr(path, "SMALL_STEP", 0)

    @many
    @given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 9), st.booleans(), st.booleans(),
           st.sampled_from([torch.float32, torch.float64]))  # fmt: skip
    def check(I, H, N, bias, given_state, dtype):
        theirs, ours = pair(name, I, H, bias, dtype=dtype, **options)
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


@each
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


@each
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


@pytest.mark.parametrize(
    "make",
    [
        lambda m: m.RNN(3, 4, nonlinearity="sigmoid"),
        lambda m: m.RNN(3, 4, proj_size=2),
        lambda m: m.RNN(3, 4, 2, "elu"),
        lambda m: m.RNNCell(3, 4, nonlinearity="sigmoid")(torch.zeros(2, 3)),
        lambda m: torch.no_grad()(m.RNNCell(3, 4, nonlinearity="sigmoid"))(torch.zeros(2, 3)),
        lambda m: m.RNNCell(3, 4)(torch.zeros(2, 3, 1)),
        lambda m: torch.no_grad()(m.RNNCell(3, 4))(torch.zeros(2, 4)),
    ],
)
def test_wrong_rnns_raise_what_torch_raises(make):
    with pytest.raises(Exception) as expected:  # noqa: PT011
        make(torch.nn)
    with pytest.raises(expected.type) as got:
        make(ft)
    assert str(got.value) == str(expected.value)


def test_small_steps_of_an_rnn_are_torchs():
    x = torch.randn(64, 100)
    for H, fused in ((64, False), (128, True)):
        theirs, ours = pair("RNNCell", 100, H)
        with torch.no_grad():
            assert_close(ours(x), theirs(x))
            assert_close(ours(x[0]), theirs(x[0]))
        assert ("_kept" in ours.__dict__) == fused


@pytest.mark.parametrize("mode", ["RNN_SIGMOID", "RNN_FOO"])
def test_a_mode_that_torch_has_not_is_refused_as_by_torch(mode):
    theirs, ours = pair("RNN", 3, 5)
    theirs.mode = ours.mode = mode
    for no_grad in (False, True):
        messages = []
        for layer in (theirs, ours):
            with torch.set_grad_enabled(not no_grad), pytest.raises(AssertionError) as error:
                layer(torch.randn(4, 2, 3))
            messages.append(str(error.value))
        assert messages[0] == messages[1]


def test_nan_passes_through_relu_as_in_torch():
    theirs, ours = pair("RNN", 2, 3, nonlinearity="relu")
    x = torch.ones(3, 1, 2)
    x[2] = torch.nan
    for layer in (theirs, ours):
        layer(x)[0].sum().backward()
    for a, e in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a.grad, e.grad, equal_nan=True)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("positional", [False, True])
def test_an_rnn_takes_torchs_arguments(nonlinearity, positional):
    made = [
        m.RNN(3, 4, 2, nonlinearity, False, True) if positional else
        m.RNN(3, 4, num_layers=2, nonlinearity=nonlinearity, bias=False, batch_first=True)
        for m in (torch.nn, ft)
    ]  # fmt: skip
    theirs, ours = made
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    compare(theirs, ours, torch.randn(2, 5, 3), None)


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
        assert layer.path.startswith("torch: gradients are recorded, for which bfloat16")
        assert outcome(layer, torch.zeros(2, 1, 3)) == outcome(theirs, torch.zeros(2, 1, 3))
    assert ft.LSTM(3, 4, proj_size=2).path.startswith("torch: proj_size")
    with torch.autocast("cpu", torch.float16):
        assert layer.path == "torch: autocast is on"
    assert ft.LSTM(3, 4).half().path == "torch: the weights are torch.float16"
    assert layer.bfloat16().path.startswith("torch: gradients are recorded, for which bfloat16")
    x = torch.zeros(2, 1, 3, dtype=torch.bfloat16)
    assert outcome(layer, x) == outcome(theirs.bfloat16(), x)
    assert ft.GRU(3, 4, device="meta").path == "torch: the weights are on meta"
    assert ft.GRUCell(3, 4).path.startswith("torch: gradients are recorded")
    assert ft.RNN(3, 4).path == ft.RNN(3, 4, nonlinearity="relu").path == "fused"
    with torch.no_grad():
        assert ft.GRUCell(3, 4).path == ft.RNNCell(3, 4).path == "fused"


@each
@pytest.mark.parametrize(
    ("H", "fused"), [(10, {"LSTM", "GRU", "RNN"}), (150, {"LSTM", "RNN"}), (200, {"LSTM"})]
)
def test_few_steps_of_large_layers_with_gradients_are_torchs(name, H, fused, monkeypatch):
    theirs, ours = pair(name, H, H)
    calls = []
    original = Call.forward
    monkeypatch.setattr(Call, "forward", lambda *a, **k: calls.append(a) or original(*a, **k))
    compare(theirs, ours, torch.randn(1, 2, H), None)
    assert bool(calls) == (name in fused)
    ours(torch.zeros(9, 1, H))
    assert calls
