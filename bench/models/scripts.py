"""Models as scripts for Keras make them, with whatever module is passed as ``keras``.

Each entry of ``MODELS`` returns a compiled model, its inputs and its targets: 32 batches.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

BATCH, ROWS = 32, 1024
Made = tuple[Any, Any, np.ndarray]


def _normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _targets(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def _one_hot(classes: int, *shape: int) -> np.ndarray:
    return np.eye(classes, dtype="float32")[np.random.default_rng(2).integers(classes, size=shape)]


def tutorial(keras: Any) -> Made:
    """The tutorials' one: LSTM(50) on ten values of a series."""
    model = keras.Sequential([keras.Input((10, 1)), keras.layers.LSTM(50), keras.layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model, _normal(ROWS, 10, 1), _targets(ROWS, 1)


def stacked(keras: Any) -> Made:
    """The share prices' one: two LSTM(50) over 60 days."""
    L = keras.layers
    model = keras.Sequential([
        keras.Input((60, 1)), L.LSTM(50, return_sequences=True), L.LSTM(50), L.Dense(25), L.Dense(1)
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="mse")
    return model, _normal(ROWS, 60, 1), _targets(ROWS, 1)


def cnn_lstm(keras: Any) -> Made:
    """Convolutions and pooling before an LSTM, nine sensors."""
    L = keras.layers
    model = keras.Sequential([
        keras.Input((128, 9)), L.Conv1D(64, 3, activation="relu"), L.MaxPooling1D(2),
        L.Conv1D(64, 3, activation="relu"), L.MaxPooling1D(2), L.LSTM(100),
        L.Dense(6, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, _normal(ROWS, 128, 9), _one_hot(6, ROWS)


def windows_cnn_lstm(keras: Any) -> Made:
    """A convolution in TimeDistributed over four subsequences, then an LSTM."""
    L = keras.layers
    model = keras.Sequential([
        keras.Input((4, 32, 9)), L.TimeDistributed(L.Conv1D(64, 3, activation="relu")),
        L.TimeDistributed(L.MaxPooling1D(2)), L.TimeDistributed(L.Flatten()), L.LSTM(100),
        L.Dense(6, activation="softmax"),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, _normal(ROWS, 4, 32, 9), _one_hot(6, ROWS)


def encoder_decoder(keras: Any) -> Made:
    """Keras's guide to sequence to sequence: characters, states handed over, 128 units."""
    L = keras.layers
    source, target = keras.Input((None, 40)), keras.Input((None, 40))
    _, h, c = L.LSTM(128, return_state=True)(source)
    y = L.LSTM(128, return_sequences=True)(target, initial_state=[h, c])
    model = keras.Model([source, target], L.Dense(40, activation="softmax")(y))
    model.compile(optimizer="rmsprop", loss="categorical_crossentropy")
    characters = _one_hot(40, ROWS, 17)
    return model, [_one_hot(40, ROWS, 16), characters[:, :-1]], characters[:, 1:]


def repeat_vector(keras: Any) -> Made:
    """The forecasts of many steps: an LSTM, RepeatVector, an LSTM, Dense at each step."""
    L = keras.layers
    model = keras.Sequential([
        keras.Input((14, 8)), L.LSTM(100, activation="relu"), L.RepeatVector(7),
        L.LSTM(100, activation="relu", return_sequences=True), L.TimeDistributed(L.Dense(1)),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="mse")
    return model, _normal(ROWS, 14, 8), _targets(ROWS, 7, 1)


@cache
def _own_attention(keras: Any) -> type:
    ops = keras.ops

    class Weighting(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def build(self, shape: Any) -> None:
            self.w = self.add_weight(shape=(shape[-1], 1), name="w")
            self.b = self.add_weight(shape=(shape[1], 1), initializer="zeros", name="b")

        def call(self, x: Any) -> Any:
            weights = ops.softmax(ops.squeeze(ops.tanh(ops.matmul(x, self.w) + self.b), -1))
            return ops.sum(x * ops.expand_dims(weights, -1), axis=1)

    return Weighting


def own_attention(keras: Any) -> Made:
    """Both directions under the notebooks' own attention layer, written with ops."""
    L = keras.layers
    x = keras.Input((50, 16))
    y = L.Bidirectional(L.LSTM(64, return_sequences=True))(x)
    model = keras.Model(x, L.Dense(1)(_own_attention(keras)()(y)))
    model.compile(optimizer="adam", loss="mse")
    return model, _normal(ROWS, 50, 16), _targets(ROWS, 1)


def attention(keras: Any) -> Made:
    """Both directions, then Attention of the sequence to itself."""
    L = keras.layers
    x = keras.Input((50, 16))
    y = L.Bidirectional(L.LSTM(64, return_sequences=True))(x)
    y = L.Concatenate()([y, L.Attention()([y, y])])
    model = keras.Model(x, L.Dense(1)(L.GlobalAveragePooling1D()(y)))
    model.compile(optimizer="adam", loss="mse")
    return model, _normal(ROWS, 50, 16), _targets(ROWS, 1)


def reviews(keras: Any) -> Made:
    """Words in Embedding, LSTM of both directions: the film reviews."""
    L = keras.layers
    model = keras.Sequential([
        keras.Input((80,)), L.Embedding(5000, 64), L.Bidirectional(L.LSTM(64)),
        L.Dense(1, activation="sigmoid"),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    words = np.random.default_rng(3).integers(5000, size=(ROWS, 80))
    return model, words, np.random.default_rng(4).integers(2, size=(ROWS, 1))


MODELS: dict[str, Callable[[Any], Made]] = {
    "tutorial": tutorial,
    "stacked": stacked,
    "CNN-LSTM": cnn_lstm,
    "CNN-LSTM of windows": windows_cnn_lstm,
    "encoder-decoder": encoder_decoder,
    "repeat vector": repeat_vector,
    "BiLSTM, own attention": own_attention,
    "BiLSTM, Attention": attention,
    "film reviews": reviews,
}
