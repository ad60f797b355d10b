"""Results of finished jobs on disk, so that an interrupted run can go on."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np

from .. import __version__
from . import files
from .jobs import Result
from .panel import Panel
from .settings import Settings


class Store:
    """A folder with one ``.npz`` file a finished job; no pickle."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def get(self, key: str) -> Result | None:
        """Return the result of a job, or None if it is not finished."""
        path = self.folder / f"{key}.npz"
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as file:
            arrays = {f.name: file[f.name] for f in fields(Result)}
        return Result(**{k: v if v.ndim else v.item() for k, v in arrays.items()})

    def put(self, key: str, result: Result) -> None:
        """Keep the result of a job."""
        arrays = {f.name: getattr(result, f.name) for f in fields(Result)}
        files.write(self.folder / f"{key}.npz", lambda path: np.savez(path, **arrays))


def run_folder(panel: Panel, settings: Settings) -> Path:
    """Return the folder that belongs to these data and settings, in the user's cache."""
    digest = hashlib.sha256(repr((__version__, asdict(settings), panel.season)).encode())
    for series in panel.series:
        digest.update(series.unique_id.encode())
        for values in (series.ds.asi8, series.y, series.known, series.past):
            digest.update(np.ascontiguousarray(values).tobytes())
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(cache) / "fusedrnn" / digest.hexdigest()[:16]
