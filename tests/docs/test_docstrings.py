"""Every public name has a docstring in NumPy's style, and examples that run.

A module is public if the package, or a public module's ``__all__``, names it; a name if ``__all__``
has it. ``tf``'s modules are public too: the package answers for their names.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import missing

TF = ("tf.data", "tf.functions", "tf.setup", "tf.strings", "tf.types")

# One line is enough: what is said of Keras's or TensorFlow's function of the name is true of these,
# and the reference's page is its code
SHORT = ("backend", "ops", "reference", *TF)

# Methods that users call; others are the package's own, or inherited
METHODS = {
    "callbacks.Callback": "set_model set_params",
    "forecast.Comparison": "to_dict write_json write_csv write_html plot forget",
    "forecast.RNNForecaster": "fit predict score cross_validation",
    "layers.LSTM": "gates",
    "layers.Layer": "build add_weight get_weights set_weights count_params compute_mask "
    "compute_output_shape",
    "layers.Variable": "assign assign_add assign_sub numpy",
    "losses.Loss": "call gradient",
    "metrics.Metric": "add_weight update_state result reset_state",
    "models.Model": "compile fit evaluate predict train_on_batch test_on_batch predict_on_batch "
    "reset_metrics reset_states summary get_layer save save_weights load_weights to_json "
    "from_config",
    "models.Sequential": "add pop build",
    "optimizers.Optimizer": "apply apply_gradients exclude_from_weight_decay",
    "sklearn.RNNRegressor": "fit predict",
    "sklearn.RNNClassifier": "fit predict predict_proba",
}

# What numpydoc checks and is not held to here
LEFT_OUT = {
    "GL01": "a summary begins on the first line, which ruff holds",
    "ES01": "a summary may be enough",
    "SA01": "what is to be seen also is named where it matters",
    "EX01": "test_examples says which names need one",
    "PR01": "test_parameters looks at those of a class that a docstring names, too",
    "PR03": "what belongs together stands together",
    "PR04": "a group 'as of' another function has no type of its own",
    "PR07": "a name and a shape may be enough",
    "RT03": "a name and a shape may be enough",
    "PR08": "a description may begin with a name or a formula",
}

# Called with what others take, which their signatures do not say
OTHERS_ARGUMENTS = ("Model", "keras.Model", "models.Model")  # those of Functional
NOT_CALLED = {
    "forecast.Comparison": "compare makes it",
    "forecast.Settings": "each field has its text below it, which Sphinx shows",
}

# Modules whose names each have an example: what a user meets
WITH_EXAMPLES = ("callbacks", "constraints", "convert", "forecast", "functional", "initializers",
                 "layers", "losses", "metrics", "models", "onnx", "optimizers",
                 "optimizers.schedules", "random", "regularizers", "saving", "sklearn", "torch",
                 "windows")  # fmt: skip
WITHOUT = {
    "callbacks.MonitorCallback": "a base class",
    "forecast.Settings": "what compare takes",
    "callbacks.ProgbarLogger": "what fit shows",
    "models.Functional": "that of Model",
    "models.save_model": "that of load_model",
    "optimizers.Optimizer": "a base class",
    "saving.deserialize_keras_object": "what files are read by",
    "saving.get_custom_objects": "that of custom_object_scope",
    "saving.get_registered_name": "that of register_keras_serializable",
    "saving.get_registered_object": "that of register_keras_serializable",
    "torch.Accelerated": "what accelerate returns",
    "torch.restore": "that of accelerate",
    "torch.unfreeze": "that of freeze",
    "optimizers.schedules.get": "configurations alone need it",
} | {f"functional.{cell}Tape": "that of the backward pass" for cell in ("GRU", "RNN")} | {
    f"layers.{name}": "that of the layer"
    for name in ("add", "average", "concatenate", "dot", "maximum", "merge", "minimum", "multiply",
                 "subtract")
} | {f"regularizers.{name}": "that of the class" for name in ("l1", "l2", "l1_l2")}  # fmt: skip


PACKAGES = ("datasets", "optimizers", "preprocessing")  # in which modules are public, too


@cache
def module(name: str) -> ModuleType | None:
    """Return a module, None if what it or one of its names needs is not installed."""
    try:
        found = importlib.import_module(f"fusedrnn.{name}" if name else "fusedrnn")
        for n in getattr(found, "__all__", ()):
            getattr(found, n)
    except ImportError:
        return None
    return found


def modules() -> tuple[str, ...]:
    inner = [
        f"{name}.{n}"
        for name in PACKAGES
        for n, value in vars(module(name)).items()
        if inspect.ismodule(value) and n in module(name).__all__
    ]
    outer = ("", *sorted(fusedrnn._MODULES), "keras_backend")  # the last has keras.enable
    return (*outer, *inner, *TF)


def own(of: ModuleType | None) -> list[str]:
    """Return what is defined in a module, but for what only it uses."""
    return [
        n
        for n, value in vars(of).items()
        if getattr(value, "__module__", None) == getattr(of, "__name__", "") and n[0] != "_"
    ]


def objects(name: str) -> Iterator[tuple[str, Any]]:
    """Yield the classes and functions of a public module, and methods, by their full names."""
    of = module(name)
    public = own(of) if name in TF else getattr(of, "__all__", ())
    named = sorted(public, key=lambda n: n == getattr(getattr(of, n), "__name__", ""))
    once = {id(getattr(of, n)): n for n in named}  # of several names, its own
    for n in once.values():
        found, full = getattr(of, n), f"{name}.{n}" if name else n
        ours = str(getattr(found, "__module__", None)).startswith("fusedrnn")
        if ours and (inspect.isclass(found) or inspect.isroutine(found)):
            yield full, found
        for method in METHODS.get(full, "").split():
            yield f"{full}.{method}", inspect.unwrap(getattr(found, method))


EVERY = [pytest.param(name, id=name or "fusedrnn") for name in modules()]


def needs(name: str) -> ModuleType:
    of = module(name)
    if of is None:
        pytest.skip(f"fusedrnn.{name} needs what is not installed")
    return of


@pytest.mark.parametrize("name", [name for name in modules() if name not in TF])
def test_all_has_the_public_names(name: str) -> None:
    of = needs(name)
    assert "__all__" in vars(of), "a public module says what is public"
    public = of.__all__
    assert len(public) == len(set(public))
    assert not [n for n in public if n.startswith("_") and n != "__version__"]
    assert set(public) <= set(dir(of))
    values = {n: getattr(of, n) for n in public}  # they are there
    foreign = [
        n
        for n, value in values.items()
        if (inspect.ismodule(value) and not value.__name__.startswith("fusedrnn"))
        or (callable(value) and not str(getattr(value, "__module__", "fusedrnn")).startswith(
            ("fusedrnn", "numpy" if name in SHORT else "fusedrnn")))
    ]  # fmt: skip
    assert not foreign
    inner = {n for n, value in values.items() if inspect.ismodule(value)}
    assert not inner or name in ("", "keras", *PACKAGES)
    here = {n for n, value in vars(of).items() if not inspect.ismodule(value)}
    assert here & missing.table().get(name, frozenset()) <= set(public), "what Keras has is public"


@pytest.mark.parametrize("name", EVERY)
def test_numpydoc(name: str) -> None:
    needs(name)
    pytest.importorskip("numpydoc")
    from numpydoc.docscrape import get_doc_object
    from numpydoc.validate import validate

    left_out = set(LEFT_OUT) | ({"RT01", "YD01"} if name in SHORT else set())
    found = []
    for full, obj in objects(name):
        for code, text in validate(get_doc_object(obj))["errors"]:
            if code in left_out or (code == "RT01" and says_what_it_returns(obj)):
                continue
            if code == "PR02" and (full in OTHERS_ARGUMENTS or obj.__module__ == "fusedrnn._core"):
                continue
            if code in ("SS02", "SS03") and obj.__doc__.startswith("``"):
                continue  # a formula
            found.append(f"{full}: {code} {text}")
    assert not found, "\n".join(found)


def says_what_it_returns(obj: Any) -> bool:
    """Whether a summary and the type are all that is to be said of a result."""
    return obj.__doc__.startswith("Return ") and "return" in obj.__annotations__


@pytest.mark.parametrize("name", [n for n in modules() if n not in SHORT])
def test_parameters(name: str) -> None:
    needs(name)
    pytest.importorskip("numpydoc")
    found = []
    for full, obj in objects(name):
        try:
            takes = {n for n in inspect.signature(obj).parameters if n not in ("self", "cls")}
        except ValueError:  # of C++
            continue
        if full not in NOT_CALLED and (lacking := takes - documented(obj, name)):
            found.append(f"{full}: {sorted(lacking)}")
    assert not found, "\n".join(found)


def documented(obj: Any, where: str, seen: frozenset[Any] = frozenset()) -> set[str]:
    """Return the parameters that a docstring has, or one of a class or function that it names."""
    from numpydoc.docscrape import NumpyDocString

    if inspect.isclass(obj) and "__init__" not in vars(obj) and obj.__init__ is not object.__init__:
        made = next(base for base in obj.__mro__ if "__init__" in vars(base))
        inherited = documented(made, where, seen) if made not in seen else set()
    else:
        inherited = set()
    doc = NumpyDocString(inspect.cleandoc(obj.__doc__ or ""))
    entries = doc["Parameters"] + doc["Other Parameters"]
    names = {n.strip().lstrip("\\*") for entry in entries for n in entry.name.split(",")}
    text = " ".join(line for entry in entries for line in entry.desc)
    for reference in re.findall(r":(?:class|func):`~?([\w.]+)`", text):
        other = resolved(reference, where, obj)
        if other not in seen and other is not obj:
            names |= documented(other, where, seen | {obj})
    return names | inherited


def resolved(reference: str, where: str, obj: Any) -> Any:
    """Return what a docstring names."""
    if reference.startswith("fusedrnn."):
        path, _, name = reference.removeprefix("fusedrnn.").rpartition(".")
        return getattr(module(path), name)
    for of in (module(where), importlib.import_module(obj.__module__), fusedrnn.layers):
        if hasattr(of, reference):
            return getattr(of, reference)
    raise AssertionError(f"{obj.__qualname__} names {reference}, which is nowhere")


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    needs(name)
    lacking = {
        full for full, obj in objects(name) if full.count(".") == name.count(".") + 1
        and ">>> " not in (obj.__doc__ or "")
    }  # fmt: skip
    assert lacking == {full for full in WITHOUT if full.rpartition(".")[0] == name}


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.filterwarnings("default")
def test_doctest(name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    needs(name)
    monkeypatch.chdir(tmp_path)
    finder, runner = doctest.DocTestFinder(recurse=False), doctest.DocTestRunner(
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )  # fmt: skip
    said: list[str] = []
    for full, obj in [(name, module(name)), *objects(name)]:
        names = {"np": np, "fusedrnn": fusedrnn, "__name__": "example"}
        for test in finder.find(obj, full, module=False, globs=names):
            fusedrnn.utils.set_random_seed(0)
            runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)
