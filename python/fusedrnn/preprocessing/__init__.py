"""Preparing data, under Keras's names: arrays in, arrays or batches out; no layer, no file."""

from . import sequence, text
from .timeseries import timeseries_dataset_from_array

__all__ = ["sequence", "text", "timeseries_dataset_from_array"]
