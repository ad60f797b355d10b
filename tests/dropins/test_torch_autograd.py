"""Gradients of fusedrnn.torch: second ones, hooks, copies, and the tape's life."""

from __future__ import annotations

import gc
import weakref

import pytest

torch = pytest.importorskip("torch")

from fusedrnn.cells import CELLS  # noqa: E402
from fusedrnn.torch import autograd  # noqa: E402
from fusedrnn.torch.call import Call  # noqa: E402
from fusedrnn.torch.composed import composed  # noqa: E402
from fusedrnn.torch.recurrent import recurrent  # noqa: E402
from torch_cases import assert_close, each, loss_of, pair, tensors  # noqa: E402


@each
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


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("masked", ["", "lengths", "mask", "recurrent_mask"])
@pytest.mark.parametrize("layout", ["torch", "keras", "reset before"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear"])
def test_composed_operations_are_the_kernels(cell, reverse, masked, layout, activation):
    if (layout == "reset before" and cell != "gru") or (masked and activation != "tanh"):
        return
    G, (T, N, I, H) = CELLS[cell].gates, (5, 4, 3, 6)
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
    states = [torch.randn(N, H, **double) for _ in range(CELLS[cell].states)]
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


@each
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


@each
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


@each
def test_inputs_that_come_back_as_copies(name):
    _, ours = pair(name, 3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    loss_of(ours(x)).backward()
    expected = [p.grad.clone() for p in ours.parameters()]
    ours.zero_grad()
    with torch.autograd.graph.allow_mutation_on_saved_tensors():
        loss = loss_of(ours(x))
        with torch.no_grad():
            x.zero_()
            ours.weight_hh_l0.zero_()
        loss.backward()
    for p, e in zip(ours.parameters(), expected, strict=True):
        assert torch.equal(p.grad, e)


@each
def test_changed_in_place_before_backward(name):
    _, ours = pair(name, 3, 5)
    loss = loss_of(ours(torch.randn(4, 2, 3)))
    with torch.no_grad():
        ours.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@each
def test_tape_is_freed_by_backward(name):
    _, ours = pair(name, 3, 5)
    tapes = []
    original = autograd.hold

    def spy(*arguments):
        holder = original(*arguments)
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


@each
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
