"""Keras's own tests, of release 3.15, on this package: ``python tests/keras_suite.py PATH AREA``.

PATH is a checkout of Keras's release, which is not part of this project::

    git clone --depth 1 --branch r3.15 https://github.com/keras-team/keras.git PATH

Each AREA is a name in ``AREAS``, or a file or folder below ``keras/src``; without one, all run.
What follows ``--`` goes to pytest (``-- -n 2 -k mask -x --tb short``). Needs ``absl-py``, besides
pytest and what models need; Keras is not imported, whether it is installed or not.

How: ``keras`` and all modules below it are stand-ins that have this package's names. Only the tests
and ``keras.src.testing`` are read from the checkout. Of its checks of a layer those of mixed
precision, of the number of random generators and of what is built at once are left out, and the
step of training runs in a ``Model(inputs, outputs)``; ``SHIMS`` has the functions that tests need
and no script does.

``keras_beyond/`` has a file for each area that lists what fails, by reason: a test a line, or a
pattern with ``*``, under the reason in a line that begins with ``#``. The exit code is 0 only if
the tests that fail are those that are listed: one that is listed and passes is an error, and so is
a line that is about no test. ``--list`` prints what fails and is not listed, with its error.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.machinery
import importlib.util
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).resolve()
BEYOND = HERE.with_name("keras_beyond")
CHECKOUT = "KERAS_CHECKOUT"  # the environment variable with its path

AREAS = {
    "rnn": ["layers/rnn"],
    "core": ["layers/core"],
    "merging": ["layers/merging"],
    "pooling": ["layers/pooling"],
    "convolutional": ["layers/convolutional"],
    "attention": ["layers/attention"],
    "layers": ["layers/layer_test.py", "layers/activations", "layers/normalization",
               "layers/regularization", "layers/reshaping"],
    "models": ["models"],
    "callbacks": ["callbacks"],
    "optimizers": ["optimizers"],
    "losses": ["losses"],
    "metrics": ["metrics"],
    "saving": ["saving", "legacy/saving"],
    "arguments": ["activations", "constraints", "initializers", "regularizers"],
}  # fmt: skip

# Packages of other backends, stand-ins too: their tests fail alone, not the others of a file
FOREIGN = ("tensorflow", "torch", "jax")
UNINSTALLED = ("flax", "grain", "openvino", "tf_keras", "orbax")


# Of Keras's check of a layer: layers without weights, too, are built when they see an input
LEFT_OUT = (
    "assert_built_after_instantiation", "expected_num_non_trainable_variables",
    "expected_num_seed_generators",
)  # fmt: skip


# The stand-ins ------------------------------------------------------------------------------------


class _Missing(type):
    """Class of what neither this package nor ``SHIMS`` has: using it fails the test that does."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{cls.__name__} is not here")

    def __getattr__(cls, name: str) -> Any:
        raise AttributeError(f"{cls.__name__}, so its {name}, is not here")


class StandIn(ModuleType):
    """A module of Keras: its names are looked up in ``SHIMS``, then in this package."""

    def __getattr__(self, name: str) -> Any:
        if re.match("__|pytest|set_?up|tear_?down", name, re.I):  # what pytest asks modules for
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        foreign = self.__name__.split(".")[0] in FOREIGN
        if not foreign and importlib.util.find_spec(f"{self.__name__}.{name}"):
            return importlib.import_module(f"{self.__name__}.{name}")
        found = _find(path_of(self.__name__), name)
        setattr(self, name, found)
        return found


def path_of(module: str) -> str:
    """Return where in Keras a module is, without ``keras.src``."""
    return module.removeprefix("keras").removeprefix(".src").removeprefix(".")


def _find(path: str, name: str) -> Any:
    """Return what has a name in a module, or in those that it is in."""
    if path.split(".")[0] in FOREIGN:
        return _Missing(f"{path}.{name}", (), {})
    parents = path.split(".") if path else []
    refusing = None
    for k in range(len(parents), -1, -1):
        where = ".".join(parents[:k])
        if name in SHIMS.get(where, {}):
            return SHIMS[where][name]
        try:
            module = importlib.import_module(f"fusedrnn.{where}" if where else "fusedrnn")
            found = getattr(module, name)
        except (ImportError, AttributeError):
            continue
        if not hasattr(type(found), "advice") and not hasattr(found, "advice"):
            return found
        refusing = refusing or found
    return refusing or _Missing(f"{path}.{name}", (), {})


class Finder:
    """Answers imports of Keras and of other backends, before any other finder does."""

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return how to make a stand-in; None for what is read from the checkout."""
        first, _, below = name.partition(".")
        if first in FOREIGN:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        if first in UNINSTALLED:
            raise ModuleNotFoundError(f"{name} is not for these tests", name=name)
        if first != "keras":
            return None
        place = self.checkout.joinpath(*name.split("."))
        folder, file = place.is_dir(), place.with_suffix(".py").is_file()
        if below.endswith("_test") or below.startswith("src.testing"):
            return None
        if below.startswith("src.") and not (folder or file):
            return None
        if below and not below.startswith("src") and not _has_module(below):
            return None
        spec = importlib.machinery.ModuleSpec(name, self, is_package=True)  # type: ignore[arg-type]
        spec.submodule_search_locations = [str(place)]
        return spec

    def create_module(self, spec: Any) -> ModuleType:
        """Return a stand-in."""
        return StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are asked for."""


def _has_module(path: str) -> bool:
    try:
        importlib.import_module(f"fusedrnn.{path}")
    except ImportError:
        return False
    return True


def install(checkout: Path) -> None:
    """Have Keras's modules be stand-ins in this process."""
    loaded = [name for name in sys.modules if name.split(".")[0] in ("keras", *FOREIGN)]
    assert not loaded, f"imported already: {loaded[:5]}"
    sys.meta_path.insert(0, Finder(checkout))  # type: ignore[arg-type]
    conftest = ModuleType("conftest")
    conftest.skip_if_backend = lambda backend, reason: lambda function: function  # type: ignore[attr-defined]
    sys.modules["conftest"] = conftest
    _patch_tests_of_layers()


# What tests need and no script does ---------------------------------------------------------------


class _As(type):
    """Class of a constructor under another's name: what that makes is an instance of it."""

    made: Any

    def __instancecheck__(cls, thing: Any) -> bool:
        return isinstance(thing, cls.made)


def _variable() -> type:
    from fusedrnn import initializers
    from fusedrnn.layers import Variable

    class KerasVariable(metaclass=_As):
        made = Variable

        def __new__(cls, initializer: Any, shape: Any = None, dtype: Any = None,
                    trainable: bool = True, name: Any = None, **kwargs: Any) -> Any:  # fmt: skip
            if kwargs:
                raise NotImplementedError(f"Variable: {kwargs}")
            dtype = np.dtype(dtype or "float32").name
            if callable(initializer) or isinstance(initializer, str):
                value = initializers.get(initializer)(shape, dtype)
            else:
                value = np.array(initializer, dtype)
            variable = Variable(name or "variable", value, path=name or "variable")
            variable.trainable, variable.frozen = trainable, not trainable
            return variable

    return KerasVariable


def _keras_tensor() -> type:
    from fusedrnn.graph import KerasTensor
    from fusedrnn.layers import Input

    class FreeTensor(metaclass=_As):
        made = KerasTensor

        def __new__(cls, shape: Any, dtype: Any = "float32", sparse: bool = False,
                    ragged: bool = False, name: Any = None, **kwargs: Any) -> Any:  # fmt: skip
            if sparse or ragged or kwargs:
                raise NotImplementedError(f"KerasTensor: {sparse=}, {ragged=}, {kwargs}")
            return Input(batch_shape=shape, dtype=dtype, name=name)

    return FreeTensor


def _nested(structure: Any) -> bool:
    return isinstance(structure, (list, tuple, dict))


def flatten(structure: Any) -> list[Any]:
    """Return what is in nested lists, tuples and dicts, as ``keras.tree`` does."""
    if isinstance(structure, dict):
        return [leaf for key in sorted(structure) for leaf in flatten(structure[key])]
    if _nested(structure):
        return [leaf for each in structure for leaf in flatten(each)]
    return [structure]


def map_structure(
    function: Callable[..., Any], *structures: Any, none_is_leaf: bool = True,
    leaf: Callable[[Any], bool] = lambda x: not _nested(x),
) -> Any:  # fmt: skip
    """Return nested lists, tuples and dicts with a function's values in them."""
    first = structures[0]
    if leaf(first):
        return function(*structures)
    if isinstance(first, dict):
        return {
            key: map_structure(function, *(s[key] for s in structures), leaf=leaf) for key in first
        }
    every = [map_structure(function, *each, leaf=leaf) for each in zip(*structures, strict=True)]
    return type(first)(*every) if hasattr(first, "_fields") else type(first)(every)


def assert_same_structure(a: Any, b: Any, check_types: bool = True) -> None:
    """Raise ValueError if two nested structures differ in form."""
    if _nested(a) != _nested(b) or (
        _nested(a) and (isinstance(a, dict), len(a)) != (isinstance(b, dict), len(b))
    ):
        raise ValueError(f"expected a {type(a).__name__} as {a}, got {b}")
    for key in a if isinstance(a, dict) else range(len(a)) if _nested(a) else ():
        assert_same_structure(a[key], b[key])


def _flatten_layers(layer: Any, include_self: bool = True, recursive: bool = True) -> list[Any]:
    """Return a layer and those inside."""
    inside = layer.layers
    return [layer] * include_self + (
        [each for inner in inside for each in _flatten_layers(inner)] if recursive else inside
    )


def _is_shape(x: Any) -> bool:
    return isinstance(x, (list, tuple)) and all(isinstance(n, int | None) for n in x)


def _keep_float32(policy: Any) -> None:
    if policy != "float32":
        raise NotImplementedError(f"dtype policy {policy!r}")


class _Random:
    """In the place of ``keras.random``."""

    @staticmethod
    def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None,
                seed: Any = None) -> Any:  # fmt: skip
        """Return numbers between two."""
        return np.random.default_rng(seed).uniform(minval, maxval, shape).astype(dtype or "float32")

    @staticmethod
    def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None,
               seed: Any = None) -> Any:  # fmt: skip
        """Return numbers of a normal distribution."""
        return np.random.default_rng(seed).normal(mean, stddev, shape).astype(dtype or "float32")


def _standardize_dtype(dtype: Any) -> str:
    return "float32" if dtype is None else np.dtype(dtype).name


SHIMS: dict[str, dict[str, Any]] = {
    "": {"KerasTensor": None, "Variable": None},  # see below
    "backend": {
        "random": _Random,
        "backend": lambda: "fusedrnn",  # so that tests leave nothing out
        "standardize_dtype": _standardize_dtype,
        "is_float_dtype": lambda dtype: "float" in _standardize_dtype(dtype),
        "is_int_dtype": lambda dtype: "int" in _standardize_dtype(dtype),
        "is_tensor": lambda x: isinstance(x, np.ndarray),
        "convert_to_tensor": lambda x, dtype=None, **_: np.asarray(x, dtype),
        "convert_to_numpy": np.asarray,
        "cast": lambda x, dtype: np.asarray(x).astype(dtype),
        "SUPPORTS_SPARSE_TENSORS": False,
        "SUPPORTS_RAGGED_TENSORS": False,
        "SUPPORTS_COMPLEX_DTYPES": False,
        "IS_THREAD_SAFE": True,
    },
    "backend.common.global_state": {"clear_session": lambda free_memory=True: _clear()},
    "backend.config": {
        "enable_flash_attention": lambda: None,
        "disable_flash_attention": lambda: None,
        "is_flash_attention_enabled": lambda: False,
    },
    "ops": {"random": _Random},
    "random": {"uniform": _Random.uniform, "normal": _Random.normal},
    "dtype_policies.dtype_policy": {
        "dtype_policy": lambda: "float32",
        "set_dtype_policy": _keep_float32,
    },
    "tree": {
        "flatten": flatten,
        "map_structure": map_structure,
        "map_shape_structure": lambda function, structure: map_structure(
            function, structure, leaf=_is_shape
        ),
        "map_structure_up_to": lambda shallow, function, *structures: map_structure(
            lambda _, *each: function(*each), shallow, *structures
        ),
        "is_nested": _nested,
        "assert_same_structure": assert_same_structure,
    },
    "utils": {"removesuffix": str.removesuffix},
    "utils.file_utils": {"join": os.path.join},
    "legacy.saving.legacy_h5_format": {
        "save_model_to_hdf5": lambda model, path, include_optimizer=True, **_: model.save(
            path, include_optimizer=include_optimizer
        ),
        "load_model_from_hdf5": lambda path, custom_objects=None, compile=True, **_: _load(
            path, custom_objects, compile
        ),
    },
    "saving.saving_lib": {
        "_METADATA_FILENAME": "metadata.json",
        "_CONFIG_FILENAME": "config.json",
        "_VARS_FNAME_H5": "model.weights.h5",
        "save_weights_only": lambda model, path, **options: model.save_weights(path, **options),
        "load_weights_only": lambda model, path, **options: model.load_weights(path, **options),
    },
    "utils.traceback_utils": {"is_traceback_filtering_enabled": lambda: False},
}


def _load(path: Any, custom_objects: Any, compile: bool) -> Any:
    from fusedrnn import models

    return models.load_model(path, custom_objects, compile)


def _clear() -> None:
    from fusedrnn import backend

    backend.clear_session()


class _OneStep:
    """In the place of Keras's model of one layer, a subclass of ``Model``: a graph of it."""

    layer: Any

    def compile(self, **kwargs: Any) -> None:
        """Do nothing: ``fit`` compiles."""

    def fit(self, data: Iterator[Any], **kwargs: Any) -> None:
        """Train for one step on the sum of the outputs."""
        from fusedrnn import Input, Model

        x, y = next(data)
        inputs = map_structure(lambda a: Input(batch_shape=a.shape, dtype=a.dtype), x)
        model = Model(inputs, self.layer(inputs))
        model.compile("sgd", lambda y_true, y_pred: np.sum(y_pred))
        model.fit(x, y, epochs=1, verbose=0, batch_size=max(len(flatten(x)[0]), 1))


def _patch_tests_of_layers() -> None:
    """Have Keras's check of a layer leave out what is beyond."""
    from fusedrnn import configurable
    from fusedrnn.layers import Layer

    variable, tensor = _variable(), _keras_tensor()
    SHIMS["saving.object_registration"] = {
        "GLOBAL_CUSTOM_NAMES": configurable._registered,
        "GLOBAL_CUSTOM_OBJECTS": configurable._custom,
    }
    SHIMS[""] = {"KerasTensor": tensor, "Variable": variable}
    SHIMS["backend"] |= SHIMS[""]
    Layer._flatten_layers = _flatten_layers  # type: ignore[attr-defined]
    test_case = importlib.import_module("keras.src.testing.test_case")
    test_case.Model = _OneStep  # type: ignore[attr-defined]
    test_case.get_seed_generators = lambda layer: []  # type: ignore[attr-defined]
    own = test_case.TestCase.run_layer_test

    def run_layer_test(
        self: Any, layer_cls: Any, init_kwargs: Any, *args: Any, **kwargs: Any
    ) -> Any:
        for name in LEFT_OUT:
            kwargs.pop(name, None)
        kwargs["run_mixed_precision_check"] = False
        return own(self, layer_cls, init_kwargs, *args, **kwargs)

    test_case.TestCase.run_layer_test = run_layer_test


# What is expected to fail -------------------------------------------------------------------------


def expected() -> dict[str, str]:
    """Return the listed tests, patterns among them, each with its reason."""
    found, reason = {}, ""
    for file in sorted(BEYOND.glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                reason = line.lstrip("# ")
            elif line.strip():
                found[line.strip()] = reason
    return found


def area_of(test: str) -> str:
    """Return the area that a test, or a pattern of tests, is in."""
    return next((a for a, paths in AREAS.items() if test.startswith(tuple(paths))), "others")


def listed(test: str, patterns: dict[str, str]) -> str | None:
    """Return the pattern that a test is listed by."""
    if test in patterns:
        return test
    return next((p for p in patterns if "*" in p and fnmatchcase(test, p)), None)


class Plugin:
    """Counts what passes and fails, and holds it against the list."""

    def __init__(self, show: bool, whole: Sequence[str]) -> None:
        self.show, self.whole, self.patterns = show, whole, expected()
        self.outcome: dict[str, str] = {}
        self.error: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note how a test ended."""
        test = report.nodeid.removeprefix("keras/src/")
        if report.failed or (report.when == "call" and self.outcome.get(test) != "failed"):
            self.outcome[test] = report.outcome
        elif report.skipped:
            self.outcome[test] = "skipped"
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash else str(report.longrepr)
            self.error[test] = " ".join(text.split())[:150]

    def pytest_collectreport(self, report: Any) -> None:
        """Note a file that cannot be imported."""
        if report.failed:
            test = report.nodeid.removeprefix("keras/src/")
            self.outcome[test] = "failed"
            self.error[test] = str(report.longrepr).strip().splitlines()[-1][:150]

    def pytest_sessionfinish(self, session: Any) -> None:
        """Decide the exit code."""
        if hasattr(session.config, "workerinput"):
            return
        names = {test: listed(test, self.patterns) for test in self.outcome}
        failed = [t for t, outcome in self.outcome.items() if outcome == "failed"]
        self.new = [t for t in failed if names[t] is None]
        self.passes = [
            t for t, outcome in self.outcome.items() if outcome == "passed" and names[t] is not None
        ]
        self.stale = [
            p
            for p in self.patterns
            if area_of(p) in self.whole and not any(fnmatchcase(t, p) for t in self.outcome)
        ]
        session.exitstatus = 1 if self.new or self.passes or self.stale else 0

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print a line for each area, and what is not as listed."""
        write = terminalreporter.write_line
        counts: dict[str, Counter[str]] = {}
        reasons: Counter[str] = Counter()
        new = set(self.new)
        for test, outcome in self.outcome.items():
            pattern = listed(test, self.patterns)
            if outcome == "failed" and test not in new:
                outcome = "beyond"
                reasons[self.patterns[pattern or ""]] += 1
            counts.setdefault(area_of(test), Counter())[outcome] += 1
        for test in sorted(self.new) if self.show else []:
            write(f"{test}  {self.error.get(test, '')}")
        for test in sorted(self.passes):
            write(
                f"listed, but passes: {test}  ({self.patterns[listed(test, self.patterns) or '']})"
            )
        for pattern in self.stale:
            write(f"listed, but no such test: {pattern}")
        write(f"{'area':16}{'passed':>8}{'beyond':>8}{'failed':>8}{'skipped':>8}")
        for area, count in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
            row = (count[o] for o in ("passed", "beyond", "failed", "skipped"))
            write(f"{area:16}" + "".join(f"{n:8}" for n in row))
        for reason, number in reasons.most_common():
            write(f"{number:6}  beyond: {reason}")


if os.environ.get(CHECKOUT) and __name__ == "keras_suite":  # as pytest's plugin, workers included
    install(Path(os.environ[CHECKOUT]))


def pytest_runtest_setup(item: Any) -> None:
    """Let configurations name the layers of a test's module, which for Keras are its own."""
    from fusedrnn.layers import Layer
    from fusedrnn.saving import get_custom_objects

    for name, thing in vars(item.module).items():
        if isinstance(thing, type) and issubclass(thing, Layer) and "keras." in thing.__module__:
            get_custom_objects().setdefault(name, thing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests of a checkout."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("path", type=Path, help="a checkout of Keras's release 3.15")
    parser.add_argument("area", nargs="*", help=f"{', '.join(AREAS)}, or a path below keras/src")
    parser.add_argument("--list", action="store_true", help="print what fails and is not listed")
    options = parser.parse_args(arguments[:cut])
    checkout = options.path.resolve()
    source = checkout / "keras" / "src"
    if not (source / "testing" / "test_case.py").is_file():
        parser.error(f"{options.path} is no checkout of Keras")
    areas = options.area or list(AREAS)
    paths = [source / p for area in areas for p in AREAS.get(area, [area.partition("::")[0]])]
    missing = [str(p) for p in paths if not p.exists()]
    if missing:
        parser.error(f"not there: {', '.join(missing)}")
    if importlib.util.find_spec("absl") is None:
        parser.error("Keras's tests need absl: pip install absl-py")
    where = [str(source / p) for area in areas for p in AREAS.get(area, [area])]
    os.environ[CHECKOUT] = str(checkout)
    sys.path.insert(0, str(HERE.parent))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    return int(
        pytest.main(
            ["-p", "keras_suite", "-p", "no:cacheprovider", "-c", os.devnull, "--noconftest",
             f"--rootdir={checkout}", "-o", "python_files=*_test.py", "-q", "--no-header",
             "--tb=no", "-W", "ignore", "--continue-on-collection-errors", "--show-capture=no",
             "-r", "", *arguments[cut + 1 :], *where],
            plugins=[Plugin(options.list, [] if len(arguments) > cut else areas)],
        )
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
