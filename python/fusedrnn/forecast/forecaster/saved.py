"""A fitted `RNNForecaster` on disk: a folder with a JSON and an SQLite file, no pickle.

The folder holds what a forecast needs: weights, scaling, errors for the intervals, the last values
of each series, frequency, covariates, parameters, versions.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from operator import methodcaller
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from sklearn.exceptions import NotFittedError

from ... import __version__
from ..data.panel import Panel, series
from ..data.records import Records, Stored
from ..models.scale import Scale
from .estimator import RNNForecaster, layers, only

FORMAT = 4
DESCRIBED = "pipeline.json"
ARRAYS = "arrays.sqlite"

T = TypeVar("T")


def save_forecaster(forecaster: RNNForecaster, path: str | Path) -> None:
    """Write a fitted forecaster to a new folder, whole or not at all.

    Raises
    ------
    OSError
        If `path` is there and is no such folder or has other files, or the disk is full.
    NotFittedError
        Before `RNNForecaster.fit`.
    """
    if not hasattr(forecaster, "panel_"):
        raise NotFittedError("RNNForecaster is not fitted: call fit first")
    path = check_folder(path)
    panel, keep = forecaster.panel_, max(forecaster.timesteps_, forecaster.panel_.season)
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=path.name))
    try:
        records = Records(folder / ARRAYS)
        for i, series in enumerate(panel.series):
            first = max(0, len(series.y) - keep)
            last = {n: getattr(series, n)[first:] for n in ("ds", "y", "observed", "known", "past")}
            start = series.start + first
            records.put(f"series/{i}", unique_id=series.unique_id, start=start, **last)
            records.put(f"scale/{i}", **vars(forecaster.scales_[i]))
            records.put(f"errors/{i}", rows=forecaster.errors_[i])
        for i, weights in enumerate(forecaster.weights_):
            records.put(f"weights/{i}", **{f"w{k}": w for k, w in enumerate(weights)})
        records.close()
        described = {
            "format": FORMAT,
            "versions": {
                "fusedrnn": __version__,
                "numpy": np.__version__,
                "pandas": pd.__version__,
            },
            "parameters": forecaster.get_params(),
            "timesteps": forecaster.timesteps_,
            "scope": forecaster.scope_,
            "freq": panel.freq,
            "season": panel.season,
            "known": panel.known,
            "past": panel.past,
            "notes": panel.notes,
            "series": len(panel.series),
            "networks": len(forecaster.weights_),
            "sha256": _digest(folder / ARRAYS),
        }
        (folder / DESCRIBED).write_text(
            json.dumps(described, indent=2, default=methodcaller("tolist")) + "\n", "utf-8"
        )
        folder.chmod(0o755)  # mkdtemp is private
        if path.exists():
            shutil.rmtree(path)
        folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_folder(path: str | Path) -> Path:
    """Raise `OSError` now if a forecaster cannot be written to `path` later."""
    path = Path(path)
    if path.is_symlink():
        path = path.resolve()
    if path.exists():
        if not (path / DESCRIBED).exists():
            what = "is there and is no saved forecaster"
            raise FileExistsError(f"{path} {what}: choose another name")
        others = {each.name for each in path.iterdir()} - {ARRAYS, DESCRIBED}
        if others:
            raise FileExistsError(f"{path} has other files, as {min(others)}: choose another name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    tempfile.TemporaryDirectory(dir=path.parent).cleanup()
    return path


def load_forecaster(path: str | Path) -> RNNForecaster:
    """Read a fitted forecaster; it forecasts the same bits as the one that was saved.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If the folder is damaged or of a later version.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such folder with a saved forecaster")
    try:
        described = json.loads((path / DESCRIBED).read_text("utf-8"))
        if described["format"] != FORMAT:
            raise ValueError(f"format {described['format']}, expected {FORMAT}")
        if _digest(path / ARRAYS) != described["sha256"]:
            raise ValueError(f"{ARRAYS} is not what was saved")
        return _rebuilt(described, Records(path / ARRAYS))
    except (KeyError, TypeError, ValueError, FileNotFoundError) as error:
        raise ValueError(f"{path} is damaged or no saved forecaster: {error}") from error


def _rebuilt(described: dict[str, Any], records: Records) -> RNNForecaster:
    forecaster = RNNForecaster(**described["parameters"])

    def stored(kind: str, count: int, build: Callable[..., T]) -> Stored[T]:
        return Stored(records, [f"{kind}/{i}" for i in range(count)], build)

    count = described["series"]
    forecaster.timesteps_, forecaster.scope_ = described["timesteps"], described["scope"]
    forecaster.panel_ = Panel(
        series=stored("series", count, series),
        freq=described["freq"],
        season=described["season"],
        known=tuple(described["known"]),
        past=tuple(described["past"]),
        notes=tuple(described["notes"]),
    )
    forecaster.scales_ = list(stored("scale", count, Scale))
    forecaster.errors_ = stored("errors", count, only)
    forecaster.weights_ = stored("weights", described["networks"], layers)
    return forecaster


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file of any size."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
