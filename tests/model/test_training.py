"""Training: seeds, batches, masks, states, frozen and shared layers, copies."""

from __future__ import annotations

import copy
import cProfile
import pickle
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Sequential, layers
from fusedrnn.layers import GRU, LSTM, Dense, Dropout, SimpleRNN
from small_models import RNG, X, Y, model, summary


def test_seeds_repeat_everything() -> None:
    a, b = (
        model(LSTM(4, dropout=0.3), Dropout(0.2), Dense(1), seed=7)
        .fit(X, Y, epochs=2, verbose=0)
        .history
        for _ in range(2)
    )
    assert a == b


def test_shuffle_changes_the_order_but_not_the_rows() -> None:
    m = model()
    m.optimizer.learning_rate = 0.0
    shuffled = m.fit(X, Y, verbose=0).history["loss"]
    in_order = m.fit(X, Y, verbose=0, shuffle=False).history["loss"]
    assert shuffled[0] == pytest.approx(in_order[0], rel=1e-6)
    assert shuffled[0] == pytest.approx(m.evaluate(X, Y, verbose=0), rel=1e-6)


def test_loss_of_an_epoch_weighs_the_batches_by_their_rows() -> None:
    m = model(optimizer=fusedrnn.optimizers.SGD(0.0), metrics=["mae"])
    history = m.fit(X, Y, batch_size=32, verbose=0).history
    error = m.predict(X, verbose=0) - Y
    assert history["loss"][0] == pytest.approx((error**2).mean(), rel=1e-5)
    assert history["mae"][0] == pytest.approx(np.abs(error).mean(), rel=1e-5)


def test_validation_split_takes_the_last_rows() -> None:
    m = model(optimizer=fusedrnn.optimizers.SGD(0.0))
    history = m.fit(X, Y, validation_split=0.3, verbose=0).history
    assert history["val_loss"][0] == pytest.approx(m.evaluate(X[28:], Y[28:], verbose=0), rel=1e-6)
    assert history["loss"][0] == pytest.approx(m.evaluate(X[:28], Y[:28], verbose=0), rel=1e-6)


def test_prediction_does_not_depend_on_the_batch_and_follows_the_weights() -> None:
    m = model()
    a = m.predict(X, verbose=0)
    np.testing.assert_allclose(m.predict(X, batch_size=7, verbose=0), a, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(m.predict_on_batch(X[:32]), a[:32])
    np.testing.assert_array_equal(m(X[:32]), a[:32])
    m.train_on_batch(X, Y)
    b = m.predict(X, verbose=0)
    assert np.abs(a - b).max() > 1e-5  # no stale packed weights after a step ...
    m.layers[0].kernel.assign(m.layers[0].kernel.numpy() * 2)
    c = m.predict(X, verbose=0)
    assert np.abs(b - c).max() > 1e-5  # ... nor after an assignment
    m.set_weights([w * 0 for w in m.get_weights()])
    assert not m.predict(X, verbose=0).any()


def test_initial_epoch_and_validation_freq() -> None:
    history = model().fit(
        X, Y, epochs=6, initial_epoch=2, validation_data=(X, Y), validation_freq=2, verbose=0
    )
    assert history.epoch == [2, 3, 4, 5]
    assert len(history.history["loss"]) == 4
    assert len(history.history["val_loss"]) == 2


def test_single_batches() -> None:
    m = model(metrics=["mae"], optimizer=fusedrnn.optimizers.SGD(0.0))
    loss, mae = m.train_on_batch(X[:8], Y[:8])
    assert m.test_on_batch(X[:8], Y[:8], return_dict=True) == pytest.approx(
        {"loss": loss, "mae": mae}, rel=1e-6
    )
    both = m.test_on_batch(X, Y)
    assert both == pytest.approx(m.evaluate(X, Y, verbose=0), rel=1e-6)


def test_a_step_is_few_python_calls() -> None:
    """The deterministic part of "Python takes at most a fifth of a step"."""

    def calls(epochs: int) -> int:
        profile = cProfile.Profile()
        profile.runcall(m.fit, X, Y, batch_size=1, epochs=epochs, verbose=0)
        return sum(entry.callcount for entry in profile.getstats())

    m = model()
    m.fit(X, Y, verbose=0)
    assert (calls(3) - calls(2)) / len(X) < 72


def test_frozen_layers_do_not_move() -> None:
    m = model(LSTM(4), Dense(3), Dense(1))
    m.layers[0].trainable = m.layers[2].trainable = False
    m.compile("adam", "mse")
    before = m.get_weights()
    m.fit(X, Y, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, m.get_weights(), strict=True)]
    assert moved == [False, False, False, True, True, False, False]
    assert "Non-trainable params: 116 " in summary(m)


def test_nested_models_train_with_the_outer_one() -> None:
    inner = Sequential([LSTM(4), Dense(3)])
    m = model(inner, Dense(1))
    before = inner.get_weights()
    m.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], inner.get_weights()[0])
    np.testing.assert_array_equal(inner.predict(X, verbose=0), inner(X))


def test_masks_reach_the_loss() -> None:
    m = model(
        layers.Masking(),
        LSTM(3, return_sequences=True),
        Dense(1),
        optimizer=fusedrnn.optimizers.SGD(0.0),
    )
    x, y = X.copy(), RNG.normal(size=(40, 6, 1))
    x[:, 4:] = 0
    history = m.fit(x, y, batch_size=40, verbose=0).history
    error = m.predict(x, verbose=0)[:, :4] - y[:, :4]
    assert history["loss"][0] == pytest.approx((error**2).mean(), rel=1e-5)


def test_stateful_layers_carry_their_state() -> None:
    m = Sequential([Input(batch_shape=(4, 3, 2)), LSTM(5, stateful=True, return_sequences=True)])
    whole = Sequential([Input((6, 2)), LSTM(5, return_sequences=True)])
    whole.set_weights(m.get_weights())
    x = X[:4]
    parts = [m.predict(x[:, i : i + 3], verbose=0) for i in (0, 3)]
    np.testing.assert_allclose(np.hstack(parts), whole.predict(x, verbose=0), rtol=1e-5, atol=1e-6)
    m.reset_states()
    np.testing.assert_array_equal(m.predict(x[:, :3], verbose=0), parts[0])
    with pytest.raises(ValueError, match="was built for 4, the batch has 3 rows"):
        m.predict(x[:3, :3], verbose=0)
    with pytest.raises(ValueError, match="stateful=True needs a fixed batch size"):
        Sequential([Input((3, 2)), LSTM(5, stateful=True)])


def test_initial_state_and_return_state() -> None:
    layer = LSTM(3, return_sequences=True, return_state=True)
    y, h, c = layer(X)
    np.testing.assert_array_equal(y[:, -1], h)
    second, *_ = layer(X, initial_state=[h, c])
    double, *_ = layer(np.concatenate([X, X], axis=1))
    np.testing.assert_allclose(second, double[:, 6:], rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="initial states have shapes"):
        layer(X, initial_state=[h])
    with pytest.raises(ValueError, match="a Sequential model passes one on"):
        Sequential([Input((6, 2)), LSTM(3, return_state=True)])


def test_the_path_can_be_asked_for() -> None:
    for layer in (
        LSTM(3, activation="relu"),
        GRU(3, recurrent_dropout=0.2, dropout=0.1),
        *(SimpleRNN(3, activation=a) for a in ("tanh", "relu", "sigmoid", None)),
    ):
        assert layer.path == "fused"
    for layer in (
        LSTM(3, activation="elu"),
        GRU(3, recurrent_activation="hard_sigmoid"),
        SimpleRNN(3, activation="elu"),
    ):
        assert layer.path == "step by step"


def test_float64_models() -> None:
    fusedrnn.backend.set_floatx("float64")
    try:
        m = model()
        m.fit(X, Y, verbose=0)
        assert m.predict(X, verbose=0).dtype == np.float64
    finally:
        fusedrnn.backend.set_floatx("float32")


@pytest.mark.parametrize("copy", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_independent_and_train_the_same(copy: Any) -> None:
    m = model(
        layers.Bidirectional(LSTM(4, kernel_regularizer="l2")),
        Dense(3, activation="gelu"),
        Dense(1),
        metrics=["mae", "RootMeanSquaredError"],
    )
    m.fit(X, Y, verbose=0)
    other = copy(m)
    before = m.predict(X, verbose=0)
    np.testing.assert_array_equal(other.predict(X, verbose=0), before)
    a = other.fit(X, Y, epochs=2, verbose=0, shuffle=False).history
    np.testing.assert_array_equal(m.predict(X, verbose=0), before)
    assert a == m.fit(X, Y, epochs=2, verbose=0, shuffle=False).history
    np.testing.assert_array_equal(other.predict(X, verbose=0), m.predict(X, verbose=0))


def test_models_may_share_layers() -> None:
    m = model(LSTM(4), layers.RepeatVector(6), LSTM(3, return_sequences=True), Dense(2))
    encoder = Sequential(m.layers[:1])
    for _ in range(2):
        m.fit(X, X, verbose=0)
        codes = encoder.predict(X, batch_size=40, verbose=0)
        np.testing.assert_array_equal(codes, m.layers[0](X))
    encoder = fusedrnn.Model(m.input, m.layers[0].output)  # as Keras has it
    np.testing.assert_array_equal(encoder.predict(X, verbose=0), m.layers[0](X))


def test_a_layer_inside_a_nested_model_can_be_unfrozen() -> None:
    inner = Sequential([LSTM(4)])
    m = model(inner, Dense(1))
    inner.layers[0].trainable = False
    m.compile("adam", "mse")
    before = inner.get_weights()
    m.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(before[0], inner.get_weights()[0])
    inner.layers[0].trainable = True
    m.compile("adam", "mse")
    m.fit(X, Y, verbose=0)
    assert not np.array_equal(before[0], inner.get_weights()[0])
