"""What networks are added to: with the base "both", every second one to ETS."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast_tables import growing
from fusedrnn.forecast import RNNForecaster, Settings, compare, load_forecaster, save_forecaster

SMALL = {"units": 4, "timesteps": 14, "horizon": 3, "epochs": 6, "levels": (80,)}
TABLE = growing(72)


def test_networks_of_one_series_have_both_bases_and_those_of_many_the_level():
    settings = Settings(seed=3, seeds=3, epochs=30)
    local, shared = (settings.settled(12, 100, False, n) for n in (1, 200))
    assert [local.member(seed).base for seed in (3, 4, 5)] == ["level", "ETS", "level"]
    assert [local.member(seed).epochs for seed in (3, 4, 5)] == [30, 10, 30]
    assert (list(local.measured), list(shared.measured)) == ([3, 4], [3])
    assert {shared.member(seed).base for seed in (3, 4, 5)} == {"level"}
    assert settings.settled(24, 500, False).base == "level"  # ETS knows the day, not the week
    assert Settings(base="Theta").settled(12, 100, False).member(1).base == "Theta"


def test_both_are_what_each_is_alone(tmp_path):
    """The second network is that of its seed with the base ETS and a third of the epochs."""
    whole = compare(TABLE, models=("Naive", "LSTM", "GRU"), tune="off", seeds=2, **SMALL).frame
    level = compare(TABLE, tune="off", seeds=1, base="level", **SMALL).frame
    ets = compare(TABLE, tune="off", seeds=1, seed=1, base="ETS", **SMALL | {"epochs": 2}).frame
    np.testing.assert_array_equal(whole["GRU-seed0"], level["GRU"])
    np.testing.assert_array_equal(whole["GRU-seed1"], ets["GRU"])
    options = {**SMALL, "seeds": 2}
    both = RNNForecaster("GRU", **options).fit(TABLE)
    one = RNNForecaster("GRU", **options | {"seeds": 1, "base": "level"}).fit(TABLE)
    two = RNNForecaster("GRU", **options | {"seeds": 1, "base": "ETS", "epochs": 2}, random_state=1)
    found = both.predict()["GRU"]
    np.testing.assert_allclose(found, (one.predict()["GRU"] + two.fit(TABLE).predict()["GRU"]) / 2)
    save_forecaster(both, tmp_path / "kept")
    kept = load_forecaster(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.predict(), both.predict(), check_exact=True)


def test_nothing_after_a_cutoff_changes_networks_of_both_bases():
    changed = TABLE.assign(y=TABLE["y"].where(TABLE.index < 65, 9e3))
    options = {**SMALL, "seeds": 2, "models": ("Naive", "LSTM", "GRU")}
    one, two = (compare(frame, **options) for frame in (TABLE, changed))
    assert one.result.before == two.result.before
    before = one.frame["cutoff"] < TABLE["ds"][65]
    forecasts = one.frame.columns.difference(["unique_id", "ds", "cutoff", "y"])
    pd.testing.assert_frame_equal(
        one.frame.loc[before, forecasts], two.frame.loc[before, forecasts], check_exact=True
    )
