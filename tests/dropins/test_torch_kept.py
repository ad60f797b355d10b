"""The weights that fusedrnn.torch keeps follow every change."""

from __future__ import annotations

import copy
import io

import pytest

torch = pytest.importorskip("torch")

from fusedrnn.torch import path  # noqa: E402
from torch_cases import assert_close, each, pair  # noqa: E402


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
    "part of a bias": lambda m: m.bias_ih_l0.data[3:10].fill_(1),
    "another memory": lambda m: setattr(m.weight_ih_l0, "data", m.weight_ih_l0.data * 2),
    "another parameter": lambda m: setattr(m, "weight_ih_l0",
                                           torch.nn.Parameter(m.weight_ih_l0 * 2)),
    "state_dict": lambda m: m.load_state_dict({k: v * 2 for k, v in m.state_dict().items()}),
    "optimizer": lambda m: torch.enable_grad()(_sgd)(m),
    "other strides": lambda m: setattr(m.weight_hh_l0, "data", _columns(m.weight_hh_l0.data)),
}  # fmt: skip


@each
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


def test_another_nonlinearity_packs_anew(monkeypatch):
    theirs, ours = pair("RNN", 3, 5, dtype=torch.float64)
    cells = pair("RNNCell", 3, 5, dtype=torch.float64)
    x = torch.randn(4, 2, 3, dtype=torch.float64)
    monkeypatch.setattr(path, "SMALL_STEP", 0)
    with torch.no_grad():
        for mode in ("RNN_TANH", "RNN_RELU", "RNN_TANH"):
            theirs.mode = ours.mode = mode
            assert_close(ours(x)[0], theirs(x)[0])
        for nonlinearity in ("tanh", "relu", "tanh"):
            for cell in cells:
                cell.nonlinearity = nonlinearity
            assert_close(cells[1](x[0]), cells[0](x[0]))


@each
def test_packed_weights_are_kept_while_nothing_changes(name):
    _, ours = pair(name, 3, 5)
    x = torch.randn(4, 2, 3)
    with torch.inference_mode():
        ours(x)
        first = ours._kept._packed.copies[0]
        ours(x)
    with torch.no_grad():
        ours(x)
    assert ours._kept._packed.copies[0] is first


@each
def test_weights_made_in_inference_mode(name):
    with torch.inference_mode():
        theirs, ours = pair(name, 3, 5)
        x = torch.randn(4, 2, 3)
        for _ in range(2):
            assert_close(ours(x)[0], theirs(x)[0])
            for m in (theirs, ours):
                m.weight_hh_l0.mul_(2)


@each
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
