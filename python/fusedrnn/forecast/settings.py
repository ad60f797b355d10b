"""What a comparison is told: one frozen record, checked when it is made."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import numpy as np

CELLS = ("LSTM", "GRU")
"""The networks that are compared."""
EQUAL = "GRU-equal"
"""A GRU with as many weights as the LSTM, not as many units."""
NETWORKS = (*CELLS, EQUAL)
SIMPLE = ("Naive", "SeasonalNaive", "MovingAverage", "ETS", "Theta")
"""The forecasts that every network has to beat."""
SCOPES = ("auto", "local", "global")
MANY = 200
"""Series from which networks are trained over all of them, unless told otherwise."""
EPOCHS = (5, 100)
"""Epochs at least and at most, where they are found."""
SEEN = 1_000_000
"""Windows that a network over all series sees in its epochs, where these allow it: of 27 bakery
series 0.4 million gave a WAPE of 23.6 %, 1.2 million 23.2 % (before the test part)."""
WINDOWS = 200_000
"""Training windows of a network at most; of more an even sample is drawn."""
STRATEGIES = ("direct", "recursive")
FILLS = ("error", "zero", "previous", "seasonal")
RULES = {
    "duplicates": ("error", "sum", "last"),
    "missing_dates": FILLS,
    "missing_values": FILLS,
    "zeros": ("keep", "missing"),
    "negatives": ("keep", "zero", "missing"),
}
"""What may become of rows that are not one number a date; the first is the default."""
TABLE = ("id", "date", "target", "date_format", "wide", "decimal", "thousands", "categories")
"""Options that say what is where in a table."""
PANEL = ("calendar", "freq", "season", *RULES)
"""Options that say what becomes of it."""
COVARIATES = ("future_covariates", "past_covariates")
DATA = (*TABLE, *PANEL, *COVARIATES)


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
    strategy: str = "direct"
    """"direct": a network has an output for each period of the horizon; "recursive": it has one
    and is fed its own forecasts."""
    units: int = 50
    epochs: int = 0
    """Passes over the training windows; 0: found, see `settled`."""
    batch_size: int = 32
    learning_rate: float = 0.003
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
    scope: str = "auto"
    """With many series: "local", networks for each series, "global", networks over all, or "auto",
    the former for fewer than `MANY` series."""
    models: tuple[str, ...] = (*SIMPLE, *NETWORKS)
    levels: tuple[int, ...] = (80, 95)
    """Per cent of the intervals; none with ()."""

    def __post_init__(self) -> None:
        for name in ("models", "levels"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):
                value = value.item()
                object.__setattr__(self, field.name, value)
            if field.type not in ("int", "float"):
                continue
            whole = field.type == "int"
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                kind = "a whole number" if whole else "a number"
                raise ValueError(f"{field.name} is {value!r}, expected {kind}")
            least = 0 if field.name in ("timesteps", "epochs", "seed", "patience") else 1
            if whole and value < least:
                raise ValueError(f"{field.name} is {value}, expected at least {least}")
        if self.seed + self.seeds > 1 << 32:
            raise ValueError(f"seed is {self.seed}, expected less than 2**32 - {self.seeds}")
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number")
        if not (0 < self.test_size < 1 or (self.test_size >= 1 and self.test_size % 1 == 0)):
            raise ValueError(
                f"test_size is {self.test_size}, expected a share between 0 and 1 or a number of "
                "dates"
            )
        for name, choices in (("scope", SCOPES), ("strategy", STRATEGIES)):
            if getattr(self, name) not in choices:
                value, known = getattr(self, name), ", ".join(choices)
                raise ValueError(f"{name} is {value!r}, expected one of {known}")
        if not set(self.models) <= {*SIMPLE, *NETWORKS}:
            expected = ", ".join((*SIMPLE, *NETWORKS))
            raise ValueError(f"models is {', '.join(self.models)}, expected some of {expected}")
        if not all(0 < level < 100 for level in self.levels):
            raise ValueError(f"levels is {self.levels}, expected per cents between 0 and 100")

    def settled(self, season: int, rows: int, covariates: bool, series: int = 1) -> Settings:
        """Return these settings with `timesteps`, `scope` and `epochs` found.

        Steps: four weeks of days, else a season and two periods, at least 14; of `rows` training
        rows a third at most, and with covariates known in advance the periods that are forecast at
        once. Epochs: 100, but of networks over many series only as many as make them see a million
        windows, and at least 5.
        """
        steps = 28 if season == 7 else max(14, season + 2)
        steps = max(1, min(steps, (rows - self.horizon) // 3))
        steps = self.timesteps or max(steps, self.outputs if covariates else 0)
        scope = self.scope
        if scope == "auto":
            scope = "global" if series >= MANY else "local"
        windows = min(WINDOWS, rows * (series if scope == "global" else 1))
        least, most = EPOCHS
        epochs = most if scope == "local" else max(least, min(most, SEEN // max(windows, 1)))
        return replace(self, timesteps=steps, scope=scope, epochs=self.epochs or epochs)

    def test_rows(self, n: int) -> int:
        """Return how many of `n` dates are judged on."""
        share = self.test_size
        return math.ceil(round(share * n, 9)) if share < 1 else int(share)

    @property
    def outputs(self) -> int:
        """Outputs of a network."""
        return self.horizon if self.strategy == "direct" else 1

    @property
    def networks(self) -> list[str]:
        """The networks among `models`."""
        return [model for model in NETWORKS if model in self.models]

    @property
    def simple(self) -> list[str]:
        """The simple methods among `models`."""
        return [model for model in SIMPLE if model in self.models]
