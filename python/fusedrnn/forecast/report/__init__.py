"""What a comparison found, in words, in the terminal, in pictures and as a page.

Not here: figures that are not shown, and fits. From ``forecast`` these files import one another,
``evaluate`` and what that may import, but not ``forecaster``.
"""
