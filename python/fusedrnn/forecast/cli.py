"""The command ``fusedrnn``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from .. import __version__
from .settings import CELLS, Settings

NEEDED = {"pandas": "pandas", "sklearn": "scikit-learn", "matplotlib": "matplotlib", "rich": "rich"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, or 2 for an error of the user's."""
    arguments = parser().parse_args(argv)
    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing:
        need = ", ".join(missing)
        return _fail(f"{arguments.command} needs {need}: pip install 'fusedrnn[forecast]'")
    try:
        arguments.run(arguments)
    except (ValueError, OSError) as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="fusedrnn", description="LSTM and GRU, fast on a CPU")
    top.add_argument("--version", action="version", version=f"fusedrnn {__version__}")
    commands = top.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "compare",
        help="compare LSTM and GRU on sales",
        description="Train an LSTM and a GRU on sales and compare them with simple forecasts.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    command.set_defaults(run=_compare)
    command.add_argument("csv", nargs="?", help="table of sales (default: the bakery sales)")
    data = command.add_argument_group("data")
    data.add_argument("--date", metavar="COL", help="column of dates (default: ds or date)")
    data.add_argument("--target", metavar="COL", help="column of sales (default: y or sales)")
    data.add_argument("--season", type=int, metavar="N", help="periods in a season")
    networks = command.add_argument_group("networks")
    for name, text in (
        ("timesteps", "periods a network sees"),
        ("horizon", "periods to forecast at once"),
        ("units", "units of the layer"),
        ("epochs", "passes over the training part"),
        ("batch_size", "windows in a training step"),
        ("seed", "first seed"),
        ("seeds", "networks a cell, each from its own seed"),
    ):
        default = getattr(Settings, name)
        flag = f"--{name.replace('_', '-')}"
        networks.add_argument(flag, type=int, default=default, metavar="N", help=text)
    for name, text in (
        ("learning_rate", "at the start; it falls along a cosine"),
        ("test_size", "share, or number of dates, at the end to judge on"),
    ):
        flag = f"--{name.replace('_', '-')}"
        default = getattr(Settings, name)
        networks.add_argument(flag, type=float, default=default, metavar="X", help=text)
    output = command.add_argument_group("output")
    output.add_argument("--plot", metavar="FILE.png", help="write a picture")
    output.add_argument("--json", metavar="FILE", help="write all figures")
    return top


def _compare(arguments: argparse.Namespace) -> None:
    """Run ``fusedrnn compare``."""
    from dataclasses import fields

    from rich.console import Console

    from .comparison import compare
    from .files import check_writable
    from .table import read_table
    from .terminal import progress_bar, show

    settings = {field.name: getattr(arguments, field.name) for field in fields(Settings)}
    Settings(**settings)
    for path in (arguments.plot, arguments.json):
        if path:
            check_writable(path)
    frame = read_table(arguments.csv) if arguments.csv else None
    with progress_bar(Console(stderr=True)) as progress:
        total = arguments.epochs * arguments.seeds
        tasks = {cell: progress.add_task(cell, total=total) for cell in CELLS}
        result = compare(
            frame,
            date=arguments.date,
            target=arguments.target,
            season=arguments.season,
            on_epoch=lambda cell: progress.advance(tasks[cell]),
            **settings,
        )
    show(result, Console())
    if arguments.plot:
        result.plot(arguments.plot)
    if arguments.json:
        result.write_json(arguments.json)


def _fail(message: str) -> int:
    """Print one line about an error and return the exit status for it."""
    print(f"fusedrnn: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
