"""What scripts call ``keras``, and the switch that makes Keras itself run on the fused kernels.

``from fusedrnn import keras``, ``fusedrnn.keras.Sequential`` and ``from fusedrnn.keras.layers
import LSTM`` are this package's own: ``fusedrnn.keras.layers`` is ``fusedrnn.layers``.

Not here: modules; only stubs that tell type checkers what the names below stand for.

``enable``, ``disable`` and ``path`` are about Keras 3 on its torch or JAX backend, which they
import: see ``fusedrnn.keras_backend``.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import fusedrnn

from .. import __version__ as __version__
from .. import activations as activations
from .. import backend as backend
from .. import callbacks as callbacks
from .. import constraints as constraints
from .. import datasets as datasets
from .. import initializers as initializers
from .. import layers as layers
from .. import losses as losses
from .. import metrics as metrics
from .. import models as models
from .. import ops as ops
from .. import optimizers as optimizers
from .. import preprocessing as preprocessing
from .. import random as random
from .. import regularizers as regularizers
from .. import saving as saving
from .. import utils as utils
from ..layers import Input as Input
from ..models import Model as Model
from ..models import Sequential as Sequential

__all__ = [
    "Input", "Model", "Sequential", "__version__", "activations", "backend", "callbacks",
    "constraints", "datasets", "initializers", "layers", "losses", "metrics", "models", "ops",
    "optimizers", "preprocessing", "random", "regularizers", "saving", "utils",
]  # fmt: skip

# One module under two names: without these an import would load a second copy.
for _name, _module in list(sys.modules.items()):
    if _name.startswith("fusedrnn.") and not _name.startswith(__name__):
        sys.modules[__name__ + _name.removeprefix("fusedrnn")] = _module


if TYPE_CHECKING:
    from ..keras_backend import disable as disable
    from ..keras_backend import enable as enable
    from ..keras_backend import path as path
else:

    def __getattr__(name: str) -> Any:
        if name in ("enable", "disable", "path"):
            return getattr(importlib.import_module("fusedrnn.keras_backend"), name)
        if name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(fusedrnn, name)


def __dir__() -> list[str]:
    return sorted({*globals(), "enable", "disable", "path"})
