"""Frames and series of other kinds than a pandas frame with a column of dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import long_of, panel_of, sales

DAYS = pd.date_range("2024-01-01", periods=30)


def found(table, **options):
    """Return the values of each series by name, whose days have to be those of January."""
    panel = panel_of(table, **options)
    assert panel.freq == "D"
    assert all(series.ds[0] == DAYS[0] for series in panel.series)
    return {series.unique_id: series.y.tolist() for series in panel.series}


@pytest.mark.parametrize("name", [None, "y", "Number of passengers"])
def test_a_series_with_dates_as_its_index(name):
    series = pd.Series(np.arange(30.0), DAYS, name=name)
    whole = list(range(30))
    assert list(found(series).values()) == [whole]
    assert list(found(series.to_frame("passengers")).values()) == [whole]
    assert list(found(series.set_axis(DAYS.to_period("D"))).values()) == [whole]
    assert list(found(series.rename_axis("Period")).values()) == [whole]
    assert found(series.to_frame("passengers"), wide=True) == {"passengers": whole}


def test_a_frame_of_several_columns_by_date_is_not_guessed():
    frame = pd.DataFrame({"a": 1.0, "b": 2.0}, DAYS)
    with pytest.raises(
        ValueError, match=r"no target column y or sales .see --target.; the table has: a, b"
    ):
        found(frame)
    assert found(frame, target="b") == {"sales": [2.0] * 30}
    assert found(frame, wide=True) == {"a": [1.0] * 30, "b": [2.0] * 30}


@pytest.mark.parametrize("names", [[None, None], ["unique_id", "ds"], ["shop", "day"]])
@pytest.mark.parametrize("order", [1, -1])
def test_an_index_of_series_and_date(names, order):
    index = pd.MultiIndex.from_product([["b", "a"], DAYS], names=names)
    frame = pd.DataFrame({"sold": np.arange(60.0)}, index)
    frame = frame.reorder_levels([0, 1][::order])
    expected = {"b": list(range(30)), "a": list(range(30, 60))}
    assert found(frame) == found(frame["sold"]) == expected
    several = frame.assign(price=1.0)
    assert found(several, target="sold", future_covariates=["price"]) == expected


def test_an_index_of_several_levels_and_of_periods():
    index = pd.MultiIndex.from_product([["n", "s"], [1, 2], DAYS.to_period("D")])
    panel = found(pd.DataFrame({"y": 1.0}, index))
    assert list(panel) == ["n/1", "n/2", "s/1", "s/2"]


def test_what_sktime_calls_df_list_and_nested():
    frames = [pd.DataFrame({"y": np.arange(30.0) + k}, DAYS) for k in (0, 5)]
    assert found(frames) == {"0": list(range(30)), "1": list(range(5, 35))}
    assert found({"a": frames[0]["y"], "b": frames[1]["y"]}) == {
        "a": list(range(30)),
        "b": list(range(5, 35)),
    }
    nested = pd.DataFrame({"y": [frames[0]["y"], frames[1]["y"]]})
    with pytest.raises(ValueError, match=r"convert_to.frame, 'pd-multiindex'"):
        found(nested)
    for wrong in ([], {}, [1, 2], np.ones((2, 1, 30)), 3):
        with pytest.raises(TypeError, match="expected a pandas DataFrame or a path"):
            long_of(wrong)


def test_a_series_without_dates_is_counted():
    panel = panel_of(pd.Series(np.arange(30.0)))
    assert (panel.season, panel.series[0].y.tolist()) == (1, list(range(30)))
    assert "taken for a count of periods: 0 is 1970-01-01" in panel.notes[0]


def test_the_long_frame_of_nixtla_in_pandas_and_its_older_form():
    frame = sales().rename(columns={"date": "ds", "sales": "y"}).assign(unique_id="a")
    assert found(frame) == found(frame.set_index("unique_id")) == {"a": list(range(30))}


@pytest.mark.parametrize("lazy", [False, True])
def test_the_long_frame_of_nixtla_in_polars(lazy):
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {
            "unique_id": ["a"] * 30 + ["b"] * 30,
            "ds": [day.date() for day in DAYS] * 2,
            "y": [float(k) if k != 3 else None for k in range(60)],
        }
    )
    expected = {"a": [0, 1, 2, 2, *range(4, 30)], "b": list(range(30, 60))}
    assert found(frame.lazy() if lazy else frame, missing_values="previous") == expected
    categories = frame.with_columns(polars.col("unique_id").cast(polars.Categorical))
    assert found(categories, missing_values="previous") == expected
    values = polars.Series("y", list(range(30)))
    assert panel_of(values).series[0].y.tolist() == list(range(30))


def test_times_of_polars_keep_their_zone():
    polars = pytest.importorskip("polars")
    stamps = pd.date_range("2024-10-26", "2024-10-29", freq="h", tz="Europe/Berlin")
    frame = polars.DataFrame({"ds": list(stamps.to_pydatetime()), "y": [1.0] * len(stamps)})
    frame = frame.with_columns(polars.col("ds").dt.convert_time_zone("Europe/Berlin"))
    panel = panel_of(frame)
    assert (panel.freq, len(panel.series[0].y)) == ("h", len(stamps))
    assert str(panel.series[0].ds[0]) == "2024-10-25 23:00:00"  # in winter's time


def test_a_table_of_arrow():
    arrow = pytest.importorskip("pyarrow")
    assert found(arrow.Table.from_pandas(sales())) == {"sales": list(range(30))}
