"""docs/command_line.md: its commands run, its exit statuses are those of ``--help``."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fusedrnn.cli.main import EPILOG, main, parser

PAGE = (Path(__file__).parents[2] / "docs" / "command_line.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
]


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands(line, capsys):
    name, *arguments = shlex.split(line)
    assert name == "fusedrnn"
    if arguments[0] == "bench":
        torch = pytest.importorskip("torch")
        before = torch.get_num_threads()
        try:
            status = main([*arguments, "--seconds", "0.01"])
        finally:
            torch.set_num_threads(before)
        assert status == 0
        assert "All results agree." in capsys.readouterr().out
    else:
        pytest.importorskip("shtab")
        assert main(arguments) == 0
        assert "complete " in capsys.readouterr().out


def test_every_command_and_exit_status_is_there():
    commands = {"bench torch" if name == "bench" else name for name in _commands()}
    assert set(re.findall(r"^\| `([a-z ]+)` \|.*\|.*\|$", PAGE, re.MULTILINE)) == commands
    listed = re.findall(r"^\| (\d+) \| ", PAGE, re.MULTILINE)
    assert listed == re.findall(r"^  (\d+) ", EPILOG, re.MULTILINE)


def _commands():
    (found,) = (action.choices for action in parser()._actions if action.metavar == "COMMAND")
    return found
