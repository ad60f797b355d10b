"""``fusedrnn forecast``: what a saved forecaster says comes next."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from .._files import write
from ..forecast.forecaster.folder import check_saved
from ..forecast.needs import check_extra
from ..forecast.report.outputs import check_outputs
from .options import check_source, positive


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "forecast",
        usage="%(prog)s [options] model [csv]",
        help="forecast with a fitted forecaster",
        description="Forecast what follows the last sales, with intervals.",
    )
    command.set_defaults(run=run)
    command.add_argument("model", help="folder that fusedrnn fit wrote")
    command.add_argument(
        "csv",
        nargs="?",
        help="newer sales, and rows with the future of covariates (default: the fitted sales)",
    )
    command.add_argument("--horizon", type=positive, metavar="N", help="default: that of the fit")
    command.add_argument("--csv", dest="frame", metavar="FILE", help="write the forecasts")


def run(arguments: argparse.Namespace) -> None:
    """Forecast; what can be wrong is asked first."""
    check_extra("fusedrnn forecast")
    check_outputs({"--csv": arguments.frame}, arguments.csv)
    model, frame = Path(arguments.model).resolve(), arguments.frame
    if frame and model in Path(frame).resolve().parents:
        raise ValueError(f"--csv is {frame}, inside the forecaster that is read")
    check_saved(arguments.model)
    check_source(arguments)

    from ..forecast.forecaster.saved import load_forecaster

    future = load_forecaster(arguments.model).predict(arguments.csv, arguments.horizon)
    if frame:
        write(frame, lambda file: future.to_csv(file, index=False))
    else:
        print(future.to_string(index=False, float_format="{:,.1f}".format, na_rep=""))
    for column, missing in future.isna().sum().items():
        if missing and "-lo-" in column:
            level, rows = column.rpartition("-")[2], f"{missing:,} of {len(future):,} rows"
            why = "too few earlier errors are known"
            print(f"no {level} % interval in {rows}: {why}", file=sys.stderr)
