"""`argparse` with errors of two lines that say what was meant."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from ..checks import near

WRONG = 2
"""Exit status for an error of the user's."""


class Parser(argparse.ArgumentParser):
    """A parser of the command line, and of each command below it."""

    def add_commands(self) -> Any:
        """Return what commands are added to; without one, there is help, and it is an error."""
        self.set_defaults(run=self._no_command)
        return self.add_subparsers(title="commands", metavar="COMMAND")

    def _no_command(self, arguments: argparse.Namespace) -> None:
        self.print_help(sys.stderr)
        self.exit(WRONG)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse, and refuse what is left over here, where the options are known."""
        found, left = super().parse_known_args(args, namespace)
        if left:
            name = left[0].partition("=")[0]
            if not name.startswith("-"):
                self.error(f"one argument too many: {left[0]}")
            self.error(f"no option {name}{near(name, self._option_string_actions)}")
        return found, left

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        words = list(map(str, action.choices))
        if not action.option_strings and action.dest == argparse.SUPPRESS:
            raise argparse.ArgumentError(None, f"no command {value!r}{near(value, words)}")
        expected = f"{value!r} is none of {', '.join(words)}{near(str(value), words)}"
        raise argparse.ArgumentError(action, expected)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print; the base class is silent where that is not possible."""
        if (file := file or sys.stderr) is not None:
            file.write(message)

    def error(self, message: str) -> NoReturn:
        """Print the error and where help is, and exit."""
        self.exit(WRONG, f"fusedrnn: error: {message}\nTry '{self.prog} --help'.\n")
