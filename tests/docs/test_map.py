"""CONTRIBUTING's tree is what git has, and every folder says what is in it and what is not.

An entry of the tree is a file, a folder (with ``/`` at its end) or a pattern with ``*`` and ``?``
that stays within its folder. A line has entries with one space between, then, after two or more, a
comment, which goes on in lines that begin far to the right. Lines further in are inside the folder
above, which then stands alone on its line and covers no file by itself; a folder with nothing
further in covers all that it has.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMENT = 12  # columns from which a line goes on with a comment


def entries(tree: str) -> Iterator[tuple[str, bool]]:
    """Yield each path of the tree, and whether it is a folder whose files have entries."""
    lines = [line for line in tree.splitlines() if len(line) - len(line.lstrip()) < COMMENT]
    folders: list[tuple[int, str]] = []  # that the line is in: where each begins, and its path
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        indent = len(line) - len(line.lstrip())
        folders = [(begin, path) for begin, path in folders if begin < indent]
        folder = folders[-1][1] if folders else ""
        names = re.split(r"\s{2,}", line.strip())[0].split()
        opened = len(following) - len(following.lstrip()) > indent
        assert not opened or (len(names) == 1 and names[0].endswith("/")), f"nothing fits in {line}"
        if opened:
            folders.append((indent, folder + names[0]))
        for name in names:
            yield folder + name, opened


def covers(entry: str, file: str) -> bool:
    """Whether an entry with nothing in it is about a file."""
    if entry.endswith("/"):
        return file.startswith(entry)
    return file.count("/") == entry.count("/") and fnmatchcase(file, entry)


def differences(tree: str, files: list[str]) -> tuple[list[str], list[str]]:
    """Files without an entry, and entries without a file."""
    listed = list(entries(tree))
    leaves = [entry for entry, opened in listed if not opened]
    missing = [file for file in files if not any(covers(entry, file) for entry in leaves)]
    unknown = [entry for entry, _ in listed if not any(covers(entry, file) for file in files)]
    return missing, unknown


TREE = """\
LICENSE setup.*        to begin with
src/                   one folder,
                       which goes on
  a.py b_*.py          two
  deep/
    c.py
docs/                  all of it
"""


@pytest.mark.parametrize(
    ("file", "missing"),
    [("docs/a/b.md", False), ("src/deep/d.py", True), ("src/b_/x.py", True), ("src/b_2.py", False)],
)
def test_what_an_entry_covers(file, missing):
    files = ["LICENSE", "setup.py", "src/a.py", "src/b_1.py", "src/deep/c.py", "docs/index.md"]
    assert differences(TREE, files) == ([], [])
    assert differences(TREE, [*files, file]) == ([file] if missing else [], [])
    assert differences(TREE, files[1:]) == ([], ["LICENSE"])
    assert differences(TREE, files[:-1]) == ([], ["docs/"])


def test_the_tree_is_what_git_has():
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip(f"git says {listed.stderr.strip()}")
    page = (ROOT / "CONTRIBUTING.md").read_text()
    tree = re.findall(r"^```\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)[0]
    missing, unknown = differences(tree, listed.stdout.splitlines())
    assert not missing, "files without an entry in the tree:\n" + "\n".join(missing)
    assert not unknown, "entries of the tree without a file:\n" + "\n".join(unknown)


def folders(*roots: str) -> list[str]:
    """Folders below these that have Python or C++ in them."""
    files = [file for root in roots for file in (ROOT / root).rglob("*")]
    found = {file.parent for file in files if file.suffix in (".py", ".cpp", ".hpp")}
    return sorted(str(folder.relative_to(ROOT)) for folder in found)


def first_lines(folder: Path) -> list[str]:
    """What a folder says of itself: the docstring of its __init__.py, or its README.md."""
    source = folder / ("__init__.py" if list(folder.glob("*.py")) else "README.md")
    assert source.exists(), f"there is no {source.relative_to(ROOT)}"
    if source.suffix == ".py":
        text = ast.get_docstring(ast.parse(source.read_text())) or ""
    else:
        text = source.read_text().split("\n", 1)[1].lstrip()  # below its title
    return text.splitlines()[:10]


@pytest.mark.parametrize("folder", folders("python/fusedrnn", "bench", "csrc"))
def test_a_folder_says_what_is_in_it(folder):
    text = "\n".join(first_lines(ROOT / folder))
    what, separator, what_not = text.partition("Not here:")
    assert separator, f'{folder}: no sentence in its first ten lines begins "Not here:"'
    assert re.search(r"\w.*[.:]\s$", what, re.DOTALL), f"{folder}: what is in it comes first"
    assert re.search(r"\w", what_not), f"{folder}: nothing is said after it"
