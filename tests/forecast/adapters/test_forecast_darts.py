"""The forecaster inside Darts, and Darts's back-testing of it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # those of the library
    darts = pytest.importorskip("darts")

    from fusedrnn.forecast.adapters.darts import DartsForecaster

from fusedrnn.forecast import RNNForecaster

pytestmark = pytest.mark.filterwarnings("ignore")

SMALL = {"epochs": 2, "seeds": 1, "units": 4, "timesteps": 8, "horizon": 3}


def table(n=90):
    index = pd.date_range("2024-01-01", periods=n, name="ds")
    return pd.DataFrame({"y": 50.0 + 10 * (np.arange(n) % 7)}, index)


def series(frame):
    return darts.TimeSeries.from_dataframe(frame)


def test_it_forecasts_what_the_forecaster_does():
    own = RNNForecaster("LSTM", **SMALL).fit(table()).predict()
    model = DartsForecaster(RNNForecaster("LSTM", **SMALL)).fit(series(table()))
    found = model.predict(3)
    assert found.start_time() == pd.Timestamp("2024-03-31")
    np.testing.assert_array_equal(found.values()[:, 0], own["LSTM"])
    with pytest.raises(ValueError, match="univariate"):
        model.fit(series(table().assign(z=1.0)))


def test_covariates_are_known_in_advance():
    covariates = table(93)[["y"]].rename(columns={"y": "price"}) % 5
    model = DartsForecaster(RNNForecaster(**SMALL))
    model.fit(series(table()), future_covariates=series(covariates))
    whole = covariates.join(table())
    own = RNNForecaster(**SMALL, future_covariates=["price"]).fit(whole).predict()
    np.testing.assert_array_equal(model.predict(3).values()[:, 0], own["GRU"])


@pytest.mark.parametrize("retrain", [True, False])
def test_its_back_testing_runs_ours(retrain):
    model = DartsForecaster(RNNForecaster(**SMALL)).fit(series(table(80)))
    found = model.historical_forecasts(
        series(table()),
        start=pd.Timestamp("2024-03-25"),
        forecast_horizon=3,
        stride=2,
        retrain=retrain,
        last_points_only=False,
    )
    assert [str(each.start_time().date()) for each in found] == ["2024-03-25", "2024-03-27"]
    seen = table(86) if retrain else table(80)
    own = RNNForecaster(**SMALL).fit(seen).predict(table(86))
    np.testing.assert_array_equal(found[-1].values()[:, 0], own["GRU"])
