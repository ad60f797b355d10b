"""LSTM and GRU that train and predict fast on a CPU."""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

# Loaded when first asked for: importing the package costs no more than NumPy.
_NAMES = {"Sequential": "models", "Model": "models", "Input": "layers", "build_info": "runtime"}
_MODULES = {
    "activations",
    "backend",
    "callbacks",
    "constraints",
    "convert",
    "datasets",
    "forecast",
    "functional",
    "initializers",
    "keras",
    "layers",
    "losses",
    "metrics",
    "models",
    "onnx",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "reference",
    "regularizers",
    "runtime",
    "saving",
    "sklearn",
    "torch",
    "utils",
    "windows",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    beyond = "" if name.startswith("_") else "; of TensorFlow it has keras and random.set_seed"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}{beyond}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})
