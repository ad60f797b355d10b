"""The site: ``sphinx-build -W --keep-going -n docs build/site``, without a network.

Pages are Markdown. What is measured (``bench/results``) is copied beside them, formulas become
MathML and drawings part of their page, when the site is built: nothing is fetched to show it.
"""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.writers.html5 import HTML5Translator

os.environ.setdefault("KERAS_BACKEND", "torch")  # what fusedrnn.keras is about
import fusedrnn

HERE = Path(__file__).parent
BENCH = HERE.parent / "bench"

project = "fusedrnn"
copyright = "the authors of fusedrnn, Apache-2.0"
version = release = fusedrnn.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks have their outputs; a test executes them

html_theme = "furo"
html_title = "fusedrnn"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
copybutton_prompt_text = "$ "

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_mock_imports = ["jax"]  # large, and only decorates what is read
autodoc_typehints = "none"  # docstrings say it in words
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
nitpick_ignore_regex = [("py:.*", r"(?!fusedrnn).*")]  # words of docstrings, other libraries
suppress_warnings = ["ref.python"]  # a word of a docstring is the name of two attributes
toc_object_entries_show_parents = "hide"


def copy_reports(app: Sphinx) -> None:
    """Put the reports of bench where pages are, with a title each, and an index of them."""
    reports = sorted([*(BENCH / "results").glob("*.md"), BENCH / "accuracy_choices.md"])
    (HERE / "results").mkdir(exist_ok=True)
    for report in reports:
        text = report.read_text("utf-8")
        text = text if text.startswith("# ") else f"# {report.stem}\n\n{text}"
        (HERE / "results" / report.name).write_text(text, "utf-8")
    names = "\n".join(report.stem for report in reports)
    (HERE / "results" / "index.md").write_text(
        "# Results\n\nThe reports of `bench/`, each with machine, versions and command in its first"
        f" lines.\n\n```{{toctree}}\n{names}\n```\n",
        "utf-8",
    )


def link_reports(app: Sphinx, page: str, text: list[str]) -> None:
    """Links to reports lead to their copies."""
    text[0] = re.sub(r"\]\((?:\.\./)+bench/(?:results/)?(\w+\.md)\)", r"](/results/\1)", text[0])


def write_formula(self: HTML5Translator, node: nodes.Element) -> None:
    """Write a formula as MathML."""
    block = node.tagname == "math_block"
    try:
        formula = tex2mathml(node.astext(), as_block=block)
    except MathError as error:
        logging.getLogger(__name__).warning("%s: %s", error, node.astext(), location=node)
        raise nodes.SkipNode from None
    self.body.append(f'<div class="math">{formula}</div>\n' if block else formula)
    raise nodes.SkipNode


def inline_drawings(app: Sphinx, tree: nodes.document, page: str) -> None:
    """Make drawings part of the page, so that their ink has the colour of its text."""
    for image in list(tree.findall(nodes.image)):
        path = HERE / image["uri"]
        if path.suffix == ".svg" and 'class="drawing"' in (text := path.read_text("utf-8")):
            image.replace_self(nodes.raw("", text, format="html"))


def is_ours(app: Sphinx, what: str, name: str, value: Any, skip: bool, options: Any) -> bool:
    """Leave out second names, and methods that another library adds to our classes."""
    named = what == "module" or isinstance(value, type)
    second = named and getattr(value, "__name__", name) != name
    theirs = not (getattr(value, "__module__", None) or "fusedrnn").startswith("fusedrnn")
    return skip or second or theirs


class Names(SphinxDirective):
    """The public names of a module, where these are NumPy's functions under other names."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return one paragraph."""
        paragraph = nodes.paragraph()
        for name in importlib.import_module(self.arguments[0]).__all__:
            paragraph += [nodes.literal(text=name), nodes.Text(" ")]
        return [paragraph]


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.add_directive("names", Names)
    app.connect("builder-inited", copy_reports)
    app.connect("source-read", link_reports)
    app.connect("doctree-resolved", inline_drawings)
    app.connect("autodoc-skip-member", is_ours)
