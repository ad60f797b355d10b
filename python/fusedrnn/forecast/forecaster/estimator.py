"""`RNNForecaster`: the networks of the comparison as an estimator that forecasts the future."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from .._types import FloatArray
from ..data.calendar import calendar_among
from ..data.frequency import dates, kind
from ..data.holidays import HOLIDAY, holidays_of, named_in
from ..data.panel import Panel, Series, read_panel
from ..data.records import Records, Stored
from ..evaluate.backtest import backtest, to_use, weighted
from ..evaluate.findings import Findings
from ..evaluate.folds import plan
from ..evaluate.intervals import lowest
from ..evaluate.runner import finish, workers
from ..models.inputs import Inputs, check_covariates, count_windows, sample_note, scale
from ..models.methods import METHODS
from ..models.network import Trained
from ..needs import check_installed
from ..settings import (
    MEAN,
    POOL,
    Base,
    Duplicates,
    Embeddings,
    Fill,
    Loss,
    Negatives,
    PanelOptions,
    Scope,
    Settings,
    Strategy,
    TableOptions,
    Transform,
    Zeros,
    of_cell,
    parts,
    pick,
)
from .train import (
    HELD_OUT,
    extended,
    groups,
    held_out_errors,
    joined,
    load_network,
    networks,
    train_on_all,
)


class RNNForecaster(BaseEstimator):  # type: ignore[misc]
    """Forecast sales with LSTMs or GRUs.

    Parameters
    ----------
    cell : str
        "LSTM" or "GRU", a simple method as "ETS", several with "+" between for the mean of their
        forecasts, "mean" or "Weighted" for that of LSTM, GRU, ETS, Theta, MSTL, AR and
        SeasonalNaive, each weighted by the inverse of the fourth power of its MASE on a fifth at
        the end that was held out, or "best": that of the usual ones with the least MASE there, or
        the weighted mean if its is hardly more; as in "GRU+best", the simple method.
    timesteps, horizon, strategy, units, layers, epochs, batch_size : optional
    learning_rate, base, cycles, transform, loss, embeddings, patience : optional
        See ``Settings``.
    seeds, scope, levels : optional
        See ``Settings``.
    random_state : int
        First of the seeds.
    date, target, id, wide, date_format, language, decimal, thousands : optional
    currency, empty, encoding, sheet : optional
        Where things are in a table and how they are spelled, see ``TableOptions``.
    future_covariates, past_covariates, categories, static : sequence of str
        Columns known in advance, those known only afterwards, those of both that are names, and
        names that hold for a whole series.
    freq, season, country, calendar, duplicates, missing_dates, missing_values : optional
    zeros, negatives : optional
        What becomes of the rows, see ``PanelOptions``.
    n_jobs : int
        Processes that train.

    Attributes
    ----------
    cell_ : str
        The model that was fitted.
    panel_ : Panel
        The series that were fitted.
    shares_ : ndarray or None
        The weights of the parts of "Weighted", in this order.
    timesteps_ : int
        Periods that the networks see.
    scope_ : {"local", "global"}
        Whether each series has networks of its own.
    weights_ : sequence of list of ndarray
        Of each group of series (one series, or all of them with ``scope_`` "global") and each seed.
    errors_ : sequence of ndarray, (cutoffs, horizon)
        Absolute errors of each series' held-out part, sorted by size, for the intervals.
    scales_ : list of Scale
        What is taken off each series before a network sees it.

    Raises
    ------
    ValueError
        In ``fit``, if a parameter is unfit; the message names it.

    Notes
    -----
    Series, weights and errors are on disk, so that there may be thousands. With ``n_jobs``
    processes each of them holds all series while it trains a network over all.

    Examples
    --------
    >>> import pandas as pd
    >>> from fusedrnn.forecast import RNNForecaster
    >>> dates = pd.date_range("2026-01-01", periods=60)
    >>> frame = pd.DataFrame({"date": dates, "sales": range(60)})
    >>> forecaster = RNNForecaster("GRU", timesteps=7, epochs=2, seeds=1, levels=())
    >>> forecaster.fit(frame).predict().columns.tolist()
    ['unique_id', 'ds', 'GRU']
    """

    def __init__(
        self,
        cell: str = "GRU",
        *,
        timesteps: int = Settings.timesteps,
        horizon: int = Settings.horizon,
        strategy: Strategy = Settings.strategy,
        units: int = Settings.units,
        layers: int = Settings.layers,
        epochs: int = Settings.epochs,
        batch_size: int = Settings.batch_size,
        learning_rate: float = Settings.learning_rate,
        base: Base = Settings.base,
        cycles: int = Settings.cycles,
        transform: Transform = Settings.transform,
        loss: Loss = Settings.loss,
        embeddings: Embeddings = Settings.embeddings,
        patience: int = Settings.patience,
        seeds: int = Settings.seeds,
        scope: Scope = Settings.scope,
        levels: Sequence[int] = Settings.levels,
        random_state: int = 0,
        date: str | None = None,
        target: str | None = None,
        id: str | None = None,
        wide: bool = False,
        date_format: str | None = None,
        language: str | None = None,
        decimal: str | None = None,
        thousands: str | None = None,
        currency: str | None = None,
        empty: Sequence[str] = (),
        encoding: str | None = None,
        sheet: str | None = None,
        future_covariates: Sequence[str] = (),
        past_covariates: Sequence[str] = (),
        categories: Sequence[str] = (),
        static: Sequence[str] = (),
        freq: str | None = None,
        season: int | None = None,
        country: str | None = None,
        calendar: bool | None = None,
        duplicates: Duplicates = "error",
        missing_dates: Fill = "error",
        missing_values: Fill = "error",
        zeros: Zeros = "keep",
        negatives: Negatives = "keep",
        n_jobs: int = 1,
    ) -> None:
        self.cell = cell
        self.timesteps = timesteps
        self.horizon = horizon
        self.strategy = strategy
        self.units = units
        self.layers = layers
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.base = base
        self.cycles = cycles
        self.transform = transform
        self.loss = loss
        self.embeddings = embeddings
        self.patience = patience
        self.seeds = seeds
        self.scope = scope
        self.levels = levels
        self.random_state = random_state
        self.date = date
        self.target = target
        self.id = id
        self.wide = wide
        self.date_format = date_format
        self.language = language
        self.decimal = decimal
        self.thousands = thousands
        self.currency = currency
        self.empty = empty
        self.encoding = encoding
        self.sheet = sheet
        self.future_covariates = future_covariates
        self.past_covariates = past_covariates
        self.categories = categories
        self.static = static
        self.freq = freq
        self.season = season
        self.country = country
        self.calendar = calendar
        self.duplicates = duplicates
        self.missing_dates = missing_dates
        self.missing_values = missing_values
        self.zeros = zeros
        self.negatives = negatives
        self.n_jobs = n_jobs

    def fit(
        self,
        frame: pd.DataFrame | str | Path,
        y: None = None,
        *,
        on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
        on_step: Callable[[str, int], None] = lambda model, steps: None,
    ) -> RNNForecaster:
        """Train on everything in a table of sales.

        Parameters
        ----------
        frame : DataFrame or path
            One row a date and series.
        y : None
            Not used; the sales are a column of ``frame``.
        on_start, on_step : callable
            Called before the fits with how many there are, and as they are done; see ``compare``.

        Returns
        -------
        RNNForecaster
            Itself.

        Raises
        ------
        ValueError
            If the table or a parameter is unfit, or a series is too short for one window.
        """
        return self.fit_panel(self._panel(frame), on_start=on_start, on_step=on_step)

    def fit_panel(
        self,
        panel: Panel,
        *,
        on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
        on_step: Callable[[str, int], None] = lambda model, steps: None,
    ) -> RNNForecaster:
        """Train on everything in a panel that is read; see `fit`."""
        settings = self._settings()
        longest = max(len(series.y) for series in panel.series)
        shared = len(panel.series), bool(panel.static), bool(panel.past)
        settings = settings.settled(panel.season, longest, bool(panel.known), *shared)
        check_covariates(panel, settings)
        self._choose(panel, settings, on_start=on_start, on_step=on_step)
        cell, shares = self.cell_, self.shares_
        nets = networks(cell)
        need = settings.timesteps + settings.outputs
        for series in panel.series:
            if len(series.y) < need:
                raise ValueError(
                    f"series {series.unique_id!r} has {len(series.y)} values, training needs at "
                    f"least timesteps + horizon = {need}"
                )
        seeds = range(settings.seed, settings.seed + settings.seeds)
        records = Records()
        weights: list[str] = []
        many = 1 if settings.scope == "global" else len(panel.series)
        for group in range(many):
            weights += [f"weights/{group}/{net}/{seed}" for net in nets for seed in seeds]

        def tasks() -> Iterator[Any]:
            for i, group in enumerate(groups(panel, settings)):
                for net, seed in itertools.product(nets, seeds):
                    if (key := f"weights/{i}/{net}/{seed}") not in records:
                        yield joblib.delayed(_named)(
                            key, train_on_all, net, group, settings, panel.season, seed
                        )
                if (key := f"errors/{i}") not in records:
                    yield joblib.delayed(_named)(
                        key, held_out_errors, cell, group, panel.season, settings, shares
                    )

        fits = many + len(weights)  # of which `many` measure errors
        on_start({cell: (fits, fits)})

        def keep(key: str, found: list[Any]) -> None:
            on_step(cell, 1)
            kind, place, *_ = key.split("/")
            if kind == "weights":
                records.put(key, **{f"w{k}": w for k, w in enumerate(found)})
                return
            for i in reversed(range(len(found))):  # the key itself last: it says that all is there
                records.put(f"errors/{int(place) + i}", rows=found[i])

        with workers("processes", self.n_jobs):
            finish(tasks, keep)
        errors = [f"errors/{i}" for i in range(len(panel.series))]
        self.timesteps_ = settings.timesteps
        self.scope_ = settings.scope
        windows = count_windows((len(series.y) for series in panel.series), settings)
        self.panel_ = replace(panel, notes=(*panel.notes, *sample_note(windows, settings)))
        self.weights_ = Stored(records, weights, layers)
        self.errors_ = Stored(records, errors, only)
        self.scales_ = [
            scale(series, len(series.y), panel.season, settings, place)
            for place, series in enumerate(panel.series, start=1)
        ]
        return self

    def predict(
        self, frame: pd.DataFrame | str | Path | None = None, horizon: int | None = None
    ) -> pd.DataFrame:
        """Forecast what follows the last sales.

        Parameters
        ----------
        frame : DataFrame or path, optional
            Newer sales of the same series, with covariates known in advance in rows after the last
            sales; a series that it lacks is not forecast. Networks over all series (``scope_``
            "global") forecast others too, without intervals. Default: the table that was fitted.
        horizon : int, optional
            Default: that of the fit. A longer one feeds forecasts back, and has no intervals
            beyond that of the fit.

        Returns
        -------
        DataFrame
            Columns ``unique_id, ds``, the model, and ``MODEL-lo-LEVEL``, ``MODEL-hi-LEVEL``; no
            rows of closed days.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If there are other series than were fitted, too few values, or unknown covariates.
        """
        if not hasattr(self, "panel_"):
            raise NotFittedError("RNNForecaster is not fitted: call fit first")
        settings = self._fitted()
        steps = settings.horizon if horizon is None else replace(settings, horizon=horizon).horizon
        blocks = -(-steps // settings.outputs)
        panel = self.panel_ if frame is None else self._newer(frame)
        places = {series.unique_id: i for i, series in enumerate(self.panel_.series)}
        made: dict[int, list[list[Trained]]] = {}
        found = []
        for series in panel.series:
            self._check_length(series)
            i = places.get(series.unique_id)
            cut, none = len(series.y), np.empty((0, settings.horizon))
            if i is None:  # a new product, of which networks over all series know the kind
                settled = settings.settled(panel.season, cut, bool(panel.known))
                own_scale, errors = scale(series, cut, panel.season, settled), none
            else:
                old, own_scale, errors = self.panel_.series[i], self.scales_[i], self.errors_[i]
                series = joined(old, series) if self._remembers else series
                cut = min(len(series.y), old.start + len(old.y) - series.start)
            origin = [len(series.y)]
            least = -np.inf if own_scale.returns else float(lowest(series.y, origin)[0, 0])
            whole = steps if panel.past and blocks > 1 else blocks * settings.outputs
            own = extended(series, panel, whole)  # for the last outputs too, which are not asked
            each = {
                part: np.maximum(
                    METHODS[part](series.y, cut, origin, steps, panel.season)[0], least
                )
                for part in parts(self.cell_)
                if part in METHODS
            }
            if networks(self.cell_):
                inputs = [
                    Inputs(own, own_scale, settings.member(seed), panel.season, cut)
                    for seed in range(settings.seed, settings.seed + settings.seeds)
                ]
                group = 0 if i is None or settings.scope == "global" else i
                if group not in made:  # of one group only: thousands need not be in memory
                    made = {group: self._networks(group, inputs[0].rows.shape[1], settings)}
                for net, trained in zip(networks(self.cell_), made[group], strict=True):
                    ahead = [
                        seen.sales(seen.forecast(n.predict, origin, steps), origin)[0]
                        for seen, n in zip(inputs, trained, strict=True)
                    ]
                    each[net] = np.maximum(ahead, least).mean(axis=0)
            ordered = [each[part] for part in parts(self.cell_)]
            sales = np.average(ordered, axis=0, weights=self.shares_)
            found.append(self._frame(series, panel.freq, sales, least, errors))
        return pd.concat(found, ignore_index=True)

    def score(self, frame: pd.DataFrame | str | Path, y: None = None) -> float:
        """Return minus the mean absolute error of the forecasts of what follows the fitted sales.

        So that ``sklearn.model_selection.GridSearchCV`` can choose parameters, with
        ``sklearn.model_selection.TimeSeriesSplit`` and a table whose rows are in the order of time.

        Parameters
        ----------
        frame : DataFrame or path
            The fitted series and what follows.
        y : None
            Not used.

        Returns
        -------
        float

        Raises
        ------
        ValueError
            If no row of the table follows the fitted sales.
        """
        if not hasattr(self, "panel_"):
            raise NotFittedError("RNNForecaster is not fitted: call fit first")
        panel = self._newer(frame, freq=self.panel_.freq)
        last = {series.unique_id: series.ds[-1] for series in self.panel_.series}
        truth, steps = [], 0
        for each in panel.series:
            after = dates(self.panel_.freq, last[each.unique_id], each.ds[-1])
            steps = max(steps, len(after) - 1)
            told = each.ds[each.observed], each.y[each.observed]
            truth.append(pd.DataFrame({"unique_id": each.unique_id, "ds": told[0], "y": told[1]}))
        if not steps:
            raise ValueError("no row of the table follows the fitted sales")
        found = self.predict(horizon=steps).merge(pd.concat(truth), on=["unique_id", "ds"])
        return -float((found["y"] - found[self.cell_]).abs().mean())

    def cross_validation(
        self,
        frame: pd.DataFrame | str | Path,
        *,
        test_size: float = 0.2,
        step: int = 1,
        folds: int = 1,
    ) -> pd.DataFrame:
        """Forecast the end of a table at one cutoff after another.

        Parameters
        ----------
        frame : DataFrame or path
        test_size : float
            Share of the dates, or number of dates, at the end.
        step : int
            Periods between two cutoffs.
        folds : int
            Blocks of that end; before each one everything is fitted anew.

        Returns
        -------
        DataFrame
            Columns ``unique_id, ds, cutoff, y``, the cell and its intervals.

        Raises
        ------
        ValueError
            If ``cell`` is "best", or the table is unfit.
        """
        chosen = replace(self._settings(), test_size=test_size, step=step, folds=folds)
        if len(chosen.models) > 1:
            raise ValueError(f"cell is {self.cell!r}, which is chosen on all sales: name a model")
        panel = self._panel(frame)
        longest = max(len(series.y) for series in panel.series)
        rows = longest - chosen.test_rows(longest)
        shared = len(panel.series), bool(panel.static), bool(panel.past)
        chosen = chosen.settled(panel.season, rows, bool(panel.known), *shared)
        check_covariates(panel, chosen)
        found = backtest(panel, chosen, n_jobs=self.n_jobs).frame
        return found[[name for name in found if "-seed" not in str(name)]]

    def _settings(self) -> Settings:
        return of_cell(self.cell, self.get_params() | {"seed": self.random_state})

    def _choose(self, panel: Panel, settings: Settings, **watched: Any) -> None:
        """Find the model to fit, given or the best on a held-out end, and the weights of `MEAN`."""
        check_installed(models=settings.fitted)
        self.cell_, self.shares_ = settings.models[0], None
        alone = len(settings.models) == 1
        if alone and self.cell_ != MEAN:
            return
        held = replace(settings, test_size=HELD_OUT, levels=())
        held = replace(held, models=POOL) if alone else held
        errors: dict[str, float] = {}
        try:
            plan(panel.series, held)
        except ValueError:  # too short to hold anything out
            if not alone:
                raise
        else:
            table = Findings(backtest(panel, held, n_jobs=self.n_jobs, **watched)).table
            errors = table["MAE" if table["MASE"].isna().all() else "MASE"].dropna().to_dict()
        self.cell_ = MEAN if alone else str(to_use(errors))
        if self.cell_ == MEAN:
            self.shares_ = weighted(errors)

    @property
    def _remembers(self) -> bool:
        """Whether a forecast needs all sales, and not the last ones only."""
        based = self._fitted().base != "level" and bool(networks(self.cell_))
        return based or any(part in METHODS for part in parts(self.cell_))

    def _fitted(self) -> Settings:
        """Return the settings that the networks were trained with, but for epochs and cycles."""
        found = replace(self._settings(), timesteps=self.timesteps_, scope=self.scope_)
        return found.based(self.panel_.season, bool(self.panel_.past))

    def _networks(self, group: int, features: int, settings: Settings) -> list[list[Trained]]:
        """Return the trained networks of a group of series, a list a network."""
        nets = networks(self.cell_)
        first = group * len(nets) * settings.seeds
        many = len(self.panel_.static), len(self.panel_.series)
        return [
            [
                load_network(
                    net, features, settings, self.weights_[first + i * settings.seeds + k], *many
                )
                for k in range(settings.seeds)
            ]
            for i, net in enumerate(nets)
        ]

    def _panel(
        self,
        frame: pd.DataFrame | str | Path,
        freq: str | None = None,
        known_categories: Mapping[str, Sequence[str]] | None = None,
        before: Mapping[str, str] | None = None,
        **others: bool,
    ) -> Panel:
        """Read a table as the parameters say, but for what else is given."""
        options = self.get_params() | {"freq": freq or self.freq} | others
        where, rules = pick(TableOptions, options), pick(PanelOptions, options)
        rules = self._settings().fitting(rules)
        return read_panel(frame, where, rules, known_categories, before)

    def _newer(self, frame: pd.DataFrame | str | Path, freq: str | None = None) -> Panel:
        """Read a later table of the series that were fitted."""
        fitted_names = (*self.panel_.known, *self.panel_.past, *self.panel_.static)
        kinds = {
            column: [
                n.removeprefix(f"{column}=") for n in fitted_names if n.startswith(f"{column}=")
            ]
            for column in (*self.categories, *self.static)
        }
        kinds[HOLIDAY] = named_in(self.panel_.known)
        calendar = bool(calendar_among(self.panel_.known, self.panel_.freq))
        before = self.panel_.spelled
        panel = self._panel(frame, freq, kinds, before, calendar=calendar)
        if panel.freq != self.panel_.freq and kind(panel.freq) == kind(self.panel_.freq):
            # business days are days too
            panel = self._panel(frame, self.panel_.freq, kinds, before, calendar=calendar)
        fitted = {series.unique_id for series in self.panel_.series}
        strangers = [s.unique_id for s in panel.series if s.unique_id not in fitted]
        if strangers and self.scope_ == "local":
            raise ValueError(
                f"series {strangers[0]!r} was not among those that were fitted, each with networks "
                "of its own: fit with scope 'global'"
            )
        if panel.freq != self.panel_.freq:
            self._check_length(max(panel.series, key=lambda series: len(series.y)))
            raise ValueError(f"the table has frequency {panel.freq}, expected {self.panel_.freq}")
        return panel

    def _check_length(self, series: Series) -> None:
        """Refuse a series that is too short to forecast from."""
        if len(series.y) < self.timesteps_:
            raise ValueError(
                f"series {series.unique_id!r} has {len(series.y)} values, expected at least "
                f"timesteps = {self.timesteps_}: newer sales come with those before them"
            )

    def _frame(
        self, series: Series, freq: str, sales: FloatArray, least: float, errors: FloatArray
    ) -> pd.DataFrame:
        ds = dates(freq, series.ds[-1], periods=len(sales) + 1)[1:]
        columns: dict[str, Any] = {"unique_id": series.unique_id, "ds": ds, self.cell_: sales}
        for level in self.levels:
            rank = math.ceil((len(errors) + 1) * level / 100)
            half = np.full(len(sales), np.nan)
            if rank <= len(errors):
                known = errors[rank - 1][: len(sales)]
                half[: len(known)] = known
            columns[f"{self.cell_}-lo-{level}"] = np.maximum(sales - half, least)
            columns[f"{self.cell_}-hi-{level}"] = sales + half
        shut = np.zeros(len(ds), bool)
        if "closed" in (self.missing_dates, self.missing_values):
            shut = holidays_of(self.country, ds)
        return pd.DataFrame(columns)[~shut]


def _named(key: str, function: Callable[..., Any], *args: Any) -> tuple[str, Any]:
    """Return what a call returns with the key that it is kept under."""
    return key, function(*args)


def layers(**arrays: Any) -> list[np.ndarray]:
    """Build a network's weights from their record."""
    return [arrays[f"w{i}"] for i in range(len(arrays))]


def only(rows: FloatArray) -> FloatArray:
    """Build an array from its record."""
    return rows
