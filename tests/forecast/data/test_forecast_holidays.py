"""Public holidays of a country are part of the calendar."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import panel_of, sales
from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
from fusedrnn.forecast.data.calendar import calendar_among
from fusedrnn.forecast.data.panel import with_calendar, without
from fusedrnn.forecast.models.inputs import scale
from fusedrnn.forecast.settings import Settings

pytest.importorskip("holidays")
OPTIONS = {"country": "DE", "horizon": 7, "units": 4, "epochs": 3, "seeds": 1, "base": "level"}


@pytest.fixture(scope="module")
def shop():
    """Three years that end on the 22nd of December; at Christmas sales halve, others are usual."""
    frame = sales(1086, start="2021-01-01")
    christmas = (frame["date"].dt.month == 12) & frame["date"].dt.day.isin([25, 26])
    noise = np.exp(np.random.default_rng(0).normal(0, 0.05, len(frame)))
    return frame.assign(sales=100 * noise * np.where(christmas, 0.5, 1.0))


@pytest.mark.parametrize("freq", ["D", "h"])
def test_each_holiday_is_a_covariate_and_any_is(freq):
    panel = panel_of(sales(400, freq, "2024-04-28"), country="DE-BY", calendar=True)
    known = pd.DataFrame(panel.series[0].known, panel.series[0].ds, panel.known)
    days = known.index[known["public_holiday"] == 1].normalize().unique()
    assert days[:2].tolist() == [pd.Timestamp("2024-05-01"), pd.Timestamp("2024-05-09")]
    assert "day_of_week_sin" in known
    names = known.filter(like="public_holiday=")
    assert names.sum(axis=1).eq(known["public_holiday"]).all()
    assert names.loc["2024-05-01":"2024-05-01"].max().idxmax() == "public_holiday=Labor Day"


@pytest.mark.parametrize("country", ["DE", None])
def test_the_calendar_can_be_added_to_a_panel_and_taken_off(country):
    """Of series that begin and end apart, with promotions known beyond the last sales."""
    parts = [
        sales(500, start=start).assign(unique_id=start) for start in ("2022-01-01", "2023-03-05")
    ]
    frame = pd.concat(parts).assign(promo=lambda f: f["sales"] % 3)
    frame["sales"] = frame["sales"].where(frame["sales"] < 490)
    options = {"future_covariates": ["promo"], "country": country}
    plain, whole = (panel_of(frame, **options, calendar=c) for c in (False, True))
    added, taken = with_calendar(plain), without(whole, calendar_among(whole.known, "D"))
    assert (added.known, taken.known) == (whole.known, plain.known)
    for one, two in ((added, whole), (taken, plain)):
        for a, b in zip(one.series, two.series, strict=True):
            np.testing.assert_array_equal(a.known, b.known)


def test_only_the_calendar_of_days_and_hours_has_them(shop):
    assert not any("holiday" in name for name in panel_of(shop, country="DE", calendar=False).known)
    assert "public_holiday" in panel_of(shop, country="DE").known  # three years
    assert "public_holiday" not in panel_of(sales(200, "W-SUN"), country="DE").known
    assert "public_holiday" not in panel_of(shop, calendar=True).known
    with pytest.raises(ValueError, match="'public_holiday' is of --country: give the column"):
        panel_of(
            shop.assign(public_holiday=0.0), country="DE", future_covariates=["public_holiday"]
        )


def test_what_one_holiday_does_is_not_what_another_does(shop):
    panel = panel_of(shop, country="DE")
    (series,) = panel.series
    found = scale(series, len(series.y), panel.season, Settings(transform="none")).effect
    effect = dict(zip(panel.known, found, strict=True))
    assert effect["public_holiday=Christmas Day"] + effect["public_holiday"] < -0.2
    assert abs(effect["public_holiday=Labor Day"] + effect["public_holiday"]) < 0.15


def test_a_forecast_knows_the_holidays_to_come(shop, tmp_path):
    fitted = RNNForecaster("GRU", **OPTIONS).fit(shop)
    found = fitted.predict().set_index("ds")["GRU"]
    assert found["2023-12-25":"2023-12-26"].max() < 0.75 * found["2023-12-22":"2023-12-24"].min()
    save_forecaster(fitted, tmp_path / "kept")
    again = load_forecaster(tmp_path / "kept")
    assert again.predict().equals(fitted.predict())
    newer = again.predict(shop.tail(100)).set_index("ds")["GRU"]  # has fewer holidays
    pd.testing.assert_series_equal(newer, found)
