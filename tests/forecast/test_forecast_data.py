from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from fusedrnn.datasets import load_bakery, load_bakery_series
from fusedrnn.forecast.data import table
from fusedrnn.forecast.data.panel import infer_frequency, to_panel
from fusedrnn.forecast.data.table import to_long


def rows(table, **options):
    """Return all rows of a long table."""
    parts = to_long(table, **options).groups()
    return pd.concat([part.assign(unique_id=name) for name, part in parts]).reset_index()


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
    long = rows(frame, date="day", target="units")
    np.testing.assert_array_equal(long["y"], np.arange(30))
    assert list(long.columns) == ["ds", "y", "unique_id"]


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


EVENTS = [None, "easter", "sale", " easter", "", "sale", *[None] * 24]


@pytest.mark.parametrize("how", ["frame", "file", "numbers"])
def test_a_category_becomes_a_covariate_of_0_and_1_for_each_name(how, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "CELLS", 6)  # two rows at once
    frame = sales(30).assign(event=EVENTS, rain=range(30))
    names = ["event=easter", "event=sale"]
    if how == "numbers":  # which a column with gaps has as 1.0 and 2.0
        numbers = {" easter": 1, "easter": 1, "sale": 2}
        frame["event"] = frame["event"].map(numbers)
        names = ["event=1", "event=2"]
    given = frame
    if how == "file":
        given = tmp_path / "sales.csv"
        frame.to_csv(given, index=False)
    long = to_long(given, covariates=["event", "rain"], categories=["event"])
    panel = to_panel(long, known=["event"], past=["rain"])
    assert panel.known == tuple(names)
    assert panel.series[0].known[:6].tolist() == [[0, 0], [1, 0], [0, 1], [1, 0], [0, 0], [0, 1]]
    assert not panel.series[0].known[6:].any()
    assert panel.series[0].past[:, 0].tolist() == list(range(30))


@pytest.mark.parametrize(
    ("names", "values", "last"),
    [
        (("year", "month"), lambda i: (2020 + i // 12, 1 + i % 12), "2022-06-01"),
        (("Jahr", "Monat"), lambda i: (2020 + i // 12, f"{1 + i % 12:02d}"), "2022-06-01"),
        (
            ("Year", "Month"),
            lambda i: (2020 + i // 12, pd.Timestamp(2020, 1 + i % 12, 1).month_name()),
            "2022-06-01",
        ),
        (("year", "quarter"), lambda i: (2020 + i // 4, 1 + i % 4), "2027-04-01"),
        (("year", "qtr"), lambda i: (2020.0 + i // 4, f"Q{1 + i % 4}"), "2027-04-01"),
        (("year", "week"), lambda i: (2021, 1 + i), "2021-07-26"),
        (("y", "m", "d"), lambda i: (2024, 2, 1 + i) if i < 29 else (2024, 3, 1), "2024-03-01"),
    ],
)
@pytest.mark.parametrize("file", [False, True])
def test_a_date_may_be_in_several_columns(names, values, last, file, tmp_path):
    frame = pd.DataFrame([values(i) for i in range(30)], columns=list(names))
    frame["sales"] = 1.0
    given = frame
    if file:
        given = tmp_path / "sales.csv"
        frame.to_csv(given, index=False)
    panel = to_panel(to_long(given, date=",".join(names)))
    assert panel.series[0].ds[-1] == pd.Timestamp(last)
    assert len(panel.series[0].y) == 30


def test_a_date_of_several_columns_that_is_none_is_named():
    frame = pd.DataFrame({"year": 2024, "month": range(1, 14), "sales": 1.0})
    with pytest.raises(ValueError, match="column 'year,month': '2024-13' in row 12 is not a date"):
        to_long(frame, date="year,month")
    frame["month"] = [np.nan, *range(1, 13)]
    with pytest.raises(ValueError, match="column 'year,month': no date in row 0"):
        to_long(frame, date="year,month")
    with pytest.raises(ValueError, match="no date column 'day'"):
        to_long(frame, date="year,month,day")


def test_a_date_without_a_row_has_no_event():
    frame = sales(30).assign(event=EVENTS, rain=range(30)).drop(index=[3, 6])
    long = to_long(frame, covariates=["event", "rain"], categories=["event"])
    series = to_panel(long, known=["event", "rain"], missing_dates="previous").series[0]
    assert series.known[2:7].tolist() == [[0, 1, 2], [0, 0, 2], [0, 0, 4], [0, 1, 5], [0, 0, 5]]
    series = to_panel(long, known=["rain"], missing_dates="previous").series[0]
    assert series.known[2:7, 0].tolist() == [2, 2, 4, 5, 5]


def test_unfit_categories_are_named():
    frame = sales(200).assign(event=[f"e{i}" for i in range(200)])
    with pytest.raises(ValueError, match="'event' has more than 100 different values"):
        to_long(frame, covariates=["event"], categories=["event"])
    with pytest.raises(ValueError, match="categories: 'event' is not among the covariates"):
        to_long(frame, categories=["event"])
    with pytest.raises(ValueError, match="covariate 'y' would be taken for the sales"):
        to_long(frame.assign(y=1.0), target="sales", covariates=["y"])
    with pytest.raises(ValueError, match="'e0' in row 0 is not a finite number; say --categories"):
        to_long(frame, covariates=["event"])


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
        (
            sales().rename(columns={"sales": "x"}),
            {},
            r"no target column y or sales \(see --target\)",
        ),
        (sales().iloc[:0], {}, "the table has no rows"),
        (broken(lambda f: f.__setitem__("sales", "many")), {}, "column 'sales': 'many' in row 0"),
        (
            broken(lambda f: f.loc.__setitem__((3, "sales"), np.inf)),
            {},
            "column 'sales': 'inf' in row 3",
        ),
        (broken(lambda f: f.__setitem__("date", "soon")), {}, "column 'date': 'soon' in row 0"),
        (broken(lambda f: f.__setitem__("date", 44197)), {}, "column 'date': '44197' .* excel"),
        (broken(lambda f: f.__setitem__("sales", True)), {}, "column 'sales': True and False"),
        (broken(lambda f: f.__setitem__("sales", 1e300)), {}, "column 'sales': '1e.300' in row 0"),
        (broken(lambda f: f.__setitem__("sales", "1,5")), {}, "column 'sales': '1,5' .*--decimal"),
    ],
)
def test_a_bad_table_is_named(frame, options, message):
    with pytest.raises(ValueError, match=message):
        to_long(frame, **options)


@pytest.mark.parametrize("format", ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"])
def test_dates_of_one_reading_are_read(format):
    frame = sales(40)
    frame["date"] = frame["date"].dt.strftime(format)
    np.testing.assert_array_equal(rows(frame)["ds"], sales(40)["date"])


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
            to_long(path)
    pytest.importorskip("pyarrow")
    sales().to_parquet(path)
    assert len(rows(path)) == 30
    path.write_bytes(b"no parquet")
    with pytest.raises(ValueError, match="arquet"):
        to_long(path)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "frame"])
def test_series_scattered_over_many_pieces_are_put_together(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "CELLS", 40)
    frame = pd.concat([sales(50).assign(series_id=i, promo=i) for i in (1, 2, 10)])
    mixed = frame.sample(frac=1, random_state=0, ignore_index=True)
    path = mixed if suffix == "frame" else tmp_path / f"sales.{suffix}"
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
        mixed.to_parquet(path)
    elif suffix != "frame":
        mixed.to_csv(path, index=False)
    panel = to_panel(to_long(path, covariates=["promo"]), known=["promo"])
    assert [series.unique_id for series in panel.series] == ["1", "10", "2"]
    for series in panel.series:
        np.testing.assert_array_equal(series.y, np.arange(50))
        assert (series.known == int(series.unique_id)).all()


def test_a_bad_row_of_a_later_piece_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "CELLS", 40)
    path = tmp_path / "sales.csv"
    broken(lambda f: f.loc.__setitem__((29, "sales"), "?")).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"column 'sales': '\?' in row 29"):
        to_long(path)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("\ufeffdate;sales\n01.02.2024;1.234,5\n02.02.2024;7\n13.02.2024;8\n", {"decimal": ","}),
        ("date\tsales\n2024/2/1\t1234.5\n2024/2/2\t7\n2024/2/13\t8\n", {}),
        ('date,sales\n02/01/2024,"1,234.5"\n02/02/2024,7\n02/13/2024,8\n', {}),
        ("date|sales\n45323|1234.5\n45324|7\n45335|8\n", {"date_format": "excel"}),
        (
            "date,sales\n2024-02-01T00:00:00+01:00,1234.5\n2024-02-02 00:00:00Z,7\n"
            "2024-02-13 00:00:00.000-0500,8\n",
            {},
        ),
    ],
)
def test_spellings_of_dates_and_numbers(text, options, tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text(text, encoding="utf-8")
    thousands = "." if "decimal" in options else ","
    long = rows(path, **options, thousands=thousands)
    assert long["y"].tolist() == [1234.5, 7, 8]
    assert list(long["ds"]) == [pd.Timestamp(2024, 2, day) for day in (1, 2, 13)]


@pytest.mark.parametrize(
    ("texts", "freq"),
    [
        (["2023-W52", "2024-W01", "2024-W02"], "W-MON"),
        (["2023Q4", "2024Q1", "2024Q2"], "QS-JAN"),
        (["2023-Q4", "2024-Q1", "2024-Q2"], "QS-JAN"),
        (["2023-12", "2024-01", "2024-02"], "MS"),
        (["Dec 2023", "Jan 2024", "Feb 2024"], "MS"),
        (["20231231", "20240101", "20240102"], "D"),
        (["1991 W52", "1992 W01", "1992 W02"], "W-MON"),
        (["1987 Dec", "1988 Jan", "1988 Feb"], "MS"),
        (["Dec-23", "Jan-24", "Feb-24"], "MS"),
        (["December 2023", "JANUARY 2024", "Feb. 2024"], "MS"),
        (["12/2023", "1/2024", "2/2024"], "MS"),
        (["2023M12", "2024M01", "2024M02"], "MS"),
        (["202312", "202401", "202402"], "MS"),
        (["Sunday, December 31, 2023", "Monday, January 1, 2024", "Tue, Jan 2, 2024"], "D"),
        (["31-Dec-23", "1-Jan-24", "2-Jan-24"], "D"),
        (["12/31/23", "1/1/24", "1/2/24"], "D"),
    ],
)
def test_spellings_of_periods(texts, freq):
    panel = to_panel(to_long(pd.DataFrame({"date": texts, "sales": [1, 2, 3]})))
    assert (panel.freq, len(panel.series[0].y)) == (freq, 3)


def test_rows_around_the_sales_are_told():
    frame = sales().assign(price=1.0)
    frame.loc[[0, 1, 29], "sales"] = np.nan
    for known, rule in (((), "left out"), (("price",), "covariates to come")):
        panel = to_panel(to_long(frame, covariates=known), known=known)
        assert len(panel.series[0].y) == 27
        assert panel.notes == (
            "2 rows before the first value of a series: left out",
            f"1 rows after the last value of a series: {rule}",
        )


def test_several_rows_a_date_are_an_error_unless_a_rule_is_given():
    twice = pd.concat([sales(), sales().iloc[[5]].assign(sales=100.0)])
    with pytest.raises(ValueError, match=r"2024-01-06 occurs more than once .*--duplicates sum"):
        to_panel(to_long(twice))
    for rule, value in (("sum", 105), ("last", 100)):
        panel = to_panel(to_long(twice), duplicates=rule)
        assert panel.series[0].y[5] == value
        assert panel.notes[0] == f"1 duplicates: {rule}"


def test_reading(tmp_path):
    path = tmp_path / "sales.csv"
    sales().to_csv(path, index=False)
    assert len(rows(path)) == 30
    path.write_text("")
    with pytest.raises(ValueError, match="the file is empty"):
        to_long(path)
    path.write_bytes(b"\xff\xfe\x00\x80,1\n2,3\n")
    with pytest.raises(ValueError, match="not a CSV table"):
        to_long(path)
    with pytest.raises(OSError, match="nothing"):
        to_long(tmp_path / "nothing.csv")


def test_several_columns_name_a_series_and_usual_names_may_have_capitals():
    rows = pd.DataFrame({"Date": pd.date_range("2024-01-01", periods=3), "Sales": [1.0, 2.0, 3.0]})
    table = pd.concat([rows.assign(store=s, item=i) for s in (1, 2) for i in ("a", "b")])
    found = dict(to_long(table, id="store, item").groups())
    assert list(found) == ["1/a", "1/b", "2/a", "2/b"]
    assert found["2/b"]["y"].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="no id column 'shelf'"):
        to_long(table, id="store,shelf")


def test_dates_may_be_the_index_or_a_column_without_a_name(tmp_path):
    table = pd.DataFrame({"y": [1.0, 2.0]}, pd.date_range("2024-01-01", periods=2))
    table.to_csv(tmp_path / "sales.csv")
    for each in (table, table.rename_axis("date"), tmp_path / "sales.csv"):
        ((_, rows),) = to_long(each).groups()
        assert list(rows.index) == list(table.index)
    assert to_long(table.rename_axis("day"), date="day").date == "day"


def test_years_that_became_numbers_with_a_point_are_years():
    table = pd.DataFrame({"date": [1998.0, 1999.0, 2000.0], "sales": [1.0, 2.0, 3.0]})
    panel = to_panel(to_long(table))
    assert (panel.freq, list(panel.series[0].ds.year)) == ("YS", [1998, 1999, 2000])


@pytest.mark.parametrize("name", [None, "date"])
def test_parquet_may_have_dates_as_index(name, tmp_path):
    pytest.importorskip("pyarrow")
    index = pd.date_range("2024-01-01", periods=3, name=name)
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}, index)
    table.to_parquet(tmp_path / "sales.parquet")
    found = dict(to_long(tmp_path / "sales.parquet", wide=True).groups())
    assert {key: list(rows["y"]) for key, rows in found.items()} == {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert list(found["a"].index) == list(index)


def test_a_format_that_is_given_is_taken_as_it_is():
    for text, form in (
        ("201904", "%Y%m"),
        ("190401", "%y%m%d"),
        ("Monday, April 1, 2019", "%A, %B %d, %Y"),
        ("1 April 2019", "%d %B %Y"),
    ):
        long = to_long(pd.DataFrame({"date": [text], "sales": [1.0]}), date_format=form)
        assert long.dates[0] == pd.Timestamp(2019, 4, 1)


def test_gaps_of_covariates_are_told_and_what_is_to_come_ends_at_the_first():
    frame = sales().assign(price=np.arange(30.0))
    frame.loc[[4, 5], "price"] = np.nan
    frame.loc[25:, "sales"] = np.nan
    panel = to_panel(to_long(frame, covariates=["price"]), known=["price"])
    assert "2 missing values of covariates: previous" in panel.notes
    assert panel.series[0].known[:, 0].tolist() == [0, 1, 2, 3, 3, 3, *range(6, 30)]
    for gap in (frame.drop(index=27), frame.assign(price=frame["price"].mask(frame.index == 27))):
        panel = to_panel(to_long(gap, covariates=["price"]), known=["price"])
        assert len(panel.series[0].known) == 27
    weekly = frame.assign(date=pd.date_range("2024-01-01", periods=30, freq="W-MON"))
    weekly.loc[29, "date"] += pd.Timedelta(days=1)
    with pytest.raises(ValueError, match="2024-07-23 is not on the grid of W-MON"):
        to_panel(to_long(weekly, covariates=["price"]), known=["price"], freq="W-MON")


def test_a_series_may_be_named_na(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("unique_id,ds,y\nNA,2024-01-01,1\nNA,2024-01-02,\nNA,2024-01-03,2\n")
    panel = to_panel(to_long(path), missing_values="zero")
    assert [series.unique_id for series in panel.series] == ["NA"]
    assert panel.series[0].y.tolist() == [1, 0, 2]
    path.write_text("unique_id,ds,y\n,2024-01-01,1\n")
    with pytest.raises(ValueError, match="no name of a series in row 0"):
        to_long(path)


def test_weekly_periods_are_an_index():
    index = pd.period_range("2024-01-01", periods=10, freq="W")
    panel = to_panel(to_long(pd.DataFrame({"sales": np.arange(10.0)}, index)))
    assert panel.freq == "W-MON"


@pytest.mark.parametrize("name", ["sales.csv.gz", "sales.csv.zip"])
def test_a_damaged_archive_is_no_table(name, tmp_path):
    path = tmp_path / name
    sales().to_csv(path, index=False)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not a CSV table"):
        to_long(path)


def test_what_would_be_read_wrongly_is_refused():
    with pytest.raises(ValueError, match="column 'sales' is there more than once"):
        to_long(pd.concat([sales(), sales()["sales"]], axis=1))
    with pytest.raises(ValueError, match="also the decimal point"):
        to_long(sales(), thousands=".")
    monthly = sales().assign(
        date=pd.date_range("2020-01-15", periods=30, freq="MS") + pd.Timedelta(days=14)
    )
    with pytest.raises(ValueError, match="or name the frequency with --freq"):
        to_panel(to_long(monthly))
    with pytest.raises(ValueError, match="would have over 10,000,000 periods"):
        to_panel(to_long(sales()), freq="ms")
    with pytest.raises(ValueError, match="freq is '0D'"):
        to_panel(to_long(sales()), freq="0D")
