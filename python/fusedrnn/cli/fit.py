"""``fusedrnn fit``: train on everything and keep the forecaster."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from ..forecast.forecaster.folder import check_folder
from ..forecast.needs import check_extra, check_installed
from ..forecast.settings import of_cell
from .options import add_data, add_settings, add_tune, check_source, jobs, options, say_bundled


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "fit",
        usage="%(prog)s [options] --out MODEL [csv]",
        help="train on all sales and keep the forecaster",
        description="Train one cell on everything in a table and save the whole pipeline.",
    )
    command.set_defaults(run=run)
    add_data(command)
    add_settings(command, leave_out=("test_size", "step", "folds", "models"))
    add_tune(command)
    command.add_argument(
        "--cell",
        default="GRU",
        metavar="MODEL",
        help="LSTM, GRU, ETS, Theta, MSTL, ..., a mean as GRU+ETS, mean or best (default: GRU)",
    )
    command.add_argument("--jobs", type=jobs, default=1, metavar="N", help="processes")
    command.add_argument("--out", required=True, metavar="FOLDER", help="to write")


def run(arguments: argparse.Namespace) -> None:
    """Fit, save and say what was fitted; what can be wrong is asked first."""
    check_extra("fusedrnn fit")
    if arguments.skip_short:
        raise ValueError("--skip-short is for fusedrnn compare")
    given = options(arguments)
    check_installed(models=of_cell(arguments.cell, given).fitted)
    check_folder(arguments.out)
    check_source(arguments)
    say_bundled(arguments)

    from ..datasets import load_bakery
    from ..forecast.data.frequency import described
    from ..forecast.forecaster.estimator import RNNForecaster
    from ..forecast.forecaster.saved import save_forecaster
    from ..forecast.report.terminal import progress

    seed, n_jobs = given.pop("seed"), arguments.jobs
    frame = arguments.csv or load_bakery()
    with progress(sys.stderr) as shown:
        watched: dict[str, Any] = {"on_start": shown.on_start, "on_step": shown.on_step}
        tuned = None
        if arguments.tune != "off":
            from ..forecast.experiment import tune

            tuned = tune(frame, how=arguments.tune, n_jobs=n_jobs, seed=seed, **watched, **given)
            given |= tuned.options
        forecaster = RNNForecaster(arguments.cell, **given, random_state=seed, n_jobs=n_jobs)
        forecaster.fit(frame, **watched)
    save_forecaster(forecaster, arguments.out)
    if tuned and tuned.note:
        print(f"{tuned.note}.")
    panel = forecaster.panel_
    count = f"{len(panel.series):,} series" if len(panel.series) > 1 else "one series"
    what = described(panel.freq, panel.season)
    print(f"{forecaster.cell_} fitted to {count} ({what}).")
    for note in panel.notes:
        print(f"  {note}")
