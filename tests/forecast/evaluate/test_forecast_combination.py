"""Means of models, and what is chosen before the test part."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fusedrnn.datasets import load_bakery_series
from fusedrnn.forecast import Settings, compare
from fusedrnn.forecast.evaluate.backtest import to_use, weighted
from fusedrnn.forecast.settings import MEAN, POOL

SMALL = {"epochs": 2, "units": 4, "timesteps": 8, "seeds": 2, "n_jobs": 1, "levels": (80,)}


@pytest.fixture(scope="module")
def table():
    return load_bakery_series().iloc[-160:, :3]


@pytest.fixture(scope="module")
def result(table):
    return compare(table, wide=True, horizon=3, **SMALL)


def test_a_mean_is_that_of_its_parts_with_intervals_of_its_own(table, result):
    *pairs, mean = result.settings.combined
    assert mean == MEAN == "Weighted"
    (best,) = {model.partition("+")[2] for model in pairs}
    assert best in result.settings.simple
    frame = result.frame
    for cell in ("LSTM", "GRU"):
        mean = (frame[cell] + frame[best]) / 2
        np.testing.assert_allclose(frame[f"{cell}+{best}"], mean)
        width = frame[f"{cell}+{best}-hi-80"] - frame[f"{cell}+{best}-lo-80"]
        assert (width > 0).any()
        assert not width.equals(frame[f"{cell}-hi-80"] - frame[f"{cell}-lo-80"])
    named = compare(
        table, wide=True, horizon=3, models=("Naive", "LSTM", "GRU", "GRU+Naive+ETS"), **SMALL
    )
    assert list(named.table.index) == ["Naive", "LSTM", "GRU", "GRU+Naive+ETS"]
    three = (frame["GRU"] + frame["Naive"] + frame["ETS"]) / 3
    np.testing.assert_allclose(named.frame["GRU+Naive+ETS"], three)
    assert ("GRU+Naive+ETS", "Naive") in named.tests


def test_the_weights_are_of_errors_before_the_test_part(table, result):
    errors = np.array([result.result.before[model] for model in POOL])
    weights = errors**-4.0 / (errors**-4.0).sum()
    assert weights.max() > 1.2 / len(POOL)
    frame = result.frame
    expected = (frame[list(POOL)] * weights).sum(axis=1)
    np.testing.assert_allclose(frame[MEAN], expected)
    said = [note for note in result.notes if note.startswith("Weighted, by errors before")]
    assert len(said) == 1
    assert f"LSTM {weights[0]:.0%}, GRU {weights[1]:.0%}" in said[0]
    alone = compare(table, wide=True, horizon=3, models=(MEAN,), **SMALL)
    np.testing.assert_allclose(alone.frame[MEAN], frame[MEAN])


def test_weights_are_the_same_where_an_error_is_unknown_and_all_of_one_without():
    errors = dict.fromkeys(POOL, 1.0)
    equal = np.full(len(POOL), 1 / len(POOL))
    for known in ({}, errors, errors | {"AR": np.nan}, dict.fromkeys(POOL, 0.0)):
        np.testing.assert_allclose(weighted(known), equal)
    perfect = weighted(errors | {"ETS": 0.0})
    assert perfect[POOL.index("ETS")] == pytest.approx(1)
    half = weighted(errors | {"AR": 0.5})
    assert half[POOL.index("AR")] == pytest.approx(16 / (15 + len(POOL)))


def test_the_best_simple_method_is_that_of_the_errors_before_the_test_part(table):
    """Made again from a run whose test part is the calibration fold of the first."""
    result = compare(table, wide=True, **SMALL)
    again = compare(table.iloc[:-32], wide=True, test_size=32, **SMALL | {"levels": ()})
    simple = result.settings.simple
    expected = again.table.loc[simple, "MASE"]  # of one step: none reaches into the test part
    np.testing.assert_allclose([result.result.before[m] for m in simple], expected)
    best = expected.idxmin()
    assert result.settings.combined[:2] == [f"LSTM+{best}", f"GRU+{best}"]
    assert result.result.recommended == to_use(result.result.before)
    assert any(result.result.recommended in note for note in result.notes)
    assert again.settings.combined[:2] == ["LSTM+ETS", "GRU+ETS"]  # nothing is known before
    assert again.result.recommended is None


@pytest.mark.parametrize("short", [False, True])
def test_nothing_after_the_first_cutoff_changes_what_is_chosen(table, result, short):
    """Of series that end apart, after the first cutoff of any."""
    frame = table.melt("date", var_name="unique_id", value_name="y").rename(columns={"date": "ds"})
    if short:
        ends = frame["ds"].max() - pd.Timedelta(days=50)
        frame = frame[(frame["unique_id"] != table.columns[1]) | (frame["ds"] <= ends)]
        ends -= pd.Timedelta(days=22)  # its test part
    else:
        ends = frame["ds"].max() - pd.Timedelta(days=32)
    changed = frame.assign(y=frame["y"].where(frame["ds"] <= ends, 1e5))
    one, two = (compare(each, horizon=3, **SMALL) for each in (frame, changed))
    assert one.result.before == two.result.before
    assert one.settings.models == two.settings.models
    earlier = frame.assign(y=frame["y"].where(frame["ds"] != ends, 1e5))
    assert compare(earlier, horizon=3, **SMALL).result.before != one.result.before


def test_the_mean_is_the_one_to_use_unless_another_is_worth_it():
    assert to_use({}) is None
    assert to_use({"ETS": 1.0, "GRU": 0.8}) == "GRU"
    assert to_use({"ETS": 0.91, MEAN: 1.0, "GRU": 0.95}) == MEAN
    assert to_use({"ETS": 0.89, MEAN: 1.0, "GRU": 0.95}) == "ETS"


@pytest.mark.parametrize("models", [("best",), ("LSTM+nothing",), ("LSTM+",), ("+",)])
def test_means_of_what_is_unknown_are_refused(models):
    with pytest.raises(ValueError, match=r"models is .*, expected some of Naive, .*LSTM\+ETS"):
        Settings(models=models)
