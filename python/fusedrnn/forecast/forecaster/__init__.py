"""`RNNForecaster`: networks that are trained on everything, forecast the future, saved and loaded.

Nothing that compares models or shows a comparison: from ``forecast`` these files import one
another, ``evaluate`` and what that may import, but not ``report``.
"""
