"""What forecasts: LSTM and GRU, what is taken off a series before they see it; simple methods.

Not here: cutoffs and scores, and what is shown. From ``forecast`` these files import one another,
``data`` and ``settings``.
"""
