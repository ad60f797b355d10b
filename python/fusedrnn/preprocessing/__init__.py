"""Preparing data, under Keras's names."""

from . import sequence
from .timeseries import timeseries_dataset_from_array

__all__ = ["sequence", "timeseries_dataset_from_array"]
