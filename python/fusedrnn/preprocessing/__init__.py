"""Preparing data, under Keras's names: arrays in, arrays or batches out.

Not here: layers, and anything that reads a file.
"""

from .. import missing
from . import sequence, text
from .timeseries import timeseries_dataset_from_array

__all__ = ["sequence", "text", "timeseries_dataset_from_array"]

missing.answer(__name__)
