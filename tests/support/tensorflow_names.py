"""Write ``tensorflow_names.txt``: TensorFlow's public names by module, those of ``tf.keras`` aside.

python tests/support/tensorflow_names.py    (with TensorFlow installed; it is not imported)

Names of ``tf.compat.v1`` stand with the others. Left out are what only TensorFlow's own operations,
graphs and devices have.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

TABLE = Path(__file__).parents[2] / "python" / "fusedrnn" / "tensorflow_names.txt"
LEFT_OUT = (
    r"__.*|raw_ops|mlir|types|tpu|autodiff|xla|lookup|queue|quantization|graph_util|profiler|dtensor"
    r"|compat|experimental\..*|estimator|feature_column|lite\..*|saved_model\..*|user_ops|spectral"
    r"|.*\.experimental\..*|distributions|resource_loader|manip|bitwise|sysconfig|math\.special"
    r"|(train|test|summary|random|nn|linalg|dtypes|debugging)\.experimental|distribute\.coordinator"
)
IMPORT = re.compile(r"^from tensorflow\.\S+ import (?:\w+ as )?([A-Za-z]\w*)", re.MULTILINE)


def of_tensorflow() -> dict[str, set[str]]:
    """Return the names by module, out of the files that make them."""
    spec = find_spec("tensorflow")
    root = Path(spec.origin).parent / "_api" / "v2"  # type: ignore[union-attr, arg-type]
    found: dict[str, set[str]] = {"": set(IMPORT.findall((root / "v2.py").read_text("utf-8")))}
    for base in (root, root / "compat" / "v1"):
        for file in sorted(base.rglob("__init__.py")):
            where = file.parent.relative_to(base).as_posix().replace("/", ".").lstrip(".")
            if not re.fullmatch(LEFT_OUT, where.split(".")[0]) and not re.fullmatch(
                LEFT_OUT, where
            ):
                names = set(IMPORT.findall(file.read_text(encoding="utf-8")))
                found.setdefault(where, set()).update(names)
    for where in found:
        parent, _, name = where.rpartition(".")
        found.get(parent, set()).difference_update([name, "module_wrapper"])
        found[where].discard("module_wrapper")
    return {where: names for where, names in found.items() if names}


def text(names: dict[str, set[str]]) -> str:
    """Return the table: a line a module."""
    return "".join(f"{where}: {' '.join(sorted(names[where]))}\n" for where in sorted(names))


if __name__ == "__main__":
    TABLE.write_text(text(of_tensorflow()), encoding="utf-8")
