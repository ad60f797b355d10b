from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from fusedrnn.datasets import load_bakery, load_bakery_series
from fusedrnn.forecast.panel import infer_frequency, to_panel
from fusedrnn.forecast.table import read_table, to_long


def sales(n=30, freq="D", start="2024-01-01"):
    return pd.DataFrame(
        {"date": pd.date_range(start, periods=n, freq=freq), "sales": 1.0 * np.arange(n)}
    )


def test_the_bakery_sales_are_what_the_notice_says():
    frame = load_bakery()
    assert len(frame) == 1215
    assert (frame["sales"] == 0).sum() == 16
    panel = to_panel(to_long(frame))
    assert (panel.freq, panel.season) == ("D", 7)
    assert panel.notes == ("16 zeros: keep",)


def test_the_single_series_add_up_to_the_total():
    wide, total = load_bakery_series(), load_bakery()
    assert wide.shape == (1215, 1 + 105)
    np.testing.assert_array_equal(wide["date"], total["date"])
    np.testing.assert_allclose(wide.drop(columns="date").sum(axis=1), total["sales"], atol=0.05)


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        ("D", 7),
        ("B", 5),
        ("W-MON", 52),
        ("W-SUN", 52),
        ("MS", 12),
        ("ME", 12),
        ("h", 24),
        ("QS-JAN", 4),
        ("QE-DEC", 4),
        ("YS", 1),
        ("YE", 1),
    ],
)
def test_frequency_and_season_are_found(freq, season):
    panel = to_panel(to_long(sales(40, freq)))
    assert (panel.freq.partition("-")[0], panel.season) == (freq.partition("-")[0], season)


def test_frequency_is_found_through_gaps():
    assert (
        infer_frequency(pd.date_range("2020-01-01", periods=40, freq="MS").delete([3, 4, 9]))
        == "MS"
    )


def test_columns_may_have_other_names_and_any_order():
    frame = sales().rename(columns={"date": "day", "sales": "units"}).iloc[::-1]
    long = to_long(frame, date="day", target="units")
    np.testing.assert_array_equal(long["y"], np.arange(30))
    assert list(long.columns) == ["unique_id", "ds", "y"]


def test_a_wide_table_is_many_series():
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=9), "a": range(9), "b": 2.0})
    panel = to_panel(to_long(frame, wide=True))
    assert [s.unique_id for s in panel.series] == ["a", "b"]
    np.testing.assert_array_equal(panel.series[1].y, np.full(9, 2.0))


@pytest.mark.parametrize(("rule", "filled"), [("zero", 0.0), ("previous", 9.0), ("seasonal", 3.0)])
def test_a_gap_is_filled_by_the_stated_rule(rule, filled):
    gone = to_panel(to_long(sales().drop(index=10)), missing_dates=rule)
    frame = sales()
    frame.loc[10, "sales"] = np.nan
    empty = to_panel(to_long(frame), missing_values=rule)
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
        a, b = (to_panel(to_long(f), missing_dates=rule).series[0].y for f in (one, two))
        np.testing.assert_array_equal(a[:12], b[:12])


def test_zeros_and_negatives_by_their_rules():
    frame = sales(30).assign(sales=lambda f: f["sales"] - 2)
    assert to_panel(to_long(frame)).series[0].y[:3].tolist() == [-2, -1, 0]
    zero = to_panel(to_long(frame), negatives="zero")
    assert zero.series[0].y[:3].tolist() == [0, 0, 0]
    assert zero.notes == ("1 zeros: keep", "2 negatives: zero")
    frame.loc[10, "sales"] = 0
    missing = to_panel(
        to_long(frame), zeros="missing", negatives="missing", missing_values="previous"
    )
    assert missing.series[0].y[:2].tolist() == [1, 2]
    assert missing.series[0].y[7] == missing.series[0].y[6]
    with pytest.raises(ValueError, match="negatives is 'ignore', expected one of keep"):
        to_panel(to_long(frame), negatives="ignore")


def test_covariates_are_aligned_and_known_ones_reach_into_the_future():
    frame = sales(30).assign(promo=range(30), rain=range(100, 130))
    frame.loc[28:, "sales"] = np.nan
    long = to_long(frame, covariates=["promo", "rain"])
    series = to_panel(long, known=["promo"], past=["rain"]).series[0]
    assert series.known[:, 0].tolist() == list(range(30))
    assert series.past[:, 0].tolist() == list(range(100, 128))
    assert len(series.y) == 28
    panel = to_panel(long, known=["promo"], calendar=True)
    assert panel.known == (
        "promo",
        *(f"day_of_{c}_{f}" for c in ("week", "year") for f in ("sin", "cos")),
    )
    np.testing.assert_allclose(panel.series[0].known[0, 1:3], [0, 1])  # a Monday


def test_a_series_begins_with_its_first_value():
    frame = sales()
    frame.loc[:4, "sales"] = np.nan
    frame.loc[27:, "sales"] = np.nan
    assert to_panel(to_long(frame)).series[0].ds[[0, -1]].day.tolist() == [6, 27]


def broken(change):
    frame = sales().astype({"sales": object, "date": object})
    change(frame)
    return frame


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (sales(), {"target": "umsatz"}, "no target column 'umsatz'; the table has: date, sales"),
        (sales(), {"date": "tag"}, "no date column 'tag'"),
        (sales().rename(columns={"sales": "x"}), {}, "no target column 'y or sales'"),
        (sales().iloc[:0], {}, "the table has no rows"),
        (broken(lambda f: f.__setitem__("sales", "many")), {}, "column 'sales': 'many' in row 0"),
        (
            broken(lambda f: f.loc.__setitem__((3, "sales"), np.inf)),
            {},
            "column 'sales': inf in row 3",
        ),
        (broken(lambda f: f.__setitem__("date", "soon")), {}, "column 'date': 'soon' in row 0"),
        (broken(lambda f: f.__setitem__("date", 20240101)), {}, "column 'date': numbers"),
        (pd.concat([sales(), sales()]), {}, "column 'date': 2024-01-01 occurs more than once"),
    ],
)
def test_a_bad_table_is_named(frame, options, message):
    with pytest.raises(ValueError, match=message):
        to_long(frame, **options)


@pytest.mark.parametrize("format", ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"])
def test_dates_of_one_reading_are_read(format):
    frame = sales(40)
    frame["date"] = frame["date"].dt.strftime(format)
    pd.testing.assert_series_equal(to_long(frame)["ds"], sales(40)["date"], check_names=False)


def test_dates_of_two_readings_are_refused_unless_the_format_is_given():
    frame = sales(6, "MS")
    frame["date"] = frame["date"].dt.strftime("%d/%m/%Y")
    with pytest.raises(ValueError, match="'01/01/2024' may be day or month first"):
        to_long(frame)
    assert to_panel(to_long(frame, date_format="%d/%m/%Y")).freq == "MS"


def test_gaps_are_an_error_unless_a_rule_is_given():
    frame = sales()
    frame.loc[10, "sales"] = np.nan
    with pytest.raises(
        ValueError, match=r"1 missing values \(first 2024-01-11\).*--missing-values"
    ):
        to_panel(to_long(frame))
    with pytest.raises(ValueError, match=r"1 missing dates \(first 2024-01-11\).*--missing-dates"):
        to_panel(to_long(sales().drop(index=10)))


def test_two_frequencies_are_an_error():
    frame = pd.concat([sales(60).assign(series_id="a"), sales(20, "MS").assign(series_id="b")])
    with pytest.raises(ValueError, match=r"two frequencies in one table: .*'b'"):
        to_panel(to_long(frame))


def test_reading_parquet(tmp_path, monkeypatch):
    path = tmp_path / "sales.parquet"
    with monkeypatch.context() as context:
        context.setitem(sys.modules, "pyarrow", None)
        context.setitem(sys.modules, "fastparquet", None)
        with pytest.raises(ValueError, match="pip install pyarrow"):
            read_table(path)
    pytest.importorskip("pyarrow")
    sales().to_parquet(path)
    assert len(to_long(read_table(path))) == 30
    path.write_bytes(b"no parquet")
    with pytest.raises(ValueError, match="arquet"):
        read_table(path)


def test_reading(tmp_path):
    path = tmp_path / "sales.csv"
    sales().to_csv(path, index=False)
    assert len(to_long(read_table(path))) == 30
    path.write_text("")
    with pytest.raises(ValueError, match="the file is empty"):
        read_table(path)
    path.write_bytes(b"\xff\xfe\x00\x80,1\n2,3\n")
    with pytest.raises(ValueError, match="not a CSV table"):
        read_table(path)
    with pytest.raises(OSError, match="nothing"):
        read_table(tmp_path / "nothing.csv")
