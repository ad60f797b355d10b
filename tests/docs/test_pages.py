"""The code of every page of the site, and of the README, runs as it stands.

The Python of a page runs block after block in one namespace, in a folder of its own; of ``console``
blocks every line is a command. `given` has what a section takes for granted, `QUICK` and `SHORTER`
shorten what would take long. Code that other tests run, and more thoroughly, is in `ELSEWHERE`.
"""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import fusedrnn

pd = pytest.importorskip("pandas")

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "results" not in path.parts
}
PROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
ELSEWHERE = {  # page and section, "" for all of them: the test that runs it
    ("docs/command_line.md", ""): "docs/test_command_line_docs.py",
    ("docs/serving.md", ""): "docs/test_serving_docs.py",
    ("docs/pytorch.md", "Inside PyTorch programs"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "Lightning"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "pytorch-forecasting"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "neuralforecast"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "darts"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "sb3-contrib"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "bfloat16"): "docs/test_pytorch_docs.py",
    ("docs/pytorch.md", "Several processes"): "dropins/test_torch_sharded.py",
}
NEEDS = {  # page, and section or "" for all of them: the package without which they are left out
    ("README.md", "In a PyTorch program"): "torch",
    ("docs/pytorch.md", ""): "torch",
    ("docs/start.md", "A PyTorch model"): "torch",
    ("docs/performance.md", "On your machine"): "torch",
    ("docs/keras.md", "Files"): "h5py",
    ("docs/keras.md", "Keras itself"): "keras",
}
NETWORK = "--epochs 1 --seeds 1 --units 2 --timesteps 5"
QUICK = {"compare": NETWORK, "fit": NETWORK, "bench": "--seconds 0.1"}
SHORTER = {
    "epochs=20": "epochs=1",
    "range(10):\n        model.zero": "range(1):\n        model.zero",
}
SPHINX = {"{toctree}", "{eval-rst}", "{image}", "{literalinclude}", "{names}"}


class Block(NamedTuple):
    section: str
    language: str
    code: str
    line: int


def blocks(text: str) -> Iterator[Block]:
    """Yield every fenced block of a page."""
    section = language = ""
    start, inside = 0, False
    lines = text.splitlines()
    for number, line in enumerate(lines):
        fence = re.match(r"```(\S*)", line)
        if fence and not inside:
            language, start, inside = fence[1], number + 1, True
        elif fence:
            code = "\n".join(lines[start:number]) + "\n"
            yield Block(section, language or "console", code, start)
            inside = False
        elif not inside and line.startswith("#"):
            section = line.lstrip("# ")


def test_what_a_block_is() -> None:
    page = "# A\n```python\nx = 1\n# no title\n```\n## B\ntext\n```console\na\nb\n```\n"
    assert list(blocks(page)) == [
        Block("A", "python", "x = 1\n# no title\n", 2),
        Block("B", "console", "a\nb\n", 8),
    ]


def lacks(page: str, section: str) -> str:
    """Return the package without which a section cannot run, if it is not there, else ""."""
    package = NEEDS.get((page, section)) or NEEDS.get((page, ""), "")
    return package if package and not find_spec(package) else ""


def of(page: str, language: str) -> list[Block]:
    """Return the blocks of a language that are run here."""
    found = [block for block in blocks(PAGES[page]) if block.language == language]
    return [b for b in found if not {(page, ""), (page, b.section)} & ELSEWHERE.keys()]


def test_every_block_is_of_a_kind_that_is_run_and_no_exception_is_left_over() -> None:
    sections = set()
    for page, text in PAGES.items():
        for block in blocks(text):
            known = {"python", "console"} | SPHINX
            here = (page, block.section)
            tested = {here, (page, "")} & ELSEWHERE.keys()
            assert block.language in known or tested, f"{page}:{block.line}"
            sections |= {here, (page, "")}
    for place, test in ELSEWHERE.items():
        if place[0] in PAGES:
            assert place in sections
            assert (ROOT / "tests" / test).exists()


def test_every_public_module_is_in_the_reference() -> None:
    text = "".join(PAGES[page] for page in PAGES if page.startswith("docs/api/"))
    missing = [name for name in fusedrnn._MODULES if f"fusedrnn.{name}" not in text]
    assert not missing


# What pages take for granted ---------------------------------------------------------------------


def tables() -> None:
    """Write the files that the pages name."""
    rng = np.random.default_rng(0)
    n = 150
    days = pd.Series(pd.date_range("2024-01-01", periods=n))
    sold = rng.poisson(30 + 20 * (np.arange(n) % 7 > 4)).astype(float)
    frame = pd.DataFrame({"day": days, "sold": sold})
    frame.to_csv("sales.csv", index=False)
    frame.to_csv("your.csv", index=False)
    later = pd.DataFrame({"day": days + pd.Timedelta(days=30), "sold": sold})
    later.to_csv("newer.csv", index=False)
    weeks = pd.date_range("2021-01-04", periods=n, freq="W-MON").strftime("%G-W%V")
    stores = pd.DataFrame({"week": weeks, "item": "bread", "units": sold + 0.5})
    stores = pd.concat([stores.assign(store=store) for store in "AB"])
    stores.to_csv("stores.csv", index=False, sep=";", decimal=",")
    pd.DataFrame({"date": days, "A": sold, "B": sold[::-1]}).to_csv("wide.csv", index=False)
    months = pd.date_range("2010-01-01", periods=n, freq="MS")
    monthly = pd.DataFrame({"year": months.year, "month": months.month_name(), "sales": sold})
    monthly.to_csv("monthly.csv", index=False)
    receipts = pd.DataFrame({"date": days, "sales": sold})
    receipts = pd.concat([receipts, receipts.iloc[::3]]).drop(index=[5, 70])
    receipts.loc[40, "sales"] = np.nan
    receipts.to_csv("receipts.csv", index=False)
    stamps = days.repeat(4) + pd.to_timedelta(np.tile([9, 12, 15, 18], n), "h")
    tills = pd.DataFrame({"date": stamps, "sales": np.repeat(sold / 4, 4)})
    tills.to_csv("tills.csv", index=False)
    promo = pd.DataFrame({"date": days, "sales": sold, "visitors": 3 * sold})
    promo = promo.assign(price=rng.uniform(1, 2, n), holiday=None)
    promo.loc[::30, "holiday"] = "fair"
    promo.to_csv("promo.csv", index=False)


def given(page: str, section: str) -> dict[str, Any]:
    """Return the names that the Python of a section begins with."""
    rng = np.random.default_rng(0)
    if (page, section) == ("README.md", "A model"):
        return {"sales": rng.random((60, 1)).astype("float32")}
    if (page, section) == ("README.md", "The kernels"):
        shapes = {"x": (2, 5, 3), "kernel": (3, 16), "recurrent_kernel": (4, 16), "bias": (16,),
                  "dy": (2, 5, 4), "x_t": (2, 3)}  # fmt: skip
        return {name: rng.random(shape) for name, shape in shapes.items()}
    if (page, section) == ("README.md", "In a PyTorch program"):
        import torch

        return {"model": torch.nn.GRU(3, 4)}
    return {}


@pytest.fixture
def folder(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Begin a page in a folder of its own, with the files that pages name."""
    monkeypatch.chdir(tmp_path)
    tables()
    return tmp_path


# Python and commands -----------------------------------------------------------------------------


def here(page: str, language: str) -> tuple[list[Block], set[str]]:
    """Return the blocks that can run here, and the packages that others lack."""
    found = of(page, language)
    packages = {lacks(page, block.section) for block in found} - {""}
    return [block for block in found if not lacks(page, block.section)], packages


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::FutureWarning:torch")
@pytest.mark.parametrize("page", [page for page in PAGES if of(page, "python")])
def test_python(page: str, folder: Path) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    section = ""
    found, packages = here(page, "python")
    for block in found:
        if block.section != section:
            section = block.section
            names |= given(page, section)
        code = "\n" * block.line + block.code  # errors name the line of the page
        for long, short in SHORTER.items():
            code = code.replace(long, short)
        exec(compile(code, ROOT / page, "exec"), names)
    if packages:
        pytest.skip(f"all but what needs {', '.join(packages)}")


@pytest.mark.parametrize("page", [page for page in PAGES if of(page, "console")])
def test_commands(page: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if page == "docs/start.md":  # where columns have the names that are found
        for name in ("sales.csv", "newer.csv"):
            pd.read_csv(name).set_axis(["date", "sales"], axis=1).to_csv(name, index=False)
    found, packages = here(page, "console")
    for block in found:
        for line in re.split(r"\n|&&", block.code.strip()):
            run(shlex.split(line, comments=True), f"{page}: {line}", capsys)
    if packages:
        pytest.skip(f"all but what needs {', '.join(packages)}")


def run(command: list[str], where: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a line of a console block, or check what cannot be run here."""
    match command:
        case ["fusedrnn", *arguments] if "--backend" in arguments:  # that needs a cluster
            script().parser().parse_args(arguments)
        case ["fusedrnn", *arguments]:
            quick = shlex.split(QUICK.get(arguments[0], ""))
            assert script().main([*arguments, *quick]) == 0, (where, capsys.readouterr().err)
        case ["pip", "install", what]:
            name, _, extras = what.rstrip("]").partition("[")
            assert name in ("fusedrnn", "."), where
            for extra in filter(None, extras.split(",")):
                assert re.search(rf"^{extra} = \[", PROJECT, re.MULTILINE), where
        case ["python", "-m", "bench", name, *_]:
            assert (ROOT / "bench" / f"{name}.py").exists(), where
        case ["pytest", *_]:
            pass  # what runs this
        case _:
            pytest.fail(f"nothing runs {where}")


def script() -> Any:
    """Return the module of the command that pip installs."""
    (module,) = re.findall(r'^fusedrnn = "([\w.]+):main"', PROJECT, re.MULTILINE)
    return importlib.import_module(module)


def test_what_the_commands_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tables()
    text = "".join(block.code for block in of("docs/forecasting.md", "console"))
    commands = [shlex.split(line) for line in text.splitlines()]
    wanted = ["--html", "--out", "week.csv"]
    for command in (next(c for c in commands if option in c) for option in wanted):
        assert script().main([*command[1:], *shlex.split(QUICK.get(command[1], ""))]) == 0
    assert "<html" in Path("report.html").read_text("utf-8")
    assert list(pd.read_csv("week.csv"))[:3] == ["unique_id", "ds", "GRU"]
