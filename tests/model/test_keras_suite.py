"""Keras's own tests, where a checkout of its release is named: see tests/keras_suite.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[1] / "keras_suite.py"
CHECKOUT = os.environ.get("KERAS_CHECKOUT")


@pytest.mark.skipif(not CHECKOUT, reason="KERAS_CHECKOUT names no checkout of Keras's release")
def test_what_fails_of_keras_is_listed() -> None:
    pytest.importorskip("absl")
    command = [sys.executable, str(SUITE), str(CHECKOUT), "--list"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-2000:]


def test_what_is_no_checkout_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(SUITE), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "is no checkout of Keras" in run.stderr
