"""Write ``keras_names.txt``: every public name of the installed Keras, by module.

python tests/support/keras_names.py    (with KERAS_BACKEND=torch or another backend)
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

TABLE = Path(__file__).parents[2] / "python" / "fusedrnn" / "keras_names.txt"


def walk(module: ModuleType, where: str = "", found: dict[str, set[str]] | None = None) -> dict:
    """Return the public names by module; ``where`` is the module's own name below ``keras``."""
    found = {} if found is None else found
    if where in found:
        return found
    mine = found[where] = set()
    for name in dir(module):
        value = getattr(module, name)
        if name.startswith("_"):
            continue
        if not isinstance(value, ModuleType):
            mine.add(name)
        elif value.__name__.startswith("keras.") and not value.__name__.startswith("keras.src"):
            walk(value, f"{where}.{name}".lstrip("."), found)
    return found


def of_keras() -> dict[str, set[str]]:
    """Return the names of ``keras`` and of ``tf.keras``, which has old ones too."""
    found = walk(importlib.import_module("keras"))
    for where, names in walk(importlib.import_module("keras._tf_keras.keras")).items():
        found.setdefault(where, set()).update(names)
    return found


def text(names: dict[str, set[str]]) -> str:
    """Return the table: a line a module."""
    return "".join(f"{where}: {' '.join(sorted(names[where]))}\n" for where in sorted(names))


if __name__ == "__main__":
    TABLE.write_text(text(of_keras()), encoding="utf-8")
