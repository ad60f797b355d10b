"""``fusedrnn bench torch``: results agree before anything is timed; figures decide what is said."""

from __future__ import annotations

import re

import pytest

from fusedrnn.cli.bench_torch import Row
from fusedrnn.cli.main import main

torch = pytest.importorskip("torch")
SMALL = ["bench", "torch", "--input", "3", "--hidden", "4", "--steps", "5", "--batch", "2"]
SMALL += ["--seconds", "0.01"]


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_both_are_timed(cell, capsys):
    assert main([*SMALL, "--cell", cell, "--layers", "2", "--bidirectional"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{cell.upper()}(3, 4, num_layers=2, ")
    figures = r" +[\d.e+-]+ \([\d.e+-]+ - [\d.e+-]+\)" * 3
    for mode in ("inference", "training"):
        assert re.search(rf"^{mode}{figures}$", out, re.MULTILINE), out
    assert re.search(r"^It (pays|does not pay): inference is .*; training is .*\.$", out, re.M)


@pytest.mark.parametrize(("only", "other"), [("inference", "training"), ("training", "inference")])
def test_one_of_them_alone(only, other, capsys):
    before = torch.get_num_threads()
    try:
        assert main([*SMALL, f"--{only}", "--dtype", "float64", "--threads", "1"]) == 0
    finally:
        torch.set_num_threads(before)
    out = capsys.readouterr().out
    assert f"\n{only} " in out
    assert other not in out
    assert "\n1 threads, " in out
    assert main([*SMALL, "--inference", "--training"]) == 2


def test_what_stays_pytorchs_is_said_and_not_timed(capsys):
    assert main([*SMALL, "--proj", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("stays on PyTorch's own code: proj_size has no fused kernel") == 2
    assert out.endswith("It does not pay: nothing of this runs on the fused kernels.\n")
    assert main([*SMALL, "--dtype", "bfloat16"]) == 0
    out = capsys.readouterr().out
    assert "training stays on PyTorch's own code: gradients are recorded" in out
    assert "\ninference " in out


def test_wrong_results_are_a_fault_of_ours(monkeypatch):
    import fusedrnn.torch

    def spoil(layer):
        with torch.no_grad():
            layer.weight_hh_l0 += 0.1
        layer.path = "fused"
        return fusedrnn.torch.Accelerated([""], {})

    monkeypatch.setattr("fusedrnn.torch.accelerate", spoil)
    with pytest.raises(AssertionError, match=r"inference: results differ by .*please report"):
        main(SMALL)


def test_sizes_that_no_memory_has(capsys):
    assert main(["bench", "torch", "--hidden", "1000000000"]) == 2
    assert capsys.readouterr().err.startswith("fusedrnn: error: PyTorch says: ")


@pytest.mark.parametrize(
    ("low", "median", "high", "said"),
    [
        (1.9, 2.0, 2.1, "2.00 times as fast"),
        (0.9, 1.2, 2.1, "no clear difference, 1.20 times PyTorch's speed"),
        (0.6, 0.7, 0.8, "slower, 0.70 times PyTorch's speed"),
    ],
)
def test_what_a_gain_is_called(low, median, high, said):
    times = {"median": 1.0, "low": 1.0, "high": 1.0}
    assert Row(times, times, {"median": median, "low": low, "high": high}).pays == said
