from __future__ import annotations

import hashlib
import json
import sqlite3

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from fusedrnn.cli.main import main
from fusedrnn.datasets import load_bakery_series
from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
from fusedrnn.forecast.forecaster.saved import FORMAT

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
        lambda m: (m / "pipeline.json").write_text(f'{{"format": {FORMAT}}}'),
    ],
)
def test_a_damaged_folder_is_one_line_and_status_2(fitted, damage, tmp_path, capsys):
    save_forecaster(fitted, tmp_path / "model")
    damage(tmp_path / "model")
    assert main(["forecast", str(tmp_path / "model")]) == 2
    assert "is damaged or no saved forecaster" in capsys.readouterr().err


def rewrite(folder, change=None, statement=None):
    """Change the description of a saved forecaster, or its records, and make the digest fit."""
    described = json.loads((folder / "pipeline.json").read_text())
    if statement:
        connection = sqlite3.connect(folder / "arrays.sqlite")
        connection.executescript(statement)
        connection.close()
        digest = hashlib.sha256((folder / "arrays.sqlite").read_bytes()).hexdigest()
        described["sha256"] = digest
    if change:
        change(described)
    (folder / "pipeline.json").write_text(json.dumps(described))


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("cell", lambda d: d["parameters"].update(cell="Transformer")),
        ("units is 'four'", lambda d: d["parameters"].update(units="four")),
        ("weights of network 0", lambda d: d["parameters"].update(units=10**9)),
        ("horizon is -1", lambda d: d["parameters"].update(horizon=-1)),
        ("errors 0", lambda d: d["parameters"].update(horizon=10**9)),
        ("levels is 5", lambda d: d["parameters"].update(levels=5)),
        ("levels is 'x'", lambda d: d["parameters"].update(levels=["x"])),
        ("levels is '80'", lambda d: d["parameters"].update(levels="80")),
        ("categories is 'a'", lambda d: d["parameters"].update(categories="a")),
        ("wide is 'no'", lambda d: d["parameters"].update(wide="no")),
        ("date is", lambda d: d["parameters"].update(date=[])),
        ("decimal is 1", lambda d: d["parameters"].update(decimal=1)),
        ("spelled", lambda d: d.update(spelled={"sales": 1})),
        ("zeros is", lambda d: d["parameters"].update(zeros={})),
        ("n_jobs", lambda d: d["parameters"].update(n_jobs=None)),
        ("networks", lambda d: d["parameters"].update(seeds=3)),
        ("unexpected keyword", lambda d: d["parameters"].update(other=3)),
        ("timesteps", lambda d: d.update(timesteps=0)),
        ("timesteps", lambda d: d.update(timesteps=True)),
        ("scope", lambda d: d.update(scope="auto")),
        ("season", lambda d: d.update(season=0)),
        ("season", lambda d: d.update(season=1.5)),
        ("freq", lambda d: d.update(freq=None)),
        ("freq is 'every other day'", lambda d: d.update(freq="every other day")),
        ("series", lambda d: d.update(series=0)),
        ("series", lambda d: d.update(series=10**18)),  # a list of so many would be built
        ("networks", lambda d: d.update(networks=10**18)),
        ("records", lambda d: d.update(series=2, networks=4)),
        ("series 0", lambda d: d.update(known=["promo"])),
        ("known", lambda d: d.update(known=[5])),
        ("no entry 'notes'", lambda d: d.pop("notes")),
    ],
)
def test_a_damaged_setting_is_said_with_the_folder(fitted, what, change, tmp_path):
    save_forecaster(fitted, tmp_path / "kept")
    rewrite(tmp_path / "kept", change)
    with pytest.raises(ValueError, match=rf"kept is damaged or no saved forecaster: .*{what}"):
        load_forecaster(tmp_path / "kept")


@pytest.mark.parametrize(
    ("what", "statement"),
    [
        ("records", "DELETE FROM records WHERE key = 'scale/0'"),
        ("no record scale/0", "UPDATE records SET key = 'scale/1' WHERE key = 'scale/0'"),
        ("scale/0 is damaged", "UPDATE records SET content = 'text'"),
        ("missing 7 required", "UPDATE records SET content = x'5b7b7d2c7b7d5d'"),
        ("scale/0 is damaged", "UPDATE records SET content = NULL"),
        ("no file of records", "CREATE TABLE other (x)"),
        ("no file of records", "CREATE TRIGGER t AFTER INSERT ON records BEGIN SELECT 1; END"),
        ("no file of records", "DROP TABLE records; CREATE VIEW records AS WITH RECURSIVE n(key,"
         " content) AS (SELECT 1, 2 UNION ALL SELECT key + 1, 2 FROM n) SELECT * FROM n"),
    ],
)  # fmt: skip
def test_damaged_records_are_found_when_they_are_loaded(fitted, what, statement, tmp_path):
    save_forecaster(fitted, tmp_path / "kept")
    rewrite(tmp_path / "kept", statement=statement)
    with pytest.raises(ValueError, match=rf"kept is damaged or no saved forecaster: .*{what}"):
        load_forecaster(tmp_path / "kept")


def test_a_save_that_fails_leaves_the_old_forecaster(fitted, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    save_forecaster(fitted, kept)
    (kept / "pipeline.json").chmod(0o600)
    before = {each.name: each.read_bytes() for each in kept.iterdir()}
    for error, kind in ((KeyboardInterrupt(), KeyboardInterrupt), (OSError(28, "full"), OSError)):
        with monkeypatch.context() as patch:
            patch.setattr("os.rename", lambda *a, error=error: (_ for _ in ()).throw(error))
            with pytest.raises(kind):
                save_forecaster(fitted, kept)
        assert {each.name: each.read_bytes() for each in kept.iterdir()} == before
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
    save_forecaster(fitted, bytes(kept))
    assert (kept / "pipeline.json").stat().st_mode & 0o777 == 0o600
    pd.testing.assert_frame_equal(load_forecaster(bytes(kept)).predict(), fitted.predict())


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


def test_a_newer_table_is_read_as_the_one_that_was_fitted(tmp_path):
    """Its own dates and numbers may be read in two ways."""
    days = pd.date_range("2024-01-01", periods=40)
    texts = [f"{1000 + i:,}".replace(",", ".") for i in range(40)]
    frame = pd.DataFrame({"date": days.strftime("%d/%m/%Y"), "sales": texts})
    frame.loc[0, "sales"] = "1.000,50"
    forecaster = RNNForecaster("SeasonalNaive", timesteps=7, levels=()).fit(frame)
    save_forecaster(forecaster, tmp_path / "kept")
    newer = frame[31:]
    with pytest.raises(ValueError, match=r"may be 1031 or 1\.031"):
        RNNForecaster("SeasonalNaive", timesteps=7, levels=()).fit(newer)
    found = load_forecaster(tmp_path / "kept").predict(newer)
    assert found["ds"].tolist() == [pd.Timestamp("2024-02-10")]
    assert found["SeasonalNaive"].tolist() == [1033]


@pytest.mark.parametrize(
    ("offset", "advice"), [(-1, "fit it anew"), (1, "update with pip install")]
)
def test_a_folder_of_another_version_says_what_to_do(fitted, offset, advice, tmp_path, capsys):
    save_forecaster(fitted, tmp_path / "kept")
    rewrite(
        tmp_path / "kept",
        lambda d: d.update(format=d["format"] + offset, versions={"fusedrnn": "0.0.9"}),
    )
    assert main(["forecast", str(tmp_path / "kept")]) == 2
    said = capsys.readouterr().err
    assert "kept was saved by fusedrnn 0.0.9 in format" in said
    assert f"reads format {FORMAT}: {advice}" in said
    assert "damaged" not in said
