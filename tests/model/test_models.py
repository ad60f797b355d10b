"""Sequential: building, training, what it takes as data, and what it says about bad input."""

from __future__ import annotations

import copy
import cProfile
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Sequential, layers, losses, metrics, utils
from fusedrnn.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from fusedrnn.layers import GRU, LSTM, Dense, Dropout, SimpleRNN

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(40, 6, 2)).astype(np.float32), rng.normal(size=(40, 1))


def model(*inner: Any, seed: int = 1, **compile: Any) -> Sequential:
    utils.set_random_seed(seed)
    m = Sequential([Input((6, 2)), *(inner or (LSTM(4), Dense(1)))])
    m.compile(**{"optimizer": "adam", "loss": "mse", **compile})
    return m


# Building


def test_initial_weights_are_keras_s() -> None:
    utils.set_random_seed(0)
    m = Sequential([Input((None, 3)), LSTM(50), Dense(4)])
    kernel, recurrent, bias, dense, _ = m.get_weights()
    limit = np.sqrt(6 / (3 + 200))
    assert np.abs(kernel).max() <= limit < np.abs(kernel).max() * 1.1
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(50), atol=1e-5)
    np.testing.assert_array_equal(bias, np.repeat([0, 1, 0, 0], 50))
    assert np.abs(dense).max() <= np.sqrt(6 / 54)
    assert kernel.dtype == np.float32


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([Input((6, 2)), LSTM(4), Dense(1)]),
        lambda: Sequential([Input(shape=(6, 2)), LSTM(4), Dense(1)]),
        lambda: Sequential([LSTM(4, input_shape=(6, 2)), Dense(1)]),
        lambda: Sequential([LSTM(4, batch_input_shape=(None, 6, 2)), Dense(1)]),
        lambda: Sequential([LSTM(4, input_dim=2, input_length=6), Dense(1)]),
    ],
)
def test_the_ways_to_say_the_shape_of_the_input(make: Any) -> None:
    m = make()
    assert m.built
    assert m.input_shape == (None, 6, 2)
    assert m.output_shape == (None, 1)
    assert m.count_params() == 117


def test_without_a_shape_the_data_build_the_model() -> None:
    m = Sequential()
    m.add(LSTM(4))
    m.add(Dense(1))
    assert not m.built
    assert "(unbuilt)" in summary(m)
    m.compile("adam", "mse")
    m.fit(X, Y, verbose=0)
    assert m.count_params() == 117


def summary(m: Sequential) -> str:
    lines: list[str] = []
    m.summary(print_fn=lines.append)
    return "\n".join(lines)


def test_shapes_may_be_numpy_integers_and_lists() -> None:
    m = Sequential([layers.Bidirectional(LSTM(3), input_shape=[np.int64(6), np.int32(2)])])
    assert m.input_shape == (None, 6, 2)
    assert '"batch_shape": [null, 6, 2]' in m.to_json()
    stateful = GRU(3, stateful=True)
    assert np.abs(stateful(X) - stateful(X)).max() > 1e-3


def test_parameter_counts() -> None:
    for layer, count in ((LSTM(50), 10400), (GRU(50), 7950), (GRU(50, reset_after=False), 7800)):
        assert Sequential([Input((10, 1)), layer]).count_params() == count


def test_pop_get_layer_and_unique_names() -> None:
    m = Sequential([Input((6, 2)), LSTM(4, name="first"), Dense(3, name="last")])
    assert m.get_layer("first") is m.layers[0] is m.get_layer(index=0)
    assert m.pop().name == "last"
    assert m.output_shape == (None, 4)
    m.add(Dense(1))
    assert m.predict(X, verbose=0).shape == (40, 1)
    with pytest.raises(ValueError, match="unique names"):
        m.add(Dense(1, name="first"))
    with pytest.raises(ValueError, match="No such layer: nothing"):
        m.get_layer("nothing")


# Training


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
    assert (calls(3) - calls(2)) / len(X) < 75


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
    x, y = X.copy(), rng.normal(size=(40, 6, 1))
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
    with pytest.raises(ValueError, match="batch has 3 rows, but stateful=True was built for 4"):
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
    with pytest.raises(ValueError, match="expected 2 of"):
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
    with pytest.raises(NotImplementedError, match="they share weights"):
        m.layers[0].output  # noqa: B018


# Data


class Batches(utils.Sequence):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]


def generator() -> Iterator[Any]:
    while True:
        for i in range(4):
            yield Batches()[i]


@pytest.mark.parametrize(
    "data",
    [
        lambda: {"x": X, "y": Y, "batch_size": 10},
        lambda: {"x": X.tolist(), "y": Y.tolist(), "batch_size": 10},
        lambda: {"x": X.astype(np.float64), "y": Y[:, 0], "batch_size": 10},
        lambda: {"x": Batches()},
        lambda: {"x": generator(), "steps_per_epoch": 4},
        lambda: {"x": [X], "y": [Y], "batch_size": 10},
        lambda: {"x": X, "y": Y, "batch_size": 10, "sample_weight": np.ones(40)},
        lambda: {"x": X, "y": Y, "batch_size": 10, "steps_per_epoch": 4},
    ],
)
def test_kinds_of_data_give_the_same_training(data: Any) -> None:
    expected = model().fit(X, Y, batch_size=10, epochs=2, shuffle=False, verbose=0).history["loss"]
    got = model().fit(**data(), epochs=2, shuffle=False, verbose=0).history["loss"]
    assert got == pytest.approx(expected, rel=1e-6)


def test_pandas() -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X[:, 0], columns=["a", "b"])
    m = Sequential([Input((2,)), Dense(1)])
    m.compile("adam", "mse")
    m.fit(frame, pd.Series(Y[:, 0]), verbose=0, validation_split=0.2)
    assert m.predict(frame, verbose=0).shape == (40, 1)
    with pytest.raises(ValueError, match="x: cannot be read as an array of numbers"):
        m.predict(frame.assign(b="text"), verbose=0)


def test_strided_windows_are_taken() -> None:
    series = np.arange(100, dtype=np.float32) / 100
    x = np.lib.stride_tricks.sliding_window_view(series, 6)[:-1, :, None]
    m = Sequential([Input((6, 1)), LSTM(3), Dense(1)])
    m.compile("adam", "mse")
    assert len(m.fit(x, series[6:], epochs=2, verbose=0).history["loss"]) == 2


def test_datasets_of_windows() -> None:
    data = np.arange(50.0)[:, None] / 50
    m = Sequential([Input((6, 1)), GRU(3), Dense(1)])
    m.compile("adam", "mse")
    windows = utils.timeseries_dataset_from_array(data[:-6], data[6:], 6, batch_size=8)
    x, y = next(iter(windows))
    np.testing.assert_array_equal(x[0, :, 0], data[:6, 0])
    np.testing.assert_array_equal(y[0], data[6])
    assert len(windows) == 5
    m.fit(windows, epochs=2, validation_data=windows, verbose=0)


def test_old_names() -> None:
    old, new = model(), model()
    a = old.fit_generator(Batches(), epochs=2, verbose=0, shuffle=False).history
    assert a == new.fit(X, Y, batch_size=10, epochs=2, verbose=0, shuffle=False).history
    assert old.evaluate_generator(Batches(), verbose=0) == old.evaluate(X, Y, 10, verbose=0)
    y = old.predict_generator(Batches(), verbose=0)
    np.testing.assert_array_equal(old.predict_classes(X, batch_size=10, verbose=0), y > 0.5)


# Callbacks


def test_all_hooks_run_in_keras_s_order() -> None:
    order: list[str] = []
    names = [
        "train_begin",
        "epoch_begin",
        "train_batch_begin",
        "train_batch_end",
        "test_begin",
        "test_batch_begin",
        "test_batch_end",
        "test_end",
        "epoch_end",
        "train_end",
        "predict_begin",
        "predict_batch_begin",
        "predict_batch_end",
        "predict_end",
    ]
    hooks = {f"on_{n}": lambda *a, n=n, **k: order.append(n) for n in names}
    m = model()
    m.fit(
        X,
        Y,
        verbose=0,
        callbacks=[LambdaCallback(**hooks)],
        batch_size=40,
        validation_data=(X, Y),
        validation_batch_size=40,
    )
    assert order == names[:10]
    order.clear()
    m.predict(X, verbose=0, batch_size=40, callbacks=[LambdaCallback(**hooks)])
    assert order == names[10:]
    with pytest.raises(TypeError, match="on_nothing is not a hook"):
        LambdaCallback(on_nothing=print)


def test_old_batch_hooks_and_logs() -> None:
    seen: list[dict[str, float]] = []

    class Old(Callback):
        def on_batch_end(self, batch: int, logs: Any = None) -> None:
            seen.append(dict(logs))

    history = model(metrics=["mae"]).fit(X, Y, batch_size=10, verbose=0, callbacks=[Old()])
    assert [set(logs) for logs in seen] == [{"loss", "mae"}] * 4
    assert seen[-1]["loss"] == history.history["loss"][0]
    assert history.params == {"verbose": 0, "epochs": 1, "steps": 4}
    assert history.epoch == [0]


def test_early_stopping_restores_the_best_weights() -> None:
    m = model(optimizer=fusedrnn.optimizers.SGD(100.0))
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True)
    history = m.fit(X, Y, epochs=20, verbose=0, callbacks=[stop], shuffle=False, batch_size=40)
    losses = history.history["loss"]
    assert len(losses) < 20
    assert stop.best == min(losses)
    assert stop.stopped_epoch == len(losses) - 1


def test_early_stopping_needs_to_know_the_direction() -> None:
    m = model(metrics=["mae"])
    with pytest.warns(UserWarning, match="val_loss is not available; there are loss, mae"):
        m.fit(X, Y, verbose=0, callbacks=[EarlyStopping()])
    add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(other=1.0))
    with pytest.raises(ValueError, match="give mode='max' or mode='min'"):
        m.fit(X, Y, epochs=2, verbose=0, callbacks=[add, EarlyStopping("other")])
    m.fit(X, Y, verbose=0, callbacks=[add, EarlyStopping("other", mode="max")])


def test_checkpoints(tmp_path: Any) -> None:
    pytest.importorskip("h5py")
    m = model()
    path = tmp_path / "deep" / "m-{epoch:02d}-{loss:.2f}.keras"
    m.fit(X, Y, epochs=2, verbose=0, callbacks=[ModelCheckpoint(path)])
    names = sorted(p.name for p in (tmp_path / "deep").iterdir())
    assert [n[:5] for n in names] == ["m-01-", "m-02-"]
    best = ModelCheckpoint(tmp_path / "best.safetensors", "loss", save_best_only=True)
    m.fit(X, Y, epochs=3, verbose=0, callbacks=[best])
    loaded = fusedrnn.models.load_model(tmp_path / "best.safetensors")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), m.predict(X, verbose=0))
    with pytest.raises(ValueError, match="must end in"):
        ModelCheckpoint("model.ckpt")


def test_csv_logger_and_terminate_on_nan(tmp_path: Any, capsys: Any) -> None:
    m = model(metrics=["mae"])
    log = tmp_path / "log.csv"
    for append in (False, True):
        m.fit(X, Y, epochs=2, verbose=0, callbacks=[CSVLogger(log, append=append)])
    lines = log.read_text().splitlines()
    assert lines[0] == "epoch,loss,mae"
    assert [line[0] for line in lines[1:]] == ["0", "1", "0", "1"]
    bad = Y.copy()
    bad[0] = np.nan
    history = m.fit(X, bad, epochs=5, verbose=0, callbacks=[TerminateOnNaN()])
    assert len(history.history["loss"]) == 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out


def test_reduce_learning_rate_on_plateau() -> None:
    m = model()
    history = m.fit(
        X,
        Y,
        epochs=4,
        verbose=0,
        callbacks=[ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=10, min_lr=2e-4)],
    )
    np.testing.assert_allclose(
        history.history["learning_rate"], [1e-3, 1e-3, 5e-4, 2.5e-4], rtol=1e-6
    )


def test_ctrl_c_leaves_a_usable_model_and_the_history() -> None:
    def stop(epoch: int, logs: Any) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    m = model()
    with pytest.raises(KeyboardInterrupt):
        m.fit(X, Y, epochs=9, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=stop)])
    assert m.history.epoch == [0, 1]
    assert len(m.history.history["loss"]) == 2
    assert np.isfinite(m.predict(X, verbose=0)).all()
    m.fit(X, Y, verbose=0)


# Bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.fit(X[:, :, :1], Y), ValueError, "x has shape .*, expected"),
        (lambda m: m.fit(X, Y[:-1]), ValueError, "y has 39 rows, but x has 40"),
        (lambda m: m.fit(X[:0], Y[:0]), ValueError, "x has no rows"),
        (lambda m: m.fit(X), ValueError, "y is missing"),
        (lambda m: m.fit(X, Y, batch_size=0), ValueError, "batch_size is 0"),
        (lambda m: m.fit(X, Y, validation_split=1.5), ValueError, "validation_split is 1.5"),
        (lambda m: m.fit(X, Y, shuffle="batch"), ValueError, "shuffle is 'batch'"),
        (lambda m: m.fit(X, Y, verbose=7), ValueError, "verbose is 7"),
        (lambda m: m.fit(X, rng.normal(size=(40, 3, 2))), ValueError, "y has shape"),
        (lambda m: m.fit(X, Y, sample_weight=np.ones(3)), ValueError, "sample_weight has 3 rows"),
        (lambda m: m.fit([X, X[:, :2]], Y), ValueError, "one input and one output"),
        (
            lambda m: m.fit(generator(), Y, steps_per_epoch=1),
            ValueError,
            "come out of the generator",
        ),
        (lambda m: m.fit(iter([]), verbose=0), ValueError, "the data gave no batch"),
        (lambda m: m.evaluate(iter([]), verbose=0), ValueError, "gave no batch"),
        (lambda m: m.predict(iter([]), verbose=0), ValueError, "x gave no batch"),
        (lambda m: m.train_on_batch(X[:0], Y[:0]), ValueError, "x has no rows"),
        (lambda m: m.compile("adam", "mse", metrics="mae"), ValueError, "metrics is 'mae'"),
        (lambda m: m.compile("adam", "nothing"), ValueError, "loss: 'nothing' is not known here"),
        (lambda m: m.compile("adam", 3), TypeError, "loss: 3 is not one of"),
        (lambda m: m.compile("adam", ["mse", "mse"]), ValueError, "has one output"),
        (lambda m: m.set_weights([]), ValueError, "weights have shapes"),
        (lambda m: m.layers[0].kernel.assign(np.ones(3)), ValueError, "value has shape"),
        (lambda m: m.add("dense"), TypeError, "is not a layer"),
        (lambda m: LSTM(0), ValueError, "units is 0"),
        (lambda m: LSTM(3, unknown=1), ValueError, "Unrecognized keyword arguments"),
        (lambda m: LSTM(3, activation="nothing"), ValueError, "activation: 'nothing'"),
        (lambda m: LSTM(3, activation=3), TypeError, "activation: 3 is not one of"),
        (lambda m: Dense(3, kernel_initializer="nothing"), ValueError, "initializer: 'nothing'"),
        (lambda m: Dropout(2), ValueError, "rate is 2"),
        (lambda m: layers.Embedding(3, 2)(np.array([[5]])), ValueError, "indices from 5 to 5"),
        (lambda m: LSTM(3)(Input((3, 2))), NotImplementedError, "graphs of layers"),
        (lambda m: fusedrnn.Model(), NotImplementedError, "graphs of layers"),
        (lambda m: Sequential([LSTM(3), Dense(1)]).predict(X[0]), ValueError, "expected 3"),
    ],
)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call(model())


def test_what_is_beyond_the_border_says_so() -> None:
    from fusedrnn.callbacks import TensorBoard  # scripts import more than they use
    from fusedrnn.layers import Conv1D
    from fusedrnn.optimizers import Adamax
    from fusedrnn.utils import plot_model

    for name, use in {
        "layers.Conv1D": lambda: Conv1D(8, 3, activation="relu"),
        "callbacks.TensorBoard": lambda: TensorBoard("logs"),
        "optimizers.Adamax": lambda: Adamax(learning_rate=0.1),
        "utils.plot_model": lambda: plot_model(model()),
    }.items():
        with pytest.raises(NotImplementedError, match=f"{name} is beyond fusedrnn"):
            use()


def test_an_epoch_ends_where_the_data_do() -> None:
    def steps(x: Any, *y: Any, **fit: Any) -> list[int]:
        counts: list[int] = []
        hooks = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: counts.append(0),
            on_train_batch_end=lambda batch, logs: counts.__setitem__(-1, batch + 1),
        )
        with pytest.warns(UserWarning, match="ran out of data"):
            model().fit(x, *y, callbacks=[hooks], verbose=0, **fit)
        return counts

    # Counted in Keras 3.15: 40 rows are 5 batches of 8; an epoch goes on where the last stopped.
    assert steps(X, Y, batch_size=8, steps_per_epoch=7, epochs=2) == [5, 5]
    assert steps(X, Y, batch_size=8, steps_per_epoch=3, epochs=4) == [3, 2, 3, 2]
    # Keras 3.15 goes on with batches that it had seen; here a generator that has ended is no data.
    assert steps(((X, Y) for _ in range(4)), steps_per_epoch=3, epochs=9) == [3, 1, 0]
    assert steps(((X, Y) for _ in range(4)), epochs=9) == [4, 0]


def test_compile_comes_before_fit() -> None:
    m = Sequential([Input((6, 2)), LSTM(3)])
    with pytest.raises(ValueError, match="You must call `compile\\(\\)` before"):
        m.fit(X, Y)
    m.compile("adam")
    with pytest.raises(ValueError, match="No loss to compute"):
        m.fit(X, Y, verbose=0)


# The package


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
try:
    Tokenizer()
except NotImplementedError as error:
    assert "Tokenizer is beyond fusedrnn" in str(error)
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
    tf.data
except AttributeError as error:
    assert "'data'; of TensorFlow it has keras" in str(error)
else:
    assert False
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=os.environ)


def test_import_takes_no_longer_than_numpy_s() -> None:
    code = (
        "import time; a = time.perf_counter(); import numpy, numpy.random; "
        "b = time.perf_counter(); import fusedrnn; c = time.perf_counter(); "
        "import fusedrnn.models; print(b - a, c - b, time.perf_counter() - c)"
    )
    runs = [
        [
            float(t)
            for t in subprocess.run(
                [sys.executable, "-c", code],
                check=True,
                text=True,
                capture_output=True,
                env=os.environ,
            ).stdout.split()
        ]
        for _ in range(5)
    ]
    numpy, package, models = map(min, zip(*runs, strict=True))
    assert package < 0.1
    assert package + models < numpy


def test_metrics_take_their_arguments_in_keras_s_order() -> None:
    y, p = np.eye(4)[[1, 0]], np.array([[0.3, 0.2, 0.4, 0.1], [0.1, 0.2, 0.3, 0.4]])
    assert metrics.TopKCategoricalAccuracy(3, "top")(y, p) == 0.5  # type: ignore[attr-defined]
    labels = np.array([1, 0])
    assert metrics.SparseTopKCategoricalAccuracy(4)(labels, p) == 1  # type: ignore[attr-defined]
    assert metrics.BinaryAccuracy("a", None, 0.15)(y, p) == 0.25  # type: ignore[attr-defined]
    assert losses.MeanSquaredError("sum")(y, p) == pytest.approx(  # type: ignore[attr-defined]
        2 * losses.MeanSquaredError()(y, p)  # type: ignore[attr-defined]
    )
    with pytest.raises(TypeError, match="name is 3"):
        metrics.MeanSquaredError(3)  # type: ignore[attr-defined]


def test_what_scripts_for_tensorflow_ask_of_results() -> None:
    m = model()
    assert type(m(X).numpy()) is np.ndarray
    y, h, _c = LSTM(3, return_state=True)(X)
    np.testing.assert_array_equal(y.numpy(), h.numpy())
    assert losses.mean_absolute_error(Y, Y).numpy().shape == (40,)  # type: ignore[attr-defined]
    assert losses.Huber()(Y, Y).numpy() == 0  # type: ignore[attr-defined]
    metric = metrics.RootMeanSquaredError()
    metric.update_state(Y, Y + 2)
    assert metric.result().numpy() == pytest.approx(2)  # type: ignore[attr-defined]
    history = m.fit(X, Y, verbose=0).history
    assert type(history["loss"][0]) is type(m.evaluate(X, Y, verbose=0)) is float
