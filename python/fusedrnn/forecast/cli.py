"""The command ``fusedrnn``."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args, get_type_hints

from .. import __version__
from .settings import MANY, Backend, PanelOptions, Settings, TableOptions, Tune, choices, pick

NEEDED = {
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
    "rich": "rich",
    "joblib": "joblib",
    "statsmodels": "statsmodels",
}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _levels(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(name) for name in _names(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of per cents as 80,95") from None


READ: dict[Any, Callable[[str], Any]] = {
    str: str,
    str | None: str,
    int: int,
    int | None: int,
    float: float,
    tuple[str, ...]: _names,
    tuple[int, ...]: _levels,
}
"""What reads an option, by the type of its field."""
DATA_HELP: dict[str, tuple[str | None, str]] = {
    "date": ("COL", "column of dates, or year,month (default: ds or date)"),
    "target": ("COL", "column of sales (default: y or sales)"),
    "id": (
        "COL",
        "column that names the series, or store,item (default: unique_id or series_id)",
    ),
    "wide": (None, "each other column is a series"),
    "date_format": ("FORMAT", "as %%d/%%m/%%Y, or excel, epoch"),
    "language": ("CODE", "of names of months, as de (default: found)"),
    "decimal": ("CHAR", "decimal point (default: {default})"),
    "thousands": ("CHAR", "what parts thousands (default: blanks and apostrophes)"),
    "currency": ("TEXT", "what stands beside numbers, as kr (default: a sign as €)"),
    "empty": ("LIST", "texts that say there is no value, as closed"),
    "encoding": ("NAME", "of a CSV file (default: found)"),
    "sheet": ("NAME", "of a workbook, or the file of a zip"),
    "freq": (None, "as D, W-SUN, MS: rows are brought to it (default: found)"),
    "season": ("N", "periods in a season (default: found)"),
    "country": ("CODE", "whose public holidays are known, as ES"),
    "future_covariates": ("COLS", "columns known in advance, with commas between"),
    "past_covariates": ("COLS", "columns known only afterwards"),
    "categories": ("COLS", "those of them that are no quantities but names, as of holidays"),
    "static": ("COLS", "columns of names that hold for a whole series, as its region"),
    "calendar": (None, "add day of the week, of the year (default: from two years on)"),
    "duplicates": (None, "default: {default}"),
    "missing_dates": (None, "default: {default}"),
    "missing_values": (None, "default: {default}"),
    "zeros": (None, "default: {default}"),
    "negatives": (None, "default: {default}"),
}
"""What ``--help`` says of each field of `TableOptions` and `PanelOptions`."""
SETTINGS_HELP: dict[str, tuple[str | None, str]] = {
    "timesteps": ("N", "periods a network sees (default: found)"),
    "horizon": ("N", "periods to forecast (default: {default})"),
    "units": ("N", "units of the layer (default: {default})"),
    "epochs": ("N", "passes over the training part (default: found)"),
    "batch_size": ("N", "windows in a training step (default: {default})"),
    "learning_rate": ("X", "at the start; it falls along a cosine (default: {default})"),
    "base": (None, "what a network's forecast is added to (default: level and ETS)"),
    "cycles": ("N", "last seasons that the season is taken from (default: found)"),
    "transform": (None, "of positive sales, for networks (default: {default})"),
    "loss": (None, "of the networks (default: {default})"),
    "patience": (
        "N",
        "stop early after so many epochs without gain (0: never) (default: {default})",
    ),
    "test_size": (
        "X",
        "share, or number of dates, at the end to judge on (default: {default})",
    ),
    "step": ("N", "periods between two cutoffs (default: {default})"),
    "folds": ("N", "times that everything is fitted anew in the test part (default: {default})"),
    "seed": ("N", "first seed (default: {default})"),
    "seeds": ("N", "networks a model, each from its own seed (default: {default})"),
    "models": ("LIST", "which to compare (default: {default})"),
    "levels": ("LIST", "per cents of the intervals (default: {default})"),
    "strategy": (
        None,
        "an output for each period, or forecasts fed back (default: {default})",
    ),
    "scope": (
        None,
        "networks for each series, or over all (default: {default}, over all from "
        f"{MANY} series)",
    ),
}
"""What it says of each field of `Settings`."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    0, 2 for an error of the user's, 130 after Ctrl-C, 143 after the signal to terminate.
    """
    argv = sys.argv[1:] if argv is None else argv
    arguments = parser().parse_args(argv, argparse.Namespace(argv=argv))
    missing = [name for module, name in NEEDED.items() if find_spec(module) is None]
    if missing:
        need = ", ".join(missing)
        return _fail(f"{arguments.command} needs {need}: pip install 'fusedrnn[forecast]'")
    try:
        with _signals():
            arguments.run(arguments)
    except (ValueError, OSError) as error:
        return _fail(str(error))
    except KeyboardInterrupt as interrupt:
        number = getattr(interrupt, "number", signal.SIGINT)
        what = "interrupted" if number == signal.SIGINT else "terminated"
        print(f"fusedrnn: {what}", file=sys.stderr)
        return 128 + number
    return 0


class _Signalled(KeyboardInterrupt):
    """A signal to end.

    A class of its own, for where `KeyboardInterrupt` itself passes through ``exec`` of a text, as
    importing a dataclass does, Python ends by SIGINT whoever handles it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def _signals() -> Iterator[None]:
    """Have Ctrl-C and the signal to terminate end the block as `_Signalled`, once."""
    if threading.current_thread() is not threading.main_thread():  # which alone has signals
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)

    def end(number: int, frame: Any) -> None:
        for each in numbers:  # while workers are stopped and files removed
            signal.signal(each, signal.SIG_IGN)
        raise _Signalled(number)

    def send(number: int) -> None:
        if hasattr(signal, "pthread_kill"):  # so that no other thread gets it
            signal.pthread_kill(int(threading.main_thread().ident or 0), number)
        else:
            os.kill(os.getpid(), number)

    def again(unraisable: Any) -> None:
        """Send it again soon where Python can raise nothing, as while an object is deleted."""
        if not isinstance(unraisable.exc_value, _Signalled):
            hook(unraisable)
            return
        number = unraisable.exc_value.number
        signal.signal(number, end)
        timer = threading.Timer(0.01, send, (number,))
        timer.daemon = True
        timer.start()

    before = [(number, signal.signal(number, end)) for number in numbers]
    hook, sys.unraisablehook = sys.unraisablehook, again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before:
            signal.signal(number, handler)


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
    add_tune(command)
    work = command.add_argument_group("work")
    work.add_argument(
        "--jobs",
        type=int,
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
    command = commands.add_parser(
        "fit",
        help="train on all sales and keep the forecaster",
        description="Train one cell on everything in a table and save the whole pipeline.",
    )
    command.set_defaults(run=_fit)
    add_data(command)
    add_settings(command, leave_out=("test_size", "step", "folds", "models"))
    add_tune(command)
    command.add_argument(
        "--cell",
        default="GRU",
        metavar="MODEL",
        help="LSTM, GRU, ETS, Theta, MSTL, ..., a mean as GRU+ETS, mean or best (default: GRU)",
    )
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
    command.add_argument(
        "csv", nargs="?", help="CSV, Parquet, .xlsx or .ods file, or - (default: the bakery sales)"
    )
    group = command.add_argument_group("data")
    add_fields(group, (TableOptions, PanelOptions), DATA_HELP)
    group.add_argument("--skip-short", action="store_true", help="leave out series too short")


def add_settings(command: argparse.ArgumentParser, leave_out: Sequence[str] = ()) -> None:
    """Add the options of networks and evaluation."""
    texts = {name: text for name, text in SETTINGS_HELP.items() if name not in leave_out}
    add_fields(command.add_argument_group("networks and evaluation"), (Settings,), texts)


def add_tune(command: argparse.ArgumentParser) -> None:
    """Add the option that tries ways to prepare series and to train networks."""
    help = "ways to prepare and train to try before the test part (default: with, without calendar)"
    command.add_argument("--tune", choices=get_args(Tune), default="calendar", help=help)


def add_fields(
    group: Any, kinds: Sequence[type[Any]], texts: Mapping[str, tuple[str | None, str]]
) -> None:
    """Add an option for each text: its type, default and choices are those of the field."""
    for name, (metavar, text) in texts.items():
        (kind,) = (kind for kind in kinds if name in get_type_hints(kind))
        hint, default = get_type_hints(kind)[name], getattr(kind, name)
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        flag, text = f"--{name.replace('_', '-')}", text.format(default=shown)
        if hint is bool:
            group.add_argument(flag, action="store_true", help=text)
        elif hint == bool | None:
            action = argparse.BooleanOptionalAction
            group.add_argument(flag, action=action, default=default, help=text)
        elif words := choices(kind).get(name):
            group.add_argument(flag, choices=words, default=default, help=text)
        else:
            group.add_argument(flag, type=READ[hint], default=default, metavar=metavar, help=text)


def options(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the command line says of the fields of all records, once it is checked."""
    given = vars(arguments)
    kinds: tuple[type[Any], ...] = (TableOptions, PanelOptions, Settings)
    found = [vars(pick(kind, given)).items() for kind in kinds]
    return {name: value for fields in found for name, value in fields if name in given}


def _compare(arguments: argparse.Namespace) -> None:
    """Run ``fusedrnn compare``."""
    from rich.console import Console

    from .experiment import compare
    from .report.outputs import check_outputs
    from .report.terminal import Bars, show

    given = options(arguments)
    outputs = {name: getattr(arguments, name) for name in ("html", "plot", "json", "frame")}
    check_outputs({f"--{name}": path for name, path in outputs.items()}, arguments.csv)
    bars = Bars(Console(stderr=True))
    with bars.progress:
        result = compare(
            arguments.csv,
            **given,
            tune=arguments.tune,
            skip_short=arguments.skip_short,
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

    if arguments.skip_short:
        raise ValueError("--skip-short is for fusedrnn compare")
    given = options(arguments)
    seed = given.pop("seed")
    check_folder(arguments.out)
    frame = arguments.csv or load_bakery()
    if arguments.tune != "off":
        from .experiment import tune

        tuned = tune(frame, how=arguments.tune, n_jobs=arguments.jobs, seed=seed, **given)
        if tuned.note:
            print(f"{tuned.note}.")
        given |= tuned.options
    forecaster = RNNForecaster(arguments.cell, **given, random_state=seed, n_jobs=arguments.jobs)
    save_forecaster(forecaster.fit(frame), arguments.out)
    panel = forecaster.panel_
    count = f"{len(panel.series):,} series" if len(panel.series) > 1 else "one series"
    print(f"{forecaster.cell_} fitted to {count} ({panel.freq}, season {panel.season}).")
    for note in panel.notes:
        print(f"  {note}")


def _forecast(arguments: argparse.Namespace) -> None:
    """Run ``fusedrnn forecast``."""
    from .._files import write
    from .forecaster.saved import load_forecaster
    from .report.outputs import check_outputs

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


def _fail(message: str) -> int:
    """Print one line about an error and return the exit status for it."""
    print(f"fusedrnn: error: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
