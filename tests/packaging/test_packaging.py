"""What is installed, how a release is let through, and what the workflows name.

`python tests/packaging` builds and tries out the sdist and the wheel: that takes minutes.
"""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest
from release import version, why_not

import fusedrnn

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))  # none in an sdist


def pyproject():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def installed():
    """The installed distribution, where that is what is imported."""
    try:
        found = importlib.metadata.distribution("fusedrnn")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("fusedrnn is not installed")
    if Path(str(found.locate_file("fusedrnn/__init__.py"))) != Path(fusedrnn.__file__):
        pytest.skip("another fusedrnn is imported")
    return found


def test_there_is_one_version(installed):
    assert installed.version == fusedrnn.__version__ == fusedrnn.build_info()["version"]


def test_the_version_is_said_once():
    assert version((ROOT / "python/fusedrnn/__init__.py").read_text()) == fusedrnn.__version__
    assert "version" not in pyproject()["project"]


def test_what_is_installed(installed):
    files = [str(file) for file in installed.files]
    names = [file.rsplit("/", 1)[-1] for file in files]
    for name in ("NOTICE", "LICENSE", "py.typed", "_core.pyi"):
        assert names.count(name) == 1, (name, files)
    assert not [file for file in files if file.endswith((".hpp", ".cpp", ".h", ".cmake"))]
    assert not [file for file in files if file.startswith(("tests/", "bench/", "csrc/", "docs/"))]


CHANGELOG = "# Changelog\n\n## 1.2.0 (2027-01-31)\n\n- New.\n\n## 1.1.0\n"


@pytest.mark.parametrize(
    ("tag", "is_version", "why"),
    [
        ("v1.2.0", "1.2.0", ""),
        ("v1.1.0", "1.1.0", ""),
        ("1.2.0", "1.2.0", "the tag is 1.2.0"),
        ("v1.2.1", "1.2.0", "the tag is v1.2.1"),
        ("v1.3.0", "1.3.0", "no section 1.3.0"),
        ("v1.2", "1.2", "no section 1.2 "),
    ],
)
def test_which_tag_is_a_release(tag, is_version, why):
    said = why_not(tag, f'__version__ = "{is_version}"\n', CHANGELOG)
    assert why in said
    assert bool(said) is bool(why)


def test_an_unreleased_section_is_no_release():
    changelog = CHANGELOG.replace("(2027-01-31)", "(unreleased)")
    assert "no section 1.2.0" in why_not("v1.2.0", '__version__ = "1.2.0"\n', changelog)


def test_the_index_page_has_no_link_to_a_file():
    hook = pyproject()["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    page = (ROOT / "README.md").read_text()
    for rule in hook["substitutions"]:
        page = re.sub(rule["pattern"], rule["replacement"], page)
    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", page) == []
    assert "CONTRIBUTING.md" in page  # what the link said


def test_wheels_are_for_the_pythons_that_are_named():
    project, wheels = pyproject()["project"], pyproject()["tool"]["cibuildwheel"]["build"]
    named = [c.rsplit(" ", 1)[1] for c in project["classifiers"] if re.search(r":: 3\.\d+$", c)]
    built = [re.fullmatch(r"cp3(\d+)t?-\*", pattern)[1] for pattern in wheels]
    assert sorted(set(built)) == sorted(version.split(".")[1] for version in named)
    assert project["requires-python"] == f">={named[0]}"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow(path):
    """It parses, may do nothing that a job does not ask for, and every action is one commit."""
    workflow = pytest.importorskip("yaml").safe_load(path.read_text())
    assert workflow["permissions"] == {}
    jobs = workflow["jobs"].values()
    used = [job["uses"] for job in jobs if "uses" in job]
    steps = [step for job in jobs for step in job.get("steps", ())]
    used += [step["uses"] for step in steps if "uses" in step]
    for action in used:
        assert (ROOT / action).exists() or re.search(r"@[0-9a-f]{40}$", action), action
    for script in re.findall(r"tests/\S+|\.ci/\S+", " ".join(s.get("run", "") for s in steps)):
        assert (ROOT / script).exists(), script
