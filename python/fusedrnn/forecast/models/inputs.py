"""One series as a network sees it: scaled by its training part, cut into windows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ...windows import make_windows
from .._types import Float32Array, FloatArray
from ..data.panel import Panel, Series
from ..settings import NETWORKS, WINDOWS, Settings
from .differences import differences, integrated
from .methods import METHODS
from .scale import Scale, fit_scale, level_steps

HIDDEN = 0.1
"""Share of the training windows of each series that do not tell which one it is."""
LEAST = 0.02
"""Standard deviation that a window has at least, of the range of its series, see `Inputs`."""


class Inputs:
    """The windows of one series and the way back from outputs to sales.

    Each window is shifted by its level, so that a network need not have seen one to forecast at it,
    and its forecast is shifted back: by the mean of the window's last season, or by the forecast of
    a simple method (`Settings.base`), in which case a network learns what that method leaves, as in
    the winner of the M4 competition (Smyl, 2020). Or it is brought to the mean 0 and the standard
    deviation 1, but not stretched beyond what `LEAST` allows; or it is one of differences.

    Covariates known in advance enter twice: as they are, and as many steps ahead as a network has
    outputs, so that the last rows of a window hold those of the forecast periods. Covariates known
    only afterwards enter as they are, and so do static columns, in every row: the weights of each
    name are what the network learns of those that have it. With `Settings.embeddings` "series" the
    number of the series is the last column, 0 of one that was not fitted.

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
        self.positive = settings.positive
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
        self.name, self.lag = series.unique_id, settings.lag(season)
        self.unit, seen = 1.0, flat
        if self.lag:
            moved = differences(flat, self.lag)
            self._check(0)
            self.unit = float(np.ptp(moved[self.lag : cut])) or 1.0
            seen = moved / self.unit
        self.seen = seen.astype(np.float32)
        self.plain = scale.sales(flat, numbers) if self.effect.any() else series.y
        width = 1 + others.shape[1] + series.known.shape[1]
        place = [scale.place] if settings.embeddings == "series" else []
        self.static = np.append(series.static, place).astype(np.float32)
        rows = np.full((n, width + len(self.static)), np.nan)  # NaN: not known
        rows[:, width:] = self.static
        rows[: len(series.y), 0] = self.seen
        rows[:, 1 : 1 + others.shape[1]] = others
        known = others[self.outputs :, series.past.shape[1] :]
        rows[: len(known), 1 + others.shape[1] : width] = known
        self.varying = width > 1
        self.rows: Float32Array = rows.astype(np.float32)

    def training(self) -> tuple[Float32Array, Float32Array]:
        """Return windows (n, timesteps, features) and targets (n, outputs) of the first rows."""
        self._check(self.outputs)
        rows, target = self.rows[self.lag : self.cut], self.seen[self.lag : self.cut]
        x, y = make_windows(rows, self.timesteps, self.outputs, target=target)
        first = self.lag + self.timesteps
        based = self._based(range(first, first + len(x)), self.outputs)
        level, width = self._normal(x, based)
        return self._normalised(x, level, width), (y - level) / width

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
            own = None if based is None else based[:, done : done + self.outputs]
            level, width = self._normal(x, own)
            blocks.append(predict(self._normalised(x, level, width)) * width + level)
            if done != steps[-1]:
                places = [range(p + done, p + done + self.outputs) for p in origins]
                after = np.zeros((len(x), self.outputs, x.shape[2]), np.float32)
                if self.varying:
                    after[:] = self.rows[np.array(places)]
                after[:, :, x.shape[2] - len(self.static) :] = self.static
                after[:, :, 0] = blocks[-1]
                x = np.concatenate([x, after], axis=1)[:, -self.timesteps :]
        whole = np.hstack(blocks)[:, :horizon]
        if self.lag:
            before = np.stack([self.target[p - self.lag : p] for p in origins]).astype(np.float64)
            found = integrated(self.unit * whole.astype(np.float64), before)
            whole = found.astype(np.float32)
        return whole

    def sales(self, scaled: Float32Array, origins: Sequence[int]) -> FloatArray:
        """Turn scaled forecasts, (origins, horizon), into sales."""
        rows = np.asarray(origins)[:, None] + np.arange(scaled.shape[1])
        whole = scaled.astype(np.float64)
        if self.effect.any():
            whole += self.effect[rows]
        return self.scale.sales(whole, self.start + rows)

    def _normal(
        self, x: Float32Array, based: Float32Array | None
    ) -> tuple[Float32Array, Float32Array]:
        """Return what becomes 0 of each window's target, (n, 1 or steps), and its unit, (n, 1)."""
        one = np.ones((len(x), 1), np.float32)
        if based is not None:
            return based, one
        if self.lag or self.positive:
            return 0 * one, one
        sales = x[:, :, 0]
        if self.base == "RevIN":
            width = np.maximum(sales.std(axis=1, keepdims=True), np.float32(LEAST))
            return sales.mean(axis=1, keepdims=True), width
        return sales[:, -self.level_steps :].mean(axis=1, keepdims=True), one

    def _based(self, origins: Sequence[int], steps: int) -> Float32Array | None:
        """Return what the simple method forecasts, scaled, (origins, steps), if there is one."""
        if self.base not in METHODS:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # how well it fits is what the network learns
            found = METHODS[self.base](self.plain, self.cut, origins, steps, self.season)
        numbers = self.start + np.asarray(origins)[:, None] + np.arange(steps)
        return self.scale.flat(found, numbers).astype(np.float32)

    def _normalised(
        self, x: Float32Array, level: Float32Array, width: Float32Array
    ) -> Float32Array:
        """Return windows less the mean of their levels, (n, 1 or steps), in units of (n, 1)."""
        found = np.array(x)
        found[:, :, 0] = (x[:, :, 0] - level.mean(axis=1, keepdims=True)) / width
        return found

    def _check(self, outputs: int) -> None:
        """Raise `ValueError` if there are too few values for one window of differences."""
        need = self.lag + self.timesteps + outputs
        if self.lag and self.cut < need:
            raise ValueError(
                f"series {self.name!r} has {self.cut} values, but base is {self.base!r}, whose "
                f"windows need {need}, of which {self.lag} for the first difference: try another"
            )


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
    if settings.embeddings != "none" and set(NETWORKS) & set(settings.fitted):
        if settings.scope == "local":
            raise ValueError(
                f"embeddings is {settings.embeddings!r}, but scope is 'local': networks of one "
                "series have no others to tell it from; say --scope global"
            )
        if settings.embeddings == "static" and not panel.static:
            raise ValueError(
                "embeddings is 'static', but there are no static columns: see --static"
            )
    if panel.past and settings.outputs < settings.horizon:
        raise ValueError(
            "strategy is 'recursive', which cannot use covariates known only afterwards: "
            + ", ".join(panel.past)
        )


def scale(series: Series, cut: int, season: int, settings: Settings, place: int = 0) -> Scale:
    """Return the scale of the first `cut` rows of a series; see `fit_scale`."""
    return fit_scale(series, cut, season, settings, covariates(series), place)


def training_windows(
    series: Callable[[], Iterable[tuple[Series, int]]],
    settings: Settings,
    season: int,
    seed: int,
    scales: dict[str, Scale] | None = None,
) -> list[tuple[Float32Array, Float32Array]]:
    """Return the training windows of each series, all or, of too many, a sample of `WINDOWS`.

    With `Settings.embeddings` "series" the share `HIDDEN` of them does not tell which series it is,
    so that the vector of one that was not fitted is learnt too.

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
    for place, (each, cut) in enumerate(series(), start=1):
        own = found[each.unique_id] = scale(each, cut, season, settings, place)
        x, y = Inputs(each, own, settings, season, cut).training()
        if share < 1:
            chosen = np.sort(rng.permutation(len(x))[: max(1, int(share * len(x)))])
            x, y = x[chosen], y[chosen]
        if settings.embeddings == "series":
            x[rng.random(len(x)) < HIDDEN, :, -1] = 0
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
