"""What wins can be kept: simple methods, means, the best of a held-out end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import RNNForecaster, compare, load_forecaster, save_forecaster
from fusedrnn.forecast.models.classical import ets
from fusedrnn.forecast.settings import POOL

SMALL = {"epochs": 2, "units": 4, "timesteps": 8, "seeds": 2, "horizon": 3, "levels": (80,)}
TABLE = load_bakery()[["date", "sales"]].tail(200).reset_index(drop=True)
EARLY = TABLE.head(160)


def test_ets_is_kept_and_brought_up_to_newer_sales(tmp_path):
    fitted = RNNForecaster("ETS", **SMALL).fit(EARLY)
    y = TABLE["sales"].to_numpy(float)
    np.testing.assert_allclose(fitted.predict()["ETS"], ets(y, 160, [160], 3, 7)[0])
    save_forecaster(fitted, tmp_path / "kept")
    loaded = load_forecaster(tmp_path / "kept")
    for first in (100, 160):  # overlapping, and what follows only
        newer = loaded.predict(TABLE.iloc[first:180])
        np.testing.assert_array_equal(newer["ETS"], ets(y, 160, [180], 3, 7)[0])
    assert (newer["ETS-hi-80"] > newer["ETS"]).all()
    with pytest.raises(ValueError, match=r"the table begins on .*, later than the date after"):
        loaded.predict(TABLE.iloc[170:180])


@pytest.mark.parametrize(
    "options", [{}, {"base": "ETS"}, {"base": "Theta", "strategy": "recursive"}]
)
def test_a_mean_is_kept_with_all_its_parts(options, tmp_path):
    options = SMALL | options
    fitted = RNNForecaster("LSTM+GRU+ETS", **options).fit(EARLY)
    alone = [RNNForecaster(cell, **options).fit(EARLY) for cell in ("LSTM", "GRU", "ETS")]
    for table in (None, TABLE.iloc[:180]):
        each = [one.predict(table)[one.cell] for one in alone]
        found = fitted.predict(table)
        np.testing.assert_allclose(found["LSTM+GRU+ETS"], np.mean(each, axis=0))
    save_forecaster(fitted, tmp_path / "kept")
    again = load_forecaster(tmp_path / "kept").predict(TABLE.iloc[:180])
    pd.testing.assert_frame_equal(again, found, check_exact=True)


def test_months_are_fed_back_without_being_told(tmp_path):
    t = np.arange(80)
    y = 20 + 5 * np.sin(t * np.pi / 6) + t / 10
    months = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=80, freq="MS"), "y": y})
    one = RNNForecaster("GRU", **SMALL).fit(months)
    told = RNNForecaster("GRU", strategy="recursive", **SMALL).fit(months)
    pd.testing.assert_frame_equal(one.predict(), told.predict())
    save_forecaster(one, tmp_path / "kept")
    again = load_forecaster(tmp_path / "kept").predict()
    pd.testing.assert_frame_equal(again, one.predict(), check_exact=True)
    rain = months.assign(rain=np.cos(t))
    with_rain = RNNForecaster("GRU", past_covariates=["rain"], **SMALL).fit(rain)
    assert np.isfinite(with_rain.predict()["GRU"]).all()


def test_the_weighted_mean_is_kept_with_its_weights(tmp_path):
    fitted = RNNForecaster("mean", **SMALL).fit(EARLY)
    errors = compare(EARLY, models=POOL, tune="off", **SMALL | {"levels": ()}).table["MASE"]
    weights = errors[list(POOL)].to_numpy() ** -4.0
    np.testing.assert_allclose(fitted.shares_, weights / weights.sum())
    each = [
        RNNForecaster(part, **SMALL).fit(EARLY).predict(TABLE.iloc[:180])[part] for part in POOL
    ]
    found = fitted.predict(TABLE.iloc[:180])
    np.testing.assert_allclose(found["Weighted"], np.average(each, axis=0, weights=weights))
    assert (found["Weighted-hi-80"] > found["Weighted"]).all()
    save_forecaster(fitted, tmp_path / "kept")
    again = load_forecaster(tmp_path / "kept").predict(TABLE.iloc[:180])
    pd.testing.assert_frame_equal(again, found, check_exact=True)
    short = RNNForecaster("mean", **SMALL).fit(TABLE.head(12))  # nothing can be held out
    np.testing.assert_allclose(short.shares_, 1 / len(POOL))


def test_the_best_of_a_held_out_end_is_kept(tmp_path):
    t = np.arange(120)
    line = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=120), "y": 5.0 + t % 7})
    best = RNNForecaster("best", **SMALL).fit(line)
    assert best.cell_ in ("SeasonalNaive", "ETS", "Theta", "MSTL", "AR")
    np.testing.assert_allclose(best.predict()[best.cell_], 5 + np.arange(120, 123) % 7, atol=0.1)
    save_forecaster(best, tmp_path / "kept")
    assert load_forecaster(tmp_path / "kept").cell_ == best.cell_
    partner = RNNForecaster("GRU+best", **SMALL).fit(line).cell_
    assert partner in ("GRU+SeasonalNaive", "GRU+ETS", "GRU+Theta", "GRU+MSTL", "GRU+AR")
    with pytest.raises(ValueError, match="cell is 'best', which is chosen on all sales"):
        best.cross_validation(line)


@pytest.mark.parametrize("base", ["ETS", "Theta"])
def test_networks_on_a_simple_method_see_nothing_later(base):
    cut = [TABLE.assign(sales=TABLE["sales"].where(TABLE.index < n, 3e4)) for n in (180, 200)]
    forecaster = RNNForecaster("GRU", **SMALL, base=base)
    one, two = (forecaster.cross_validation(frame, test_size=40) for frame in cut)
    before = one["cutoff"] < TABLE["date"][180]
    names = ["GRU", "GRU-lo-80"]
    pd.testing.assert_frame_equal(one.loc[before, names], two.loc[before, names], check_exact=True)
    assert not one["GRU"].equals(two["GRU"])


@pytest.mark.parametrize("cell", ["GRU", "LSTM+ETS"])
def test_networks_over_all_series_forecast_new_ones(cell):
    rng = np.random.default_rng(0)
    t = np.arange(120)
    sales = {
        f"s{i}": (10 + 90 * i) * (1 + 0.5 * (t % 7 > 4)) + rng.normal(0, 1, 120) for i in range(4)
    }
    wide = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=120), **sales})
    options = SMALL | {"wide": True, "epochs": 20}
    fitted = RNNForecaster(cell, **options, scope="global").fit(wide[["ds", "s0", "s1", "s3"]])
    new = fitted.predict(wide[["ds", "s2"]])
    assert new[f"{cell}-lo-80"].isna().all()
    expected = 190 * (1 + 0.5 * (np.arange(120, 123) % 7 > 4))
    assert np.abs(new[cell] / expected - 1).max() < 0.15
    local = RNNForecaster(cell, **options, scope="local").fit(wide[["ds", "s0"]])
    with pytest.raises(ValueError, match=r"'s2' was not among those that were fitted, .* 'global'"):
        local.predict(wide[["ds", "s2"]])
