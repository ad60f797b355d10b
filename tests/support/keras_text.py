"""What Keras prints: summaries and progress lines, the same calls for both packages.

``k`` is ``keras`` or ``fusedrnn``; Keras's text is stored in ``data/keras_text.json``, made by
``data/make_keras_text.py``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from typing import Any
from unittest import mock

import numpy as np

import keras_cases

SUMMARIES = [
    "lstm",
    "gru_stacked_relu_head",
    "bidirectional_two_layers",
    "autoencoder",
    "nested_sequential",
    "embedding_mask_gru_softmax",
    "layer_normalization",
]
WIDTHS = [80, 120, 60]


def summary(k: Any, name: str, columns: int, trained: bool = False, **options: Any) -> str:
    """Return the summary of a model of the table, for a width of the terminal."""
    k.backend.clear_session()
    case = keras_cases.CASES[name]
    model = k.Sequential(case.layers(k))
    if trained:
        x, y = keras_cases.data(name, case)
        model.layers[0].trainable = False
        model.compile("adam", case.loss)
        model.train_on_batch(x, y)
    lines: list[str] = []
    with mock.patch.dict(os.environ, {"COLUMNS": str(columns)}):
        model.summary(print_fn=lambda text, **_: lines.append(text), **options)
    return "\n".join(lines)


class Terminal(io.StringIO):
    """Text that is written to a terminal."""

    def isatty(self) -> bool:
        return True


def progress(
    k: Any, target: int | None, verbose: int, step: float, count: int, terminal: bool = True
) -> str:
    """Return what a progress bar prints for steps that take ``step`` seconds."""
    now = [1000.0]
    out = Terminal() if terminal else io.StringIO()
    clock = mock.Mock(side_effect=lambda: now[0])
    with mock.patch("time.time", clock), contextlib.redirect_stdout(out):
        bar = k.utils.Progbar(target, verbose=verbose)
        for i in range(count):
            now[0] += step
            bar.update(i + 1, [("loss", 2.0 ** -(i * 5)), ("mae", 0.5)], finalize=False)
        bar.update(target or count, [("loss", 1e-5), ("val_loss", 0.25)], finalize=True)
    return out.getvalue()


PROGRESS = {
    "bar": (8, 1, 0.2, 8),
    "fast bar": (1000, 1, 0.003, 100),
    "slow bar": (90, 1, 50.0, 2),
    "hours": (2000, 1, 90.0, 2),
    "unknown": (None, 1, 0.4, 3),
    "lines": (32, 2, 0.02, 32),
    "slow lines": (3, 2, 1.5, 3),
    "microseconds": (640, 2, 1e-4, 640),
}


def everything(k: Any) -> dict[str, str]:
    """Return all texts by name."""
    texts = {
        f"summary {name} {width}": summary(k, name, width) for name in SUMMARIES for width in WIDTHS
    }
    texts["summary trained"] = summary(k, "lstm", 80, trained=True)
    texts["summary trainable"] = summary(k, "lstm", 120, trained=True, show_trainable=True)
    texts["summary nested"] = summary(k, "nested_sequential", 80, expand_nested=True)
    texts["summary line_length"] = summary(k, "lstm", 80, line_length=66)
    return texts | {name: progress(k, *arguments) for name, arguments in PROGRESS.items()}


def fit_lines(k: Any) -> list[str]:
    """Return what fit, evaluate and predict print, the times left out."""
    out = Terminal()
    k.backend.clear_session()
    x, y = np.ones((20, 3), np.float32), np.ones((20, 1), np.float32)
    with contextlib.redirect_stdout(out):
        k.utils.set_random_seed(1)
        model = k.Sequential(
            [k.layers.Input((3,)), k.layers.Dense(1, kernel_initializer="ones", name="d")]
        )
        model.compile("sgd", "mse", metrics=["mae"])
        stop = k.callbacks.EarlyStopping(
            "loss", patience=0, verbose=1, min_delta=100, restore_best_weights=True
        )
        model.fit(x, y, epochs=3, verbose=2, validation_split=0.5, callbacks=[stop])
        model.fit(x, y, epochs=2, verbose=1)
        model.fit(x, y, verbose=2)
        model.evaluate(x, y, verbose=2)
        model.evaluate(x, y)
        model.predict(x)
        with tempfile.TemporaryDirectory() as folder:
            best = k.callbacks.ModelCheckpoint(
                f"{folder}/{{epoch}}.keras", "loss", verbose=1, save_best_only=True
            )
            model.fit(x, y, verbose=2, epochs=2, callbacks=[best])
            every = k.callbacks.ModelCheckpoint(f"{folder}/model.keras", verbose=1)
            model.fit(x, y, verbose=2, callbacks=[every])
        plateau = k.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=100, verbose=1)
        model.fit(
            x,
            y,
            verbose=2,
            epochs=3,
            callbacks=[
                plateau,
                k.callbacks.LearningRateScheduler(lambda e, lr: lr * 0.5, verbose=1),
            ],
        )
    text = re.sub(r"\d+[mu]?s(/step)?", "T", out.getvalue().replace(folder, "FOLDER"))
    lines = re.split(r"\n", re.sub(r"\x08+", "", text))
    lines = [line.split("\r")[-1] for line in lines]  # only the last drawing of each bar
    # A time that is shorter than the one drawn before it is padded with blanks.
    return [re.sub(r"T +$", "T", line) for line in lines]
