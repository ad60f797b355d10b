"""Graphs of layers, each built by the same lines for Keras and for fusedrnn.

``k`` is ``keras`` or ``fusedrnn``. A builder returns the model; `GRAPHS` has them by name. All
layers have names, so that files and lists can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

GRAPHS: dict[str, Callable[[Any], Any]] = {}


def graph(build: Callable[[Any], Any]) -> Callable[[Any], Any]:
    GRAPHS[build.__name__] = build
    return build


@graph
def chain(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    y = L.LSTM(4, name="a")(x)
    return k.Model(x, L.Dense(2, name="b")(y), name="m")


@graph
def encoder_decoder(k: Any) -> Any:
    L = k.layers
    source, target = L.Input((5, 3), name="source"), L.Input((4, 2), name="target")
    _, h, c = L.LSTM(4, return_state=True, name="encoder")(source)
    y = L.LSTM(4, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    y = L.TimeDistributed(L.Dense(2, activation="tanh", name="d"), name="words")(y)
    return k.Model([source, target], y, name="m")


@graph
def gru_states_without_sequences(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    y, h = L.GRU(4, return_state=True, name="a")(x)
    z = L.GRU(4, go_backwards=True, name="b")(x, initial_state=h)
    return k.Model(x, L.Concatenate(name="c")([y, z]), name="m")


@graph
def states_only(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    _, h, c = L.LSTM(4, return_sequences=True, return_state=True, name="a")(x)
    return k.Model(x, L.Add(name="s")([h, c]), name="m")


@graph
def bidirectional_encoder(k: Any) -> Any:
    L = k.layers
    x, z = L.Input((5, 3), name="x"), L.Input((4, 2), name="z")
    layer = L.LSTM(3, return_state=True, return_sequences=True, name="r")
    y, fh, fc, bh, bc = L.Bidirectional(layer, name="a")(x)
    h, c = L.Concatenate(name="h")([fh, bh]), L.Concatenate(name="c")([fc, bc])
    d = L.LSTM(6, return_sequences=True, name="d")(z, initial_state=[h, c])
    scores = L.Dot([2, 2], name="scores")([d, y])
    weights = L.Activation("softmax", name="weights")(scores)
    context = L.Dot([2, 1], name="context")([weights, y])
    return k.Model([x, z], L.Concatenate(name="out")([context, d]), name="m")


@graph
def bidirectional_states(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    y, a, b = L.Bidirectional(L.GRU(3, return_state=True, name="r"), "sum", name="a")(x)
    z = L.Bidirectional(L.GRU(3, return_sequences=True, name="t"), name="b")(
        x, initial_state=[a, b]
    )
    return k.Model(x, [y, z], name="m")


@graph
def shared(k: Any) -> Any:
    """A Siamese net: one encoder for two inputs."""
    L = k.layers
    a, b = L.Input((5, 3), name="a"), L.Input((5, 3), name="b")
    encoder, dense = L.LSTM(4, name="encoder"), L.Dense(3, activation="tanh", name="dense")
    u, v = dense(encoder(a)), dense(encoder(b))
    y = L.Dense(1, name="y")(L.Subtract(name="difference")([u, v]))
    return k.Model([a, b], [y, L.Dot(1, normalize=True, name="cosine")([u, v])], name="m")


@graph
def shared_at_two_depths(k: Any) -> Any:
    L = k.layers
    x = L.Input((3,), name="x")
    dense = L.Dense(3, activation="tanh", name="dense")
    y = dense(x)
    return k.Model(x, L.Average(name="y")([dense(dense(y)), y, x]), name="m")


@graph
def nested(k: Any) -> Any:
    L = k.layers
    x, s = L.Input((5, 3), name="x"), L.Input((2,), name="s")
    h = L.GRU(4, name="r")(x)
    inner = k.Model([x, s], [L.Concatenate(name="c")([h, s]), h], name="inner")
    a, b = L.Input((5, 3), name="a"), L.Input((2,), name="b")
    u, v = inner([a, b])
    chain = k.Sequential([L.Input((6,), name="i"), L.Dense(2, name="d1")], name="chain")
    return k.Model([a, b], [chain(u), L.Dense(1, name="d2")(v)], name="m")


@graph
def nested_shared(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    r = L.LSTM(3, return_sequences=True, name="r")
    inner = k.Model(x, r(r(x)), name="inner")
    a, b = L.Input((5, 3), name="a"), L.Input((5, 3), name="b")
    return k.Model([a, b], L.Multiply(name="y")([inner(a), inner(b)]), name="m")


@graph
def every_step_a_model(k: Any) -> Any:
    L = k.layers
    x = L.Input((3,), name="x")
    inner = k.Model(x, L.Dense(2, activation="relu", name="d")(x), name="inner")
    a = L.Input((4, 3), name="a")
    return k.Model(a, L.LSTM(2, name="r")(L.TimeDistributed(inner, name="t")(a)), name="m")


@graph
def merges(k: Any) -> Any:
    L = k.layers
    a, b, c = (L.Input((4, 3), name=n) for n in "abc")
    v = L.Input((3,), name="v")
    y = [
        L.Add(name="add")([a, b, c]),
        L.Subtract(name="subtract")([a, b]),
        L.Multiply(name="multiply")([a, b, c]),
        L.Average(name="average")([a, b, v]),
        L.Maximum(name="maximum")([a, b, c]),
        L.Minimum(name="minimum")([a, v]),
        L.Concatenate(axis=1, name="concatenate")([a, b]),
        L.Dot(axes=(2, 2), normalize=True, name="dot")([a, b]),
        L.Dot(axes=(2, 1), name="vector")([c, v]),
    ]
    pooled = [L.Dense(2, name=f"d{n}")(L.Flatten(name=f"f{n}")(each)) for n, each in enumerate(y)]
    return k.Model([a, b, c, v], L.Concatenate(name="all")(pooled), name="m")


@graph
def operators(k: Any) -> Any:
    L, ops = k.layers, k.ops
    a, b = L.Input((4, 3), name="a"), L.Input((4, 3), name="b")
    y = L.Dense(3, name="d")(a) * 2.0 - b / 4.0 + a * b
    y = ops.concatenate([y, ops.tanh(b)], axis=-1)
    y = ops.mean(ops.square(y[:, 1:]), axis=1) + ops.max(y, axis=1)
    return k.Model([a, b], y, name="m")


@graph
def attention_of_notebooks(k: Any) -> Any:
    """Scores, softmax over the steps, weighted sum."""
    L, ops = k.layers, k.ops
    x = L.Input((5, 3), name="x")
    h = L.LSTM(4, return_sequences=True, name="h")(x)
    scores = L.Flatten(name="flat")(L.Dense(1, activation="tanh", name="scores")(h))
    weights = L.Activation("softmax", name="weights")(scores)
    weights = L.Permute([2, 1], name="turned")(L.RepeatVector(4, name="again")(weights))
    context = ops.sum(L.Multiply(name="weighted")([h, weights]), axis=1)
    return k.Model(x, L.Dense(1, name="y")(context), name="m")


@graph
def masks(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    masked = L.Masking(0.0, name="mask")(x)
    a = L.LSTM(4, return_sequences=True, name="a")(masked)
    b = L.GRU(4, return_sequences=True, name="b")(masked)
    both = L.Concatenate(name="c")([a, b])
    y = L.GRU(2, return_sequences=True, name="r")(both)
    return k.Model(x, [L.Add(name="s")([y, L.Dense(2, name="d")(both)]), L.LSTM(2, name="e")(both)],
                   name="m")  # fmt: skip


@graph
def words_and_numbers(k: Any) -> Any:
    L = k.layers
    words = L.Input((5,), dtype="int32", name="words")
    numbers = L.Input((2,), name="numbers")
    y = L.LSTM(3, name="r")(L.Embedding(10, 4, mask_zero=True, name="e")(words))
    y = L.Concatenate(name="c")([y, numbers])
    return k.Model({"words": words, "numbers": numbers}, L.Dense(1, name="y")(y), name="m")


@graph
def penalties_and_frozen(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    h = L.GRU(4, kernel_regularizer="l2", activity_regularizer="l1", name="h")(x)
    frozen = L.Dense(3, trainable=False, name="frozen")(h)
    return k.Model(x, [L.Dense(1, name="y")(frozen), L.Dense(1, name="z")(h)], name="m")


@graph
def convolutions(k: Any) -> Any:
    L = k.layers
    x = L.Input((9, 4), name="x")
    y = [
        L.Conv1D(3, 3, activation="relu", name="valid")(x),
        L.Conv1D(4, 4, padding="same", groups=2, name="same")(x),
        L.Conv1D(3, 2, padding="causal", dilation_rate=3, activation="tanh", name="causal")(x),
        L.Conv1D(2, 4, strides=3, padding="same", use_bias=False, name="strides")(x),
        L.Conv1D(2, [3], strides=2, padding="causal", kernel_regularizer="l2", name="few")(x),
        L.Conv1D(6, 3, dilation_rate=[2], padding="same", groups=2, bias_regularizer="l1",
                 kernel_constraint="max_norm", name="apart")(x),
        L.Conv1D(5, 1, strides=2, activation="softmax", name="dense")(x),
        L.SeparableConv1D(3, 3, depth_multiplier=2, activation="elu", name="separable")(x),
        L.SeparableConv1D(2, 4, strides=2, padding="same", use_bias=False, name="steps")(x),
        L.SeparableConv1D(2, 3, dilation_rate=2, padding="same", name="wide")(x),
    ]  # fmt: skip
    pooled = [L.GlobalAveragePooling1D(name=f"p{n}")(each) for n, each in enumerate(y)]
    return k.Model(x, L.Concatenate(name="all")(pooled), name="m")


@graph
def convolutional_recurrent(k: Any) -> Any:
    """The CNN-LSTM of notebooks."""
    L = k.layers
    x = L.Input((12, 3), name="x")
    y = L.Conv1D(6, 3, activation="relu", padding="causal", name="a")(x)
    y = L.MaxPooling1D(2, name="b")(y)
    y = L.Conv1D(4, 2, activation="tanh", name="c")(L.ZeroPadding1D((1, 2), name="z")(y))
    return k.Model(x, L.Dense(1, name="y")(L.LSTM(3, name="r")(y)), name="m")


@graph
def subsequences(k: Any) -> Any:
    """Convolution of every part of a sequence on its own."""
    L = k.layers
    x = L.Input((3, 6, 2), name="x")
    y = L.TimeDistributed(L.Conv1D(4, 3, activation="relu", name="c"), name="tc")(x)
    y = L.TimeDistributed(L.MaxPooling1D(name="p"), name="tp")(y)
    z = L.TimeDistributed(L.SeparableConv1D(3, 2, padding="same", name="s"), name="ts")(x)
    z = L.TimeDistributed(L.AveragePooling1D(3, name="q"), name="tq")(z)
    z = L.TimeDistributed(L.Cropping1D((0, 1), name="o"), name="to")(z)
    z = L.TimeDistributed(L.PReLU(name="u"), name="tu")(z)
    parts = [L.TimeDistributed(L.Flatten(name=f"f{n}"), name=f"t{n}")(e) for n, e in
             enumerate([y, z])]  # fmt: skip
    return k.Model(x, L.GRU(3, name="r")(L.Concatenate(name="cat")(parts)), name="m")


@graph
def pooling_and_padding(k: Any) -> Any:
    L = k.layers
    x = L.Input((8, 3), name="x")
    y = [
        L.MaxPooling1D(name="m1")(x),
        L.MaxPooling1D(3, strides=2, padding="same", name="m2")(x),
        L.MaxPooling1D([2], strides=[3], name="m3")(x),
        L.AveragePooling1D(2, name="a1")(x),
        L.AveragePooling1D(3, strides=1, padding="same", name="a2")(x),
        L.AveragePooling1D(3, strides=2, name="a3")(x),
        L.ZeroPadding1D(2, name="z1")(x),
        L.ZeroPadding1D((0, 3), name="z2")(x),
        L.Cropping1D(name="c1")(x),
        L.Cropping1D((0, 3), name="c2")(x),
        L.UpSampling1D(3, name="u")(x),
        L.GlobalMaxPooling1D(keepdims=True, name="g1")(x),
        L.GlobalAveragePooling1D(keepdims=True, name="g2")(x),
    ]
    y = [L.Dense(2, name=f"d{n}")(L.Flatten(name=f"f{n}")(each)) for n, each in enumerate(y)]
    return k.Model(x, L.Concatenate(name="all")(y), name="m")


@graph
def activations(k: Any) -> Any:
    L = k.layers
    x = L.Input((4, 3), name="x")
    y = [
        L.Softmax(name="softmax")(x),
        L.Softmax(axis=1, name="steps")(x),
        L.Softmax(axis=[1, 2], name="both")(x),
        L.ReLU(name="relu")(x),
        L.ReLU(max_value=1.0, negative_slope=0.2, threshold=0.3, name="bent")(x),
        L.ReLU(0.5, name="cut")(x),
        L.ELU(name="elu")(x),
        L.ELU(alpha=0.4, name="flat")(x),
        L.PReLU(name="prelu")(x),
        L.PReLU(alpha_initializer="ones", alpha_regularizer="l2", shared_axes=[1], name="one")(x),
        L.PReLU(shared_axes=[1, 2], alpha_constraint="non_neg", name="scalar")(x),
        L.LeakyReLU(name="leaky")(x),
        L.UnitNormalization(name="unit")(x),
        L.UnitNormalization(axis=[1, 2], name="units")(x),
        L.GaussianNoise(0.0, name="noise")(x),
        L.GaussianDropout(0.0, seed=3, name="drop")(x),
    ]
    y = [L.Dense(2, name=f"d{n}")(L.Flatten(name=f"f{n}")(each)) for n, each in enumerate(y)]
    return k.Model(x, L.Concatenate(name="all")(y), name="m")


@graph
def penalties_of_activity(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    h = L.ActivityRegularization(l1=0.1, l2=0.3, name="p")(L.Conv1D(
        4, 2, activity_regularizer="l2", name="c")(x))  # fmt: skip
    return k.Model(x, L.Dense(1, name="y")(L.Flatten(name="f")(h)), name="m")


@graph
def masks_that_go_on_or_end(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    masked = L.Masking(0.0, name="mask")(x)
    y = L.UnitNormalization(name="u")(L.ReLU(negative_slope=0.5, name="a")(masked))
    y = L.ELU(name="e")(L.PReLU(shared_axes=[1], name="p")(L.GaussianNoise(0.0, name="n")(y)))
    y = L.LSTM(3, name="on")(L.GaussianDropout(0.0, name="d")(y))
    z = [
        L.Conv1D(3, 2, padding="causal", name="c")(masked),
        L.AveragePooling1D(2, name="v")(masked),
        L.UpSampling1D(name="w")(masked),
        L.ZeroPadding1D(name="z")(masked),
    ]
    z = [L.LSTM(2, name=f"end{n}")(each) for n, each in enumerate(z)]
    return k.Model(x, L.Concatenate(name="all")([y, *z]), name="m")


def attention_layer(k: Any) -> Any:
    """Return the class that half of all notebooks carry."""

    @k.saving.register_keras_serializable(package="notebooks")
    class Attention(k.layers.Layer):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.dense = k.layers.Dense(units, activation="tanh", name="hidden")

        def build(self, input_shape: Any) -> None:
            ops = {"initializer": "glorot_uniform", "trainable": True}
            self.fixed = self.add_weight(name="s", shape=(1,), initializer="ones", trainable=False)
            self.W = self.add_weight(name="att_weight", shape=(input_shape[-1], 1), **ops)
            self.b = self.add_weight(name="att_bias", shape=[input_shape[1], 1], **ops)
            self.dense.build((input_shape[0], input_shape[-1]))
            super().build(input_shape)

        def call(self, x: Any) -> Any:
            ops = k.ops
            e = ops.squeeze(ops.tanh(ops.matmul(x, self.W) + self.b), axis=-1)
            a = ops.expand_dims(ops.softmax(e), axis=-1) * self.fixed
            y = self.dense(ops.sum(x * a, axis=1))
            return self.dense(ops.concatenate([y, y[:, :1]], axis=-1)) + ops.relu(y)

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape[0], self.units

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    return Attention


@graph
def own_attention(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 4), name="x")
    h = L.LSTM(4, return_sequences=True, name="h")(x)
    return k.Model(x, L.Dense(1, name="y")(attention_layer(k)(name="attention")(h)), name="m")


@graph
def own_layer_shared_and_of_two(k: Any) -> Any:
    """Bahdanau's attention as tutorials have it: layers inside, several arguments and results."""
    L, ops = k.layers, k.ops

    @k.saving.register_keras_serializable(package="notebooks")
    class Bahdanau(L.Layer):
        def __init__(self, units: int = 3, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.W1, self.W2 = L.Dense(units), L.Dense(units)
            self.V = L.Dense(1)

        def call(self, query: Any, values: Any) -> Any:
            score = self.V(ops.tanh(self.W1(ops.expand_dims(query, 1)) + self.W2(values)))
            weights = ops.softmax(score, axis=1)
            return ops.sum(weights * values, axis=1), weights

    x, q = L.Input((5, 3), name="x"), L.Input((3,), name="q")
    layer = Bahdanau(name="attention")
    context, weights = layer(q, x)
    again, _ = layer(context, values=x)
    y = L.Concatenate(name="c")([again, L.Flatten(name="f")(weights)])
    return k.Model([x, q], L.Dense(2, name="y")(y), name="m")


@graph
def attention(k: Any) -> Any:
    """Luong's and Bahdanau's attention over an encoder with a mask."""
    L = k.layers
    x, z = L.Input((5, 3), name="x"), L.Input((4, 3), name="z")
    h = L.LSTM(4, return_sequences=True, name="h")(L.Masking(name="mask")(x))
    d = L.LSTM(4, return_sequences=True, name="d")(z)
    a = L.Attention(use_scale=True, name="dot")([d, h])
    b, scores = L.Attention(score_mode="concat", use_scale=True, name="concat")(
        [d, h, h], return_attention_scores=True
    )
    c = L.AdditiveAttention(name="additive")([d, h])
    e = L.Attention(name="causal")([a, d], use_causal_mask=True)
    return k.Model([x, z], [L.Concatenate(name="c")([a, b, c, e, d]), scores], name="m")


@graph
def heads(k: Any) -> Any:
    """Self attention that sees no later step, and attention to another sequence."""
    L = k.layers
    x, z = L.Input((5, 4), name="x"), L.Input((3, 2), name="z")
    h = L.MultiHeadAttention(2, 3, name="own")(x, x, use_causal_mask=True)
    h = L.LayerNormalization(name="n")(L.Add(name="s")([x, h]))
    y = L.MultiHeadAttention(num_heads=3, key_dim=2, value_dim=5, output_shape=6, name="b")(
        query=h, value=z, key=z
    )
    y = L.MultiHeadAttention(1, 2, use_bias=False, name="c")(y, value=h)
    return k.Model([x, z], L.GlobalAveragePooling1D(name="y")(y), name="m")


@graph
def cells(k: Any) -> Any:
    """RNN over one cell and over several, from both sides."""
    L = k.layers
    x = L.Input((5, 3), name="x")
    h = L.RNN(L.LSTMCell(3, name="c1"), return_sequences=True, name="r1")(x)
    y = L.RNN([L.LSTMCell(3, name="c2"), L.GRUCell(2, name="c3")], go_backwards=True, name="r2")(h)
    z, s = L.RNN(L.SimpleRNNCell(2, name="c4"), return_state=True, name="r3")(x)
    stack = L.StackedRNNCells([L.GRUCell(3, name="c5"), L.GRUCell(2, name="c6")], name="c7")
    w = L.LSTM(2, name="r5")(L.RNN(stack, return_sequences=True, name="r4")(x))
    return k.Model(x, L.Concatenate(name="y")([y, z, s, w]), name="m")


@graph
def penalties_of_shared_and_of_states(k: Any) -> Any:
    L = k.layers
    x, z = L.Input((5, 3), name="x"), L.Input((5, 3), name="z")
    r = L.LSTM(3, return_state=True, activity_regularizer="l2", name="r")
    y, h, _ = r(x)
    d = L.Dense(2, activation="tanh", activity_regularizer="l2", name="d")
    return k.Model([x, z], [d(y), L.Add(name="s")([d(h), d(L.GRU(3, name="g")(z))])], name="m")


# What people write: series, text, tables ----------------------------------------------------------


@graph
def cnn_lstm_stack(k: Any) -> Any:
    L = k.layers
    x = L.Input((16, 2), name="x")
    y = x
    for n, filters in enumerate((4, 6)):
        y = L.Conv1D(filters, 3, padding="same", name=f"c{n}")(y)
        y = L.BatchNormalization(name=f"b{n}")(y)
        y = L.MaxPooling1D(2, name=f"p{n}")(L.Activation("relu", name=f"a{n}")(y))
    y = L.LSTM(5, return_sequences=True, name="r1")(y)
    y = L.Dense(4, activation="relu", name="d")(L.LSTM(3, name="r2")(y))
    return k.Model(x, L.Dense(2, name="y")(y), name="m")


@graph
def convolutions_of_every_part(k: Any) -> Any:
    L = k.layers
    x = L.Input((3, 8, 1), name="x")
    y = x
    for n, filters in enumerate((3, 4)):
        y = L.TimeDistributed(L.Conv1D(filters, 3, activation="relu", name=f"c{n}"), name=f"t{n}")(
            y
        )
    y = L.TimeDistributed(L.GlobalMaxPooling1D(name="g"), name="tg")(y)
    y = L.Bidirectional(L.LSTM(3, name="r"), name="b")(y)
    return k.Model(x, L.Dense(1, name="y")(y), name="m")


@graph
def convolutional_autoencoder(k: Any) -> Any:
    L = k.layers
    x = L.Input((8, 2), name="x")
    y = L.Conv1D(4, 3, strides=2, padding="same", activation="relu", name="c1")(x)
    y = L.Conv1D(3, 3, strides=2, padding="same", activation="relu", name="c2")(y)
    y = L.Conv1DTranspose(3, 3, strides=2, padding="same", activation="relu", name="u1")(y)
    y = L.Conv1DTranspose(4, 2, strides=2, name="u2")(y)
    y = L.Conv1DTranspose(2, 3, padding="same", use_bias=False, dilation_rate=2, name="y")(y)
    return k.Model(x, y, name="m")


@graph
def recurrent_autoencoder(k: Any) -> Any:
    L = k.layers
    x = L.Input((6, 2), name="x")
    y = L.RepeatVector(6, name="again")(L.LSTM(4, name="encoder")(x))
    y = L.LSTM(4, return_sequences=True, name="decoder")(y)
    return k.Model(x, L.TimeDistributed(L.Dense(2, name="d"), name="y")(y), name="m")


@graph
def translation(k: Any) -> Any:
    """Teacher forcing over words, both with padding."""
    L = k.layers
    source, target = (L.Input((5,), dtype="int32", name=n) for n in ("words", "said"))
    table = L.Embedding(10, 4, mask_zero=True, name="e")
    _, h, c = L.LSTM(3, return_state=True, name="encoder")(table(source))
    y = L.LSTM(3, return_sequences=True, name="decoder")(table(target), initial_state=[h, c])
    y = L.Dense(6, activation="softmax", name="y")(y)
    return k.Model({"words": source, "said": target}, y, name="m")


@graph
def decoder_step(k: Any) -> Any:
    """One step of the decoder, states in and out."""
    L = k.layers
    x, h, c = L.Input((1, 3), name="x"), L.Input((4,), name="h"), L.Input((4,), name="c")
    y, h2, c2 = L.LSTM(4, return_sequences=True, return_state=True, name="r")(
        x, initial_state=[h, c]
    )
    states = [L.Identity(name="h2")(h2), L.Identity(name="c2")(c2)]
    return k.Model([x, h, c], [L.Dense(3, name="y")(y), *states], name="m")


@graph
def luong_of_tutorials(k: Any) -> Any:
    L, ops = k.layers, k.ops
    x, z = L.Input((5, 3), name="x"), L.Input((4, 3), name="z")
    h, state = L.GRU(4, return_sequences=True, return_state=True, name="e")(x)
    d = L.GRU(4, return_sequences=True, name="d")(z, initial_state=state)
    scores = ops.matmul(d, ops.transpose(L.Dense(4, name="w")(h), (0, 2, 1)))
    context = ops.matmul(ops.softmax(scores, axis=-1), h)
    y = L.Dense(4, activation="tanh", name="t")(ops.concatenate([context, d], axis=-1))
    return k.Model([x, z], L.Dense(2, name="y")(y), name="m")


@graph
def attention_over_both_directions(k: Any) -> Any:
    L, ops = k.layers, k.ops
    x = L.Input((6, 3), name="x")
    h = L.Bidirectional(L.GRU(3, return_sequences=True, name="g"), name="h")(x)
    e = L.Dense(1, use_bias=False, name="v")(L.Dense(4, activation="tanh", name="w")(h))
    context = ops.sum(L.Softmax(axis=1, name="s")(e) * h, axis=1)
    return k.Model(x, L.Dense(1, activation="sigmoid", name="y")(context), name="m")


@graph
def series_and_categories(k: Any) -> Any:
    """Sales: a series, the numbers of a shop and an item, and what is known ahead."""
    L = k.layers
    series, ahead = L.Input((6, 2), name="series"), L.Input((3,), name="ahead")
    shop, item = (L.Input((1,), dtype="int32", name=n) for n in ("words", "item"))
    tables = [L.Flatten(name=f"f{n}")(L.Embedding(10, 2, name=f"e{n}")(each))
              for n, each in enumerate((shop, item))]  # fmt: skip
    y = L.Concatenate(name="c")([L.LSTM(4, name="r")(series), *tables, ahead])
    y = L.Dense(5, activation="relu", name="d")(y)
    inputs = {"series": series, "ahead": ahead, "words": shop, "item": item}
    return k.Model(inputs, L.Dense(3, name="y")(y), name="m")


@graph
def wide_and_deep(k: Any) -> Any:
    L = k.layers
    x = L.Input((5,), name="x")
    deep = x
    for n in range(3):
        deep = L.Dense(4, activation="selu", kernel_initializer="lecun_normal", name=f"d{n}")(deep)
        deep = L.AlphaDropout(0.0, name=f"o{n}")(deep)
    return k.Model(x, L.Dense(1, name="y")(L.concatenate([x, deep], name="c")), name="m")


@graph
def residual_recurrent(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    y = L.Dense(4, name="in")(x)
    for n in range(3):
        more = L.LSTM(4, return_sequences=True, name=f"r{n}")(y)
        y = L.LayerNormalization(name=f"n{n}")(L.Add(name=f"s{n}")([y, more]))
    return k.Model(x, L.Dense(1, name="y")(L.GlobalAveragePooling1D(name="g")(y)), name="m")


@graph
def both_poolings(k: Any) -> Any:
    L = k.layers
    words = L.Input((6,), dtype="int32", name="words")
    y = L.SpatialDropout1D(0.0, name="o")(L.Embedding(10, 4, name="e")(words))
    y = L.Bidirectional(L.LSTM(3, return_sequences=True, name="r"), name="b")(y)
    y = L.concatenate([L.GlobalAveragePooling1D(name="a")(y), L.GlobalMaxPooling1D(name="x")(y)],
                      name="c")  # fmt: skip
    return k.Model({"words": words}, L.Dense(1, activation="sigmoid", name="y")(y), name="m")


@graph
def wavenet(k: Any) -> Any:
    """Dilated causal convolutions with gates, residual and skip connections."""
    L = k.layers
    x = L.Input((12, 2), name="x")
    y, skips = L.Conv1D(4, 1, name="in")(x), []
    for n in range(3):
        options = {"dilation_rate": 2**n, "padding": "causal"}
        a = L.Conv1D(4, 2, activation="tanh", name=f"a{n}", **options)(y)
        b = L.Conv1D(4, 2, activation="sigmoid", name=f"b{n}", **options)(y)
        z = L.Conv1D(4, 1, name=f"z{n}")(L.Multiply(name=f"g{n}")([a, b]))
        y = L.Add(name=f"s{n}")([y, z])
        skips.append(z)
    y = L.Activation("relu", name="r")(L.Add(name="skips")(skips))
    return k.Model(x, L.Conv1D(1, 1, name="y")(y), name="m")


@graph
def temporal_convolutions(k: Any) -> Any:
    L = k.layers
    x = L.Input((10, 3), name="x")
    y = x
    for n, (filters, rate) in enumerate(((4, 1), (4, 2), (5, 4))):
        z = L.Conv1D(filters, 3, padding="causal", dilation_rate=rate, activation="relu",
                     kernel_initializer="he_normal", name=f"c{n}")(y)  # fmt: skip
        z = L.SpatialDropout1D(0.0, name=f"o{n}")(z)
        y = z if y.shape[-1] == filters else L.Conv1D(filters, 1, name=f"m{n}")(y)
        y = L.Activation("relu", name=f"r{n}")(L.Add(name=f"s{n}")([y, z]))
    return k.Model(x, L.Dense(1, name="y")(y[:, -1]), name="m")


@graph
def inception(k: Any) -> Any:
    L = k.layers
    x = L.Input((9, 2), name="x")
    narrow = L.Conv1D(3, 1, use_bias=False, name="n")(x)
    y = [L.Conv1D(2, size, padding="same", use_bias=False, name=f"c{size}")(narrow)
         for size in (2, 4, 8)]  # fmt: skip
    y.append(L.Conv1D(2, 1, name="p")(L.MaxPooling1D(3, 1, "same", name="pool")(x)))
    y = L.Activation("relu", name="a")(L.BatchNormalization(name="b")(L.concatenate(y, name="c")))
    return k.Model(x, L.Dense(2, name="y")(L.GlobalAveragePooling1D(name="g")(y)), name="m")


@graph
def squeeze_and_excite(k: Any) -> Any:
    L = k.layers
    x = L.Input((8, 3), name="x")
    y = L.Conv1D(6, 3, padding="same", activation="relu", name="c")(x)
    s = L.Dense(2, activation="relu", name="d")(L.GlobalAveragePooling1D(name="g")(y))
    s = L.Reshape((1, 6), name="r")(L.Dense(6, activation="sigmoid", name="e")(s))
    return k.Model(x, L.LSTM(2, name="y")(L.multiply([y, s], name="m")), name="m")


@graph
def mobile(k: Any) -> Any:
    L = k.layers
    x = L.Input((9, 3), name="x")
    y = L.DepthwiseConv1D(3, padding="same", depth_multiplier=2, activation="relu", name="a")(x)
    y = L.Conv1D(4, 1, name="b")(L.GroupNormalization(3, name="n")(y))
    y = L.DepthwiseConv1D(3, strides=2, use_bias=False, name="c")(y)
    d = L.DepthwiseConv1D(2, use_bias=False, name="d")  # a bias here has no gradient but rounding
    y = L.GroupNormalization(-1, epsilon=0.01, name="i")(d(y))
    return k.Model(x, L.Flatten(name="y")(y), name="m")


@graph
def adaptive_pooling(k: Any) -> Any:
    L = k.layers
    x = L.Input((7, 3), name="x")
    a = L.AdaptiveAveragePooling1D(3, name="a")(x)
    b = L.AdaptiveMaxPooling1D(output_size=4, name="b")(x)
    return k.Model(x, L.LSTM(2, name="y")(L.concatenate([a, b], axis=1, name="c")), name="m")


@graph
def transformer_encoder(k: Any) -> Any:
    """Keras's example of a transformer on a time series."""
    L = k.layers
    x = L.Input((8, 4), name="x")
    y = x
    for n in range(2):
        z = L.MultiHeadAttention(key_dim=3, num_heads=2, dropout=0.0, name=f"h{n}")(y, y)
        z = L.LayerNormalization(epsilon=1e-6, name=f"n{n}")(L.Dropout(0.0, name=f"o{n}")(z))
        res = z + y
        z = L.Conv1D(5, 1, activation="relu", name=f"c{n}")(res)
        z = L.Conv1D(4, 1, name=f"e{n}")(L.Dropout(0.0, name=f"p{n}")(z))
        y = L.LayerNormalization(epsilon=1e-6, name=f"m{n}")(z) + res
    y = L.Dense(4, activation="relu", name="d")(L.GlobalAveragePooling1D(name="g")(y))
    return k.Model(x, L.Dense(2, activation="softmax", name="y")(y), name="m")


@graph
def transformer_decoder(k: Any) -> Any:
    L = k.layers
    x, z = L.Input((6, 4), name="x"), L.Input((5, 4), name="z")
    y = L.MultiHeadAttention(2, 2, name="own")(z, z, use_causal_mask=True)
    y = L.LayerNormalization(name="n1")(L.Add(name="s1")([z, y]))
    c = L.MultiHeadAttention(2, 2, sliding_window=4, use_gate=True, name="cross")(y, x)
    y = L.RMSNormalization(name="n2")(L.Add(name="s2")([y, c]))
    y = L.Dense(4, name="d2")(L.Dense(8, activation="gelu", name="d1")(y)) + y
    return k.Model([x, z], L.Dense(1, name="y")(y), name="m")


@graph
def grouped_heads(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 6), name="x")
    y, s = L.GroupQueryAttention(3, 4, 2, name="g")(x, x, return_attention_scores=True)
    z = L.GroupQueryAttention(2, 2, 1, use_bias=False, use_gate=True, name="h")(
        y, x, use_causal_mask=True
    )
    return k.Model(x, [z, s], name="m")


@graph
def heads_over_two_axes(k: Any) -> Any:
    L = k.layers
    x = L.Input((2, 4, 3), name="x")
    a = L.MultiHeadAttention(2, 3, name="all")(x, x)
    b = L.MultiHeadAttention(2, 3, attention_axes=(2,), name="last")(x, x)
    c = L.MultiHeadAttention(1, 2, attention_axes=1, output_shape=(2, 2), name="first")(x, x)
    return k.Model(x, [L.Add(name="s")([a, b]), c], name="m")


@graph
def letters(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 4), name="x")
    y = L.EinsumDense("abc,cde->abde", (5, 2, 3), bias_axes="de", activation="tanh", name="a")(x)
    y = L.EinsumDense("abde,de->abe", (5, 3), name="b")(y)
    z = L.EinsumDense("...x,xy->...y", 3, bias_axes="y", name="c")(x)
    w = L.EinsumDense("abc,bd->adc", (3, 4), bias_axes="d", name="d")(x)
    return k.Model(x, [L.Add(name="s")([y, z]), w], name="m")


@graph
def mask_by_hand(k: Any) -> Any:
    L, ops = k.layers, k.ops
    x, z = L.Input((5, 3), name="x"), L.Input((5,), name="seen")
    seen = ops.greater(z, 0.0)
    h = L.LSTM(4, return_sequences=True, name="a")(x, mask=seen)
    b = L.Bidirectional(L.GRU(2, return_sequences=True, name="g"), name="b")(x, mask=seen)
    mean = L.GlobalAveragePooling1D(name="p")(h, mask=seen)
    att = L.Attention(name="c")([h, h], mask=[seen, seen])
    last = L.LSTM(2, name="y")(L.concatenate([att, b], name="d"))
    return k.Model([x, z], L.concatenate([last, L.Dense(2, name="e")(mean)], name="f"), name="m")


@graph
def mask_asked_of_a_layer(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3), name="x")
    masking = L.Masking(name="mask")
    h = L.SimpleRNN(3, return_sequences=True, name="h")(x, mask=masking.compute_mask(x))
    return k.Model(x, L.GRU(2, name="y")(h), name="m")


@graph
def nested_operations_twice(k: Any) -> Any:
    """A model with operations in it that is called twice: each call has tapes of its own."""
    L, ops = k.layers, k.ops
    x = L.Input((3,), name="x")
    y = L.Dense(3, name="d")(x)
    inner = k.Model(x, ops.tanh(y) * y, name="inner")
    a, b = L.Input((3,), name="a"), L.Input((3,), name="b")
    return k.Model([a, b], inner(a) * inner(b), name="m")


@graph
def siamese_manhattan(k: Any) -> Any:
    L, ops = k.layers, k.ops
    left, right = (L.Input((6,), dtype="int32", name=n) for n in ("words", "others"))
    table, encoder = L.Embedding(10, 3, name="e"), L.LSTM(4, name="r")
    a, b = encoder(table(left)), encoder(table(right))
    y = ops.exp(-ops.sum(ops.abs(a - b), axis=1, keepdims=True))
    return k.Model({"words": left, "others": right}, y, name="m")


@graph
def two_towers(k: Any) -> Any:
    L = k.layers
    user, item = (L.Input((1,), dtype="int32", name=n) for n in ("words", "item"))
    towers = []
    for name, x in (("u", user), ("i", item)):
        y = L.Flatten(name=f"{name}f")(L.Embedding(10, 4, name=f"{name}e")(x))
        towers.append(L.Dense(3, activation="relu", name=f"{name}d")(y))
    y = L.Dense(1, activation="sigmoid", name="y")(L.Dot(axes=1, name="dot")(towers))
    return k.Model({"words": user, "item": item}, y, name="m")


@graph
def highway(k: Any) -> Any:
    L = k.layers
    x = L.Input((4,), name="x")
    y = x
    for n in range(2):
        gate = L.Dense(4, activation="sigmoid", bias_initializer="ones", name=f"t{n}")(y)
        y = gate * L.Dense(4, activation="relu", name=f"h{n}")(y) + (1.0 - gate) * y
    return k.Model(x, L.Dense(1, name="y")(y), name="m")


@graph
def gated_linear_units(k: Any) -> Any:
    L, ops = k.layers, k.ops
    x = L.Input((6, 3), name="x")
    y = L.Dense(8, name="a")(x)
    y = y[..., :4] * ops.sigmoid(y[..., 4:])
    a, b = ops.split(L.Dense(4, name="b")(y), 2, axis=-1)
    return k.Model(x, L.GRU(2, name="y")(a * ops.sigmoid(b)), name="m")


@graph
def mixture_of_experts(k: Any) -> Any:
    L, ops = k.layers, k.ops
    x = L.Input((5, 3), name="x")
    h = L.LSTM(4, name="r")(x)
    gates = L.Dense(3, activation="softmax", name="gates")(h)
    experts = [L.Dense(2, activation="tanh", name=f"e{n}")(h) for n in range(3)]
    stacked = ops.stack(experts, axis=1)
    return k.Model(x, ops.sum(ops.expand_dims(gates, -1) * stacked, axis=1), name="m")


@graph
def trend_and_rest(k: Any) -> Any:
    L = k.layers
    x = L.Input((8, 2), name="x")
    trend = L.AveragePooling1D(3, strides=1, padding="same", name="trend")(x)
    rest = L.Subtract(name="rest")([x, trend])
    y = [L.Dense(3, name=f"d{n}")(L.Permute((2, 1), name=f"p{n}")(e)) for n, e in
         enumerate((trend, rest))]  # fmt: skip
    return k.Model(x, L.Permute((2, 1), name="y")(L.Add(name="s")(y)), name="m")


@graph
def double_residual(k: Any) -> Any:
    """N-BEATS: blocks that take off what they explain and add what they forecast."""
    L = k.layers
    x = L.Input((6,), name="x")
    rest, total = x, None
    for n in range(3):
        h = L.Dense(5, activation="relu", name=f"h{n}")(rest)
        theta = L.Dense(4, activation="relu", name=f"t{n}")(h)
        rest = L.subtract([rest, L.Dense(6, name=f"b{n}")(theta)], name=f"r{n}")
        forecast = L.Dense(2, name=f"f{n}")(theta)
        total = forecast if total is None else L.add([total, forecast], name=f"a{n}")
    return k.Model(x, total, name="m")


@graph
def lstnet(k: Any) -> Any:
    """Convolution, recurrence, recurrence that skips, and a linear model on top."""
    L = k.layers
    x = L.Input((8, 3), name="x")
    c = L.Conv1D(4, 3, padding="causal", activation="relu", name="c")(x)
    r = L.GRU(3, activation="relu", name="r")(c)
    s = L.Permute((2, 1, 3), name="sp")(L.Reshape((4, 2, 4), name="sr")(c))
    s = L.TimeDistributed(L.GRU(2, name="s"), name="st")(s)
    y = L.Dense(3, name="d")(L.concatenate([r, L.Flatten(name="f")(s)], name="j"))
    linear = L.Dense(1, name="ar")(L.Permute((2, 1), name="p")(x[:, -4:]))
    return k.Model(x, L.add([y, L.Flatten(name="lf")(linear)], name="y"), name="m")


@graph
def words_in_sentences(k: Any) -> Any:
    """Hierarchical attention: a model of a sentence in every step of another."""
    L, ops = k.layers, k.ops

    def summed(h: Any, name: str) -> Any:
        a = L.Dense(1, activation="tanh", name=f"{name}a")(h)
        return ops.sum(h * ops.softmax(a, axis=1), axis=1)

    s = L.Input((4, 3), name="s")
    h = L.Bidirectional(L.GRU(2, return_sequences=True, name="g1"), name="b1")(s)
    sentence = k.Model(s, summed(h, "w"), name="sentence")
    x = L.Input((3, 4, 3), name="x")
    y = L.TimeDistributed(sentence, name="each")(x)
    y = L.GRU(3, return_sequences=True, name="g2")(y)
    return k.Model(x, L.Dense(1, name="y")(summed(y, "s")), name="m")


@graph
def several_heads_of_one_trunk(k: Any) -> Any:
    L = k.layers
    x = L.Input((6, 3), name="x")
    trunk = L.LSTM(4, activity_regularizer="l2", name="trunk")(x)
    outputs = {"price": L.Dense(1, name="price")(trunk),
               "up": L.Dense(1, activation="sigmoid", name="up")(trunk),
               "regime": L.Dense(3, activation="softmax", name="regime")(trunk)}  # fmt: skip
    return k.Model(x, list(outputs.values()), name="m")


@graph
def own_positions(k: Any) -> Any:
    """Positions that are learned, and layers inside in a dict and in nested lists."""
    L, ops = k.layers, k.ops

    @k.saving.register_keras_serializable(package="notebooks")
    class Positions(L.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=shape[1:], initializer="normal", name="p")

        def call(self, x: Any) -> Any:
            return x + self.table

    @k.saving.register_keras_serializable(package="notebooks")
    class Block(L.Layer):
        def __init__(self, width: int = 4, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.width = width
            self.layers = [L.Dense(width, activation="relu"), L.Dense(width)]
            self.norms = {"first": L.LayerNormalization(), "second": L.LayerNormalization()}
            self.heads = L.MultiHeadAttention(2, 2)

        def call(self, x: Any, training: bool = False) -> Any:
            x = self.norms["first"](x + self.heads(x, x))
            y = x
            for layer in self.layers:
                y = layer(y)
            return self.norms["second"](x + ops.maximum(y, -1.0))

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "width": self.width}

    x = L.Input((5, 4), name="x")
    y = Block(name="block")(Positions(name="positions")(x))
    return k.Model(x, L.Dense(1, name="y")(L.GlobalMaxPooling1D(name="g")(y)), name="m")


@graph
def own_loss_of_a_layer(k: Any) -> Any:
    """A sparse code: the layer adds its penalty to the loss."""
    L, ops = k.layers, k.ops

    @k.saving.register_keras_serializable(package="notebooks")
    class Sparse(L.Layer):
        def __init__(self, rate: float = 0.01, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.rate = rate
            self.inner = L.Dense(4, activity_regularizer="l2", kernel_regularizer="l1")

        def call(self, x: Any) -> Any:
            y = self.inner(x)
            self.add_loss(self.rate * ops.sum(ops.abs(y)))
            return y

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "rate": self.rate}

    x = L.Input((5,), name="x")
    return k.Model(x, L.Dense(5, name="y")(Sparse(0.02, name="code")(x)), name="m")


@graph
def own_layer_that_keeps_a_mask(k: Any) -> Any:
    """Masks go along between the layers inside, and on from a layer that says so."""
    L = k.layers

    @k.saving.register_keras_serializable(package="notebooks")
    class Encoder(L.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.supports_masking = True
            self.masking = L.Masking()
            self.rnn = L.GRU(3, return_sequences=True)
            self.last = L.LSTM(2, return_state=True)

        def call(self, x: Any, mask: Any = None) -> Any:
            y = self.rnn(self.masking(x))
            z, h, c = self.last(y)
            z = z + self.last(y, initial_state=[c, h])[0]
            return k.ops.concatenate([x, y], axis=-1) + k.ops.mean(z)

    x = L.Input((5, 3), name="x")
    y = Encoder(name="encoder")(L.Masking(name="mask")(x))
    return k.Model(x, L.GRU(2, name="y")(y), name="m")


@graph
def functions_that_become_layers(k: Any) -> Any:
    L, ops = k.layers, k.ops
    x = L.Input((4, 3), name="x")
    y = L.Identity(name="i")(x)
    z = ops.reshape(ops.transpose(y, (0, 2, 1)), (-1, 12))
    w = ops.where(ops.greater(y, 0.0), y, 0.1 * y)
    v = ops.clip(ops.log(1.0 + ops.square(w)), 0.0, 1.0)
    u = ops.sqrt(ops.sum(ops.square(v), axis=-1) + 1e-3) - ops.min(v, axis=-1)
    y = ops.concatenate([z, u, ops.var(y, axis=1)], axis=-1)
    return k.Model(x, L.Dense(2, name="y")(y), name="m")
