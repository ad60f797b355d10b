"""ETS and Theta carried forward are what statsmodels gives at the end of the training part."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast.models.classical import ets, mstl, theta

ets_models = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
theta_models = pytest.importorskip("statsmodels.tsa.forecasting.theta")

Y = load_bakery()["sales"].to_numpy(float)
TREND = np.cumsum(np.random.default_rng(0).normal(2, 1, 300))


GROWING = np.exp(np.arange(120) / 40) * (10 + 4 * np.sin(np.arange(120) * np.pi / 6))


@pytest.mark.parametrize(
    ("y", "season", "logarithms"),
    [
        (Y[:400], 7, False),
        (TREND - TREND.min(), 1, False),
        (TREND + 9 * np.sin(TREND), 1, False),
        (GROWING + np.random.default_rng(0).normal(0, 1, 120), 12, True),
    ],
)
def test_ets_is_statsmodels_at_the_cut_and_with_its_parameters_later(y, season, logarithms):
    cut = len(y) - 20
    shape = {"seasonal": "add", "seasonal_periods": season} if season > 1 else {}
    trends = ({}, {"trend": "add", "damped_trend": True})
    model, start = ets_models.ETSModel, {"initialization_method": "heuristic"}
    raw = [model(y[:cut], **shape, **t, **start).fit(disp=False) for t in trends]
    scores = {(False, i): fit.aicc for i, fit in enumerate(raw)}
    if y[:cut].min() > 0:
        logs = np.log(y)
        fits = [model(logs[:cut], **shape, **t, **start).fit(disp=False) for t in trends]
        # the likelihood of y where log y is normal with these errors
        n = cut
        for i, fit in enumerate(fits):
            density = norm.logpdf(fit.resid, scale=np.sqrt((fit.resid**2).mean())) - logs[:cut]
            k = fit.df_model
            scores[True, i] = -2 * density.sum() + 2 * k + 2 * k * (k + 1) / (n - k - 1)
            np.testing.assert_allclose(scores[True, i], fit.aicc + 2 * logs[:cut].sum(), rtol=1e-6)
    chosen, best = min(scores, key=scores.get)
    assert chosen == logarithms
    values, fits, back = (logs, fits, np.exp) if chosen else (y, raw, np.asarray)
    ours = ets(y, cut, [cut, cut + 5], 9, season)
    np.testing.assert_allclose(ours[0], back(fits[best].forecast(9)))
    known = {n: getattr(fits[best], n) for n in ("initial_level", "initial_trend")[: 1 + best]}
    if season > 1:
        known["initial_seasonal"] = fits[best].initial_seasonal
    later = model(
        values[: cut + 5], **shape, **trends[best], initialization_method="known", **known
    )
    later = later.smooth(fits[best].params)
    np.testing.assert_allclose(ours[1], back(later.forecast(9)))


@pytest.mark.parametrize("method", [ets, theta])
def test_sales_after_the_cut_change_neither_logarithms_nor_parameters(method):
    cut, later = 100, GROWING.copy()
    later[105:] = -50
    np.testing.assert_array_equal(
        method(later, cut, [100, 105], 9, 12), method(GROWING, cut, [100, 105], 9, 12)
    )


def test_theta_follows_a_season_that_grows():
    found = theta(GROWING, 96, [96], 12, 12)[0]
    assert np.abs(found / GROWING[96:108] - 1).max() < 0.25
    shifted = GROWING - 20  # which is not positive: the season is added
    assert np.abs(theta(shifted, 96, [96], 12, 12)[0] - shifted[96:108]).max() > 10


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
