"""One series as a network sees it: scaled by its training part, cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import MinMaxScaler

from ..windows import make_windows
from .panel import FloatArray, Series
from .settings import Settings

Float32Array = npt.NDArray[np.float32]
WINDOWS = 200_000
"""Training windows of a network at most."""


class Inputs:
    """The windows of one series and the way back from outputs to sales.

    Everything is scaled by its smallest and largest value of the training part, and each window is
    shifted by the mean of its own sales, so that a network need not have seen a level to forecast
    at it.

    Covariates known in advance enter twice: as they are, and as many steps ahead as a network has
    outputs, so that the last rows of a window hold those of the forecast periods. Covariates known
    only afterwards enter as they are.

    Parameters
    ----------
    series : Series
    extent : ndarray, (2, columns)
        `extent` of the training part.
    settings : Settings
    """

    def __init__(self, series: Series, extent: FloatArray, settings: Settings) -> None:
        self.timesteps, self.outputs = settings.timesteps, settings.outputs
        self.blind = series.past.shape[1] > 0
        self.scaler = MinMaxScaler().fit(extent[:, :1])
        table = _table(series)
        self.target = self.scaler.transform(table[:, :1])[:, 0].astype(np.float32)
        scaled = MinMaxScaler().fit(extent).transform(table)
        known = scaled[:, 1 + series.past.shape[1] :]
        ahead = np.full_like(known, np.nan)  # NaN: nobody may use what is not known
        ahead[: -self.outputs] = known[self.outputs :]
        self.rows: Float32Array = np.hstack([scaled, ahead], dtype=np.float32, casting="same_kind")

    def training(self, cut: int) -> tuple[Float32Array, Float32Array]:
        """Return windows (n, timesteps, features) and targets (n, outputs) of the first rows."""
        x, y = make_windows(self.rows[:cut], self.timesteps, self.outputs, target=self.target[:cut])
        return _shifted(x), y - _level(x)

    def forecast(
        self,
        predict: Callable[[Float32Array], Float32Array],
        origins: Sequence[int],
        horizon: int,
    ) -> Float32Array:
        """Return scaled forecasts, (origins, horizon).

        A horizon beyond a network's outputs is reached by feeding forecasts back (recursive).

        Raises
        ------
        ValueError
            If a covariate is needed that is not known.
        """
        if self.blind and horizon > self.outputs:
            raise ValueError(
                f"horizon is {horizon}, but covariates known only afterwards end after "
                f"{self.outputs}: train with that horizon, or without them"
            )
        x = np.stack([self.rows[p - self.timesteps : p] for p in origins])
        steps = range(0, horizon, self.outputs)
        blocks = []
        for done in steps:
            if np.isnan(x).any():
                raise ValueError(
                    "a covariate known in advance has no value for a forecast period: give its "
                    "rows after the last sales"
                )
            blocks.append(predict(_shifted(x)) + _level(x))
            if done != steps[-1]:
                places = [range(p + done, p + done + self.outputs) for p in origins]
                after = np.zeros((len(x), self.outputs, x.shape[2]), np.float32)
                if x.shape[2] > 1:
                    after[:] = self.rows[np.array(places)]
                after[:, :, 0] = blocks[-1]
                x = np.concatenate([x, after], axis=1)[:, -self.timesteps :]
        return np.hstack(blocks)[:, :horizon]

    def sales(self, scaled: Float32Array) -> FloatArray:
        """Turn scaled forecasts of any shape into sales."""
        flat = self.scaler.inverse_transform(scaled.astype(np.float64).reshape(-1, 1))
        return np.asarray(flat, np.float64).reshape(scaled.shape)


def training_windows(
    series: Callable[[], Iterable[tuple[Series, int]]], settings: Settings, seed: int
) -> list[tuple[Float32Array, Float32Array]]:
    """Return the training windows of each series, all or, of too many, a sample of `WINDOWS`.

    Parameters
    ----------
    series : callable
        Returns series and how many rows of each training may see; called twice, so that they need
        not be in memory together.
    settings : Settings
    seed : int
        Draws the sample.
    """
    less = settings.timesteps + settings.outputs - 1
    share = WINDOWS / sum(cut - less for _, cut in series())
    rng = np.random.default_rng(seed)
    parts = []
    for each, cut in series():
        x, y = Inputs(each, extent(each, cut), settings).training(cut)
        if share < 1:
            chosen = np.sort(rng.permutation(len(x))[: max(1, int(share * len(x)))])
            x, y = x[chosen], y[chosen]
        parts.append((x, y))
    return parts


def extent(series: Series, cut: int) -> FloatArray:
    """Return the smallest and largest value of each column in the first rows, (2, columns)."""
    table = _table(series)[:cut]
    return np.stack([table.min(axis=0), table.max(axis=0)])


def _table(series: Series) -> FloatArray:
    """Return sales, covariates known afterwards and in advance, NaN where they end earlier."""
    n = max(len(series.y), len(series.known) if series.known.shape[1] else 0)
    columns = np.full((n, 1 + series.past.shape[1] + series.known.shape[1]), np.nan)
    columns[: len(series.y), 0] = series.y
    columns[: len(series.y), 1 : 1 + series.past.shape[1]] = series.past
    if series.known.shape[1]:
        columns[:, 1 + series.past.shape[1] :] = series.known
    return columns


def _level(x: Float32Array) -> Float32Array:
    """Return each window's mean of the sales, (n, 1)."""
    level: Float32Array = x[:, :, 0].mean(axis=1, keepdims=True)
    return level


def _shifted(x: Float32Array) -> Float32Array:
    """Return windows less their level."""
    shifted = np.array(x)
    shifted[:, :, 0] -= _level(x)
    return shifted
