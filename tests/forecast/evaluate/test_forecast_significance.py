from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fusedrnn.forecast.evaluate.significance import diebold_mariano


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
