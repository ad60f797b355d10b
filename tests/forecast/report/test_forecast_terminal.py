from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import compare
from fusedrnn.forecast.report.terminal import show

SMALL = {"epochs": 2, "units": 4, "timesteps": 8}


@pytest.mark.parametrize("name", ["[/b]bread", "$\\frac$ bread"])
def test_any_name_of_a_series_can_be_shown(name, tmp_path):
    bakery = load_bakery().tail(200)
    frame = pd.concat([bakery[["date", "sales"]].assign(unique_id=n) for n in (name, "cake")])
    frame.loc[frame["unique_id"] == name, "sales"] = 1e9
    found = compare(frame, **SMALL, seeds=1, models=("Naive", "LSTM", "GRU"))
    found.write_html(tmp_path / "report.html")
    out = io.StringIO()
    show(found, Console(file=out, width=40))
    text = " ".join(out.getvalue().split())
    assert f"MASE is undefined: the training part of {name} is constant" in text
    assert "MAE RMSE" in text


def test_a_series_that_repeats_its_season_is_not_called_constant():
    days = pd.date_range("2024-01-01", periods=120)
    frame = pd.DataFrame({"ds": days, "y": 5.0 + days.day_of_week})
    found = compare(frame, **SMALL, seeds=1, models=("Naive", "LSTM", "GRU"))
    out = io.StringIO()
    show(found, Console(file=out, width=200))
    text = " ".join(out.getvalue().split())
    assert "MASE is undefined: the training part of sales repeats its season exactly" in text
    assert "constant" not in text
