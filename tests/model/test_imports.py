"""No module imports, now or lazily, one that needs it: but what serves ``model.save``."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import fusedrnn

PACKAGE = Path(fusedrnn.__file__).parent

# The model saves itself, and a file is a model's.
ALLOWED = {("fusedrnn.sequential", "fusedrnn.saving")}


def sources(package: Path) -> dict[str, str]:
    """Return the text of every module by its name."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


def imported(module: str, text: str, modules: set[str], is_package: bool) -> Iterator[str]:
    """Yield the package's modules that a module imports, wherever in it, when it runs."""
    tree = ast.parse(text)
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in modules)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")
                up = up[: len(up) - node.level + is_package]
                base = ".".join([*up, *([base] if base else [])])
            for name in node.names:
                inner = f"{base}.{name.name}"
                if inner in modules:
                    yield inner
                elif base in modules:
                    yield base


def graph(texts: dict[str, str]) -> dict[str, set[str]]:
    """Return what every module imports, itself and the allowed pairs left out."""
    modules = set(texts)
    return {
        name: {
            other
            for other in imported(
                name, text, modules, any(m.startswith(f"{name}.") for m in modules)
            )
            if other != name and (name, other) not in ALLOWED
        }
        for name, text in texts.items()
    }


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that need one another (Tarjan's strong components)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in edges[node]:
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in edges:
        if node not in index:
            visit(node)
    return found


def test_no_circle() -> None:
    edges = graph(sources(PACKAGE))
    assert len(edges) > 60
    found = circles(edges)
    assert [group for group in found if not all(map(_in_forecast, group))] == []


def _in_forecast(module: str) -> bool:
    return module.startswith("fusedrnn.forecast.")  # the test of its layers is in tests/forecast


def test_the_allowed_pair_is_a_circle_indeed() -> None:
    texts = sources(PACKAGE)
    for name, other in ALLOWED:
        assert other in imported(name, texts[name], set(texts), False)


@pytest.mark.parametrize(
    "text",
    [
        "from . import c",
        "from .c import x",
        "from p.c import x",
        "import p.c",
        "def f():\n    from . import c",
        "class A:\n    def f(self):\n        from .c import x",
    ],
)
def test_a_circle_is_found(text: str) -> None:
    texts = {"p": "", "p.a": "from .b import y", "p.b": text, "p.c": "from . import a\nx = 1"}
    assert circles(graph(texts)) == [["p.a", "p.b", "p.c"]]
    texts["p.c"] = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import a"
    assert circles(graph(texts)) == []


def test_relative_imports_of_a_package_and_from_below() -> None:
    texts = {
        "p": "",
        "p.q": "from .r import x",
        "p.q.r": "from ..s import y",
        "p.s": "from . import q",
    }
    assert circles(graph(texts)) == [["p.q", "p.q.r", "p.s"]]
