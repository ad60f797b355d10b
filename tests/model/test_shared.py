"""Layers, optimizers and names that more than one thing uses."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import Sequential, optimizers, utils
from fusedrnn.callbacks import Callback
from fusedrnn.layers import GRU, LSTM, BatchNormalization, Bidirectional, Dense, Input, Masking

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(32, 5, 3)).astype("f4"), rng.normal(size=(32, 1)).astype("f4")


def model(optimizer="sgd"):
    utils.set_random_seed(4)
    made = Sequential([Input((5, 3)), LSTM(4), Dense(6), Dense(1)])
    made.compile(optimizer, "mse")
    return made


def use_last_layers(m):
    Sequential([Input((4,)), *m.layers[1:]]).predict(np.zeros((1, 4), "f4"), verbose=0)


def use_a_layer(m):
    m.layers[-1](np.zeros((1, 6), "f4"))


def train_another(m):
    other = Sequential([Input((4,)), *m.layers[1:]])
    other.compile("sgd", "mse")
    weights = m.get_weights()
    other.fit(np.zeros((4, 4), "f4"), np.zeros((4, 1), "f4"), verbose=0)
    m.set_weights(weights)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("use", [use_last_layers, use_a_layer, train_another])
def test_layers_that_were_used_outside_go_on_training(use, optimizer):
    alone, used = model(optimizer), model(optimizer)
    for k in range(3):
        expected = alone.fit(X, Y, shuffle=False, verbose=0).history["loss"]
        if k:
            use(used)
        assert used.fit(X, Y, shuffle=False, verbose=0).history["loss"] == expected
    for a, b in zip(used.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_layers_that_a_callback_uses_go_on_training():
    class Use(Callback):
        def on_train_batch_end(self, batch, logs=None):
            use_a_layer(self.model)
            use_last_layers(self.model)

    alone, used = model("adam"), model("adam")
    alone.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    used.fit(X, Y, batch_size=8, epochs=3, shuffle=False, verbose=0, callbacks=[Use()])
    for a, b in zip(used.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_model_whose_packing_was_interrupted_trains():
    alone, used = model("adam"), model("adam")
    for m in (alone, used):
        m.fit(X, Y, shuffle=False, verbose=0)
    used.layers[1].kernel.buffer = None  # as an interrupt leaves it between two assignments
    for m in (alone, used):
        m.fit(X, Y, shuffle=False, verbose=0)
    for a, b in zip(used.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_optimizer_is_of_one_model():
    optimizer = optimizers.Adam()
    model(optimizer).fit(X, Y, verbose=0)
    with pytest.raises(ValueError, match=f"^{optimizer.name}: was built for another set of"):
        model(optimizer).fit(X, Y, verbose=0)


def test_metrics_of_one_name_are_told_apart():
    m = Sequential([Input((5, 3)), LSTM(4), Dense(1)])
    m.compile("sgd", "mse", metrics=["mae", "mae"], weighted_metrics=["mae"])
    weight = np.linspace(0, 1, len(X))
    history = m.fit(X, Y, sample_weight=weight, verbose=0).history
    assert set(history) == {"loss", "mae", "mae_1", "weighted_mae"}
    found = m.evaluate(X, Y, sample_weight=weight, verbose=0, return_dict=True)
    difference = np.abs(m.predict(X, verbose=0) - Y)[:, 0]
    np.testing.assert_allclose(found["mae"], difference.mean(), rtol=1e-5)
    np.testing.assert_allclose(found["mae_1"], difference.mean(), rtol=1e-5)
    np.testing.assert_allclose(
        found["weighted_mae"], np.average(difference, weights=weight), rtol=1e-5
    )


def test_labels_are_rounded_for_class_weights_and_keys_are_numbers():
    m = model()
    y = np.array([[0.0], [0.9999999], [1.4], [1.0]] * 8, "f4")
    near = m.test_on_batch(X, y)
    assert near == near
    exact = np.rint(y)
    weights = {0: 9.0, 1: 2.0}
    a = model().train_on_batch(X, y, class_weight=weights)
    b = model().train_on_batch(X, y, sample_weight=np.where(exact[:, 0] == 0, 9.0, 2.0))
    np.testing.assert_allclose(a, b, rtol=1e-6)
    with pytest.raises(TypeError, match="class_weight has the key '0', expected class numbers"):
        m.fit(X, y, class_weight={"0": 9.0}, verbose=0)


def test_batch_normalization_of_a_batch_that_is_masked_whole():
    m = Sequential([Input((5, 3)), Masking(), BatchNormalization(), LSTM(4), Dense(1)])
    m.compile("sgd", "mse")
    m.fit(np.zeros_like(X), Y, verbose=0)
    assert all(np.isfinite(w).all() for w in m.get_weights())


def test_bidirectional_of_two_sizes():
    layer = Bidirectional(LSTM(4), backward_layer=GRU(3, go_backwards=True))
    m = Sequential([Input((5, 3)), layer, Dense(1)])
    assert layer.output_shape[-1] == 7
    assert m.predict(X, verbose=0).shape == (32, 1)
