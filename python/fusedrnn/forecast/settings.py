"""What a user may tell: where things are in a table, what becomes of them, how models are trained.

Three frozen records, `TableOptions`, `PanelOptions` and `Settings`, checked when they are made. An
option is spelled in a field here, in the signatures of `compare` and `RNNForecaster`, and with its
help in the command line, which takes defaults and choices from the fields.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from ..checks import near

Strategy: TypeAlias = Literal["auto", "direct", "recursive"]
Scope: TypeAlias = Literal["auto", "local", "global"]
Duplicates: TypeAlias = Literal["error", "sum", "mean", "first", "last", "max"]
Fill: TypeAlias = Literal["error", "zero", "previous", "seasonal", "closed"]
Zeros: TypeAlias = Literal["keep", "missing"]
Negatives: TypeAlias = Literal["keep", "zero", "missing"]
Base: TypeAlias = Literal[
    "auto", "level", "RevIN", "difference", "seasonal-difference", "ETS", "Theta", "both"
]
Transform: TypeAlias = Literal["logarithm", "boxcox", "none"]
Loss: TypeAlias = Literal["mae", "huber", "mse", "quantile", "tweedie", "zero-inflated"]
Embeddings: TypeAlias = Literal["none", "static", "series"]
Tune: TypeAlias = Literal["off", "calendar", "quick", "thorough"]
Backend: TypeAlias = Literal["processes", "dask", "ray"]

BUNDLED = "these are the bundled sales of a bakery"
CELLS = ("LSTM", "GRU")
"""The networks that are compared."""
EQUAL = "GRU-equal"
"""A GRU with as many weights as the LSTM, not as many units."""
NETWORKS = (*CELLS, EQUAL)
RIVALS = ("AutoETS", "AutoTheta", "LightGBM")
"""What needs ``fusedrnn[rivals]``."""
OTHERS = ("SeasonalDrift", "TSB", *RIVALS)
"""Simple methods that are compared when they are asked for."""
USUAL = ("Naive", "SeasonalNaive", "MovingAverage", "ETS", "Theta", "MSTL", "AR")
SIMPLE = (*USUAL, *OTHERS)
"""The forecasts that every network has to beat."""
BEST = "best"
"""In a mean of models: the simple method with the least error before the test part."""
MEAN = "Weighted"
"""The weighted mean of `POOL`, the one to use unless another one's error before the test part is
below `WORTH` of its: ``bench/accuracy_choices.md`` has the figures."""
POOL = ("LSTM", "GRU", "ETS", "Theta", "MSTL", "AR", "SeasonalNaive")
"""Models that err in different ways."""
WORTH = 0.9
"""What an error on one fold has to be below, in units of the usual one's, to change a choice: one
fold says little of a few per cent."""
COMBINED = (*(f"{cell}+{BEST}" for cell in CELLS), MEAN)
"""The means that are compared."""
KEPT = (*USUAL, *CELLS, *(f"{cell}+{simple}" for cell in CELLS for simple in ("ETS", "MSTL")), MEAN)
"""What ``fit --cell best`` chooses from."""
PARTNER = "ETS"
"""`BEST` where nothing is known before the test part."""
MANY = 200
"""Series from which networks are trained over all of them, unless told otherwise."""
EPOCHS = (5, 100)
"""Epochs at least and at most, where they are found."""
SEEN = 1_000_000
"""Windows that a network over all series sees in its epochs, where these allow it: of 27 bakery
series 0.4 million gave a WAPE of 23.6 %, 1.2 million 23.2 % (before the test part)."""
WINDOWS = 200_000
"""Training windows of a network at most; of more an even sample is drawn."""
YEARLY = (4, 12, 13)
"""Seasons of quarters, months and four weeks: they change within a history, so that the last
`CYCLES` of them are taken. Of weeks and days three seasons are more noise than season."""
CYCLES = 3
"""On the validation parts of 32 development cases this took the networks' error from 0.97 to 0.92
of the best simple method's (geometric mean)."""
LONGER = {24: 168, 48: 336}
"""The second season of a series: the week of hours and of half-hours. Not the year of days: of the
two or three that a series has a decomposition keeps the noise."""
QUANTILES = (0.1, 0.5, 0.9)
"""That networks learn together; the middle one is the median."""
BLOCKS = {"quantile": len(QUANTILES), "zero-inflated": 2}
"""Outputs of a network for each step, where there are several."""
POSITIVE = ("tweedie", "zero-inflated")
"""Losses of sales as they are, which are not negative."""
MAY_BE_ZERO = ("timesteps", "epochs", "seed", "patience", "cycles")
"""Whole numbers that may be; the others are at least 1."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Where things are in a table of sales, and how they are spelled.

    Raises
    ------
    ValueError
        If options contradict one another.
    """

    date: str | None = None
    """Column of dates, or several with commas between: ``"year,month"``, ``"year,quarter"``,
    ``"year,week"`` (of ISO 8601), ``"year,month,day"``, ``"date,time"``, ``"date,hour"``. Default:
    ``ds`` or ``date``, in small or capital letters, the index of a frame, or the first column
    without a name."""
    target: str | None = None
    """Column of sales. Default: ``y`` or ``sales``."""
    id: str | None = None
    """Column that names the series, or several, as ``"store,item"``. Default: ``unique_id`` or
    ``series_id``; without one the table is one series."""
    wide: bool = False
    """Whether each column beside the date is a series of its own."""
    date_format: str | None = None
    """As in `datetime.strptime`, "excel" for the day numbers of spreadsheets, or "epoch" for
    seconds since 1970. Default: year first (ISO 8601, also weeks and quarters), or one of
    ``30.04.2019``, ``30/04/2019``, ``04/30/2019`` and the like if only one of them fits every row.
    Of a time with an offset from UTC the clock's time is taken; if hours are counted over a change
    of clocks, that of a constant offset."""
    language: str | None = None
    """Of the names of months, as "de". Default: English, or the one that has them all."""
    decimal: str | None = None
    """The point in numbers that are texts. Default: point or comma, as one number of the column at
    least says, such as 1.234,56 or 0,5; where all may be two numbers, as 1.234, it has to be told.
    """
    thousands: str | None = None
    """What parts their thousands. Default: the other of point and comma, blanks, thin ones too, and
    apostrophes."""
    currency: str | None = None
    """What stands before or after numbers, as "kr"; a sign as € or $ may without being told."""
    empty: tuple[str, ...] = ()
    """Texts in place of a number that say there is none, as "closed"; "-" and "NA" always do."""
    encoding: str | None = None
    """Of a CSV file. Default: UTF-8, UTF-16 or Windows-1252, as found."""
    sheet: str | None = None
    """Of a workbook, or the file of a zip, if there is more than one."""
    future_covariates: tuple[str, ...] = ()
    """Columns known in advance, as holidays and promotions; numeric but for `categories`."""
    past_covariates: tuple[str, ...] = ()
    """Columns known only afterwards, as the weather."""
    categories: tuple[str, ...] = ()
    """Those of both that are no quantities but names, as of holidays: each name becomes a covariate
    of 0 and 1, ``column=name``. Where there is none, all of them are 0."""

    static: tuple[str, ...] = ()
    """Columns of names that hold for a whole series, as its region: each name becomes an input of 0
    and 1 of networks over many series."""

    def __post_init__(self) -> None:
        _check(self)
        for name in ("decimal", "thousands"):
            value = getattr(self, name)
            if value is not None and (len(str(value)) != 1 or str(value).isalnum()):
                raise ValueError(f"{name} is {value!r}, expected a character as . or ,")
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(f"thousands is {self.thousands!r}, which is also the decimal point")
        twice = set(self.future_covariates) & set(self.past_covariates)
        if twice:
            what = "is both known in advance and only afterwards"
            raise ValueError(f"covariate {min(twice)!r} {what}")
        strange = [name for name in self.categories if name not in self.covariates]
        if strange:
            raise ValueError(f"categories: {strange[0]!r} is not among the covariates")
        both = set(self.static) & set(self.covariates)
        if both:
            raise ValueError(f"column {min(both)!r} is a covariate and static: name it once")
        if self.wide and (self.covariates or self.static):
            have = ", ".join((*self.covariates, *self.static))
            raise ValueError(f"a wide table has no column for covariates: {have}")
        if "y" in (*self.covariates, *self.static):  # which the sales are called from there on
            raise ValueError("covariate 'y' would be taken for the sales: give it another name")

    @property
    def covariates(self) -> tuple[str, ...]:
        """All covariates, those known in advance first."""
        return (*self.future_covariates, *self.past_covariates)


@dataclass(frozen=True, kw_only=True)
class PanelOptions:
    """What becomes of the rows of a table on their way to regular series.

    Raises
    ------
    ValueError
        If an option is unknown; the message names it.
    """

    freq: str | None = None
    """A pandas offset alias, to which dates are brought: each is taken for the period it is in.
    Default: inferred."""
    season: int | None = None
    """Periods in a season. Default: 7 for days, 5 for business days, 52 for weeks, 12 for months,
    4 for quarters, 24 for hours, 1 for years; of several of these as many as fit."""
    country: str | None = None
    """Whose public holidays are known, as "ES", or a part of it, as "ES-CT"; the calendar of days
    and hours has them, any and each by its English name."""
    calendar: bool | None = None
    """Whether to add the cycles of the calendar to the covariates known in advance. Default: for
    weeks, days and hours if the table spans two years, so that a network can have seen a year come
    back."""
    duplicates: Duplicates = "error"
    """What several rows of one date or period become: an error, their sum (receipts), mean or
    largest, the first or the last of them. Covariates are always those of the last."""
    missing_dates: Fill = "error"
    """What a gap becomes: an error, no sales, the value before it, the value one season before, or
    a closed day: a weekday that no series sells on is left out of the dates and the season, on
    others the value a season before is put in its place, and none is forecast.
    All but the first look only backwards, so that nothing leaks from after a cutoff."""
    missing_values: Fill = "error"
    zeros: Zeros = "keep"
    """Whether no sales are a value or a missing one."""
    negatives: Negatives = "keep"
    """Whether returns are values, no sales, or missing."""

    def __post_init__(self) -> None:
        _check(self)

    @property
    def rules(self) -> dict[str, str]:
        """What becomes of rows that are not one number a date."""
        return {name: getattr(self, name) for name in choices(PanelOptions)}


@dataclass(frozen=True)
class Settings:
    """How models are trained and judged.

    The defaults of the networks (50 units, 100 epochs, learning rate 0.003 falling along a cosine,
    mean absolute error, level of each window subtracted) were chosen on a validation part of the
    bakery sales, the days from 64 % to 80 %; its last 20 % took no part in it.

    Raises
    ------
    ValueError
        If a value is out of range; the message names it.
    """

    timesteps: int = 0
    """Periods that a network sees; 0: found, see `settled`."""
    horizon: int = 1
    """Periods that are forecast."""
    strategy: Strategy = "auto"
    """"direct": a network has an output for each period of the horizon; "recursive": it has one
    and is fed its own forecasts; "auto": that for networks on one series of quarters, months or
    four weeks, whose windows are few, without covariates known only afterwards; else the former."""
    units: int = 50
    """Of each layer."""
    layers: int = 1
    """Recurrent layers, one on the other."""
    epochs: int = 0
    """Passes over the training windows; 0: found, see `settled`."""
    batch_size: int = 32
    learning_rate: float = 0.003
    base: Base = "auto"
    """What a network's forecast is added to: the level of its window, which is the mean of its last
    season; with "RevIN" the mean of all of it, in units of its standard deviation (Kim et al.,
    2022, without the learned scale); with "difference" and "seasonal-difference" the value before
    it or a season before, and the network sees such differences too; or the forecast of a simple
    method, whose errors it then learns; "both": of a model's networks every second is added to ETS,
    and trained for a third of the epochs; "auto": that, but for networks over many series, and of
    hours, whose week ETS does not know, the level."""
    cycles: int = 0
    """Seasons at the end of the training part that the season's pattern is taken from; 0: found,
    see `settled`."""
    transform: Transform = "logarithm"
    """What networks see of sales that are all positive: logarithms, a power that makes their spread
    the same at any level ("boxcox", Box and Cox, 1964; found as Guerrero, 1993), or sales."""
    loss: Loss = "mae"
    """Of the scaled sales: mean absolute, Huber's or squared error; "quantile", the pinball losses
    of `QUANTILES`, of which the median is the forecast; for sales with many zeros, which are seen
    as they are, in units of their mean, the Tweedie deviance, or the likelihood of being 0 or not
    and how large then ("zero-inflated"), whose forecasts are means and never negative."""
    embeddings: Embeddings = "none"
    """What networks over many series learn a vector of: nothing, static columns, which are inputs
    of 0 and 1 otherwise, or these and each series; those that were not fitted share one."""
    patience: int = 0
    """Epochs without a better loss on the last tenth of the training windows before training stops
    and the best weights are taken; 0 trains all epochs on all windows."""
    test_size: float = 0.2
    """Share of the dates, or number of dates, at the end that the models are judged on."""
    step: int = 1
    """Periods between two cutoffs."""
    folds: int = 1
    """Blocks of the test part; before each one everything is fitted anew."""
    seed: int = 0
    seeds: int = 3
    """Networks a model, from seeds ``seed, seed + 1, ...``; their mean forecast is the model's."""
    scope: Scope = "auto"
    """With many series: "local", networks for each series, "global", networks over all, or "auto",
    the former for fewer than `MANY` series, unless there are static columns."""
    models: tuple[str, ...] = (*USUAL, *NETWORKS, *COMBINED)
    """Which are compared; with "+" between, the mean of their forecasts, "best" among these is the
    simple method with the least error before the test part; "Weighted" is the mean of `POOL`, each
    weighted by its error then."""
    levels: tuple[int, ...] = (80, 95)
    """Per cent of the intervals; none with ()."""

    def __post_init__(self) -> None:
        _check(self)
        if self.seed + self.seeds > 1 << 32:
            raise ValueError(f"seed is {self.seed}, expected less than 2**32 - {self.seeds}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number")
        if not (0 < self.test_size < 1 or (self.test_size >= 1 and self.test_size % 1 == 0)):
            raise ValueError(
                f"test_size is {self.test_size}, expected a share between 0 and 1 or a number of "
                "dates"
            )
        if self.positive:
            for name, fit in (("base", ("auto", "level")), ("transform", ("logarithm", "none"))):
                if (value := getattr(self, name)) not in fit:
                    raise ValueError(
                        f"{name} is {value!r}, but loss is {self.loss!r}, of sales as they are: "
                        f"leave {name} out"
                    )
            if self.cycles:
                raise ValueError(
                    f"cycles is {self.cycles}, but loss is {self.loss!r}, of sales as they are, "
                    "with their season: leave cycles out"
                )
        if not self.models:
            raise ValueError("models is empty, expected at least one")
        for model in self.models:
            known = (*SIMPLE, *NETWORKS)
            strange = [part for part in parts(model) if part not in (*known, BEST)]
            if strange or model == BEST:
                raise ValueError(
                    f"models is {', '.join(self.models)}, expected some of {', '.join(known)}, or "
                    f"their means as {COMBINED[0]} and LSTM+ETS"
                    + "".join(near(each, known) for each in strange[:1])
                )
        if not all(0 < level < 100 for level in self.levels):
            raise ValueError(f"levels is {self.levels}, expected per cents between 0 and 100")

    def settled(
        self,
        season: int,
        rows: int,
        covariates: bool,
        series: int = 1,
        static: bool = False,
        past: bool = False,
    ) -> Settings:
        """Return these settings with what is found: steps, cycles, scope, base, strategy, epochs.

        Steps: four weeks of days, else a season and two periods, at least 14; of `rows` training
        rows a third at most, and with covariates known in advance the periods that are forecast at
        once. Cycles: `CYCLES` of a yearly season, of others all. Epochs: 100, of rare sales (see
        `positive`) 33, of networks over many series only as many as make them see a million
        windows, and at least 5.
        """
        steps = window(season, rows - self.lag(season), self.horizon)
        steps = self.timesteps or max(steps, self.outputs if covariates else 0)
        scope = self.scope
        if scope == "auto":
            shared = static or self.embeddings != "none"
            scope = "global" if series >= MANY or shared else "local"
        windows = min(WINDOWS, rows * (series if scope == "global" else 1))
        least, most = EPOCHS
        most //= 3 if self.positive else 1
        epochs = most if scope == "local" else max(least, min(most, SEEN // max(windows, 1)))
        cycles = self.cycles or CYCLES * (season in YEARLY and not self.positive)
        epochs = self.epochs or epochs
        found = replace(self, timesteps=steps, cycles=cycles, scope=scope, epochs=epochs)
        return found.based(season, past)

    def based(self, season: int, past: bool) -> Settings:
        """Return these settings, of which the scope is found, with `base` and `strategy` found."""
        base, strategy = self.base, self.strategy
        if base == "auto":
            alone = self.scope == "global" or season in LONGER or self.positive
            base = "level" if alone else "both"
        if strategy == "auto":
            few = self.scope == "local" and season in YEARLY
            strategy = "recursive" if few and not past else "direct"
        return replace(self, base=base, strategy=strategy)

    def member(self, seed: int) -> Settings:
        """Return what the network of one seed has of settings that are settled, see `base`."""
        if self.base != "both":
            return self
        if (seed - self.seed) % 2 == 0:
            return replace(self, base="level")
        return replace(self, base="ETS", epochs=max(1, self.epochs // 3))

    def lag(self, season: int) -> int:
        """Return how far apart the values are whose differences networks see; 0: they do not."""
        return {"difference": 1, "seasonal-difference": season}.get(self.base, 0)

    @property
    def measured(self) -> range:
        """The seeds of networks that only measure errors: as few as have all that `base` means."""
        return range(self.seed, self.seed + min(self.seeds, 1 + (self.base == "both")))

    def fitting(self, rules: PanelOptions) -> PanelOptions:
        """Return rules without a calendar that was not asked for and does not fit `timesteps`."""
        short = 0 < self.timesteps < self.outputs
        return replace(rules, calendar=False) if short and rules.calendar is None else rules

    def test_rows(self, n: int) -> int:
        """Return how many of `n` dates are judged on."""
        share = self.test_size
        return math.ceil(round(share * n, 9)) if share < 1 else int(share)

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        return 1 if self.strategy == "recursive" else self.horizon

    @property
    def width(self) -> int:
        """Numbers that a network says of a window, see `BLOCKS`."""
        return self.outputs * BLOCKS.get(self.loss, 1)

    @property
    def positive(self) -> bool:
        """Whether the loss is of sales as they are, which are not negative."""
        return self.loss in POSITIVE

    @property
    def in_sales(self) -> bool:
        """Whether networks are trained on the mean absolute error of scaled sales themselves."""
        return self.loss == "mae" and self.base in ("level", "ETS", "Theta")

    @property
    def networks(self) -> list[str]:
        """The networks among `models`."""
        return [model for model in NETWORKS if model in self.models]

    @property
    def simple(self) -> list[str]:
        """The simple methods among `models`."""
        return [model for model in SIMPLE if model in self.models]

    @property
    def combined(self) -> list[str]:
        """The means among `models`."""
        return [model for model in self.models if len(parts(model)) > 1]

    @property
    def partners(self) -> list[str]:
        """The simple methods that `BEST` is one of."""
        return self.simple or [PARTNER]

    @property
    def fitted(self) -> list[str]:
        """What has to be fitted for all `models`."""
        needed = {part for model in self.models for part in parts(model)}
        needed |= set(self.partners) if BEST in needed else set()
        return [model for model in (*SIMPLE, *NETWORKS) if model in needed]


def window(season: int, rows: int, horizon: int) -> int:
    """Return the periods that a model sees of so many training rows, see `Settings.settled`."""
    steps = 28 if season == 7 else max(14, season + 2)
    return max(1, min(steps, (rows - horizon) // 3))


def of_cell(cell: Any, values: Mapping[str, Any]) -> Settings:
    """Return the settings of a forecaster, with the models that its ``cell`` is chosen from."""
    models: tuple[Any, ...] = (MEAN if cell == "mean" else cell,)
    if cell == BEST:
        models = KEPT
    elif isinstance(cell, str) and BEST in parts(cell):
        models = tuple(cell.replace(BEST, partner) for partner in USUAL)
    try:
        return pick(Settings, {**values, "models": models})
    except ValueError as error:
        raise ValueError(re.sub("^models is", "cell is", str(error))) from None


def parts(model: str) -> tuple[str, ...]:
    """Return the models that a model is the mean of; it alone, if it is none."""
    return POOL if model == MEAN else tuple(model.split("+"))


def pick(kind: type[T], values: Mapping[str, Any]) -> T:
    """Make a record of those values that are its fields.

    Callers have more: a function's arguments, an estimator's parameters, a parsed command line.
    """
    names = get_type_hints(kind)
    return kind(**{name: value for name, value in values.items() if name in names})


def choices(kind: type[Any]) -> dict[str, tuple[str, ...]]:
    """Return the words of each field of a record that has to be one of a few."""
    hints = get_type_hints(kind).items()
    return {name: get_args(hint) for name, hint in hints if get_origin(hint) is Literal}


def _check(record: Any) -> None:
    """Check the fields of a record against their types; NumPy's numbers become Python's.

    Raises
    ------
    ValueError
        If one is not one of its words, no number, or too small.
    """
    for name, hint in get_type_hints(type(record)).items():
        value = getattr(record, name)
        if get_origin(hint) is tuple:
            if isinstance(value, str) or not isinstance(value, Iterable):
                raise ValueError(f"{name} is {value!r}, expected a list")
            value = tuple(map(_plain, value))
        else:
            value = _plain(value)
        object.__setattr__(record, name, value)
        if get_origin(hint) is Literal:
            if value not in get_args(hint):
                known = ", ".join(get_args(hint))
                meant = near(str(value), get_args(hint))
                raise ValueError(f"{name} is {value!r}, expected one of {known}{meant}")
        elif hint in (bool, bool | None):
            if not isinstance(value, bool) and (value is not None or hint is bool):
                raise ValueError(f"{name} is {value!r}, expected True or False")
        elif hint in (str, str | None, tuple[str, ...]):
            texts = value if hint == tuple[str, ...] else () if value is None else (value,)
            if not all(isinstance(text, Hashable) for text in texts) or (
                value is None and hint is str
            ):  # a frame's columns may be called anything
                raise ValueError(f"{name} is {value!r}, expected text")
        elif value is not None or hint != int | None:
            for each in value if hint == tuple[int, ...] else (value,):
                _check_number(name, each, whole=hint is not float)


def _plain(value: Any) -> Any:
    """Return a number of NumPy's, which is not imported here, as Python's."""
    return value.item() if hasattr(value, "dtype") and not getattr(value, "ndim", 1) else value


def _check_number(name: str, value: Any, whole: bool) -> None:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} is {value!r}, expected {kind}")
    least = 0 if name in MAY_BE_ZERO else 1
    if whole and value < least:
        raise ValueError(f"{name} is {value}, expected at least {least}")
