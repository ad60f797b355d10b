"""What a table becomes: checked rows, then series on one regular grid of dates, kept on disk.

Nothing of models and nothing of how they are judged: from ``forecast`` these files import one
another and ``settings``.
"""
