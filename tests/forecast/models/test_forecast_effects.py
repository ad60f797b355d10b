"""What covariates known in advance do is taken off before a network sees the sales."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import panel_of
from fusedrnn.forecast import RNNForecaster, Settings, compare
from fusedrnn.forecast.models.inputs import scale
from fusedrnn.forecast.models.scale import effects

KNOWN = ("promo", "closed")


@pytest.fixture(scope="module")
def shop():
    """A year of a shop: a week, a level that wanders, promotions, closed days that sell nothing."""
    rng = np.random.default_rng(0)
    t = np.arange(364)
    promo, closed = (rng.random((2, 364)) < [[0.12], [0.04]]).astype(float)
    level = 200 * np.exp(np.cumsum(rng.normal(0, 0.01, 364)))
    sales = level * (1 + 0.25 * np.sin(2 * np.pi * t / 7)) * (1 + 0.5 * promo)
    sales *= np.exp(rng.normal(0, 0.05, 364)) * (1 - closed)
    ds = pd.date_range("2023-01-01", periods=364)
    return pd.DataFrame({"ds": ds, "y": sales, "promo": promo, "closed": closed})


def test_effects_are_found_and_neither_trends_nor_slow_covariates_have_any():
    rng = np.random.default_rng(1)
    t = np.arange(300)
    promo = (rng.random(300) < 0.1).astype(float)
    year = 0.5 + 0.5 * np.sin(2 * np.pi * t / 365)
    rising = t / 300  # of a covariate, as of the sales
    values = 0.5 * rising + 0.3 * promo + rng.normal(0, 0.01, 300)
    found = effects(values, np.column_stack([promo, year, rising]), 7)
    assert found[0] == pytest.approx(0.3, abs=0.02)
    assert found[1:].tolist() == [0, 0]
    assert effects(values, np.empty((300, 0)), 7).shape == (0,)
    assert effects(values[:2], promo[:2, None], 7).tolist() == [0]


def test_only_the_training_part_says_what_a_covariate_does(shop):
    rows = shop.index >= 250
    changed = shop.assign(y=shop["y"].where(~rows, 7.0))
    one, two = (panel_of(frame, future_covariates=KNOWN).series[0] for frame in (shop, changed))
    found = scale(one, 250, 7, Settings()).effect
    np.testing.assert_array_equal(scale(two, 250, 7, Settings()).effect, found)
    assert found[0] > 0.05
    assert found[1] < -0.2


def test_promotions_and_closed_days_improve_both_networks(shop):
    options = {"horizon": 7, "epochs": 12, "seeds": 2, "units": 16, "levels": (), "tune": "off"}
    options |= {"models": ("Naive", "LSTM", "GRU"), "step": 3}
    told = compare(shop, future_covariates=KNOWN, **options).table["MASE"]
    blind = compare(shop[["ds", "y"]], **options).table["MASE"]
    for cell in ("LSTM", "GRU"):
        assert told[cell] < 0.75 * blind[cell]


def test_a_promotion_that_is_known_moves_the_forecast_of_its_day(shop):
    later = shop.iloc[350:].assign(y=np.nan, promo=[0.0] * 3 + [1.0] + [0.0] * 10, closed=0.0)
    table = pd.concat([shop.iloc[:350], later])
    options = {"horizon": 14, "epochs": 5, "units": 8, "seeds": 2, "timesteps": 14}
    fitted = RNNForecaster("GRU", future_covariates=KNOWN, **options).fit(table)
    with_it = fitted.predict()["GRU"].to_numpy()
    without = fitted.predict(table.assign(promo=table["promo"].where(table.index != 353, 0.0)))
    more = with_it / without["GRU"].to_numpy()
    assert more[3] > 1.2
    assert np.abs(np.delete(more, 3) - 1).max() < 0.15
