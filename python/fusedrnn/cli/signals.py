"""Ctrl-C and the signal to terminate, once, wherever Python is."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


class _Signalled(KeyboardInterrupt):
    """A signal to end, which tells when it is deleted: someone may have caught it.

    A class of its own, for where `KeyboardInterrupt` itself passes through ``exec`` of a text, as
    importing a dataclass does, Python ends by SIGINT whoever handles it.
    """

    def __init__(self, number: int, deleted: Callable[[int], None]) -> None:
        super().__init__(number)
        self.number, self.deleted = number, deleted

    def __del__(self) -> None:
        self.deleted(self.number)


@contextmanager
def signals() -> Iterator[None]:
    """Have Ctrl-C and the signal to terminate end the block as `_Signalled`, once.

    What is raised is lost where Python can raise nothing, as while an object is deleted, and where
    someone catches all there is, as some do around an import: then it is sent again.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone has signals
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    left, waiting = False, list[threading.Timer]()

    def end(number: int, frame: Any) -> None:
        for each in numbers:  # while workers are stopped and files removed
            signal.signal(each, signal.SIG_IGN)
        raise _Signalled(number, again)

    def again(number: int) -> None:
        if not left:
            with suppress(ValueError):  # deleted in another thread
                signal.signal(number, end)
            timer = threading.Timer(0.01, send, (number,))
            timer.daemon = True
            waiting.append(timer)
            timer.start()

    def send(number: int) -> None:
        if hasattr(signal, "pthread_kill"):  # so that no other thread gets it
            signal.pthread_kill(int(threading.main_thread().ident or 0), number)
        else:
            os.kill(os.getpid(), number)

    def quiet(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, _Signalled):
            hook(unraisable)

    before = [(number, signal.signal(number, end)) for number in numbers]
    hook, sys.unraisablehook = sys.unraisablehook, quiet
    try:
        yield
    finally:
        left = True
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        for timer in waiting:  # what it sent would end the process by the handlers before
            timer.cancel()
            timer.join()
        sys.unraisablehook = hook
        for number, handler in before:
            signal.signal(number, signal.SIG_IGN)  # which drops what was sent and has not come
            signal.signal(number, handler)
