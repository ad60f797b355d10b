"""Static columns: names of a whole series, as inputs of networks over all series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast_tables import panel_of
from fusedrnn.cli.main import main
from fusedrnn.forecast import RNNForecaster, compare, load_forecaster, save_forecaster

SMALL = {"timesteps": 2, "units": 8, "epochs": 15, "seeds": 1, "levels": (), "season": 1}


@pytest.fixture(scope="module")
def shops():
    """Sales that swing in shops of one kind every day, in the other every second day."""
    parts = []
    for i in range(8):
        t, kind = np.arange(120), "swift" if i % 2 else "slow"
        wave = np.where((t // (1 if kind == "swift" else 2)) % 2, 60.0, 140.0)
        noise = np.random.default_rng(i).normal(0, 4, 120)
        ds = pd.date_range("2024-01-01", periods=120)
        parts.append(
            pd.DataFrame({"unique_id": f"s{i}", "ds": ds, "y": wave + noise, "kind": kind})
        )
    return pd.concat(parts, ignore_index=True)


def test_networks_over_all_series_learn_what_a_kind_does(shops):
    options = {**SMALL, "models": ("Naive", "LSTM", "GRU"), "tune": "off", "n_jobs": 1}
    told = compare(shops, static=("kind",), **options)
    assert told.settings.scope == "global"  # by itself, though there are few series
    assert told.panel.static == ("kind=slow", "kind=swift")
    blind = compare(shops.drop(columns="kind"), scope="global", **options)
    for cell in ("LSTM", "GRU"):
        assert told.table.loc[cell, "MAE"] < 0.7 * blind.table.loc[cell, "MAE"]


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_a_new_series_is_forecast_by_its_kind(shops, strategy, tmp_path):
    fitted = RNNForecaster("GRU", static=["kind"], horizon=4, strategy=strategy, **SMALL)
    fitted.fit(shops[~shops["unique_id"].isin(["s6", "s7"])])
    save_forecaster(fitted, tmp_path / "kept")
    new = shops[shops["unique_id"].isin(["s6", "s7"])]
    found = fitted.predict(new)
    pd.testing.assert_frame_equal(load_forecaster(tmp_path / "kept").predict(new), found)
    other = new.assign(kind=new["kind"].map({"swift": "slow", "slow": "swift"}))
    assert not np.allclose(fitted.predict(other)["GRU"], found["GRU"], rtol=0.05)
    with pytest.raises(ValueError, match="column 'kind': 'odd', expected one of: slow, swift"):
        fitted.predict(new.assign(kind="odd"))


def test_a_static_value_that_changes_is_refused_and_one_that_lacks_is_none(shops):
    changed = shops.copy()
    changed.loc[5, "kind"] = "swift"
    with pytest.raises(ValueError, match="'kind' is static, but series 's0' has slow and swift"):
        panel_of(changed, static=("kind",))
    gaps = shops.assign(kind=shops["kind"].where(shops.index % 3 == 0))
    gaps.loc[gaps["unique_id"] == "s2", "kind"] = None
    panel = panel_of(gaps, static=("kind",))
    found = {each.unique_id: each.static.tolist() for each in panel.series}
    assert found["s0"] == [1, 0]
    assert found["s1"] == [0, 1]
    assert found["s2"] == [0, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--static", "kind", "--scope", "local"], "where static columns say nothing"),
        (["--static", "size"], "no covariate column 'size'"),
        (["--static", "kind", "--future-covariates", "kind"], "a covariate and static"),
    ],
)
def test_what_cannot_be_is_refused(shops, options, message, tmp_path, capsys):
    shops.to_csv(tmp_path / "shops.csv", index=False)
    assert main(["compare", str(tmp_path / "shops.csv"), *options]) == 2
    assert message in capsys.readouterr().err
