"""The windows that networks learn from."""

from __future__ import annotations

import pandas as pd

from forecast_tables import growing
from fusedrnn.forecast import compare
from fusedrnn.forecast.models import inputs


def test_the_reader_is_told_that_networks_learnt_from_a_sample(monkeypatch):
    monkeypatch.setattr(inputs, "WINDOWS", 100)
    table = pd.concat([growing(60).assign(unique_id=name) for name in "ab"])
    small = {
        "epochs": 1,
        "units": 2,
        "timesteps": 3,
        "seeds": 1,
        "models": ("Naive", "LSTM", "GRU"),
    }
    result = compare(table, scope="global", n_jobs=1, **small)  # 2 x (60 - 12 - 3) windows
    assert not any("sample" in note for note in result.notes)
    monkeypatch.setattr(inputs, "WINDOWS", 50)
    result = compare(table, scope="global", n_jobs=1, **small)
    said = "networks over all series learn from an even sample of 50 of 90 windows"
    assert said in result.notes
