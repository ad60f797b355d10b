"""What a comparison found, in words, in the terminal, in pictures and as a page.

Nothing is computed here that is not shown, and nothing is fitted: from ``forecast`` these files
import one another, ``evaluate`` and what that may import, but not ``forecaster``.
"""
