"""The sales comparison: an LSTM and a GRU beside simple forecasts. Needs ``fusedrnn[forecast]``.

From a table to a verdict, one step a file:

=============================  ====================================================================
table, dates                   a CSV, Parquet or pandas table, read in pieces -> checked long rows
panel, calendar                long rows -> regular series by stated rules; covariates
settings                       every option of models and evaluation, checked
folds                          where time is cut: training part, calibration, cutoffs of the test
scale, inputs                  what is taken off a series -> the windows that a network sees
network; baselines, classical  the models: LSTM and GRU; naive ones; ETS and Theta
jobs, runner                   one model on one fold; all of them here, in processes, on a cluster
records, store                 SQLite on disk: series, results, what ``--resume`` takes up
backtest                       panel + settings -> forecasts at every cutoff, with `intervals`
summary, metrics               forecasts -> figures, one series after another
significance, verdict          figures -> a paired test -> one sentence
experiment, comparison         `compare`: all of the above; what it found, and the ways to see it
terminal, plot, page           the table, the pictures, the HTML report
forecaster, fitting, pipeline  `RNNForecaster`: train on everything, forecast, save and load
cli, files                     the command ``fusedrnn``; files written whole or not at all
=============================  ====================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .experiment import compare
    from .forecaster.estimator import RNNForecaster
    from .forecaster.saved import load_forecaster, save_forecaster
    from .report.comparison import Comparison
    from .settings import Settings

__all__ = [
    "Comparison",
    "RNNForecaster",
    "Settings",
    "compare",
    "load_forecaster",
    "save_forecaster",
]

_HOMES = {
    "Comparison": "report.comparison",
    "RNNForecaster": "forecaster.estimator",
    "Settings": "settings",
    "compare": "experiment",
    "load_forecaster": "forecaster.saved",
    "save_forecaster": "forecaster.saved",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: the command must start without pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"fusedrnn.forecast needs {error.name}: pip install 'fusedrnn[forecast]'"
        ) from error
