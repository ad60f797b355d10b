"""Ways to prepare a series and to train, tried on what lies before the calibration fold.

Every candidate is judged on a fold before that one, by values that all series had by then: nothing
later changes the choice, and errors on the calibration fold, which make the intervals and say which
model is the one to use, are not flattered by it. Successive halving: all with a third of the epochs
and one cell, the better half with all of them and both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from ..data.panel import Panel
from ..settings import CELLS, MANY, POSITIVE, WORTH, PanelOptions, Settings, Tune
from .backtest import Backtest, learnable, plan_jobs
from .folds import CALIBRATION, plan
from .results import Store
from .runner import run

SHORT = 1 / 3
"""Share of the epochs in the first round."""
SERIES = 6
"""Of more series so many, evenly spread, are tried."""
APART = 1.32
"""Periods from one with sales to the next, on average, from which on demand is called intermittent
(Syntetos, Boylan and Croston, 2005)."""
CALENDAR = "calendar"
COVARIATES = "future_covariates"
SAID = {
    f"{CALENDAR} True": "with the calendar",
    f"{CALENDAR} False": "without the calendar",
    COVARIATES: "without covariates known in advance",
    "epochs": "{} epochs",
    "cycles": "season of the last {}",
    "cycles 0": "season of all years",
    "transform none": "no logarithms",
    "loss": "{} loss",
    "units": "{} units",
    "layers": "{} layers",
    "learning_rate": "learning rate {}",
    "timesteps": "windows of {}",
}
"""Options in words."""


@dataclass(frozen=True)
class Trial:
    """One candidate and what came of it."""

    options: Mapping[str, Any]
    """What differs from the usual way."""
    errors: tuple[float, ...]
    """Of each round that it was in, in units of the MASE."""

    @property
    def name(self) -> str:
        """Its options in words."""
        each = (
            SAID.get(f"{option} {value}") or SAID.get(option, f"{option} {{}}").format(value)
            for option, value in self.options.items()
            if option != "categories"
        )
        return ", ".join(each) or "the usual way"


@dataclass(frozen=True)
class Tuned:
    """What was chosen of what was tried."""

    options: Mapping[str, Any]
    """Of `Settings` and `PanelOptions`; empty where the usual way was kept."""
    trials: tuple[Trial, ...]
    seconds: float

    @property
    def note(self) -> str:
        """What was tried, chosen and spent, in a sentence; empty if there was nothing to try."""
        if not self.trials:
            few = "nothing was tuned: too few values before the test part"
            return few if self.seconds else ""
        usual, *others = self.trials
        alone = [each.options for each in others] == [{CALENDAR: False}]
        name = "with the calendar" if alone else usual.name
        errors = [(name, usual), *((each.name, each) for each in others)]
        tried = "; ".join(f"{name} {each.errors[-1]:.3f}" for name, each in errors)
        chosen = Trial(self.options, ()).name if self.options else name
        why = "" if self.options or alone else ", as no other is a tenth better"
        return (
            f"tried on sales before the test part, in {self.seconds:.0f} s: {tried} (the MASE of "
            f"the networks, less is better); used: {chosen}{why}"
        )


def candidates(
    settings: Settings,
    season: int,
    rows: int,
    calendar: bool,
    how: Tune,
    intermittent: bool = False,
) -> list[dict[str, Any]]:
    """Return options to try beside the usual ones, of settings that are settled.

    Parameters
    ----------
    settings : Settings
    season, rows : int
        Of the training part.
    calendar : bool
        Whether the usual way has the calendar.
    how : {"calendar", "quick", "thorough"}
        None but the calendar where it is on, some, or all there are.
    intermittent : bool
        Whether goods sell now and then, see `is_intermittent`.
    """
    if how == CALENDAR:
        return [{CALENDAR: not calendar}] if calendar else []
    ets: dict[str, Any] = {"base": "ETS"}
    short: dict[str, Any] = {"epochs": max(1, settings.epochs // 3)}
    other: dict[str, Any] = {CALENDAR: not calendar}
    found = [ets, ets | short, other, ets | other]
    if 1 < season <= rows // 4:
        found.append({"cycles": 0 if settings.cycles else 8})
    if how == "thorough":
        longer = min(2 * settings.timesteps, (rows - settings.horizon) // 3)
        found += [{"base": base} for base in ("Theta", "RevIN", "difference")]
        if 1 < season <= rows // 4:
            found.append({"base": "seasonal-difference"})
        found += [{"transform": "boxcox"}, {"transform": "none"}]
        found += [{"loss": loss} for loss in ("huber", "mse", "quantile")]
        if settings.scope == "global":
            found.append({"embeddings": "series"})
        if intermittent:
            positive = {"base": "level", "cycles": 0} | short
            found += [{"loss": loss} | positive for loss in POSITIVE]
        found += [{"units": max(1, settings.units // 2)}, {"layers": settings.layers + 1}]
        found.append({"learning_rate": 0.001})
        found += [{"timesteps": longer}, {"cycles": 5}, ets | other | short]
    return found


@dataclass(frozen=True)
class _Watch:
    """Shows the fits of a candidate as those of one model, by its name."""

    name: str
    on_start: Callable[[Mapping[str, tuple[int, int]]], None]
    on_step: Callable[[str, int], None]

    def start(self, costs: list[int]) -> None:
        self.on_start({self.name: (len(costs), sum(costs))})

    def step(self, model: str, steps: int) -> None:
        self.on_step(self.name, steps)


class Source(Protocol):
    """The panel with or without the calendar, and covariates known in advance."""

    calendar: bool
    """Whether the usual way has it."""

    @property
    def without(self) -> dict[str, Any]:
        """The options that leave the covariates out; {} if there are none."""

    def __call__(self, options: Mapping[str, Any]) -> Panel:
        """Return the panel with these options."""


def tuning(
    source: Source,
    settings: Settings,
    free: Callable[[str], bool],
    *,
    how: Tune = "quick",
    n_jobs: int = 1,
    on_start: Callable[[Mapping[str, tuple[int, int]]], None] = lambda fits: None,
    on_step: Callable[[str, int], None] = lambda model, steps: None,
) -> Tuned:
    """Choose the options of networks for a panel.

    Parameters
    ----------
    source : Source
    settings : Settings
        The usual way, settled.
    free : callable
        Whether an option may be changed: one that the user gave may not.
    how : {"calendar", "quick", "thorough"}
        What to try: with and without the calendar, of which the better one is taken, as neither is
        the usual one, and without covariates known in advance, which were given, so that it has to
        be as much better as any other candidate; or some or all of these too.
    n_jobs : int
        Processes.
    on_start, on_step : callable
        As of `backtest`, for each candidate by its name.
    """
    start = time.perf_counter()
    panel, alone = source({}), how == CALENDAR
    if alone and len(panel.series) > MANY:
        return Tuned({}, (), 0.0)
    longest = max(len(series.y) for series in panel.series)
    judged_on = settings.test_rows(longest)
    held = min(judged_on, (longest - judged_on) // 4)  # the calibration fold, see `layout`
    rows = longest - judged_on - held
    settings = replace(
        settings, test_size=judged_on + held, levels=settings.levels or Settings.levels
    )
    rare = how == "thorough" and is_intermittent(_some(panel), settings)
    tried = candidates(settings, panel.season, rows, source.calendar, how, rare)
    options = [each for each in tried if all(map(free, each))]
    options += [source.without] if source.without else []
    if alone and not options:
        return Tuned({}, (), 0.0)
    trials = [Trial(each, ()) for each in ({}, *options)]
    left: list[Trial] = []
    cells = tuple(cell for cell in CELLS if cell in settings.fitted) or CELLS
    for share, own in ((1.0, cells),) if alone else ((SHORT, cells[-1:]), (1.0, cells)):
        judged = []
        for each in trials:
            watch = _Watch(f"trying {each.name}", on_start, on_step)
            error = _error(source, settings, each.options, share, own, n_jobs, watch)
            if error == error:
                judged.append(replace(each, errors=(*each.errors, error)))
        if not judged or judged[0].options:  # the usual way cannot be judged
            return Tuned({}, (), time.perf_counter() - start)
        usual, *others = judged
        others.sort(key=lambda each: each.errors[-1])
        kept = -(-len(others) // 2) if share < 1 else len(others)
        trials, left = [usual, *others[:kept]], [*others[kept:], *left]
    usual, *others = trials

    def worth(each: Trial) -> bool:
        share = 1 if alone and COVARIATES not in each.options else WORTH
        return each.errors[-1] < share * usual.errors[-1]

    best = min(filter(worth, others), key=lambda each: each.errors[-1], default=usual)
    seconds = time.perf_counter() - start
    return Tuned(best.options, (*trials, *left), seconds)


def _error(
    source: Source,
    settings: Settings,
    options: Mapping[str, Any],
    share: float,
    cells: tuple[str, ...],
    n_jobs: int,
    watch: _Watch,
) -> float:
    """Return the mean error of networks on the calibration fold, missing if there is none."""
    panel = _some(source(options))
    changed = applied(settings, options, bool(panel.known))
    changed = replace(changed, models=cells, epochs=max(1, round(share * changed.epochs)))
    try:
        folds = plan(panel.series, changed)
    except ValueError:  # windows too long for what there is
        return float("nan")
    if folds[0].name != CALIBRATION:
        return float("nan")
    store = Store()
    jobs = partial(plan_jobs, learnable(panel, changed, folds), changed, folds[:1])
    watch.start([job.cost for job in jobs()])
    run(jobs, store, n_jobs=n_jobs, on_step=watch.step)
    found = list(Backtest(panel, changed, folds, store).before.values())
    return float(np.mean(found)) if len(found) == len(cells) else float("nan")


def _some(panel: Panel) -> Panel:
    """Return a panel of `SERIES` series at most."""
    many = len(panel.series)
    if many <= SERIES:
        return panel
    places = np.linspace(0, many - 1, SERIES).astype(int).tolist()
    return replace(panel, series=panel.series.only(places))


def is_intermittent(panel: Panel, settings: Settings) -> bool:
    """Whether dates with sales are `APART` apart on average, before the first fold."""
    try:
        fold, *_ = plan(panel.series, settings)
    except ValueError:  # too few values, so that nothing is tried
        return False
    known = np.concatenate([each.y[: fold.cut(each, settings)] for each in panel.series])
    return len(known) > APART * int(np.count_nonzero(known))


def applied(settings: Settings, options: Mapping[str, Any], covariates: bool) -> Settings:
    """Return settings with the options of a candidate that are theirs."""
    own = {name: value for name, value in options.items() if name in vars(settings)}
    changed = replace(settings, **own)
    if covariates and changed.timesteps < changed.outputs:
        changed = replace(changed, timesteps=changed.outputs)
    return changed


def unchanged(settings: Settings, rules: PanelOptions) -> Callable[[str], bool]:
    """Return what says of an option whether it is as it comes, so that it may be changed."""
    usual = vars(Settings()) | vars(PanelOptions())
    mine = vars(settings) | vars(rules)
    return lambda name: bool(mine[name] == usual[name])
