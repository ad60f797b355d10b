"""From a long table to regular series: one frequency, no gaps, and a note of what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]

# Coarsest first: a series has the first frequency on whose grid all its dates lie.
FREQUENCIES = (
    *("YS", "YE"),
    *(f"QS-{month}" for month in ("JAN", "FEB", "MAR")),
    "QE-DEC",
    *("MS", "ME"),
    *(f"W-{day}" for day in ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
    *("B", "D", "h"),
)
SEASONS = {"Y": 1, "Q": 4, "M": 12, "W": 52, "B": 5, "D": 7, "h": 24}
FILLS = ("error", "zero", "previous", "seasonal")


@dataclass(frozen=True)
class Series:
    """One series on a regular grid of dates."""

    unique_id: str
    ds: pd.DatetimeIndex
    y: FloatArray
    """(n,), no value missing."""
    observed: npt.NDArray[np.bool_]
    """(n,), False where `y` was filled in; such a value is never scored."""
    covariates: FloatArray
    """(n, covariates), no value missing."""


@dataclass(frozen=True)
class Panel:
    """Series of one frequency."""

    series: list[Series]
    freq: str
    season: int
    covariates: tuple[str, ...]
    notes: tuple[str, ...]
    """What was done to the data, a sentence each."""


def to_panel(
    long: pd.DataFrame,
    *,
    freq: str | None = None,
    season: int | None = None,
    missing_dates: str = "error",
    missing_values: str = "error",
) -> Panel:
    """Put the series of a long table (`to_long`) on a regular grid.

    Parameters
    ----------
    long : DataFrame
        Columns ``unique_id``, ``ds``, ``y`` and covariates.
    freq : str, optional
        A pandas offset alias. Default: inferred.
    season : int, optional
        Periods in a season. Default: 7 for days, 5 for business days, 52 for weeks, 12 for months,
        4 for quarters, 24 for hours, 1 for years.
    missing_dates, missing_values : {"error", "zero", "previous", "seasonal"}
        What a gap becomes: an error, no sales, the value before it, or the value one season
        before. All but the first look only backwards, so that nothing leaks from after a cutoff.

    Raises
    ------
    ValueError
        If the dates are on no regular grid, the series differ in frequency, something is missing
        and the rule is "error", or an option is unknown.
    """
    for name, rule in (("missing_dates", missing_dates), ("missing_values", missing_values)):
        if rule not in FILLS:
            raise ValueError(f"{name} is {rule!r}, expected one of {', '.join(FILLS)}")
    names = tuple(str(name) for name in long.columns[3:])
    groups = [(str(key), part) for key, part in long.groupby("unique_id", sort=True)]
    freq = freq or _common_frequency(groups)
    season = season or SEASONS.get(freq.partition("-")[0].rstrip("SE"), 1)
    counts = {"missing dates": 0, "missing values": 0, "zeros": 0, "negative values": 0}
    series = []
    for key, part in groups:
        part = part.dropna(subset="y") if part.y.isna().all() else _trim(part)
        if part.empty:
            raise ValueError(f"series {key!r}: column 'y' has no value")
        grid = pd.date_range(part.ds.iloc[0], part.ds.iloc[-1], freq=freq)
        lost = part.ds[~part.ds.isin(grid)]
        if len(lost):
            raise ValueError(f"series {key!r}: {lost.iloc[0]:%Y-%m-%d} is not on the grid {freq!r}")
        part = part.set_index("ds")
        whole = part.reindex(grid)
        absent = ~grid.isin(part.index)
        empty = whole.y.isna().to_numpy() & ~absent
        for what, where, rule in (
            ("missing dates", absent, missing_dates),
            ("missing values", empty, missing_values),
        ):
            counts[what] += int(where.sum())
            if where.any() and rule == "error":
                raise ValueError(
                    f"series {key!r} has {where.sum()} {what} (first {grid[where][0]:%Y-%m-%d}); "
                    f"say what they become with --{what.replace(' ', '-')} zero|previous|seasonal"
                )
        y = whole.y.to_numpy(copy=True)
        y[(absent & (missing_dates == "zero")) | (empty & (missing_values == "zero"))] = 0.0
        observed = ~np.isnan(y)
        back = np.where(absent, missing_dates == "seasonal", missing_values == "seasonal") * season
        for i in np.flatnonzero(~observed):  # in order, so that a long gap fills itself
            y[i] = y[i - back[i]] if 0 < back[i] <= i else y[i - 1]
        counts["zeros"] += int((y[observed] == 0).sum())
        counts["negative values"] += int((y < 0).sum())
        covariates = whole[list(names)].ffill()
        if covariates.isna().any(axis=None):
            column = covariates.columns[covariates.isna().any()][0]
            raise ValueError(f"column {column!r}: no value at the start of series {key!r}")
        series.append(Series(key, grid, y, observed, covariates.to_numpy(np.float64)))
    rules = {"missing dates": missing_dates, "missing values": missing_values}
    notes = tuple(
        f"{count} {what}: " + (f"filled by rule {rules[what]!r}" if what in rules else "kept")
        for what, count in counts.items()
        if count
    )
    return Panel(series, freq, season, names, notes)


def infer_frequency(dates: pd.Series | pd.DatetimeIndex) -> str | None:
    """Return the coarsest of `FREQUENCIES` on whose grid all dates lie, or None."""
    index = pd.DatetimeIndex(dates)
    for freq in FREQUENCIES:
        if index.isin(pd.date_range(index.min(), index.max(), freq=freq)).all():
            return freq
    return None


def _common_frequency(groups: Sequence[tuple[str, pd.DataFrame]]) -> str:
    """Infer the frequency over all series and check that each one has it."""
    dates = pd.DatetimeIndex(np.unique(np.concatenate([part.ds.to_numpy() for _, part in groups])))
    freq = infer_frequency(dates)
    if freq is None:
        raise ValueError(
            "column 'ds': the dates are on no regular grid (hours, days, weeks, months, "
            "quarters or years); name it with --freq"
        )
    spacing = {key: part.ds.diff().min() for key, part in groups if len(part) > 2}
    least = pd.Series(dates).diff().min()
    for key, own in spacing.items():
        # Each series has the shortest spacing somewhere, or it is one of another frequency.
        if own > 2 * least and not (freq in ("B", "D") and own < pd.Timedelta(days=7)):
            raise ValueError(
                f"two frequencies in one table: dates of series {key!r} are at least {own.days} "
                f"days apart, others {least.days}"
            )
    return freq


def _trim(part: pd.DataFrame) -> pd.DataFrame:
    """Cut rows without sales off both ends: before the first sale there is no series."""
    known = np.flatnonzero(part.y.notna())
    return part.iloc[known[0] : known[-1] + 1]
