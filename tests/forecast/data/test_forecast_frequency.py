"""How far apart dates are, and how they are numbered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import growing, panel_of, sales, series_of
from fusedrnn.forecast.data.frequency import infer_frequency
from fusedrnn.forecast.data.panel import PanelOptions, TableOptions, read_panel


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
    panel = panel_of(sales(40, freq))
    assert (panel.freq.partition("-")[0], panel.season) == (freq.partition("-")[0], season)


def test_frequency_is_found_through_gaps():
    assert (
        infer_frequency(pd.date_range("2020-01-01", periods=40, freq="MS").delete([3, 4, 9]))
        == "MS"
    )


def test_two_frequencies_are_an_error():
    frame = pd.concat([sales(60).assign(series_id="a"), sales(20, "MS").assign(series_id="b")])
    with pytest.raises(ValueError, match=r"two frequencies in one table: .*'b'"):
        panel_of(frame)


@pytest.mark.parametrize("freq", ["h", "D", "B", "W-WED", "MS", "ME", "QS-FEB", "QE-DEC", "YS"])
def test_dates_are_numbered_without_gaps(freq):
    frame = growing(60, freq, 4)
    starts = [series_of(frame.iloc[k:])[0].start for k in range(4)]
    assert np.diff(starts).tolist() == [1, 1, 1]


def test_a_year_that_is_mistyped_is_said(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("ds,y\n2024-01-01,1\n2024-01-02,2\n9024-01-03,3\n")
    with pytest.raises(ValueError, match=r"sales\.csv: column 'ds': 2024-01-01 and 9024-01-03"):
        read_panel(path, TableOptions(), PanelOptions())
