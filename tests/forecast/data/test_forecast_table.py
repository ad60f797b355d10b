"""Which columns and rows of a table are taken, and which are refused."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast_tables import EVENTS, broken, long_of, panel_of, rows, sales
from fusedrnn.datasets import load_bakery, load_bakery_series
from fusedrnn.forecast.data import table


def test_the_bakery_sales_are_what_the_notice_says():
    frame = load_bakery()
    assert len(frame) == 1215
    assert (frame["sales"] == 0).sum() == 16
    panel = panel_of(frame)
    assert (panel.freq, panel.season) == ("D", 7)
    assert panel.notes == ("16 zeros: keep",)


def test_the_single_series_add_up_to_the_total():
    wide, total = load_bakery_series(), load_bakery()
    assert wide.shape == (1215, 1 + 105)
    np.testing.assert_array_equal(wide["date"], total["date"])
    np.testing.assert_allclose(wide.drop(columns="date").sum(axis=1), total["sales"], atol=0.05)


def test_columns_may_have_other_names_and_any_order():
    frame = sales().rename(columns={"date": "day", "sales": "units"}).iloc[::-1]
    long = rows(frame, date="day", target="units")
    np.testing.assert_array_equal(long["y"], np.arange(30))
    assert list(long.columns) == ["ds", "y", "unique_id"]


def test_a_wide_table_is_many_series():
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=9), "a": range(9), "b": 2.0})
    panel = panel_of(frame, wide=True)
    assert [s.unique_id for s in panel.series] == ["a", "b"]
    np.testing.assert_array_equal(panel.series[1].y, np.full(9, 2.0))


@pytest.mark.parametrize("how", ["frame", "file", "numbers"])
def test_a_category_becomes_a_covariate_of_0_and_1_for_each_name(how, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "AT_ONCE", 6)  # two rows at once
    frame = sales(30).assign(event=EVENTS, rain=range(30))
    expected = ("event=easter", "event=sale")
    if how == "numbers":  # which a column with gaps has as 1.0 and 2.0
        numbers = {" easter": 1, "easter": 1, "sale": 2}
        frame["event"] = frame["event"].map(numbers)
        expected = ("event=1", "event=2")
    given = frame
    if how == "file":
        given = tmp_path / "sales.csv"
        frame.to_csv(given, index=False)
    names = {"future_covariates": ["event"], "past_covariates": ["rain"], "categories": ["event"]}
    panel = panel_of(given, **names)
    assert panel.known == expected
    assert panel.series[0].known[:6].tolist() == [[0, 0], [1, 0], [0, 1], [1, 0], [0, 0], [0, 1]]
    assert not panel.series[0].known[6:].any()
    assert panel.series[0].past[:, 0].tolist() == list(range(30))


def test_unfit_categories_are_named():
    frame = sales(200).assign(event=[f"e{i}" for i in range(200)])
    with pytest.raises(ValueError, match="'event' has more than 100 different values"):
        long_of(frame, future_covariates=["event"], categories=["event"])
    with pytest.raises(ValueError, match="categories: 'event' is not among the covariates"):
        long_of(frame, categories=["event"])
    with pytest.raises(ValueError, match="covariate 'y' would be taken for the sales"):
        long_of(frame.assign(y=1.0), target="sales", future_covariates=["y"])
    with pytest.raises(ValueError, match="'e0' in row 0 is not a finite number; say --categories"):
        long_of(frame, future_covariates=["event"])


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
        (
            broken(lambda f: f.__setitem__("sales", "1,5,3")),
            {},
            "column 'sales': '1,5,3' .*--decimal",
        ),
    ],
)
def test_a_bad_table_is_named(frame, options, message):
    with pytest.raises(ValueError, match=message):
        long_of(frame, **options)


def test_reading_parquet(tmp_path, monkeypatch):
    path = tmp_path / "sales.parquet"
    path.touch()
    with monkeypatch.context() as context:
        context.setitem(sys.modules, "pyarrow", None)
        context.setitem(sys.modules, "pyarrow.parquet", None)
        context.setitem(sys.modules, "fastparquet", None)
        with pytest.raises(ValueError, match="pip install pyarrow"):
            long_of(path)
    pytest.importorskip("pyarrow")
    sales().to_parquet(path)
    assert len(rows(path)) == 30
    path.write_bytes(b"no parquet")
    with pytest.raises(ValueError, match="arquet"):
        long_of(path)


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "frame"])
def test_series_scattered_over_many_pieces_are_put_together(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(table, "AT_ONCE", 40)
    frame = pd.concat([sales(50).assign(series_id=i, promo=i) for i in (1, 2, 10)])
    mixed = frame.sample(frac=1, random_state=0, ignore_index=True)
    path = mixed if suffix == "frame" else tmp_path / f"sales.{suffix}"
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
        mixed.to_parquet(path)
    elif suffix != "frame":
        mixed.to_csv(path, index=False)
    panel = panel_of(path, future_covariates=["promo"])
    assert [series.unique_id for series in panel.series] == ["1", "10", "2"]
    for series in panel.series:
        np.testing.assert_array_equal(series.y, np.arange(50))
        assert (series.known == int(series.unique_id)).all()


def test_a_bad_row_of_a_later_piece_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "AT_ONCE", 40)
    path = tmp_path / "sales.csv"
    broken(lambda f: f.loc.__setitem__((29, "sales"), "?")).to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"column 'sales': '\?' in line 31"):
        long_of(path)


def test_reading(tmp_path):
    path = tmp_path / "sales.csv"
    sales().to_csv(path, index=False)
    assert len(rows(path)) == 30
    path.write_text("")
    with pytest.raises(ValueError, match="the file is empty"):
        long_of(path)
    path.write_bytes(b"\xff\xfe\x00\x80,1\n2,3\n")
    with pytest.raises(ValueError, match="not a CSV table"):
        long_of(path)
    with pytest.raises(OSError, match="nothing"):
        long_of(tmp_path / "nothing.csv")


def test_several_columns_name_a_series_and_usual_names_may_have_capitals():
    rows = pd.DataFrame({"Date": pd.date_range("2024-01-01", periods=3), "Sales": [1.0, 2.0, 3.0]})
    table = pd.concat([rows.assign(store=s, item=i) for s in (1, 2) for i in ("a", "b")])
    found = dict(long_of(table, id="store, item").groups())
    assert list(found) == ["1/a", "1/b", "2/a", "2/b"]
    assert found["2/b"]["y"].tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="no id column 'shelf'"):
        long_of(table, id="store,shelf")


@pytest.mark.parametrize("name", [None, "date"])
def test_parquet_may_have_dates_as_index(name, tmp_path):
    pytest.importorskip("pyarrow")
    index = pd.date_range("2024-01-01", periods=3, name=name)
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [4.0, 5.0, 6.0]}, index)
    table.to_parquet(tmp_path / "sales.parquet")
    found = dict(long_of(tmp_path / "sales.parquet", wide=True).groups())
    assert {key: list(rows["y"]) for key, rows in found.items()} == {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert list(found["a"].index) == list(index)


def test_a_series_may_be_named_na(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("unique_id,ds,y\nNA,2024-01-01,1\nNA,2024-01-02,\nNA,2024-01-03,2\n")
    panel = panel_of(path, missing_values="zero")
    assert [series.unique_id for series in panel.series] == ["NA"]
    assert panel.series[0].y.tolist() == [1, 0, 2]
    path.write_text("unique_id,ds,y\n,2024-01-01,1\n")
    with pytest.raises(ValueError, match="no name of a series in line 2"):
        long_of(path)


@pytest.mark.parametrize("row", [0, 1, 2])
@pytest.mark.parametrize("at_once", [4, 1000])
def test_a_number_with_a_comma_without_quotes_loses_nothing_unseen(
    row, at_once, tmp_path, monkeypatch
):
    monkeypatch.setattr(table, "AT_ONCE", at_once)
    path = tmp_path / "sales.csv"
    lines = [f"2020-01-0{i + 1},{i}" for i in range(4)]
    lines[row] += ",5"
    path.write_text("\n".join(["date,sales", *lines]))
    with pytest.raises(ValueError, match=r"sales\.csv: not a CSV table: .*(more values|saw 3)"):
        long_of(path)


@pytest.mark.parametrize("how", ["file", "frame"])
def test_points_that_part_thousands_are_no_decimal_points(how, tmp_path):
    days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    frame = pd.DataFrame({"date": days, "sales": ["900", "1.500", "12.000"]})
    source = frame if how == "frame" else tmp_path / "sales.csv"
    place = "row 1" if how == "frame" else "line 3"
    if how == "file":
        frame.to_csv(source, sep=";", index=False)
    for options in ({"decimal": ","}, {"thousands": "."}, {"decimal": ",", "thousands": "."}):
        assert rows(source, **options)["y"].tolist() == [900, 1500, 12000]
    assert rows(source, decimal=".")["y"].tolist() == [900, 1.5, 12]
    said = rf"'1\.500' in {place} may be 1500 or 1\.500: say --thousands \. or --decimal \."
    with pytest.raises(ValueError, match=f"column 'sales': {said}"):
        long_of(source)


@pytest.mark.parametrize("name", ["sales.csv", "sales.parquet"])
def test_a_column_twice_in_a_file_is_not_guessed(name, tmp_path):
    path = tmp_path / name
    if name == "sales.csv":
        path.write_text("\ufeff\ndate,sales,note,note,,,sales\n2020-01-01,1,,,,,2\n")
    else:
        arrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        columns = [["2020-01-01"], [1], [2]]
        parquet.write_table(arrow.table(columns, names=["date", "sales", "sales"]), path)
    with pytest.raises(ValueError, match="column 'sales' is there more than once"):
        long_of(path)
    if name == "sales.csv":
        path.write_text(path.read_text().replace("sales\n", "sales.1\n"))
        assert rows(path)["y"].tolist() == [1]


@pytest.mark.parametrize("how", ["objects", "categories", "parquet"])
def test_numbers_that_are_no_texts_have_no_decimal_point(how, tmp_path):
    """As databases give them: Decimal, of which the array is one of objects."""
    own = [Decimal("1.50"), Decimal("2.25"), Decimal("3.00")]
    frame = pd.DataFrame({"date": ["2020-01-01", "2020-01-02", "2020-01-03"], "sales": own})
    source: Any = frame
    if how == "categories":
        source = frame.assign(sales=frame["sales"].astype(float).astype("category"))
    elif how == "parquet":
        pytest.importorskip("pyarrow")
        source = tmp_path / "sales.parquet"
        frame.to_parquet(source)
    for options in ({}, {"decimal": ","}):
        assert rows(source, **options)["y"].tolist() == [1.5, 2.25, 3]


@pytest.mark.parametrize("name", ["sales.csv.gz", "sales.csv.zip"])
def test_a_damaged_archive_is_no_table(name, tmp_path):
    path = tmp_path / name
    sales().to_csv(path, index=False)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="not a CSV table"):
        long_of(path)


def test_what_would_be_read_wrongly_is_refused():
    with pytest.raises(ValueError, match="column 'sales' is there more than once"):
        long_of(pd.concat([sales(), sales()["sales"]], axis=1))
    with pytest.raises(ValueError, match="also the decimal point"):
        long_of(sales(), thousands=".", decimal=".")
    with pytest.raises(ValueError, match="would have over 10,000,000 periods"):
        panel_of(sales(), freq="ms")
    with pytest.raises(ValueError, match="freq is '0D'"):
        panel_of(sales(), freq="0D")


def test_what_both_columns_are_is_asked_at_once():
    frame = sales().rename(columns={"date": "Fecha", "sales": "Ventas"})
    with pytest.raises(
        ValueError,
        match="say which they are with --date COLUMN --target COLUMN; the table has: Fecha, Ventas",
    ):
        long_of(frame)
    with pytest.raises(
        ValueError, match=r"no date column 'fecha'; the table has: .*; did you mean Fecha"
    ):
        long_of(frame, date="fecha", target="Ventas")


def test_a_title_above_the_header_is_told(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("Sales of the north\n\ndate;sales\n2024-01-01;1\n")
    with pytest.raises(ValueError, match="is there a title above the names of the columns"):
        long_of(path, date="date", target="sales")


def test_blanks_make_no_other_series_of_a_name():
    frame = pd.concat([sales(4), sales(8).tail(4)])
    frame["store"] = ["north"] * 4 + [" north "] * 4
    assert rows(frame, id="store")["unique_id"].unique().tolist() == ["north"]
