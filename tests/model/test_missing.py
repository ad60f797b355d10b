"""Every public name of Keras is here, or says what is the matter when it is used."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import fusedrnn
import keras_names
from fusedrnn import layers, legacy, missing

TABLE = missing.table()
PAIRS = [(where, name) for where in sorted(TABLE) for name in sorted(TABLE[where])]


def module(where: str) -> Any:
    return importlib.import_module(f"fusedrnn.{where}" if where else "fusedrnn")


def test_the_table_is_what_keras_has() -> None:
    pytest.importorskip("keras")
    assert keras_names.TABLE.read_text(encoding="utf-8") == keras_names.text(
        keras_names.of_keras()
    ), "python tests/support/keras_names.py writes it"
    assert len(PAIRS) > 1500


@pytest.mark.parametrize("where", [w for w in sorted(TABLE) if not w.startswith("legacy")])
def test_names(where: str) -> None:
    """A name means something, and what is beyond says its own name and what to do instead."""
    for name in sorted(TABLE[where]):
        value = getattr(module(where), name)
        if isinstance(value, missing._Refusing):
            of = where.removesuffix(".legacy")
            full = f"{of}.{name}" if of else name
            with pytest.raises(NotImplementedError, match=rf"^{full} is beyond fusedrnn[:,] \w"):
                value(1, x=2)
            with pytest.raises(AttributeError, match=f"NONE: {full} is beyond"):
                _ = value.NONE
            assert not hasattr(value, "__wrapped__")


def test_what_is_here_is_what_keras_calls_so() -> None:
    k = pytest.importorskip("keras")
    for where, name in PAIRS:
        value = getattr(module(where), name) if not where.startswith("legacy") else None
        theirs = k
        for part in filter(None, [*where.split("."), name]):
            theirs = getattr(theirs, part, None)
        here = value is not None and not isinstance(value, missing._Refusing)
        if here and isinstance(value, type) and isinstance(theirs, type):
            assert value.__name__ in (theirs.__name__, name, *ALIASES), (where, name)
    assert fusedrnn.initializers.glorot_uniform is fusedrnn.initializers.GlorotUniform
    assert fusedrnn.metrics.poisson is fusedrnn.losses.poisson
    assert fusedrnn.optimizers.legacy.Adam is fusedrnn.optimizers.Adam
    assert fusedrnn.losses.deserialize is fusedrnn.losses.get
    assert fusedrnn.backend.backend() == "numpy"


ALIASES = ("Sequence", "Model", "Mean")


@pytest.mark.parametrize(
    "line",
    [
        "from fusedrnn.layers.pooling import MaxPooling1D",
        "from fusedrnn.keras.layers.pooling import MaxPooling1D, GlobalAveragePooling1D",
        "from fusedrnn.keras.applications.vgg16 import VGG16",
        "import fusedrnn.keras.datasets.imdb as imdb; imdb.load_data",
        "from fusedrnn.keras.datasets import imdb, mnist",
        "from fusedrnn.keras.utils import plot_model, register_keras_serializable",
        "from fusedrnn.keras.optimizers.legacy import Adam",
        "from fusedrnn.keras.wrappers.scikit_learn import KerasRegressor",
        "from fusedrnn.engine.topology import Layer, InputSpec; Layer.add_weight",
        "from fusedrnn.keras.initializers import glorot_uniform; glorot_uniform(seed=1)",
        "from fusedrnn.keras.preprocessing.text import Tokenizer",
        "from fusedrnn.keras.ops.numpy import mean; mean([1.0])",
        "import fusedrnn as keras; keras.config.floatx()",
        "from fusedrnn.keras.utils.bounding_boxes import crop",
        "from fusedrnn.src.layers import LSTM; from fusedrnn import layers\n"
        "assert LSTM is layers.LSTM",
        "from fusedrnn.src.layers.rnn.lstm import LSTM; from fusedrnn import layers\n"
        "assert LSTM is layers.LSTM",
        "import fusedrnn.keras.layers.lstm as a, fusedrnn.layers.lstm as b; assert a is b",
        "from fusedrnn._tf_keras.keras.models import Sequential; Sequential()",
        "from fusedrnn.keras._tf_keras.keras.callbacks import EarlyStopping; EarlyStopping()",
        "from fusedrnn.api._v2.keras import layers; layers.Dense(1)",
        "from fusedrnn.python.keras.layers import Dense; Dense(1)",
        "from fusedrnn.src.legacy.preprocessing.text import Tokenizer",
        "from fusedrnn.src.utils.np_utils import to_categorical; to_categorical([1])",
        "from fusedrnn.engine.training import Model",
        "from fusedrnn.src.engine.sequential import Sequential; Sequential()",
        "from fusedrnn.models import Sequential, optimizers; optimizers.Adam()",
        "from fusedrnn.backend.tensorflow_backend import set_session; import fusedrnn as tf\n"
        "set_session(tf.Session(config=tf.ConfigProto()))",
        "import fusedrnn.keras, sys, fusedrnn; from fusedrnn.keras import datasets\n"
        "assert sys.modules['fusedrnn.keras.datasets'] is fusedrnn.datasets",
    ],
)
def test_import_lines(line: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", line], check=True)


def test_what_nobody_knows_is_python_s_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"fusedrnn\.nothing"):
        importlib.import_module("fusedrnn.nothing")
    for name in ("keras.nothing", "src.nothing", "keras.src.nothing", "engine.nothing"):
        with pytest.raises(ModuleNotFoundError, match=f"fusedrnn.{name}"):
            importlib.import_module(f"fusedrnn.{name}")
    with pytest.raises(AttributeError, match=r"'Densee', nor has Keras's; is it Dense\?"):
        _ = layers.Densee
    assert not hasattr(layers, "Nothing")
    assert not hasattr(layers, "__nothing__")
    with pytest.raises(ImportError, match="cannot import name 'Densee'"):
        exec("from fusedrnn.layers import Densee")


def test_a_layer_without_a_call_says_so_when_it_is_called() -> None:
    class Nothing(layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match="a_name: a layer needs a `call`"):
        Nothing(name="a_name")(np.ones((2, 3)))
    with pytest.raises(NotImplementedError, match=r"not computed by `call`: write one on Layer"):

        class Twofold(layers.Dense):
            def call(self, x: Any) -> Any:
                return 2 * x

    class Twice(layers.Layer):
        def forward(self, x: Any, training: bool, mask: Any) -> Any:
            return 2 * x

    np.testing.assert_array_equal(Twice()(np.ones((2, 3))), 2 * np.ones((2, 3)))


def test_objects_of_ones_own_are_found_by_name() -> None:
    @fusedrnn.saving.register_keras_serializable(package="mine")
    class Cubic(fusedrnn.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return (abs(y_pred - y_true) ** 3).mean(-1)

    try:
        assert isinstance(fusedrnn.losses.get("Cubic"), Cubic)
        assert fusedrnn.utils.get_custom_objects()["mine>Cubic"] is Cubic
    finally:
        for name in ("Cubic", "mine>Cubic"):
            del fusedrnn.saving.get_custom_objects()[name]
    assert "Layer" in legacy.NAMES["engine.topology"]


def test_the_inside_of_keras_2_says_what_to_write() -> None:
    from fusedrnn.legacy import interfaces

    with pytest.raises(AttributeError, match=r"legacy\.interfaces is beyond .*layers\.Layer"):
        _ = interfaces.legacy_recurrent_support
    with pytest.raises(NotImplementedError, match=r"layers\.Recurrent is beyond .*layers\.RNN"):
        layers.Recurrent(3)
