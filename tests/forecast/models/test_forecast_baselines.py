from __future__ import annotations

import numpy as np

from fusedrnn.forecast.models.baselines import moving_average, naive, seasonal_naive


def test_baselines():
    y = np.arange(20.0)
    assert naive(y, 5, [10], 2, 7).tolist() == [[9, 9]]
    assert seasonal_naive(y, 5, [10, 11], 3, 7).tolist() == [[3, 4, 5], [4, 5, 6]]
    assert seasonal_naive(y, 5, [8], 9, 7).tolist() == [[1, 2, 3, 4, 5, 6, 7, 1, 2]]
    assert moving_average(y, 5, [10], 1, 2).tolist() == [[8.5]]
