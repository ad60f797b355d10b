"""How far apart dates are, and how they are numbered."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import growing, panel_of, sales, series_of
from fusedrnn.forecast.data.frequency import described, infer_frequency, named, seasons
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
        ("BME", 12),
        ("BMS", 12),
        ("30min", 48),
        ("15min", 96),
        ("2h", 12),
        ("6h", 4),
        ("2W-SUN", 26),
        ("4W-WED", 13),
        ("SMS", 24),
        ("SME", 24),
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


@pytest.mark.parametrize("freq", ["h", "D", "B", "W-WED", "MS", "ME", "QS-FEB", "QE-DEC", "YS",
                                  "BME", "2h", "30min", "2W-SUN"])  # fmt: skip
def test_dates_are_numbered_without_gaps(freq):
    frame = growing(60, freq, 4)
    starts = [series_of(frame.iloc[k:])[0].start for k in range(4)]
    assert np.diff(starts).tolist() == [1, 1, 1]


def test_a_year_that_is_mistyped_is_said(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("ds,y\n2024-01-01,1\n2024-01-02,2\n9024-01-03,3\n")
    with pytest.raises(ValueError, match=r"sales\.csv: column 'ds': 2024-01-01 and 9024-01-03"):
        read_panel(path, TableOptions(), PanelOptions())


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        *(("h", (24, 168)), ("30min", (48, 336)), ("2h", (12, 84)), ("min", (1440, 10080))),
        *(("D", (7, 365)), ("B", (5, 261)), ("C-1111110", (6, 313)), ("2D", ()), ("5h", ())),
        *(("W-SUN", (52,)), ("2W-SUN", (26,)), ("4W-SUN", (13,)), ("3W-SUN", ()), ("14D", (26,))),
        *(("MS", (12,)), ("BME", (12,)), ("2MS", (6,)), ("SMS", (24,)), ("QE-FEB", (4,))),
        *(("YS", ()), ("2YE", ()), ("36h", ())),
    ],
)
def test_seasons_of_all_frequencies(freq, expected):
    assert seasons(freq) == expected


@pytest.mark.parametrize(
    ("older", "today"),
    [
        *(("M", "ME"), ("H", "h"), ("Q", "QE-DEC"), ("Y", "YE-DEC"), ("A", "YE-DEC")),
        *(("T", "min"), ("2H", "2h"), ("15T", "15min"), ("BM", "BME"), ("Q-FEB", "QE-FEB")),
        *(("A-JUN", "YE-JUN"), ("AS", "YS-JAN"), ("3M", "3ME"), ("W", "W-SUN"), ("MS", "MS")),
    ],
)
def test_frequencies_as_older_pandas_named_them(older, today):
    assert named(older) == today


@pytest.mark.parametrize("freq", ["", "X", "0D", "-1D", "C-111", "D-MON-TUE", "1.5h"])
def test_what_is_no_frequency_is_named(freq):
    with pytest.raises(ValueError, match=f"freq is '{freq}', expected a pandas alias"):
        named(freq)


def test_a_frequency_without_a_season_is_told():
    frame = sales(30, "5h").assign(sales=1.0)
    assert panel_of(frame, freq="5h").notes == ("no season is known of 5h: --season names one",)
    assert panel_of(frame, freq="5h", season=24).notes == ()


def test_two_half_months_are_numbered_without_gaps():
    for freq in ("SMS", "SME"):
        frame = sales(20, freq)
        starts = [panel_of(frame.iloc[k:], freq=freq).series[0].start for k in range(5)]
        assert np.diff(starts).tolist() == [1] * 4


@pytest.mark.parametrize(
    ("freq", "season", "words"),
    [
        ("D", 7, "days; season of 7: a week"),
        ("D", 30, "days; season of 30"),
        ("D", 1, "days; no season"),
        ("2D", 1, "every 2 days; no season"),
        ("C-1111110", 6, "days, Monday to Saturday; season of 6: a week"),
        ("C-1101100", 4, "days, Monday, Tuesday, Thursday, Friday; season of 4: a week"),
        ("B", 5, "business days; season of 5: a week"),
        ("W-SUN", 52, "weeks that end on Sunday; season of 52: a year"),
        ("2W-MON", 26, "every 2 weeks that end on Monday; season of 26: a year"),
        ("SMS-15", 24, "half months; season of 24: a year"),
        ("MS", 12, "months; season of 12: a year"),
        ("2QS-JAN", 2, "every 2 quarters; season of 2: a year"),
        ("YE-DEC", 1, "years; no season"),
        ("h", 24, "hours; season of 24: a day"),
        ("30min", 336, "every 30 minutes; season of 336: a week"),
    ],
)
def test_a_frequency_in_words(freq, season, words):
    assert described(freq, season) == words
