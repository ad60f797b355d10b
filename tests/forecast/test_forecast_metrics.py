from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from scipy import stats

from fusedrnn.forecast.evaluate.metrics import METRICS, errors, seasonal_scale
from fusedrnn.forecast.evaluate.significance import diebold_mariano, paired_test
from fusedrnn.forecast.models.baselines import moving_average, naive, seasonal_naive
from fusedrnn.forecast.report.verdict import verdict


def test_metrics_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y, p, train = rng.uniform(1, 9, 50), rng.uniform(1, 9, 50), rng.uniform(1, 9, 40)
    row = dict(zip(METRICS, errors(y, p[:, None], seasonal_scale(train, 7))[:, 0], strict=True))
    assert row["MAE"] == pytest.approx(sk.mean_absolute_error(y, p))
    assert row["RMSE"] == pytest.approx(sk.root_mean_squared_error(y, p))
    assert row["WAPE"] == pytest.approx(100 * sk.mean_absolute_error(y, p) / y.mean())
    assert row["sMAPE"] == pytest.approx(np.mean(200 * np.abs(y - p) / (y + p)))
    assert row["MASE"] == pytest.approx(row["MAE"] / sk.mean_absolute_error(train[7:], train[:-7]))
    assert row["RMSSE"] == pytest.approx(
        row["RMSE"] / sk.root_mean_squared_error(train[7:], train[:-7])
    )


def test_undefined_metrics_are_missing_and_filled_values_are_not_scored():
    y, p = np.array([0.0, 0.0, np.nan]), np.array([0.0, 1.0, 50.0])
    row = dict(zip(METRICS, errors(y, p[:, None], (0.0, 0.0))[:, 0], strict=True))
    assert (row["MAE"], row["sMAPE"]) == (0.5, 100)
    assert np.isnan([row["WAPE"], row["MASE"], row["RMSSE"]]).all()


def test_diebold_mariano_is_the_t_test_where_there_is_no_correlation_to_count():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=12), rng.normal(0.5, size=12)  # 12 values: the rule counts 2 lags
    sm = pytest.importorskip("statsmodels.api")
    fit = sm.OLS(a - b, np.ones(12)).fit(
        cov_type="HAC", cov_kwds={"maxlags": 2, "use_correction": False}
    )
    n = 12
    t = fit.tvalues[0] * np.sqrt((n - 1) / n)
    test = diebold_mariano(a, b)
    assert test.p_value == pytest.approx(2 * stats.t.sf(abs(t), n - 1))
    assert test.low < test.mean < test.high


@pytest.mark.parametrize("horizon", [1, 7])
def test_diebold_mariano_is_wrong_as_rarely_as_it_says(horizon):
    """Losses of equally good models, correlated like overlapping forecasts: about 5 % false."""
    rng = np.random.default_rng(2)
    false = 0
    for _ in range(1000):
        noise = rng.normal(size=240 + horizon - 1)
        d = np.convolve(noise, np.ones(horizon) / horizon, "valid")
        false += diebold_mariano(d, np.zeros(240), horizon).shown
    assert 25 <= false <= 110


def test_a_difference_that_is_there_is_found_and_too_few_pairs_say_nothing():
    rng = np.random.default_rng(3)
    noise = rng.normal(size=200)
    assert diebold_mariano(noise, noise + rng.normal(0.5, 1, 200)).shown
    few = diebold_mariano([1.0, 2.0], [3.0, 4.0])
    assert np.isnan(few.p_value)
    assert not few.shown


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


def test_baselines():
    y = np.arange(20.0)
    assert naive(y, 5, [10], 2, 7).tolist() == [[9, 9]]
    assert seasonal_naive(y, 5, [10, 11], 3, 7).tolist() == [[3, 4, 5], [4, 5, 6]]
    assert seasonal_naive(y, 5, [8], 9, 7).tolist() == [[1, 2, 3, 4, 5, 6, 7, 1, 2]]
    assert moving_average(y, 5, [10], 1, 2).tolist() == [[8.5]]
