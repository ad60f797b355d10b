from __future__ import annotations

import os
import signal
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from fusedrnn.cli.main import main
from fusedrnn.datasets import BAKERY_KNOWN, BAKERY_PAST, load_bakery_series
from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
from fusedrnn.forecast.forecaster import estimator

SMALL = {"epochs": 3, "units": 4, "timesteps": 14, "seeds": 2}


def test_parameters_obey_scikit_learn(bakery):
    forecaster = RNNForecaster("LSTM", **SMALL)
    params = forecaster.get_params()
    assert params["cell"] == "LSTM"
    assert clone(forecaster).get_params() == params
    assert forecaster.set_params(units=7).units == 7
    assert forecaster.fit(bakery) is forecaster
    assert forecaster.get_params() == {**params, "units": 7}
    assert "weights_" not in vars(clone(forecaster))


def test_the_future_follows_the_last_sales(bakery, fitted):
    future = fitted.predict()
    assert list(future["ds"]) == list(pd.date_range("2019-05-01", periods=3))
    assert (future["GRU-lo-95"] <= future["GRU-lo-80"]).all()
    assert (future["GRU-lo-80"] < future["GRU"]).all()
    assert (future["GRU"] < future["GRU-hi-80"]).all()
    assert (future["GRU-hi-80"] <= future["GRU-hi-95"]).all()
    assert future["GRU"].between(bakery["sales"].min(), bakery["sales"].max()).all()


def test_the_errors_of_the_intervals_are_those_of_the_held_out_part(bakery, fitted):
    errors = fitted.errors_[0]
    assert errors.shape == (60 - 3 + 1, 3)
    assert (np.diff(errors, axis=0) >= 0).all()
    future = fitted.predict()
    half = errors[int(np.ceil((len(errors) + 1) * 0.8)) - 1]
    np.testing.assert_allclose(future["GRU-hi-80"] - future["GRU"], half)


def test_newer_sales_move_the_origin_and_longer_horizons_feed_back(bakery, fitted):
    early = RNNForecaster(horizon=3, **SMALL).fit(bakery.head(280))
    newer = early.predict(bakery)
    assert newer["ds"][0] == pd.Timestamp("2019-05-01")
    longer = early.predict(bakery, horizon=8)
    pd.testing.assert_series_equal(longer["GRU"][:3], newer["GRU"])
    assert longer["GRU"].notna().all()
    assert longer["GRU-lo-80"].isna().tolist() == [False] * 3 + [True] * 5
    # Fed back: the next block is what the network says after its own first block.
    fed = pd.DataFrame({"date": newer["ds"], "sales": newer["GRU"]})
    after = early.predict(pd.concat([bakery[["date", "sales"]], fed]))
    # The mean of two networks fed with its own forecast is not that of each fed with its own.
    np.testing.assert_allclose(after["GRU"], longer["GRU"][3:6], rtol=0.05)


def test_a_recursive_network_has_one_output(bakery):
    frame = RNNForecaster(horizon=4, strategy="recursive", **SMALL).fit(bakery)
    assert frame.weights_[0][-1].shape == (1,)
    assert frame.predict()["GRU"].notna().all()


def die_once(mark, key, function, *args):
    """Kill the worker that is the first to come here."""
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return key, function(*args)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.filterwarnings("ignore:A worker stopped")
@pytest.mark.parametrize("scope", ["local", "global"])
def test_a_fit_survives_a_killed_worker(scope, monkeypatch, tmp_path):
    series = load_bakery_series().iloc[-150:, :4]
    options = {"wide": True, "scope": scope, **SMALL}
    undisturbed = RNNForecaster(**options).fit(series).predict()
    monkeypatch.setattr(estimator, "_named", partial(die_once, tmp_path / "died"))
    found = RNNForecaster(**options, n_jobs=2).fit(series).predict()
    assert (tmp_path / "died").exists()
    pd.testing.assert_frame_equal(found, undisturbed, check_exact=True)


def test_known_covariates_must_reach_the_horizon(bakery):
    names = {"future_covariates": BAKERY_KNOWN, "past_covariates": BAKERY_PAST}
    forecaster = RNNForecaster(horizon=2, **SMALL, **names).fit(bakery)
    with pytest.raises(ValueError, match=r"is_holiday, .* need rows until 2019-05-02"):
        forecaster.predict()
    days = pd.DataFrame(
        {"date": pd.date_range("2019-05-01", periods=2), **dict.fromkeys(BAKERY_KNOWN, 0.0)}
    )
    closed = days.assign(is_holiday=1.0)
    open_, shut = (forecaster.predict(pd.concat([bakery, d])) for d in (days, closed))
    assert (open_["GRU"] != shut["GRU"]).all()
    longer = pd.concat([bakery, days, days.tail(1).assign(date=pd.Timestamp("2019-05-03"))])
    with pytest.raises(ValueError, match="known only afterwards"):
        forecaster.predict(longer, horizon=3)


def test_categories_of_newer_sales_are_those_of_the_fit(bakery, tmp_path):
    rng = np.random.default_rng(0)
    event = rng.choice(["sale", "easter", ""], len(bakery) - 1)
    table = bakery[["date", "sales"]][:-1].assign(event=event)
    options = {"future_covariates": ("event",), "categories": ("event",), **SMALL}
    forecaster = RNNForecaster(**options).fit(table)
    save_forecaster(forecaster, tmp_path / "model")
    forecaster = load_forecaster(tmp_path / "model")
    day = pd.DataFrame({"date": [table["date"].iloc[-1] + pd.Timedelta(days=1)]})
    newer = table.tail(100).assign(event="")
    found = [
        forecaster.predict(pd.concat([newer, day.assign(event=name)]))["GRU"].item()
        for name in ("sale", "easter", "", None)
    ]
    assert len(set(found)) == 3
    assert found[2] == found[3]
    with pytest.raises(ValueError, match=r"'event': 'flood', expected one of: .*easter"):
        forecaster.predict(pd.concat([newer, day.assign(event="flood")]))


def test_the_command_takes_categories_and_dates_in_several_columns(tmp_path):
    months = pd.date_range("2018-01-01", periods=60, freq="MS")
    frame = pd.DataFrame({"year": months.year, "month": months.month, "sales": np.arange(60.0)})
    frame["event"] = ["sale", "easter", ""] * 20
    frame.to_csv(tmp_path / "sales.csv", index=False)
    small = ["--epochs", "1", "--units", "2", "--seeds", "1", "--timesteps", "6"]
    columns = ["--date", "year,month", "--past-covariates", "event", "--categories", "event"]
    out = str(tmp_path / "model")
    assert main(["fit", str(tmp_path / "sales.csv"), *columns, *small, "--out", out]) == 0
    panel = load_forecaster(out).panel_
    assert panel.past == ("event=sale", "event=easter")
    assert (panel.freq, panel.series[0].ds[-1]) == ("MS", pd.Timestamp("2022-12-01"))


def test_cross_validation_is_a_frame_of_forecasts(bakery):
    frame = RNNForecaster("LSTM", **SMALL).cross_validation(bakery, test_size=30, folds=2)
    assert list(frame)[:5] == ["unique_id", "ds", "cutoff", "y", "LSTM"]
    assert len(frame) == 30


def test_a_grid_search_chooses_by_what_follows_the_fitted_sales(bakery):
    table = bakery[["date", "sales"]]
    fitted = RNNForecaster(horizon=2, **SMALL).fit(table[:-5])
    future = fitted.predict(horizon=5)
    error = np.abs(future["GRU"].to_numpy() - table["sales"][-5:].to_numpy()).mean()
    assert fitted.score(table[-5:]) == pytest.approx(-error)
    assert fitted.score(table) == pytest.approx(-error)
    with pytest.raises(ValueError, match="no row of the table follows"):
        fitted.score(table[:-5])
    small = RNNForecaster(**{**SMALL, "seeds": 1})
    cv = TimeSeriesSplit(2, test_size=7)
    search = GridSearchCV(small, {"units": [1, 8]}, cv=cv, error_score="raise").fit(table)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_bad_use_is_named(bakery, fitted):
    with pytest.raises(NotFittedError):
        RNNForecaster().predict()
    with pytest.raises(ValueError, match="cell is RNN, expected some of Naive"):
        RNNForecaster("RNN").fit(bakery)
    with pytest.raises(ValueError, match="units is 0"):
        RNNForecaster(units=0).fit(bakery)
    with pytest.raises(ValueError, match="has 14 values, training needs at least"):
        RNNForecaster(**SMALL).fit(bakery.head(14))
    with pytest.raises(ValueError, match="series 'b' was not among"):
        fitted.predict(bakery.assign(unique_id="b"))
    with pytest.raises(ValueError, match="horizon is 0"):
        fitted.predict(horizon=0)
    with pytest.raises(ValueError, match="frequency W-MON, expected D"):
        fitted.predict(bakery[bakery["date"].dt.day_of_week == 0])
    with pytest.raises(ValueError, match="has 1 values, expected at least timesteps = "):
        fitted.predict(bakery.tail(1))


def test_the_command_line_fits_and_forecasts(bakery, tmp_path, capsys):
    table, model, out = tmp_path / "sales.csv", tmp_path / "model", tmp_path / "future.csv"
    bakery.to_csv(table, index=False)
    options = ["--epochs", "2", "--units", "3", "--timesteps", "10", "--seeds", "1"]
    assert main(["fit", str(table), *options, "--cell", "LSTM", "--out", str(model)]) == 0
    assert "LSTM fitted to one series (days; season of 7: a week)." in capsys.readouterr().out
    assert main(["forecast", str(model), "--horizon", "5"]) == 0
    shown = capsys.readouterr()
    assert "2019-05-05" in shown.out
    assert "NaN" not in shown.out
    assert "no 95 % interval in 4 of 5 rows: too few earlier errors are known" in shown.err
    assert main(["forecast", str(model), str(table), "--csv", str(out)]) == 0
    assert list(pd.read_csv(out)["ds"]) == ["2019-05-01"]
    assert main(["fit", str(table), *options, "--out", str(tmp_path)]) == 2
    assert "is no saved forecaster" in capsys.readouterr().err
    assert main(["forecast", str(tmp_path / "none")]) == 2


def test_early_returns_are_remembered(tmp_path):
    frame = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=90), "sales": 0.0})
    frame.loc[::9, "sales"] = 2.0
    frame.loc[3, "sales"] = -50.0
    forecaster = RNNForecaster(horizon=3, **SMALL).fit(frame)
    future = forecaster.predict()
    assert (future["GRU-lo-80"] < 0).all()
    save_forecaster(forecaster, tmp_path / "kept")
    pd.testing.assert_frame_equal(
        load_forecaster(tmp_path / "kept").predict(), future, check_exact=True
    )
    assert (forecaster.predict(frame.tail(30))["GRU-lo-80"] < 0).all()


def test_the_calendar_reaches_any_horizon(bakery):
    forecaster = RNNForecaster(horizon=3, calendar=True, **SMALL).fit(bakery)
    whole, part = forecaster.predict(horizon=6), forecaster.predict(horizon=5)
    pd.testing.assert_frame_equal(part, whole.head(5), check_exact=True)


def test_business_days_continue_days(bakery):
    forecaster = RNNForecaster(missing_dates="zero", **SMALL).fit(bakery)
    newer = bakery[bakery["date"].dt.day_of_week < 5]
    assert len(forecaster.predict(newer)) == 1


def test_no_closed_day_is_forecast(tmp_path):
    pytest.importorskip("holidays")
    days = pd.date_range("2023-11-01", "2024-04-29")
    frame = pd.DataFrame({"date": days, "sales": 10.0 + days.day_of_week})
    frame = frame[days.day_of_week < 6]
    frame = frame[~frame["date"].isin(pd.to_datetime(["2023-12-08", "2023-12-25", "2024-01-01"]))]
    rules = {"missing_dates": "closed", "country": "ES"}
    forecaster = RNNForecaster(**SMALL, **rules, horizon=6).fit(frame)
    assert (forecaster.panel_.freq, forecaster.panel_.season) == ("C-1111110", 6)
    future = forecaster.predict()  # without the 1st of May, a Wednesday, and the 5th, a Sunday
    assert future["ds"].dt.day.tolist() == [30, 2, 3, 4, 6]
    assert list(future.index) == list(range(5))
    save_forecaster(forecaster, tmp_path / "kept")
    assert load_forecaster(tmp_path / "kept").predict().equals(future)
    newer = forecaster.predict(frame.iloc[-20:-6])  # of which Fridays might be missing
    assert newer["ds"].dt.strftime("%m-%d").iloc[0] == "04-23"
    every = RNNForecaster(**SMALL, calendar=True, missing_dates="closed", horizon=2).fit(frame)
    assert len(every.predict()) == 2
    assert len(forecaster.cross_validation(frame, test_size=20)) > 0


def test_hours_that_a_forecast_needs_are_named():
    frame = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=90, freq="h")})
    frame = frame.assign(sales=1.0 + frame.index % 24, price=2.0)
    forecaster = RNNForecaster(**SMALL, future_covariates=["price"], horizon=2).fit(frame)
    with pytest.raises(ValueError, match="until 2024-01-04 19:00; they end on 2024-01-04 17:00"):
        forecaster.predict()


def test_newer_weeks_are_brought_to_those_that_were_fitted():
    days = pd.date_range("2022-01-02", periods=120, freq="W-SUN").to_series()
    days.iloc[[7, 40]] += pd.Timedelta(days=1)
    frame = pd.DataFrame({"ds": days.to_numpy(), "y": 10.0 + np.arange(120) % 5})
    forecaster = RNNForecaster(**SMALL, horizon=2).fit(frame)
    assert forecaster.panel_.freq == "W-SUN"
    mondays = frame.assign(ds=frame["ds"] - pd.Timedelta(days=6)).iloc[50:]
    np.testing.assert_array_equal(forecaster.predict(mondays)["GRU"], forecaster.predict()["GRU"])
