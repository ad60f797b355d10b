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
