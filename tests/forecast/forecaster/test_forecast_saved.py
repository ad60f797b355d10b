from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from fusedrnn.datasets import load_bakery_series
from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
from fusedrnn.forecast.cli import main

SMALL = {"epochs": 3, "units": 4, "timesteps": 14, "seeds": 2}


@pytest.mark.parametrize("scope", ["local", "global"])
def test_saved_and_loaded_it_forecasts_the_same_bits(scope, tmp_path):
    series = load_bakery_series().iloc[-150:, :3]
    forecaster = RNNForecaster(wide=True, scope=scope, calendar=True, horizon=2, **SMALL)
    before = forecaster.fit(series).predict()
    save_forecaster(forecaster, tmp_path / "model")
    loaded = load_forecaster(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.predict(), before, check_exact=True)
    assert set(before["unique_id"]) == {"s02_p101", "s02_p109"}
    pd.testing.assert_frame_equal(loaded.predict(series), before, check_exact=True)
    described = json.loads((tmp_path / "model" / "pipeline.json").read_text())
    assert described["parameters"]["units"] == 4
    assert described["versions"]["fusedrnn"]
    save_forecaster(loaded, tmp_path / "model")  # in place of the old one
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda m: (m / "arrays.sqlite").write_bytes((m / "arrays.sqlite").read_bytes()[:-100]),
        lambda m: (m / "arrays.sqlite").unlink(),
        lambda m: (m / "pipeline.json").write_text("{"),
        lambda m: (m / "pipeline.json").unlink(),
        lambda m: (m / "pipeline.json").write_text('{"format": 99}'),
    ],
)
def test_a_damaged_folder_is_one_line_and_status_2(fitted, damage, tmp_path, capsys):
    save_forecaster(fitted, tmp_path / "model")
    damage(tmp_path / "model")
    assert main(["forecast", str(tmp_path / "model")]) == 2
    assert "is damaged or no saved forecaster" in capsys.readouterr().err


def test_numbers_of_numpy_are_numbers(bakery, tmp_path):
    levels = np.array([80, 90])
    forecaster = RNNForecaster(**SMALL, levels=levels, future_covariates=np.array([])).fit(bakery)
    expected = forecaster.set_params(horizon=np.int64(1)).predict(horizon=np.int64(2))
    save_forecaster(forecaster, tmp_path / "kept")
    found = load_forecaster(tmp_path / "kept").predict(horizon=2)
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_a_folder_with_other_files_is_left_alone(fitted, tmp_path):
    save_forecaster(fitted, tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    save_forecaster(fitted, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "kept" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"other files, as notes\.txt"):
        save_forecaster(fitted, tmp_path / "kept")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save_forecaster(fitted, tmp_path / "no" / "kept")
    with pytest.raises(NotFittedError):
        save_forecaster(RNNForecaster(), tmp_path / "new")


def test_forecasts_do_not_overwrite_what_they_are_made_from(fitted, bakery, tmp_path, capsys):
    save_forecaster(fitted, tmp_path / "kept")
    newer = tmp_path / "newer.csv"
    bakery.to_csv(newer, index=False)
    for output in (newer, tmp_path / "kept" / "pipeline.json"):
        assert main(["forecast", str(tmp_path / "kept"), str(newer), "--csv", str(output)]) == 2
        assert "--csv is" in capsys.readouterr().err
    pd.testing.assert_frame_equal(pd.read_csv(newer, parse_dates=["date"]), bakery)
    load_forecaster(tmp_path / "kept")


def test_pickles_of_an_earlier_layout_find_the_forecaster():
    from fusedrnn.forecast import RNNForecaster, forecaster

    assert forecaster.RNNForecaster is RNNForecaster
