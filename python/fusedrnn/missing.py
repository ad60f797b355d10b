"""What Keras has under a name that a module here has not: elsewhere in this package, or beyond it.

``keras_names.txt`` has every public name of Keras 3.15 by module, those of ``tf.keras`` included;
``tests/support/keras_names.py`` writes it, ``legacy.NAMES`` adds those of Keras 1 and 2. A module
calls ``missing.answer(__name__)``, which type checkers need not know; modules that only Keras has
can be imported.

What is beyond is no error before it is used, for scripts import more than they use. Names that
nobody knows are the errors that Python has for them.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

from . import legacy

PACKAGE = "fusedrnn"

# Modules that have the names of others; "" is the package itself
ELSEWHERE = {
    "": ("layers", "losses", "metrics", "optimizers", "initializers", "regularizers", "backend"),
    "config": ("backend",),
    "engine": ("layers", "models"),
    "engine.topology": ("layers",),
    "legacy.saving": ("saving",),
    "metrics": ("losses",),
    "ops.nn": ("ops",),
    "ops.numpy": ("ops",),
    "utils": ("saving", "backend"),
    "utils.legacy": ("saving",),
}

KEEP = "keep Keras for the model and speed up its LSTM and GRU instead: see fusedrnn.keras"
ONE_CPU = "which computes in float32 or float64 on a CPU: leave that line out"

# Module, name, and what to use instead: the first pair that matches
ADVICE = (
    ("", "Function", "which has Model(inputs, outputs)"),
    ("", "device|remat|RematScope|.*DTypePolicy|Quantizer", ONE_CPU),
    ("activations", ".*", "which takes a function of x written with NumPy in its place"),
    ("applications.*|visualization|ops.image|.*bounding_boxes", ".*", "which has nothing for "
     f"images; {KEEP}"),
    ("backend|ops.*", ".*", "which has NumPy's functions: use numpy, and fusedrnn.ops in a loss"),
    ("callbacks", ".*", "which has EarlyStopping, ModelCheckpoint, ReduceLROnPlateau, CSVLogger "
     "and others"),
    ("config|distribution|dtype_policies|mixed_precision|quantizers", ".*", ONE_CPU),
    ("datasets.*", ".*", "which fetches nothing: read the arrays by Keras or numpy.load"),
    ("export|saving", ".*", "which saves to .keras, .h5, .weights.h5 and .safetensors, and by "
     "fusedrnn.onnx"),
    ("initializers", ".*", "which takes a function of (shape, dtype) in its place"),
    ("layers", ".*Cell|.*Cells", "which has LSTM, GRU and SimpleRNN, and their cells in RNN"),
    ("layers", ".*", "which has recurrent, dense and merging layers, and convolution over steps; "
     + KEEP),
    ("losses|metrics", ".*", "which takes a function of (y_true, y_pred) written with NumPy in its "
     "place"),
    ("optimizers.*", ".*", "which has SGD, RMSprop, Adam, AdamW, Nadam and Adagrad"),
    ("preprocessing.text", ".*", "which takes numbers: number the words with a dict, then "
     "pad_sequences"),
    ("preprocessing.sequence", ".*", "which has pad_sequences and TimeseriesGenerator"),
    ("random", ".*", "which draws by numpy.random: seed both with utils.set_random_seed"),
    ("regularizers|constraints", ".*", "which takes a subclass with __call__ in its place"),
    ("tree", ".*", "which has one array in and one out: use Python's own lists and dicts"),
    (".*", ".*image.*|.*img", f"which has nothing for images; {KEEP}"),
    ("utils", "get_file", "which fetches nothing"),
    ("utils|preprocessing", ".*", "which takes arrays, generators and utils.Sequence"),
    ("wrappers.*", ".*", "which has KerasClassifier and KerasRegressor in "
     "wrappers.scikit_learn, and estimators of its own in fusedrnn.sklearn"),
    (".*", ".*", KEEP),
)  # fmt: skip


class _Refusing(type):
    """Class of the stand-ins for what is beyond: whatever is asked of them is refused."""

    advice: str

    def __call__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(cls.advice)

    def __getattr__(cls, name: str) -> NoReturn:
        raise AttributeError(
            f"{name}: {cls.advice}" if not name.startswith("__") else f"no attribute {name!r}"
        )


@cache
def beyond(where: str, name: str) -> type:
    """Return a stand-in for what Keras has and fusedrnn does not: it raises when it is used."""
    full = f"{where}.{name}" if where else name
    advice = next(
        a for of, names, a in ADVICE if re.fullmatch(of, where) and re.fullmatch(names, name)
    )
    text = f"{full} is beyond {PACKAGE}{', ' if advice.startswith('which') else ': '}{advice}"
    return _Refusing(name, (), {"advice": text, "__doc__": f"Beyond: {text}."})


@cache
def table() -> dict[str, frozenset[str]]:
    """Return Keras's public names by module."""
    from importlib.resources import files  # slow to import

    text = files(PACKAGE).joinpath("keras_names.txt").read_text(encoding="utf-8")
    found: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        module, _, names = line.partition(":")
        found[module] = frozenset(names.split())
    for module, old in legacy.NAMES.items():
        found[module] = found.get(module, frozenset()) | frozenset(old.split())
    return found


def answer(module: str, of: str = "") -> None:
    """Let a module answer for Keras's names, its own or those ``of`` another."""
    own = vars(sys.modules[module])
    own.setdefault("__path__", [])  # there may be modules of Keras below it
    own["__getattr__"] = names(of or module)


def names(module: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module."""
    where = module.partition(".")[2]

    def __getattr__(name: str) -> Any:
        own_file = PathFinder.find_spec(f"{module}.{name}", sys.modules[module].__path__)
        if not name.startswith("_") and own_file is None:  # else its import asks before it is there
            found = _find(where, name)
            if found is not None:
                return found
        advice = "" if name.startswith("_") or not where else _alike(module, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}{advice}")

    return __getattr__


def _find(where: str, name: str) -> Any:
    own = vars(_module(where))
    if name in own.get("TABLE", ()) and name in table().get(where, ()):
        return own["TABLE"][name]
    if name in ("serialize", "deserialize") and "get" in own:
        return own["get"] if name == "deserialize" else vars(_module("configurable"))[name]
    if name in table().get(where, ()):
        for other in (where, *ELSEWHERE.get(where, ())):  # a module below may ask for it
            if name in vars(_module(other)):
                return vars(_module(other))[name]
    full = f"{where}.{name}" if where else name
    if full in table() or any(module.startswith(f"{full}.") for module in table()):
        return _module(full)
    return beyond(where, name) if name in table().get(where, ()) else None


def _module(where: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{where}" if where else PACKAGE)


def _alike(module: str, name: str) -> str:
    import difflib  # slow to import

    alike = difflib.get_close_matches(name, dir(sys.modules[module]), 1)
    return f", nor has Keras's; is it {alike[0]}?" if alike else ", nor has Keras's"


class Finder:
    """Makes modules that only Keras has, and gives those below ``fusedrnn.keras`` their names."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module that no other finder has found."""
        package, _, where = fullname.partition(".")
        known = where.removeprefix("keras.")
        if package != PACKAGE or not any(f"{m}.".startswith(f"{known}.") for m in table() if m):
            return None
        return ModuleSpec(fullname, cls, is_package=True)  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType | None:
        """Return the module itself where this is its second name."""
        where = spec.name.partition(".")[2]
        return _module(where.removeprefix("keras.")) if where.startswith("keras.") else None

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Give the module Keras's names."""
        if not hasattr(module, "__getattr__"):
            module.__getattr__ = names(module.__name__)  # type: ignore[method-assign]
