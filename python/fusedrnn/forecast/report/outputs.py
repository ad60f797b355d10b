"""Whether the files of a run can be written, asked before it begins."""

from __future__ import annotations

import tempfile
from pathlib import Path


def check_outputs(outputs: dict[str, str | None], source: str | None = None) -> None:
    """Raise now, before hours of work, if an output cannot be written later or would lose a file.

    `outputs` has paths by option; None is an output that is not wanted.
    """
    taken = {Path(source).resolve(): "the file that is read"} if source else {}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        resolved = Path(path).resolve()
        if resolved in taken:
            raise ValueError(f"{option} is {path}, which is also {taken[resolved]}")
        taken[resolved] = option


def check_writable(path: str | Path) -> None:
    """Raise `OSError` now, before hours of work, if `path` cannot be written later."""
    if not str(path):
        raise FileNotFoundError("an output file has an empty name")
    path = Path(path).resolve()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory, expected a file to write")
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is a device or a pipe, expected a file to write")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path} cannot be written: there is no folder {path.parent}")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:  # which names the temporary file
        raise type(error)(f"{path} cannot be written: {error.strerror}") from None
