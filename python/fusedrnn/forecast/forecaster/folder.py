"""The folder of a saved forecaster: whether it can be written or read, before there is one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ... import _files

DESCRIBED = "pipeline.json"
ARRAYS = "arrays.sqlite"


def check_folder(path: str | Path) -> None:
    """Raise `OSError` now if a forecaster cannot be written to `path` later."""
    given = _files.text(path)
    path = Path(given).resolve()
    if os.path.lexists(path):
        if not (path / DESCRIBED).exists():
            what = "is there and is no saved forecaster"
            raise FileExistsError(f"{given} {what}: choose another name")
        others = {each.name for each in path.iterdir()} - {ARRAYS, DESCRIBED}
        if others:
            raise FileExistsError(f"{given} has other files, as {min(others)}: choose another name")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{given}: there is no folder to write it in")
    with _files.naming(given):
        tempfile.TemporaryDirectory(dir=path.parent).cleanup()


def check_saved(path: str | Path) -> None:
    """Raise `OSError` if there is no folder of that name, or its files cannot be read."""
    path = Path(_files.text(path))
    if not path.is_dir():
        raise FileNotFoundError(f"{path}: no such folder with a saved forecaster")
    for name in (DESCRIBED, ARRAYS):
        if (path / name).exists():
            _files.source(path / name)  # which says if it cannot be read
