"""``get_file``: files of the web, fetched once and kept in Keras's folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import _files
from .progress import Progbar, write

CHUNK = 1 << 16


def get_file(
    fname: Any = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """Return the path of a file from the web, or of what an archive has in it; as Keras.

    What is there already is not fetched again. What cannot be fetched whole, or is not what the
    hash says, leaves nothing behind.

    Parameters
    ----------
    fname : str, optional
        Its name in the folder; by default as in ``origin``. What an archive ``a.zip`` has in it
        goes to the folder ``a_extracted``, and of one without an ending to a folder of its name.
    origin : str
        The URL; ``file://`` is one too.
    untar, extract : bool
        Whether it is an archive whose content is wanted.
    md5_hash, file_hash : str, optional
        What its MD5 or SHA-256 must be.
    cache_subdir : str
        Folder below ``cache_dir``.
    hash_algorithm : {"auto", "md5", "sha256"}
    archive_format : {"auto", "tar", "zip"}, list of them, or None
    cache_dir : path, optional
        By default KERAS_HOME, or ``~/.keras``.
    force_download : bool
        Whether to fetch it even if it is there.

    Raises
    ------
    RuntimeError
        If it cannot be fetched.
    ValueError
        If it is not what the hash says, or the archive would write outside its folder.
    """
    from urllib.parse import urlsplit  # slow to import

    if origin is None:
        raise ValueError('Please specify the "origin" argument (URL of the file to download).')
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    name = _files.text(fname or os.path.basename(urlsplit(origin).path))
    if not name:
        raise ValueError(
            f"Can't parse the file name from the origin provided: {origin!r}. "
            "Please specify the `fname` argument."
        )
    if os.path.basename(name) != name:
        raise ValueError(
            "Paths are no longer accepted as the `fname` argument. To specify the file's parent "
            f"directory, use the `cache_dir` argument. Received: fname={fname}"
        )
    folder = os.path.join(_home(cache_dir), cache_subdir)
    os.makedirs(folder, exist_ok=True)
    target = content = os.path.join(folder, name)
    if (extract or untar) and fname and "." in name:
        content = os.path.join(folder, f"{name[: name.find('.')]}_extracted")
    elif extract or untar:
        target += "_archive"
    if force_download or not os.path.exists(target):
        _download(origin, target, file_hash, hash_algorithm)
    elif file_hash is not None and not _is(target, file_hash, hash_algorithm):
        write(
            "A local file was found, but it seems to be incomplete or outdated because the "
            f"{hash_algorithm} file hash does not match the original value of {file_hash} so we "
            "will re-download the data.\n"
        )
        _download(origin, target, file_hash, hash_algorithm)
    if (extract or untar) and not _extract(target, content, "tar" if untar else archive_format):
        warnings.warn("Could not extract archive.", stacklevel=2)
    return content


def _home(given: Any) -> str:
    """Return the folder of Keras, or one for temporary files where that cannot be written."""
    home = os.path.expanduser(_files.text(given or os.environ.get("KERAS_HOME") or "~/.keras"))
    with suppress(OSError):
        os.makedirs(home, exist_ok=True)
    if os.access(home, os.W_OK):
        return home
    import tempfile  # slow to import

    return os.path.join(tempfile.gettempdir(), ".keras")


def _download(origin: str, target: str, file_hash: str | None, algorithm: str) -> None:
    def fill(path: Path) -> None:
        try:
            with path.open("wb") as file:
                for chunk in _chunks(origin):
                    file.write(chunk)
        except HTTPError as error:
            reason = f"{error.code} -- {error.msg}"
        except (URLError, HTTPException) as error:
            reason = f"{getattr(error, 'errno', None)} -- {getattr(error, 'reason', error)}"
        else:
            if file_hash is None or _is(path, file_hash, algorithm):
                return
            raise ValueError(
                f"Incomplete or corrupted file detected. The {algorithm} file hash does not match "
                f"the provided value of {file_hash}."
            )
        raise RuntimeError(
            f"URL fetch failure on {origin}: {reason}; a file put at {target} would be taken"
        )

    from http.client import HTTPException  # slow to import
    from urllib.error import HTTPError, URLError

    write(f"Downloading data from {origin}\n")
    _files.write(target, fill)


def _chunks(origin: str) -> Iterator[bytes]:
    """Yield what is at a URL, and show how far it is."""
    from http.client import IncompleteRead
    from urllib.request import urlopen

    with urlopen(origin) as response:
        length = response.headers.get("Content-Length")
        total = int(length) if length else None
        progress, done = Progbar(total), 0
        while chunk := response.read(CHUNK):
            yield chunk
            done += len(chunk)
            progress.update(done)
        if total is not None and done < total:
            raise IncompleteRead(b"", total - done)


def _is(path: Any, file_hash: str, algorithm: str) -> bool:
    import hashlib

    long = algorithm == "sha256" or (algorithm == "auto" and len(file_hash) == 64)
    found = hashlib.sha256() if long else hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            found.update(chunk)
    return found.hexdigest() == str(file_hash)


def _extract(archive: str, folder: str, formats: Any) -> bool:
    """Write what an archive has in it; return whether it is of one of the formats."""
    import tarfile
    import zipfile

    if formats == "auto":
        formats = ("tar", "zip")
    for each in (formats,) if isinstance(formats, str) else formats or ():
        if each not in ("tar", "zip"):
            raise NotImplementedError(f"get_file: archive_format {each!r}, expected 'tar' or 'zip'")
        if each == "tar" and tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                _check_names(archive, folder, tar.getnames())
                if not hasattr(tarfile, "data_filter"):  # Python before 3.10.12, 3.11.4
                    odd = [each.name for each in tar if not (each.isfile() or each.isdir())]
                    if odd:
                        raise ValueError(
                            f"get_file: {archive}: {odd[0]!r} is no file and no folder"
                        )
                    tar.extractall(folder)
                    return True
                try:
                    tar.extractall(folder, filter="data")  # which refuses links that lead out of it
                except tarfile.FilterError as error:
                    raise ValueError(f"get_file: {archive}: {error}") from None
            return True
        if each == "zip" and zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                _check_names(archive, folder, zipped.namelist())
                zipped.extractall(folder)
            return True
    return False


def _check_names(archive: str, folder: str, names: Iterable[str]) -> None:
    """ValueError if one of the files would be outside the folder."""
    for name in names:
        if os.path.isabs(name) or ".." in name.replace("\\", "/").split("/"):
            raise ValueError(f"get_file: {archive}: {name!r} leads out of {folder!r}")
