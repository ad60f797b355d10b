"""`RNNForecaster`: networks that are trained on everything, forecast the future, saved and loaded.

Not here: what compares models or shows a comparison. From ``forecast`` these files import one
another, ``evaluate`` and what that may import, but not ``report``.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["RNNForecaster"]

if TYPE_CHECKING:
    from .estimator import RNNForecaster
else:

    def __getattr__(name: str) -> Any:
        """Import the estimator when it is asked for: whether a folder can be read needs less."""
        if name != "RNNForecaster":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .estimator import RNNForecaster

        return RNNForecaster
