"""Optimizers: one fused call a step over the flat buffer of a model's parameters.

``optimizer`` has the base; ``schedules`` learning rates that change with the step; the other files
an algorithm each, ``adam`` AdamW and Nadam too.

Not here: the arithmetic of ``sgd``, ``rmsprop``, ``adagrad`` and ``adam``, which is in C++
(``csrc/optimizer.cpp``); the others', in NumPy, is.
"""

from __future__ import annotations

from typing import Any

from .. import missing
from ..configurable import lookup
from ..legacy import alias_modules
from . import schedules
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW, Nadam
from .adamax import Adamax
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion
from .optimizer import LearningRate, Optimizer
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "SGD",
    "TABLE",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "LearningRate",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
    "schedules",
]

TABLE: dict[str, type[Optimizer]] = {
    cls.__name__.lower(): cls
    for cls in (SGD, RMSprop, Adam, AdamW, Nadam, Adagrad, Adamax, Adadelta, Lion, Lamb, Ftrl)
}


def get(identifier: Any) -> Any:
    """Return the optimizer that a name, a configuration or an object stands for, None for None.

    Parameters
    ----------
    identifier : str, dict, Optimizer, class or None

    Returns
    -------
    Optimizer or None

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no optimizer.

    Examples
    --------
    >>> type(fusedrnn.optimizers.get("adam")).__name__
    'Adam'
    """
    if identifier is None:
        return None
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
