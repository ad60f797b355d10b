"""Dates in all the spellings that tables have."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from forecast_tables import long_of, panel_of, rows, sales
from fusedrnn.forecast.data.months import languages


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
    panel = panel_of(given, date=",".join(names))
    assert panel.series[0].ds[-1] == pd.Timestamp(last)
    assert len(panel.series[0].y) == 30


def test_a_date_of_several_columns_that_is_none_is_named():
    frame = pd.DataFrame({"year": 2024, "month": range(1, 14), "sales": 1.0})
    with pytest.raises(ValueError, match="column 'year,month': '2024-13' in row 12 is not a date"):
        long_of(frame, date="year,month")
    frame["month"] = [np.nan, *range(1, 13)]
    with pytest.raises(ValueError, match="column 'year,month': no date in row 0"):
        long_of(frame, date="year,month")
    with pytest.raises(ValueError, match="no date column 'day'"):
        long_of(frame, date="year,month,day")


@pytest.mark.parametrize("format", ["%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"])
def test_dates_of_one_reading_are_read(format):
    frame = sales(40)
    frame["date"] = frame["date"].dt.strftime(format)
    np.testing.assert_array_equal(rows(frame)["ds"], sales(40)["date"])


def test_dates_of_two_readings_are_refused_unless_the_format_is_given():
    frame = sales(6, "MS")
    frame["date"] = frame["date"].dt.strftime("%d/%m/%Y")
    with pytest.raises(ValueError, match="'01/01/2024' may be day or month first"):
        long_of(frame)
    assert panel_of(frame, date_format="%d/%m/%Y").freq == "MS"


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("\ufeffdate;sales\n01.02.2024;1.234,5\n02.02.2024;7\n13.02.2024;8\n", {}),
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
    long = rows(path, **options)
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
        (["Q4 2009", "Q1 2010", "Q2 2010"], "QS-JAN"),
        (["4Q2009", "1Q2010", "2Q2010"], "QS-JAN"),
        (["Q4-2009", "Q1/2010", "Q2 2010"], "QS-JAN"),
        (["2022W52", "2023W1", "2023W02"], "W-MON"),
        (["W52 2022", "W01 2023", "W02/2023"], "W-MON"),
        (["13/01/2024 09:00", "13/01/2024 10:00", "13/01/2024 11:00"], "h"),
        (["1/13/2024 11:00 AM", "1/13/2024 12:00 PM", "1/13/2024 1:00 PM"], "h"),
        (["31.12.2023 22:00:00", "31.12.2023 23:00:00", "01.01.2024 00:00:00"], "h"),
        (["31-12-2023", "01-01-2024", "02-01-2024"], "D"),
    ],
)
def test_spellings_of_periods(texts, freq):
    panel = panel_of(pd.DataFrame({"date": texts, "sales": [1, 2, 3]}))
    assert (panel.freq, len(panel.series[0].y)) == (freq, 3)


def test_dates_may_be_the_index_or_a_column_without_a_name(tmp_path):
    table = pd.DataFrame({"y": [1.0, 2.0]}, pd.date_range("2024-01-01", periods=2))
    table.to_csv(tmp_path / "sales.csv")
    for each in (table, table.rename_axis("date"), tmp_path / "sales.csv"):
        ((_, rows),) = long_of(each).groups()
        assert list(rows.index) == list(table.index)
    assert long_of(table.rename_axis("day"), date="day").date == "day"


def test_years_that_became_numbers_with_a_point_are_years():
    table = pd.DataFrame({"date": [1998.0, 1999.0, 2000.0], "sales": [1.0, 2.0, 3.0]})
    panel = panel_of(table)
    assert (panel.freq, list(panel.series[0].ds.year)) == ("YS", [1998, 1999, 2000])


def test_a_format_that_is_given_is_taken_as_it_is():
    for text, form in (
        ("201904", "%Y%m"),
        ("190401", "%y%m%d"),
        ("Monday, April 1, 2019", "%A, %B %d, %Y"),
        ("1 April 2019", "%d %B %Y"),
    ):
        long = long_of(pd.DataFrame({"date": [text], "sales": [1.0]}), date_format=form)
        assert long.dates[0] == pd.Timestamp(2019, 4, 1)


def test_weekly_periods_are_an_index():
    index = pd.period_range("2024-01-01", periods=10, freq="W")
    panel = panel_of(pd.DataFrame({"sales": np.arange(10.0)}, index))
    assert panel.freq == "W-MON"


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["30. März 2024", "31. März 2024", "1. April 2024"], "de"),
        (["30 mars 2024", "31 mars 2024", "1er avril 2024"], "fr"),
        (["30 de marzo de 2024", "31 de marzo de 2024", "1 de abril de 2024"], "es"),
        (
            ["sábado, 30 de março de 2024", "domingo, 31 de março de 2024", "1 de abril de 2024"],
            "pt",
        ),
        (["sáb, 30 mar 2024", "dom, 31 mar 2024", "lun, 1 abr 2024"], "es"),
        (["30 maart 2024", "31 maart 2024", "1 april 2024"], "nl"),
        (["30 marca 2024", "31 marca 2024", "1 kwietnia 2024"], "pl"),
        (["30 марта 2024", "31 марта 2024", "1 апреля 2024"], "ru"),
    ],
)
def test_months_in_other_languages(texts, language):
    pytest.importorskip("babel")
    frame = pd.DataFrame({"date": texts, "sales": [1.0, 2.0, 3.0]})
    panel = panel_of(frame)
    assert list(panel.series[0].ds) == list(pd.date_range("2024-03-30", periods=3))
    assert panel.notes[0].startswith("names of months are read in the language ")
    named = panel_of(frame, language=language)
    assert named.notes[0] == f"names of months are read in the language {language}"


def test_a_weekday_may_be_spelled_as_a_month():
    pytest.importorskip("babel")
    frame = pd.DataFrame({"date": ["mar, 5 mar 2024", "mié, 6 mar 2024"], "sales": 1.0})
    assert list(long_of(frame).dates.day) == [5, 6]


def test_months_that_differ_with_the_language_are_refused():
    pytest.importorskip("babel")
    frame = pd.DataFrame({"date": ["1 lip 2024", "2 lip 2024"], "sales": 1.0})
    with pytest.raises(ValueError, match=r"differ with the language, .*--language hr\|pl"):
        panel_of(frame)
    assert panel_of(frame, language="pl").series[0].ds[0] == pd.Timestamp("2024-07-01")
    assert panel_of(frame, language="hr").series[0].ds[0] == pd.Timestamp("2024-06-01")
    with pytest.raises(ValueError, match="language is 'xx'"):
        panel_of(frame, language="xx")


def test_without_babel_the_months_are_those_of_the_computer(monkeypatch):
    frame = pd.DataFrame({"date": ["30. März 2024", "31. März 2024"], "sales": 1.0})
    languages.cache_clear()
    monkeypatch.setitem(sys.modules, "babel", None)
    try:
        with pytest.raises(ValueError, match="pip install babel for names of months in other"):
            long_of(frame)
        with pytest.raises(ValueError, match="language 'de' needs babel: pip install babel"):
            long_of(frame, language="de")
        monkeypatch.setattr("calendar.month_name", ["", "Januar", "Februar", "März"])
        languages.cache_clear()
        assert long_of(frame).dates[0] == pd.Timestamp("2024-03-30")
    finally:
        languages.cache_clear()


@pytest.mark.parametrize(("unit", "name"), [("s", "seconds"), ("ms", "milliseconds")])
@pytest.mark.parametrize("kind", [int, float, str])
def test_seconds_since_1970(unit, name, kind):
    days = pd.date_range("2024-01-01", periods=30).astype(f"datetime64[{unit}]").astype("int64")
    frame = pd.DataFrame({"date": days.map(kind), "sales": 1.0})
    panel = panel_of(frame)
    assert panel.series[0].ds[-1] == pd.Timestamp("2024-01-30")
    assert panel.notes[0] == f"dates are read as {name} since 1970, at the time of UTC"
    if unit == "s":
        assert panel_of(frame, date_format="epoch").series[0].ds[0] == pd.Timestamp("2024-01-01")


def test_ten_digits_that_may_be_an_hour_are_no_seconds():
    frame = pd.DataFrame({"date": [2024010100, 2024010101], "sales": 1.0})
    with pytest.raises(ValueError, match="'2024010100' in row 0 is not a date"):
        long_of(frame)
    assert panel_of(frame, date_format="%Y%m%d%H").freq == "h"


def test_american_and_european_dashes_are_not_guessed():
    frame = pd.DataFrame({"date": ["01-02-2024", "01-03-2024"], "sales": 1.0})
    with pytest.raises(ValueError, match="may be day or month first"):
        long_of(frame)


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("date,time", [("2024-01-01", "09:00"), ("2024-01-01", "10:00"), ("2024-01-01", "11:00")]),
        ("date,hour", [("2024-01-01", 9), ("2024-01-01", 10), ("2024-01-01", 11)]),
        ("day,hour", [("1.1.2024", 9), ("1.1.2024", 10), ("13.1.2024", 11)]),
    ],
)
def test_a_time_may_be_in_a_column_of_its_own(names, values):
    frame = pd.DataFrame(values, columns=names.split(",")).assign(sales=1.0)
    dates = long_of(frame, date=names).dates
    assert [date.hour for date in dates] == [9, 10, 11]


@pytest.mark.parametrize("date", ["32019-01-01", "-0005-01-01"])
def test_a_year_that_no_report_can_show_is_refused(date):
    ds = pd.DatetimeIndex(np.array(["2019-01-02", date, "2019-01-03"], "datetime64[s]"))
    frame = pd.DataFrame({"ds": ds, "y": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match=r"column 'ds': '.*' in row 1 is not a date before the"):
        panel_of(frame)


@pytest.mark.parametrize(
    "words", ["lun mar mié jue vie", "Mo, Di, Mi, Do, Fr,", "Monday Tue. Wed Thu Fri"]
)
def test_days_of_the_week_before_dates_of_digits_need_no_language(words):
    texts = [f"{word} 0{k + 1}.01.2024" for k, word in enumerate(words.split())]
    long = long_of(pd.DataFrame({"date": texts, "sales": range(5)}))
    assert list(long.dates) == list(pd.date_range("2024-01-01", periods=5))
    assert not long.stamps.notes


def test_days_without_a_year_are_not_taken_for_years():
    days = [f"Jan {day:02d}" for day in range(1, 32)]
    frame = pd.DataFrame({"date": days, "sales": range(31)})
    with pytest.raises(ValueError, match="'Jan 01' may be a month of a year or a day without"):
        long_of(frame)
    assert panel_of(frame, date_format="%b %y").freq == "YS"
    months = pd.date_range("2021-01-01", periods=30, freq="MS").strftime("%b %y")
    assert panel_of(pd.DataFrame({"date": months, "sales": range(30)})).freq == "MS"


def test_a_total_below_the_dates_is_guessed():
    frame = sales(5).astype({"date": str})
    frame.loc[5] = ["Total", 10.0]
    with pytest.raises(ValueError, match=r"'Total' in row 5 is not a date .* if it is a total"):
        long_of(frame)
