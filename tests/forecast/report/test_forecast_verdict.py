from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fusedrnn.forecast.evaluate.significance import paired_test
from fusedrnn.forecast.report.verdict import verdict


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
    return verdict(table.mean().to_dict(), tests, "WAPE")


@pytest.mark.parametrize(
    ("means", "words"),
    [
        ((8, 9, 10, 20), ["LSTM forecasts better than GRU", "both beat the seasonal naive"]),
        ((9, 8, 10, 20), ["GRU forecasts better than LSTM"]),
        ((11, 12, 10, 20), ["neither beats the seasonal naive", "both lose to it"]),
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
    assert "too few to test" in judge(8, 9, 10, 20, n=5)
    rng = np.random.default_rng(5)
    index = pd.MultiIndex.from_product([range(3), range(30)], names=["cutoff", "unique_id"])
    table = pd.DataFrame(rng.normal([1.0, 1.5], 0.1, (90, 2)), index, ["a", "b"])
    test = difference(table, "a", "b")
    assert (test.test, test.pairs, test.shown) == ("Wilcoxon over series", 30, True)
    means = table.groupby(level="unique_id").mean()
    assert test.p_value == pytest.approx(stats.wilcoxon(means["a"], means["b"]).pvalue)
