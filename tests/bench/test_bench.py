"""The benchmark runs and its report has what it promises; nothing here is timed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bench import instructions, ours, report
from bench.__main__ import COMMANDS
from bench.case import Case
from bench.cells import CELLS
from bench.contestant import Mismatch, check
from bench.peers import numpy_loop
from bench.shapes import ALL, Shape
from bench.targets import compare
from bench.timing import ratios

from fusedrnn import cells, runtime

ROOT = Path(__file__).parents[2]
NEEDS = {"dropins": ["torch", "rich"], "forecast": ["pandas", "joblib"]}  # of the commands


def bench(*arguments):
    command = [sys.executable, "-m", "bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def run(folder, *options):
    return bench("--results", str(folder), "--threads", "1", "--peers", "", "--budget", "0.1",
                 *options)  # fmt: skip


def test_the_door_lists_its_commands():
    done = bench("--help")
    assert done.returncode == 0
    files = {path.stem for path in (ROOT / "bench").glob("*.py")}
    assert set(COMMANDS) <= files
    for name, line in COMMANDS.items():
        assert f"  {name:13} {line}\n" in done.stdout
    done = bench("kernel")
    assert done.returncode == 1
    assert "no command 'kernel'" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name):
    for package in NEEDS.get(name, ()):
        pytest.importorskip(package)
    done = bench(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"usage: python -m bench {name} " in done.stdout
    assert "--" in done.stdout


def test_peers_give_our_answers(tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("onnxruntime")
    done = run(tmp_path, "--peers", "torch,onnxruntime", "--shapes", "h17,step64",
               "--mode", "inference,training,step,ragged,fit")  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert {(r["cell"], *r["peers"]) for r in rows if r["mode"] == "step"} == {
        (cell, *(["PyTorch"] if cell != "gru_before" else []), "ONNX Runtime") for cell in CELLS
    }


def test_dropins():
    pytest.importorskip("torch")
    pytest.importorskip("rich")
    done = bench("dropins", "--tasks", "inference,training,ragged,cell", "--shapes", "lat1",
                 "--seconds", "0.01")  # fmt: skip
    assert done.returncode == 0, done.stderr
    for task in ("inference", "training", "ragged", "cell"):
        assert done.stdout.count(f"│ {task} ") == len(cells.CELLS), done.stdout


def test_forecast_memory():
    done = bench("forecast", "memory", "--series", "2")
    assert done.returncode == 0, done.stderr
    assert "2 series of 300 days, local networks" in done.stdout


def test_instructions_of_two_builds_are_compared(capsys):
    before = {"avx2": {"step lstm step64": 1000, "step gru step64": 1000}}
    now = {"avx2": {"step lstm step64": 1009, "step gru step64": 1011, "step rnn step64": 1}}
    assert instructions.compare(now, before) == ["step gru step64 avx2"]
    assert "1,011        1,000 x 1.011" in capsys.readouterr().out
    stored = json.loads(instructions.STORED.read_text())["counts"]
    about = instructions.about()
    for isa in about["isas"]:
        assert stored[isa].keys() <= {" ".join(kernel) for kernel in about["kernels"]}


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
        (["--cells", "lstn"], f"--cells: ['lstn'] not in {', '.join(CELLS)}"),
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
@pytest.mark.parametrize("cell", CELLS)
def test_a_wrong_answer_is_found(cell, task):
    shape = Shape(I=3, H=5, T=4, N=2)
    case = Case(mode=task, task=task, cell=cell, name="small", shape=shape, dtype="float64")
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
    samples = {"fusedrnn": [1.0, 1.0, 2.0, 2.0, 2.0], "PyTorch": [3.0, 3.0, 6.0]}
    assert ratios(samples, "fusedrnn") == {"PyTorch": 3.0}  # of the medians: 1.5


def test_ratios():
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
    about = {"task": "inference", "cell": "lstm", "name": "mid", "shape": ALL["mid"]}
    case = Case(mode="ragged inference", ragged=True, **about)
    assert case.lengths.max() == case.shape.T
    full = Case(mode="inference", **about)
    assert case.flops / full.flops == pytest.approx(0.5, abs=0.02)


def test_aims():
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
