"""Rows brought to a grid: receipts to days, days to weeks, dates that wander, changing clocks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import panel_of, sales


def receipts(days=28, start="2024-01-01", first=9, last=18):
    """A row an hour and a half of each day, of 1, 2, ... euros."""
    hours = np.arange(first, last, 1.5)
    stamps = [
        pd.Timestamp(start) + pd.Timedelta(days=day, hours=hour)
        for day in range(days)
        for hour in hours
    ]
    return pd.DataFrame({"date": stamps, "sales": np.tile(np.arange(1.0, 7.0), days)})


def test_receipts_ask_for_a_grid_and_name_the_time():
    frame = receipts(3).assign(date=lambda f: f["date"] + pd.to_timedelta(range(18), "min"))
    with pytest.raises(ValueError, match=r"as 2024-01-01 09:00; .*--freq D\|h\|W-SUN"):
        panel_of(frame)
    with pytest.raises(ValueError, match=r"occurs more than once .*sum\|mean\|first\|last\|max"):
        panel_of(frame, freq="D")


@pytest.mark.parametrize(
    ("rule", "value"), [("sum", 21), ("mean", 3.5), ("first", 1), ("last", 6), ("max", 6)]
)
def test_receipts_become_days(rule, value):
    panel = panel_of(receipts(), freq="D", duplicates=rule)
    assert (panel.freq, panel.season) == ("D", 7)
    assert panel.series[0].y.tolist() == [value] * 28
    assert str(panel.series[0].ds[0]) == "2024-01-01 00:00:00"
    assert panel.notes == (
        "168 of 168 different dates are taken for the period of D that they are in, as 2024-01-01 "
        "09:00 for 2024-01-01",
        f"140 duplicates: {rule}",
    )


def test_a_day_that_was_cut_off_is_left_out_and_told():
    frame = receipts()
    panel = panel_of(frame.iloc[3:-2], freq="D", duplicates="sum")
    assert panel.series[0].y.tolist() == [21] * 26
    assert panel.notes[1:3] == (
        "the first period of D is left out: the rows begin within it, 2024-01-01 13:30",
        "the last period of D is left out: the rows end within it, 2024-01-28 13:30",
    )


@pytest.mark.parametrize(
    ("freq", "start", "days", "dates", "values", "cut"),
    [
        ("W-SUN", "2024-01-01", 28, ("2024-01-07", "2024-01-28"), [7] * 4, []),
        ("W-SUN", "2024-01-03", 28, ("2024-01-14", "2024-01-28"), [7] * 3, ["first", "last"]),
        ("W-MON", "2024-01-02", 28, ("2024-01-08", "2024-01-29"), [7] * 4, []),
        ("2W-SUN", "2024-01-01", 56, ("2024-01-14", "2024-02-25"), [14] * 4, []),
        ("MS", "2024-01-01", 100, ("2024-01-01", "2024-03-01"), [31, 29, 31], ["last"]),
        ("ME", "2024-01-02", 100, ("2024-02-29", "2024-03-31"), [29, 31], ["first", "last"]),
        ("BME", "2024-01-01", 100, ("2024-01-31", "2024-03-29"), [31, 29, 31], ["last"]),
        ("2MS", "2024-01-01", 200, ("2024-01-01", "2024-05-01"), [60, 61, 61], ["last"]),
        ("QS", "2024-01-01", 200, ("2024-01-01", "2024-04-01"), [91, 91], ["last"]),
        ("YE", "2023-01-01", 740, ("2023-12-31", "2024-12-31"), [365, 366], ["last"]),
        ("SMS", "2024-01-01", 50, ("2024-01-01", "2024-02-01"), [14, 17, 14], ["last"]),
        ("7D", "2024-01-03", 29, ("2024-01-03", "2024-01-24"), [7] * 4, ["last"]),
    ],
)
def test_days_become_weeks_and_months_that_are_whole(freq, start, days, dates, values, cut):
    frame = sales(days, start=start).assign(sales=1.0)
    panel = panel_of(frame, freq=freq, duplicates="sum")
    (series,) = panel.series
    assert (str(series.ds[0].date()), str(series.ds[-1].date())) == dates
    assert series.y.tolist() == values
    told = ["first" if "the first period" in n else "last" for n in panel.notes if "left out" in n]
    assert told == cut


def test_a_week_is_whole_without_the_day_on_which_nobody_sells():
    frame = sales(62).assign(sales=1.0)
    frame = frame[(frame["date"].dt.day_of_week < 6) & (frame["date"] < "2024-01-28")]
    panel = panel_of(frame, freq="W-SUN", duplicates="sum")
    assert panel.series[0].y.tolist() == [6] * 4
    assert not any("left out" in note for note in panel.notes)
    months = panel_of(sales(57, "W-WED").assign(sales=1.0), freq="QS", duplicates="sum")
    assert months.series[0].y.tolist() == [13] * 4
    assert len(months.series[0].ds) == 4


@pytest.mark.parametrize(
    ("n", "fine", "freq", "values"),
    [(96, "15min", "h", [4] * 24), (48, "h", "2h", [2] * 24), (12, "MS", "YS", [12])],
)
def test_finer_rows_of_any_kind_become_coarser_ones(n, fine, freq, values):
    frame = sales(n, fine).assign(sales=1.0)
    panel = panel_of(frame, freq=freq, duplicates="sum")
    assert panel.series[0].y.tolist() == values
    panel = panel_of(pd.concat([frame, sales(1, fine, frame["date"].max()).assign(
        date=frame["date"].max() + pd.tseries.frequencies.to_offset(fine))]),
        freq=freq, duplicates="sum")  # fmt: skip
    assert panel.series[0].y.tolist() == values
    assert "the last period" in panel.notes[1]


def test_several_series_are_cut_where_the_table_is_and_covariates_reach_on():
    frame = sales(40).assign(sales=1.0, price=2.0)
    both = pd.concat([frame.assign(unique_id="a"), frame.iloc[9:].assign(unique_id="b")])
    both.loc[both["date"] > "2024-01-31", "sales"] = np.nan
    panel = panel_of(both, freq="W-SUN", duplicates="sum", future_covariates=["price"])
    assert [series.y.tolist() for series in panel.series] == [[7, 7, 7, 7], [7, 7]]
    assert [len(series.known) for series in panel.series] == [6, 4]
    assert panel.notes[1:3] == (
        "the first period of W-SUN of 1 series is left out: the rows begin within it, as those of "
        "'b', 2024-01-10",
        "the last period of W-SUN of 2 series is left out: the rows end within it, as those of "
        "'a', 2024-01-31",
    )


def test_a_series_within_one_period_keeps_it():
    parts = [sales(40), sales(3, start="2024-01-09")]
    both = pd.concat(
        [part.assign(unique_id=n, sales=1.0) for n, part in zip("ab", parts, strict=True)]
    )
    panel = panel_of(both, freq="W-SUN", duplicates="sum")
    assert [series.y.tolist() for series in panel.series] == [[7] * 5, [3]]


def test_days_of_several_series_are_whole_where_those_of_the_table_are():
    a, b = receipts().assign(unique_id="a"), receipts().iloc[2:-2].assign(unique_id="b")
    panel = panel_of(pd.concat([a, b]), freq="D", duplicates="sum")
    assert [len(series.y) for series in panel.series] == [28, 28]
    assert not any("left out" in note for note in panel.notes)


def test_a_table_within_one_period_is_refused():
    with pytest.raises(ValueError, match="no period of MS is covered by the rows"):
        panel_of(sales(20, start="2024-01-05"), freq="MS", duplicates="sum")


def test_a_day_that_a_frequency_does_not_have_is_named():
    with pytest.raises(ValueError, match="2024-01-06 is a Saturday, which is not on the grid of B"):
        panel_of(sales(), freq="B", duplicates="sum")


# Dates that wander


@pytest.mark.parametrize("given", [None, "W-SUN"])
def test_mondays_among_sundays_are_weeks(given):
    frame = sales(60, "W-SUN")
    frame.loc[[7, 20, 33], "date"] += pd.Timedelta(days=1)
    panel = panel_of(frame, freq=given)
    assert (panel.freq, panel.season) == ("W-SUN", 52)
    assert panel.series[0].y.tolist() == list(range(60))
    assert panel.notes[0].startswith("3 of 60 different dates are taken for the period of W-SUN")
    assert panel.notes[0].endswith("as 2024-02-26 for 2024-02-25")


def months(days):
    starts = pd.date_range("2021-01-01", periods=36, freq="MS")
    return sales(36, "MS", "2021-01-01").assign(date=[days(start) for start in starts])


@pytest.mark.parametrize(
    ("days", "freq"),
    [
        (lambda start: start + pd.Timedelta(days=14), "MS"),
        (lambda start: start + pd.Timedelta(days=int(start.month % 4)), "MS"),
        (lambda start: start - pd.Timedelta(days=int(start.month % 2)), "MS"),
        (lambda start: pd.offsets.BMonthEnd().rollforward(start), "BME"),
        (lambda start: pd.offsets.BMonthBegin().rollforward(start), "BMS"),
        (  # the last day that a stock exchange is open
            lambda start: (
                pd.offsets.BMonthEnd().rollforward(start)
                - pd.Timedelta(days=int(start.month == 12))
            ),
            "ME",
        ),
    ],
)
def test_months_are_found_from_any_day_of_theirs(days, freq):
    panel = panel_of(months(days))
    assert (panel.freq, panel.season) == (freq, 12)
    assert panel.series[0].y.tolist() == list(range(36))
    assert any("are taken for the period" in note for note in panel.notes) == (freq[0] == "M")
    named = panel_of(months(days), freq="M")
    assert (named.freq, named.series[0].y.tolist()) == ("ME", list(range(36)))


def test_periods_of_4_4_and_5_weeks_are_months():
    weeks = np.cumsum([4, 4, 5] * 8)
    ends = pd.Timestamp("2021-12-25") + pd.to_timedelta(7 * weeks, "D")
    panel = panel_of(pd.DataFrame({"date": ends, "sales": np.arange(24.0)}))
    assert (panel.freq, len(panel.series[0].y)) == ("ME", 24)


def test_periods_of_4_weeks_are_thirteen_a_year():
    panel = panel_of(sales(30, "4W-SAT"))
    assert (panel.freq, panel.season, panel.notes[:-1]) == ("4W-SAT", 13, ())


def test_series_on_other_days_of_the_week_are_weeks():
    parts = [
        sales(20, f"W-{day}").assign(unique_id=day, sales=1.0 + i)
        for i, day in enumerate(("MON", "WED", "FRI"))
    ]
    panel = panel_of(pd.concat(parts))
    assert panel.freq == "W-SUN"
    assert {tuple(series.y) for series in panel.series} == {(k,) * 20 for k in (1.0, 2.0, 3.0)}
    assert len({series.ds[0] for series in panel.series}) == 1


def test_times_that_wander_within_a_day_or_an_hour():
    minutes = pd.to_timedelta([7, 3, 11, 0, 5, 9] * 5, "min")
    daily = sales().assign(date=lambda f: f["date"] + pd.Timedelta(hours=18) + minutes)
    assert (panel_of(daily).freq, panel_of(daily).series[0].ds[0].hour) == ("D", 0)
    hourly = sales(30, "h").assign(date=lambda f: f["date"] + minutes)
    assert (panel_of(hourly).freq, panel_of(hourly).series[0].y[-1]) == ("h", 29)
    around = sales(30, "h").assign(date=lambda f: f["date"] + minutes - pd.Timedelta("5min"))
    assert panel_of(around).series[0].y.tolist() == list(range(30))


def test_a_shop_of_saturdays_and_sundays_has_days():
    frame = sales(70)
    frame = frame[frame["date"].dt.day_of_week > 4]
    with pytest.raises(ValueError, match=r"missing dates .*Mondays and Tuesdays and Wednesdays"):
        panel_of(frame)
    closed = panel_of(frame, missing_dates="closed")
    assert (closed.freq, closed.season, len(closed.series[0].y)) == ("C-0000011", 2, 20)


# Clocks that change


@pytest.mark.parametrize("how", ["zone", "offset"])
def test_hours_over_a_change_of_clocks_are_neither_doubled_nor_missing(how):
    stamps = pd.date_range("2024-03-29", "2024-11-01", freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"date": stamps, "sales": np.arange(float(len(stamps)))})
    if how == "offset":
        frame["date"] = frame["date"].map(lambda stamp: stamp.isoformat())
    panel = panel_of(frame)
    assert (panel.freq, panel.season) == ("h", 24)
    assert panel.series[0].y.tolist() == list(range(len(stamps)))
    assert str(panel.series[0].ds[0]) == "2024-03-29 00:00:00"
    assert panel.notes[0].startswith("times are those of UTC+01:00, so that no hour is there twice")
    days = panel_of(frame.assign(sales=1.0), freq="D", duplicates="sum").series[0]
    assert [days.y[days.ds == day][0] for day in ("2024-03-31", "2024-10-27")] == [23, 25]


def test_days_of_a_zone_are_days_of_its_clock():
    stamps = pd.date_range("2024-03-01", periods=60, freq="D", tz="Europe/Berlin")
    panel = panel_of(pd.DataFrame({"date": stamps, "sales": 1.0}))
    assert (panel.freq, panel.notes) == ("D", ())
    assert panel.series[0].ds[-1] == pd.Timestamp("2024-04-29")


def test_hours_with_and_without_an_offset_are_refused():
    texts = ["2024-01-01T00:00:00+01:00", "2024-01-01T01:00:00", "2024-01-01T02:00:00+01:00"]
    with pytest.raises(ValueError, match="'2024-01-01T01:00:00' in row 1 has no offset from UTC"):
        panel_of(pd.DataFrame({"date": texts, "sales": 1.0}))


def test_messages_about_hours_name_the_hour():
    frame = sales(60, "h")
    with pytest.raises(ValueError, match=r"1 missing date \(first 2024-01-01 05:00\)"):
        panel_of(frame.drop(index=5))
    with pytest.raises(ValueError, match=r"2024-01-01 05:00 occurs more than once"):
        panel_of(pd.concat([frame, frame.iloc[[5]]]))
    with pytest.raises(ValueError, match=r"'closed' is for days; the frequency is h"):
        panel_of(frame, missing_dates="closed")


def test_whole_numbers_are_periods():
    frame = pd.DataFrame({"ds": range(1, 31), "y": np.arange(30.0)})
    panel = panel_of(frame)
    assert (panel.freq, panel.season, len(panel.series[0].y)) == ("D", 1, 30)
    assert "taken for a count of periods: 1 is 1970-01-02; --freq names" in panel.notes[0]
    panel = panel_of(frame, freq="MS")
    assert (panel.freq, panel.season) == ("MS", 12)
    assert panel.series[0].ds[[0, -1]].strftime("%Y-%m").tolist() == ["1970-02", "1972-07"]
