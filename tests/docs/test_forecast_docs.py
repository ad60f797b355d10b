"""The commands and the Python of docs/forecasting.md run as they stand, on tables made here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fusedrnn.cli.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "forecasting.md").read_text()
QUICK = shlex.split("--epochs 1 --seeds 1 --units 2 --timesteps 5")


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    n = 150
    days = pd.Series(pd.date_range("2024-01-01", periods=n))
    sold = rng.poisson(30 + 20 * (np.arange(n) % 7 > 4)).astype(float)
    frame = pd.DataFrame({"day": days, "sold": sold})
    frame.to_csv("sales.csv", index=False)
    later = pd.DataFrame({"day": days + pd.Timedelta(days=30), "sold": sold})
    later.to_csv("newer.csv", index=False)
    weeks = pd.date_range("2021-01-04", periods=n, freq="W-MON").strftime("%G-W%V")
    stores = pd.DataFrame({"week": weeks, "item": "bread", "units": sold + 0.5})
    stores = pd.concat([stores.assign(store=store) for store in "AB"])
    stores.to_csv("stores.csv", index=False, sep=";", decimal=",")
    pd.DataFrame({"date": days, "A": sold, "B": sold[::-1]}).to_csv("wide.csv", index=False)
    months = pd.date_range("2010-01-01", periods=n, freq="MS")
    monthly = pd.DataFrame({"year": months.year, "month": months.month_name(), "sales": sold})
    monthly.to_csv("monthly.csv", index=False)
    receipts = pd.DataFrame({"date": days, "sales": sold})
    receipts = pd.concat([receipts, receipts.iloc[::3]]).drop(index=[5, 70])
    receipts.loc[40, "sales"] = np.nan
    receipts.to_csv("receipts.csv", index=False)
    stamps = days.repeat(4) + pd.to_timedelta(np.tile([9, 12, 15, 18], n), "h")
    tills = pd.DataFrame({"date": stamps, "sales": np.repeat(sold / 4, 4)})
    tills.to_csv("tills.csv", index=False)
    promo = pd.DataFrame({"date": days, "sales": sold, "visitors": 3 * sold})
    promo = promo.assign(price=rng.uniform(1, 2, n), holiday=None)
    promo.loc[::30, "holiday"] = "fair"
    promo.to_csv("promo.csv", index=False)


def test_the_commands(tables, capsys):
    blocks = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert len(commands) == 11
    for name, *arguments in commands:
        assert name == "fusedrnn"
        quick = [] if arguments[0] == "forecast" else QUICK
        assert main([*arguments, *quick]) == 0, (arguments, capsys.readouterr().err)
    assert "<html" in Path("report.html").read_text()
    assert list(pd.read_csv("week.csv"))[:3] == ["unique_id", "ds", "GRU"]


def test_the_python(tables):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code.replace("epochs=20", "epochs=1, units=2"), "docs/forecasting.md", "exec"), {})
