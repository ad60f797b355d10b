"""The lesson's notebooks are what their source makes of them, and run."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest

import fusedrnn

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
import nbformat

LESSON = Path(__file__).parents[2] / "docs" / "lesson"
spec = importlib.util.spec_from_file_location("build", LESSON / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
LANGUAGES = list(build.NAMES)


def kept(language):
    return nbformat.read(LESSON / build.NAMES[language], as_version=4)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_is_up_to_date(language):
    made, found = build.notebook(language), kept(language)
    assert found.metadata == made.metadata
    cells = [[(c.cell_type, c.id, c.source) for c in book.cells] for book in (made, found)]
    assert cells[0] == cells[1], "run docs/lesson/build.py"
    assert not re.search("[«»]", "".join(c.source for c in made.cells if c.cell_type == "code"))


def test_both_languages_have_the_same_cells():
    es, en = (build.notebook(language).cells for language in LANGUAGES)
    assert [c.cell_type for c in es] == [c.cell_type for c in en]
    assert all(a.source != b.source for a, b in zip(es, en, strict=True) if a.cell_type != "code")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_kept_is_clean_and_small(language):
    outputs = [o for c in kept(language).cells if c.cell_type == "code" for o in c.outputs]
    assert len(outputs) > 15
    assert {o.output_type for o in outputs} <= {"stream", "display_data", "execute_result"}
    assert all(o.get("name") != "stderr" for o in outputs)
    texts = [o.get("text") or o.data["text/plain"] for o in outputs]
    assert not re.search(r"\bat 0x|[\x00-\x09\x0b-\x1f]", "".join(texts))
    assert (LESSON / build.NAMES[language]).stat().st_size < 600_000


@pytest.mark.filterwarnings("ignore")  # Jupyter's own
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notebook_runs(language, monkeypatch):
    # The package under test, wherever it was imported from.
    home = str(Path(fusedrnn.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([home, os.environ.get("PYTHONPATH", "")]))
    book = build.notebook(language)
    build.run(book)  # raises what a cell raises
    shown = [[[o.output_type for o in c.get("outputs", ())] for c in b.cells]
             for b in (book, kept(language))]  # fmt: skip
    assert shown[0] == shown[1]
