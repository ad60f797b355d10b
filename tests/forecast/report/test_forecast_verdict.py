from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fusedrnn.forecast import compare
from fusedrnn.forecast.evaluate.significance import paired_test
from fusedrnn.forecast.report.verdict import verdict
from fusedrnn.forecast.report.words import every


def difference(losses, a, b):
    d = losses[a] - losses[b]
    over_time, over_series = (d.groupby(level=k).mean() for k in ("cutoff", "unique_id"))
    return paired_test(over_time.to_numpy(), over_series.to_numpy(), 1)


def judge(lstm, gru, seasonal, naive, n=200, noise=0.05, equal=None):
    """Return the verdict on losses with these means."""
    rng = np.random.default_rng(4)
    means = {"LSTM": lstm, "GRU": gru, "SeasonalNaive": seasonal, "Naive": naive}
    means |= {"GRU-equal": equal} if equal else {}
    table = pd.DataFrame({m: mean + rng.normal(0, noise, n) for m, mean in means.items()})
    table.index = pd.MultiIndex.from_product([range(n), ["a"]], names=["cutoff", "unique_id"])
    pairs = [("LSTM", "GRU"), *((c, m) for c in ("LSTM", "GRU") for m in list(means)[2:])]
    tests = {(a, b): difference(table, a, b) for a, b in pairs}
    lost, others = verdict(table.mean().to_dict(), tests, "WAPE")
    return "; ".join([*lost, *others]) + "."


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ((8, 9, 10, 20), ["LSTM forecasts better than GRU", "both beat the seasonal naive"]),
        ((9, 8, 10, 20), ["GRU forecasts better than LSTM"]),
        ((11, 12, 10, 20), ["neither network beats the seasonal naive", "both lose to it"]),
        ((9, 12, 10, 20), ["LSTM beats the seasonal naive", "GRU loses to the seasonal naive"]),
        ((25, 29, 10, 20), ["LSTM and GRU even lose to naive", "--timesteps"]),
        ((8, 9, 20, 10), ["both beat naive, the best simple method"]),
        ((8.01, 8.04, 10, 20, 200, 0.005), ["WAPE 8.01 % against 8.04 %"]),
        ((8, 9, 10, 20, 200, 0.05, 9), ["units and with as many weights"]),
        ((8, 9, 10, 20, 200, 0.05, 7), ["LSTM forecasts better", "weights GRU is better (7.0 %"]),
    ],
)
def test_the_verdict_follows_the_numbers(means, words):
    sentence = judge(*means)
    for word in words:
        assert word in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_verdict_admits_chance():
    sentence = judge(9, 9, 9, 20, noise=3)
    assert "no difference that the data can tell from chance" in sentence
    assert "neither differs from the seasonal naive" in sentence


def test_few_forecasts_of_one_series_say_nothing_and_those_of_many_are_ranked():
    sentence = judge(8, 9, 10, 20, n=5)
    assert "LSTM is 11 % better than GRU (WAPE 8.0 % against 9.0 %); " in sentence
    assert "LSTM is 20 % and GRU 10 % better than the seasonal naive" in sentence
    assert sentence.endswith("; this is not proven: about five independent test periods.")
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product([range(3), range(30)], names=["cutoff", "unique_id"])
    table = pd.DataFrame(rng.normal([1.0, 1.5], 0.1, (90, 2)), index, ["a", "b"])
    test = difference(table, "a", "b")
    assert (test.test, test.pairs, test.shown) == ("Wilcoxon over series", 30, True)
    means = table.groupby(level="unique_id").mean()
    assert test.p_value == pytest.approx(stats.wilcoxon(means["a"], means["b"]).pvalue)


def test_windows_that_overlap_are_few_periods_and_series_decide_where_there_are_more():
    over_time = np.full(17, 0.58)  # 17 cutoffs of 13 weeks: weeks 1 to 29
    one = paired_test(over_time, np.array([0.58]), 13)
    assert (one.independent, one.shown) == (2, False)
    assert np.isnan(one.p_value)
    over_series = np.array([0.9, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, -0.1])  # worse on 7 of 8
    many = paired_test(over_time, over_series, 13)
    assert (many.test, many.independent, many.shown) == ("Wilcoxon over series", 8, True)
    assert many.p_value == pytest.approx(2 / 128)
    apart = paired_test(np.random.default_rng(6).normal(1, 0.1, 17), over_series, 13, step=13)
    assert (apart.test, apart.independent) == ("Diebold-Mariano over cutoffs", 17)


def test_that_both_networks_lose_stands_in_the_first_sentence():
    result = compare(steady(), horizon=1, epochs=1, seeds=1, units=2, timesteps=8, levels=(),
                     models=("SeasonalNaive", "ETS", "LSTM", "GRU"))  # fmt: skip
    first, _, rest = result.verdict.partition(". ")
    assert re.match(
        r"Use (ETS|the seasonal naive), which takes hardly any time: its forecasts are off by "
        r"about [\d.]+ of 10 a day \(WAPE \d+\.\d %\); neither network beats",
        first,
    )
    assert rest.startswith(("LSTM ", "GRU "))


def test_a_forecast_of_zero_that_would_win_is_said_first():
    rng = np.random.default_rng(7)
    y = np.where(rng.random(200) < 0.12, rng.integers(1, 9, 200), 0).astype(float)
    frame = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=200), "y": y})
    result = compare(frame, horizon=1, epochs=1, seeds=1, units=2, timesteps=8, levels=(),
                     models=("Naive", "MovingAverage", "LSTM", "GRU"))  # fmt: skip
    table = result.table
    assert result.summary.zero < table["MASE"].min()
    least = {"Naive": "naive", "MovingAverage": "the moving average"}
    best = table["RMSE"].idxmin()
    assert result.verdict.startswith("Most of these sales are zero, and a forecast of 0 has the ")
    assert f"judge by the RMSE, which is least for {least.get(best, best)} " in result.verdict


def steady():
    """Return sales that last week's values tell but for a little noise."""
    rng = np.random.default_rng(8)
    y = 10 + 4 * np.sin(2 * np.pi * np.arange(220) / 7) + rng.normal(0, 0.02, 220)
    return pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=220), "y": y})


def test_wape_and_bias_of_several_series_are_of_all_sales_together():
    days = pd.date_range("2020-01-01", periods=120)
    rng = np.random.default_rng(9)
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": days, "y": level + rng.normal(0, 1, 120).cumsum()})
        for name, level in (("small", 20), ("large", 2000))
    )
    result = compare(frame, horizon=1, epochs=1, seeds=1, units=2, timesteps=8, levels=(), n_jobs=1,
                     models=("Naive", "LSTM", "GRU"))  # fmt: skip
    each = result.frame
    for model in ("Naive", "LSTM", "GRU"):
        miss, sold = each[model] - each["y"], each["y"].abs().sum()
        assert result.table.loc[model, "WAPE"] == pytest.approx(100 * miss.abs().sum() / sold)
        assert result.table.loc[model, "bias"] == pytest.approx(100 * miss.sum() / sold)
    assert " a day in each series (WAPE " in result.verdict


@pytest.mark.parametrize(
    ("freq", "words"),
    [("D", "a day"), ("C-1111110", "a day"), ("B", "a business day"), ("W-SUN", "a week"),
     ("BME", "a month"), ("QS-OCT", "a quarter"), ("2h", "every 2h")],
)  # fmt: skip
def test_a_period_is_named_in_words(freq, words):
    assert every(freq) == words
