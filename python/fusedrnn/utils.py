"""Utilities under Keras's names."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from . import missing
from ._download import get_file
from ._state import clear_session, seed_generator
from ._types import Array
from .checks import whole
from .legacy import alias_modules
from .plotting import model_to_dot, plot_model
from .preprocessing.folders import text_dataset_from_directory
from .preprocessing.sequence import pad_sequences
from .preprocessing.timeseries import timeseries_dataset_from_array
from .progress import (
    Progbar,
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)

__all__ = [
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_file",
    "is_interactive_logging_enabled",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "set_random_seed",
    "text_dataset_from_directory",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


alias_modules(__name__)


def set_random_seed(seed: int) -> None:
    """Seed what the package, ``numpy.random`` and ``random`` draw.

    Parameters
    ----------
    seed : int

    Raises
    ------
    ValueError, TypeError
        If it is not a whole number from 0 on.

    Examples
    --------
    >>> fusedrnn.utils.set_random_seed(1)
    >>> first = fusedrnn.random.normal((2,))
    >>> fusedrnn.utils.set_random_seed(1)
    >>> bool((fusedrnn.random.normal((2,)) == first).all())
    True
    """
    seed = whole("set_random_seed", "seed", seed, 0)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - what scripts draw from
    seed_generator(seed)


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Return class numbers as one-hot rows.

    Parameters
    ----------
    x : (...) or (..., 1) array of class numbers
    num_classes : int, optional
        By default the largest number and one.

    Returns
    -------
    (..., num_classes) array
        Of float64.

    Raises
    ------
    ValueError
        If they are no numbers, or not from 0 to ``num_classes - 1``.

    Examples
    --------
    >>> fusedrnn.utils.to_categorical([0, 2]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    labels = np.asarray(x)
    if labels.dtype.kind not in "fiub" or not (labels.size or num_classes):
        raise ValueError(f"to_categorical: x is {x!r}, expected class numbers")
    if labels.size and labels.max() > np.iinfo(np.intp).max:
        raise ValueError(
            f"to_categorical: x has the class {labels.max()}, expected less than 2**63"
        )
    labels = labels.astype(np.intp)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        classes = int(labels.max()) + 1
    else:
        classes = whole("to_categorical", "num_classes", num_classes)
    if labels.size and not 0 <= labels.min() <= labels.max() < classes:
        raise ValueError(
            f"to_categorical: x has classes from {labels.min()} to {labels.max()}, "
            f"expected 0 to {classes - 1}"
        )
    return np.equal(labels[..., None], np.arange(classes)).astype(np.float64)


def normalize(x: Any, axis: int = -1, order: int = 2) -> Array:
    """Return ``x`` divided by its norm along an axis; rows of 0 stay.

    Parameters
    ----------
    x : array
    axis : int
    order : int
        Of the norm, 2 for the Euclidean one.

    Returns
    -------
    array
        Of the shape of ``x``.

    Examples
    --------
    >>> fusedrnn.utils.normalize([[3.0, 4.0]]).tolist()
    [[0.6, 0.8]]
    """
    x = np.asarray(x)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return inputs, targets and weights as a batch of a data set.

    Parameters
    ----------
    x : array or list of them
    y, sample_weight : array or list of them, optional

    Returns
    -------
    array or tuple
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return inputs, targets and weights of a batch, None for those that it has not.

    Parameters
    ----------
    data : array, or tuple or list of one to three

    Returns
    -------
    x, y, sample_weight

    Raises
    ------
    ValueError
        If there are more.
    """
    parts = tuple(data) if isinstance(data, (tuple, list)) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, "
            f"found: {data}"
        )
    return (*parts, None, None)[:3]


class Sequence:
    """Base of data that comes in batches: define ``__len__`` and ``__getitem__(index)``.

    Parameters
    ----------
    workers, use_multiprocessing, max_queue_size
        Accepted; there is no queue to fill.

    Examples
    --------
    >>> class Batches(fusedrnn.utils.Sequence):
    ...     def __len__(self):
    ...         return 4
    ...
    ...     def __getitem__(self, index):
    ...         return np.full((8, 3), index), np.zeros(8)
    >>> model = fusedrnn.Sequential([fusedrnn.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit(Batches(), verbose=0)
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ) -> None:
        self.workers, self.use_multiprocessing = workers, use_multiprocessing
        self.max_queue_size = max_queue_size

    def __len__(self) -> int:
        raise NotImplementedError

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError

    def on_epoch_end(self) -> None:
        """Run after every epoch."""


PyDataset = Sequence

missing.answer(__name__)
