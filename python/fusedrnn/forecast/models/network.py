"""Train one recurrent network on windows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...callbacks import EarlyStopping, LambdaCallback
from ...cells import CELLS, Cell
from ...layers import GRU, LSTM, Concatenate, Dense, Embedding, Input, RepeatVector
from ...models import Model, Sequential
from ...optimizers import Adam
from ...optimizers.schedules import CosineDecay
from ...utils import set_random_seed
from .._types import Float32Array
from ..settings import EQUAL, Loss, Settings
from .losses import HEADS

LAYERS = {"LSTM": LSTM, "GRU": GRU}
PREDICT_BATCH = 1024
HELD_OUT = 10
"""One window in so many, the last ones of each series, watches for early stopping."""


@dataclass(frozen=True)
class Trained:
    """A trained network and what training it cost."""

    model: Any
    losses: list[float]
    """Training loss after each epoch, of the scaled sales."""
    seconds: float
    loss: Loss
    """Which one, see `HEADS`."""

    @property
    def parameters(self) -> int:
        """Number of trained weights."""
        return int(self.model.count_params())

    def predict(self, x: Float32Array) -> Float32Array:
        """Return (n, outputs) for windows (n, timesteps, features)."""
        outputs = self.model.predict(x, batch_size=PREDICT_BATCH, verbose=0)
        return HEADS[self.loss].point(np.asarray(outputs, np.float32))


def train(
    model: str,
    parts: Sequence[tuple[Float32Array, Float32Array]],
    settings: Settings,
    seed: int,
    *,
    static: int = 0,
    on_epoch: Callable[[], None] = lambda: None,
) -> Trained:
    """Train a recurrent layer and a dense output of one value a step ahead.

    Parameters
    ----------
    model : {"LSTM", "GRU", "GRU-equal"}
    parts : sequence of (windows, targets)
        Of each series: (n, timesteps, features) and (n, outputs), oldest first.
    settings : Settings
    seed : int
        Of the weights and of the order of the windows.
    static : int
        Columns of the windows that are of static names, see `build`.
    on_epoch : callable
        Called after each epoch.
    """
    set_random_seed(seed)
    start = time.perf_counter()
    callbacks: list[Any] = [LambdaCallback(on_epoch_end=lambda epoch, logs: on_epoch())]
    validation = None
    if settings.patience:
        cuts = [len(x) - len(x) // HELD_OUT for x, _ in parts]
        late = [(x[cut:], y[cut:]) for (x, y), cut in zip(parts, cuts, strict=True)]
        parts = [(x[:cut], y[:cut]) for (x, y), cut in zip(parts, cuts, strict=True)]
        validation = _join(late)
        if not len(validation[0]):
            raise ValueError(f"too few windows to hold out one in {HELD_OUT} for --patience")
        callbacks.append(EarlyStopping(patience=settings.patience, restore_best_weights=True))
    x, y = _join(parts)
    steps = settings.epochs * -(-len(x) // settings.batch_size)
    network = build(model, x.shape[2], settings, static, len(parts))
    rate = CosineDecay(settings.learning_rate, steps)
    network.compile(optimizer=Adam(rate), loss=HEADS[settings.loss].loss)
    history = network.fit(
        x,
        y,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        validation_data=validation,
        verbose=0,
        callbacks=callbacks,
    )
    losses = [float(loss) for loss in history.history["loss"]]
    return Trained(network, losses, time.perf_counter() - start, settings.loss)


def build(model: str, features: int, settings: Settings, static: int = 0, series: int = 0) -> Any:
    """Return the untrained network for windows (n, timesteps, features).

    With `Settings.embeddings` the last features are not of sales and covariates: `static` names of
    0 and 1, and the number of the series from 1 on. Each series has a vector that is learnt, and so
    has each name (Guo and Berkhahn, "Entity embeddings of categorical variables", 2016; of columns
    of 0 and 1 it is a row of a dense layer's weights), which are inputs at every step.
    """
    steps, vectors = settings.timesteps, embedded(settings, static, series)
    inputs = Input((steps, features))
    first = features - sum(columns for columns, *_ in vectors)
    columns = first + sum(width for *_, width in vectors)
    units = equal_units(columns, settings) if model == EQUAL else settings.units
    layer, output = LAYERS[model.partition("-")[0]], Dense(settings.width)
    several = [
        layer(units, return_sequences=k + 1 < settings.layers) for k in range(settings.layers)
    ]
    if not vectors:
        return Sequential([inputs, *several, output])
    last, found = inputs[:, -1], [inputs[:, :, :first]]
    if static:
        names = last[:, first : first + static]
        found.append(RepeatVector(steps)(Dense(vectors[0][-1], use_bias=False)(names)))
    if settings.embeddings == "series":
        found.append(RepeatVector(steps)(Embedding(*vectors[-1][1:])(last[:, -1])))
    value = Concatenate()(found)
    for each in (*several, output):
        value = each(value)
    return Model(inputs=inputs, outputs=value)


def embedded(settings: Settings, static: int, series: int) -> list[tuple[int, int, int]]:
    """Return of each kind of vectors its columns in a window, how many there are, how wide.

    The width is half of how many there are, and 50 at most, as in GluonTS's DeepAR and in fast.ai's
    first rule; the series have one more, of those that were not fitted.
    """
    kinds = []
    if static and settings.embeddings != "none":
        kinds.append((static, static))
    if settings.embeddings == "series":
        kinds.append((1, series + 1))
    return [(columns, many, min(50, (many + 1) // 2)) for columns, many in kinds]


def equal_units(features: int, settings: Settings) -> int:
    """Return the units of the GRU whose weights are nearest in number to the LSTM's.

    Of so many features at each step.
    """

    def weights(cell: Cell, biases: int, units: int) -> int:
        first, more = (cell.gates * units * (k + units + biases) for k in (features, units))
        return first + (settings.layers - 1) * more + (units + 1) * settings.width

    lstm, gru = CELLS["lstm"], CELLS["gru"]  # which has a second bias, see `reset_after`
    goal = weights(lstm, 1, settings.units)
    return min(range(1, 2 * settings.units + 1), key=lambda u: abs(weights(gru, 2, u) - goal))


def _join(parts: Sequence[tuple[Float32Array, Float32Array]]) -> tuple[Float32Array, Float32Array]:
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])
