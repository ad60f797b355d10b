"""Files and folders written whole or not at all, with errors that name them.

Everything that the package writes for a user goes through here. What is written lies beside its
place, under a name of its own, and goes there in one step: whatever fails or interrupts, what was
there stays, and two processes that write the same leave the whole work of one of them.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def text(path: Any) -> str:
    """Return a path of any kind (str, bytes, PathLike) as text."""
    return os.fsdecode(os.fspath(path))


def write(path: Any, fill: Callable[[Path], object]) -> None:
    """Let `fill` write a temporary file, then move it to `path`.

    The temporary file has the ending of `path`, which tells some writers the format. Where `path`
    is a link, what it points to is written. A file keeps its permissions, a new one follows the
    umask.

    Raises
    ------
    OSError
        With `path` as its ``filename``, whatever the system refused.
    """
    given, path = text(path), place(path)
    temporary = _beside(path)
    with naming(given):
        try:
            _create(temporary, path)
            fill(Path(temporary))
            _flush(temporary)
            os.replace(temporary, path)
        finally:
            Path(temporary).unlink(missing_ok=True)


def append(path: Any, data: bytes) -> None:
    """Add to the end of a file, all of it or nothing; errors are those of `write`."""
    path = text(path)
    with naming(path), open(path, "ab", buffering=0) as file:
        end, rest = file.tell(), memoryview(data)
        try:
            while rest:
                rest = rest[file.write(rest) :]  # a disk that fills up takes a part
        except BaseException:
            file.truncate(end)
            raise


def write_folder(path: Any, fill: Callable[[Path], object]) -> None:
    """Let `fill` write files into a temporary folder, then put that in place of `path`.

    Errors, links and permissions are as in `write`.
    """
    given, path = text(path), os.path.realpath(text(path))
    temporary = _beside(path)
    with naming(given):
        try:
            os.mkdir(temporary)
            mode = _mode(temporary)
            os.chmod(temporary, 0o700)  # until it has the permissions of what it replaces
            fill(Path(temporary))
            for name in os.listdir(temporary):
                _flush(os.path.join(temporary, name))
                with suppress(FileNotFoundError):
                    os.chmod(os.path.join(temporary, name), _mode(os.path.join(path, name)))
            with suppress(FileNotFoundError):
                mode = _mode(path)
            os.chmod(temporary, mode)
            _put(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def check(path: Any) -> None:
    """Raise the `OSError` of `write` now, before hours of work, if it is to be expected."""
    given, path = text(path), place(path)
    temporary = _beside(path)
    with naming(given):
        _create(temporary, path)
        os.unlink(temporary)


def place(path: Any) -> str:
    """Return where a file is to be written, links followed; OSError if that cannot be a file."""
    given, path = text(path), os.path.realpath(text(path))
    with naming(given):
        if os.path.isdir(path):
            raise OSError(errno.EISDIR, "is a directory, expected a file to write")
        if not os.path.isdir(os.path.dirname(path)):
            raise OSError(errno.ENOENT, "there is no folder to write it in")
        if os.path.lexists(path) and not os.path.isfile(path):
            raise OSError(errno.EEXIST, "is a device or a pipe, expected a file to write")
        if os.path.exists(path) and not os.access(path, os.W_OK):  # the folder may let us, though
            raise OSError(errno.EACCES, "is write-protected")
    return path


def is_pipe(path: Any) -> bool:
    """Whether what is read comes through a pipe: ``-`` is the standard input."""
    path = text(path)
    return path == "-" or (os.path.exists(path) and stat.S_ISFIFO(os.stat(path).st_mode))


def source(path: Any) -> str:
    """Return the text of a path that is to be read; OSError if it is no file or unreadable."""
    path = text(path)
    with naming(path):
        if not os.path.exists(path):
            raise OSError(errno.ENOENT, "there is no such file")
        if not os.path.isfile(path):
            raise OSError(errno.EINVAL, "is a folder, a device or a pipe, expected a file to read")
        with open(path, "rb"):
            pass
    return path


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Have every `OSError` of the block name `path`; few of those of a full disk name anything."""
    try:
        yield
    except OSError as error:
        if error.filename == path:
            raise
        if error.errno is None:
            raise OSError(f"{path}: {error}") from error
        raise OSError(error.errno, error.strerror, path) from error


def _beside(path: str) -> str:
    """Return a fresh name in the folder of `path`, with its ending."""
    folder, name = os.path.split(path)
    return os.path.join(folder, f".fusedrnn-{os.urandom(6).hex()}{Path(name).suffix}")


def _mode(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _create(temporary: str, path: str) -> None:
    """Create an empty file with the permissions and the owner of `path`, or as the umask says."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    try:
        old = os.stat(path)
    except FileNotFoundError:
        os.close(os.open(temporary, flags, 0o666))
        return
    os.close(os.open(temporary, flags, 0o600))
    if hasattr(os, "chown"):
        with suppress(OSError):  # only root gives files away
            os.chown(temporary, old.st_uid, old.st_gid)
    os.chmod(temporary, stat.S_IMODE(old.st_mode))


def _flush(path: str) -> None:
    """Wait until a file is on the disk, which may be full only then."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def _put(folder: str, path: str) -> None:
    """Put a folder in the place of another, which comes back if that fails."""
    old = _beside(path)
    while True:
        try:
            with suppress(FileNotFoundError):
                os.rename(path, old)
            os.rename(folder, path)
        except BaseException as error:
            if isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                continue  # another process has put its own there: in place of that
            if os.path.isdir(old) and not os.path.lexists(path):
                os.rename(old, path)
            raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
        return
