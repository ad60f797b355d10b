"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write(path: str | Path, fill: Callable[[Path], object]) -> None:
    """Let `fill` write a temporary file beside `path`, then move it there in one step.

    The temporary file has the ending of `path`, which tells some writers the format. If anything
    fails, what was at `path` stays and the temporary file goes.
    """
    path = Path(path).resolve()  # what a link points to is written, the link stays
    try:
        handle, name = tempfile.mkstemp(path.suffix, ".fusedrnn-", path.parent)
    except OSError as error:  # which names the temporary file
        raise type(error)(error.errno, error.strerror, str(path)) from None
    os.close(handle)
    temporary = Path(name)
    try:
        fill(temporary)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # mkstemp is private, a file of the user's is not
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
