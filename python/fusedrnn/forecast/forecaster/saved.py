"""A fitted `RNNForecaster` on disk: a folder with a JSON and an SQLite file, no pickle.

The folder holds what a forecast needs: weights, scaling, errors for the intervals, the last values
of each series, frequency, covariates, parameters, versions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from ... import __version__, _files, cells
from ..data.frequency import named
from ..data.panel import LONGEST, Panel, Series, series
from ..data.records import Records, Stored
from ..models.network import embedded, equal_units
from ..models.scale import Scale
from ..settings import BEST, LONGER, MEAN, POOL, PanelOptions, Settings, TableOptions, parts, pick
from .estimator import RNNForecaster, layers, only
from .folder import ARRAYS, DESCRIBED, check_folder, check_saved
from .train import networks

FORMAT = 7

T = TypeVar("T")


class _OtherFormat(ValueError):
    """A folder is whole, but of another version."""


def save_forecaster(forecaster: RNNForecaster, path: str | Path) -> None:
    """Write a fitted forecaster to a new folder, whole or not at all.

    Parameters
    ----------
    forecaster : RNNForecaster
    path : path

    Raises
    ------
    OSError
        If ``path`` is there and is no such folder or has other files, or the disk is full; what was
        there stays then.
    NotFittedError
        Before ``RNNForecaster.fit``.

    Examples
    --------
    >>> import os, tempfile
    >>> import pandas as pd
    >>> from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
    >>> dates = pd.date_range("2026-01-01", periods=60)
    >>> forecaster = RNNForecaster("SeasonalNaive", levels=())
    >>> forecaster = forecaster.fit(pd.DataFrame({"date": dates, "sales": range(60)}))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_forecaster(forecaster, os.path.join(folder, "bakery"))
    ...     again = load_forecaster(os.path.join(folder, "bakery"))
    >>> again.predict()["SeasonalNaive"].tolist()
    [53.0]
    """
    if not hasattr(forecaster, "panel_"):
        raise NotFittedError("RNNForecaster is not fitted: call fit first")
    check_folder(path)
    _files.write_folder(path, partial(_fill, forecaster))


def _fill(forecaster: RNNForecaster, folder: Path) -> None:
    """Write the files of a forecaster into a folder."""
    panel, keep = forecaster.panel_, max(forecaster.timesteps_, forecaster.panel_.season)
    records = Records(folder / ARRAYS)
    for i, each in enumerate(panel.series):
        first = 0 if forecaster._remembers else max(0, len(each.y) - keep)
        last = {n: getattr(each, n)[first:] for n in ("ds", "y", "observed", "known", "past")}
        start = each.start + first
        own = {"unique_id": each.unique_id, "start": start, "static": each.static}
        records.put(f"series/{i}", **own, **last)
        records.put(f"scale/{i}", **vars(forecaster.scales_[i]))
        records.put(f"errors/{i}", rows=forecaster.errors_[i])
    for i, weights in enumerate(forecaster.weights_):
        records.put(f"weights/{i}", **{f"w{k}": w for k, w in enumerate(weights)})
    records.close()
    described = {
        "format": FORMAT,
        "versions": {"fusedrnn": __version__, "numpy": np.__version__, "pandas": pd.__version__},
        "parameters": forecaster.get_params(),
        "cell": forecaster.cell_,
        "shares": forecaster.shares_,
        "timesteps": forecaster.timesteps_,
        "scope": forecaster.scope_,
        "freq": panel.freq,
        "season": panel.season,
        "known": panel.known,
        "past": panel.past,
        "static": panel.static,
        "spelled": dict(panel.spelled),
        "notes": panel.notes,
        "series": len(panel.series),
        "networks": len(forecaster.weights_),
        "sha256": _digest(folder / ARRAYS),
    }
    text = json.dumps(described, indent=2, default=methodcaller("tolist")) + "\n"
    (folder / DESCRIBED).write_text(text, "utf-8")


def load_forecaster(path: str | Path) -> RNNForecaster:
    """Read a fitted forecaster; it forecasts the same bits as the one that was saved.

    Parameters
    ----------
    path : path
        A folder that :func:`save_forecaster` wrote.

    Returns
    -------
    RNNForecaster

    Raises
    ------
    OSError
        If there is no such folder or it cannot be read.
    ValueError
        If the folder is damaged, or in the format of another version.

    Examples
    --------
    >>> import os, tempfile
    >>> from fusedrnn.datasets import load_bakery
    >>> from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
    >>> forecaster = RNNForecaster("SeasonalNaive").fit(load_bakery())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_forecaster(forecaster, os.path.join(folder, "bakery"))
    ...     again = load_forecaster(os.path.join(folder, "bakery"))
    >>> again.predict()["ds"].tolist()
    [Timestamp('2019-05-01 00:00:00')]
    """
    check_saved(path)
    path = Path(_files.text(path))
    try:
        described = json.loads((path / DESCRIBED).read_text("utf-8"))
        if (found := described["format"]) != FORMAT:
            by = described.get("versions", {}).get("fusedrnn", "another version")
            what = "fit it anew, with `fusedrnn fit` or RNNForecaster.fit"
            if isinstance(found, int) and found > FORMAT:
                what = "update with pip install -U fusedrnn"
            raise _OtherFormat(
                f"{path} was saved by fusedrnn {by} in format {found}, fusedrnn {__version__} "
                f"reads format {FORMAT}: {what}"
            )
        if _digest(path / ARRAYS) != described["sha256"]:
            raise ValueError(f"{ARRAYS} is not what was saved")
        return _rebuilt(described, Records(path / ARRAYS, new=False))
    except (MemoryError, _OtherFormat):
        raise
    except Exception as error:
        reason = f"has no entry {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{path} is damaged or no saved forecaster: {reason}") from error


def _rebuilt(described: dict[str, Any], records: Records) -> RNNForecaster:
    forecaster = RNNForecaster(**described["parameters"])

    def stored(kind: str, count: int, build: Callable[..., T]) -> Stored[T]:
        return Stored(records, [f"{kind}/{i}" for i in range(count)], build)

    for kind in ("series", "networks"):  # each has a record, so no number is larger than theirs
        n = described[kind]
        _expect(kind, type(n) is int and 0 <= n <= records.count())
    count = described["series"]
    forecaster.cell_, told = described["cell"], described["shares"]
    forecaster.shares_ = None if told is None else np.asarray(told, np.float64)
    forecaster.timesteps_, forecaster.scope_ = described["timesteps"], described["scope"]
    forecaster.panel_ = Panel(
        series=stored("series", count, series),
        freq=described["freq"],
        season=described["season"],
        known=tuple(described["known"]),
        past=tuple(described["past"]),
        notes=tuple(described["notes"]),
        static=tuple(described["static"]),
        country=forecaster.country,
        spelled=dict(described.get("spelled", {})),
    )
    _check(forecaster, described["networks"], records)
    forecaster.scales_ = list(stored("scale", count, Scale))
    forecaster.errors_ = stored("errors", count, only)
    forecaster.weights_ = stored("weights", described["networks"], layers)
    for i in range(count):
        _check_series(forecaster, i)
    shapes = _shapes(forecaster)
    for i, weights in enumerate(forecaster.weights_):
        own = shapes[i // forecaster.seeds % len(shapes)]
        _expect(f"weights of network {i}", [w.shape for w in weights] == own)
        _expect(f"weights of network {i}", all(w.dtype.kind == "f" for w in weights))
    return forecaster


def _check(forecaster: RNNForecaster, many: Any, records: Records) -> None:
    """Check what is written once for all series, before anything is read by it."""
    parameters, panel = forecaster.get_params(), forecaster.panel_
    whole = {name: parameters[name] for name in ("random_state", "n_jobs")}
    whole |= {"timesteps": forecaster.timesteps_, "season": panel.season}
    whole |= {"series": len(panel.series), "networks": many}
    for name, value in whole.items():
        _expect(name, isinstance(value, int) and not isinstance(value, bool))
    known = forecaster.cell == "mean" or BEST in parts(str(forecaster.cell))
    _expect("cell", known or forecaster.cell == forecaster.cell_)
    _expect("cell", isinstance(forecaster.cell_, str))
    shares = forecaster.shares_
    _expect("shares", (shares is None) == (forecaster.cell_ != MEAN))
    if shares is not None:
        _expect("shares", shares.shape == (len(POOL),) and bool((shares >= 0).all()))
        _expect("shares", bool(abs(shares.sum() - 1) < 1e-9))
    settings = replace(
        pick(
            Settings, parameters | {"seed": forecaster.random_state, "models": [forecaster.cell_]}
        ),
        timesteps=forecaster.timesteps_,
        scope=forecaster.scope_,
    )
    pick(TableOptions, parameters)
    pick(PanelOptions, parameters)
    _expect("timesteps", settings.timesteps >= 1)
    _expect("scope", settings.scope in ("local", "global"))
    _expect("freq", isinstance(panel.freq, str) and named(panel.freq) == panel.freq)
    _expect("season", 1 <= panel.season <= LONGEST)
    for name in ("known", "past", "notes", "static"):
        _expect(name, all(isinstance(each, str) for each in getattr(panel, name)))
    _expect("spelled", all(isinstance(each, str) for each in panel.spelled.values()))
    groups = 1 if settings.scope == "global" else len(panel.series)
    groups *= len(networks(forecaster.cell_))
    _expect("series", len(panel.series) >= 1)
    _expect("networks", many == groups * settings.seeds)
    _expect("records", records.count() == 3 * len(panel.series) + many)


def _check_series(forecaster: RNNForecaster, i: int) -> None:
    """Check the records of a series against one another."""
    panel, scale, errors = forecaster.panel_, forecaster.scales_[i], forecaster.errors_[i]
    each: Series = panel.series[i]
    lengths = (1, panel.season, LONGER.get(panel.season))
    n, known, past = len(each.y), len(panel.known), len(panel.past)
    _expect(f"series {i}", isinstance(each.unique_id, str) and isinstance(each.start, int))
    _expect(f"series {i}", n >= forecaster.timesteps_ and each.y.shape == each.observed.shape)
    _expect(f"series {i}", each.y.shape == each.ds.shape and each.y.dtype.kind == "f")
    _expect(f"series {i}", each.known.shape[1:] == (known,) and len(each.known) >= n)
    _expect(f"series {i}", each.past.shape == (n, past))
    _expect(f"series {i}", each.static.shape == (len(panel.static),))
    _expect(f"series {i}", each.observed.dtype == bool)
    _expect(f"series {i}", all(np.isfinite(a).all() for a in _numbers(each)))
    _expect(
        f"scale {i}", all(np.isfinite(a).all() for a in (scale.extent, scale.pattern, scale.effect))
    )
    _expect(f"scale {i}", scale.extent.shape == (2, 1 + known + past))
    _expect(f"scale {i}", scale.effect.shape == (known,))
    _expect(f"scale {i}", scale.pattern.ndim == 1 and len(scale.pattern) in lengths)
    _expect(f"scale {i}", isinstance(scale.floor, float) and isinstance(scale.returns, bool))
    _expect(f"scale {i}", isinstance(scale.power, float) and 0 <= scale.power <= 1)
    _expect(f"scale {i}", scale.place == i + 1)
    _expect(f"errors {i}", errors.ndim == 2 and errors.shape[1] == forecaster.horizon)


def _numbers(each: Series) -> tuple[np.ndarray, ...]:
    return each.y, each.known, each.past, each.static


def _shapes(forecaster: RNNForecaster) -> list[list[tuple[int, ...]]]:
    """Return the shapes of the weights of each network."""
    panel, settings = forecaster.panel_, forecaster._fitted()
    tables = [(n, w) for _, n, w in embedded(settings, len(panel.static), len(panel.series))]
    columns = 1 + len(panel.past) + 2 * len(panel.known)  # see `Inputs`
    columns += sum(w for _, w in tables) if tables else len(panel.static)
    found: list[list[tuple[int, ...]]] = []
    for network in networks(forecaster.cell_):
        cell, _, equal = network.partition("-")
        units = equal_units(columns, settings) if equal else settings.units
        wide = cells.CELLS[cell.lower()].gates * units
        bias = (2, wide) if cell == "GRU" else (wide,)  # see `reset_after`
        inner = [units] * (settings.layers - 1)
        dense = [(units, settings.width), (settings.width,)]
        first, *more = ([(k, wide), (units, wide), bias] for k in (columns, *inner))
        found.append([*tables, *first, *(shape for each in more for shape in each), *dense])
    return found


def _expect(what: str, holds: bool) -> None:
    if not holds:
        raise ValueError(f"the {what} cannot be what was saved")


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
