"""The forecaster inside sktime, and sktime's back-testing of it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # those of the library
    pytest.importorskip("sktime")
    from sktime.forecasting.model_evaluation import evaluate
    from sktime.split import ExpandingWindowSplitter

    from fusedrnn.forecast.adapters.sktime import SktimeForecaster

from fusedrnn.forecast import RNNForecaster

pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = {"epochs": 2, "seeds": 1, "units": 4, "timesteps": 8, "horizon": 3}


def series(n=90):
    index = pd.period_range("2024-01-01", periods=n, freq="D")
    return pd.Series(50.0 + 10 * (np.arange(n) % 7), index, name="sold")


def table(y):
    return y.set_axis(y.index.to_timestamp()).rename_axis("ds").rename("y").reset_index()


def test_it_forecasts_what_the_forecaster_does():
    y = series()
    own = RNNForecaster("LSTM", **SMALL).fit(table(y)).predict()
    forecaster = SktimeForecaster(RNNForecaster("LSTM", **SMALL)).fit(y)
    found = forecaster.predict(fh=[1, 3])
    assert list(found.index.astype(str)) == ["2024-03-31", "2024-04-02"]
    np.testing.assert_array_equal(found, own["LSTM"][[0, 2]])
    interval = forecaster.predict_interval(fh=[1, 2, 3], coverage=0.8)
    np.testing.assert_array_equal(interval["sold", 0.8, "upper"], own["LSTM-hi-80"])
    assert forecaster.clone().get_params()["forecaster__units"] == 4


def test_newer_values_move_the_origin_without_training():
    y = series()
    forecaster = SktimeForecaster(RNNForecaster(**SMALL)).fit(y[:80], fh=[1, 2])
    own = RNNForecaster(**SMALL).fit(table(y[:80]))
    forecaster.update(y[80:], update_params=False)
    np.testing.assert_array_equal(forecaster.predict(), own.predict(table(y))["GRU"][:2])
    forecaster.update(y[80:])
    again = RNNForecaster(**SMALL).fit(table(y)).predict()
    np.testing.assert_array_equal(forecaster.predict(), again["GRU"][:2])


def test_covariates_are_known_in_advance():
    y = series()
    index = pd.period_range("2024-01-01", periods=93, freq="D")
    X = pd.DataFrame({"price": np.arange(93.0) % 5}, index)
    forecaster = SktimeForecaster(RNNForecaster(**SMALL)).fit(y, X=X[:90])
    found = forecaster.predict(fh=[1, 2, 3], X=X[90:])
    whole = table(y).merge(
        X.set_axis(index.to_timestamp()).rename_axis("ds").reset_index(), how="right"
    )
    own = RNNForecaster(**SMALL, future_covariates=["price"]).fit(whole).predict()
    np.testing.assert_array_equal(found, own["GRU"])


@pytest.mark.parametrize("strategy", ["refit", "no-update_params"])
def test_its_back_testing_runs_ours(strategy):
    cv = ExpandingWindowSplitter(initial_window=80, step_length=4, fh=[1, 2, 3])
    found = evaluate(
        SktimeForecaster(RNNForecaster(**SMALL)),
        cv,
        series(),
        strategy=strategy,
        return_data=True,
        error_score="raise",
    )
    assert len(found) == 2
    last = found["y_pred"].iloc[-1]
    seen = series()[:80] if strategy == "no-update_params" else series()[:84]
    own = RNNForecaster(**SMALL).fit(table(seen)).predict(table(series()[:84]))
    np.testing.assert_array_equal(last, own["GRU"])


def test_what_is_past_is_not_forecast():
    forecaster = SktimeForecaster(RNNForecaster(**SMALL)).fit(series())
    with pytest.raises(NotImplementedError):
        forecaster.predict(fh=[-1, 1])
