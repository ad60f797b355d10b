"""One series as a network sees it: scaled by its training part, cut into windows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ...windows import make_windows
from .._types import Float32Array, FloatArray
from ..data.panel import Panel, Series
from ..settings import NETWORKS, WINDOWS, Settings
from .methods import METHODS
from .scale import Scale, fit_scale, level_steps


class Inputs:
    """The windows of one series and the way back from outputs to sales.

    Each window is shifted by its level, so that a network need not have seen one to forecast at it,
    and its forecast is shifted back: by the mean of the window's last season, or by the forecast of
    a simple method (`Settings.base`), in which case a network learns what that method leaves, as in
    the winner of the M4 competition (Smyl, 2020).

    Covariates known in advance enter twice: as they are, and as many steps ahead as a network has
    outputs, so that the last rows of a window hold those of the forecast periods. Covariates known
    only afterwards enter as they are, and so do static columns, in every row: the weights of each
    name are what the network learns of those that have it.

    Parameters
    ----------
    series : Series
    scale : Scale
        Found on the training part.
    settings : Settings
    season : int
    cut : int
        Rows that training may see; the simple method is fitted to them.
    """

    def __init__(
        self, series: Series, scale: Scale, settings: Settings, season: int, cut: int
    ) -> None:
        self.timesteps, self.outputs = settings.timesteps, settings.outputs
        self.level_steps = level_steps(season, settings.timesteps)
        self.blind = series.past.shape[1] > 0
        self.start, self.scale = series.start, scale
        self.cut, self.season, self.base = cut, season, settings.base
        numbers = series.start + np.arange(len(series.y))
        n = len(series.known) if series.known.shape[1] else len(series.y)
        others = scale.covariates(covariates(series)[:n])
        self.effect = others[:, series.past.shape[1] :] @ scale.effect
        flat = scale.flat(series.y, numbers) - self.effect[: len(series.y)]
        self.target = flat.astype(np.float32)
        self.plain = scale.sales(flat, numbers) if self.effect.any() else series.y
        width = 1 + others.shape[1] + series.known.shape[1]
        rows = np.full((n, width + len(series.static)), np.nan)  # NaN: not known
        rows[:, width:] = series.static
        rows[: len(series.y), 0] = self.target
        rows[:, 1 : 1 + others.shape[1]] = others
        known = others[self.outputs :, series.past.shape[1] :]
        rows[: len(known), 1 + others.shape[1] : width] = known
        self.static, self.varying = series.static.astype(np.float32), width > 1
        self.rows: Float32Array = rows.astype(np.float32)

    def training(self) -> tuple[Float32Array, Float32Array]:
        """Return windows (n, timesteps, features) and targets (n, outputs) of the first rows."""
        rows, target = self.rows[: self.cut], self.target[: self.cut]
        x, y = make_windows(rows, self.timesteps, self.outputs, target=target)
        based = self._based(range(self.timesteps, self.timesteps + len(x)), self.outputs)
        level = self._level(x) if based is None else based
        return self._shifted(x, level), y - level

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
        based = self._based(origins, len(steps) * self.outputs)
        blocks = []
        for done in steps:
            if np.isnan(x).any():
                raise ValueError(
                    "a covariate known in advance has no value for a forecast period: give its "
                    "rows after the last sales"
                )
            level = self._level(x) if based is None else based[:, done : done + self.outputs]
            blocks.append(predict(self._shifted(x, level)) + level)
            if done != steps[-1]:
                places = [range(p + done, p + done + self.outputs) for p in origins]
                after = np.zeros((len(x), self.outputs, x.shape[2]), np.float32)
                if self.varying:
                    after[:] = self.rows[np.array(places)]
                after[:, :, x.shape[2] - len(self.static) :] = self.static
                after[:, :, 0] = blocks[-1]
                x = np.concatenate([x, after], axis=1)[:, -self.timesteps :]
        return np.hstack(blocks)[:, :horizon]

    def sales(self, scaled: Float32Array, origins: Sequence[int]) -> FloatArray:
        """Turn scaled forecasts, (origins, horizon), into sales."""
        rows = np.asarray(origins)[:, None] + np.arange(scaled.shape[1])
        whole = scaled.astype(np.float64)
        if self.effect.any():
            whole += self.effect[rows]
        return self.scale.sales(whole, self.start + rows)

    def _level(self, x: Float32Array) -> Float32Array:
        """Return the mean of the last sales of each window, (n, 1)."""
        level: Float32Array = x[:, -self.level_steps :, 0].mean(axis=1, keepdims=True)
        return level

    def _based(self, origins: Sequence[int], steps: int) -> Float32Array | None:
        """Return what the simple method forecasts, scaled, (origins, steps), if there is one."""
        if self.base == "level":
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # how well it fits is what the network learns
            found = METHODS[self.base](self.plain, self.cut, origins, steps, self.season)
        numbers = self.start + np.asarray(origins)[:, None] + np.arange(steps)
        return self.scale.flat(found, numbers).astype(np.float32)

    def _shifted(self, x: Float32Array, level: Float32Array) -> Float32Array:
        """Return windows less the mean of their levels, (n, 1 or steps)."""
        shifted = np.array(x)
        shifted[:, :, 0] -= level.mean(axis=1, keepdims=True)
        return shifted


def check_covariates(panel: Panel, settings: Settings) -> None:
    """Raise `ValueError` if the settings cannot use the covariates."""
    if panel.known and settings.outputs > settings.timesteps:
        raise ValueError(
            f"timesteps is {settings.timesteps}, expected at least horizon = {settings.horizon} "
            "with covariates known in advance"
        )
    if panel.static and settings.scope == "local" and set(NETWORKS) & set(settings.fitted):
        raise ValueError(
            f"scope is 'local', where static columns say nothing: each of {len(panel.series)} "
            "series has networks of its own; leave them out, or say --scope global"
        )
    if panel.past and settings.outputs < settings.horizon:
        raise ValueError(
            "strategy is 'recursive', which cannot use covariates known only afterwards: "
            + ", ".join(panel.past)
        )


def scale(series: Series, cut: int, season: int, settings: Settings) -> Scale:
    """Return the scale of the first `cut` rows of a series."""
    return fit_scale(series, cut, season, settings, covariates(series))


def training_windows(
    series: Callable[[], Iterable[tuple[Series, int]]],
    settings: Settings,
    season: int,
    seed: int,
    scales: dict[str, Scale] | None = None,
) -> list[tuple[Float32Array, Float32Array]]:
    """Return the training windows of each series, all or, of too many, a sample of `WINDOWS`.

    Parameters
    ----------
    series : callable
        Returns series and how many rows of each training may see; called twice, so that they need
        not be in memory together.
    settings : Settings
    season : int
    seed : int
        Draws the sample.
    scales : dict, optional
        Gets the scale of each series by its name.
    """
    found = {} if scales is None else scales
    share = WINDOWS / count_windows((cut for _, cut in series()), settings)
    rng = np.random.default_rng(seed)
    parts = []
    for each, cut in series():
        own = found[each.unique_id] = scale(each, cut, season, settings)
        x, y = Inputs(each, own, settings, season, cut).training()
        if share < 1:
            chosen = np.sort(rng.permutation(len(x))[: max(1, int(share * len(x)))])
            x, y = x[chosen], y[chosen]
        parts.append((x, y))
    return parts


def count_windows(cuts: Iterable[int], settings: Settings) -> int:
    """Return how many training windows there are in so many rows of each series."""
    return sum(cut - settings.timesteps - settings.outputs + 1 for cut in cuts)


def sample_note(windows: int, settings: Settings) -> tuple[str, ...]:
    """Say that networks over all series learn from a sample, if they do."""
    if settings.scope != "global" or windows <= WINDOWS:
        return ()
    return (
        f"networks over all series learn from an even sample of {WINDOWS:,} of {windows:,} windows",
    )


def covariates(series: Series) -> FloatArray:
    """Return covariates known afterwards and in advance, NaN where the former end earlier."""
    past = np.full((len(series.known), series.past.shape[1]), np.nan)
    past[: len(series.past)] = series.past
    return np.hstack([past, series.known])
