"""Everything is where Keras has it, and importing it is quick."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from fusedrnn import losses, metrics
from fusedrnn.layers import LSTM
from small_models import X, Y, model


def test_everything_is_where_keras_has_it() -> None:
    code = """
from fusedrnn import layers, models, optimizers, losses, metrics, callbacks, initializers
from fusedrnn import regularizers, constraints, activations, utils, Sequential, Input, backend
from fusedrnn.models import Sequential, load_model, model_from_json, clone_model
from fusedrnn.layers import LSTM, GRU, SimpleRNN, Bidirectional, TimeDistributed, RepeatVector
from fusedrnn.layers import Masking, Embedding, Dense, Dropout, Flatten, Reshape, Activation
from fusedrnn.layers import LayerNormalization, Input
from fusedrnn.optimizers import SGD, RMSprop, Adam, AdamW, Nadam, Adagrad
from fusedrnn.optimizers.schedules import ExponentialDecay
from fusedrnn.losses import MeanSquaredError, Huber, Quantile, mean_squared_error, mse
from fusedrnn.metrics import RootMeanSquaredError, MeanAbsoluteError, R2Score
from fusedrnn.callbacks import EarlyStopping, ModelCheckpoint, History, Callback
from fusedrnn.utils import to_categorical, set_random_seed, pad_sequences
from fusedrnn.utils import timeseries_dataset_from_array, Sequence
from fusedrnn.preprocessing.sequence import pad_sequences, TimeseriesGenerator
from fusedrnn.preprocessing import sequence, timeseries_dataset_from_array
from fusedrnn.regularizers import l1, l2, l1_l2
from fusedrnn.initializers import GlorotUniform, Orthogonal
from fusedrnn.constraints import MaxNorm
from fusedrnn.activations import relu
from fusedrnn.layers.core import Dense, Activation, Dropout
from fusedrnn.layers.recurrent import LSTM
from fusedrnn.utils import np_utils
from fusedrnn.utils.np_utils import to_categorical
import fusedrnn; fusedrnn.random.set_seed(1)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=os.environ)


def test_the_name_of_tensorflow_may_be_replaced_too() -> None:
    code = """
import sys
sys.modules["torch"] = sys.modules["keras"] = None  # as if they were not installed
import fusedrnn as tf
tf.random.set_seed(1)
tf.keras.Sequential([tf.keras.layers.LSTM(2)]).compile("adam", "mse")
from fusedrnn import keras
from fusedrnn.keras import Sequential, layers, Input
from fusedrnn.keras.models import Sequential
from fusedrnn.keras.layers import LSTM
from fusedrnn.keras.layers.recurrent import LSTM
from fusedrnn.keras.optimizers.schedules import ExponentialDecay
from fusedrnn.keras.preprocessing.sequence import pad_sequences
from fusedrnn.keras.preprocessing.text import Tokenizer
Tokenizer().fit_on_texts(["a"])
from fusedrnn.keras.utils.np_utils import to_categorical
import fusedrnn.keras.layers as L
import fusedrnn.layers
assert L is keras.layers is fusedrnn.layers
for name, module in sys.modules.items():
    if name.startswith("fusedrnn.keras."):
        assert module is sys.modules[name.replace("keras.", "", 1)], name
try:
    keras.enable()
except ImportError as error:
    assert "pip install torch" in str(error)
try:
    tf.dataset
except AttributeError as error:
    assert "'dataset', nor have Keras and TensorFlow" in str(error)
else:
    assert False
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=os.environ)


def test_import_brings_little_in() -> None:
    """A script waits for an import: nothing of size comes with it that it may not need."""
    code = (
        "import sys, numpy, numpy.random; known = set(sys.modules)\n"
        "def new():\n"
        "    found = {name.partition('.')[0] for name in sys.modules.keys() - known}\n"
        "    known.update(sys.modules); return found\n"
        "import fusedrnn; print(*new()); import fusedrnn.models; print(*new())"
    )
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, check=True, text=True, capture_output=True, env=os.environ)
    package, models = (set(line.split()) for line in done.stdout.splitlines())
    assert package <= {"__future__", "fusedrnn"}
    assert models <= {"fusedrnn", "_json", "copy", "dataclasses", "json"}


def test_metrics_take_their_arguments_in_keras_s_order() -> None:
    y, p = np.eye(4)[[1, 0]], np.array([[0.3, 0.2, 0.4, 0.1], [0.1, 0.2, 0.3, 0.4]])
    assert metrics.TopKCategoricalAccuracy(3, "top")(y, p) == 0.5
    labels = np.array([1, 0])
    assert metrics.SparseTopKCategoricalAccuracy(4)(labels, p) == 1
    assert metrics.BinaryAccuracy("a", None, 0.15)(y, p) == 0.25
    assert losses.MeanSquaredError("sum")(y, p) == pytest.approx(
        2 * losses.MeanSquaredError()(y, p)
    )
    with pytest.raises(TypeError, match="name is 3"):
        metrics.MeanSquaredError(3)


def test_what_scripts_for_tensorflow_ask_of_results() -> None:
    m = model()
    assert type(m(X).numpy()) is np.ndarray
    y, h, _c = LSTM(3, return_state=True)(X)
    np.testing.assert_array_equal(y.numpy(), h.numpy())
    assert losses.mean_absolute_error(Y, Y).numpy().shape == (40,)
    assert losses.Huber()(Y, Y).numpy() == 0
    metric = metrics.RootMeanSquaredError()
    metric.update_state(Y, Y + 2)
    assert metric.result().numpy() == pytest.approx(2)
    history = m.fit(X, Y, verbose=0).history
    assert type(history["loss"][0]) is type(m.evaluate(X, Y, verbose=0)) is float
