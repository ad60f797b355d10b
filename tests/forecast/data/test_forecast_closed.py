"""Days on which a shop is closed."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from forecast_tables import panel_of, sales
from fusedrnn.forecast.data.closed import holidays_of


def shop(n=91, shut=(6,), dates=()):
    frame = sales(n)
    frame = frame[~frame["date"].dt.day_of_week.isin(shut)]
    return frame[~frame["date"].isin(pd.to_datetime(list(dates)))]


def test_missing_sundays_are_recognised_and_offered():
    with pytest.raises(ValueError, match=(
        r"'sales' has 12 missing dates \(first 2024-01-07\): all 12 are Sundays; closed\? say "
        "--missing-dates closed, or zero"
    )):  # fmt: skip
        panel_of(shop())


def test_closed_days_are_no_part_of_the_dates_nor_of_the_season():
    panel = panel_of(shop(), missing_dates="closed")
    (series,) = panel.series
    assert (panel.freq, panel.season, len(series.y)) == ("C-1111110", 6, 78)
    assert series.observed.all()
    assert 6 not in series.ds.day_of_week
    assert series.y.tolist() == shop()["sales"].tolist()
    assert panel.notes[-1] == (
        "12 dates of other weekdays than Mon, Tue, Wed, Thu, Fri, Sat: closed, left out"
    )
    starts = [panel_of(shop().iloc[k:], missing_dates="closed").series[0].start for k in range(8)]
    assert np.diff(starts).tolist() == [1] * 7


def test_closed_rows_without_a_value_count_as_closed_days():
    frame = sales(91)
    frame["sales"] = frame["sales"].mask(frame["date"].dt.day_of_week == 6)
    panel = panel_of(frame, missing_values="closed")
    assert (panel.freq, panel.season, len(panel.series[0].y)) == ("C-1111110", 6, 78)
    frame = frame.fillna({"sales": 0.0}).assign(sales=lambda f: f["sales"] + (f.index == 0))
    panel = panel_of(frame, zeros="missing", missing_values="closed")
    assert (panel.freq, len(panel.series[0].y)) == ("C-1111110", 78)


@pytest.mark.parametrize("country", ["ES", "es", "ES-CT"])
def test_public_holidays_are_recognised_and_offered(country):
    pytest.importorskip("holidays")
    frame = shop(130, dates=["2024-01-06", "2024-03-29", "2024-05-01"])
    with pytest.raises(ValueError, match=r"18 are Sundays, 3 are public holidays of"):
        panel_of(frame, country=country)
    panel = panel_of(frame, country=country, missing_dates="closed")
    assert (panel.freq, panel.season) == ("C-1111110", 6)
    assert f"of these dates 3 are public holidays of {country}" in panel.notes
    (series,) = panel.series
    assert [str(day.date()) for day in series.ds[~series.observed]] == [
        "2024-01-06",
        "2024-03-29",
        "2024-05-01",
    ]
    whole = series.ds.get_loc("2024-03-29")
    assert series.y[whole] == series.y[whole - 6]  # so that the season stays whole
    every = sales(130).loc[lambda f: f["date"] != "2024-05-01"]
    with pytest.raises(ValueError, match="all 1 are public holidays of ES"):
        panel_of(every, country="ES")


def test_holidays_of_an_unknown_country_and_without_the_package(monkeypatch):
    pytest.importorskip("holidays")
    days = pd.date_range("2024-12-24", periods=3)
    assert holidays_of("DE", days).tolist() == [False, True, True]
    assert holidays_of(None, days).tolist() == [False] * 3
    with pytest.raises(ValueError, match="country is 'XX'"):
        panel_of(shop(), country="XX", missing_dates="closed")
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(ValueError, match=r"pip install holidays or 'fusedrnn\[tables\]'"):
        holidays_of("DE", days)


def test_dates_that_may_be_holidays_lead_to_the_country():
    frame = sales(60, start="2023-12-01")
    with pytest.raises(ValueError, match="with --country, as ES"):
        panel_of(frame[frame["date"] != "2023-12-25"])
    with pytest.raises(ValueError, match=r"zero\|previous\|seasonal\|closed$"):
        panel_of(frame[frame["date"] != "2023-12-12"])


def test_a_series_that_is_closed_where_others_sell():
    both = pd.concat([shop().assign(unique_id="a"), sales(91).assign(unique_id="b")])
    panel = panel_of(both, missing_dates="closed")
    assert (panel.freq, panel.season) == ("D", 7)
    assert [int((~series.observed).sum()) for series in panel.series] == [12, 0]


def test_closed_days_are_filled_in_from_what_was_before_only():
    one, two = shop(dates=["2024-02-07"]), shop(dates=["2024-02-07"])
    two.loc[two["date"] > "2024-02-07", "sales"] = 999.0
    a, b = (panel_of(f, missing_dates="closed").series[0] for f in (one, two))
    until = a.ds.get_loc("2024-02-07") + 1
    assert a.y[:until].tolist() == b.y[:until].tolist()


def test_covariates_on_closed_days_do_not_count_and_reach_into_the_future():
    frame = sales(91).assign(price=np.arange(91.0))
    frame["sales"] = frame["sales"].mask(frame["date"].dt.day_of_week == 6)
    frame.loc[84:, "sales"] = np.nan
    panel = panel_of(frame, future_covariates=["price"], missing_values="closed")
    (series,) = panel.series
    assert (len(series.y), len(series.known)) == (72, 78)
    assert series.known[:8, 0].tolist() == [0, 1, 2, 3, 4, 5, 7, 8]


def test_all_that_is_missing_is_said_at_once():
    frame = shop(70, dates=["2024-01-31"])
    frame.loc[16, "sales"] = np.nan
    said = (
        r"has 10 missing dates \(first 2024-01-07\): 9 are Sundays, 1 is another, and 1 missing "
        r"value \(first 2024-01-17\); closed\? say --missing-dates closed --missing-"
        r"values closed, or"
    )
    with pytest.raises(ValueError, match=said):
        panel_of(frame)
    said = r"has 1 missing value \(.*\); closed\? say --missing-values closed, or zero"
    with pytest.raises(ValueError, match=said):
        panel_of(frame, missing_dates="closed")
    panel = panel_of(frame, missing_dates="closed", missing_values="closed")
    assert panel.season == 6
    assert (~panel.series[0].observed).sum() == 2
