"""No change of weights goes unnoticed, by whatever way it comes; what `freeze` promises."""

from __future__ import annotations

import copy
import multiprocessing
import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn.utils import parametrizations, prune  # noqa: E402

import fusedrnn.torch as ft  # noqa: E402
import weight_changes  # noqa: E402
from fusedrnn import _core, functional  # noqa: E402
from fusedrnn.torch import kept, path  # noqa: E402
from torch_cases import assert_close, pair, tensors  # noqa: E402

LAYERS, CELLS = ("LSTM", "GRU", "RNN"), ("LSTMCell", "GRUCell", "RNNCell")
each_module = pytest.mark.parametrize("name", [*LAYERS, *CELLS])
SIZE = 70  # more than 4,096 values of a weight
X = torch.linspace(-9, 9, 3 * 2 * SIZE).sin().view(3, 2, SIZE)


@pytest.fixture(autouse=True)
def _small_steps_too(monkeypatch):
    monkeypatch.setattr(path, "SMALL_STEP", 0)


def models(name, dtype=torch.float32):
    torch.manual_seed(0)
    return pair(name, SIZE, SIZE, dtype=dtype)


def outputs(model):
    dtype = next(model.parameters()).dtype
    x = X if isinstance(model, torch.nn.RNNBase) else X[0]
    return tensors(model(x.to(dtype)))


def check(theirs, ours):
    for e, g in zip(outputs(theirs), outputs(ours), strict=True):
        assert_close(g, e)


@each_module
@pytest.mark.parametrize("way", weight_changes.ALL)
def test_every_way_is_noticed(name, way):
    theirs, ours = models(name, torch.float64 if "Cell" in name else torch.float32)
    change = weight_changes.ALL[way]
    for seed in range(2):
        with torch.no_grad():
            check(theirs, ours)
            assert ours.path == "fused"
        before = weight_changes.vector_of(ours)
        both = [
            weight_changes.steps(change, m, np.random.default_rng(seed)) for m in (theirs, ours)
        ]
        for _ in zip(*both, strict=True):
            with torch.no_grad():
                check(theirs, ours)
            check(theirs, ours)
        after = weight_changes.vector_of(ours)
        assert not torch.equal(before, after)


def decode(model, calls, change):
    """The states of some calls of one graph, the weights changed before the last of them."""
    y, state, all_of_them = X[:1], None, []
    for call in range(calls):
        if call == calls - 1:
            with torch.no_grad():
                change(model)
        y, state = model(y, state)
        all_of_them.append(y)
    return all_of_them


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("calls", [2, 3, 5])
def test_calls_of_one_graph_notice_changes_too(name, calls, monkeypatch):
    monkeypatch.setattr("fusedrnn.torch.layers.torch_is_faster", lambda *_: False)

    def change(model):
        model.weight_hh_l0.data[3, 5] += 1

    theirs, ours = models(name)
    for e, g in zip(decode(theirs, calls, change), decode(ours, calls, change), strict=True):
        assert_close(g, e)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "bidirectional": True}])
def test_calls_of_one_graph_share_what_is_packed(name, options, monkeypatch):
    monkeypatch.setattr("fusedrnn.torch.layers.torch_is_faster", lambda *_: False)
    packs = []
    pack = kept._pack
    monkeypatch.setattr(kept, "_pack", lambda *a, **k: packs.append(1) or pack(*a, **k))
    theirs, ours = pair(name, SIZE, SIZE, dtype=torch.float64, **options)
    optimizers = [torch.optim.SGD(m.parameters(), 1e-3) for m in (theirs, ours)]
    for graph in range(1, 4):
        for model, optimizer in zip((theirs, ours), optimizers, strict=True):
            optimizer.zero_grad()
            state, loss = None, 0
            for x in torch.stack([X, -X, 2 * X, X]).double():
                y, state = model(x, state)
                loss = loss + (y * y).sum()
            loss.backward()
        for e, g in zip(theirs.parameters(), ours.parameters(), strict=True):
            assert_close(g.grad, e.grad)
        assert len(packs) == graph
        for optimizer in optimizers:
            optimizer.step()
    for _ in range(3):  # one call a graph: nothing is packed to be shared
        ours(X.double())[0].sum().backward()
    assert len(packs) == 3


@each_module
def test_another_process_writes(name):
    theirs, ours = models(name)
    ours.share_memory()
    with torch.no_grad():
        check(theirs, ours)
        memory = ours.get_parameter(next(n for n, _ in ours.named_parameters())).detach().numpy()
        child = multiprocessing.get_context("fork").Process(
            target=np.add.at, args=(memory, (5, 7), 1)
        )
        child.start()
        child.join()
        next(theirs.parameters())[5, 7] += 1
        assert child.exitcode == 0
        check(theirs, ours)


@each_module
def test_weights_made_in_inference_mode(name):
    with torch.inference_mode():
        theirs, ours = models(name)
        for k in range(3):
            check(theirs, ours)
            kept = ours._kept._packed
            check(theirs, ours)
            assert ours._kept._packed is kept
            for m in (theirs, ours):
                next(m.parameters())[k, k] += 1


@each_module
@pytest.mark.parametrize(
    "change",
    [
        lambda m, w: parametrizations.weight_norm(m, w),
        lambda m, w: parametrizations.orthogonal(m, w),
        lambda m, w: parametrizations.spectral_norm(m, w),
        lambda m, w: prune.l1_unstructured(m, w, 0.5),
        lambda m, w: torch.nn.utils.weight_norm(m, w),
        lambda m, w: torch.nn.utils.spectral_norm(m, w),
    ],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_computed_weights(name, change):
    theirs, ours = models(name)
    for m in (theirs, ours):
        torch.manual_seed(1)
        change(m, "weight_hh" if name in CELLS else "weight_hh_l0")
    for training in (True, False):
        for _ in range(3):
            with torch.no_grad():  # a spectral norm iterates at each look while it trains
                check(theirs.train(training), ours.train(training))
            check(theirs, ours)
            for m in (theirs, ours):
                for p in m.parameters():
                    p.data[(0,) * p.dim()] += 0.5
                for b in m.buffers():
                    b.data[(0,) * b.dim()] = 1


@each_module
def test_functional_call_leaves_the_module_as_it_was(name):
    theirs, ours = models(name)
    x = X if name in LAYERS else X[0]
    for seed in range(3):
        for grad in (True, False):
            with torch.set_grad_enabled(grad):
                other = {k: v * (0.5 + seed) for k, v in theirs.named_parameters()}
                results = [tensors(torch.func.functional_call(m, other, (x,)))
                           for m in (theirs, ours)]  # fmt: skip
                for e, g in zip(*results, strict=True):
                    assert_close(g, e)
                check(theirs, ours)


@pytest.mark.parametrize("name", LAYERS)
def test_packed_weights_made_from_a_tensors_memory_are_a_copy(name):
    layer = getattr(torch.nn, name)(SIZE, SIZE, bias=False, dtype=torch.float64)
    weights = [w.detach().numpy().T for w in layer.parameters()]
    x = X.double().numpy()
    for make in (getattr(functional, f"Packed{name}"), getattr(functional, f"{name}Step")):
        packed, one = make(*weights), "Step" in make.__name__
        arguments = [x[0], *[x[0]] * (1 + (name == "LSTM"))] if one else [x]
        before = packed(*arguments)
        layer.weight_hh_l0.data.neg_()
        after = packed(*arguments)
        for b, a in zip(before, after, strict=True):  # results, or rows of the one
            np.testing.assert_array_equal(a, b)


# Frozen ------------------------------------------------------------------------------------------


@each_module
@pytest.mark.parametrize("way", weight_changes.SEEN)
def test_frozen_weights_may_change_where_torch_notes_it(name, way):
    theirs, ours = models(name)
    assert ft.freeze(ours) == [""]
    change = weight_changes.SEEN[way]
    with torch.no_grad():
        for seed in range(3):
            check(theirs, ours)
            for m in (theirs, ours):
                change(m, np.random.default_rng(seed))
            check(theirs, ours)


@each_module
@pytest.mark.parametrize("way", ["an element of data", "an array of detach()", "one byte"])
def test_frozen_weights_are_not_looked_at_until_unfrozen(name, way, monkeypatch):
    theirs, ours = models(name)
    ft.freeze(ours)
    with torch.no_grad():
        before = outputs(ours)
        with monkeypatch.context() as m:
            m.setattr(_core, "fingerprint", None)
            outputs(ours)
        for m in (theirs, ours):
            weight_changes.UNSEEN[way](m, np.random.default_rng(0))
        assert all(map(torch.equal, outputs(ours), before))
        assert ft.unfreeze(ours) == [""]
        assert ft.unfreeze(ours) == []
        check(theirs, ours)
        ft.freeze(ours)
        check(theirs, ours)


@each_module
@pytest.mark.parametrize("fused", [False, True])  # fused, a step gives no weight a new version
def test_a_frozen_module_trains_and_moves(name, fused):
    theirs, ours = models(name)
    ft.freeze(ours)
    optimizers = [torch.optim.SGD(m.parameters(), 0.1, fused=fused) for m in (theirs, ours)]
    for _ in range(3):
        with torch.no_grad():
            check(theirs, ours)
        for m, optimizer in zip((theirs, ours), optimizers, strict=True):
            optimizer.zero_grad()
            sum(t.square().sum() for t in outputs(m)).backward()
            optimizer.step()
    ours.load_state_dict(theirs.state_dict())
    for dtype in (torch.float64, torch.float32):
        with torch.no_grad():
            check(theirs.to(dtype), ours.to(dtype))
    assert ft.unfreeze(ours) == [""]


@each_module
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy,
                                    lambda m: pickle.loads(pickle.dumps(m))])  # fmt: skip
def test_copies_are_not_frozen(name, copied):
    theirs, ours = models(name)
    ft.freeze(ours)
    with torch.no_grad():
        check(theirs, ours)
        other = copied(ours)
        assert ft.unfreeze(other) == []
        for m in (theirs, other):
            weight_changes.ALL["an element of data"](m, np.random.default_rng(0))
        check(theirs, other)


def test_names_of_what_is_frozen():
    model = torch.nn.ModuleDict({"a": torch.nn.LSTM(3, 4), "b": torch.nn.Linear(3, 4)})
    with pytest.raises(ValueError, match="accelerate"):
        ft.freeze(model)
    ft.accelerate(model)
    assert ft.freeze(model) == ["a"]
    assert ft.restore(model) == ["a"]
    assert ft.unfreeze(model) == []
    ft.accelerate(model)
    assert ft.unfreeze(model) == []
