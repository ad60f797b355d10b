"""Ways to prepare and train that are tried before the test part."""

from __future__ import annotations

import io
import re

import numpy as np
import pandas as pd
import pytest

from forecast_tables import growing
from fusedrnn.forecast import RNNForecaster, Settings, compare, tune
from fusedrnn.forecast.evaluate.tuning import Trial, Tuned, candidates

SMALL = {"units": 4, "timesteps": 14, "seeds": 1, "horizon": 3}
FAST = {**SMALL, "epochs": 6, "models": ("Naive", "LSTM", "GRU")}
TABLE = growing(72)


def rising(n=72):
    """A straight line with noise, which networks on the level of a window lag behind."""
    rng = np.random.default_rng(0)
    y = 500 + 9.0 * np.arange(n) + rng.normal(0, 1, n)
    return pd.DataFrame({"ds": pd.date_range("2001-01-01", periods=n, freq="MS"), "y": y})


@pytest.mark.parametrize("how", ["quick", "thorough"])
def test_every_candidate_can_be_compared_and_sees_nothing_later(how):
    """The last cutoff's own value, and all after it, are changed."""
    settings = Settings(**FAST).settled(12, 58, False)
    tried = candidates(settings, 12, 58, False, how)
    assert len(tried) == (20 if how == "thorough" else 5)
    changed = TABLE.assign(y=TABLE["y"].where(TABLE.index < 65, 9e3))
    for options in tried if how == "thorough" else [{}]:
        one, two = (compare(frame, **{**FAST, **options}).frame for frame in (TABLE, changed))
        before = one["cutoff"] < TABLE["ds"][65]
        forecasts = one.columns.difference(["unique_id", "ds", "cutoff", "y"])
        pd.testing.assert_frame_equal(
            one.loc[before, forecasts], two.loc[before, forecasts], check_exact=True
        )
        assert not one[forecasts].equals(two[forecasts])


def test_nothing_after_the_fold_that_is_tuned_on_changes_the_choice():
    first = len(TABLE) - 15 - 14  # row of the first forecast of the calibration fold
    changed = TABLE.assign(y=TABLE["y"].where(TABLE.index < first, 9e3))
    one, two = (tune(frame, **FAST) for frame in (TABLE, changed))
    assert one.trials == two.trials
    assert one.options == two.options
    earlier = TABLE.assign(y=TABLE["y"].where(TABLE.index != first - 1, 9e3))
    assert tune(earlier, **FAST).trials != one.trials


def test_a_pipe_is_read_once(monkeypatch):
    pipe = io.TextIOWrapper(io.BytesIO(TABLE.to_csv(index=False).encode()))
    monkeypatch.setattr("sys.stdin", pipe)
    assert any(each.options == {"calendar": True} for each in tune("-", **FAST).trials)


def test_what_is_chosen_is_used_and_said():
    found = tune(rising(), **FAST)
    assert found.options["base"] == "ETS"
    best = min(found.trials, key=lambda each: (-len(each.errors), each.errors[-1]))
    assert best.options == found.options
    result = compare(rising(), tune="quick", **FAST)
    assert result.settings.base == "ETS"
    (note,) = [note for note in result.notes if note.startswith("tried on sales before")]
    assert note.endswith("less is better); used: base ETS")
    by_hand = compare(rising(), **{**FAST, **found.options})
    pd.testing.assert_frame_equal(result.frame, by_hand.frame, check_exact=True)
    assert RNNForecaster(**{**SMALL, **found.options}).fit(rising()).predict()["GRU"].notna().all()


def test_what_the_user_says_is_not_changed():
    found = tune(rising(), **FAST, base="Theta", calendar=False, cycles=2)
    assert [each.options for each in found.trials] == [{}]
    assert not found.options
    with pytest.raises(ValueError, match="tune has no option 'mood'"):
        tune(rising(), mood="good")


def test_too_few_values_are_not_tuned():
    found = tune(rising(30), **FAST)
    assert (found.options, found.trials) == ({}, ())
    assert "nothing was tuned: too few values" in found.note


def test_days_that_span_two_years_have_the_calendar_unless_told_otherwise():
    t = np.arange(800)
    wave = 100 + 50 * np.sin(2 * np.pi * t / 365) + np.random.default_rng(0).normal(0, 3, 800)
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=800), "y": wave})
    fast = {"epochs": 3, "seeds": 1, "levels": ()}
    one = compare(frame, tune="off", **fast)
    two = compare(frame, calendar=False, **fast)
    assert "day_of_year_sin" in one.panel.known
    assert two.panel.known == ()
    assert compare(frame.tail(700), epochs=1, seeds=1, levels=()).panel.known == ()
    short = compare(frame, timesteps=5, horizon=7, epochs=1, seeds=1, levels=())
    assert short.panel.known == ()  # its windows would be too short for what is known in advance


@pytest.mark.parametrize("yearly", [True, False])
def test_the_calendar_is_kept_where_it_helps_before_the_test_part(yearly):
    t = np.arange(1200)
    rng = np.random.default_rng(1)
    holiday = (t % 365 >= 340) & (t % 365 < 352)  # nothing in the weeks before tells of it
    wave = 100 + 80 * holiday * yearly + rng.normal(0, 3, 1200)
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=1200), "y": wave})
    result = compare(frame, seeds=1, epochs=8, test_size=60, step=5, folds=1, levels=(80,))
    (note,) = [note for note in result.notes if note.startswith("tried on sales before")]
    kept = "day_of_year_sin" in result.panel.known
    errors = {k: float(v) for k, v in re.findall(r"(with|without) the calendar (\d+\.\d+)", note)}
    assert kept == (errors["with"] <= errors["without"])
    changed = frame.assign(y=frame["y"].where(t < 1140, 0.0))  # what is chosen knows no later sales
    again = compare(changed, seeds=1, epochs=8, test_size=60, step=5, folds=1, levels=(80,))
    assert again.panel.known == result.panel.known


@pytest.mark.parametrize("helps", [True, False])
def test_covariates_that_do_not_help_before_the_test_part_are_left_out(helps):
    """A promotion that does what it did, or one that does nothing from the fold on."""
    rng = np.random.default_rng(2)
    t, promo = np.arange(240), (rng.random(240) < 0.15).astype(float)
    did = promo * (helps | (t < 120))
    y = 100 * (1 + 0.6 * did) * np.exp(rng.normal(0, 0.03, 240))
    kind = np.where(promo, "sale", "")
    frame = pd.DataFrame({"ds": pd.date_range("2024-01-01", periods=240), "y": y, "promo": kind})
    told = {"future_covariates": ("promo",), "categories": ("promo",), "models": ("Naive", "GRU")}
    told |= {"epochs": 10, "units": 8, "seeds": 1, "step": 2, "base": "level"}
    result = compare(frame, **told)
    (note,) = [note for note in result.notes if note.startswith("tried on")]
    assert note.endswith("used: without covariates known in advance") == (not helps)
    assert result.panel.known == (("promo=sale",) if helps else ())
    changed = frame.assign(y=frame["y"].where(t < 192 - 48, 9e3))  # from the calibration fold on
    again = compare(changed, **told)
    assert again.panel.known == result.panel.known
    same = [re.sub(r"in \d+ s", "", note) for note in (note, *again.notes) if "tried on" in note]
    assert same[0] == same[1]
    if not helps:
        options = tune(frame, **told, how="calendar").options
        assert options == {"future_covariates": (), "categories": ()}
        by_hand = compare(frame, **told | options, timesteps=result.settings.timesteps)
        pd.testing.assert_frame_equal(by_hand.frame, result.frame, check_exact=True)
    assert compare(frame, **told, tune="off").panel.known == ("promo=sale",)


def test_the_note_of_what_was_tried_is_in_words():
    usual, ets = Trial({}, (0.9,)), Trial({"base": "ETS", "epochs": 33}, (0.95, 0.8125))
    start = "tried on sales before the test part, in 12 s: "
    end = "(the MASE of the networks, less is better); used: "
    assert Tuned(ets.options, (usual, ets), 12.3).note == (
        f"{start}the usual way 0.900; base ETS, 33 epochs 0.812 {end}base ETS, 33 epochs"
    )
    assert Tuned({}, (usual, ets), 12.3).note.endswith(
        "the usual way, as no other is a tenth better"
    )
    without = Trial({"calendar": False}, (1.0,))
    assert Tuned({}, (usual, without), 12.3).note == (
        f"{start}with the calendar 0.900; without the calendar 1.000 {end}with the calendar"
    )
    for word in ({"units": 25}, {"cycles": 0}, {"transform": "none"}, {"other": 3}):
        assert Trial(word, ()).name in (
            "25 units",
            "season of all years",
            "no logarithms",
            "other 3",
        )
