"""Train one recurrent network on windows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..callbacks import LambdaCallback
from ..layers import GRU, LSTM, Dense, Input
from ..models import Sequential
from ..optimizers import Adam
from ..optimizers.schedules import CosineDecay
from ..utils import set_random_seed
from .settings import Settings

LAYERS = {"LSTM": LSTM, "GRU": GRU}
PREDICT_BATCH = 1024


@dataclass(frozen=True)
class Trained:
    """A trained network and what training it cost."""

    model: Any
    losses: list[float]
    """Training loss after each epoch: mean absolute error of the scaled sales."""
    seconds: float

    @property
    def parameters(self) -> int:
        """Number of trained weights."""
        return int(self.model.count_params())

    def predict(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return outputs (count, horizon) for windows (count, timesteps, features)."""
        outputs = self.model.predict(x, batch_size=PREDICT_BATCH, verbose=0)
        return np.asarray(outputs, np.float32)


def train(
    cell: str,
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
    settings: Settings,
    seed: int,
    *,
    units: int | None = None,
    on_epoch: Callable[[], None] = lambda: None,
) -> Trained:
    """Train a layer of `cell` and a dense output of one value a step ahead.

    Parameters
    ----------
    cell : {"LSTM", "GRU"}
    x : ndarray, (count, timesteps, features)
    y : ndarray, (count, horizon)
    settings : Settings
    seed : int
        Of the weights and of the order of the windows.
    units : int, optional
        Default: those of `settings`.
    on_epoch : callable
        Called after each epoch.
    """
    set_random_seed(seed)
    start = time.perf_counter()
    steps = settings.epochs * -(-len(x) // settings.batch_size)
    model = Sequential(
        [Input(x.shape[1:]), LAYERS[cell](units or settings.units), Dense(y.shape[1])]
    )
    model.compile(optimizer=Adam(CosineDecay(settings.learning_rate, steps)), loss="mae")
    history = model.fit(
        x,
        y,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        verbose=0,
        callbacks=[LambdaCallback(on_epoch_end=lambda epoch, logs: on_epoch())],
    )
    losses = [float(loss) for loss in history.history["loss"]]
    return Trained(model, losses, time.perf_counter() - start)
