"""Model files, one format a module.

Not here: how a model computes or trains.

``files`` has the public functions and picks the format by the ending of the path; ``config`` is the
description of a model as JSON; ``h5`` is Keras 3's tree of weights, alone (``.weights.h5``) or in
the archive ``.keras``; ``keras2`` is the older ``.h5``; ``safetensors`` needs no h5py. Everything
is written to a temporary file first and then renamed. There is no pickle in any of these formats:
a file cannot run code.
"""

from .. import legacy, missing
from ..configurable import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize,
)
from .files import load_model, load_weights, save_model, save_weights
from .objects import deserialize_keras_object

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]

CustomObjectScope, serialize_keras_object = custom_object_scope, serialize

legacy.alias_modules(__name__)
missing.answer(__name__)
