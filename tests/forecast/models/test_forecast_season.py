"""The season that is taken off a series."""

from __future__ import annotations

import numpy as np

from forecast_tables import growing, series_of
from fusedrnn.forecast import Settings, compare
from fusedrnn.forecast.models.inputs import scale
from fusedrnn.forecast.models.season import is_seasonal, season_at, seasonal_pattern

SETTINGS = Settings()


def test_the_season_finds_its_place_whatever_the_first_date():
    series, season = series_of(growing())
    later, _ = series_of(growing().iloc[29:])
    found = scale(series, 100, season, SETTINGS)
    np.testing.assert_allclose(
        found.flat(later.y, later.start + np.arange(len(later.y))),
        found.flat(series.y, series.start + np.arange(144))[29:],
    )


def test_a_season_is_not_seen_in_noise():
    rng = np.random.default_rng(1)
    found = sum(is_seasonal(rng.normal(size=120), 12) for _ in range(300))
    assert found < 0.15 * 300
    assert is_seasonal(np.sin(np.arange(48) * np.pi / 6) + rng.normal(0, 0.3, 48), 12)
    assert not is_seasonal(np.ones(48), 12)
    assert not is_seasonal(rng.normal(size=20), 12)


def test_networks_learn_a_growing_season_from_few_years():
    result = compare(growing(), horizon=6, seeds=1, levels=())
    assert result.table.loc["LSTM", "MASE"] < 0.5 * result.table.loc["SeasonalNaive", "MASE"]
    assert result.table.loc["GRU", "MASE"] < 0.5 * result.table.loc["SeasonalNaive", "MASE"]


def test_of_hours_the_week_is_taken_off_where_two_are_there():
    t = np.arange(24 * 7 * 5)
    noise = np.random.default_rng(0).normal(0, 0.1, len(t))
    values = np.sin(2 * np.pi * t / 24) + 2 * (t // 24 % 7 == 6) + noise
    pattern = seasonal_pattern(values, t, 24, True, 0)
    assert len(pattern) == 168
    assert np.abs(season_at(pattern, t + 168) - (values - noise - values.mean())).max() < 0.5
    assert len(seasonal_pattern(values[:300], t[:300], 24, True, 0)) == 24
