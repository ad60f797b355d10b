"""`RNNForecaster`: networks that are trained on everything, forecast the future, saved and loaded.

Not here: what compares models or shows a comparison. From ``forecast`` these files import one
another, ``evaluate`` and what that may import, but not ``report``.
"""
