"""Summaries and progress lines are Keras's, character by character."""

from __future__ import annotations

import json
from pathlib import Path

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
