"""LSTM, GRU and SimpleRNN that train and predict fast on a CPU.

Modules and folders are imported when they are first asked for, so that importing the package costs
no more than NumPy. Files that begin with ``_`` serve several others.

Not here: the kernels (``csrc/``), and anything that needs more than NumPy to be imported.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import missing

if TYPE_CHECKING:  # what __getattr__ gives
    from . import activations as activations
    from . import backend as backend
    from . import callbacks as callbacks
    from . import constraints as constraints
    from . import convert as convert
    from . import datasets as datasets
    from . import forecast as forecast
    from . import functional as functional
    from . import initializers as initializers
    from . import jax as jax
    from . import keras as keras
    from . import layers as layers
    from . import losses as losses
    from . import metrics as metrics
    from . import models as models
    from . import onnx as onnx
    from . import ops as ops
    from . import optimizers as optimizers
    from . import preprocessing as preprocessing
    from . import random as random
    from . import reference as reference
    from . import regularizers as regularizers
    from . import runtime as runtime
    from . import saving as saving
    from . import sklearn as sklearn
    from . import torch as torch
    from . import utils as utils
    from . import windows as windows
    from .layers import Input as Input
    from .models import Model as Model
    from .models import Sequential as Sequential
    from .runtime import build_info as build_info

__version__ = "0.1.0"
newaxis = None  # as NumPy and TensorFlow have it

# What needs NumPy alone: ``import *`` takes all of it. `dir` has jax, onnx, sklearn, torch too.
__all__ = [
    "Input", "Model", "Sequential", "__version__", "activations", "backend", "build_info",
    "callbacks", "constraints", "convert", "datasets", "forecast", "functional", "initializers",
    "keras", "layers", "losses", "metrics", "models", "newaxis", "ops", "optimizers",
    "preprocessing", "random", "reference", "regularizers", "runtime", "saving", "utils",
    "windows",
]  # fmt: skip

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
    "jax",
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


if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name

    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        if name in _NAMES:
            return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        return missing.names(__name__)(name)

    sys.meta_path.insert(0, missing.Finder)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})
