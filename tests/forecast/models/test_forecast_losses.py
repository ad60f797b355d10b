"""Losses of networks: what they are of, and the forecasts that they make."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import mean_tweedie_deviance

from forecast_tables import growing
from fusedrnn import losses
from fusedrnn.cli.main import main
from fusedrnn.forecast import RNNForecaster, Settings, compare, load_forecaster, save_forecaster
from fusedrnn.forecast.evaluate.tuning import candidates, is_intermittent
from fusedrnn.forecast.models.losses import (
    HEADS,
    POWER,
    mean_sales,
    median,
    pinball,
    tweedie,
    zero_inflated,
)
from fusedrnn.forecast.settings import BLOCKS, POSITIVE, QUANTILES

from forecast_tables import panel_of  # isort: skip

RNG = np.random.default_rng(0)
TRUE = np.maximum(RNG.normal(size=(5, 3)), 0)
SAID = RNG.normal(size=(5, 9))
SMALL = {"units": 8, "timesteps": 8, "seeds": 1, "levels": (), "season": 1, "horizon": 2}


def rare(n=240, seed=0):
    """Goods that sell on three dates in ten, then 1 to 9."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.3) * rng.integers(1, 10, n)
    return pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=n), "y": 1.0 * y})


def test_each_is_what_its_name_says():
    a, b = np.exp(SAID[:, :3]), np.exp(SAID[:, 3:6])
    deviances = [mean_tweedie_deviance(TRUE[0], each[0], power=POWER) for each in (a, b)]
    ours = 2 * (tweedie(TRUE, np.log(a)) - tweedie(TRUE, np.log(b)))
    assert ours[0] == pytest.approx(deviances[0] - deviances[1])
    chance, size = 1 / (1 + np.exp(-SAID[:, :3])), np.exp(SAID[:, 3:6])
    density = np.where(TRUE > 0, np.log(chance) + stats.expon.logpdf(TRUE, scale=size),
                       np.log(1 - chance))  # fmt: skip
    np.testing.assert_allclose(zero_inflated(TRUE, SAID[:, :6]), -density.mean(axis=1))
    np.testing.assert_allclose(mean_sales(SAID[:, :6]), chance * size, rtol=1e-6)
    each = [losses.quantile(TRUE, SAID[:, 3 * k : 3 * k + 3], q) for k, q in enumerate(QUANTILES)]
    np.testing.assert_allclose(pinball(TRUE, SAID), np.mean(each, axis=0), rtol=1e-5)
    np.testing.assert_array_equal(median(SAID), SAID[:, 3:6])
    assert set(BLOCKS) <= set(HEADS)


@pytest.mark.parametrize("loss", POSITIVE)
def test_they_forecast_the_mean_of_rare_sales_and_the_absolute_error_almost_none(loss, tmp_path):
    table = rare()
    options = {**SMALL, "epochs": 60}
    mean = table["y"].mean()
    fitted = RNNForecaster("LSTM", loss=loss, **options).fit(table)
    found = fitted.predict()["LSTM"]
    assert (found > 0.5 * mean).all()
    assert (found < 1.6 * mean).all()
    assert (RNNForecaster("LSTM", **options).fit(table).predict()["LSTM"] < 0.4 * mean).all()
    save_forecaster(fitted, tmp_path / "kept")
    kept = load_forecaster(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.predict(), fitted.predict(), check_exact=True)


def test_the_median_of_quantiles_is_kept(tmp_path):
    options = {"units": 4, "timesteps": 8, "epochs": 2, "seeds": 2, "horizon": 3, "levels": ()}
    fitted = RNNForecaster("LSTM", loss="quantile", strategy="direct", **options)
    fitted.fit(growing(60))
    weights = [w.shape for w in fitted.weights_[0]]
    assert weights[-1] == (9,)
    save_forecaster(fitted, tmp_path / "kept")
    kept = load_forecaster(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.predict(), fitted.predict(), check_exact=True)
    recursive = RNNForecaster("GRU", loss="quantile", strategy="recursive", **options)
    assert recursive.fit(growing(60)).predict()["GRU"].notna().all()


@pytest.mark.parametrize("loss", POSITIVE)
def test_nothing_after_a_cutoff_changes_a_forecast_of_rare_sales_made_at_it(loss):
    table = rare(90)
    changed = table.assign(y=table["y"].where(table.index < 82, 9e3))
    options = {**SMALL, "epochs": 2, "loss": loss, "models": ("Naive", "LSTM", "GRU")}
    one, two = (compare(frame, tune="off", **options).frame for frame in (table, changed))
    before = one["cutoff"] < table["ds"][82]
    cells = ["LSTM", "GRU"]
    pd.testing.assert_frame_equal(one.loc[before, cells], two.loc[before, cells], check_exact=True)
    assert not one[cells].equals(two[cells])
    assert one[cells].ge(0).all(axis=None)


def test_no_test_loss_stands_beside_a_training_loss_of_another_kind(tmp_path):
    options = {**SMALL, "epochs": 3, "models": ("Naive", "LSTM"), "tune": "off"}
    for own, same in (({}, True), ({"loss": "zero-inflated"}, False), ({"base": "RevIN"}, False)):
        result = compare(rare(90), **options, **own)
        assert np.isfinite(result.table.loc["LSTM", "test_loss"]) == same
        assert np.isfinite(result.table.loc["LSTM", "train_loss"])
    result.write_html(tmp_path / "report.html")


def test_rare_sales_are_tried_with_their_losses_where_they_were_rare_before_the_test_part():
    settings = Settings().settled(1, 200, False)
    assert Settings(loss="tweedie").settled(1, 200, False).epochs == settings.epochs // 3
    later = rare().assign(y=lambda f: f["y"].where(f.index >= 192, f["y"] + 1))
    found = [is_intermittent(panel_of(table), settings) for table in (rare(), later, rare(9))]
    assert found == [True, False, False]
    tried = candidates(settings, 1, 200, False, "thorough", intermittent=True)
    assert [each["loss"] for each in tried[-9:] if each.get("base") == "level"] == list(POSITIVE)
    for each in tried:
        if each.get("loss") in POSITIVE:
            assert Settings(**each).positive


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--base", "ETS"], "base is 'ETS', but loss is 'tweedie', of sales as they are"),
        (["--transform", "boxcox"], "transform is 'boxcox', but loss is 'tweedie'"),
        (["--cycles", "3"], "cycles is 3, but loss is 'tweedie'"),
        ([], "expected no negative sales, but series 'sales' has -2: say --negatives zero"),
    ],
)
def test_what_does_not_go_with_them_is_refused(options, message, tmp_path, capsys):
    table = rare(60)
    table.loc[5, "y"] = -2
    table.to_csv(tmp_path / "rare.csv", index=False)
    small = ["--epochs", "1", "--seeds", "1", "--models", "Naive,GRU", "--tune", "off"]
    status = main(["compare", str(tmp_path / "rare.csv"), "--loss", "tweedie", *small, *options])
    said = " ".join("".join(capsys.readouterr()).split())
    assert message in said
    assert status == (2 if options else status)
