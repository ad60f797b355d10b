"""One series as a network sees it: scaled by its training part, cut into windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.preprocessing import MinMaxScaler

from ..windows import make_windows
from .panel import FloatArray, Series
from .settings import Settings

Float32Array = npt.NDArray[np.float32]


class Inputs:
    """The windows of one series and the way back from outputs to sales.

    Everything is scaled to 0..1 on the first `cut` rows, and each window is shifted by the mean of
    its own sales, so that a network need not have seen a level to forecast at it.

    Parameters
    ----------
    series : Series
    cut : int
        Rows that training may see.
    settings : Settings
    known : int
        How many leading covariates are known in advance. They enter twice: as they are, and
        `horizon` steps ahead, so that the last window rows hold those of the forecast periods.
    """

    def __init__(self, series: Series, cut: int, settings: Settings, known: int = 0) -> None:
        self.series, self.cut, self.settings = series, cut, settings
        self.scaler = MinMaxScaler().fit(series.y[:cut, None])
        self.target = self.scaler.transform(series.y[:, None])[:, 0].astype(np.float32)
        n = len(series.y)
        columns = [self.target[:, None]]
        if series.covariates.shape[1]:
            scaler = MinMaxScaler().fit(series.covariates[:cut])
            covariates = scaler.transform(series.covariates)
            ahead = np.full((n, known), np.nan)  # what is not known stays NaN and cannot be used
            later = covariates[settings.horizon :, :known][:n]
            ahead[: len(later)] = later
            columns += [covariates[:n], ahead]
        self.rows: Float32Array = np.hstack(columns, dtype=np.float32)

    def training(self) -> tuple[Float32Array, Float32Array]:
        """Return windows (n, timesteps, features) and targets (n, horizon) up to the cut."""
        t, h = self.settings.timesteps, self.settings.horizon
        x, y = make_windows(self.rows[: self.cut], t, h, target=self.target[: self.cut])
        return self._shifted(x), y - _level(x)

    def at(self, origins: Sequence[int]) -> tuple[Float32Array, FloatArray]:
        """Return the windows that end before each origin, and what undoes their shift."""
        x = np.stack([self.rows[p - self.settings.timesteps : p] for p in origins])
        return self._shifted(x), _level(x).astype(np.float64)

    def sales(self, outputs: npt.ArrayLike, level: FloatArray) -> FloatArray:
        """Turn a network's outputs (count, horizon) into sales."""
        shifted = np.asarray(outputs, np.float64) + level
        flat = self.scaler.inverse_transform(shifted.reshape(-1, 1))
        return np.asarray(flat, np.float64).reshape(shifted.shape)

    @staticmethod
    def _shifted(x: Float32Array) -> Float32Array:
        shifted = np.array(x)
        shifted[:, :, 0] -= _level(x)
        return shifted


def _level(x: Float32Array) -> Float32Array:
    """Return each window's mean of the sales, (count, 1)."""
    level: Float32Array = x[:, :, 0].mean(axis=1, keepdims=True)
    return level
