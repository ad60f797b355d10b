"""Build the lesson's notebooks, in Spanish and in English, from ``source.txt``: run this file.

A cell of the source begins with a line ``=== es`` or ``=== en``, text in one language, or
``=== code``, which both have; in code, ``«texto|text»`` is what either of them shows. The notebooks
are run here, beside the drawings, and kept with what they print.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat import v4

HERE = Path(__file__).parent
NAMES = {"es": "lstm_y_gru.ipynb", "en": "lstm_and_gru.ipynb"}


def notebook(language: str) -> Any:
    """Return the notebook of a language, without outputs."""
    cells: list[Any] = []
    parts = re.split(r"^=== (\w+)\n", (HERE / "source.txt").read_text("utf-8"), flags=re.M)
    for kind, text in zip(parts[1::2], parts[2::2], strict=True):
        options = {"id": f"cell-{len(cells):02}"}
        if kind == "code":
            chosen = re.sub(r"«(.*?)\|(.*?)»", r"\1" if language == "es" else r"\2", text.strip())
            cells.append(v4.new_code_cell(chosen, **options))
        elif kind == language:
            cells.append(v4.new_markdown_cell(text.strip(), **options))
        elif kind not in NAMES:
            raise ValueError(f"source.txt: a cell is {kind!r}, expected code, en or es")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language": language})


def run(book: Any) -> None:
    """Run a notebook beside the drawings; an error of a cell is raised."""
    where = {"metadata": {"path": str(HERE)}}
    NotebookClient(
        book, timeout=300, resources=where, coalesce_streams=True, record_timing=False
    ).execute()
    book.metadata.pop("language_info", None)  # the patch version of Python


if __name__ == "__main__":
    for language in sys.argv[1:] or NAMES:
        book = notebook(language)
        run(book)
        nbformat.write(book, HERE / NAMES[language])
