"""Callbacks: what happens around batches and epochs of ``fit``, ``evaluate`` and ``predict``.

``callback`` has the base with all hooks; ``records`` keep or show the logs, ``tensorboard`` does so
for TensorBoard, ``monitors`` watch one number, ``backup`` goes on after an interruption, ``rules``
are the rest.

Not here: training. Callbacks see the model from outside.
"""

from __future__ import annotations

from .. import legacy, missing
from .backup import BackupAndRestore
from .callback import HOOKS, Callback, CallbackList
from .monitors import EarlyStopping, ModelCheckpoint, MonitorCallback, ReduceLROnPlateau
from .records import CSVLogger, History, ProgbarLogger, RemoteMonitor
from .rules import LambdaCallback, LearningRateScheduler, SwapEMAWeights, TerminateOnNaN
from .tensorboard import TensorBoard

__all__ = [
    "HOOKS",
    "BackupAndRestore",
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
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]

legacy.alias_modules(__name__)
missing.answer(__name__)
