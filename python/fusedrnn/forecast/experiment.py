"""`compare`: LSTMs and GRUs beside simple forecasts, on real sales."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from joblib import cpu_count

from ..datasets import load_bakery
from .data.panel import Panel, read_panel
from .evaluate.backtest import backtest
from .evaluate.folds import CALIBRATION, plan
from .evaluate.results import Store, run_folder
from .models.inputs import check_covariates
from .report.comparison import Comparison
from .report.words import some
from .settings import CELLS, DATA, SIMPLE, Settings


def compare(
    frame: pd.DataFrame | str | Path | None = None,
    *,
    skip_short: bool = False,
    n_jobs: int | None = None,
    backend: str = "processes",
    address: str | None = None,
    resume: bool | None = None,
    on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
    **options: Any,
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
    skip_short : bool
        Whether to leave out, and report, series that are too short; else they are an error.
    n_jobs : int, optional
        Worker processes. Default: one a core for many series, else 1.
    backend, address, on_step : optional
        Where to work, see `run`.
    resume : bool, optional
        Keep finished fits in the user's cache until `Comparison.forget`, and with True take up
        those of an interrupted run on the same data with the same settings. Default: keep nothing.
    on_start : callable
        Called before the first fit with the fits of each model and the steps they have together.
    **options
        Of the table: id, date, target, date_format, wide, decimal, thousands, see `to_long`.
        Covariates: future_covariates, columns known in advance as holidays and promotions, and
        past_covariates, known only afterwards as the weather; categories, those of both that are
        names. Of the data: calendar, freq, season, duplicates, missing_dates, missing_values,
        zeros, negatives, see `to_panel`. Of models and evaluation: timesteps, horizon, units,
        epochs, batch_size, seed, seeds, ..., see `Settings`.

    Returns
    -------
    Comparison
        With `table`, `verdict`, `frame`, `tests`, `write_html`, `plot`, `write_json`, `write_csv`.

    Raises
    ------
    ValueError
        If a column, a value or a setting is unfit; the message names it.
    OSError
        If a cluster does not answer or a result cannot be kept.

    Examples
    --------
    >>> from fusedrnn.forecast import compare
    >>> result = compare(epochs=20, seeds=1)  # doctest: +SKIP
    >>> print(result.verdict)  # doctest: +SKIP
    """
    data = {name: options.pop(name) for name in DATA if name in options}
    chosen = Settings(**options)
    if not (set(CELLS) <= set(chosen.models) and chosen.simple):
        raise ValueError(
            f"models is {', '.join(chosen.models)}, expected LSTM, GRU and a simple method: "
            + ", ".join(SIMPLE)
        )
    panel = read_panel(load_bakery() if frame is None else frame, **data)
    longest = max(len(series.y) for series in panel.series)
    rows = longest - chosen.test_rows(longest)
    chosen = chosen.settled(panel.season, rows, bool(panel.known), len(panel.series))
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
            on_start,
            n_jobs=n_jobs,
            backend=backend,
            address=address,
            on_step=on_step,
        )
    except BaseException:
        if store:
            store.records.close()  # a traceback may keep it alive, and others away from its file
        raise
    return Comparison(result, skipped, remarks)


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
