from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusedrnn.windows import make_windows, split_by_time


@given(
    n=st.integers(1, 40),
    timesteps=st.integers(1, 12),
    horizon=st.integers(1, 5),
    stride=st.integers(1, 4),
    features=st.integers(1, 3),
)
def test_windows_are_the_slices(n, timesteps, horizon, stride, features):
    rows = np.arange(n * features, dtype=np.float32).reshape(n, features)
    target = -np.arange(n, dtype=np.float32)
    if n < timesteps + horizon:
        with pytest.raises(ValueError, match="series has"):
            make_windows(rows, timesteps, horizon, stride, target=target)
        return
    x, y = make_windows(rows, timesteps, horizon, stride, target=target)
    starts = range(0, n - timesteps - horizon + 1, stride)
    assert x.shape == (len(starts), timesteps, features)
    assert y.shape == (len(starts), horizon)
    for i, start in enumerate(starts):
        np.testing.assert_array_equal(x[i], rows[start : start + timesteps])
        np.testing.assert_array_equal(y[i], target[start + timesteps :][:horizon])


def test_windows_are_views_with_a_contiguous_last_axis():
    rows = np.zeros((50, 3), np.float32)
    x, y = make_windows(rows, 7, target=rows[:, 0])
    assert np.shares_memory(x, rows)
    assert np.shares_memory(y, rows)
    assert x.strides[2] == x.itemsize
    assert not x.flags.writeable


def test_one_series_is_one_feature_and_its_own_target():
    x, y = make_windows([1.0, 2.0, 3.0, 4.0], 2)
    np.testing.assert_array_equal(x[:, :, 0], [[1, 2], [2, 3]])
    np.testing.assert_array_equal(y, [[3], [4]])


def test_several_targets_keep_their_axis():
    _, y = make_windows(np.zeros((10, 4)), 3, 2)
    assert y.shape == (6, 2, 4)


@pytest.mark.parametrize("test_size", [0.2, 2, 0.11])
def test_no_window_straddles_the_split(test_size):
    rows = np.arange(10)
    train, test = split_by_time(rows, test_size)
    np.testing.assert_array_equal(np.concatenate([train, test]), rows)
    assert len(test) == 2
    x, y = make_windows(train, 3)
    assert max(x.max(), y.max()) < test.min()


def test_a_share_is_not_rounded_up_by_floating_point():
    assert len(split_by_time(np.zeros(1215), 0.2)[1]) == 243


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"timesteps": 0}, ValueError, "timesteps is 0, expected at least 1"),
        ({"timesteps": 3, "horizon": 0}, ValueError, "horizon is 0"),
        ({"timesteps": 3, "stride": -1}, ValueError, "stride is -1"),
        ({"timesteps": 2.5}, TypeError, "timesteps is 2.5, expected an integer"),
        ({"timesteps": 10}, ValueError, "series has 10 rows, expected at least .* = 11"),
        ({"timesteps": 3, "target": np.zeros(9)}, ValueError, "target has 9 rows"),
        ({"timesteps": 3, "series": np.zeros((2, 2, 2))}, ValueError, r"series has shape"),
        ({"timesteps": 3, "series": ["a"] * 9}, TypeError, "series has dtype"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=f"make_windows: {message}"):
        make_windows(**{"series": np.zeros(10), **arguments})


@pytest.mark.parametrize("test_size", [0, 1.0, -0.5, 10, float("nan")])
def test_bad_test_size(test_size):
    with pytest.raises(ValueError, match=r"test_size"):
        split_by_time(np.zeros(10), test_size)


def test_masked_and_small_integers():
    with pytest.raises(TypeError, match="series is a masked array"):
        make_windows(np.ma.masked_less(np.arange(10.0), 5), 3)
    x, y = make_windows(np.arange(300.0), np.int8(100), np.int8(100))
    assert x.shape == (101, 100, 1)
    assert y.shape == (101, 100)
