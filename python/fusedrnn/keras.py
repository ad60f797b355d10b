"""What scripts call ``keras``, and the switch that makes Keras itself run on the fused kernels.

``from fusedrnn import keras``, ``fusedrnn.keras.Sequential`` and ``from fusedrnn.keras.layers
import LSTM`` are this package's own: ``fusedrnn.keras.layers`` is ``fusedrnn.layers``.

``enable``, ``disable`` and ``path`` are about Keras 3 on its torch backend, which they import:
see ``fusedrnn.torch.keras``.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import fusedrnn

from . import __version__ as __version__
from . import (  # noqa: F401 - what an import statement may name below
    activations,
    backend,
    callbacks,
    constraints,
    datasets,
    initializers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    preprocessing,
    random,
    regularizers,
    saving,
    utils,
)

# One module under two names: without these an import would load a second copy.
for _name, _module in list(sys.modules.items()):
    if _name.startswith("fusedrnn.") and not _name.startswith(__name__):
        sys.modules[__name__ + _name.removeprefix("fusedrnn")] = _module


def __getattr__(name: str) -> Any:
    if name in ("enable", "disable", "path"):
        return getattr(importlib.import_module("fusedrnn.torch.keras"), name)
    if name.startswith("__"):  # fusedrnn's __path__ would make this a package
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(fusedrnn, name)
