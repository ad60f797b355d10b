"""fusedrnn.torch.accelerate and restore."""

from __future__ import annotations

import copy
import re
import runpy
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import fusedrnn.torch as ft  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
ROOT = Path(__file__).parents[2]


class Own(torch.nn.RNN):
    """What has a forward of its own may need it."""

    def forward(self, x):
        return torch.nn.RNN.forward(self, x)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = torch.nn.LSTM(3, 8, 2, batch_first=True)
        self.gru = torch.nn.GRU(8, 8, batch_first=True, bidirectional=True)
        self.cell = torch.nn.GRUCell(16, 4)
        self.rnn = torch.nn.RNN(4, 4, nonlinearity="relu")
        self.rnn_cell = torch.nn.RNNCell(4, 4)
        self.own = Own(3, 4)
        self.projected = torch.nn.LSTM(3, 8, proj_size=2)
        self.half = torch.nn.GRU(3, 4, dtype=torch.float16)
        self.out = torch.nn.Linear(4, 1)

    def forward(self, x):
        y = self.gru(self.lstm(x)[0])[0]
        return self.out(self.rnn_cell(self.rnn(self.cell(y[:, -1])[None])[0][0]))


def test_accelerate_and_restore():
    torch.manual_seed(0)
    model = Model()
    x = torch.randn(5, 7, 3)
    optimizer = torch.optim.Adam(model.parameters())
    reference, reference_optimizer = copy.deepcopy((model, optimizer))
    done = ft.accelerate(model)
    assert done.replaced == ["lstm", "gru", "cell", "rnn", "rnn_cell"]
    assert done.kept == {
        "own": "Own.forward does not call super().forward",
        "projected": "proj_size has no fused kernel",
        "half": "the weights are torch.float16",
    }
    assert isinstance(model.lstm, ft.LSTM)
    assert isinstance(model.rnn_cell, ft.RNNCell)
    for m, o in [(model, optimizer), (reference, reference_optimizer)]:
        for _ in range(3):
            o.zero_grad()
            m(x).square().mean().backward()
            o.step()
    for (n, p), q in zip(model.named_parameters(), reference.parameters(), strict=True):
        if n != "half":
            torch.testing.assert_close(p, q, rtol=1e-4, atol=1e-6)
    assert ft.accelerate(model).replaced == []
    assert ft.restore(model) == ["lstm", "gru", "cell", "rnn", "rnn_cell"]
    assert type(model.lstm) is torch.nn.LSTM
    assert type(model.cell) is torch.nn.GRUCell
    assert type(model.rnn) is torch.nn.RNN
    assert type(model.rnn_cell) is torch.nn.RNNCell
    torch.testing.assert_close(model(x), reference(x), rtol=1e-4, atol=1e-5)


def test_example(capsys):
    runpy.run_path(str(ROOT / "docs/examples/torch_accelerate.py"))
    printed = capsys.readouterr().out
    assert "replaced ['gru'] kept {} path: fused" in printed
    assert "same forecasts as before: True" in printed
    assert float(re.search(r"loss (\S+)", printed)[1]) < 0.01
    assert "h_n (2, 3, 16)" in printed
