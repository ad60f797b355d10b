"""What bash completes, asked as bash asks when Tab is pressed."""

from __future__ import annotations

import shutil
import subprocess
from typing import get_args

import pytest

from fusedrnn.cli.completion import SHELLS
from fusedrnn.cli.main import main
from fusedrnn.forecast.settings import Base

pytest.importorskip("shtab")


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Where the script of each shell is."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        with pytest.MonkeyPatch.context() as patch, (folder / shell).open("w") as file:
            patch.setattr("sys.stdout", file)
            assert main(["completion", shell]) == 0
    return folder


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("fusedrnn comp", {"compare", "completion"}),
        ("fusedrnn compare --hor", {"--horizon"}),
        ("fusedrnn compare --base ", set(get_args(Base))),
        ("fusedrnn compare sal", {"sales.csv"}),
        ("fusedrnn compare --html sal", {"sales.csv"}),
        ("fusedrnn fit --out mod", {"model"}),
        ("fusedrnn forecast mod", {"model"}),
        ("fusedrnn bench tor", {"torch"}),
        ("fusedrnn bench torch --cell g", {"gru"}),
        ("fusedrnn completion z", {"zsh"}),
    ],
)
def test_bash(typed, expected, scripts, tmp_path):
    (tmp_path / "sales.csv").touch()
    (tmp_path / "model").mkdir()
    words = typed.split(" ")
    program = f"""
source {scripts / "bash"}
COMP_WORDS=({" ".join(word or "''" for word in words)}) COMP_CWORD={len(words) - 1}
function=$(complete -p fusedrnn | sed 's/.*-F \\([^ ]*\\).*/\\1/')
$function fusedrnn '{words[-1]}' '{words[-2]}'
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", program], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert set(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_get_a_script_that_knows_the_commands(shell, scripts):
    text = (scripts / shell).read_text()
    assert "compare" in text
    assert "horizon" in text
