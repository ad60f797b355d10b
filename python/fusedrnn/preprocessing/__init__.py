"""Preparing data, under Keras's names: arrays in, arrays or batches out.

Not here: layers.
"""

from .. import missing
from . import sequence, text
from .folders import text_dataset_from_directory
from .timeseries import timeseries_dataset_from_array

__all__ = [
    "sequence",
    "text",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
]

missing.answer(__name__)
