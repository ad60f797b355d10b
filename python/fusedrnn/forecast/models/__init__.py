"""What forecasts: LSTM and GRU, what is taken off a series before they see it; simple methods.

Nothing of cutoffs and scores, and nothing that shows: from ``forecast`` these files import one
another, ``data`` and ``settings``.
"""
