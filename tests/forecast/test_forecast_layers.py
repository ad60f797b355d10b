"""Each folder of ``forecast`` imports only what lies below it, and no two files one another."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import fusedrnn.forecast

ROOT = Path(fusedrnn.forecast.__file__).parent
PACKAGE = "fusedrnn.forecast"
BELOW = {
    "_types": [],
    "settings": [],
    "needs": ["settings"],
    "data": ["_types", "settings", "needs"],
    "models": ["_types", "settings", "data"],
    "evaluate": ["_types", "settings", "needs", "data", "models"],
    "report": ["_types", "settings", "data", "models", "evaluate"],
    "forecaster": ["_types", "settings", "needs", "data", "models", "evaluate"],
    "adapters": ["forecaster"],
    "experiment": ["settings", "needs", "data", "models", "evaluate", "report", "forecaster"],
}
"""What each file and folder may import, beside itself."""


def module(path: Path, root: Path) -> str:
    """Return the name of a file's module, ``__init__`` at the end where it is a package's."""
    return ".".join((PACKAGE, *path.relative_to(root).with_suffix("").parts))


def imports(root: Path) -> dict[str, set[str]]:
    """Return what each file imports of the package, wherever in the file: lazily too."""
    files = {module(path, root): path for path in root.rglob("*.py")}
    found: dict[str, set[str]] = {}
    for name, path in files.items():
        own = found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                own |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                parents = name.split(".")[: -node.level] if node.level else []
                source = ".".join([*parents, *([node.module] if node.module else [])])
                for alias in node.names:  # a module of a package, or a name in a module
                    inner = f"{source}.{alias.name}"
                    package = inner in files or f"{inner}.__init__" in files
                    own.add(inner if package else source)
        found[name] = {
            target if target in files else f"{target}.__init__"
            for target in own
            if target in files or f"{target}.__init__" in files
        }
    return found


def layer(name: str) -> str:
    return name.removeprefix(f"{PACKAGE}.").split(".")[0]


def upward(root: Path) -> list[str]:
    """Return the imports that the layers do not allow."""
    return [
        f"{name} imports {target}"
        for name, targets in imports(root).items()
        if layer(name) != "__init__"  # of all, which has the public names
        for target in targets
        if layer(target) not in {layer(name), *BELOW[layer(name)]}
    ]


def test_no_folder_imports_from_above():
    assert upward(ROOT) == []
    found = imports(ROOT)
    assert {layer(name) for name in found} == {"__init__", *BELOW}
    assert len({name for targets in found.values() for name in targets}) > 20


def test_no_circle_of_imports():
    TopologicalSorter(imports(ROOT)).prepare()


@pytest.mark.parametrize(
    "line",
    [
        "from ..evaluate.folds import plan",
        "from ..evaluate import folds",
        "def run():\n    from ..evaluate.folds import plan",
        "import fusedrnn.forecast.evaluate.folds",
        "from fusedrnn.forecast import compare",
    ],
)
def test_an_import_from_above_is_seen(line, tmp_path):
    for folder in ("data", "evaluate"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "__init__.py").touch()
    (tmp_path / "evaluate" / "folds.py").write_text("from ..data.panel import Series\n")
    (tmp_path / "data" / "panel.py").write_text("from . import table\n")
    (tmp_path / "data" / "table.py").write_text("")
    assert upward(tmp_path) == []
    (tmp_path / "data" / "table.py").write_text(line)
    assert len(upward(tmp_path)) == 1
    (tmp_path / "data" / "table.py").write_text("from .panel import Series\n")
    with pytest.raises(CycleError):
        TopologicalSorter(imports(tmp_path)).prepare()
