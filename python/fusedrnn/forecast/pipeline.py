"""A fitted `RNNForecaster` on disk: a folder with ``pipeline.json`` and ``arrays.npz``; no pickle.

The folder holds what a forecast needs: weights, scaling, errors for the intervals, the last values
of each series, frequency, covariates, parameters, versions.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from .forecaster import RNNForecaster
from .panel import Panel, Series

FORMAT = 1


def save_forecaster(forecaster: RNNForecaster, path: str | Path) -> None:
    """Write a fitted forecaster to a new folder, whole or not at all.

    Raises
    ------
    FileExistsError
        If `path` is there and is no such folder.
    """
    path = check_folder(path)
    panel, keep = forecaster.panel_, max(forecaster.timesteps, forecaster.panel_.season)
    arrays: dict[str, np.ndarray] = {}
    for i, series in enumerate(panel.series):
        first = max(0, len(series.y) - keep)
        arrays |= {
            f"series/{i}/{name}": getattr(series, name)[first:]
            for name in ("y", "observed", "known", "past")
        }
        arrays[f"series/{i}/extent"] = forecaster.extents_[i]
        arrays[f"series/{i}/errors"] = forecaster.errors_[i]
    for g, group in enumerate(forecaster.weights_):
        for s, weights in enumerate(group):
            arrays |= {f"weights/{g}/{s}/{k}": w for k, w in enumerate(weights)}
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    described = {
        "format": FORMAT,
        "versions": {"fusedrnn": __version__, "numpy": np.__version__, "pandas": pd.__version__},
        "parameters": forecaster.get_params(),
        "freq": panel.freq,
        "season": panel.season,
        "known": panel.known,
        "past": panel.past,
        "notes": panel.notes,
        "series": [s.unique_id for s in panel.series],
        "first_dates": [s.ds[max(0, len(s.y) - keep)].isoformat() for s in panel.series],
        "weights": len(forecaster.weights_[0][0]),
        "sha256": hashlib.sha256(file.getvalue()).hexdigest(),
    }
    folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=path.name))
    try:
        (folder / "arrays.npz").write_bytes(file.getvalue())
        (folder / "pipeline.json").write_text(json.dumps(described, indent=2) + "\n", "utf-8")
        folder.chmod(0o755)  # mkdtemp is private
        if path.exists():
            shutil.rmtree(path)
        folder.rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_folder(path: str | Path) -> Path:
    """Raise `OSError` now if a forecaster cannot be written to `path` later."""
    path = Path(path)
    if path.exists() and not (path / "pipeline.json").exists():
        raise FileExistsError(f"{path} is there and is no saved forecaster: choose another name")
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
        described = json.loads((path / "pipeline.json").read_text("utf-8"))
        if described["format"] != FORMAT:
            raise ValueError(f"format {described['format']}, expected {FORMAT}")
        content = (path / "arrays.npz").read_bytes()
        if hashlib.sha256(content).hexdigest() != described["sha256"]:
            raise ValueError("arrays.npz is not what was saved")
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
        return _rebuilt(described, arrays)
    except (KeyError, TypeError, ValueError, FileNotFoundError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged or no saved forecaster: {error}") from error


def _rebuilt(described: dict[str, Any], arrays: dict[str, np.ndarray]) -> RNNForecaster:
    forecaster = RNNForecaster(**described["parameters"])
    series = []
    for i, (name, first) in enumerate(
        zip(described["series"], described["first_dates"], strict=True)
    ):
        values = {k: arrays[f"series/{i}/{k}"] for k in ("y", "observed", "known", "past")}
        ds = pd.date_range(first, periods=len(values["y"]), freq=described["freq"])
        series.append(Series(name, ds, **values))
    forecaster.panel_ = Panel(
        series,
        described["freq"],
        described["season"],
        *(tuple(described[name]) for name in ("known", "past", "notes")),
    )
    count = range(len(series))
    forecaster.extents_ = [arrays[f"series/{i}/extent"] for i in count]
    forecaster.errors_ = [arrays[f"series/{i}/errors"] for i in count]
    groups = 1 if forecaster.scope == "global" else len(series)
    forecaster.weights_ = [
        [
            [arrays[f"weights/{g}/{s}/{k}"] for k in range(described["weights"])]
            for s in range(forecaster.seeds)
        ]
        for g in range(groups)
    ]
    return forecaster
