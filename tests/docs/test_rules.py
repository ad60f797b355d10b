"""Rules of the code that no linter has: long structs are filled by name, imports have no circle."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 4  # values by position
SAVING = ("save", "save_weights", "load_weights", "stream")  # methods whose imports are no circle
FOLDERS = [ROOT / folder for folder in ("python", "bench", "tests/support")]
PYTHON = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))


def last_name(node: ast.expr) -> str:
    """``Case`` of ``Case``, ``case.Case``, ``Case[float]`` and ``Case(...)``."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Subscript):
        return last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def classes_of_fields(trees: list[ast.Module]) -> dict[str, int]:
    """Number of fields of every dataclass and NamedTuple, those of their bases included."""
    found: dict[str, tuple[int, list[str]]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef):
            bases = [last_name(base) for base in node.bases]
            decorators = [last_name(decorator) for decorator in node.decorator_list]
            if "dataclass" in decorators or "NamedTuple" in bases:
                fields = [f for f in node.body if isinstance(f, ast.AnnAssign)
                          and last_name(f.annotation) != "ClassVar"]  # fmt: skip
                found[node.name] = len(fields), bases

    def fields_of(name: str) -> int:
        own, bases = found.get(name, (0, []))
        return own + sum(map(fields_of, bases))

    return {name: fields_of(name) for name in found}


def python_by_position(trees: list[ast.Module]) -> Iterator[tuple[ast.Module, ast.Call]]:
    """Calls that fill a class of more than four fields by position."""
    long = {name for name, fields in classes_of_fields(trees).items() if fields > MOST}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and last_name(node.func) in long:
                starred = any(isinstance(argument, ast.Starred) for argument in node.args)
                if starred or len(node.args) > MOST:
                    yield tree, node


FIVE = "class Five(NamedTuple):\n    a: int\n    b: int\n    c: int\n    d: int\n    e: int\n"


@pytest.mark.parametrize(
    ("call", "found"),
    [("Five(1, 2, 3, 4, 5)", 1), ("m.Five(*row)", 1), ("Five(1, 2, c=3, d=4, e=5)", 0)],
)
def test_what_is_python_by_position(call, found):
    assert len(list(python_by_position([ast.parse(FIVE + call)]))) == found
    derived = "@dataclass\nclass More(Five):\n    f: int\n" + call.replace("Five", "More")
    assert len(list(python_by_position([ast.parse(FIVE + derived)]))) == found


def test_python_fills_long_classes_by_name():
    trees = {ast.parse(path.read_text()): path.relative_to(ROOT) for path in PYTHON}
    found = [f"{trees[tree]}:{call.lineno} {last_name(call.func)}"
             for tree, call in python_by_position(list(trees))]  # fmt: skip
    assert not found, "\n".join(found)


def cpp_by_position(text: str) -> Iterator[tuple[int, str]]:
    """Line and start of each brace initialiser with more than four values that have no name.

    Not of arrays, vectors and enumerators, which have an order by nature, nor in macros.
    """

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    text = re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\])*\"", blank, text, flags=re.S)
    text = re.sub(r"^ *#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)
    text = re.sub(r"(?<=\w)<[\w:*&, ]*>", blank, text)  # commas of template arguments
    for brace in re.finditer("{", text):
        before = text[: brace.start()].rstrip()
        if re.search(r"(\]\s*=?|\b(vector|array)\s*\w*\s*=?|\benum\b[^;{}]*)$", before):
            continue
        values = [value.strip() for value in top_level(text, brace.start())]
        if len(values) > MOST and not values[0].startswith(".") and ";" not in "".join(values):
            yield text.count("\n", 0, brace.start()) + 1, ", ".join(values)[:40]


def top_level(text: str, start: int) -> list[str]:
    """Return what the commas of the bracket at `start` separate, brackets within left out."""
    values, depth = [""], 0
    for character in text[start:]:
        depth += (character in "([{") - (character in ")]}")
        if depth == 0:
            break
        if depth == 1 and character == ",":
            values.append("")
        elif depth > 1 or character not in "{":
            values[-1] += character
    return values if values[-1].strip() else values[:-1]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("Rows<Real> rows = {N, 1, f(a, b), {c}, 0};", 1),
        ("parts.push_back({a, b, c, d, e});", 1),
        ("return Rows{a, b, c, d, e,};", 1),
        ("Rows rows = {\n.n = 1, .a = 2, .b = 3, .c = 4, .d = 5};", 0),
        ("Rows rows = {a<b, c>(), d, e};  // {1, 2, 3, 4, 5}", 0),
        ("const int q[] = {1, 2, 3, 4, 5};", 0),
        ("std::vector<int> q = {1, 2, 3, 4, 5};", 0),
        ("enum class E : int { a, b, c, d, e };", 0),
        ("void f() { g(a, b), h, i, j, k; }", 0),
        ("#define ROW(R) \\\n  {a, b, c, d, e}\n", 0),
    ],
)
def test_what_is_cpp_by_position(code, found):
    assert len(list(cpp_by_position(code))) == found


def test_cpp_fills_long_structs_by_name():
    found = [
        f"{path.relative_to(ROOT)}:{line} {{{values}"
        for path in sorted((ROOT / "csrc").rglob("*.?pp"))
        for line, values in cpp_by_position(path.read_text())
    ]
    assert not found, "\n".join(found)


def imports(name: str, modules: dict[str, Path]) -> set[str]:
    """Modules of a package that one of them imports, in functions too.

    Not what is for type checkers alone, and not what ``model.save()`` and its like look up: a model
    has them, as Keras's does, and saving has to know models.
    """
    tree, found = ast.parse(modules[name].read_text()), set()
    for node in ast.walk(tree):
        types = isinstance(node, ast.If) and last_name(node.test) == "TYPE_CHECKING"
        if types or (isinstance(node, ast.FunctionDef) and node.name in SAVING
                     and [a.arg for a in node.args.args[:1]] == ["self"]):  # fmt: skip
            node.body = []
    package = name if modules[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1]
            source = ".".join([*(parts if node.level else []), *filter(None, [node.module])])
            inner = {f"{source}.{alias.name}" for alias in node.names}
            found |= inner & modules.keys() or {source}
    return (found & modules.keys()) - {name}


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that all reach one another."""

    def reached(name: str) -> set[str]:
        found: set[str] = set()
        todo = [name]
        while todo:
            new = graph[todo.pop()] - found
            found |= new
            todo += new
        return found

    reach = {name: reached(name) for name in graph}
    groups = {frozenset(other for other in reach[name] if name in reach[other]) for name in graph}
    return sorted(map(set, groups - {frozenset()}), key=sorted)


def test_what_is_imported(tmp_path):
    (tmp_path / "sub").mkdir()
    files = {"p": "__init__.py", "p.a": "a.py", "p.sub": "sub/__init__.py", "p.sub.b": "sub/b.py"}
    modules = {name: tmp_path / file for name, file in files.items()}
    for path in modules.values():
        path.write_text("import os\n")
    modules["p.sub.b"].write_text("from .. import a\nfrom . import thing\n")
    modules["p.a"].write_text(
        "if TYPE_CHECKING:\n    from . import sub\n"
        "class M:\n    def save(self):\n        from .sub import b\n"
        "def save(x):\n    import p\n"
    )
    assert imports("p.sub.b", modules) == {"p.a", "p.sub"}
    assert imports("p.a", modules) == {"p"}


def test_what_is_a_circle():
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [{"b", "c"}]
    both = circles({"a": {"b"}, "b": {"a", "c"}, "c": {"d"}, "d": {"c"}})
    assert both == [{"a", "b"}, {"c", "d"}]


@pytest.mark.parametrize("root", ["python/fusedrnn", "bench"])
def test_imports_have_no_circle(root):
    top = (ROOT / root).parent
    modules = {
        ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / root).rglob("*.py")
    }
    graph = {name: imports(name, modules) for name in modules}
    assert sum(map(len, graph.values())) >= len(modules), "imports were not found"
    found = [" ".join(sorted(group)) for group in circles(graph)]
    assert not found, "\n".join(found)
