from __future__ import annotations

import numpy as np
import pytest

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import compare

SMALL = {"epochs": 2, "units": 4, "timesteps": 8, "seeds": 2}


def test_intervals_hold_as_many_sales_as_they_say():
    result = compare(load_bakery(), seeds=1, epochs=5, models=("SeasonalNaive", "LSTM", "GRU"))
    told = result.coverage.set_index(["model", "level"])["coverage"]
    for model in ("SeasonalNaive", "LSTM", "GRU"):
        frame = result.frame
        inside = frame["y"].between(frame[f"{model}-lo-80"], frame[f"{model}-hi-80"])
        assert told[model, 80] == pytest.approx(100 * inside.mean())
        assert told[model, 80] == pytest.approx(80, abs=8)
        assert told[model, 95] == pytest.approx(95, abs=4)


def test_an_interval_is_the_quantile_of_the_errors_known_at_its_cutoff():
    frame = compare(load_bakery().tail(250), horizon=2, **SMALL).frame
    first = frame.groupby("cutoff").nth(0).reset_index(drop=True)
    half = (first["Naive-hi-80"] - first["Naive"]).to_numpy()
    errors = (first["y"] - first["Naive"]).abs().to_numpy()
    # One new error is known at each cutoff, so the width changes only towards it or not at all.
    rose = np.diff(half) > 0
    assert rose.any()
    assert (errors[:-1][rose] > half[:-1][rose]).all()
