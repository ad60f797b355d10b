"""Preparing data, under Keras's names: arrays in, arrays or batches out.

Not here: layers, and anything that reads a file.
"""

from typing import TYPE_CHECKING

from .. import missing
from . import sequence, text
from .timeseries import timeseries_dataset_from_array

__all__ = ["sequence", "text", "timeseries_dataset_from_array"]

if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name
    __getattr__ = missing.names(__name__)
