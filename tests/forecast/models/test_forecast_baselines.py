from __future__ import annotations

import numpy as np

from fusedrnn.forecast.models.baselines import (
    moving_average,
    naive,
    seasonal_drift,
    seasonal_naive,
    tsb,
)


def test_baselines():
    y = np.arange(20.0)
    assert naive(y, 5, [10], 2, 7).tolist() == [[9, 9]]
    assert seasonal_naive(y, 5, [10, 11], 3, 7).tolist() == [[3, 4, 5], [4, 5, 6]]
    assert seasonal_naive(y, 5, [8], 9, 7).tolist() == [[1, 2, 3, 4, 5, 6, 7, 1, 2]]
    assert moving_average(y, 5, [10], 1, 2).tolist() == [[8.5]]


def test_seasonal_drift_moves_each_season_by_the_change_before_the_cut():
    y = np.array([1.0, 2, 3, 4, 7, 8, 9, 9])
    assert seasonal_drift(y, 6, [6, 7], 3, 2).tolist() == [[10, 11, 13], [11, 12, 14]]
    assert seasonal_drift(y, 2, [2], 2, 5).tolist() == [[1, 2]]


def test_tsb_smooths_chance_and_size_apart():
    """As in the paper: the chance at every period, the size where something sold."""
    y = np.random.default_rng(0).poisson(0.4, 200) * np.arange(1.0, 201)
    cut, origins = 150, [150, 170]
    errors = {}
    for often in (0.05, 0.1, 0.2, 0.3):
        for much in (0.05, 0.1, 0.2, 0.3):
            p, z = (y[:cut] > 0).mean(), y[:cut][y[:cut] > 0].mean()
            levels = []
            for value in y:
                p += often * ((value > 0) - p)
                z += much * (value - z) * (value > 0)
                levels.append(p * z)
            error = ((y[1:cut] - levels[: cut - 1]) ** 2).sum()
            errors[error] = [[levels[o - 1]] * 3 for o in origins]
    np.testing.assert_allclose(tsb(y, cut, origins, 3, 7), errors[min(errors)])
    assert tsb(np.zeros(9), 5, [5, 8], 2, 1).tolist() == [[0, 0], [0, 0]]
