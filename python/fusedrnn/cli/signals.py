"""Ctrl-C and the signal to terminate, once, wherever Python is."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Signalled(KeyboardInterrupt):
    """A signal to end.

    A class of its own, for where `KeyboardInterrupt` itself passes through ``exec`` of a text, as
    importing a dataclass does, Python ends by SIGINT whoever handles it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def signals() -> Iterator[None]:
    """Have Ctrl-C and the signal to terminate end the block as `_Signalled`, once."""
    if threading.current_thread() is not threading.main_thread():  # which alone has signals
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)

    def end(number: int, frame: Any) -> None:
        for each in numbers:  # while workers are stopped and files removed
            signal.signal(each, signal.SIG_IGN)
        raise _Signalled(number)

    def send(number: int) -> None:
        if hasattr(signal, "pthread_kill"):  # so that no other thread gets it
            signal.pthread_kill(int(threading.main_thread().ident or 0), number)
        else:
            os.kill(os.getpid(), number)

    def again(unraisable: Any) -> None:
        """Send it again soon where Python can raise nothing, as while an object is deleted."""
        if not isinstance(unraisable.exc_value, _Signalled):
            hook(unraisable)
            return
        number = unraisable.exc_value.number
        signal.signal(number, end)
        timer = threading.Timer(0.01, send, (number,))
        timer.daemon = True
        timer.start()

    before = [(number, signal.signal(number, end)) for number in numbers]
    hook, sys.unraisablehook = sys.unraisablehook, again
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for number, handler in before:
            signal.signal(number, handler)
