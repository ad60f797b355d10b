"""Rolling origin: at each cutoff every model forecasts from what was known then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from . import baselines
from .inputs import Inputs
from .metrics import seasonal_scale
from .network import Trained, train
from .panel import FloatArray, Panel, Series
from .settings import CELLS, Settings


@dataclass
class Backtest:
    """Forecasts at every cutoff of the test part."""

    frame: pd.DataFrame
    """Columns ``unique_id, ds, cutoff, y``, one a model, and ``CELL-seedN`` of single networks."""
    scales: pd.DataFrame
    """Mean absolute and squared seasonal difference of each training part, by ``unique_id``."""
    networks: dict[str, list[Trained]] = field(default_factory=dict)
    """The trained networks of each cell, one a seed."""
    test_losses: dict[str, list[float]] = field(default_factory=dict)
    """Loss of each network on the test windows, in the units of its training loss."""


def backtest(
    panel: Panel, settings: Settings, on_epoch: Callable[[str], None] = lambda model: None
) -> Backtest:
    """Forecast the test part of each series, one origin after another.

    Networks and scalers see only what lies before the test part; windows reach up to the origin.

    Raises
    ------
    ValueError
        If a series is too short for one training window and one forecast.
    """
    series = panel.series[0]
    origins = test_origins(series, settings)
    cut = origins[0]
    result = Backtest(pd.DataFrame(), _scales([(series, cut)], panel.season))
    forecasts: dict[str, FloatArray] = {
        name: baselines.forecast(name, series.y, origins, settings.horizon, panel.season)
        for name in baselines.BASELINES
    }
    inputs = Inputs(series, cut, settings)
    x, y = inputs.training()
    windows, level = inputs.at(origins)
    truth = np.stack([inputs.target[p : p + settings.horizon] for p in origins]) - level
    for cell in CELLS:
        seeds = range(settings.seed, settings.seed + settings.seeds)
        trained = [
            train(cell, x, y, settings, seed, on_epoch=partial(on_epoch, cell)) for seed in seeds
        ]
        outputs = [network.predict(windows) for network in trained]
        single = [inputs.sales(output, level) for output in outputs]
        forecasts[cell] = np.mean(single, axis=0)
        if len(single) > 1:
            forecasts |= {f"{cell}-seed{s}": one for s, one in zip(seeds, single, strict=True)}
        result.networks[cell] = trained
        result.test_losses[cell] = [float(np.abs(o - truth).mean()) for o in outputs]
    result.frame = cross_validation_frame(series, origins, settings.horizon, forecasts)
    return result


def test_origins(series: Series, settings: Settings) -> list[int]:
    """Return the positions of the first forecast period of each origin of the test part."""
    n, size = len(series.y), settings.test_size
    rows = int(np.ceil(round(size * n, 9))) if size < 1 else int(size)
    first = n - max(rows, settings.horizon)
    need = settings.timesteps + settings.horizon
    if first < need:
        raise ValueError(
            f"series {series.unique_id!r} has {n} values, {max(first, 0)} of them before the test "
            f"part; training needs at least timesteps + horizon = {need}: give a smaller "
            "--timesteps or --test-size"
        )
    return list(range(first, n - settings.horizon + 1))


def cross_validation_frame(
    series: Series, origins: list[int], horizon: int, forecasts: dict[str, FloatArray]
) -> pd.DataFrame:
    """Lay forecasts (origins, horizon) out as a frame ``unique_id, ds, cutoff, y, model...``."""
    rows = (np.asarray(origins)[:, None] + np.arange(horizon)).ravel()
    return pd.DataFrame(
        {
            "unique_id": series.unique_id,
            "ds": series.ds[rows],
            "cutoff": series.ds[np.repeat(origins, horizon) - 1],
            "y": np.where(series.observed, series.y, np.nan)[rows],
            **{name: values.ravel() for name, values in forecasts.items()},
        }
    )


def _scales(parts: list[tuple[Series, int]], season: int) -> pd.DataFrame:
    values = [seasonal_scale(series.y[:cut], season) for series, cut in parts]
    ids = pd.Index([series.unique_id for series, _ in parts], name="unique_id")
    return pd.DataFrame(values, index=ids, columns=["mae", "mse"])
