"""The command ``fusedrnn``."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .. import __version__
from .settings import CELLS, DATA, MANY, RULES, SCOPES, STRATEGIES, Settings

NEEDED = {
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
    "rich": "rich",
    "joblib": "joblib",
    "statsmodels": "statsmodels",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status: 0, or 2 for an error of the user's."""
    argv = sys.argv[1:] if argv is None else argv
    arguments = parser().parse_args(argv, argparse.Namespace(argv=argv))
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
        description="Train LSTMs and GRUs on sales and compare them with simple forecasts.",
    )
    command.set_defaults(run=_compare)
    add_data(command)
    add_settings(command)
    work = command.add_argument_group("work")
    work.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="processes (default: one a core for many series, else 1)",
    )
    work.add_argument("--backend", choices=("processes", "dask", "ray"), default="processes")
    work.add_argument("--address", metavar="URL", help="of a cluster, as tcp://host:8786")
    work.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    output = command.add_argument_group("output")
    output.add_argument("--html", metavar="FILE.html", help="write the report, one page")
    output.add_argument("--plot", metavar="FILE.png", help="write a picture")
    output.add_argument("--json", metavar="FILE", help="write all figures")
    output.add_argument("--csv", dest="frame", metavar="FILE", help="write all forecasts")
    command = commands.add_parser(
        "fit",
        help="train on all sales and keep the forecaster",
        description="Train one cell on everything in a table and save the whole pipeline.",
    )
    command.set_defaults(run=_fit)
    add_data(command)
    add_settings(command, leave_out=("test_size", "step", "folds", "models"))
    command.add_argument("--cell", choices=CELLS, default="GRU", help="default: GRU")
    command.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    command.add_argument("--out", required=True, metavar="MODEL", help="folder to write")
    command = commands.add_parser(
        "forecast",
        help="forecast with a fitted forecaster",
        description="Forecast what follows the last sales, with intervals.",
    )
    command.set_defaults(run=_forecast)
    command.add_argument("model", help="folder that fusedrnn fit wrote")
    command.add_argument(
        "csv",
        nargs="?",
        help="newer sales, and rows with the future of covariates (default: the fitted sales)",
    )
    command.add_argument("--horizon", type=int, metavar="N", help="default: that of the fit")
    command.add_argument("--csv", dest="frame", metavar="FILE", help="write the forecasts")
    return top


def add_data(command: argparse.ArgumentParser) -> None:
    """Add the options that say what is in the table and what to do with it."""
    command.add_argument("csv", nargs="?", help="CSV or Parquet file (default: the bakery sales)")
    data = command.add_argument_group("data")
    for flag, text in (
        ("date", "column of dates, or year,month (default: ds or date)"),
        ("target", "column of sales (default: y or sales)"),
        ("id", "column that names the series, or store,item (default: unique_id or series_id)"),
    ):
        data.add_argument(f"--{flag}", metavar="COL", help=text)
    data.add_argument("--wide", action="store_true", help="each other column is a series")
    data.add_argument("--date-format", metavar="FORMAT", help="as %%d/%%m/%%Y, or excel")
    data.add_argument("--decimal", metavar="CHAR", default=".", help="decimal point (default: .)")
    data.add_argument("--thousands", metavar="CHAR", help="what parts thousands (default: nothing)")
    data.add_argument("--freq", help="as D, W-MON, MS (default: found)")
    data.add_argument(
        "--season", type=int, metavar="N", help="periods in a season (default: found)"
    )
    for flag, text in (
        ("future-covariates", "columns known in advance, with commas between"),
        ("past-covariates", "columns known only afterwards"),
        ("categories", "those of them that are no quantities but names, as of holidays"),
    ):
        data.add_argument(f"--{flag}", type=_names, default=(), metavar="COLS", help=text)
    data.add_argument("--calendar", action="store_true", help="add day of the week, of the year")
    for name, choices in RULES.items():
        flag = f"--{name.replace('_', '-')}"
        data.add_argument(flag, choices=choices, default=choices[0], help=f"default: {choices[0]}")
    data.add_argument("--skip-short", action="store_true", help="leave out series too short")


def add_settings(command: argparse.ArgumentParser, leave_out: Sequence[str] = ()) -> None:
    """Add an option for each field of `Settings`."""
    texts = {
        "timesteps": "periods a network sees",
        "horizon": "periods to forecast",
        "units": "units of the layer",
        "epochs": "passes over the training part",
        "batch_size": "windows in a training step",
        "learning_rate": "at the start; it falls along a cosine",
        "patience": "stop early after so many epochs without gain (0: never)",
        "test_size": "share, or number of dates, at the end to judge on",
        "step": "periods between two cutoffs",
        "folds": "times that everything is fitted anew in the test part",
        "seed": "first seed",
        "seeds": "networks a model, each from its own seed",
        "models": "which to compare",
        "levels": "per cents of the intervals",
    }
    group = command.add_argument_group("networks and evaluation")
    kinds: dict[str, Any] = {"int": int, "float": float, "tuple[str, ...]": _names}
    for field in fields(Settings):
        if field.name not in texts or field.name in leave_out:
            continue
        default: Any = field.default
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        shown = "found" if default == 0 and field.name in ("timesteps", "epochs") else shown
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            type=kinds.get(str(field.type), _levels),
            default=default,
            metavar="N" if field.type == "int" else "X" if field.type == "float" else "LIST",
            help=f"{texts[field.name]} (default: {shown})",
        )
    group.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default=Settings.strategy,
        help="an output for each period, or forecasts fed back (default: direct)",
    )
    group.add_argument(
        "--scope",
        choices=SCOPES,
        default=Settings.scope,
        help=f"networks for each series, or over all (default: auto, over all from {MANY} series)",
    )


def compare_options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the keyword arguments of `compare` that the options give."""
    names = {field.name for field in fields(Settings)} | {*DATA, "skip_short"}
    return {name: value for name, value in vars(arguments).items() if name in names}


def _compare(arguments: argparse.Namespace) -> None:
    """Run ``fusedrnn compare``."""
    from rich.console import Console

    from .experiment import compare
    from .report.files import check_outputs
    from .report.terminal import Bars, show

    options = compare_options(arguments)
    Settings(**{field.name: options[field.name] for field in fields(Settings)})
    outputs = {name: getattr(arguments, name) for name in ("html", "plot", "json", "frame")}
    check_outputs({f"--{name}": path for name, path in outputs.items()}, arguments.csv)
    bars = Bars(Console(stderr=True))
    with bars.progress:
        result = compare(
            arguments.csv,
            **options,
            n_jobs=arguments.jobs,
            backend=arguments.backend,
            address=arguments.address,
            resume=arguments.resume,
            on_start=bars.start,
            on_step=bars.step,
        )
    writers: dict[str, Callable[[str], None]] = {
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
        show(result, Console())
        raise
    try:  # after the files, since a closed pipe ends the command
        show(result, Console())
    finally:
        result.forget()


def _fit(arguments: argparse.Namespace) -> None:
    """Run ``fusedrnn fit``."""
    from ..datasets import load_bakery
    from .forecaster.estimator import RNNForecaster
    from .forecaster.saved import check_folder, save_forecaster

    options = compare_options(arguments)
    if options.pop("skip_short"):
        raise ValueError("--skip-short is for fusedrnn compare")
    seed = options.pop("seed")
    check_folder(arguments.out)
    frame = arguments.csv or load_bakery()
    forecaster = RNNForecaster(arguments.cell, **options, random_state=seed, n_jobs=arguments.jobs)
    save_forecaster(forecaster.fit(frame), arguments.out)
    panel = forecaster.panel_
    count = f"{len(panel.series):,} series" if len(panel.series) > 1 else "one series"
    print(f"{arguments.cell} fitted to {count} ({panel.freq}, season {panel.season}).")
    for note in panel.notes:
        print(f"  {note}")


def _forecast(arguments: argparse.Namespace) -> None:
    """Run ``fusedrnn forecast``."""
    from .forecaster.saved import load_forecaster
    from .report.files import check_outputs, write

    check_outputs({"--csv": arguments.frame}, arguments.csv)
    model, frame = Path(arguments.model).resolve(), arguments.frame
    if frame and model in Path(frame).resolve().parents:
        raise ValueError(f"--csv is {arguments.frame}, inside the forecaster that is read")
    forecaster = load_forecaster(arguments.model)
    future = forecaster.predict(arguments.csv, arguments.horizon)
    if arguments.frame:
        write(arguments.frame, lambda file: future.to_csv(file, index=False))
    else:
        print(future.to_string(index=False, float_format="{:,.1f}".format))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _levels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(name) for name in _names(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of per cents as 80,95") from None


def _fail(message: str) -> int:
    """Print one line about an error and return the exit status for it."""
    print(f"fusedrnn: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
