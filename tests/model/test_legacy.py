"""Scripts for Keras 1 and 2: their arguments mean those of today."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from fusedrnn import Input, Model, Sequential, backend, layers, optimizers

X = np.arange(60).reshape(6, 10) % 7

# What scripts import from where it was in Keras 1 and 2, or from Keras's inside
IMPORTS = """
backend.tensorflow_backend: set_session
callbacks.callbacks: EarlyStopping
callbacks.tensorboard_v1: TensorBoard
constraints: max_norm maxnorm nonneg unitnorm
engine: Input InputSpec Layer Model Sequential
engine.base_layer: InputSpec Layer
engine.input_layer: Input
engine.network: Network
engine.sequential: Sequential
engine.topology: Input InputSpec Layer get_source_inputs
engine.training: Model
layers.advanced_activations: ELU LeakyReLU PReLU
layers.convolutional: Conv1D Convolution1D MaxPooling1D UpSampling1D ZeroPadding1D
layers.convolutional_recurrent: ConvLSTM2D
layers.core: Activation Dense Dropout Flatten Lambda Masking Permute RepeatVector Reshape
layers.cudnn_recurrent: CuDNNGRU CuDNNLSTM
layers.embeddings: Embedding
layers.experimental.preprocessing: Normalization TextVectorization
layers.local: LocallyConnected1D
layers.merge: Concatenate Dot add concatenate dot
layers.noise: GaussianDropout GaussianNoise
layers.normalization: BatchNormalization LayerNormalization
layers.normalization.batch_normalization: BatchNormalization
layers.pooling: GlobalAveragePooling1D MaxPooling1D
layers.recurrent: GRU LSTM RNN Recurrent SimpleRNN
layers.wrappers: Bidirectional TimeDistributed
mixed_precision.experimental: set_policy
models: Model Sequential layers load_model model_from_json optimizers
objectives: mean_squared_error mse
optimizer_v2.adam: Adam
optimizers: Adam adagrad adam rmsprop sgd
optimizers.adam_v2: Adam
optimizers.legacy: Adam SGD
preprocessing.text: Tokenizer one_hot
regularizers: activity_l2 l1l2
saving.save: load_model
src.layers: LSTM
src.layers.core.dense: Dense
src.layers.rnn.lstm: LSTM
src.legacy.preprocessing.text: Tokenizer
src.utils: to_categorical
utils: HDF5Matrix multi_gpu_model np_utils
utils.generic_utils: get_custom_objects
utils.io_utils: HDF5Matrix
utils.np_utils: to_categorical
utils.vis_utils: plot_model
wrappers.scikit_learn: KerasClassifier KerasRegressor
_tf_keras.keras.callbacks: EarlyStopping
api._v2.keras.layers: LSTM
python.keras.layers: LSTM
"""


@pytest.mark.parametrize("line", IMPORTS.split("\n")[1:-1])
def test_where_things_were(line: str) -> None:
    where, _, names = line.partition(": ")
    for name in names.split():
        found = getattr(importlib.import_module(f"fusedrnn.{where}"), name)
        if name in layers.__all__:
            assert found is getattr(layers, name)


def test_optimizers_in_small_letters() -> None:
    assert isinstance(optimizers.adam(lr=0.1), optimizers.Adam)
    assert optimizers.adam_v2.Adam is optimizers.Adam
    from fusedrnn.optimizers.adam import Adam  # the module that has it

    assert Adam is optimizers.Adam


PAIRS: list[tuple[Any, Any]] = [
    (
        layers.Embedding(7, output_dim=3, init="uniform", W_regularizer="l2"),
        layers.Embedding(
            7, 3, embeddings_initializer="uniform", embeddings_regularizer="l2"
        ),
    ),
    (
        layers.LSTM(
            output_dim=3, init="he_normal", inner_init="zeros", inner_activation="sigmoid",
            W_regularizer="l1", U_regularizer="l2", b_regularizer="l2", dropout_W=0.1,
            dropout_U=0.2,
        ),
        layers.LSTM(
            3, kernel_initializer="he_normal", recurrent_initializer="zeros",
            recurrent_activation="sigmoid", kernel_regularizer="l1", recurrent_regularizer="l2",
            bias_regularizer="l2", dropout=0.1, recurrent_dropout=0.2,
        ),
    ),
    (
        layers.Convolution1D(
            nb_filter=4, filter_length=3, border_mode="same", subsample_length=2, bias=False
        ),
        layers.Conv1D(4, 3, padding="same", strides=2, use_bias=False),
    ),
    (layers.MaxPooling1D(pool_length=2, stride=1), layers.MaxPooling1D(2, strides=1)),
    (layers.Dense(output_dim=2, init="normal"), layers.Dense(2, kernel_initializer="normal")),
    (layers.Dropout(p=0.5), layers.Dropout(0.5)),
    (layers.GaussianNoise(sigma=0.5), layers.GaussianNoise(0.5)),
    (layers.UpSampling1D(length=3), layers.UpSampling1D(3)),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), PAIRS, ids=[type(new).__name__ for _, new in PAIRS])
def test_arguments_of_keras_1(old: Any, new: Any) -> None:
    assert type(old) is type(new)
    ours, theirs = old.get_config(), new.get_config()
    del ours["name"], theirs["name"]
    assert ours == theirs


def test_a_script_of_keras_1() -> None:
    x = Input(shape=(10,))
    hidden = layers.LSTM(output_dim=3)(layers.Embedding(input_dim=7, output_dim=3)(x))
    model = Model(input=x, output=layers.Dense(output_dim=1)(hidden))
    model.compile("sgd", "mse")
    assert len(model.fit(X, X[:, 0], nb_epoch=3, verbose=0).epoch) == 3


def test_one_input_and_one_output_by_name() -> None:
    x = Input((10,), name="words")
    model = Model(x, layers.Dense(1, name="value")(x))
    model.compile("sgd", "mse")
    one, rows = {"value": X[:, :1]}, X.astype("float32")
    assert model.evaluate({"words": rows}, one, verbose=0) == model.evaluate(
        rows, X[:, :1], verbose=0
    )
    model.fit({"words": rows}, one, validation_data=({"words": rows}, one), verbose=0)
    np.testing.assert_array_equal(model.predict({"words": rows}), model.predict(rows))
    with pytest.raises(ValueError, match="got 2"):
        model.fit(rows, {**one, "more": rows})


def test_functions_of_the_backend_by_their_own_arguments() -> None:
    x = np.arange(6.0).reshape(1, 2, 3)
    np.testing.assert_array_equal(backend.permute_dimensions(x, pattern=(0, 2, 1))[0], x[0].T)
    np.testing.assert_array_equal(backend.pow(x, a=2), x**2)
    np.testing.assert_array_equal(backend.repeat_elements(x, rep=2, axis=1)[:, ::2], x)


def test_merge() -> None:
    a, b = np.ones((2, 3), np.float32), np.full((2, 3), 2.0, np.float32)
    for mode, expected in {"sum": 3.0, "mul": 2.0, "ave": 1.5, "max": 2.0}.items():
        np.testing.assert_array_equal(layers.merge([a, b], mode), np.full((2, 3), expected))
    assert layers.merge([a, b], mode="concat", concat_axis=1).shape == (2, 6)
    np.testing.assert_allclose(layers.merge([a, b], mode="dot", dot_axes=1), [[6], [6]])
    np.testing.assert_allclose(layers.merge([a, b], mode="cos", dot_axes=1), [[1], [1]], 1e-6)
    with pytest.raises(ValueError, match="mode is 'join', expected one of sum, mul"):
        layers.merge([a, b], "join")
    from fusedrnn.layers.merge import concatenate  # Keras 2's module of this name

    assert concatenate is layers.concatenate is layers.merge.concatenate


def test_what_no_keras_knows_is_refused_by_the_name_that_was_given() -> None:
    for wrong in ({"p": 0.1}, {"nb_filter": 2}, {"inner_init": "zeros"}):
        with pytest.raises(ValueError, match=f"arguments passed to Dense: {{'{min(wrong)}'"):
            layers.Dense(2, **wrong)
    model = Sequential([Input((10,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="fit: got an unexpected argument nb_epochs"):
        model.fit(X, X[:, 0], nb_epochs=3)


def test_a_layer_of_ones_own_keeps_its_arguments() -> None:
    class Scale(layers.Layer):
        def __init__(self, output_dim: int, p: float = 0.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.output_dim, self.p = output_dim, p

        def call(self, x: Any) -> Any:
            return self.p * x

    layer = Scale(output_dim=2, p=0.5)
    assert (layer.output_dim, layer.p) == (2, 0.5)
