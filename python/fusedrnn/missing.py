"""What Keras has under a name that a module here has not: elsewhere in this package, or beyond it.

``keras_names.txt`` has every public name of Keras 3.15 by module, those of ``tf.keras`` included,
and ``tensorflow_names.txt`` those of TensorFlow; ``tests/support/`` has what
writes them, ``legacy.NAMES`` adds older ones. ``tf/`` has what is here of TensorFlow. A module
calls ``missing.answer(__name__)``, which type checkers need not know; modules that only Keras or
TensorFlow has can be imported.

What is beyond is no error before it is used, for scripts import more than they use. Names that
nobody knows are the errors that Python has for them.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, NoReturn

from . import legacy

PACKAGE = "fusedrnn"

ARRAYS = ("tf.elementwise", "tf.shapes", "tf.values", "tf.neural", "tf.control")
# Modules that have the names of others, those below them too; "" is the package itself
ELSEWHERE = {
    "": (*ARRAYS, "tf.types", "tf.setup", "tf.strings", "layers", "losses", "metrics",
         "optimizers", "initializers", "regularizers", "backend", "random", "utils"),
    "backend": ("tf.setup",),
    "config": ("backend", "tf.setup", "utils"),
    "engine": ("layers", "models"),
    "legacy.saving": ("saving",),
    "metrics": ("losses",),
    "models": ("keras",),
    "optimizer_v2": ("optimizers",),
    "ops": ("ops",),
    "utils": ("saving", "backend"),
    "utils.legacy": ("saving",),
    "autograph": ("tf.setup",),
    "data": ("tf.data",),
    "data.experimental": ("tf.data",),
    "debugging": (*ARRAYS, "tf.setup"),
    "dtypes": ("tf.types", *ARRAYS),
    "linalg": ARRAYS,
    "math": ARRAYS,
    "nest": ("tf.data",),
    "nn": ARRAYS,
    "random": ("utils",),
    "signal": ARRAYS,
    "train": ("tf.train",),
    "tree": ("tf.data",),
} | {
    each: ("tf.setup",)
    for each in ("app", "autograph.experimental", "client.device_lib", "config.experimental",
                 "config.optimizer", "config.threading", "distribute",
                 "distribute.cluster_resolver", "distribute.experimental", "errors", "logging",
                 "test", "version")
} | {each: ("tf.strings",) for each in ("gfile", "io", "io.gfile", "strings")}  # fmt: skip

# Where TensorFlow has itself, and Keras, once more; Keras's inside, which editors import from, too:
# keras.src.layers, keras._tf_keras.keras.models, keras.api._v2.keras
ALIASES = re.compile(
    r"(?:(?:compat(?:\.v[12])?|keras|python(?=\.(?:keras|client))|_tf_keras|api(?:\._v[12])?|"
    r"src(?:\.legacy(?=\.preprocessing|$))?)(?:\.|$))+"
)
SHARED = ("summary",)  # modules of the package's own that TensorFlow's names are in, too
OPEN = ("contrib", "python")  # below these any module is imported: their names are not listed

KEEP = "keep Keras for the model and speed up its LSTM and GRU instead: see fusedrnn.keras"
ONE_CPU = "which computes in float32 or float64 on a CPU: leave that line out"

# Module, name, and what to use instead: the first pair that matches
ADVICE = (
    ("", "Function", "which has Model(inputs, outputs)"),
    ("", "remat|RematScope|.*DTypePolicy|Quantizer", ONE_CPU),
    ("", "GradientTape|custom_gradient|gradients|hessians|stop_recording", "which differentiates "
     f"in fit alone: give compile a function as the loss, or {KEEP}"),
    ("", "Module", "which has layers of one's own: subclass layers.Layer"),
    ("|ragged.*|sparse.*|sets", "Ragged.*|Sparse.*|TensorArray.*|IndexedSlices.*|.*sparse.*",
     "which has whole arrays: pad rows with preprocessing.sequence.pad_sequences"),
    ("ragged.*|sparse.*|sets", ".*", "which has whole arrays: use pad_sequences, or numpy"),
    ("|app|nn.rnn_cell|contrib.*", "placeholder.*|.*[gG]raph.*|.*[vV]ariable.*|.*Cell.*|.*Proto|"
     "layers|rnn.*|estimator", "which computes at once: TensorFlow 1's graphs and cells are "
     "models and layers here (layers.LSTM, or layers.RNN over layers.LSTMCell)"),
    ("saved_model|lite", ".*", "which saves to .keras, .h5, .weights.h5 and .safetensors, and by "
     "fusedrnn.onnx for other runtimes"),
    ("train.*", ".*Optimizer|.*decay.*", "which has optimizers.Adam and others, and "
     "optimizers.schedules"),
    ("train.*", ".*", "which saves by model.save, model.save_weights and "
     "callbacks.ModelCheckpoint"),
    ("summary.*", ".*", "which keeps numbers by callbacks.CSVLogger and model.history"),
    ("data.*", ".*", "which has data.Dataset: build it by from_tensor_slices or from_generator"),
    ("io.*|python_io|gfile|strings|audio", ".*", "which reads nothing of TensorFlow's: read and "
     "clean data by Python, NumPy or pandas"),
    ("|math|nn|linalg|signal|random.*|debugging.*|bitwise|nest", "[a-z].*", "which has most "
     "functions of arrays, and NumPy's: use numpy, or fusedrnn.ops where it is differentiated"),
    ("activations", ".*", "which takes a function of x written with NumPy in its place"),
    ("applications.*|visualization|(ops.)?image|.*bounding_boxes", ".*", "which has nothing for "
     f"images; {KEEP}"),
    ("backend|ops.*", ".*", "which has NumPy's functions: use numpy, and fusedrnn.ops in a loss"),
    ("callbacks", ".*", "which has ModelCheckpoint and BackupAndRestore"),
    ("config.*|distribut.*|dtype_policies|mixed_precision.*|quantizers|test", ".*", ONE_CPU),
    ("export|saving", ".*", "which saves to .keras, .h5, .weights.h5 and .safetensors, and by "
     "fusedrnn.onnx"),
    ("initializers", ".*", "which takes a function of (shape, dtype) in its place"),
    ("layers|legacy", "Recurrent|interfaces", "which has none of Keras 2's inside: subclass "
     "layers.Layer, or give layers.RNN a cell of one's own"),
    ("layers", ".*Cell|.*Cells", "which has LSTM, GRU and SimpleRNN, and their cells in RNN"),
    ("layers", ".*", "which has recurrent, dense and merging layers, and convolution over steps; "
     + KEEP),
    ("losses|metrics", ".*", "which takes a function of (y_true, y_pred) written with NumPy in its "
     "place"),
    ("optimizers.*", ".*", "which has SGD, RMSprop, Adagrad, Adadelta, Ftrl, Adam and its kin, "
     "Lion and Lamb"),
    ("random", ".*", "which draws by numpy.random: seed both with utils.set_random_seed"),
    ("regularizers|constraints", ".*", "which takes a subclass with __call__ in its place"),
    ("tree", ".*", "which has one array in and one out: use Python's own lists and dicts"),
    (".*", ".*image.*|.*img", f"which has nothing for images; {KEEP}"),
    ("utils|preprocessing", ".*", "which takes arrays, generators and utils.Sequence"),
    ("wrappers.*", ".*", "which has KerasClassifier and KerasRegressor in "
     "wrappers.scikit_learn, and estimators of its own in fusedrnn.sklearn"),
    (".*", ".*", KEEP),
)  # fmt: skip


# The same of methods and properties of models and layers
ATTRIBUTES = {
    "train_step test_step predict_step make_train_function make_test_function train_function "
    "make_predict_function compute_loss compute_metrics get_metrics_result stateless_call "
    "compiled_loss compiled_metrics total_loss symbolic_call compute_output_spec":
    "which does in fit what happens to a batch: compile(loss=...) says what is minimised, add_loss "
    "within a `call` adds to it, metrics are in model.metrics",
    "add_metric": "which has the metrics that compile gets",
    "export": "which saves to .keras, .h5 and .safetensors, and by fusedrnn.onnx",
    "quantize quantization_mode enable_lora dtype_policy input_dtype rematerialized_call "
    "jit_compile run_eagerly steps_per_execution": ONE_CPU,
    "get_state_tree set_state_tree metrics_variables get_build_config build_from_config "
    "get_compile_config compile_from_config add_variable updates inbound_nodes outbound_nodes":
    "which has weights, get_weights, get_config and layers",
}  # fmt: skip


class _Missing:
    """Stands where an attribute of Keras's would: who asks for it gets an AttributeError."""

    def __init__(self, name: str, advice: str) -> None:
        self.name, self.advice = name, advice

    def __get__(self, instance: Any, owner: type) -> NoReturn:
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}: it is beyond {PACKAGE}, "
            f"{self.advice}"
        )


def answer_attributes(cls: type) -> None:
    """Have a class say of attributes that only Keras has what to use instead.

    By a descriptor each: a ``__getattr__`` would make all attributes of its objects slower.
    """
    for names, advice in ATTRIBUTES.items():
        for name in names.split():
            setattr(cls, name, _Missing(name, advice))


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

    lines = list(legacy.NAMES.items())
    for file in ("keras_names.txt", "tensorflow_names.txt"):
        text = files(PACKAGE).joinpath(file).read_text(encoding="utf-8")
        lines += [line.partition(":")[::2] for line in text.splitlines()]
    found: dict[str, frozenset[str]] = {}
    for module, names in lines:
        found[module] = found.get(module, frozenset()) | frozenset(names.split())
    return found


def answer(module: str, of: str = "") -> None:
    """Let a module answer for Keras's names, its own or those ``of`` another."""
    own = vars(sys.modules[module])
    own.setdefault("__path__", [])  # there may be modules of Keras below it
    own["__getattr__"] = names(of or module)


_found: dict[tuple[str, str], Any] = {}  # by module and name: finding takes time


def names(module: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module."""
    where = module.partition(".")[2]

    def __getattr__(name: str) -> Any:
        if (where, name) in _found:
            return _found[where, name]
        own_file = PathFinder.find_spec(f"{module}.{name}", sys.modules[module].__path__)
        if not name.startswith("_") and own_file is None:  # else its import asks before it is there
            found = _find(where, name)
            if found is not None:
                _found[where, name] = found
                return found
        if module == PACKAGE and name in SHARED:
            return importlib.import_module(f"{module}.{name}")
        advice = "" if name.startswith("_") or own_file is not None else _alike(module, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}{advice}")

    return __getattr__


def _find(where: str, name: str) -> Any:
    own = vars(_module(where))
    if name in own.get("TABLE", ()) and name in table().get(where, ()):
        return own["TABLE"][name]
    if name in ("serialize", "deserialize") and "get" in own:
        return own["get"] if name == "deserialize" else vars(_module("configurable"))[name]
    if name in table().get(where, ()):
        others = ELSEWHERE.get(where, ELSEWHERE.get(where.partition(".")[0], ()))
        for other in (where, *others):  # a module below may ask for it
            if name in vars(_module(other)):
                return vars(_module(other))[name]
    full = f"{where}.{name}" if where else name
    if full in OPEN or full == "compat" or full in legacy.TODAY:
        return _module(full)
    if full in table() or any(module.startswith(f"{full}.") for module in table()):
        return _module(full)
    return beyond(where, name) if name in table().get(where, ()) else None


def _module(where: str) -> ModuleType:
    return importlib.import_module(f"{PACKAGE}.{where}" if where else PACKAGE)


def _alike(module: str, name: str) -> str:
    import difflib  # slow to import

    known = [*dir(sys.modules[module]), *table().get(module.partition(".")[2], ())]
    alike = difflib.get_close_matches(name, known, 1)
    nor = ", nor has Keras's" if module != PACKAGE else ", nor have Keras and TensorFlow"
    return f"{nor}; is it {alike[0]}?" if alike else nor


class Finder:
    """Makes modules that only Keras has, and gives those within ``fusedrnn.keras`` their names.

    It is the first to be asked, for below ``fusedrnn.keras.layers`` are the files of ``layers``.
    """

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to load a module that no other finder has found."""
        package, _, where = fullname.partition(".")
        own = _own(where)
        if package != PACKAGE or (own in (where, "") and PathFinder.find_spec(fullname, path)):
            return None
        if not (_known(own) or where.split(".")[0] in OPEN):
            return None
        return ModuleSpec(fullname, cls, is_package=True)  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType | None:
        """Return None: any module."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Give the module its names, or have its own stand for it where this is a second one."""
        where = module.__name__.partition(".")[2]
        own = _own(where)
        if own == where and where.split(".")[0] not in OPEN:
            module.__getattr__ = names(module.__name__)  # type: ignore[method-assign]
        elif "src" in where.split("."):  # no alias: what is below it is no part of ours
            module.__getattr__ = partial(getattr, _module(own))  # type: ignore[method-assign]
        elif own not in ("", where) and _known(own):
            sys.modules[module.__name__] = _module(own)
        else:
            module.__getattr__ = _second_names(where)  # type: ignore[method-assign]


def _own(where: str) -> str:
    """Return a module's own name; "" for the package's."""
    second = ALIASES.match(where)
    own = where[second.end() :] if second else where
    first = own.partition(".")[0]
    own = legacy.TODAY.get(first, first) + own[len(first) :]
    while (
        second and "src" in second[0] and "." in own and own not in table()
    ):  # src.layers.rnn.lstm
        own = own.rpartition(".")[0]
    return own


def _known(where: str) -> bool:
    """Whether there is such a module: here, or of Keras or TensorFlow."""
    return (
        not where
        or any(f"{m}.".startswith(f"{where}.") for m in table() if m)
        or f"{PACKAGE}.{where}" in sys.modules
    )


def _second_names(where: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module of TensorFlow's in which the package's names are."""

    def __getattr__(name: str) -> Any:
        if name in ("v1", "v2") and where == "compat":
            return _module(f"{where}.{name}")
        try:
            return getattr(_module(""), name)
        except AttributeError:
            if where.split(".")[0] not in OPEN or name.startswith("_"):
                raise
            return beyond(where, name)

    return __getattr__


answer(f"{PACKAGE}.legacy")  # which imports nothing of the package
