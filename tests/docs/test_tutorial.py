"""The scripts of docs/tutorial run as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import fusedrnn
from fusedrnn.datasets import load_bakery

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial"


def run(script: str, folder: Path) -> str:
    # The package under test, wherever it was imported from.
    home = str(Path(fusedrnn.__file__).parents[1])
    path = os.pathsep.join([home, os.environ.get("PYTHONPATH", "")])
    seeded = "import fusedrnn, runpy, sys; fusedrnn.utils.set_random_seed(0); sys.path[0] = {!r}; "
    code = (seeded + "runpy.run_path({!r}, run_name='__main__')").format(
        str(TUTORIAL), str(TUTORIAL / script)
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_models_have_keras_parameters(tmp_path):
    # Two layers of 50 units and a dense one, counted by Keras 3.
    lstm, gru = run("models.py", tmp_path).split("Total params:")[1:]
    assert lstm.split()[0] == "30,651"
    assert gru.split()[0] == "23,301"


def test_training_learns_and_prints_two_losses(tmp_path):
    load_bakery()[["date", "sales"]].head(500).to_csv(tmp_path / "sales_data.csv", index=False)
    out = run("train.py", tmp_path)
    losses = [float(x) for x in re.findall(r"^(?:LSTM|GRU) loss: (\S+)$", out, re.MULTILINE)]
    validation = [float(x) for x in re.findall(r"val_loss: (\S+)", out)]
    assert len(losses) == 2
    assert len(validation) == 2 * 20
    assert losses[0] < validation[0] / 1.5
    assert losses[1] < validation[20] / 1.5
