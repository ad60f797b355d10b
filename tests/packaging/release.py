"""Whether a tag may become a release: ``python tests/packaging/release.py v1.2.3``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def version(source: str) -> str:
    """The version that ``python/fusedrnn/__init__.py`` says, from where everything has it."""
    (found,) = re.findall(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    return found


def why_not(tag: str, source: str, changelog: str) -> str:
    """What keeps a tag from being a release; empty if nothing does."""
    expected = version(source)
    if tag != f"v{expected}":
        return f"the tag is {tag}, and fusedrnn.__version__ is {expected}"
    headings = re.findall(r"^## (.+)$", changelog, re.MULTILINE)
    if any(re.fullmatch(rf"{re.escape(expected)}( \(\d{{4}}-\d\d-\d\d\))?", h) for h in headings):
        return ""
    return f"CHANGELOG.md has no section {expected} or {expected} (its date), but {headings}"


if __name__ == "__main__":
    source = (ROOT / "python/fusedrnn/__init__.py").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sys.exit(why_not(sys.argv[1], source, changelog) or None)
