"""The options that commands share: of the table, of networks and evaluation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_type_hints

from .. import _files
from ..forecast.needs import check_installed
from ..forecast.settings import (
    BUNDLED,
    MANY,
    PanelOptions,
    Settings,
    TableOptions,
    Tune,
    choices,
    pick,
)


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if (number := whole(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def jobs(text: str) -> int:
    """Read a number of processes."""
    if (number := whole(text)) == 0 or number < -1:
        raise argparse.ArgumentTypeError(f"{text} is no number of processes, nor -1, one a core")
    return number


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


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
    int: whole,
    int | None: whole,
    float: number,
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
    "decimal": ("CHAR", "decimal point (default: found)"),
    "thousands": ("CHAR", "what parts thousands (default: found)"),
    "currency": ("TEXT", "what stands beside numbers, as kr (default: a sign as €)"),
    "empty": ("LIST", "texts that say there is no value, as closed"),
    "encoding": ("NAME", "of a CSV file (default: found)"),
    "sheet": ("NAME", "of a workbook, or the file of a zip"),
    "freq": (None, "as D, W-SUN, MS: rows are brought to it (default: found)"),
    "season": ("N", "periods in a season (default: found)"),
    "country": ("CODE", "whose public holidays are known, and are of the calendar, as ES"),
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
    "units": ("N", "units of each layer (default: {default})"),
    "layers": ("N", "recurrent layers, one on the other (default: {default})"),
    "epochs": ("N", "passes over the training part (default: found)"),
    "batch_size": ("N", "windows in a training step (default: {default})"),
    "learning_rate": ("X", "at the start; it falls along a cosine (default: {default})"),
    "base": (None, "what a network's forecast is added to (default: level and ETS)"),
    "cycles": ("N", "last seasons that the season is taken from (default: found)"),
    "transform": (None, "of positive sales, for networks (default: {default})"),
    "loss": (None, "of the networks (default: {default})"),
    "embeddings": (None, "of which networks over many series learn vectors (default: {default})"),
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
    help = "ways to try before the test part (default: with, without calendar and covariates)"
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


def say_bundled(arguments: argparse.Namespace) -> None:
    """Say that there is no table, before the work begins."""
    if arguments.csv is None:
        command = f"fusedrnn {arguments.argv[0]} sales.csv --date COLUMN --target COLUMN"
        print(f"No table is given: {BUNDLED}. For your own: {command}", file=sys.stderr)


def check_source(arguments: argparse.Namespace) -> None:
    """Raise now if the table cannot be read later: it is not there, or a package is not."""
    path = arguments.csv
    if path is not None and not _files.is_pipe(path):
        _files.source(path)
    check_installed(file=path, country=getattr(arguments, "country", None))
