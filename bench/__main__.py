"""The one door: ``python -m bench NAME``, and each command's own ``--help``."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = {  # each is the module of its name
    "kernels": "fusedrnn beside the peers installed: the default, if options come first",
    "dropins": "fusedrnn.torch and fusedrnn.keras beside what they stand in for",
    "programs": "whole PyTorch models, trained and used, with and without accelerate",
    "keras": "models of Keras scripts, in Keras on its backends and in fusedrnn",
    "stream": "a model one time step at a time, beside its kernels' steps and PyTorch's cells",
    "pools": "our layers and PyTorch's in turns in one process, beside other thread pools",
    "loops": "inner loops of kernels for aarch64, from their listing",
    "scaling": "a model of a call's cost, beside times, and what it says of more threads",
    "forecast": "the sales comparison at scale: speed, memory, a worker that is killed",
    "accuracy": "models of the comparison and of other libraries on real series",
    "instructions": "instructions that the kernels execute, beside those stored or of a checkout",
    "targets": "a report of kernels beside what is aimed at",
}
HELP = "\n".join([
    "usage: python -m bench [NAME] [options]", "",
    *(f"  {name:13} {line}" for name, line in COMMANDS.items()), "",
    "python -m bench NAME --help has the options.",
])  # fmt: skip


def main(arguments: list[str]) -> None:
    """Run the command that the first argument names."""
    if arguments[:1] in (["--help"], ["-h"]):
        return print(HELP)
    named = bool(arguments) and not arguments[0].startswith("-")
    name, *options = arguments if named else ["kernels", *arguments]
    if name not in COMMANDS:
        sys.exit(f"python -m bench: no command {name!r}\n\n{HELP}")
    from .contestant import Mismatch

    try:
        import_module(f".{name}", __package__).main(options)
    except Mismatch as error:
        sys.exit(f"python -m bench: answers differ, nothing is reported: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
