"""How models are judged: where time is cut, the fits at each cut, and figures of their forecasts.

Not here: words and pictures. From ``forecast`` these files import one another, ``models``,
``data`` and ``settings``.
"""
