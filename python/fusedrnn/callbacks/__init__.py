"""Callbacks: what happens around batches and epochs of ``fit``, ``evaluate`` and ``predict``.

``callback`` has the base with all hooks; ``records`` keep or show the logs, ``monitors`` watch one
number, ``rules`` are the rest.

Not here: training. Callbacks see the model from outside.
"""

from __future__ import annotations

from .. import legacy, missing
from .callback import HOOKS, Callback, CallbackList
from .monitors import EarlyStopping, ModelCheckpoint, MonitorCallback, ReduceLROnPlateau
from .records import CSVLogger, History, ProgbarLogger
from .rules import LambdaCallback, LearningRateScheduler, TerminateOnNaN

__all__ = [
    "HOOKS",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "MonitorCallback",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]

legacy.alias_modules(__name__)
missing.answer(__name__)
