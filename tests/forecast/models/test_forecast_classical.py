"""ETS and Theta carried forward are what statsmodels gives at the end of the training part."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast.models.classical import ets, mstl, theta

ets_models = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
theta_models = pytest.importorskip("statsmodels.tsa.forecasting.theta")

Y = load_bakery()["sales"].to_numpy(float)
TREND = np.cumsum(np.random.default_rng(0).normal(2, 1, 300))


@pytest.mark.parametrize(
    ("y", "season"), [(Y[:400], 7), (TREND, 1), (TREND + 9 * np.sin(TREND), 1)]
)
def test_ets_is_statsmodels_at_the_cut_and_with_its_parameters_later(y, season):
    cut = len(y) - 20
    shape = {"seasonal": "add", "seasonal_periods": season} if season > 1 else {}
    trends = ({}, {"trend": "add", "damped_trend": True})
    model, start = ets_models.ETSModel, {"initialization_method": "heuristic"}
    fits = [model(y[:cut], **shape, **t, **start).fit(disp=False) for t in trends]
    best = int(np.argmin([fit.aicc for fit in fits]))
    ours = ets(y, cut, [cut, cut + 5], 9, season)
    np.testing.assert_allclose(ours[0], fits[best].forecast(9))
    known = {n: getattr(fits[best], n) for n in ("initial_level", "initial_trend")[: 1 + best]}
    if season > 1:
        known["initial_seasonal"] = fits[best].initial_seasonal
    later = model(y[: cut + 5], **shape, **trends[best], initialization_method="known", **known)
    later = later.smooth(fits[best].params)
    np.testing.assert_allclose(ours[1], later.forecast(9))


def test_theta_is_statsmodels_at_the_cut_and_causal_later():
    fit = theta_models.ThetaModel(TREND[:250], deseasonalize=False).fit()
    ours = theta(TREND, 250, [250, 270], 6, 1)
    np.testing.assert_allclose(ours[0], fit.forecast(6, theta=2), rtol=1e-6)
    changed = TREND.copy()
    changed[270:] = 0
    np.testing.assert_array_equal(theta(changed, 250, [250, 270], 6, 1), ours)
    assert np.abs(theta(Y, 900, list(range(900, 1100)), 1, 7)[:, 0] - Y[900:1100]).mean() < 1500


def test_mstl_is_ets_of_what_stl_leaves_and_is_made_again_each_season():
    seasonal = pytest.importorskip("statsmodels.tsa.seasonal")
    y, origins = Y[:420], [400, 406, 407]
    found = mstl(y, 400, origins, 9, 7)
    taken = seasonal.MSTL(y[:400], periods=[7]).fit().seasonal
    pattern = np.resize(taken[-7:], 20)
    rest = y[:406] - np.concatenate([taken, pattern[:6]])
    expected = ets(rest, 400, origins[:2], 9, 1) + np.stack([pattern[:9], pattern[6:15]])
    np.testing.assert_allclose(found[:2], expected)
    changed = y.copy()
    changed[407:] = 0
    np.testing.assert_array_equal(mstl(changed, 400, origins, 9, 7), found)
    changed[406:] = 0
    again = mstl(changed, 400, origins, 9, 7)
    np.testing.assert_array_equal(again[:2], found[:2])
    assert not np.array_equal(again[2], found[2])


def test_mstl_takes_off_the_day_and_the_week_of_hours():
    t = np.arange(24 * 7 * 6)
    y = 100 + 10 * np.sin(2 * np.pi * t / 24) + 20 * (t // 24 % 7 == 6) + 0.01 * t
    cut = 24 * 7 * 5
    found = mstl(y, cut, [cut + 24 * 5], 48, 24)[0]  # from a Saturday over the Sunday
    assert np.abs(found - y[cut + 24 * 5 :][:48]).max() < 2
    np.testing.assert_array_equal(mstl(y[:200], 150, [150], 3, 1), ets(y[:200], 150, [150], 3, 1))
    assert mstl(np.ones(50), 40, [40], 2, 7).tolist() == [[1, 1]]
