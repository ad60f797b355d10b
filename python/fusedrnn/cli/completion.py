"""``fusedrnn completion``: what a shell completes commands, options and words with."""

from __future__ import annotations

import argparse
from functools import partial
from importlib.util import find_spec
from typing import Any

from .parser import Parser

SHELLS = ("bash", "zsh", "tcsh")
FOLDERS = ("model", "out")
FILES = ("csv", "frame", "html", "plot", "json")
"""Where arguments are names of folders and files."""


def add(commands: Any, top: Parser) -> None:
    """Add the command; `top` is the parser of all commands."""
    command = commands.add_parser(
        "completion",
        help="print what a shell completes commands with",
        description="Print a script that completes commands, options and their words. "
        "For bash: fusedrnn completion bash > "
        "~/.local/share/bash-completion/completions/fusedrnn",
    )
    command.set_defaults(run=partial(run, top))
    command.add_argument("shell", choices=SHELLS)


def run(top: Parser, arguments: argparse.Namespace) -> None:
    """Print the script."""
    if find_spec("shtab") is None:
        raise ValueError("fusedrnn completion needs shtab: pip install 'fusedrnn[completion]'")
    import shtab

    def mark(parser: Any) -> None:
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for command in action.choices.values():
                    mark(command)
            elif action.dest in FOLDERS:
                action.complete = shtab.DIRECTORY
            elif action.dest in FILES:
                action.complete = shtab.FILE

    mark(top)
    print(shtab.complete(top, arguments.shell))
