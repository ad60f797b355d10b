"""Optimizers: one fused call a step over the flat buffer of a model's parameters.

``optimizer`` has the base; ``sgd``, ``rmsprop``, ``adagrad`` and ``adam`` (AdamW and Nadam too) the
algorithms' arguments and states; ``schedules`` learning rates that change with the step.

Not here: the arithmetic of a step, which is in C++ (``csrc/optimizer.cpp``).
"""

from __future__ import annotations

from typing import Any

from .. import missing
from ..configurable import lookup
from ..legacy import alias_modules
from . import schedules
from .adagrad import Adagrad
from .adam import Adam, AdamW, Nadam
from .optimizer import LearningRate, Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "TABLE",
    "Adagrad",
    "Adam",
    "AdamW",
    "LearningRate",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
    "schedules",
]

TABLE: dict[str, type[Optimizer]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
    "nadam": Nadam,
    "adagrad": Adagrad,
}


def get(identifier: Any) -> Optimizer:
    """Return the optimizer that a name, a config or an object stands for."""
    if isinstance(identifier, str):
        identifier = identifier.lower()
    elif isinstance(identifier, dict):
        identifier = {**identifier, "class_name": identifier["class_name"].lower()}
    optimizer = lookup("optimizer", identifier, TABLE)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer: {identifier!r} is not one of {', '.join(TABLE)} or a "
            "fusedrnn.optimizers.Optimizer"
        )
    return optimizer


alias_modules(__name__)
globals().update(TABLE)  # Keras 2 had them in small letters too; our modules are called so

missing.answer(__name__)
