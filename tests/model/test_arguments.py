"""Bad arguments of the model API: an error that names the argument, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fusedrnn import (
    Input,
    Sequential,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    regularizers,
    utils,
)
from fusedrnn import callbacks as cb
from fusedrnn import optimizers as opt
from fusedrnn.preprocessing.sequence import TimeseriesGenerator, pad_sequences

X, Y = np.ones((40, 6, 2), np.float32), np.ones((40, 1))
NAN = float("nan")


def names(argument: str) -> str:
    """Return the pattern of a message about an argument: ``fit: x has shape ...``, ``x: ...``."""
    about = rf"^(\w+: )?{argument}(: | is | has | have | of )"
    return rf"{about}|^\w+: got an unexpected argument {argument}$"


def model(**compile: Any) -> Sequential:
    m = Sequential([Input((6, 2)), layers.LSTM(4), layers.Dense(1)])
    m.compile(**{"optimizer": "adam", "loss": "mse", **compile})
    return m


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("x", None),
        ("x", X[:0]),
        ("x", np.ma.masked_array(X, X > 0)),
        ("x", {"a": X}),
        ("x", "abc"),
        ("x", X[:, :, :1]),
        ("x", X[:, 0, 0]),
        ("x", X.astype(complex)),
        ("y", Y[:5]),
        ("y", np.ma.masked_array(Y, Y > 0)),
        ("y", [None] * 40),
        ("y", np.ones((40, 2, 3))),
        ("batch_size", 0),
        ("batch_size", 2.5),
        ("batch_size", NAN),
        ("epochs", 1.5),
        ("epochs", -1),
        ("epochs", True),
        ("initial_epoch", "a"),
        ("verbose", 3),
        ("callbacks", 3),
        ("callbacks", [cb.EarlyStopping]),
        ("validation_split", 1.0),
        ("validation_split", NAN),
        ("validation_split", "a"),
        ("validation_data", (X,)),
        ("validation_data", (X, Y, Y, Y)),
        ("validation_freq", 0),
        ("class_weight", 3),
        ("class_weight", {0: "a"}),
        ("sample_weight", np.ones(3)),
        ("steps_per_epoch", 0),
        ("validation_steps", 0),
        ("validation_batch_size", 0.5),
        ("shuffle", "x"),
        ("nonsense", 1),
    ],
)
def test_fit_names_the_argument(argument: str, value: Any) -> None:
    m = model()
    before = m.get_weights()
    with pytest.raises((ValueError, TypeError), match=names(argument)):
        m.fit(**{"x": X, "y": Y, "verbose": 0, argument: value})
    for a, b in zip(before, m.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("rate", lambda: layers.Dropout("a")),
        ("rate", lambda: layers.Dropout(-0.1)),
        ("rate", lambda: layers.Dropout(NAN)),
        ("noise_shape", lambda: layers.Dropout(0.5, (1, 3))(X, training=True)),
        ("units", lambda: layers.LSTM(2.5)),
        ("units", lambda: layers.Dense(0)),
        ("dropout", lambda: layers.GRU(3, dropout="a")),
        ("recurrent_dropout", lambda: layers.LSTM(3, recurrent_dropout=-1)),
        ("implementation", lambda: layers.LSTM(3, implementation=7)),
        ("seed", lambda: layers.LSTM(3, seed="a")),
        ("name", lambda: layers.LSTM(3, name=4)),  # type: ignore[arg-type]
        ("initializer", lambda: layers.LSTM(3, kernel_initializer=3)),
        ("regularizer", lambda: layers.LSTM(3, kernel_regularizer=0.1)),
        ("constraint", lambda: layers.LSTM(3, kernel_constraint=4)),
        ("shape", lambda: Input((10, -1))),
        ("shape", lambda: Input((10, 2.5))),
        ("shape", lambda: layers.LSTM(3, input_shape=(10, "a"))),
        ("n", lambda: layers.RepeatVector(0)),
        ("input_dim", lambda: layers.Embedding(0, 3)),
        ("target_shape", lambda: layers.Reshape((2.5,))),
        ("mask_value", lambda: layers.Masking("a")),  # type: ignore[arg-type]
        ("momentum", lambda: layers.BatchNormalization(momentum=2)),
        ("activation", lambda: layers.Dense(3, activation={})),
        ("layer", lambda: layers.Bidirectional({})),
        ("regularizer", lambda: layers.Dense(3, kernel_regularizer=object)),
        ("return_sequences", lambda: layers.LSTM(3, return_sequences="a")),  # type: ignore[arg-type]
        ("go_backwards", lambda: layers.GRU(3, go_backwards=np.ones(2))),  # type: ignore[arg-type]
        ("noise_shape", lambda: layers.Dropout(0.5, 3)),
        ("target_shape", lambda: layers.Reshape(None)),
        ("filters", lambda: layers.Conv1D(0, 3)),
        ("filters", lambda: layers.SeparableConv1D("a", 3)),  # type: ignore[arg-type]
        ("filters", lambda: layers.Conv1D(4, 2, groups=3)),
        ("kernel_size", lambda: layers.Conv1D(4, (2, 2))),
        ("strides", lambda: layers.Conv1D(4, 2, strides=0)),
        ("dilation_rate", lambda: layers.Conv1D(4, 2, strides=2, dilation_rate=2)),
        ("padding", lambda: layers.SeparableConv1D(4, 2, padding="causal")),
        ("padding", lambda: layers.Conv1D(4, 2, padding=1)),  # type: ignore[arg-type]
        ("data_format", lambda: layers.Conv1D(4, 2, data_format="first")),
        ("groups", lambda: layers.Conv1D(4, 2, groups=2)(np.ones((2, 5, 3)))),
        ("input", lambda: layers.Conv1D(4, 6)(np.ones((2, 5, 3)))),
        ("input", lambda: layers.MaxPooling1D(6)(np.ones((2, 5, 3)))),
        ("depth_multiplier", lambda: layers.SeparableConv1D(4, 2, depth_multiplier=0)),
        ("pool_size", lambda: layers.MaxPooling1D(2.5)),
        ("padding", lambda: layers.AveragePooling1D(2, padding="causal")),
        ("padding", lambda: layers.ZeroPadding1D((1, 2, 3))),
        ("padding", lambda: layers.ZeroPadding1D(-1)),
        ("cropping", lambda: layers.Cropping1D((2, 3))(np.ones((2, 5, 3)))),
        ("size", lambda: layers.UpSampling1D(0)),
        ("max_value", lambda: layers.ReLU(-1)),
        ("threshold", lambda: layers.ReLU(threshold=-1)),
        ("alpha", lambda: layers.ELU("a")),  # type: ignore[arg-type]
        ("axis", lambda: layers.Softmax("a")),
        ("mask", lambda: layers.Softmax()(np.ones((2, 5, 3)), mask=np.ones((2, 5)))),
        ("shared_axes", lambda: layers.PReLU(shared_axes=[3])(np.ones((2, 5, 3)))),
        ("shared_axes", lambda: layers.PReLU().build((None, None, 3))),
        ("axis", lambda: layers.UnitNormalization(axis=3)(np.ones((2, 5, 3)))),
        ("stddev", lambda: layers.GaussianNoise(-1)),
        ("rate", lambda: layers.GaussianDropout(1)),
        ("dims", lambda: layers.Permute(None)),
        ("keepdims", lambda: layers.GlobalMaxPooling1D(keepdims="a")),  # type: ignore[arg-type]
        ("seed", lambda: initializers.HeNormal(seed=-1)),
        ("minval", lambda: initializers.RandomUniform(minval="a")),  # type: ignore[arg-type]
        ("mode", lambda: initializers.VarianceScaling(mode="a")),
        ("l2", lambda: regularizers.L2(-1)),
        ("max_value", lambda: constraints.MaxNorm("a")),  # type: ignore[arg-type]
        ("thresholds", lambda: metrics.Precision(thresholds=2)),
        ("num_thresholds", lambda: metrics.AUC(num_thresholds=1)),
        ("min_delta", lambda: cb.EarlyStopping(min_delta="a")),  # type: ignore[arg-type]
        ("patience", lambda: cb.EarlyStopping(patience=1.5)),  # type: ignore[arg-type]
        ("patience", lambda: cb.ReduceLROnPlateau(patience=None)),  # type: ignore[arg-type]
        ("factor", lambda: cb.ReduceLROnPlateau(factor=1)),
        ("save_freq", lambda: cb.ModelCheckpoint("a.keras", save_freq=0)),
        ("schedule", lambda: cb.LearningRateScheduler(3)),  # type: ignore[arg-type]
        ("on_epoch_end", lambda: cb.LambdaCallback(on_epoch_end=3)),  # type: ignore[arg-type]
        ("learning_rate", lambda: opt.Adam(learning_rate=None)),
        ("learning_rate", lambda: opt.SGD(NAN)),
        ("beta_1", lambda: opt.Adam(beta_1=2)),
        ("beta_1", lambda: opt.Adam(beta_1=1)),
        ("nesterov", lambda: opt.SGD(nesterov="a")),  # type: ignore[arg-type]
        ("t_mul", lambda: opt.schedules.CosineDecayRestarts(0.1, 10, t_mul=0.5)),
        ("values", lambda: opt.schedules.PiecewiseConstantDecay([1], [0.1, "a"])),  # type: ignore[list-item]
        ("clipnorm", lambda: opt.Adam(clipnorm=-1)),
        ("weight_decay", lambda: opt.AdamW(weight_decay="a")),  # type: ignore[arg-type]
        ("decay_steps", lambda: opt.schedules.ExponentialDecay(0.1, 0, 0.5)),
        ("quantile", lambda: losses.Quantile(2)),
        ("loss_weights", lambda: model(loss_weights="a")),
        ("metric", lambda: model(metrics=[3])),
        ("num_classes", lambda: utils.to_categorical([1], num_classes=0)),
        ("x", lambda: utils.to_categorical([])),
        ("maxlen", lambda: pad_sequences([[1]], maxlen=-1)),
        ("length", lambda: TimeseriesGenerator(X, Y, length=2.5)),  # type: ignore[arg-type]
        ("stride", lambda: TimeseriesGenerator(X, Y, 3, stride=0)),
        ("batch_size", lambda: utils.timeseries_dataset_from_array(X, Y, 3, batch_size=0)),
        ("batch_size", lambda: model().predict(X, batch_size=-1)),
        ("steps", lambda: model().evaluate(X, Y, steps=1.5)),  # type: ignore[arg-type]
        ("index", lambda: model().get_layer(index=9)),
        ("weights", lambda: model().set_weights(3)),  # type: ignore[arg-type]
        ("weights", lambda: model().layers[1].set_weights([np.full((4, 1), "a"), np.zeros(1)])),
    ],
)
def test_the_argument_is_named(argument: str, call: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError), match=names(argument)):
        call()


def test_a_file_that_cannot_be_written_is_named() -> None:
    with pytest.raises(FileNotFoundError) as raised:
        model().save("/nowhere/a.keras")
    assert raised.value.filename == "/nowhere/a.keras"


@pytest.mark.parametrize(
    "message", ["fit: y is 3, expected x", "expected 3", "maxlen is 3", "fit: the x is 3", "fit: x"]
)
def test_other_messages_do_not_name_it(message: str) -> None:
    assert not re.search(names("x"), message)
