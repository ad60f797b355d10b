"""How models are judged: where time is cut, the fits at each cut, and figures of their forecasts.

Nothing in words or pictures: from ``forecast`` these files import one another, ``models``, ``data``
and ``settings``.
"""
