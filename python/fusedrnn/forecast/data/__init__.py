"""What a table becomes: checked rows, then series on one regular grid of dates, kept on disk.

Not here: models, and how they are judged. From ``forecast`` these files import one another and
``settings``.
"""
