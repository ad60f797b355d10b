"""The unit of work: one model, fitted once, forecasts some series at the cutoffs of one fold."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ... import runtime
from ..data.panel import Series
from ..models.inputs import Inputs, training_windows
from ..models.methods import METHODS
from ..models.network import train
from ..models.scale import Scale
from ..settings import NETWORKS, Settings
from .folds import Fold
from .results import Result


@dataclass(frozen=True)
class Job:
    """What to fit and what to forecast."""

    model: str
    seed: int
    fold: Fold
    series: Sequence[Series]
    season: int
    settings: Settings
    group: str
    """Name of the series, or "" for all of them."""

    @property
    def column(self) -> str:
        """Name of the forecasts: the model's, with the seed of a network."""
        return column(self.model, self.seed)

    @property
    def key(self) -> str:
        """A name that no other job of a run has."""
        return f"{self.fold.name}/{self.column}/{self.group}"

    @property
    def cost(self) -> int:
        """Steps of the progress bar."""
        return self.settings.epochs if self.model in NETWORKS else 1

    def run(self, on_step: Callable[[], None] = lambda: None) -> Result:
        """Fit and forecast; an error of the data becomes the result's `error`."""
        try:
            return self._network(on_step) if self.model in NETWORKS else self._simple(on_step)
        except (ValueError, FloatingPointError, np.linalg.LinAlgError) as error:
            return Result(error=str(error))

    def run_alone(self) -> Result:
        """`run` for a worker process: on one thread, so that workers share the cores."""
        with runtime.threads(1):
            return self.run()

    def _live(self) -> Iterator[tuple[Series, list[int]]]:
        """Yield the series that have forecasts in the fold, and their origins."""
        for series in self.series:
            if origins := self.fold.origins(series, self.settings):
                yield series, origins

    def _simple(self, on_step: Callable[[], None]) -> Result:
        start = time.perf_counter()
        method, h = METHODS[self.model], self.settings.horizon
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            forecasts = {
                s.unique_id: method(s.y, self.fold.cut(s, self.settings), origins, h, self.season)
                for s, origins in self._live()
            }
        on_step()
        said = "; ".join(sorted({str(each.message) for each in caught}))
        return Result(forecasts, seconds=time.perf_counter() - start, warning=said)

    def _network(self, on_step: Callable[[], None]) -> Result:
        settings = self.settings
        scales: dict[str, Scale] = {}
        parts = training_windows(
            lambda: ((series, self.fold.cut(series, self.settings)) for series, _ in self._live()),
            settings,
            self.season,
            self.seed,
            scales,
        )
        static = len(self.series[0].static)
        network = train(self.model, parts, settings, self.seed, static=static, on_epoch=on_step)
        forecasts, misses, spent = {}, [], 0.0
        steps = np.arange(settings.horizon)
        for series, origins in self._live():
            cut = self.fold.cut(series, settings)
            inputs = Inputs(series, scales[series.unique_id], settings, self.season, cut)
            start = time.perf_counter()
            scaled = inputs.forecast(network.predict, origins, settings.horizon)
            forecasts[series.unique_id] = inputs.sales(scaled, origins)
            spent += time.perf_counter() - start
            truth = inputs.target[np.asarray(origins)[:, None] + steps]
            misses.append(np.abs(scaled - truth).mean())
        return Result(
            forecasts,
            seconds=network.seconds,
            forecast_seconds=spent,
            losses=np.asarray(network.losses),
            # in other units than the loss in training it would say nothing
            test_loss=float(np.mean(misses)) if settings.in_sales else float("nan"),
            parameters=network.parameters,
        )


def column(model: str, seed: int) -> str:
    """Return the name of a model's forecasts."""
    return f"{model}-seed{seed}" if model in NETWORKS else model
