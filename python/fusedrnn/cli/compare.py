"""``fusedrnn compare``: LSTM and GRU beside simple forecasts."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from ..forecast.needs import check_extra, check_installed
from ..forecast.report.outputs import check_outputs
from ..forecast.settings import Backend, Settings, pick
from .options import add_data, add_settings, add_tune, check_source, jobs, options, say_bundled


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "compare",
        usage="%(prog)s [options] [csv]",
        help="compare LSTM and GRU on sales",
        description="Train LSTMs and GRUs on sales and compare them with simple forecasts.",
    )
    command.set_defaults(run=run)
    add_data(command)
    add_settings(command)
    add_tune(command)
    work = command.add_argument_group("work")
    work.add_argument(
        "--jobs",
        type=jobs,
        metavar="N",
        help="processes (default: one a core for many series, else 1)",
    )
    work.add_argument("--backend", choices=get_args(Backend), default="processes")
    work.add_argument("--address", metavar="URL", help="of a cluster, as tcp://host:8786")
    work.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    output = command.add_argument_group("output")
    output.add_argument("--html", metavar="FILE.html", help="write the report, one page")
    output.add_argument("--plot", metavar="FILE.png", help="write a picture")
    output.add_argument("--json", metavar="FILE", help="write all figures")
    output.add_argument("--csv", dest="frame", metavar="FILE", help="write all forecasts")


def run(arguments: argparse.Namespace) -> None:
    """Compare, write the files and print the table; what can be wrong is asked first."""
    check_extra("fusedrnn compare")
    given = options(arguments)
    settings = pick(Settings, given)
    check_installed(models=settings.fitted, backend=arguments.backend)
    outputs = {name: getattr(arguments, name) for name in ("html", "plot", "json", "frame")}
    flags = {"--csv" if name == "frame" else f"--{name}": path for name, path in outputs.items()}
    check_outputs(flags, arguments.csv)
    check_source(arguments)
    say_bundled(arguments)

    from ..forecast.experiment import compare
    from ..forecast.report.terminal import Output, progress, show

    with progress(sys.stderr) as shown:
        result = compare(
            arguments.csv,
            **given,
            tune=arguments.tune,
            skip_short=arguments.skip_short,
            n_jobs=arguments.jobs,
            backend=arguments.backend,
            address=arguments.address,
            resume=arguments.resume,
            on_start=shown.on_start,
            on_step=shown.on_step,
        )
    writers: dict[str, Callable[[str], object]] = {
        "html": partial(result.write_html, command=shlex.join(["fusedrnn", *arguments.argv])),
        "plot": result.plot,
        "json": result.write_json,
        "frame": result.write_csv,
    }
    try:
        for name, path in outputs.items():
            if path:
                writers[name](path)
    except OSError:  # the files can be made again with --resume
        show(result, Output())
        raise
    try:  # after the files, since a closed pipe ends the command
        show(result, Output())
    finally:
        result.forget()
