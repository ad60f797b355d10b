"""Vectors that networks over many series learn of each series and of static columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fusedrnn.cli.main import main
from fusedrnn.forecast import (
    RNNForecaster,
    Settings,
    compare,
    load_forecaster,
    save_forecaster,
    tune,
)
from fusedrnn.forecast.models.network import build, embedded

SMALL = {"timesteps": 2, "units": 8, "epochs": 15, "seeds": 1, "levels": (), "season": 1}


@pytest.fixture(scope="module")
def shops():
    """Sales that swing every day in every second shop, in the others every second day."""
    parts = []
    for i in range(8):
        t, kind = np.arange(120), ("swift", "slow")[i % 2]
        wave = np.where((t // (1 + i % 2)) % 2, 60.0, 140.0)
        noise = np.random.default_rng(i).normal(0, 4, 120)
        ds = pd.date_range("2024-01-01", periods=120)
        own = {"unique_id": f"s{i}", "ds": ds, "y": wave + noise, "kind": kind}
        parts.append(pd.DataFrame(own))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("embeddings", ["series", "static"])
def test_networks_over_all_series_learn_which_is_which(shops, embeddings):
    options = {**SMALL, "models": ("Naive", "LSTM", "GRU-equal"), "tune": "off", "n_jobs": 1}
    static = ("kind",) if embeddings == "static" else ()
    table = shops if static else shops.drop(columns="kind")
    told = compare(table, embeddings=embeddings, static=static, **options)
    assert told.settings.scope == "global"  # by itself, though there are few series
    blind = compare(shops.drop(columns="kind"), scope="global", **options)
    for cell in ("LSTM", "GRU-equal"):
        assert told.table.loc[cell, "MAE"] < 0.7 * blind.table.loc[cell, "MAE"]


@pytest.mark.parametrize("static", [(), ("kind",)])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_a_new_series_has_the_vector_of_those_that_were_not_fitted(
    shops, static, strategy, tmp_path
):
    options = {**SMALL, "static": static, "horizon": 3, "strategy": strategy}
    old = shops[~shops["unique_id"].isin(["s6", "s7"])]
    fitted = RNNForecaster("GRU", embeddings="series", **options).fit(old)
    save_forecaster(fitted, tmp_path / "kept")
    kept = load_forecaster(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.predict(), fitted.predict(), check_exact=True)
    found = fitted.predict(shops)
    pd.testing.assert_frame_equal(kept.predict(shops), found, check_exact=True)
    assert set(found["unique_id"]) == {f"s{i}" for i in range(8)}
    renamed = shops[shops["unique_id"] == "s1"].assign(unique_id="new")  # same sales, not told who
    one = found.loc[found["unique_id"] == "s1", "GRU"].to_numpy()
    assert not np.array_equal(fitted.predict(renamed)["GRU"], one)
    if static:  # by which its kind is known
        new = shops[shops["unique_id"].isin(["s6", "s7"])]
        other = new.assign(kind=new["kind"].map({"swift": "slow", "slow": "swift"}))
        mine = fitted.predict(new)["GRU"]
        assert not np.allclose(fitted.predict(other)["GRU"], mine, rtol=0.05)


def test_nothing_after_a_cutoff_changes_what_is_learnt_of_a_series(shops):
    table = shops.drop(columns="kind")
    day = table["ds"].unique()[110]
    changed = table.assign(y=table["y"].where(table["ds"] < day, 9e3))
    options = {**SMALL, "epochs": 2, "models": ("Naive", "GRU"), "embeddings": "series"}
    one, two = (compare(frame, tune="off", **options).frame for frame in (table, changed))
    before = one["cutoff"] < day
    pd.testing.assert_series_equal(one["GRU"][before], two["GRU"][before], check_exact=True)
    assert not one["GRU"].equals(two["GRU"])


def test_they_are_tried_and_taken_where_series_differ(shops):
    told = {"base": "level", "transform": "none", "loss": "huber", "calendar": False, "cycles": 1}
    told |= {**SMALL, "scope": "global", "learning_rate": 0.01, "models": ("Naive", "GRU")}
    told |= {"epochs": 40, "layers": 2}  # what is told is not tried
    found = tune(shops.drop(columns="kind"), how="thorough", **told)
    assert [each.options for each in found.trials] == [{}, {"embeddings": "series"}]
    assert found.options == {"embeddings": "series"}
    assert "embeddings series" in found.note


def test_how_wide_the_vectors_are():
    settings = Settings(embeddings="series", timesteps=4, horizon=2)
    assert embedded(settings, 6, 9) == [(6, 6, 3), (1, 10, 5)]
    assert embedded(settings, 0, 3000) == [(1, 3001, 50)]
    shapes = [w.shape for w in build("LSTM", 3 + 6 + 1, settings, 6, 9).get_weights()]
    assert shapes[:3] == [(6, 3), (10, 5), (3 + 3 + 5, 200)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--embeddings", "series", "--scope", "local"], "embeddings is 'series', but scope is"),
        (["--embeddings", "static"], "there are no static columns: see --static"),
    ],
)
def test_what_cannot_be_is_refused(shops, options, message, tmp_path, capsys):
    shops.to_csv(tmp_path / "shops.csv", index=False)
    assert main(["compare", str(tmp_path / "shops.csv"), *options]) == 2
    assert message in capsys.readouterr().err
