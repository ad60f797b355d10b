"""``fusedrnn bench torch``: results agree before anything is timed; figures decide what is said."""

from __future__ import annotations

import re

import pytest

from fusedrnn.cli.bench_torch import Row, verdict
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
    said = r"It (pays|does not pay).*: inference is .*; training is .*\.|No verdict: quartiles .*"
    assert re.search(rf"^({said})$", out, re.MULTILINE)  # a busy machine has none


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
    assert "\n1 thread, " in out
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


GAIN = {"low": 1.9, "median": 2.0, "high": 2.1}
NEITHER = {"low": 0.9, "median": 1.2, "high": 2.1}
LOSS = {"low": 0.6, "median": 0.7, "high": 0.8}


@pytest.mark.parametrize(
    ("inference", "training", "said"),
    [
        (GAIN, GAIN, "It pays: inference is 2.00 times as fast; training is 2.00 times as fast."),
        (GAIN, NEITHER, "It pays: inference is 2.00 times as fast; training is no clear "
         "difference, 1.20 times PyTorch's speed."),
        (LOSS, GAIN, "It pays for training, not for inference: inference is slower, 0.70 times "
         "PyTorch's speed; training is 2.00 times as fast."),
        (NEITHER, LOSS, "It does not pay: inference is no clear difference, 1.20 times PyTorch's "
         "speed; training is slower, 0.70 times PyTorch's speed."),
    ],
)  # fmt: skip
def test_what_is_said_of_a_gain(inference, training, said):
    found = {"inference": inference, "training": training}
    times = {"low": 1.0, "high": 1.5}
    assert verdict({mode: Row(times, times, gain) for mode, gain in found.items()}) == said


def test_a_busy_machine_gets_no_verdict():
    gain = {"low": 5.0, "median": 7.0, "high": 9.0}
    steady, busy = {"low": 1.0, "high": 1.9}, {"low": 1.0, "high": 4.0}
    rows = {"inference": Row(steady, steady, gain), "training": Row(busy, steady, gain)}
    assert verdict(rows).startswith("No verdict: quartiles of the times of training lie more")
