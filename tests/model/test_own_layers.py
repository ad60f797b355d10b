"""Layers of one's own: in Sequential models, in TimeDistributed, in files, and their errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusedrnn import Input, Model, Sequential, layers, models
from fusedrnn import backend as K

rng = np.random.default_rng(0)


class Attention(layers.Layer):
    """As notebooks have it, under the name of one that Keras has too."""

    def __init__(self, **kwargs: Any) -> None:
        super(Attention, self).__init__(**kwargs)  # noqa: UP008 - so they write it

    def build(self, input_shape: Any) -> None:
        self.W = self.add_weight(
            name="W", shape=(input_shape[-1], 1), initializer="normal", trainable=True
        )
        self.b = self.add_weight(name="b", shape=(input_shape[1], 1), initializer="zeros")
        super(Attention, self).build(input_shape)  # noqa: UP008

    def call(self, x: Any) -> Any:
        e = K.squeeze(K.tanh(K.dot(x, self.W) + self.b), axis=-1)
        a = K.expand_dims(K.softmax(e))
        return K.sum(x * a, axis=1)


def test_the_attention_of_notebooks_is_what_it_says(tmp_path: Path) -> None:
    model = Sequential([Input((5, 3)), layers.LSTM(4, return_sequences=True, name="r"),
                        Attention(name="a"), layers.Dense(1)])  # fmt: skip
    model.compile("adam", "mse")
    x = rng.normal(size=(20, 5, 3)).astype(np.float32)
    history = model.fit(x, rng.normal(size=(20, 1)), epochs=3, verbose=0).history["loss"]
    assert history[-1] < history[0]
    h = Model(model.input, model.get_layer("r").output).predict(x, verbose=0)
    W, b = model.get_layer("a").get_weights()
    e = np.exp(np.tanh(h @ W + b)[..., 0])
    context = (h * (e / e.sum(1, keepdims=True))[..., None]).sum(1)
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict(x, verbose=0), context @ kernel + bias, atol=1e-6)
    np.testing.assert_allclose(model.get_layer("a")(h), context, atol=1e-6)

    for ending in ("keras", "h5", "safetensors"):
        path = tmp_path / f"m.{ending}"
        model.save(path)
        read = models.load_model(path, custom_objects={"Attention": Attention})
        assert type(read.layers[-2]) is Attention
        np.testing.assert_array_equal(read.predict(x, verbose=0), model.predict(x, verbose=0))


def test_in_every_step() -> None:
    model = Sequential([Input((2, 5, 3)), layers.TimeDistributed(Attention()), layers.Flatten()])
    model.compile("sgd", "mse")
    x = rng.normal(size=(6, 2, 5, 3)).astype(np.float32)
    assert model.fit(x, np.ones((6, 6)), epochs=2, verbose=0).history["loss"][1] > 0
    once = model.layers[0].layer(x[:, 1])
    np.testing.assert_allclose(model.predict(x, verbose=0)[:, 3:], once, atol=1e-6)


def test_layers_inside_are_trained_and_dropped_only_in_training() -> None:
    class Block(layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.each = [layers.Dense(4, activation="relu"), layers.Dense(4)]
            self.recurrent = layers.LSTM(4, return_sequences=True)
            self.drop = layers.Dropout(0.5, seed=1)

        def call(self, x: Any, training: bool = False) -> Any:
            for layer in self.each:
                x = x + layer(x)
            return self.drop(self.recurrent(x), training=training)

    x = rng.normal(size=(8, 5, 4)).astype(np.float32)
    model = Sequential([Input((5, 4)), Block(name="b"), Block()])
    assert len(model.trainable_weights) == 14
    before = model.get_weights()
    np.testing.assert_array_equal(model(x), model(x))
    assert not np.array_equal(model(x, training=True), model(x, training=True))
    model.compile("sgd", "mse")
    model.fit(x, x, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert all(changed)
    model.get_layer("b").trainable = False
    assert len(model.trainable_weights) == 7


def test_what_has_no_derivative_is_named() -> None:
    class Median(layers.Layer):
        def call(self, x: Any) -> Any:
            return np.median(x, axis=1)

    model = Sequential([Input((5, 3)), layers.Dense(2), Median(name="middle")])
    assert model.predict(np.ones((4, 5, 3)), verbose=0).shape == (4, 2)
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"middle: .*numpy.median has no derivative .*softmax|sum"):
        model.fit(np.ones((4, 5, 3)), np.ones((4, 2)), verbose=0)


def test_heads_give_scores_that_add_up_to_one() -> None:
    x = rng.normal(size=(2, 5, 4)).astype(np.float32)
    layer = layers.MultiHeadAttention(2, 3)
    y, scores = layer(x, x, return_attention_scores=True, use_causal_mask=True)
    assert y.shape == x.shape
    np.testing.assert_allclose(scores.sum(-1), np.ones((2, 2, 5)), rtol=1e-6)
    assert not np.triu(scores, 1).any()
    kept = np.tril(np.ones((2, 5, 5), bool))
    np.testing.assert_array_equal(layer(x, x, attention_mask=kept), y)


def test_losses_of_a_layer_are_added_only_while_it_runs() -> None:
    class Shrink(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(K.sum(K.square(x)))
            return x

    layer = Shrink()
    x = np.arange(6.0).reshape(2, 3)
    layer(x)
    assert [float(loss) for loss in layer.losses] == [55.0]
    with pytest.raises(ValueError, match="can only be called from inside"):
        layer.add_loss(1.0)

    class Wide(layers.Layer):
        def call(self, x: Any) -> Any:
            self.add_loss(K.square(x))
            return x

    with pytest.raises(ValueError, match=r"wide: add_loss takes numbers, got an array \(1, 3\)"):
        Wide(name="wide")(x)


def test_a_list_called_layers_is_ones_own() -> None:
    class Stack(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.norm = layers.LayerNormalization()
            self.layers = (layers.Dense(3), layers.Dense(3))

        def call(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return self.norm(x)

    stack = Stack()
    stack(np.ones((2, 3)))
    assert len(stack.layers) == 2
    assert len(stack.weights) == 6


def test_layers_that_do_not_ask_for_training() -> None:
    """As in Keras, ``training`` may be given to them, and penalties are seen after a call."""

    class Own(layers.Layer):
        def call(self, x: Any) -> Any:
            return x * 2

    layer = Own(activity_regularizer="l2")
    np.testing.assert_array_equal(layer(np.ones((2, 3)), training=True), np.full((2, 3), 2))
    np.testing.assert_allclose(layer.losses, [0.01 * 4 * 3], rtol=1e-6)
    layer(np.ones((0, 3)))
    assert layer.losses == [0]


class Counted(layers.Layer):
    """A weight that ``call`` reads, sets from itself and reads again."""

    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight(shape=(), initializer="ones", trainable=False, name="count")
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="w")

    def call(self, x: Any, training: Any = None) -> Any:
        y = x * self.w * self.count
        if training:
            self.count.assign(self.count + 1.0)
        return y + self.count


def test_a_weight_that_a_call_sets_is_what_it_was_before() -> None:
    model = Sequential([Input((2,)), Counted()])
    model.compile("sgd", lambda t, p: K.sum(p - t, axis=-1))
    model.fit(np.ones((1, 2)), np.zeros((1, 2)), epochs=2, verbose=0)
    w, count = model.get_weights()
    np.testing.assert_allclose(w, 1 - 0.01 * (1 + 2), rtol=1e-6)
    assert count == 3
    np.testing.assert_allclose(model.predict(np.ones((1, 2)), verbose=0), 3 * w[None] + 3)


class Two(layers.Layer):
    """Builds by the shapes of arguments, not of every tensor that is given."""

    def build(self, x_shape: Any, other_shape: Any) -> None:
        self.w = self.add_weight(shape=(x_shape[-1], other_shape[-1]), name="w")

    def call(self, x: Any, scale: Any = None, other: Any = None) -> Any:
        return K.dot(x, self.w) * scale + other


def test_shapes_go_to_build_by_name() -> None:
    x, other, scale = Input((3,)), Input((2,)), Input((1,))
    assert Two()(x, other=other, scale=scale).shape == (None, 2)


def test_training_may_be_given_without_its_name() -> None:
    """As the package ``attention`` does, whose ``__call__`` passes it on."""

    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.dense = layers.Dense(3)

        def __call__(self, inputs: Any, training: Any = None, **kwargs: Any) -> Any:
            return super().__call__(inputs, training, **kwargs)

        def call(self, inputs: Any, training: Any = None) -> Any:
            return self.dense(inputs) * (2 if training else 1)

    x = Input((4,))
    layer = Outer()
    model = Model(x, layer(x))
    ones = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(layer(ones, True), 2 * model.predict(ones, verbose=0), rtol=1e-6)
    model.compile("sgd", "mse")
    model.fit(ones, np.zeros((2, 3)), verbose=0)


def test_a_layer_within_time_distributed_gets_the_mask_of_its_steps() -> None:
    class Masked(layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            return x if mask is None else x * mask[:, None]

    x = np.arange(1, 13, dtype=np.float32).reshape(3, 2, 2)
    mask = np.array([[False, True], [True, False], [True, True]])
    y = layers.TimeDistributed(Masked())(x, mask=mask)
    np.testing.assert_array_equal(y, x * mask[..., None])


def test_layers_that_a_constructor_got_have_one_place() -> None:
    class Chain(layers.Layer):
        def __init__(self, inner: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.inner = inner

        def call(self, x: Any) -> Any:
            return self.inner(x)

    layer = Chain(layers.Dense(2))
    assert layer(np.ones((1, 3))).shape == (1, 2)
    assert list(layer.named_layers()) == ["inner"]
