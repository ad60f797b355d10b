"""The unit of work: one model, fitted once, forecasts some series at the cutoffs of one fold."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .. import runtime
from .baselines import moving_average, naive, seasonal_naive
from .classical import ets, theta
from .folds import Fold
from .inputs import Inputs, extent
from .network import train
from .panel import FloatArray, Series
from .settings import NETWORKS, Settings

METHODS = {
    "Naive": naive,
    "SeasonalNaive": seasonal_naive,
    "MovingAverage": moving_average,
    "ETS": ets,
    "Theta": theta,
}


@dataclass(frozen=True)
class Job:
    """What to fit and what to forecast."""

    model: str
    seed: int
    fold: Fold
    series: tuple[Series, ...]
    season: int
    settings: Settings

    @property
    def key(self) -> str:
        """A name that no other job of a run has, fit for a file."""
        ids = repr([series.unique_id for series in self.series])
        digest = hashlib.sha256(ids.encode()).hexdigest()[:16]
        return f"{self.fold.name}_{self.model}_{self.seed}_{digest}"

    @property
    def cost(self) -> int:
        """Steps of the progress bar."""
        return self.settings.epochs if self.model in NETWORKS else 1

    def run(self, on_step: Callable[[], None] = lambda: None) -> Result:
        """Fit and forecast; an error of the data becomes the result's `error`."""
        start = time.perf_counter()
        try:
            if self.model in NETWORKS:
                return self._network(on_step)
            method = METHODS[self.model]
            h = self.settings.horizon
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                rows = [
                    method(s.y, self.fold.cut(s), origins, h, self.season)
                    for s in self.series
                    if (origins := self.fold.origins(s, self.settings))
                ]
            on_step()
            seconds = time.perf_counter() - start
            said = "; ".join(sorted({str(each.message) for each in caught}))
            return Result(_stack(rows, h), seconds=seconds, warning=said)
        except (ValueError, FloatingPointError, np.linalg.LinAlgError) as error:
            return Result(np.empty((0, self.settings.horizon)), error=str(error))

    def run_alone(self) -> Result:
        """`run` for a worker process: on one thread, so that workers share the cores."""
        with runtime.threads(1):
            return self.run()

    def _network(self, on_step: Callable[[], None]) -> Result:
        settings = self.settings
        live = [(s, o) for s in self.series if (o := self.fold.origins(s, settings))]
        cuts = [self.fold.cut(s) for s, _ in live]
        inputs = [
            Inputs(s, extent(s, cut), settings) for (s, _), cut in zip(live, cuts, strict=True)
        ]
        network = train(
            self.model,
            [each.training(cut) for each, cut in zip(inputs, cuts, strict=True)],
            settings,
            self.seed,
            on_epoch=on_step,
        )
        start = time.perf_counter()
        scaled = [
            each.forecast(network.predict, origins, settings.horizon)
            for each, (_, origins) in zip(inputs, live, strict=True)
        ]
        sales = [each.sales(rows) for each, rows in zip(inputs, scaled, strict=True)]
        spent = time.perf_counter() - start
        steps = np.arange(settings.horizon)
        truth = [
            each.target[np.asarray(origins)[:, None] + steps]
            for each, (_, origins) in zip(inputs, live, strict=True)
        ]
        return Result(
            _stack(sales, settings.horizon),
            seconds=network.seconds,
            forecast_seconds=spent,
            losses=np.asarray(network.losses),
            test_loss=float(np.abs(np.vstack(scaled) - np.vstack(truth)).mean()),
            parameters=network.parameters,
        )


@dataclass(frozen=True)
class Result:
    """What a job found."""

    forecasts: FloatArray
    """(origins of all series one after another, horizon)."""
    seconds: float = 0.0
    forecast_seconds: float = 0.0
    losses: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    test_loss: float = float("nan")
    parameters: int = 0
    error: str = ""
    """Why there are no forecasts."""
    warning: str = ""
    """What the library said while it fitted."""


def _stack(rows: list[FloatArray], horizon: int) -> FloatArray:
    return np.vstack(rows) if rows else np.empty((0, horizon))
