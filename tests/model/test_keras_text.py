"""Summaries and progress lines are Keras's, character by character."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import fusedrnn
import keras_text

TEXTS = json.loads((Path(__file__).parent / "data" / "keras_text.json").read_text())


@pytest.fixture(scope="module")
def ours() -> dict[str, str]:
    return keras_text.everything(fusedrnn)


@pytest.mark.parametrize("name", [name for name in TEXTS if name != "fit"])
def test_same_text(name: str, ours: dict[str, str]) -> None:
    assert ours[name] == TEXTS[name]


def test_fit_evaluate_and_predict_print_the_same_lines() -> None:
    assert keras_text.fit_lines(fusedrnn) == TEXTS["fit"]


@pytest.mark.parametrize("name", keras_text.PROGRESS)
def test_off_a_terminal_there_are_no_codes(name: str) -> None:
    """What a notebook or a file gets: Keras's text, but that blanks are what is not done yet."""
    ours = keras_text.progress(fusedrnn, *keras_text.PROGRESS[name], terminal=False)
    assert re.fullmatch(r"[^\x00-\x1f]*(\r[^\x00-\x1f]*)*\n", ours)
    grey = re.compile(r"\x1b\[37m(━*)")
    keras = grey.sub(lambda match: " " * len(match[1]), TEXTS[name])
    assert ours == re.sub(r"\x08|\x1b\[\d+m", "", keras)


def test_a_line_covers_the_longer_one_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    """In a notebook, where a line is what the last ``\\r`` left of it."""
    bar = fusedrnn.utils.Progbar(3, interval=0, stateful_metrics=["loss"])
    for step, loss in enumerate((0.5, 1e-5, 0.5)):
        bar.update(step + 1, [("loss", loss)])
    _, *lines = capsys.readouterr().out.rstrip("\n").split("\r")
    pairs = [(len(a.rstrip()), b) for a, b in pairwise(lines)]
    assert any(len(b.rstrip()) < width for width, b in pairs)
    assert all(len(b) >= width for width, b in pairs)


def test_a_history_says_how_it_ended() -> None:
    assert repr(fusedrnn.callbacks.History()) == "<History of 0 epochs>"
    model = fusedrnn.Sequential([fusedrnn.layers.Dense(1, kernel_initializer="ones")])
    model.compile(fusedrnn.optimizers.SGD(0.0), "mse", metrics=["mae"])
    x, y = np.ones((4, 3)), np.ones((4, 1))
    history = model.fit(x, y, epochs=2, verbose=0, validation_data=(x, 0 * y))
    said = "loss 4.0000, mae 2.0000, val_loss 9.0000, val_mae 3.0000"
    assert repr(history) == f"<History of 2 epochs: {said}>"
