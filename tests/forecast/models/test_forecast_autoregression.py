"""AR: its regression against refits, its forecasts against processes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn.forecast.models.autoregression import PENALTIES, ar, ridge

RNG = np.random.default_rng(0)
GROWING = np.exp(np.arange(120) / 40) * (10 + 4 * np.sin(np.arange(120) * np.pi / 6))


def fitted(x, y, penalty):
    middle, mean = x.mean(axis=0), y.mean()
    x, y = x - middle, y - mean
    weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
    return weights, mean - middle @ weights


def test_the_penalty_is_that_of_least_error_when_each_row_is_left_out():
    """The formula leaves a row out of the centred regression; centring again differs by little."""
    x = RNG.normal(size=(40, 6))
    y = x @ [1, 0, 0, -1, 0, 0] + 3 + RNG.normal(size=40)
    errors = []
    for penalty in PENALTIES:
        misses = []
        for i in range(40):
            weights, bias = fitted(np.delete(x, i, 0), np.delete(y, i), penalty)
            misses.append(y[i] - x[i] @ weights - bias)
        errors.append(np.sum(np.square(misses)))
    weights, bias = ridge(x, y)
    expected, shift = fitted(x, y, PENALTIES[np.argmin(errors)])
    np.testing.assert_allclose(weights, expected, rtol=1e-8)
    assert bias == pytest.approx(shift)


def test_a_process_is_forecast_almost_as_by_who_knows_it():
    noise = RNG.normal(size=1200)
    y = np.zeros(1200)
    for t in range(2, 1200):
        y[t] = 1.5 * y[t - 1] - 0.8 * y[t - 2] + noise[t]
    places = np.arange(1000, 1198)
    one = 1.5 * y[places - 1] - 0.8 * y[places - 2]
    best = np.stack([one, 1.5 * one - 0.8 * y[places - 1]], axis=1)
    truth = y[places[:, None] + np.arange(2)]
    ours = ((ar(y, 1000, places, 2, 1) - truth) ** 2).mean(axis=0)
    assert (ours < 1.25 * ((best - truth) ** 2).mean(axis=0)).all()
    assert (ours < 0.5 * ((y[places - 1, None] - truth) ** 2).mean(axis=0)).all()


def test_a_season_that_grows_is_followed_in_any_unit():
    found = ar(GROWING, 96, [96, 100], 12, 12)
    assert np.abs(found[1] / GROWING[100:112] - 1).max() < 0.1
    np.testing.assert_allclose(ar(1000 * GROWING, 96, [96, 100], 12, 12), 1000 * found)


@pytest.mark.parametrize("y", [GROWING, GROWING - 20])
def test_sales_after_a_cutoff_change_no_forecast_at_it(y):
    later = y.copy()
    later[105:] = -50
    np.testing.assert_array_equal(ar(later, 100, [100, 105], 9, 12), ar(y, 100, [100, 105], 9, 12))


def test_forecasts_do_not_grow_without_end():
    y = np.exp(np.arange(60.0) ** 1.5 / 30)
    found = ar(y, 60, [60], 500, 1)
    assert np.isfinite(found).all()
    assert found.max() <= y[-1] ** 2 / y[0] * 1.001  # one width of the logarithms beyond


@pytest.mark.parametrize("y", [np.ones(40), np.array([1.0, 2, 3, 4])])
def test_what_nothing_can_be_learnt_from_is_repeated(y):
    n = len(y)
    assert ar(y, n, [n], 2, 7).tolist() == [[y[-1]] * 2]
