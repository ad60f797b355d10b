"""``timeseries_dataset_from_array``: windows of a series as a data set of batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array
from ..checks import whole
from ..tf.data import Dataset


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> Dataset:
    """Return batches of windows of ``data`` with the targets of their first rows, as Keras.

    Parameters
    ----------
    data : array_like, (n, ...)
    targets : array_like or None
        ``targets[i]`` belongs to the window that starts at row i.
    sequence_length : int
        Steps of a window.
    sequence_stride, sampling_rate : int
        Rows from one window to the next, and from one step to the next.
    batch_size : int or None
        Windows of a batch; None for single windows.
    shuffle : bool
    seed : int, optional
    start_index, end_index : int, optional
        Rows of ``data`` to use, the last one left out.

    Returns
    -------
    Dataset
        Batches (N, sequence_length, ...), or pairs of these and the targets (N, ...).

    Raises
    ------
    ValueError
        If a number is not from 1 to below that of the rows, or there are no such rows.

    Examples
    --------
    >>> batches = fusedrnn.utils.timeseries_dataset_from_array(
    ...     np.arange(6), np.arange(3, 6), sequence_length=3
    ... )
    >>> [(x.tolist(), y.tolist()) for x, y in batches]
    [([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [3, 4, 5])]
    """
    for name, value in (
        ("sequence_length", sequence_length),
        ("sampling_rate", sampling_rate),
        ("sequence_stride", sequence_stride),
    ):
        if whole("timeseries_dataset_from_array", name, value) >= len(data):
            raise ValueError(
                f"timeseries_dataset_from_array: {name} is {value}, expected 1 to {len(data) - 1}"
            )
    if batch_size is not None:
        whole("timeseries_dataset_from_array", "batch_size", batch_size)
    data = np.asarray(data)
    first, last = start_index or 0, len(data) if end_index is None else end_index
    if not 0 <= first < last <= len(data):
        raise ValueError(f"timeseries_dataset_from_array: rows {first} to {last} of {len(data)}")
    data = data[first:last]
    targets = None if targets is None else np.asarray(targets)[first:last]
    count = len(data) - (sequence_length - 1) * sampling_rate
    if targets is not None:
        count = min(count, len(targets))
    starts = np.arange(0, max(count, 0), sequence_stride)
    steps = np.arange(sequence_length) * sampling_rate

    def take(windows: Array) -> Any:
        x = data[starts[windows][:, None] + steps]
        return x if targets is None else (x, targets[starts[windows]])

    windows = Dataset.of_rows(take, len(starts))
    if shuffle:
        windows = windows.shuffle(max(len(starts), 1), seed)
    return windows if batch_size is None else windows.batch(batch_size)
