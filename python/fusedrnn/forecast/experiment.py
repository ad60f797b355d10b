"""`compare`: LSTMs and GRUs beside simple forecasts, on real sales."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import cpu_count

from ..datasets import load_bakery
from .data.calendar import calendar_among
from .data.panel import Panel, read_panel, with_calendar, without
from .evaluate.backtest import backtest
from .evaluate.folds import CALIBRATION, plan
from .evaluate.results import Store, run_folder
from .evaluate.tuning import CALENDAR, COVARIATES, Tuned, applied, tuning, unchanged
from .models.inputs import check_covariates
from .needs import check_installed
from .report.comparison import Comparison
from .report.words import some
from .settings import (
    BUNDLED,
    NETWORKS,
    Backend,
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
    Tune,
    Zeros,
    pick,
)


def compare(
    frame: pd.DataFrame | str | Path | None = None,
    *,
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
    test_size: float = Settings.test_size,
    step: int = Settings.step,
    folds: int = Settings.folds,
    seed: int = Settings.seed,
    seeds: int = Settings.seeds,
    scope: Scope = Settings.scope,
    models: Sequence[str] = Settings.models,
    levels: Sequence[int] = Settings.levels,
    tune: Tune = "calendar",
    skip_short: bool = False,
    n_jobs: int | None = None,
    backend: Backend = "processes",
    address: str | None = None,
    resume: bool | None = None,
    on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
) -> Comparison:
    """Train LSTMs and GRUs on sales and compare them with simple forecasts.

    Nothing that a model is judged on is seen before: the test part is the end of the data, scalers
    are fitted and networks trained on what lies before it, and each forecast is made from what was
    known at its cutoff.

    Parameters
    ----------
    frame : DataFrame or path, optional
        One row a date and series. A file is read in pieces, and what is found is kept on disk:
        thousands of series need no more memory than some. Default: the bundled bakery sales.
    date, target, id, wide, date_format, language, decimal, thousands : optional
    currency, empty, encoding, sheet : optional
        Where things are in the table and how they are spelled, see ``TableOptions``.
    future_covariates, past_covariates, categories, static : sequence of str
        Columns known in advance as holidays and promotions, those known only afterwards as the
        weather, those of both that are names, and names that hold for a whole series, see
        ``TableOptions``.
    freq, season, country, calendar, duplicates, missing_dates, missing_values : optional
    zeros, negatives : optional
        What becomes of the rows, see ``PanelOptions``.
    timesteps, horizon, strategy, units, layers, epochs, batch_size : optional
    learning_rate, base, cycles, transform, loss, embeddings, patience : optional
        Of the networks, see ``Settings``.
    test_size, step, folds, seed, seeds, scope, models, levels : optional
        Of the evaluation, see ``Settings``.
    tune : {"off", "calendar", "quick", "thorough"}
        Which ways to prepare and to train are tried before the test part: the calendar, where it is
        on by itself, and whether covariates known in advance help, or few or many; what was given
        is not changed. See ``tune``.
    skip_short : bool
        Whether to leave out, and report, series that are too short; else they are an error.
    n_jobs : int, optional
        Worker processes. Default: one a core for many series, else 1.
    backend, address, on_step : optional
        Where to work: "processes", or a "dask" or "ray" cluster and its address; and what is called
        with a model and how many of its steps were done.
    resume : bool, optional
        Keep finished fits in the user's cache until ``Comparison.forget``, and with True take up
        those of an interrupted run on the same data with the same settings. Default: keep nothing.
    on_start : callable
        Called before the first fit with the fits of each model and the steps they have together;
        what is tried before, see ``tune``, counts as a model each.

    Returns
    -------
    Comparison
        With ``table``, ``verdict``, ``frame``, ``tests``, ``write_html``, ``plot``, ``write_json``
        and ``write_csv``.

    Raises
    ------
    ValueError
        If a column, a value or a setting is unfit; the message names it.
    OSError
        If a cluster does not answer or a result cannot be kept.

    Examples
    --------
    >>> from fusedrnn.datasets import load_bakery
    >>> from fusedrnn.forecast import compare
    >>> small = {"models": ["SeasonalNaive", "LSTM", "GRU"], "epochs": 5, "units": 8, "seeds": 1}
    >>> result = compare(load_bakery().tail(150), date="date", target="sales", **small)
    >>> result.table.index.tolist()
    ['SeasonalNaive', 'LSTM', 'GRU']
    >>> result.verdict.startswith("Use ")
    True
    """
    given = locals()  # nothing but the arguments yet
    where, rules = pick(TableOptions, given), pick(PanelOptions, given)
    chosen = pick(Settings, given)
    check_installed(models=chosen.fitted)
    rules = chosen.fitting(rules)
    panel = read_panel(load_bakery() if frame is None else frame, where, rules)
    longest = max(len(series.y) for series in panel.series)
    rows = longest - chosen.test_rows(longest)
    shared = len(panel.series), bool(panel.static), bool(panel.past)
    chosen = chosen.settled(panel.season, rows, bool(panel.known), *shared)
    notes: tuple[str, ...] = (BUNDLED,) if frame is None else ()
    if tune != "off" and set(NETWORKS) & set(chosen.fitted):
        source = _Source(where, panel)
        free = unchanged(pick(Settings, given), pick(PanelOptions, given))
        tuned = tuning(
            source,
            chosen,
            free,
            how=tune,
            n_jobs=n_jobs or 1,
            on_start=on_start,
            on_step=on_step,
        )
        panel = source(tuned.options)
        if tuned.options:
            chosen = applied(chosen, tuned.options, bool(panel.known))
        notes += (tuned.note,) if tuned.note else ()
    check_covariates(panel, chosen)
    whole, skipped = _enough(panel, chosen, skip_short)
    if n_jobs is None:
        n_jobs = cpu_count() if len(whole.series) > 1 else 1
    store: Store | None = None
    remarks: tuple[str, ...] = ()
    if resume is not None:
        try:
            folder = run_folder(whole, chosen)
            store = Store(folder)
            if not resume:
                store.records.clear()
        except OSError as error:
            if resume:
                raise
            remarks = (f"finished fits could not be kept for --resume: {error}",)
    try:
        result = backtest(
            whole,
            chosen,
            store,
            on_start=on_start,
            n_jobs=n_jobs,
            backend=backend,
            address=address,
            on_step=on_step,
        )
    except BaseException:
        if store:
            store.records.close()  # a traceback may keep it alive, and others away from its file
        raise
    return Comparison(result, skipped, (*notes, *remarks), partial(_ahead, whole, chosen))


def _ahead(panel: Panel, settings: Settings, model: str) -> pd.DataFrame:
    """Return what a model forecasts after the last sales of a panel."""
    from .forecaster.estimator import RNNForecaster  # with scikit-learn: slow to import

    names = RNNForecaster().get_params().keys() & vars(settings).keys()
    own = {name: getattr(settings, name) for name in names}
    forecaster = RNNForecaster(model, **own, random_state=settings.seed)
    return forecaster.fit_panel(panel).predict()


def _enough(panel: Panel, settings: Settings, skip: bool) -> tuple[Panel, tuple[str, ...]]:
    """Return the panel of the series that can be judged, and the names of the others."""
    folds = [fold for fold in plan(panel.series, settings) if fold.name != CALIBRATION]
    names, kept = [], []
    for place, series in enumerate(panel.series):
        if any(fold.origins(series, settings) for fold in folds):
            kept.append(place)
        else:
            names.append(series.unique_id)
    if names and not (skip and kept):
        raise ValueError(
            f"{len(names)} series too short for timesteps + horizon = "
            f"{settings.timesteps + settings.horizon} values before the test part and a forecast "
            f"in it: {some(names)}; leave them out with --skip-short"
        )
    return (replace(panel, series=panel.series.only(kept)) if names else panel), tuple(names)


@dataclass
class _Source:
    """The panel of a table, with or without the calendar, and covariates known in advance."""

    where: TableOptions
    panel: Panel

    def __post_init__(self) -> None:
        self.calendar = bool(calendar_among(self.panel.known, self.panel.freq))

    @cached_property
    def wider(self) -> Panel:
        """The panel with the calendar."""
        return self.panel if self.calendar else with_calendar(self.panel)

    @property
    def without(self) -> dict[str, Any]:
        past = tuple(c for c in self.where.categories if c in self.where.past_covariates)
        left = {COVARIATES: (), "categories": past}
        return left if self.where.future_covariates else {}

    def __call__(self, options: Mapping[str, Any]) -> Panel:
        calendar = options.get(CALENDAR, self.calendar)
        panel = self.wider if calendar else self.panel
        cycles = calendar_among(panel.known, panel.freq)
        left = [] if calendar else cycles
        if COVARIATES in options:
            left = [*left, *(name for name in panel.known if name not in cycles)]
        return without(panel, left) if left else panel


def tune(
    frame: pd.DataFrame | str | Path | None = None,
    *,
    how: Tune = "quick",
    n_jobs: int = 1,
    on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
    **options: Any,
) -> Tuned:
    """Try ways to prepare a series and to train, and return what was chosen.

    Parameters
    ----------
    frame : DataFrame or path, optional
        As of ``compare``.
    how : {"calendar", "quick", "thorough"}
        The calendar and covariates known in advance alone, few or many.
    n_jobs : int
        Processes.
    on_start, on_step : callable
        Called before the fits of what is tried, and as they go on; see ``compare``.
    **options
        Of ``TableOptions``, ``PanelOptions`` and ``Settings``; what they say is not changed.

    Returns
    -------
    Tuned
        With ``options``, which ``compare`` and ``RNNForecaster`` take, and ``trials``.

    Raises
    ------
    ValueError
        If an option is unknown or unfit.

    Examples
    --------
    >>> from fusedrnn.datasets import load_bakery
    >>> from fusedrnn.forecast import compare, tune
    >>> sales, small = load_bakery().tail(200), {"units": 4, "seeds": 1, "models": ["GRU"]}
    >>> found = tune(sales, how="quick", epochs=2, **small)
    >>> found.trials[0].name
    'the usual way'
    >>> result = compare(sales, **{"epochs": 2, **small, **found.options})
    """
    where, rules = pick(TableOptions, options), pick(PanelOptions, options)
    settings = pick(Settings, options)
    strange = options.keys() - (vars(where) | vars(rules) | vars(settings)).keys()
    if strange:
        raise ValueError(f"tune has no option {min(strange)!r}")
    frame = load_bakery() if frame is None else frame
    panel = read_panel(frame, where, settings.fitting(rules))
    longest = max(len(series.y) for series in panel.series)
    rows = longest - settings.test_rows(longest)
    shared = len(panel.series), bool(panel.static), bool(panel.past)
    settled = settings.settled(panel.season, rows, bool(panel.known), *shared)
    source = _Source(where, panel)
    free = unchanged(settings, rules)
    return tuning(source, settled, free, how=how, n_jobs=n_jobs, on_start=on_start, on_step=on_step)
