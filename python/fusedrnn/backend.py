"""``K``, as old scripts call it: the global state of the model API, and functions on arrays.

Only names are here, many of them those of Python's own functions; ``_state`` and ``ops`` have what
they stand for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# isort: off
# fmt: off
from . import missing
from ._state import (
    auto_name as auto_name, clear_session as clear_session, epsilon as epsilon, floatx as floatx,
    random_generator as random_generator, seed_generator as seed_generator,
    set_floatx as set_floatx, snake_case as snake_case,
)
from ._tensor import Number as Number, Tensor as Tensor, tensor as tensor
from .ops import (
    abs as abs, cast as cast, clip as clip, equal as equal, exp as exp, expand_dims as expand_dims,
    greater as greater, less as less, log as log, max as max, maximum as maximum, mean as mean,
    min as min, minimum as minimum, reshape as reshape, round as round, shape as shape,
    sign as sign, sqrt as sqrt, square as square, squeeze as squeeze, std as std, sum as sum,
    tanh as tanh, var as var,
)
# fmt: on
# isort: on


def backend() -> str:
    """Return the name of the backend; arrays are NumPy's."""
    return "numpy"


def image_data_format() -> str:
    """Return where images have their channels, as Keras by default."""
    return "channels_last"


pow, switch = np.power, np.where


def get_value(x: Any) -> Any:
    """Return the value of a variable, as old scripts ask for it."""
    return np.asarray(x)[()]


def set_value(x: Any, value: Any) -> None:
    """Set a variable or an optimizer's learning rate."""
    x.assign(value)


missing.answer(__name__)
