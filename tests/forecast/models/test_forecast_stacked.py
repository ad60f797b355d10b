"""Networks of several recurrent layers."""

from __future__ import annotations

import pandas as pd
import pytest

from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
from fusedrnn.forecast.models.network import build
from fusedrnn.forecast.settings import Settings


def table(series=1):
    days = pd.date_range("2024-01-01", periods=90)
    names = [f"shop {k}" for k in range(series)]
    frames = [
        pd.DataFrame({"id": name, "ds": days, "y": 50.0 + 9 * (days.day_of_week + k) % 11})
        for k, name in enumerate(names)
    ]
    return pd.concat(frames)


def test_so_many_layers_are_built_and_equal_weights_count_them_all():
    settings = Settings(timesteps=6, horizon=2, units=5, layers=3, strategy="direct")
    lstm, gru, equal = (build(cell, 4, settings) for cell in ("LSTM", "GRU", "GRU-equal"))
    for network in (lstm, gru, equal):
        assert [type(each).__name__ for each in network.layers[:-1]] == [
            type(network.layers[0]).__name__
        ] * 3
        assert network.output_shape == (None, 2)
    counts = [each.count_params() for each in (lstm, gru, equal)]
    assert counts[0] == 4 * 5 * (4 + 5 + 1) + 2 * 4 * 5 * (5 + 5 + 1) + 2 * 6
    assert abs(counts[2] - counts[0]) < abs(counts[1] - counts[0])


@pytest.mark.parametrize(
    ("cell", "options"),
    [("LSTM", {}), ("GRU-equal", {}), ("GRU", {"scope": "global", "embeddings": "series"})],
)
def test_they_are_kept(cell, options, tmp_path):
    options |= {"units": 4, "timesteps": 8, "epochs": 2, "seeds": 1, "levels": ()}
    frame = table(3 if "scope" in options else 1)
    fitted = RNNForecaster(cell, layers=2, id="id", horizon=2, **options).fit(frame)
    save_forecaster(fitted, tmp_path / "kept")
    kept = load_forecaster(tmp_path / "kept")
    pd.testing.assert_frame_equal(kept.predict(), fitted.predict(), check_exact=True)
    one = RNNForecaster(cell, id="id", horizon=2, **options).fit(frame)
    assert len(fitted.weights_[0]) == len(one.weights_[0]) + 3
