"""Layers take one step at a time, whichever threads and models they are in."""

from __future__ import annotations

import os
import threading
from typing import ClassVar
from weakref import WeakSet


class StepLock:
    """Of a layer, held during a step, for the layer keeps what its backward pass needs.

    A model and its layers have one together, and so have two models with a layer in common. Copies
    have their own, and after a fork the child has fresh ones: the threads that held those of its
    parent are not there.
    """

    _all: ClassVar[WeakSet[StepLock]] = WeakSet()

    def __init__(self, joined: StepLock | None = None) -> None:
        self.joined = joined  # whose lock counts instead
        self._lock = threading.RLock()
        self._all.add(self)

    def join(self, other: StepLock) -> None:
        """Have one lock with another from now on."""
        ours, theirs = self._root(), other._root()
        if theirs is not ours:
            theirs.joined = ours

    def held(self) -> threading.RLock:
        """Return what to hold during a step; the same thread may enter again."""
        return (self if self.joined is None else self._root())._lock

    def _root(self) -> StepLock:
        lock = self
        while lock.joined is not None:
            lock = lock.joined
        return lock

    def __reduce__(self) -> tuple[type[StepLock], tuple[StepLock | None]]:
        return StepLock, (self.joined,)

    @classmethod
    def _renew(cls) -> None:
        for lock in list(cls._all):
            lock._lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=StepLock._renew)
