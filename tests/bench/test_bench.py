"""The benchmark runs and its report has what it promises; nothing here is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _bench_importable(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))


def run(folder, *options):
    command = [sys.executable, "-m", "bench", "--results", str(folder), "--threads", "1",
               "--peers", "", "--budget", "0.1", *options]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_report(tmp_path):
    modes = "inference,training,step,ragged,fit,memory"
    done = run(tmp_path, "--shapes", "h17,step64", "--mode", modes, "--cells", "gru,gru_before")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "latest.json").read_text())
    assert {"cpu", "isa", "versions", "build", "command"} <= report["machine"].keys()
    modes = {"inference", "training", "step", "ragged inference", "ragged training", "fit"}
    rows = {(r["mode"], r["cell"]): r for r in report["rows"]}
    assert modes <= {mode for mode, _ in rows}
    for (mode, _), row in rows.items():
        if mode == "memory":
            assert row["megabytes"]["fusedrnn"] > 0
            continue
        times = row["seconds"]["fusedrnn"]
        assert 0 < times["low"] <= times["median"] <= times["high"]
        assert times["rounds"] >= 4
        assert row["ratio"] is None, "no peer takes part"
        if mode != "fit":
            assert row["gflops"] == pytest.approx(row["flops"] / times["median"] / 1e9)
            assert row["share"] == pytest.approx(row["gflops"] / row["peak_gflops"])
    text = (tmp_path / "latest.md").read_text()
    assert "| gru | h17 | 13, 17, 30, 31 |" in text
    assert "gru_before" in done.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shapes", "huge"], "no shape 'huge'"),
        (["--cells", "rnn"], "--cells: ['rnn'] not in lstm, gru, gru_before"),
        (["--shapes", "seed", "--mode", "step"], "no case is left"),
        (["--name", "a/b"], "--name"),
    ],
)
def test_wrong_options(tmp_path, options, message):
    done = run(tmp_path, *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("task", ["inference", "training"])
@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_before"])
def test_a_wrong_answer_is_found(cell, task):
    from bench import numpy_loop, ours
    from bench.case import Case
    from bench.contestant import Mismatch, check
    from bench.shapes import Shape

    from fusedrnn import runtime

    case = Case(task, task, cell, "small", Shape(3, 5, 4, 2), "float64")
    us = ours.contestant(case, 1, runtime.isa())
    peer = numpy_loop.contestant(case, 1)
    check(case, us, [peer])
    for key in peer.answer(peer.run()):

        def wrong(out, key=key):
            answer = {k: np.array(v) for k, v in numpy_loop.contestant(case, 1).answer(out).items()}
            answer[key].flat[0] += 1e-6
            return answer

        peer.answer = wrong
        with pytest.raises(Mismatch, match=f"{key} of NumPy differs"):
            check(case, us, [peer])
    peer.answer = lambda out: {}
    with pytest.raises(Mismatch, match="nothing of NumPy was compared"):
        check(case, us, [peer])


def test_ratios_are_of_times_in_the_same_round():
    from bench.worker import ratios

    samples = {"fusedrnn": [1.0, 1.0, 2.0, 2.0, 2.0], "PyTorch": [3.0, 3.0, 6.0]}
    assert ratios(samples, "fusedrnn") == {"PyTorch": 3.0}  # of the medians: 1.5


def test_ratios():
    from bench import report

    def times(seconds):
        return {"median": seconds, "low": seconds, "high": seconds, "rounds": 4}

    row = {
        "mode": "ragged inference", "dtype": "float32", "threads": 2, "cell": "gru",
        "shape": "seed",
        "I": 1, "H": 50, "T": 10, "N": 32, "flops": 3e9, "full_flops": 6e9, "peak_gflops": 10.0,
        "peers": ["PyTorch", "ONNX Runtime", "NumPy"],
        "seconds": {"fusedrnn": times(0.5), "PyTorch": times(4.0), "ONNX Runtime": times(1.0),
                    "NumPy": times(0.1), "fusedrnn full": times(0.9),
                    "fusedrnn one thread": times(0.95)},
        "ratios": {"PyTorch": 8.0, "ONNX Runtime": 2.0, "NumPy": 0.2, "fusedrnn full": 1.8,
                   "fusedrnn one thread": 1.9},
    }  # fmt: skip
    report.evaluate(row)
    assert row["best_peer"] == "ONNX Runtime"
    assert row["ratio"] == pytest.approx(2.0)
    assert row["share"] == pytest.approx(0.6)
    assert row["against"] == pytest.approx({"full": 0.9, "one thread": 1.9})
    other = row | {"ratio": 8.0, "shape": "mid"}
    (mean,) = report.summary([row, other])
    assert mean["mean"] == pytest.approx(4.0)
    assert (mean["least"], mean["at"]) == (2.0, "seed")


def test_half_of_a_ragged_batch_counts():
    from bench.case import Case
    from bench.shapes import ALL

    case = Case("ragged inference", "inference", "lstm", "mid", ALL["mid"], ragged=True)
    assert case.lengths.max() == case.shape.T
    full = Case("inference", "inference", "lstm", "mid", ALL["mid"])
    assert case.flops / full.flops == pytest.approx(0.5, abs=0.02)


def test_aims():
    from bench.targets import compare

    def row(cell, share):
        times = {"median": 6e-6}
        return {"mode": "inference", "cell": cell, "shape": "mid", "dtype": "float32",
                "threads": 1, "ratio": 0.9, "share": share, "against": {},
                "seconds": {"fusedrnn": times}}  # fmt: skip

    report = {"rows": [row("gru", 0.9), row("gru_before", 0.72)], "summary": []}
    met = {(cell, what): yes for _, cell, _, _, _, what, *_, yes in compare(report).lines}
    assert met == {
        ("gru", "of peak"): "yes", ("gru", "x best peer"): "NO",
        ("gru_before", "of reset after"): "NO", ("gru_before", "x best peer"): "NO",
    }  # fmt: skip
