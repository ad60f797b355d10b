"""Every simple method by its name; all have the same arguments.

``method(y, cut, origins, horizon, season)`` returns forecasts, (origins, horizon), of the series
``y`` after each of `origins`, fitted to the first `cut` rows and brought up to each origin.
"""

from __future__ import annotations

from .autoregression import ar
from .baselines import moving_average, naive, seasonal_drift, seasonal_naive, tsb
from .classical import ets, mstl, theta
from .rivals import auto_ets, auto_theta, lightgbm

METHODS = {
    "Naive": naive,
    "SeasonalNaive": seasonal_naive,
    "SeasonalDrift": seasonal_drift,
    "MovingAverage": moving_average,
    "TSB": tsb,
    "ETS": ets,
    "Theta": theta,
    "MSTL": mstl,
    "AR": ar,
    "AutoETS": auto_ets,
    "AutoTheta": auto_theta,
    "LightGBM": lightgbm,
}
