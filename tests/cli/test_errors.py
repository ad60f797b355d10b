"""What the command says of itself and of mistakes, before anything large is imported."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import get_args

import pytest

from fusedrnn.cli.main import main
from fusedrnn.forecast.settings import Base

COMMANDS = ["compare", "fit", "forecast", "bench", "bench torch", "completion"]


def answer(capsys, line):
    """Exit status, standard output and standard error of a command."""
    status = main(line.split())
    return status, *capsys.readouterr()


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help(command, capsys):
    status, out, err = answer(capsys, f"{command} --help")
    assert (status, err) == (0, "")
    assert out.startswith(f"usage: fusedrnn {command}".rstrip())
    assert out.index("\n\n") < 100, "the usage is one line"
    if not command:
        assert "exit status:" in out
        assert all(name.split()[0] in out for name in COMMANDS)


@pytest.mark.parametrize("command", ["", "bench"])
def test_without_a_command_there_is_help_on_stderr_and_status_2(command, capsys):
    status, out, err = answer(capsys, command)
    assert (status, out) == (2, "")
    assert err.startswith(f"usage: fusedrnn {command}".rstrip())


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "fusedrnn", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("fusedrnn ")


MISTAKES = {  # of the parser, which says where help is
    "compar": ("no command 'compar'; did you mean compare?", ""),
    "sales.csv": ("no command 'sales.csv'", ""),
    "bench torhc": ("no command 'torhc'; did you mean torch?", "bench"),
    "compare --horizn 3": ("no option --horizn; did you mean --horizon?", "compare"),
    "compare --horizn=3": ("no option --horizn; did you mean --horizon?", "compare"),
    "compare a.csv b.csv": ("one argument too many: b.csv", "compare"),
    "compare --horizon x": ("argument --horizon: 'x' is no whole number", "compare"),
    "compare --test-size x": ("argument --test-size: 'x' is no number", "compare"),
    "compare --jobs 0": (
        "argument --jobs: 0 is no number of processes, nor -1, one a core", "compare"),
    "forecast m --horizon 0": ("argument --horizon: 0 is less than 1", "forecast"),
    "compare --base ets": (
        f"argument --base: 'ets' is none of {', '.join(get_args(Base))}; did you mean ETS?",
        "compare"),
    "completion bsh": (
        "argument shell: 'bsh' is none of bash, zsh, tcsh; did you mean bash?", "completion"),
    "fit": ("the following arguments are required: --out", "fit"),
}  # fmt: skip
WRONG = {  # of what was asked for: one line
    "compare none.csv": "none.csv: there is no such file",
    "compare ../none.csv": "../none.csv: there is no such file",
    "compare .": ".: is a folder, a device or a pipe, expected a file to read",
    "compare --horizon 0": "horizon is 0, expected at least 1",
    "compare --html no/x.html": "no/x.html: there is no folder to write it in",
    "compare --csv .": ".: is a directory, expected a file to write",
    "compare table.ods": "table.ods: reading .ods needs odfpy: "
    "pip install odfpy or 'fusedrnn[tables]'",
    "compare --country ES": "country 'ES' needs holidays: "
    "pip install holidays or 'fusedrnn[tables]'",
    "compare --backend ray": "backend ray needs ray: pip install 'ray'",
    "compare --models LSTM,GRU,LightGBM": "LightGBM needs lightgbm: pip install 'fusedrnn[rivals]'",
    "fit none.csv --out model": "none.csv: there is no such file",
    "fit --out no/model": "no/model: there is no folder to write it in",
    "fit --out table.ods": "table.ods is there and is no saved forecaster: choose another name",
    "forecast none": "none: no such folder with a saved forecaster",
    "bench torch": "fusedrnn bench torch needs PyTorch: pip install 'fusedrnn[torch]'",
    "bench torch --cell gru --proj 3": "--proj is for --cell lstm, not gru",
    "bench torch --hidden 8 --proj 8": "--proj is 8, expected less than --hidden",
    "bench torch --seconds nan": "--seconds is nan, expected a positive number",
    "completion bash": "fusedrnn completion needs shtab: pip install 'fusedrnn[completion]'",
}
MISSING = ["odf", "holidays", "ray", "lightgbm", "torch", "shtab"]
LARGE = ["numpy", "pandas", "scipy", "sklearn", "statsmodels", "matplotlib", "joblib", "rich"]


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_is_two_lines(line, capsys):
    message, command = MISTAKES[line]
    status, out, err = answer(capsys, line)
    help = " ".join(filter(None, ["fusedrnn", command, "--help"]))
    assert (status, out) == (2, "")
    assert err == f"fusedrnn: error: {message}\nTry '{help}'.\n"


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_one_line(line, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "table.ods").touch()
    for module in MISSING:
        monkeypatch.setitem(sys.modules, module, None)
    status, out, err = answer(capsys, line)
    assert (status, out, err) == (2, "", f"fusedrnn: error: {WRONG[line]}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["table.ods"]


def test_a_model_that_is_none_is_named_and_what_was_meant(capsys):
    for line in ("compare --models LSTM,GRU,Theat", "fit --out new --cell GRU+Theat"):
        status, _, err = answer(capsys, line)
        assert status == 2
        assert err.endswith("; did you mean Theta?\n")


def test_nothing_large_is_imported_for_any_of_these(tmp_path):
    (tmp_path / "table.ods").touch()
    lines = ["", "--help", "--version", "compare --help", *MISTAKES, *WRONG]
    program = f"""
import contextlib, io, json, sys
for module in {MISSING}:
    sys.modules[module] = None
from fusedrnn.cli.main import main
from fusedrnn.forecast.settings import Base
found = {{}}
for line in {lines}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        main(line.split())
    found[line] = [name for name in {LARGE} if name in sys.modules]
print(json.dumps(found))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {line: [] for line in lines}


def test_what_comes_through_a_pipe_is_called_as_it_was_given(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    status, _, err = answer(capsys, "compare -")
    assert (status, err) == (
        2, "fusedrnn: error: -: the file is empty, expected a header and rows\n"
    )  # fmt: skip


@pytest.mark.parametrize("line", ["--help", "compare --help", "--version"])
def test_a_reader_who_has_left_is_no_error(line):
    run = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read(); from fusedrnn.cli.main import main; "
         f"sys.exit(main({line.split()}))"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    run.stdout.close()
    run.stdin.close()
    err = run.stderr.read()
    run.stderr.close()
    assert (run.wait(), err) == (141, "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a disk that is always full")
def test_a_full_disk_is_told():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fusedrnn", "--help"], stdout=full, stderr=subprocess.PIPE
        )
    assert (done.returncode, done.stderr) == (
        2,
        b"fusedrnn: error: No space left on device\n",
    )


def test_memory_that_is_not_there_is_told(capsys, monkeypatch):
    def run(arguments):
        raise MemoryError("Unable to allocate 9 GiB")

    monkeypatch.setattr("fusedrnn.cli.compare.run", run)
    status, _, err = answer(capsys, "compare")
    assert (status, err) == (2, "fusedrnn: error: out of memory: Unable to allocate 9 GiB\n")
