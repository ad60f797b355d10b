"""Tables of sales, and the ways through ``forecast.data``, that tests of forecast share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from fusedrnn.forecast.data.panel import read_panel
from fusedrnn.forecast.data.table import to_long
from fusedrnn.forecast.settings import PanelOptions, TableOptions, pick

EVENTS = [None, "easter", "sale", " easter", "", "sale", *[None] * 24]
"""Of 30 days, some with blanks around a name or nothing but them."""


def long_of(table, **options):
    """Return the long table that these options make."""
    return to_long(table, TableOptions(**options))


def panel_of(table, **options):
    """Return the panel that these options, of table and panel, make."""
    where, rules = pick(TableOptions, options), pick(PanelOptions, options)
    assert options.keys() <= vars(where).keys() | vars(rules).keys()
    return read_panel(table, where, rules)


def series_of(table):
    """Return the only series of a table, and its season."""
    panel = panel_of(table)
    (series,) = panel.series
    return series, panel.season


def rows(table, **options):
    """Return all rows of a long table."""
    parts = long_of(table, **options).groups()
    return pd.concat([part.assign(unique_id=name) for name, part in parts]).reset_index()


def sales(n=30, freq="D", start="2024-01-01"):
    return pd.DataFrame(
        {"date": pd.date_range(start, periods=n, freq=freq), "sales": 1.0 * np.arange(n)}
    )


def broken(change):
    frame = sales().astype({"sales": object, "date": object})
    change(frame)
    return frame


def growing(n=144, freq="MS", season=12, noise=0.03):
    """Sales whose season grows with their trend, as those of the airline passengers."""
    t, rng = np.arange(n), np.random.default_rng(0)
    shape = np.exp(0.3 * np.sin(2 * np.pi * t / season))
    sales = 100 * np.exp(0.01 * t) * shape * np.exp(rng.normal(0, noise, n))
    return pd.DataFrame({"ds": pd.date_range("2001-03-01", periods=n, freq=freq), "y": sales})
