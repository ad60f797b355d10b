"""One step of a model at a time, whichever threads train it and predict with it."""

from __future__ import annotations

import os
import threading
from typing import ClassVar
from weakref import WeakSet


class StepLock:
    """Held during a step of a model, for its layers keep what the backward pass needs.

    The same thread may enter again. A copy of a model has a lock of its own, and after a fork the
    child has fresh ones: the threads that held those of its parent are not there.
    """

    _all: ClassVar[WeakSet[StepLock]] = WeakSet()

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._all.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[StepLock], tuple[()]]:
        return StepLock, ()

    @classmethod
    def _renew(cls) -> None:
        for lock in list(cls._all):
            lock._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=StepLock._renew)
