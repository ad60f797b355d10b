from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusedrnn.cli.main import main

SMALL = ["--epochs", "1", "--units", "3", "--timesteps", "8", "--seeds", "2"]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder


@pytest.fixture
def csv(tmp_path):
    n = np.arange(120)
    frame = pd.DataFrame(
        {"date": pd.date_range("2024-01-01", periods=120), "sales": 50 + 10 * (n % 7) + n % 5}
    )
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    return path


def test_compare_prints_the_table_and_the_verdict_and_writes_both_files(
    csv, tmp_path, cache, capsys
):
    plot, figures = tmp_path / "p.png", tmp_path / "p.json"
    assert main(["compare", str(csv), *SMALL, "--plot", str(plot), "--json", str(figures)]) == 0
    out = capsys.readouterr().out
    found = json.loads(figures.read_text())
    assert " ".join(found["verdict"].split()) in " ".join(out.split())
    assert list(found["models"])[6:10] == ["AR", "LSTM", "GRU", "GRU-equal"]
    assert found["models"]["LSTM"]["parameters"] == 4 * 3 * (1 + 3 + 1) + 3 + 1
    assert found["models"]["GRU"]["parameters"] == 3 * 3 * (1 + 3 + 2) + 3 + 1
    for name in ("parameters", "seconds", "train_loss", "test_loss", "MAE", "RMSE", "WAPE", "MASE"):
        assert found["models"]["GRU"][name] > 0
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in tmp_path.iterdir()} == {"sales.csv", "p.png", "p.json"}
    assert not list((cache / "fusedrnn").iterdir())


def edit(path, change):
    frame = pd.read_csv(path, dtype={"sales": object})
    frame = change(frame)
    frame.to_csv(path, index=False)


@pytest.mark.parametrize(
    ("change", "arguments", "message"),
    [
        (None, ["--timesteps", "-1"], "timesteps is -1, expected at least 0"),
        (None, ["--epochs", "-3"], "epochs is -3"),
        (None, ["--seed", "-1"], "seed is -1, expected at least 0"),
        (None, ["--season", "0"], "season is 0, expected at least 1"),
        (None, ["--levels", "200"], "levels is (200,)"),
        (None, ["--models", ""], "models is empty, expected at least one"),
        (None, ["--folds", "400"], "folds is 400, more than the test part has cutoffs"),
        (None, ["--future-covariates", "promo"], "no covariate column 'promo'"),
        (None, ["--calendar", "--horizon", "9"], "expected at least horizon = 9"),
        (None, ["--horizon", "70"], "dates, 50 of them before the test part; training needs at"),
        (None, ["--timesteps", "110"], "before the test part; training needs at least"),
        (None, ["--target", "units"], "no target column 'units'; the table has: date, sales"),
        (None, ["--date", "day"], "no date column 'day'"),
        (None, ["--target", "date"], "column 'date': '2024-01-01' in line 2 is not a finite"),
        (None, ["--date", "sales"], "no target column y or sales (see --target); the table"),
        (None, ["--json", "no/such/folder/x.json"], "there is no folder"),
        (None, ["--plot", "."], "is a directory"),
        (lambda f: f.assign(sales=f["sales"].where(f.index != 5)), [], "1 missing value "),
        (lambda f: f.drop(index=5), [], "1 missing date (first 2024-01-06)"),
        (lambda f: f.assign(date="2024-01-01"), [], "occurs more than once"),
        (lambda f: f.assign(date="next week"), [], "column 'date': 'next week'"),
        (lambda f: f.iloc[:0], [], "the table has no rows"),
        (lambda f: f.iloc[:9], [], "training needs at least timesteps + horizon"),
    ],
)
def test_bad_input_is_one_line_and_status_2(csv, change, arguments, message, capsys):
    if change:
        edit(csv, change)
    assert main(["compare", str(csv), *SMALL, *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert error.splitlines()[-1].startswith("fusedrnn: error: ")
    assert message in error
    assert "Traceback" not in error


def test_a_missing_file_and_a_bad_option_have_status_2(tmp_path, capsys):
    assert main(["compare", str(tmp_path / "none.csv")]) == 2
    assert main(["compare", "--epochs", "many"]) == 2
    assert "--epochs" in capsys.readouterr().err


def test_an_output_that_fails_late_leaves_nothing(csv, tmp_path, monkeypatch, capsys):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", full)
    target = tmp_path / "p.png"
    target.write_bytes(b"the picture of yesterday")
    assert main(["compare", str(csv), *SMALL, "--plot", str(target)]) == 2
    assert "No space left" in capsys.readouterr().err
    assert target.read_bytes() == b"the picture of yesterday"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("module", ["pandas", "rich"])
def test_without_the_extra_it_says_what_to_install(module):
    # None in sys.modules is how Python marks a module that cannot be imported.
    hide = f"import sys; sys.modules[{module!r}] = None; from fusedrnn.cli.main import main"
    done = subprocess.run(
        [sys.executable, "-c", f"{hide}; sys.exit(main(['compare']))"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.strip().endswith("pip install 'fusedrnn[forecast]'")
    assert module in done.stderr
    assert "Traceback" not in done.stderr


# Signals


def session(pid):
    """The living processes of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, leader = stat.read_text().rpartition(")")[2].split()[:4]
            if int(leader) == pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


def until(condition):
    """Wait for what has to come, under any load."""
    while not condition():
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="counts processes in /proc")
@pytest.mark.parametrize("whole", [False, True], ids=["process", "group"])
@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
@pytest.mark.parametrize("command", ["compare --jobs 1", "compare --jobs 2", "fit --jobs 2"])
def test_a_signal_ends_it_in_one_line_and_leaves_nothing(
    command, number, status, said, whole, csv, tmp_path, cache
):
    wide = pd.concat([pd.read_csv(csv).rename(columns={"sales": "a"})] + [
        pd.read_csv(csv)["sales"].rename(name) for name in "bcd"], axis=1)  # fmt: skip
    wide.to_csv(csv, index=False)
    command, *more = command.split()
    more += ["--out", str(tmp_path / "model")] if command == "fit" else []
    arguments = [command, str(csv), "--wide", *SMALL, "--epochs", "10000000", *more]
    folder = tmp_path / "temporary"
    folder.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "fusedrnn", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(folder), "JOBLIB_TEMP_FOLDER": str(folder)},
    )
    if "2" in more:  # itself, two workers, and what counts their semaphores
        until(lambda: len(session(run.pid)) >= 4)
    else:
        until(lambda: list(cache.glob("fusedrnn/*/results.sqlite")))
    (os.killpg if whole else os.kill)(run.pid, number)
    out, err = run.communicate()
    *shown, last = err.splitlines()
    assert last == f"fusedrnn: {said}"
    assert all(re.fullmatch(r".+: (done|\d+%), \d+ s", line) for line in shown)
    assert (run.returncode, out) == (status, "")
    until(lambda: not session(run.pid))
    assert list(folder.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"sales.csv", "temporary"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_file_is_written_leaves_the_old_one(number, csv, tmp_path, monkeypatch):
    def ended(self, *args, **kwargs):
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)  # once more, as `timeout` does
        raise AssertionError("it goes on")

    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", ended)
    target = tmp_path / "p.png"
    target.write_bytes(b"the picture of yesterday")
    assert main(["compare", str(csv), *SMALL, "--plot", str(target)]) == 128 + number
    assert target.read_bytes() == b"the picture of yesterday"
    assert len(list(tmp_path.iterdir())) == 2
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_within_code_that_is_a_text(number, status, csv, tmp_path):
    # As while a dataclass is imported. Where KeyboardInterrupt itself passes, Python then ends by
    # SIGINT.
    (tmp_path / "ends.py").write_text(f"""
import sys
from fusedrnn.cli import compare, main
text = "import os, signal, time; os.kill(os.getpid(), signal.{number}); time.sleep(600)"
compare.run = lambda arguments: exec(text)
sys.exit(main.main(["compare", {str(csv)!r}]))
""")
    run = subprocess.run(
        [sys.executable, "-m", "ends"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (run.returncode, run.stdout) == (status, "")
    assert run.stderr in ("fusedrnn: interrupted\n", "fusedrnn: terminated\n")


LOST = {
    "while an object is deleted": """
class Deleted:
    def __del__(self):
        kill()
        time.sleep(60)
def run(arguments):
    Deleted()
    time.sleep(60)
""",
    "where all is caught": """
def run(arguments):
    for _ in range(3):
        try:
            kill()
            time.sleep(60)
        except:
            pass
    time.sleep(60)
""",
}
"""Where Python goes on, whatever is raised."""


@pytest.mark.parametrize("place", LOST)
@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_that_is_lost_is_sent_again(place, number, status, csv, tmp_path):
    (tmp_path / "ends.py").write_text(f"""
import os, signal, sys, time
from fusedrnn.cli import compare, main
def kill():
    os.kill(os.getpid(), signal.{number})
{LOST[place]}
compare.run = run
sys.exit(main.main(["compare", {str(csv)!r}]))
""")
    run = subprocess.run(
        [sys.executable, "-m", "ends"], capture_output=True, text=True, cwd=tmp_path
    )
    assert (run.returncode, run.stdout) == (status, "")
    assert run.stderr in ("fusedrnn: interrupted\n", "fusedrnn: terminated\n")


def test_a_table_from_the_standard_input(csv, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "fusedrnn", "compare", "-", *SMALL],
        input=csv.read_bytes(),
        capture_output=True,
    )
    assert (run.returncode, b"120 values" in run.stdout) == (0, True)


def test_the_command_line_runs_in_any_thread(tmp_path):
    found = []
    arguments = ["forecast", str(tmp_path / "none")]
    thread = threading.Thread(target=lambda: found.append(main(arguments)))
    thread.start()
    thread.join()
    assert found == [2]


@pytest.mark.parametrize("command", [["compare"], ["fit", "--cell", "Naive"]])
def test_without_a_table_it_says_whose_sales_these_are(command, capsys, tmp_path):
    out = ["--out", str(tmp_path / "kept")] if command[0] == "fit" else ["--models", "Naive"]
    assert main([*command, *out, "--tune", "off"]) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[0] == (
        "No table is given: these are the bundled sales of a bakery. For your own: "
        f"fusedrnn {command[0]} sales.csv --date COLUMN --target COLUMN"
    )
    assert command[0] == "fit" or "  these are the bundled sales of a bakery\n" in said.out
