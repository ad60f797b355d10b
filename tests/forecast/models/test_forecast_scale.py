"""The way of a series to what a network sees, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import growing, panel_of, series_of
from fusedrnn.forecast import Settings, compare
from fusedrnn.forecast.models.inputs import scale

SETTINGS = Settings()


@pytest.mark.parametrize("shift", [0.0, -300.0])
def test_there_and_back(shift):
    series, season = series_of(growing().assign(y=lambda f: f["y"] + shift))
    found = scale(series, 100, season, SETTINGS)
    assert bool(found.floor) == (shift == 0)
    assert len(found.pattern) == 12
    numbers = series.start + np.arange(144)
    flat = found.flat(series.y, numbers)
    assert (flat[:100].min(), flat[:100].max()) == pytest.approx((0, 1))
    np.testing.assert_allclose(found.sales(flat, numbers), series.y)
    back = found.sales(flat[10:16].reshape(3, 2), numbers[10:16].reshape(3, 2))
    np.testing.assert_allclose(back.ravel(), series.y[10:16])


def test_only_the_training_part_is_seen():
    series, season = series_of(growing())
    changed, _ = series_of(growing().assign(y=lambda f: f["y"].where(f.index < 100, 7.0)))
    for a, b in zip(
        *(vars(scale(s, 100, season, SETTINGS)).values() for s in (series, changed)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_sales_below_any_seen_have_a_logarithm():
    series, season = series_of(growing().assign(y=lambda f: f["y"].where(f.index < 120, 0.0)))
    flat = scale(series, 100, season, SETTINGS).flat(series.y, series.start + np.arange(144))
    assert np.isfinite(flat).all()


@pytest.mark.parametrize("row", [50, 55, 59])
def test_nothing_after_a_cutoff_changes_a_forecast_of_logarithms_made_at_it(row):
    options = {"epochs": 2, "seeds": 1, "units": 4, "timesteps": 8}
    frame = growing(60)
    changed = frame.assign(y=frame["y"].where(frame.index < row, 1e4))
    one, two = (compare(each, **options).frame for each in (frame, changed))
    before = one["cutoff"] < frame["ds"][row]
    forecasts = one.columns.difference(["unique_id", "ds", "cutoff", "y"])
    pd.testing.assert_frame_equal(one.loc[before, forecasts], two.loc[before, forecasts])
    assert row == 59 or not one[forecasts].equals(two[forecasts])


def test_a_covariate_that_was_constant_is_nothing_to_a_network():
    table = growing(60).rename(columns={"date": "ds", "sales": "y"}).assign(promo=0.0)
    table.loc[50:, "promo"] = 1.0
    panel = panel_of(table, future_covariates=["promo"])
    (series,) = panel.series
    flat = scale(series, 40, panel.season, SETTINGS).covariates(series.known)
    assert (flat == 0).all()
    flat = scale(series, 55, panel.season, SETTINGS).covariates(series.known)
    assert flat[-1] == 1
