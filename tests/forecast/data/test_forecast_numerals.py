"""Numbers in the spellings that tables have."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import long_of, panel_of, rows
from fusedrnn.forecast.data import table

DAYS = [f"2024-01-{day:02d}" for day in range(1, 6)]


def values(texts, tmp_path, **options):
    """What a frame and a file make of texts, which has to be the same."""
    frame = pd.DataFrame({"date": DAYS[: len(texts)], "sales": texts})
    path = tmp_path / "sales.csv"
    frame.to_csv(path, sep="|", index=False)
    found = rows(path, **options)["y"].tolist()
    np.testing.assert_equal(rows(frame, **options)["y"].tolist(), found)
    return found


@pytest.mark.parametrize(
    ("texts", "expected", "options"),
    [
        (["1 234", "12", "1 234 567"], [1234, 12, 1234567], {}),
        (["1\u00a0234,5", "12", "1\u202f234\u202f567"], [1234.5, 12, 1234567], {}),
        (["1\u2009234.5", " 7 ", "\u00a08\u00a0"], [1234.5, 7, 8], {}),
        (["1'234.50", "1\u2019234", "5"], [1234.5, 1234, 5], {}),
        (["1,234.5", "12,34,567", "7"], [1234.5, 1234567, 7], {}),
        (["1.234", "1.234,5", "-7", "+8"], [1234, 1234.5, -7, 8], {}),
        (["1.234", "912", "1.234.567"], [1234, 912, 1234567], {}),
        (["1,234", "912", "0,5"], [1.234, 912, 0.5], {}),
        (["1.234", "912", "12.3"], [1.234, 912, 12.3], {}),
        (["1,234", "912", "12.3"], [1234, 912, 12.3], {}),
        (["1,234", "912", "7"], [1234, 912, 7], {"thousands": ","}),
        (["1,234", "912", "7"], [1234, 912, 7], {"decimal": "."}),
        (["1'234,567", "912", "7"], [1234.567, 912, 7], {}),
        (["1.234", "912", "7"], [1.234, 912, 7], {"thousands": "'"}),
        (["€1 234.50", "7 €", "-€ 3"], [1234.5, 7, -3], {}),
        (["$1,234.50", "($2.50)", "(3)"], [1234.5, -2.5, -3], {}),
        (["12-", "\u22123", "(4)"], [-12, -3, -4], {}),
        (["1 234 kr", "kr 7", "8"], [1234, 7, 8], {"currency": "kr"}),
        (["R$ 12,50", "R$7", "-R$ 8"], [12.5, 7, -8], {"currency": "R$"}),
        ([".5", "5.", "1e3"], [0.5, 5, 1000], {}),
        (["1", "-", "\u2013"], [1, np.nan, np.nan], {}),
        (["1", "Closed", "n.a."], [1, np.nan, np.nan], {"empty": ("closed", "n.a.")}),
    ],
)
def test_spellings_of_numbers(texts, expected, options, tmp_path):
    np.testing.assert_equal(values(texts, tmp_path, **options), expected)


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (["1,5", "2"], {"thousands": ","}, "'1,5' .* see --decimal, --thousands"),
        (["1,2345", "2"], {"thousands": ","}, "'1,2345' .* see --decimal, --thousands"),
        (["1 23", "2"], {}, "'1 23' .* is not a finite number"),
        (["1 234'567", "2"], {}, "is not a finite number"),
        (["1,5", "2", "3.5"], {}, "'3.5' .* where ',' is the decimal point; see --decimal"),
        (["1.5", "2", "3,50"], {}, "'3,50' .* where '.' is the decimal point; see --decimal"),
        (["$1,234", "2"], {}, r"may be \$1234 or \$1.234: say --thousands , or --decimal ,"),
        (["12", "1.234", "912"], {}, "may be 1234 or 1.234: say --thousands . or --decimal ."),
        (["$5", "7 €"], {}, r"'\$' and '€', expected one currency"),
        (["7 kr", "2"], {}, "'7 kr' .* see --currency"),
        (["€ 7", "2"], {"currency": "kr"}, "'€ 7' .* is not a finite number"),
        (["closed", "2"], {}, "if it says that there is no value: --empty closed"),
        (["12%", "2"], {}, "'12%'"),
        (["1_000", "2"], {}, "'1_000'"),
        (["inf", "2"], {}, "'inf'"),
        (["1e300", "2"], {}, r"is larger than 1e\+100"),
    ],
)
@pytest.mark.parametrize("how", ["file", "frame"])
def test_what_may_be_two_numbers_or_none_is_refused(texts, options, message, how, tmp_path):
    frame = pd.DataFrame({"date": DAYS[: len(texts)], "sales": texts})
    path = tmp_path / "sales.csv"
    frame.to_csv(path, sep="|", index=False)
    with pytest.raises(ValueError, match=message):
        long_of(frame if how == "frame" else path, **options)


def test_no_sale_is_what_the_rule_for_missing_values_says():
    frame = pd.DataFrame({"date": DAYS, "sales": ["1", "-", "closed", "4", "5"]})
    with pytest.raises(ValueError, match=r"2 missing values .first 2024-01-02.; say what they"):
        panel_of(frame, empty=("closed",))
    panel = panel_of(frame, empty=("closed",), missing_values="zero")
    assert panel.series[0].y.tolist() == [1, 0, 0, 4, 5]
    assert "2 missing values: zero" in panel.notes


def test_each_column_has_a_decimal_point_of_its_own(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("date;sales;warm\n2024-01-01;1.234,50;12.5\n2024-01-02;1.250;13.125\n")
    long = rows(path, past_covariates=["warm"])
    assert long["y"].tolist() == [1234.5, 1250]
    assert long["warm"].tolist() == [12.5, 13.125]
    path.write_text("date;sales;warm\n2024-01-01;1.234;12.5\n2024-01-02;1.250;13.125\n")
    with pytest.raises(ValueError, match=r"'1\.234' in line 2 may be 1234 or 1\.234"):
        long_of(path, past_covariates=["warm"])


def test_the_columns_of_a_wide_table_have_one_decimal_point(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("date;north;south\n2024-01-01;1.234;12,5\n2024-01-02;1.250;13,5\n")
    assert rows(path, wide=True)["y"].tolist() == [1234, 1250, 12.5, 13.5]


def test_a_number_far_down_tells_the_decimal_point(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "AT_ONCE", 6)
    days = pd.date_range("2024-01-01", periods=20).strftime("%Y-%m-%d")
    texts = ["1.234"] * 19 + ["1.234,5"]
    path = tmp_path / "sales.csv"
    pd.DataFrame({"date": days, "sales": texts}).to_csv(path, sep=";", index=False)
    assert rows(path)["y"].tolist() == [1234] * 19 + [1234.5]


def test_how_numbers_are_read_is_told():
    frame = pd.DataFrame({"date": DAYS, "sales": ["7", "1.234,50", "3", "4", "5"]})
    assert "column 'sales': '1.234,50' is read as 1234.5" in panel_of(frame).notes
    assert not panel_of(frame.assign(sales=[1.5, 2, 3, 4, 5])).notes


def test_only_points_and_blanks_are_blamed_on_the_spelling():
    frame = pd.DataFrame({"date": DAYS[:2], "sales": ["12 %", "7 %"]})
    with pytest.raises(ValueError, match="is not a finite number") as error:
        long_of(frame)
    assert "--decimal" not in str(error.value)
