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

    Covariates known in advance enter twice: as they are, and `horizon` steps ahead, so that the
    last rows of a window hold those of the forecast periods. Covariates known only afterwards
    enter as they are.

    Parameters
    ----------
    series : Series
    cut : int
        Rows that training may see.
    settings : Settings
    """

    def __init__(self, series: Series, cut: int, settings: Settings) -> None:
        self.cut, self.settings = cut, settings
        n, h = len(series.y), settings.horizon
        self.scaler = MinMaxScaler().fit(series.y[:cut, None])
        self.target = self.scaler.transform(series.y[:, None])[:, 0].astype(np.float32)
        columns = [self.target[:, None]]
        if series.past.shape[1]:
            columns.append(MinMaxScaler().fit(series.past[:cut]).transform(series.past))
        if series.known.shape[1]:
            known = MinMaxScaler().fit(series.known[:cut]).transform(series.known)
            ahead = np.full((n, known.shape[1]), np.nan)  # NaN: nobody may use what is not known
            ahead[: len(known) - h] = known[h : h + n]
            columns += [known[:n], ahead]
        self.rows: Float32Array = np.hstack(columns, dtype=np.float32, casting="same_kind")

    def training(self) -> tuple[Float32Array, Float32Array]:
        """Return windows (n, timesteps, features) and targets (n, horizon) up to the cut."""
        t, h = self.settings.timesteps, self.settings.horizon
        x, y = make_windows(self.rows[: self.cut], t, h, target=self.target[: self.cut])
        return _shifted(x), y - _level(x)

    def at(self, origins: Sequence[int]) -> tuple[Float32Array, FloatArray]:
        """Return the windows that end before each origin, and what undoes their shift."""
        x = np.stack([self.rows[p - self.settings.timesteps : p] for p in origins])
        return _shifted(x), _level(x).astype(np.float64)

    def truth(self, origins: Sequence[int]) -> Float32Array:
        """Return the scaled sales after each origin, (origins, horizon)."""
        return np.stack([self.target[p : p + self.settings.horizon] for p in origins])

    def sales(self, outputs: npt.ArrayLike, level: FloatArray) -> FloatArray:
        """Turn a network's outputs (n, horizon) into sales."""
        shifted = np.asarray(outputs, np.float64) + level
        flat = self.scaler.inverse_transform(shifted.reshape(-1, 1))
        return np.asarray(flat, np.float64).reshape(shifted.shape)


def _level(x: Float32Array) -> Float32Array:
    """Return each window's mean of the sales, (n, 1)."""
    level: Float32Array = x[:, :, 0].mean(axis=1, keepdims=True)
    return level


def _shifted(x: Float32Array) -> Float32Array:
    """Return windows less their level."""
    shifted = np.array(x)
    shifted[:, :, 0] -= _level(x)
    return shifted
