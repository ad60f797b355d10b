"""Ways to take the level, the season or the growth of the spread off a series, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import growing, series_of
from fusedrnn.forecast import RNNForecaster, Settings, compare, load_forecaster, save_forecaster
from fusedrnn.forecast.models.differences import differences, integrated
from fusedrnn.forecast.models.inputs import Inputs, scale
from fusedrnn.forecast.models.scale import box_cox, guerrero, inverse_box_cox

SMALL = {"units": 4, "timesteps": 8, "epochs": 2, "seeds": 1, "horizon": 3, "levels": ()}
BASES = ("level", "RevIN", "difference", "seasonal-difference", "ETS", "Theta")


@pytest.mark.parametrize("lag", [1, 4])
@pytest.mark.parametrize("horizon", [1, 4, 11])
def test_differences_and_back(lag, horizon):
    y = np.random.default_rng(0).normal(size=40)
    moved = differences(y, lag)
    assert np.isnan(moved).sum() == lag
    origins = np.array([4, 20, 29])
    rows = origins[:, None] + np.arange(horizon)
    before = y[origins[:, None] - lag + np.arange(lag)]
    np.testing.assert_allclose(integrated(moved[rows], before), y[rows])
    assert (before == y[origins[:, None] - lag + np.arange(lag)]).all()


@pytest.mark.parametrize("power", [0.0, 0.3, 1.0])
def test_powers_and_back(power):
    y = np.array([1e-3, 0.5, 1.0, 7.0, 1e6])
    values = box_cox(y, power)
    np.testing.assert_allclose(inverse_box_cox(values, power), y)
    assert (np.diff(values) > 0).all()
    assert inverse_box_cox(np.array([-1e3]), power)[0] == pytest.approx(0)


def test_the_power_makes_the_spread_the_same_at_any_level():
    rng = np.random.default_rng(0)
    level = np.repeat(np.linspace(100, 3000, 200), 12)
    half = level + 3 * np.sqrt(level) * rng.normal(size=len(level))  # spread as the square root
    assert guerrero(half, 12) == pytest.approx(0.5, abs=0.1)
    assert guerrero(level * np.exp(0.1 * rng.normal(size=len(level))), 12) < 0.1
    assert guerrero(level + 10 * rng.normal(size=len(level)), 12) > 0.9
    assert guerrero(np.array([1.0, 2.0, 3.0]), 12) == 0
    stairs = guerrero(np.repeat([1.0, 2.0, 4.0], 4), 1)  # no spread anywhere
    assert 0 <= stairs <= 1


def test_powers_are_of_the_training_part_and_taken_off_again():
    level, wave = np.linspace(100, 900, 144), np.sin(np.pi * np.arange(144) / 6)
    table = growing().assign(y=level + 3 * np.sqrt(level) * wave)
    series, season = series_of(table)
    changed, _ = series_of(table.assign(y=table["y"].where(table.index < 100, 7.0)))
    found, same = (scale(s, 100, season, Settings(transform="boxcox")) for s in (series, changed))
    for a, b in zip(vars(found).values(), vars(same).values(), strict=True):
        np.testing.assert_array_equal(a, b)
    numbers = series.start + np.arange(144)
    np.testing.assert_allclose(found.sales(found.flat(series.y, numbers), numbers), series.y)
    other = scale(series, 100, season, Settings())
    assert 0.2 < found.power < 0.8
    assert other.power == 0
    odd, _ = series_of(table.assign(y=table["y"] - 500))
    assert (odd.y < 0).any()
    assert scale(odd, 100, season, Settings(transform="boxcox")).floor == 0  # sales as they are


@pytest.mark.parametrize(
    ("base", "strategy"),
    [*((base, "direct") for base in BASES), *((base, "recursive") for base in BASES[:4])],
)  # recursive, each step of ETS or Theta is a forecast from another origin
def test_what_a_network_learns_is_the_sales_again(base, strategy):
    """One that has learnt its windows by heart forecasts the training part itself."""
    series, season = series_of(growing())
    settings = Settings(base=base, timesteps=14, horizon=15, strategy=strategy)
    settings = settings.settled(season, 144, False)
    inputs = Inputs(series, scale(series, 144, season, settings), settings, season, 144)
    x, y = inputs.training()
    assert len(x) == 144 - settings.lag(season) - 14 - settings.outputs + 1

    def by_heart(windows):
        return np.stack([y[np.abs(x - each).sum(axis=(1, 2)).argmin()] for each in windows])

    origins = [40, 77, 129]
    found = inputs.sales(inputs.forecast(by_heart, origins, 15), origins)
    rows = np.array(origins)[:, None] + np.arange(15)
    np.testing.assert_allclose(found, series.y[rows], rtol=1e-4)


def test_windows_have_the_mean_0_and_the_deviation_1():
    table = growing()
    table.loc[20:40, "y"] = 100.0 * np.exp(0.3 * np.sin(np.pi * np.arange(2, 23) / 6))  # no noise
    series, season = series_of(table)
    settings = Settings(base="RevIN", timesteps=14).settled(season, 144, False)
    inputs = Inputs(series, scale(series, 144, season, settings), settings, season, 144)
    x, _ = inputs.training()
    np.testing.assert_allclose(x[:, :, 0].mean(axis=1), 0, atol=1e-4)
    spread = x[:, :, 0].std(axis=1)
    assert spread.max() == pytest.approx(1, abs=1e-4)
    assert np.median(spread) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("options", [{"base": "RevIN"}, {"base": "seasonal-difference"},
                                     {"base": "difference", "transform": "boxcox"}])  # fmt: skip
def test_kept_it_forecasts_the_same_of_old_and_newer_sales(options, tmp_path):
    table = growing(60)
    fitted = RNNForecaster("GRU", **SMALL, **options).fit(table.iloc[:55])
    save_forecaster(fitted, tmp_path / "kept")
    kept = load_forecaster(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.predict(), fitted.predict(), check_exact=True)
    assert kept.predict()["GRU"].gt(0).all()
    newer = table.iloc[30:]
    pd.testing.assert_frame_equal(kept.predict(newer), fitted.predict(table), check_exact=True)


def test_too_short_for_differences_is_said():
    table = growing(29)
    series, season = series_of(table)
    settings = Settings(base="seasonal-difference", timesteps=8, horizon=3)
    known = scale(series, 20, season, settings)
    with pytest.raises(ValueError, match=r"has 16 values, .* need 20, of which 12 for the first"):
        Inputs(series, known, settings, season, 16)
    with pytest.raises(ValueError, match=r"has 20 values, .* need 23, of which 12 for the first"):
        Inputs(series, known, settings, season, 20).training()
    options = {"models": ("Naive", "GRU"), "epochs": 1, "seeds": 1, "tune": "off"}
    found = compare(table, base="seasonal-difference", **options)
    assert found.settings.timesteps < compare(table, **options).settings.timesteps
    assert found.table.loc["GRU"].notna().any()
