from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk

from fusedrnn.forecast.evaluate.metrics import METRICS, errors, seasonal_scale


def test_metrics_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, p, train = rng.uniform(1, 9, 50), rng.uniform(1, 9, 50), rng.uniform(1, 9, 40)
    row = dict(zip(METRICS, errors(y, p[:, None], seasonal_scale(train, 7))[:, 0], strict=True))
    assert row["MAE"] == pytest.approx(sk.mean_absolute_error(y, p))
    assert row["RMSE"] == pytest.approx(sk.root_mean_squared_error(y, p))
    assert row["WAPE"] == pytest.approx(100 * sk.mean_absolute_error(y, p) / y.mean())
    assert row["sMAPE"] == pytest.approx(np.mean(200 * np.abs(y - p) / (y + p)))
    assert row["MASE"] == pytest.approx(row["MAE"] / sk.mean_absolute_error(train[7:], train[:-7]))
    assert row["RMSSE"] == pytest.approx(
        row["RMSE"] / sk.root_mean_squared_error(train[7:], train[:-7])
    )


def test_undefined_metrics_are_missing_and_filled_values_are_not_scored():
    y, p = np.array([0.0, 0.0, np.nan]), np.array([0.0, 1.0, 50.0])
    row = dict(zip(METRICS, errors(y, p[:, None], (0.0, 0.0))[:, 0], strict=True))
    assert (row["MAE"], row["sMAPE"]) == (0.5, 100)
    assert np.isnan([row["WAPE"], row["MASE"], row["RMSSE"]]).all()
