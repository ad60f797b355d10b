"""Sliding windows over a series, and the split by time that comes before them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._types import Array

__all__ = ["make_windows", "split_by_time"]


def make_windows(
    series: npt.ArrayLike,
    timesteps: int,
    horizon: int = 1,
    stride: int = 1,
    *,
    target: npt.ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Cut a series into input windows and the values that follow each of them.

    Window ``i`` holds rows ``i*stride .. i*stride + timesteps - 1``, its targets are the next
    ``horizon`` rows. Split a series by time first (:func:`split_by_time`), then cut each part: a
    window cannot straddle a split that was made before it.

    Parameters
    ----------
    series : array_like, (n,) or (n, features)
        The inputs, oldest row first.
    timesteps : int
        Rows in an input window.
    horizon : int
        Rows to predict after each window.
    stride : int
        Rows between the starts of two windows.
    target : array_like, (n,) or (n, targets), optional
        What to predict, row for row beside ``series``; by default ``series`` itself.

    Returns
    -------
    inputs : (count, timesteps, features) array
        A read-only view of ``series``: no data is copied. With ``stride=1`` the count is
        ``n - timesteps - horizon + 1``.
    targets : (count, horizon) or (count, horizon, targets) array
        A read-only view of ``target``, with as many axes as ``target`` has and one more.

    Raises
    ------
    TypeError
        If a length is not an integer.
    ValueError
        If a length is below one, a rank is wrong or the series is too short for one window.

    Examples
    --------
    >>> x, y = fusedrnn.windows.make_windows([1, 2, 3, 4, 5], timesteps=3)
    >>> x[..., 0].tolist(), y.tolist()
    ([[1, 2, 3], [2, 3, 4]], [[4], [5]])
    """
    lengths = {"timesteps": timesteps, "horizon": horizon, "stride": stride}
    for name, value in lengths.items():
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"make_windows: {name} is {value!r}, expected an integer")
        if value < 1:
            raise ValueError(f"make_windows: {name} is {value}, expected at least 1")
    timesteps, horizon, stride = int(timesteps), int(horizon), int(stride)
    rows = _rows(series, "series")
    outcome = rows if target is None else _rows(target, "target")
    if len(outcome) != len(rows):
        raise ValueError(
            f"make_windows: target has {len(outcome)} rows, expected as many as series: {len(rows)}"
        )
    count = len(rows) - timesteps - horizon + 1
    if count < 1:
        raise ValueError(
            f"make_windows: series has {len(rows)} rows, expected at least "
            f"timesteps + horizon = {timesteps + horizon}"
        )
    features = rows[:, None] if rows.ndim == 1 else rows
    # sliding_window_view puts the window last; the kernels want the features there, contiguous.
    inputs = np.lib.stride_tricks.sliding_window_view(features, timesteps, axis=0)
    targets = np.lib.stride_tricks.sliding_window_view(outcome[timesteps:], horizon, axis=0)
    return inputs.swapaxes(1, 2)[:count:stride], np.moveaxis(targets, -1, 1)[::stride]


def split_by_time(series: npt.ArrayLike, test_size: float | int = 0.2) -> tuple[Array, Array]:
    """Cut a series into its past and its future: the last rows are the test part.

    Parameters
    ----------
    series : array_like, (n, ...)
        Oldest row first.
    test_size : float or int
        A share of the rows between 0 and 1, rounded up, or a number of rows, as in scikit-learn.

    Returns
    -------
    train, test
        Views; together they are ``series``.

    Raises
    ------
    ValueError
        If one of the parts would be empty.

    Examples
    --------
    >>> train, test = fusedrnn.windows.split_by_time(np.arange(10), 0.2)
    >>> train.tolist(), test.tolist()
    ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9])
    """
    rows = np.asarray(series)
    if rows.ndim == 0:
        raise ValueError("split_by_time: series is a scalar, expected at least one axis")
    count = test_size if isinstance(test_size, (int, np.integer)) else test_size * len(rows)
    if not 0 < count <= len(rows) - 1:  # also refuses NaN
        raise ValueError(
            f"split_by_time: test_size is {test_size}, expected a share between 0 and 1 or a "
            f"number of rows below {len(rows)}"
        )
    cut = len(rows) - int(np.ceil(round(count, 9)))
    return rows[:cut], rows[cut:]


def _rows(values: npt.ArrayLike, name: str) -> Array:
    """Return `values` as an array of one or two axes."""
    if np.ma.isMaskedArray(values):
        raise TypeError(f"make_windows: {name} is a masked array, expected missing values filled")
    rows = np.asarray(values)
    if rows.ndim not in (1, 2):
        raise ValueError(
            f"make_windows: {name} has shape {rows.shape}, expected (n,) or (n, features)"
        )
    if not np.issubdtype(rows.dtype, np.number):
        raise TypeError(f"make_windows: {name} has dtype {rows.dtype}, expected numbers")
    return rows
