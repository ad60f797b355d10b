"""``tf.strings`` on one text or an array of them, and ``tf.io`` on files."""

from __future__ import annotations

import builtins
import glob as _glob
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .._tensor import tensor
from .types import as_dtype, convert_to_tensor


def _text(x: Any) -> str:
    return x.decode() if isinstance(x, bytes) else str(x)


def _each(function: Callable[..., Any], x: Any, *args: Any, dtype: Any = None) -> Any:
    texts = np.asarray(x)
    found = [function(_text(each), *args) for each in texts.ravel()]
    return tensor(np.array(found, dtype or (str if not found else None)).reshape(texts.shape))


def lower(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Return text in small letters."""
    return _each(str.lower, input)


def upper(input: Any, encoding: str = "", name: str | None = None) -> Any:
    """Return text in capitals."""
    return _each(str.upper, input)


def strip(input: Any, name: str | None = None) -> Any:
    """Return text without blanks at its ends."""
    return _each(str.strip, input)


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> Any:
    """Return the number of bytes, or of characters for ``unit="UTF8_CHAR"``."""
    count = (lambda s: len(s.encode())) if unit == "BYTE" else len
    return _each(count, input, dtype=np.int32)


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Any:
    r"""Return text in which another stands for a pattern; ``\1`` for its first group."""
    by = re.sub(r"\\0", r"\\g<0>", _text(rewrite))
    pattern = _text(pattern).replace(
        "[:punct:]", re.escape(r"""!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~""")
    )
    return _each(lambda s: re.sub(pattern, by, s, count=0 if replace_global else 1), input)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Return whether all of a text is as the pattern."""
    return _each(lambda s: re.fullmatch(_text(pattern), s) is not None, input, dtype=np.bool_)


def substr(input: Any, pos: int, len: int, unit: str = "BYTE", name: str | None = None) -> Any:
    """Return so many characters from a place on."""
    return _each(lambda s: s[int(pos) :][: int(len)], input)


def join(inputs: Any, separator: str = "", name: str | None = None) -> Any:
    """Return texts one after the other, element by element."""
    parts = np.broadcast_arrays(*[np.asarray(x) for x in inputs])
    rows = zip(*(p.ravel() for p in parts), strict=True)
    found = [separator.join(builtins.map(_text, row)) for row in rows]
    return tensor(np.array(found, str).reshape(parts[0].shape))


def reduce_join(
    inputs: Any,
    axis: Any = None,
    keepdims: bool = False,
    separator: str = "",
    name: str | None = None,
) -> Any:
    """Return the texts along an axis one after the other, of all axes by default."""
    texts = np.asarray(inputs)
    rows = texts.reshape(1, -1) if axis is None else np.moveaxis(texts, axis, -1)
    found = [separator.join(builtins.map(_text, r)) for r in rows.reshape(-1, rows.shape[-1])]
    return tensor(np.array(found, str).reshape(rows.shape[:-1] if axis is not None else ()))


def as_string(
    input: Any,
    precision: int = -1,
    scientific: bool = False,
    shortest: bool = False,
    width: int = -1,
    fill: str = "",
    name: str | None = None,
) -> Any:
    """Return numbers as text, as C's ``printf`` writes them."""
    numbers = np.asarray(convert_to_tensor(input))
    digits = f".{precision}" if precision >= 0 else ""
    kind = ("g" if shortest else "e" if scientific else "f") if numbers.dtype.kind == "f" else "d"
    form = f"%{fill}{width if width >= 0 else ''}{digits}{kind}"
    if numbers.dtype.kind == "b":
        return _each(str.lower, numbers)
    found = [form % each for each in numbers.ravel().tolist()]
    return tensor(np.array(found, str).reshape(numbers.shape))


def to_number(input: Any, out_type: Any = np.float32, name: str | None = None) -> Any:
    """Return texts as numbers."""
    return _each(float, input, dtype=as_dtype(out_type))


def _parts(input: Any, function: Callable[[str], list[str]]) -> Any:
    texts = np.asarray(input)
    rows = [function(_text(each)) for each in texts.ravel()]
    if texts.ndim and builtins.len({builtins.len(row) for row in rows}) > 1:
        raise NotImplementedError(
            "strings: rows of different lengths are beyond fusedrnn, which has no RaggedTensor: "
            "split one text after another, then pad_sequences"
        )
    return tensor(np.array(rows, str)) if texts.ndim else tensor(np.array(rows[0], str))


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> Any:
    """Return the words of a text, or of texts of as many words."""
    return _parts(input, lambda s: s.split(_text(sep) if sep else None, maxsplit))


def unicode_split(input: Any, input_encoding: str = "UTF-8", **kwargs: Any) -> Any:
    """Return the characters of a text, or of texts of as many characters."""
    return _parts(input, list)


def bytes_split(input: Any, name: str | None = None) -> Any:
    """Return the characters of a text, or of texts of as many characters."""
    return _parts(input, list)


# Files --------------------------------------------------------------------------------------------


def read_file(filename: Any, name: str | None = None) -> Any:
    """Return what is in a file, as text."""
    return tensor(np.array(Path(_text(filename)).read_bytes().decode()))


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Write text to a file, and make its folder."""
    path = Path(_text(filename))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_text(np.asarray(contents)[()]).encode())


GFile = Open = FastGFile = open
exists = Exists = os.path.exists
isdir = IsDirectory = os.path.isdir
listdir = ListDirectory = os.listdir
glob = Glob = _glob.glob
mkdir = MkDir = os.mkdir
remove = Remove = os.remove
rmtree = DeleteRecursively = shutil.rmtree
stat, walk = os.stat, os.walk


def makedirs(path: Any) -> None:
    """Make a folder, and those that it is in."""
    os.makedirs(path, exist_ok=True)


MakeDirs = makedirs


def copy(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Copy a file."""
    if not overwrite and os.path.exists(dst):
        raise FileExistsError(f"{dst} exists: overwrite is False")
    shutil.copyfile(src, dst)


def rename(src: Any, dst: Any, overwrite: bool = False) -> None:
    """Rename a file."""
    if not overwrite and os.path.exists(dst):
        raise FileExistsError(f"{dst} exists: overwrite is False")
    os.replace(src, dst)


Rename, Copy = rename, copy
