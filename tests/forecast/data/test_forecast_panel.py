"""Rules for what is irregular: gaps, doubles, zeros, returns, covariates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import EVENTS, panel_of, sales


@pytest.mark.parametrize(("rule", "filled"), [("zero", 0.0), ("previous", 9.0), ("seasonal", 3.0)])
def test_a_gap_is_filled_by_the_stated_rule(rule, filled):
    gone = panel_of(sales().drop(index=10), missing_dates=rule)
    frame = sales()
    frame.loc[10, "sales"] = np.nan
    empty = panel_of(frame, missing_values=rule)
    for panel, what in ((gone, "missing dates"), (empty, "missing values")):
        series = panel.series[0]
        assert series.y[10] == filled
        assert series.observed[10] == (rule == "zero")
        assert series.observed.sum() == 30 - (rule != "zero")
        assert f"1 {what}: {rule}" in panel.notes


def test_a_filled_value_does_not_know_the_future():
    for rule in ("zero", "previous", "seasonal"):
        one, two = sales().drop(index=[10, 11]), sales().drop(index=[10, 11])
        two.loc[12:, "sales"] = 999.0
        a, b = (panel_of(f, missing_dates=rule).series[0].y for f in (one, two))
        np.testing.assert_array_equal(a[:12], b[:12])


def test_zeros_and_negatives_by_their_rules():
    frame = sales(30).assign(sales=lambda f: f["sales"] - 2)
    assert panel_of(frame).series[0].y[:3].tolist() == [-2, -1, 0]
    zero = panel_of(frame, negatives="zero")
    assert zero.series[0].y[:3].tolist() == [0, 0, 0]
    assert zero.notes == ("1 zeros: keep", "2 negatives: zero")
    frame.loc[10, "sales"] = 0
    missing = panel_of(frame, zeros="missing", negatives="missing", missing_values="previous")
    assert missing.series[0].y[:2].tolist() == [1, 2]
    assert missing.series[0].y[7] == missing.series[0].y[6]
    with pytest.raises(ValueError, match="negatives is 'ignore', expected one of keep"):
        panel_of(frame, negatives="ignore")


def test_covariates_are_aligned_and_known_ones_reach_into_the_future():
    frame = sales(30).assign(promo=range(30), rain=range(100, 130))
    frame.loc[28:, "sales"] = np.nan
    series = panel_of(frame, future_covariates=["promo"], past_covariates=["rain"]).series[0]
    assert series.known[:, 0].tolist() == list(range(30))
    assert series.past[:, 0].tolist() == list(range(100, 128))
    assert len(series.y) == 28
    panel = panel_of(frame, future_covariates=["promo"], calendar=True)
    assert panel.known == (
        "promo",
        *(f"day_of_{c}_{f}" for c in ("week", "year") for f in ("sin", "cos")),
    )
    np.testing.assert_allclose(panel.series[0].known[0, 1:3], [0, 1])  # a Monday


def test_a_date_without_a_row_has_no_event():
    frame = sales(30).assign(event=EVENTS, rain=range(30)).drop(index=[3, 6])
    rule = {"missing_dates": "previous"}
    both = {"future_covariates": ["event", "rain"], "categories": ["event"]}
    series = panel_of(frame, **both, **rule).series[0]
    assert series.known[2:7].tolist() == [[0, 1, 2], [0, 0, 2], [0, 0, 4], [0, 1, 5], [0, 0, 5]]
    series = panel_of(frame, future_covariates=["rain"], **rule).series[0]
    assert series.known[2:7, 0].tolist() == [2, 2, 4, 5, 5]


def test_a_series_begins_with_its_first_value():
    frame = sales()
    frame.loc[:4, "sales"] = np.nan
    frame.loc[27:, "sales"] = np.nan
    assert panel_of(frame).series[0].ds[[0, -1]].day.tolist() == [6, 27]


def test_gaps_are_an_error_unless_a_rule_is_given():
    frame = sales()
    frame.loc[10, "sales"] = np.nan
    with pytest.raises(ValueError, match=r"1 missing value \(first 2024-01-11\).*--missing-values"):
        panel_of(frame)
    with pytest.raises(ValueError, match=r"1 missing date \(first 2024-01-11\).*--missing-dates"):
        panel_of(sales().drop(index=10))


def test_rows_around_the_sales_are_told():
    frame = sales().assign(price=1.0)
    frame.loc[[0, 1, 29], "sales"] = np.nan
    for known, rule in (((), "left out"), (("price",), "covariates to come")):
        panel = panel_of(frame, future_covariates=known)
        assert len(panel.series[0].y) == 27
        assert panel.notes == (
            "2 rows before the first value of a series: left out",
            f"1 rows after the last value of a series: {rule}",
        )


def test_several_rows_a_date_are_an_error_unless_a_rule_is_given():
    twice = pd.concat([sales(), sales().iloc[[5]].assign(sales=100.0)])
    with pytest.raises(ValueError, match=r"2024-01-06 occurs more than once .*--duplicates sum"):
        panel_of(twice)
    for rule, value in (("sum", 105), ("last", 100)):
        panel = panel_of(twice, duplicates=rule)
        assert panel.series[0].y[5] == value
        assert panel.notes[0] == f"1 duplicates: {rule}"


def test_gaps_of_covariates_are_told_and_what_is_to_come_ends_at_the_first():
    frame = sales().assign(price=np.arange(30.0))
    frame.loc[[4, 5], "price"] = np.nan
    frame.loc[25:, "sales"] = np.nan
    panel = panel_of(frame, future_covariates=["price"])
    assert "2 missing values of covariates: previous" in panel.notes
    assert panel.series[0].known[:, 0].tolist() == [0, 1, 2, 3, 3, 3, *range(6, 30)]
    for gap in (frame.drop(index=27), frame.assign(price=frame["price"].mask(frame.index == 27))):
        panel = panel_of(gap, future_covariates=["price"])
        assert len(panel.series[0].known) == 27
    weekly = frame.assign(date=pd.date_range("2024-01-01", periods=30, freq="W-MON"))
    weekly.loc[29, "date"] += pd.Timedelta(days=1)
    panel = panel_of(weekly, future_covariates=["price"], freq="W-MON")
    assert len(panel.series[0].known) == 30
    assert "1 of 30 different dates are taken for the period of W-MON" in panel.notes[0]
    assert panel.notes[0].endswith("as 2024-07-23 for 2024-07-22")


def test_a_year_that_is_mistyped_is_pointed_at():
    frame = sales(60)
    frame.loc[30, "date"] = pd.Timestamp("2034-01-31")
    with pytest.raises(ValueError, match=r"3,623 in a row before 2034-01-31: is that date right\?"):
        panel_of(frame)
    with pytest.raises(ValueError, match=r"has 2 missing dates .first 2024-01-11.; say"):
        panel_of(sales(60).drop(index=[10, 11]))


def test_zeros_at_the_end_are_told_if_there_never_were_so_many():
    frame = sales(60)
    frame.loc[5, "sales"] = 0.0
    assert not any("at the end" in note for note in panel_of(frame).notes)
    frame.loc[50:, "sales"] = 0.0
    assert any(note.startswith("10 zeros at the end of series") for note in panel_of(frame).notes)
    frame.loc[10:25, "sales"] = 0.0
    assert not any("at the end" in note for note in panel_of(frame).notes)
