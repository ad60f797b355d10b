"""The operator in what torch.compile and torch.export make."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from fusedrnn.cells import CELLS  # noqa: E402
from torch_cases import assert_close, each, loss_of, pair, tensors  # noqa: E402


@each
@pytest.mark.parametrize("training", [False, True])
def test_operator_check(name, training):
    cell = name.lower()
    G = CELLS[cell].gates
    weights = [torch.randn(G * 5, 3), torch.randn(G * 5, 5), torch.randn(G * 5), torch.randn(G * 5)]
    states = [torch.randn(2, 5) for _ in range(CELLS[cell].states)]
    for t in (*weights, *states):
        t.requires_grad_(training)
    x = torch.randn(4, 2, 3, requires_grad=training)
    torch.library.opcheck(
        torch.ops.fusedrnn.recurrent.default,
        (cell, "torch", x, weights, states, None, None, None, False, True, True, "tanh", training),
    )


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # Dynamo
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "RNN relu"])
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_compile_keeps_the_call_in_the_graph(name, backend):
    import torch._dynamo

    name, *nonlinearity = name.split()
    theirs, ours = pair(name, 3, 5, 2, *nonlinearity, bidirectional=True, batch_first=True)
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


@each
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
