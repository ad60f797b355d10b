"""The benchmark runs and its report has what it promises; nothing here is timed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench import contention, instructions, kernels, neighbours, ours, report
from bench.__main__ import COMMANDS, main
from bench.case import Case
from bench.cells import CELLS
from bench.contestant import Mismatch, check
from bench.peers import numpy_loop
from bench.pools import NEIGHBOURS
from bench.process import Process, Processes
from bench.shapes import ALL, Shape
from bench.targets import compare
from bench.timing import over, race, ratios

from fusedrnn import runtime

ROOT = Path(__file__).parents[2]
NEEDS = {  # of the commands
    "dropins": ["torch"],
    "programs": ["torch"],
    "forecast": ["pandas", "joblib"],
}


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
    done = run(tmp_path, "--peers", "torch,onnxruntime", "--shapes",
               "h17,step64,lat1", "--mode", "inference,training,step,ragged,fit")  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert {(r["cell"], *r["peers"]) for r in rows if r["mode"] == "step"} == {
        (cell, *(["PyTorch"] if cell != "gru_before" else []), "ONNX Runtime") for cell in CELLS
    }
    for row in rows:
        single = row["mode"] == "step" or (row["mode"], row["N"]) == ("inference", 1)
        assert ("bfloat16" in row["against"]) == single


def report_of(folder, *arguments):
    done = bench(*arguments, "--results", str(folder))
    assert done.returncode == 0, done.stderr
    assert (folder / "latest.md").exists()
    return json.loads((folder / "latest.json").read_text())["rows"], done


def test_dropins(tmp_path):
    pytest.importorskip("torch")
    tasks = ["inference", "training", "ragged", "cell", "one step", "decoder"]
    rows, _ = report_of(tmp_path, "dropins", "--tasks", ",".join(tasks), "--layers", "GRU,GRUCell",
                        "--shapes", "h1", "--seconds", "0.01")  # fmt: skip
    for row in rows:
        assert row["ratio"]["median"] > 0
        assert ("adapter" in row) == (row["task"] in ("inference", "training"))
        assert ("engine" in row["seconds"]) == (row["task"] == "training")
    layers, of_cells = {"GRU"}, {"GRUCell"}
    wanted = dict.fromkeys(tasks, layers) | {"cell": of_cells}
    wanted |= dict.fromkeys(["one step", "decoder"], layers | of_cells)
    assert wanted == {task: {r["layer"] for r in rows if r["task"] == task} for task in tasks}


def test_programs(tmp_path):
    pytest.importorskip("torch")
    rows, done = report_of(tmp_path, "programs", "--programs", "tagger GRU,DeepAR LSTM,actor",
                           "--threads", "1", "--seconds", "0.01")  # fmt: skip
    found = {(row["task"], row["program"]) for row in rows}
    names = ("tagger GRU", "actor-critic LSTM", "actor-critic GRU", "DeepAR LSTM")
    assert found == {(task, name) for task in ("training", "inference") for name in names}
    for row in rows:
        assert len(row["replaced"]) + len(row["kept"]) == 1
    assert "geometric means of the ratios" in done.stdout
    done = bench("programs", "--programs", "no such")
    assert done.returncode == 1
    assert "no program 'no such'" in done.stderr


@pytest.fixture
def one_thread_of_torch():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


def test_programs_train_all_that_they_have(one_thread_of_torch):
    torch = one_thread_of_torch
    from bench.programs import PROGRAMS

    recurrent = (torch.nn.RNNBase, torch.nn.RNNCellBase)
    for name, make in PROGRAMS.items():
        torch.manual_seed(0)
        program = make()
        kind = name.split()[-1]
        kinds = [type(m).__mro__ for m in program.model.modules() if isinstance(m, recurrent)]
        assert kinds, name
        assert all(any(kind in c.__name__ for c in mro) for mro in kinds), name
        if kind == "GRU":  # the other costs the same again
            continue
        parameters = list(program.model.parameters())
        before = [p.detach().clone() for p in parameters]
        assert program.train().isfinite().all()
        assert all((p != b).any() for p, b in zip(parameters, before, strict=True)), name
        y = program.infer()
        assert not y.requires_grad
        assert y.isfinite().all()


def test_pools(tmp_path):
    pytest.importorskip("torch")
    rows, done = report_of(tmp_path, "pools", "--shapes", "h17", "--seconds", "0.01",
                           "--threads", "1")  # fmt: skip
    for row in rows:
        third = row["neighbour"] in ("another OpenMP", "ONNX Runtime")
        assert ("third" in row["seconds"]) == third
        assert row["x parts"]["median"] > 0
        assert row["x one thread"]["median"] > 0
    left_out = {line.split(":")[0] for line in done.stderr.splitlines() if "left out" in line}
    found = {(row["neighbour"], row["layer"]) for row in rows}
    assert found == {(n, layer) for n in NEIGHBOURS if n not in left_out
                     for layer in ("fusedrnn.torch", "torch.nn")}  # fmt: skip


def test_a_wheel_has_an_openmp_of_its_own():
    with neighbours.wheel() as folder:
        if folder is None:
            pytest.skip("the core needs no libgomp.so.1")
        path = f"{folder}:{os.environ.get('LD_LIBRARY_PATH', '')}"
        with Process(dict(os.environ) | {"LD_LIBRARY_PATH": path}) as process:
            process(neighbours.import_first_from, str(folder))
            assert process(eval, "__import__('fusedrnn._core')._core.__file__").startswith(
                str(folder)
            )
            assert process(neighbours.mapped, "libgomp") == folder / "libgomp.so.9"


def test_a_process_is_kept_and_has_an_environment_of_its_own(monkeypatch):
    monkeypatch.setenv("BENCH_TEST", "before")
    with Process(dict(os.environ) | {"BENCH_TEST": "its own"}) as process:
        assert process(os.getenv, "BENCH_TEST") == "its own"
        assert process(os.getpid) == process(os.getpid) != os.getpid()
        with pytest.raises(ZeroDivisionError):
            process(divmod, 1, 0)
    assert os.environ["BENCH_TEST"] == "before"
    with Processes(1) as processes:
        assert processes["a"](os.getenv, "OMP_NUM_THREADS") == "1"
        assert processes["a"] is processes["a"] is not processes["b"]


def test_busy(tmp_path):
    done = run(tmp_path, "--threads", "2", "--busy", "2", "--mode", "busy", "--shapes", "h17",
               "--cells", "lstm")  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert [row["mode"] for row in rows] == ["busy inference", "busy training"]
    for row in rows:
        assert row["seconds"].keys() == row["quiet"].keys() == {"fusedrnn"}
    assert "2 busy processes" in done.stdout


def test_busy_processes_end():
    with contention.busy(2) as processes:
        assert all(process.poll() is None for process in processes)
    assert all(process.poll() is not None for process in processes)


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


def test_stream(tmp_path):
    done = bench("stream", "--results", str(tmp_path), "--models", "GRU", "--rows", "2",
                 "--seconds", "0.1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((tmp_path / "latest.json").read_text())["rows"]
    assert {"stream", "kernels", "predict 1", "predict 50"} <= row["seconds"].keys()
    assert row["ratios"]["stream"]["median"] == 1
    assert "a call of predict" in done.stdout
    done = bench("stream", "--results", str(tmp_path), "--models", "Transformer")
    assert "no model 'Transformer', of LSTM(50)" in done.stderr


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
    assert done.returncode
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("task", ["inference", "training"])
@pytest.mark.parametrize("cell", CELLS)
def test_a_wrong_answer_is_found(cell, task):
    shape = Shape(I=3, H=5, T=4, N=2)
    case = Case(mode=task, task=task, cell=cell, name="small", shape=shape, dtype="float64")
    us, peer = ours.contestant(case, 1, runtime.isa()), numpy_loop.contestant(case, 1)
    with us.context():
        expected = us.answer(us.run())
    right = peer.answer(peer.run())
    check(case, expected, {"NumPy": right}, case.tolerance)
    for key, value in right.items():
        wrong = value.copy()
        wrong.flat[0] += 1e-6
        with pytest.raises(Mismatch, match=f"{key} of NumPy differs"):
            check(case, expected, {"NumPy": right | {key: wrong}}, case.tolerance)
    with pytest.raises(Mismatch, match="nothing of NumPy was compared"):
        check(case, expected, {"NumPy": {}}, case.tolerance)


def test_nothing_is_reported_where_answers_differ(monkeypatch):
    def differ(options):
        raise Mismatch("mid of PyTorch")

    monkeypatch.setattr(kernels, "main", differ)
    with pytest.raises(SystemExit, match="answers differ, nothing is reported: mid of PyTorch"):
        main(["kernels"])


def test_ratios_are_of_times_in_the_same_round():
    samples = {"fusedrnn": [1.0, 1.0, 2.0, 2.0, 2.0], "PyTorch": [3.0, 3.0, 6.0]}
    assert ratios(samples, "fusedrnn") == {"PyTorch": 3.0}  # of the medians: 1.5
    samples["both"] = [8.0, 12.0]
    assert over(samples, "both", "fusedrnn", "PyTorch") == [2.0, 3.0]


def test_everyone_has_a_turn_in_each_round():
    taken = []
    turns = {name: lambda name=name: taken.append(name) or 1.0 for name in "abc"}
    assert race(turns, 0) == dict.fromkeys("abc", [1.0] * 4)
    assert "".join(taken) == "cbaabccbaabc"


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

    rows = [row("gru", 0.8), row("gru_before", 0.64)]
    report = {"rows": rows, "summary": [], "machine": {"isa": "avx2"}}
    met = {(cell, what): yes for _, cell, _, _, _, what, *_, yes in compare(report).lines}
    assert met == {
        ("gru", "of peak"): "yes", ("gru", "x best peer"): "NO",
        ("gru_before", "of reset after"): "NO", ("gru_before", "x best peer"): "NO",
    }  # fmt: skip
