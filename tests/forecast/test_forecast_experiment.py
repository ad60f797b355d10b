from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn import metrics

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import RNNForecaster, compare
from fusedrnn.forecast.report.terminal import show
from fusedrnn.forecast.settings import parts

SMALL = {"epochs": 2, "units": 4, "timesteps": 8}


@pytest.fixture(scope="module")
def bakery():
    return load_bakery().tail(200).reset_index(drop=True)


@pytest.fixture(scope="module")
def result(bakery):
    return compare(bakery, horizon=3, **SMALL)


def test_the_frame_has_every_origin_and_the_true_sales(bakery, result):
    frame = result.frame
    assert frame["cutoff"].nunique() == 40 - 3 + 1
    assert len(frame) == 38 * 3
    truth = bakery.set_index("date")["sales"]
    np.testing.assert_array_equal(frame["y"], truth.loc[frame["ds"]])
    assert (frame["ds"] > frame["cutoff"]).all()
    lag = (frame["ds"] - frame["cutoff"]).dt.days
    last_week = truth.loc[frame["ds"] - pd.Timedelta(days=7)].to_numpy()
    np.testing.assert_array_equal(frame["SeasonalNaive"], last_week)
    np.testing.assert_array_equal(frame["Naive"], truth.loc[frame["cutoff"]])
    assert set(lag) == {1, 2, 3}


def test_the_table_is_recomputed_from_the_frame(bakery, result):
    frame, train = result.frame, bakery["sales"].to_numpy()[:160]
    scale = np.abs(train[7:] - train[:-7]).mean()
    for model, row in result.table.iterrows():
        mae = metrics.mean_absolute_error(frame["y"], frame[model])
        assert row["MAE"] == pytest.approx(mae)
        assert row["RMSE"] == pytest.approx(
            metrics.root_mean_squared_error(frame["y"], frame[model])
        )
        assert row["MASE"] == pytest.approx(mae / scale)
        assert row["WAPE"] == pytest.approx(100 * mae / frame["y"].mean())
    seeds = frame[[f"GRU-seed{s}" for s in range(3)]]
    np.testing.assert_allclose(seeds.mean(axis=1), frame["GRU"])


@pytest.mark.parametrize(
    "models",
    [("ETS",), ("ETS", "Naive"), ("GRU",), ("GRU", "Naive"), ("LSTM", "GRU"), ("GRU+ETS",)],
)
def test_any_models_can_be_compared(bakery, models, tmp_path):
    found = compare(bakery, models=models, **SMALL, seeds=1)
    assert list(found.table.index) == list(models)
    assert found.verdict.startswith(f"Use {found.recommended.replace('Naive', 'naive')}")
    assert found.future is not None
    found.write_html(tmp_path / "page.html")
    found.plot(tmp_path / "page.png")
    found.write_json(tmp_path / "found.json")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    trained = any(part in ("LSTM", "GRU") for model in models for part in parts(model))
    assert ("Training loss" in text) == trained
    assert ("more than chance?" in text) == bool(found.tests)
    show(found, Console(file=io.StringIO()))


@pytest.mark.parametrize("day", [170, 185, 199])
def test_nothing_after_a_cutoff_changes_a_forecast_made_at_it(bakery, result, day):
    changed = bakery.copy()
    changed.loc[day:, "sales"] = changed["sales"].max() * 3
    frame = compare(changed, horizon=3, **SMALL).frame
    before = frame["cutoff"] < bakery["date"][day]
    assert before.any()
    forecasts = [c for c in frame if c not in ("unique_id", "ds", "cutoff", "y")]
    assert {"ETS", "GRU-equal", "LSTM-seed2", "GRU-lo-80"} <= set(forecasts)
    pd.testing.assert_frame_equal(frame.loc[before, forecasts], result.frame.loc[before, forecasts])
    if day < 199:
        assert not frame[forecasts].equals(result.frame[forecasts])


def test_the_same_seed_gives_the_same_bits_and_another_does_not(bakery):
    one, two = (compare(bakery, seeds=1, seed=5, **SMALL).frame for _ in range(2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    other = compare(bakery, seeds=1, seed=6, **SMALL).frame
    assert not np.array_equal(one["LSTM"], other["LSTM"])


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (1.0, -1e4)])
def test_neither_unit_nor_level_changes_what_is_learnt(bakery, factor, shift):
    """Without logarithms: negative sales have none."""
    one = bakery.assign(sales=bakery["sales"] - 3e4)
    two = bakery.assign(sales=one["sales"] * factor + shift)
    one, two = (compare(f, seeds=1, **SMALL).frame["GRU"] for f in (one, two))
    np.testing.assert_allclose(two, one * factor + shift, rtol=1e-3)


def test_a_table_of_many_series_or_no_table_is_refused(bakery):
    with pytest.raises(TypeError, match="frame is list"):
        compare([1, 2, 3])
    with pytest.raises(TypeError, match="mood"):
        compare(bakery, mood="good")


def test_series_that_end_apart_are_judged_each_on_its_own_end(bakery):
    early = bakery.iloc[:100].assign(series_id="a")
    both = pd.concat([early, bakery.assign(series_id="b")])
    result = compare(both, n_jobs=1, seeds=1, **SMALL)
    assert "series end on 2 dates: each is judged on its own last ones" in result.notes
    assert result.frame.groupby("unique_id").size().to_dict() == {"a": 20, "b": 40}
    alone = compare(early, n_jobs=1, seeds=1, **SMALL).frame
    part = result.frame[result.frame["unique_id"] == "a"]
    pd.testing.assert_frame_equal(part, alone, check_exact=True)
    shared = compare(both, n_jobs=1, seeds=1, scope="global", skip_short=True, **SMALL)
    assert shared.skipped == ("a",)


def test_a_constant_series_has_no_scale(bakery):
    flat = compare(bakery.assign(sales=5.0), **SMALL)
    assert flat.table["MASE"].isna().all()
    assert flat.table.loc["Naive", "MAE"] == 0
    assert "WAPE" in flat.verdict


def test_the_reader_is_told_where_a_forecast_of_nothing_looks_good(bakery, result):
    assert not any("no sales on half" in note for note in result.notes)
    rare = bakery.assign(sales=bakery["sales"] * (np.arange(200) % 3 == 0))
    noted = compare(rare, n_jobs=1, seeds=1, **SMALL).notes
    assert any(note.startswith("no sales on half or more of the dates of sales") for note in noted)


@pytest.mark.parametrize("returns", [False, True])
def test_nothing_below_zero_is_forecast_unless_there_were_returns(returns):
    sales = np.random.default_rng(0).poisson(0.3, 120).astype(float)
    if returns:
        sales[::10] = -4
    dates = pd.date_range("2024-01-01", periods=120)
    frame = pd.DataFrame({"date": dates, "sales": sales})
    found = compare(frame, **SMALL, levels=(80,)).frame
    models = ["ETS", "Theta", "LSTM", "GRU"]
    lowest = found[[*models, *(f"{m}-lo-80" for m in models)]].min(axis=0)
    assert (lowest < 0).any() if returns else (lowest >= 0).all()
    fitted = RNNForecaster(**SMALL, levels=(80,)).fit(frame)
    future = fitted.predict()
    assert (future["GRU-lo-80"] < 0).all() if returns else (future["GRU-lo-80"] == 0).all()


def test_settings_may_be_lists_and_numbers_of_numpy(bakery):
    models = ["Naive", "LSTM", "GRU"]
    found = compare(bakery, **SMALL, models=models, levels=[80], horizon=np.int64(2))
    assert found.settings.models == tuple(models)
    with pytest.raises(ValueError, match="seed is 4294967296, expected less than"):
        compare(bakery, **SMALL, seed=1 << 32)


def test_networks_that_diverge_win_nothing(bakery):
    with np.errstate(all="ignore"):
        found = compare(bakery, **SMALL, learning_rate=1e38, models=("Naive", "LSTM", "GRU"))
    assert found.table.loc[["LSTM", "GRU"], "MAE"].isna().any()
    assert "made no forecasts that are numbers" in found.verdict


def test_the_same_comparison_twice_at_once(bakery, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    few = {**SMALL, "seeds": 1, "models": ("Naive", "LSTM", "GRU")}
    first = compare(bakery, **few, resume=False)
    second = compare(bakery, **few, resume=False)
    pd.testing.assert_frame_equal(first.frame, second.frame, check_exact=True)
    assert "another run of the same work is using it" in " ".join(second.notes)
    second.forget()
    assert len(first.frame) == len(second.frame)


@pytest.mark.parametrize("when", ["past_covariates", "future_covariates"])
def test_a_name_first_seen_after_a_cutoff_changes_nothing_before(bakery, when):
    frame = bakery[["date", "sales"]].assign(event="none", price=np.arange(200.0) % 5)
    frame.loc[::9, "event"] = "fair"
    options = {**SMALL, when: ["event", "price"], "categories": ["event"], "seeds": 1}
    changed = frame.copy()
    changed.loc[185:, "event"] = "strike"
    first, second = (compare(f, **options).frame for f in (frame, changed))
    before = first["cutoff"] < frame["date"][184]
    pd.testing.assert_frame_equal(first[before], second[before], check_exact=True)


def test_what_comes_next_is_forecast_by_the_model_that_was_best_before(bakery):
    result = compare(bakery, horizon=3, **SMALL)
    assert result.recommended == result.result.recommended
    fitted = RNNForecaster(result.recommended, horizon=3, **SMALL).fit(bakery)
    pd.testing.assert_frame_equal(result.future, fitted.predict(), check_exact=True)
    assert result.future["ds"].min() == bakery["date"].max() + pd.Timedelta(days=1)
    known = compare(bakery, future_covariates=["promo_share"], seeds=1, tune="off", **SMALL)
    unknown = any(part in ("LSTM", "GRU") for part in parts(known.recommended))
    assert (known.future is None) == unknown  # promotions to come are not in the table
