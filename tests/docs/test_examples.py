"""The documented examples run and do what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_text_classification() -> None:
    assert example("text_classification").main(epochs=3, verbose=0) > 0.95


def test_text_generation() -> None:
    loss, text = example("text_generation").main(epochs=4, verbose=0)
    assert loss < 2.2  # 4.1 for guessing, 3.0 for the frequencies of the characters
    assert len(text) == len("the Work ") + 200
    assert sum(word in example("text_generation").TEXT.split() for word in text.split()) > 8


def test_stateful_forecaster() -> None:
    pytest.importorskip("pandas")
    wape, naive = example("stateful_forecaster").main(epochs=60)
    assert wape < 0.13 < 0.2 < naive


def test_anomaly_autoencoder() -> None:
    pytest.importorskip("pandas")
    found, false = example("anomaly_autoencoder").main(epochs=60)
    assert found > 0.9
    assert false < 0.05
