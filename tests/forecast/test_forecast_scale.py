"""What is taken off a series before a network sees it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fusedrnn.forecast import Settings, compare
from fusedrnn.forecast.data.panel import to_panel
from fusedrnn.forecast.data.table import to_long
from fusedrnn.forecast.models import inputs
from fusedrnn.forecast.models.inputs import scale
from fusedrnn.forecast.models.scale import is_seasonal


def growing(n=144, freq="MS", season=12, noise=0.03):
    """Sales whose season grows with their trend, as those of the airline passengers."""
    t, rng = np.arange(n), np.random.default_rng(0)
    shape = np.exp(0.3 * np.sin(2 * np.pi * t / season))
    sales = 100 * np.exp(0.01 * t) * shape * np.exp(rng.normal(0, noise, n))
    return pd.DataFrame({"ds": pd.date_range("2001-03-01", periods=n, freq=freq), "y": sales})


def one(frame):
    panel = to_panel(to_long(frame))
    return panel.series[0], panel.season


@pytest.mark.parametrize("shift", [0.0, -300.0])
def test_there_and_back(shift):
    series, season = one(growing().assign(y=lambda f: f["y"] + shift))
    found = scale(series, 100, season)
    assert bool(found.floor) == (shift == 0)
    assert len(found.pattern) == 12
    numbers = series.start + np.arange(144)
    flat = found.flat(series.y, numbers)
    assert (flat[:100].min(), flat[:100].max()) == pytest.approx((0, 1))
    np.testing.assert_allclose(found.sales(flat, numbers), series.y)
    back = found.sales(flat[10:16].reshape(3, 2), numbers[10:16].reshape(3, 2))
    np.testing.assert_allclose(back.ravel(), series.y[10:16])


def test_the_season_finds_its_place_whatever_the_first_date():
    series, season = one(growing())
    later, _ = one(growing().iloc[29:])
    found = scale(series, 100, season)
    np.testing.assert_allclose(
        found.flat(later.y, later.start + np.arange(len(later.y))),
        found.flat(series.y, series.start + np.arange(144))[29:],
    )


@pytest.mark.parametrize("freq", ["h", "D", "B", "W-WED", "MS", "ME", "QS-FEB", "QE-DEC", "YS"])
def test_dates_are_numbered_without_gaps(freq):
    frame = growing(60, freq, 4)
    starts = [one(frame.iloc[k:])[0].start for k in range(4)]
    assert np.diff(starts).tolist() == [1, 1, 1]


def test_only_the_training_part_is_seen():
    series, season = one(growing())
    changed, _ = one(growing().assign(y=lambda f: f["y"].where(f.index < 100, 7.0)))
    for a, b in zip(
        *(vars(scale(s, 100, season)).values() for s in (series, changed)), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_sales_below_any_seen_have_a_logarithm():
    series, season = one(growing().assign(y=lambda f: f["y"].where(f.index < 120, 0.0)))
    flat = scale(series, 100, season).flat(series.y, series.start + np.arange(144))
    assert np.isfinite(flat).all()


def test_a_season_is_not_seen_in_noise():
    rng = np.random.default_rng(1)
    found = sum(is_seasonal(rng.normal(size=120), 12) for _ in range(300))
    assert found < 0.15 * 300
    assert is_seasonal(np.sin(np.arange(48) * np.pi / 6) + rng.normal(0, 0.3, 48), 12)
    assert not is_seasonal(np.ones(48), 12)
    assert not is_seasonal(rng.normal(size=20), 12)


@pytest.mark.parametrize(
    ("season", "rows", "covariates", "steps"),
    [
        *((7, 900, False, 28), (12, 200, False, 14), (52, 300, False, 54), (24, 2000, False, 26)),
        *((12, 28, False, 9), (1, 3, False, 1), (4, 80, False, 14), (12, 28, True, 9)),
    ],
)
def test_how_far_networks_see_is_found(season, rows, covariates, steps):
    horizon = 9 if covariates else 1
    found = Settings(horizon=horizon).settled(season, rows, covariates)
    assert found.timesteps == steps
    assert Settings(timesteps=5).settled(season, rows, covariates).timesteps == 5


def test_the_textbook_series_of_36_months_runs_with_the_defaults():
    result = compare(growing(36), epochs=2, seeds=1)
    assert result.settings.timesteps == 9
    assert "GRU" in result.verdict


def test_networks_learn_a_growing_season_from_few_years():
    result = compare(growing(), horizon=6, seeds=1, levels=())
    assert result.table.loc["LSTM", "MASE"] < 0.5 * result.table.loc["SeasonalNaive", "MASE"]
    assert result.table.loc["GRU", "MASE"] < 0.5 * result.table.loc["SeasonalNaive", "MASE"]


@pytest.mark.parametrize("row", [50, 55, 59])
def test_nothing_after_a_cutoff_changes_a_forecast_of_logarithms_made_at_it(row):
    options = {"epochs": 2, "seeds": 1, "units": 4, "timesteps": 8}
    frame = growing(60)
    changed = frame.assign(y=frame["y"].where(frame.index < row, 1e4))
    one, two = (compare(each, **options).frame for each in (frame, changed))
    before = one["cutoff"] < frame["ds"][row]
    forecasts = one.columns.difference(["unique_id", "ds", "cutoff", "y"])
    pd.testing.assert_frame_equal(one.loc[before, forecasts], two.loc[before, forecasts])
    assert row == 59 or not one[forecasts].equals(two[forecasts])


def test_a_covariate_that_was_constant_is_nothing_to_a_network():
    table = growing(60).rename(columns={"date": "ds", "sales": "y"}).assign(promo=0.0)
    table.loc[50:, "promo"] = 1.0
    panel = to_panel(to_long(table, covariates=["promo"]), known=["promo"])
    (series,) = panel.series
    flat = scale(series, 40, panel.season).covariates(series.known)
    assert (flat == 0).all()
    flat = scale(series, 55, panel.season).covariates(series.known)
    assert flat[-1] == 1


def test_networks_for_each_series_or_over_all_and_their_epochs():
    few = Settings().settled(7, 1000, covariates=False, series=50)
    many = Settings().settled(7, 1000, covariates=False, series=3000)
    assert (few.scope, few.epochs) == ("local", 100)
    assert (many.scope, many.epochs) == ("global", 5)
    asked = Settings(scope="local", epochs=3).settled(7, 1000, covariates=False, series=3000)
    assert (asked.scope, asked.epochs) == ("local", 3)


def test_the_reader_is_told_that_networks_learnt_from_a_sample(monkeypatch):
    monkeypatch.setattr(inputs, "WINDOWS", 100)
    table = pd.concat([growing(60).assign(unique_id=name) for name in "ab"])
    small = {
        "epochs": 1,
        "units": 2,
        "timesteps": 3,
        "seeds": 1,
        "models": ("Naive", "LSTM", "GRU"),
    }
    result = compare(table, scope="global", n_jobs=1, **small)  # 2 x (60 - 12 - 3) windows
    assert not any("sample" in note for note in result.notes)
    monkeypatch.setattr(inputs, "WINDOWS", 50)
    result = compare(table, scope="global", n_jobs=1, **small)
    said = "networks over all series learn from an even sample of 50 of 90 windows"
    assert said in result.notes
