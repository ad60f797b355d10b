"""Totals that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("hierarchicalforecast")

from fusedrnn.forecast import RNNForecaster
from fusedrnn.forecast.adapters.hierarchical import forecast_totals

pytestmark = pytest.mark.filterwarnings("ignore")
SMALL = {"epochs": 3, "seeds": 1, "units": 4, "timesteps": 8, "horizon": 3}


@pytest.fixture(scope="module")
def shops():
    rng, t = np.random.default_rng(0), np.arange(120)
    parts = [
        pd.DataFrame({
            "day": pd.date_range("2024-01-01", periods=120),
            "sold": 50 * i + 20 * (t % 7 > 4) + rng.normal(0, 3, 120),
            "region": "north" if i < 3 else "south",
            "store": i,
        })
        for i in range(1, 6)
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("method", ["mint", "bottom-up"])
@pytest.mark.parametrize("cell", ["GRU", "ETS+Theta"])
def test_what_is_forecast_adds_up(shops, method, cell):
    forecaster = RNNForecaster(cell, **SMALL)
    found = forecast_totals(
        shops, ["region", "store"], forecaster, date="day", target="sold", method=method
    )
    assert not hasattr(forecaster, "panel_")  # a copy was fitted
    assert list(found) == ["unique_id", "ds", cell, f"{cell}-alone"]
    wide = found.pivot(index="ds", columns="unique_id", values=cell)
    assert wide.shape == (3, 8)
    north = wide["total/north/1"] + wide["total/north/2"]
    np.testing.assert_allclose(wide["total/north"], north, rtol=1e-6)
    np.testing.assert_allclose(wide["total"], wide["total/north"] + wide["total/south"], rtol=1e-6)
    alone = found.pivot(index="ds", columns="unique_id", values=f"{cell}-alone")
    assert not np.allclose(alone["total"], alone["total/north"] + alone["total/south"], rtol=1e-6)
    if method == "bottom-up":
        np.testing.assert_allclose(wide["total/south/4"], alone["total/south/4"])
    assert np.abs(wide / alone - 1).to_numpy().max() < 0.2


def test_what_cannot_be_summed_is_refused(shops):
    names = {"date": "day", "target": "sold"}
    with pytest.raises(ValueError, match="no column 'city'; the table has: day, sold"):
        forecast_totals(shops, ["city"], **names)
    with pytest.raises(ValueError, match="series 'north/1' lacks dates that others have"):
        forecast_totals(shops.drop(index=5), ["region", "store"], **names)
    changed = shops.assign(sold=shops["sold"].where(shops.index != 250))
    with pytest.raises(ValueError, match="series 'south/3' lacks values"):
        forecast_totals(changed, ["region", "store"], **names)
    with pytest.raises(ValueError, match="method is 'top-down', expected one of bottom-up, mint"):
        forecast_totals(shops, ["region", "store"], **names, method="top-down")
