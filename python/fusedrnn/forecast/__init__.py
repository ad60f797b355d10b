"""The sales comparison: an LSTM and a GRU beside simple forecasts. Needs ``fusedrnn[forecast]``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import Comparison
    from .experiment import compare
    from .forecaster import RNNForecaster
    from .pipeline import load_forecaster, save_forecaster
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
    "Comparison": "comparison",
    "RNNForecaster": "forecaster",
    "Settings": "settings",
    "compare": "experiment",
    "load_forecaster": "pipeline",
    "save_forecaster": "pipeline",
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
