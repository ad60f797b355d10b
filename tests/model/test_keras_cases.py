"""The models of ``keras_cases.py`` give the numbers that Keras gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
import keras_cases
from fusedrnn.layers import dropout, rnn

NUMBERS = json.loads((Path(__file__).parent / "data" / "keras_numbers.json").read_text())


def close(got: Any, expected: Any, tolerance: float) -> None:
    got, expected = np.asarray(got), np.asarray(expected)
    scale = max(np.abs(expected).max(), 0.1)  # sums of larger numbers cancel
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("name", keras_cases.CASES)
def test_same_numbers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Predictions, the metrics of five epochs and the scores; most to 2e-6 relative."""
    case, expected = keras_cases.CASES[name], NUMBERS[name]

    def mask(shape: Any, rate: float, dtype: Any, rng: Any) -> Any:
        if len(shape) == 3 and shape[0] == case.gates:
            return np.stack([keras_cases.masks(shape[1:], rate, g) for g in range(shape[0])])
        return keras_cases.masks(tuple(shape), rate, 0)

    monkeypatch.setattr(dropout, "dropout_mask", mask)
    monkeypatch.setattr(rnn, "dropout_mask", mask)
    got = keras_cases.run(fusedrnn, name)
    assert got["parameters"] == expected["parameters"]
    assert got["shape"] == expected["shape"]
    assert list(got["history"]) == list(expected["history"])
    close(got["before"], expected["before"], case.tolerance)
    for key, values in expected["history"].items():
        close(got["history"][key], values, case.tolerance)
    close(got["scores"], expected["scores"], case.tolerance)
    close(got["after"], expected["after"], 20 * case.tolerance)


def test_the_table_is_large() -> None:
    assert len(NUMBERS) >= 60
    assert NUMBERS.keys() == keras_cases.CASES.keys()
