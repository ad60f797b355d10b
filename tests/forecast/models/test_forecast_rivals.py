"""Methods of other libraries."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import compare, needs
from fusedrnn.forecast.models.rivals import auto_ets, auto_theta, lightgbm

Y = load_bakery()["sales"].to_numpy(float)[:400]


@pytest.mark.parametrize(
    ("method", "package"),
    [(auto_ets, "statsforecast"), (auto_theta, "statsforecast"), (lightgbm, "lightgbm")],
)
def test_rivals_forecast_and_see_nothing_later(method, package):
    pytest.importorskip(package)
    origins = [350, 360]
    found = method(Y, 350, origins, 7, 7)
    assert np.abs(found - [Y[350:357], Y[360:367]]).mean() < 0.3 * Y.mean()
    changed = Y.copy()
    changed[355:] = 0
    again = method(changed, 350, origins, 7, 7)
    np.testing.assert_array_equal(again[0], found[0])
    assert not np.array_equal(again[1], found[1])


@pytest.mark.parametrize("model", ["AutoETS", "LightGBM"])
def test_a_missing_package_is_named_before_anything_is_fitted(model, monkeypatch):
    monkeypatch.setattr(needs, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=rf"{model} needs .*: pip install 'fusedrnn\[rivals\]'"):
        compare(load_bakery(), models=("LSTM", "GRU", model))
