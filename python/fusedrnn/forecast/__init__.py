"""The sales comparison: an LSTM and a GRU beside simple forecasts. Needs ``fusedrnn[forecast]``.

From a table to a verdict. Each folder may import from those above it in this table, but report and
forecaster not from one another.

Not here: what the rest of ``fusedrnn`` needs; nothing of it imports from here.

===========  =====================================================================================
settings     every option: ``TableOptions``, ``PanelOptions``, ``Settings``, each checked once
needs        what has to be installed for which of them
data/        files, frames, table     a file in pieces, a frame or a series -> checked long rows
             dates, months, numerals  the spellings of dates, names of months, and numbers
             frequency, periods       frequencies and seasons; stamps -> the dates of a grid
             panel, closed            long rows -> regular series by rules; closed days
             calendar                 covariates that a date alone gives
             rows, records, database  rows, series and results on disk, in SQLite
models/      season, scale            what is taken off a series before a network sees it
             inputs, network          the windows that a network sees; LSTM and GRU
             baselines, classical     naive forecasts, TSB; ETS, Theta and MSTL
             autoregression           AR: linear, on windows as a network sees them
             rivals, methods          those of other libraries; all of them by name
evaluate/    folds                    where time is cut: training part, calibration, cutoffs
             jobs, runner, results    one model on one fold; many, on a cluster too; what is kept
             backtest, intervals      panel + settings -> forecasts at every cutoff
             metrics, summary         forecasts -> errors of each series, step and model
             tuning               ways to prepare and train, tried before the test part
             significance, findings   paired tests; all figures together
report/      verdict, words           the headline; the other sentences
             terminal, plot, page     the table, the pictures, the HTML page
             comparison, outputs      ``Comparison``, with all of these; where it may be written
forecaster/  estimator, train         ``RNNForecaster``: train on everything, forecast
             saved, folder            save and load; whether that can be done
adapters/    sktime, darts            ``RNNForecaster`` under the interface of other libraries
             hierarchical             totals that add up
experiment   ``tune``, ``compare``: all of the above but the adapters
===========  =====================================================================================
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = [
    "Comparison",
    "RNNForecaster",
    "Settings",
    "compare",
    "load_forecaster",
    "save_forecaster",
    "tune",
]

if TYPE_CHECKING:
    from .experiment import compare, tune
    from .forecaster.estimator import RNNForecaster
    from .forecaster.saved import load_forecaster, save_forecaster
    from .report.comparison import Comparison
    from .settings import Settings
else:  # so that a type checker refuses other names
    _HOMES = {
        "Comparison": "report.comparison",
        "RNNForecaster": "forecaster.estimator",
        "Settings": "settings",
        "compare": "experiment",
        "load_forecaster": "forecaster.saved",
        "save_forecaster": "forecaster.saved",
        "tune": "experiment",
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


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
