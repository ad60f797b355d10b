"""What jobs found, on disk: more than memory holds, and what an interrupted run keeps."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from ... import __version__
from .._types import FloatArray
from ..data.panel import Panel
from ..data.records import Records
from ..settings import Settings


@dataclass(frozen=True)
class Result:
    """What a job found."""

    forecasts: Mapping[str, FloatArray] = field(default_factory=dict)
    """(origins, horizon) of each series."""
    seconds: float = 0.0
    forecast_seconds: float = 0.0
    losses: FloatArray = field(default_factory=lambda: np.empty(0))
    test_loss: float = float("nan")
    parameters: int = 0
    error: str = ""
    """Why there are no forecasts."""
    warning: str = ""
    """What the library said while it fitted."""


class Store:
    """Forecasts by series, and what each fit cost."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
        self.records = Records(folder / "results.sqlite" if folder else "", alone=bool(folder))

    def __contains__(self, key: str) -> bool:
        return f"fit/{key}" in self.records

    def put(self, key: str, result: Result) -> None:
        """Keep the result of a job by its key; the fit last, since it says that all is there."""
        fit = dict(vars(result))
        fold, column, _ = key.split("/", 2)
        for name, rows in fit.pop("forecasts").items():
            self.records.put(f"forecasts/{fold}/{column}/{name}", rows=rows)
        self.records.put(f"fit/{key}", **fit)

    def forecasts(self, fold: str, column: str, unique_id: str) -> FloatArray | None:
        """Return the forecasts of a series, (origins, horizon), or None if there are none."""
        found = self.records.get(f"forecasts/{fold}/{column}/{unique_id}")
        return None if found is None else found["rows"]

    def fits(self) -> Iterator[tuple[str, str, str, Result]]:
        """Yield fold, column, group and result, without its forecasts, of each fit."""
        for key, fit in self.records.items("fit/"):
            _, fold, column, group = key.split("/", 3)
            yield fold, column, group, Result(**fit)

    def forget(self) -> None:
        """Remove what is kept for a run to go on."""
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


def run_folder(panel: Panel, settings: Settings) -> Path:
    """Return the folder that belongs to these data and settings, in the user's cache."""
    digest = hashlib.sha256(repr((__version__, asdict(settings), panel.season)).encode())
    for series in panel.series:
        digest.update(series.unique_id.encode())
        for values in (series.ds.asi8, series.y, series.known, series.past, series.static):
            digest.update(np.ascontiguousarray(values).tobytes())
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "fusedrnn" / digest.hexdigest()[:16]
