"""Sequences made equal, windows as a generator, labels, norms: against NumPy by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusedrnn import Sequential, layers, utils
from fusedrnn.layers import GRU, LSTM, Bidirectional
from fusedrnn.preprocessing.sequence import TimeseriesGenerator, pad_sequences

ROWS = [[1, 2, 3], [], [4, 5, 6, 7, 8]]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[0, 0, 1, 2, 3], [0] * 5, [4, 5, 6, 7, 8]]),
        ({"padding": "post"}, [[1, 2, 3, 0, 0], [0] * 5, [4, 5, 6, 7, 8]]),
        ({"maxlen": 2}, [[2, 3], [0, 0], [7, 8]]),
        ({"maxlen": 2, "truncating": "post"}, [[1, 2], [0, 0], [4, 5]]),
        ({"maxlen": 4, "padding": "post", "value": 9}, [[1, 2, 3, 9], [9] * 4, [5, 6, 7, 8]]),
        ({"maxlen": 0}, [[], [], []]),
    ],
)
def test_padding(options: Any, expected: Any) -> None:
    found = pad_sequences(ROWS, **options)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)


def test_padding_steps_of_several_values() -> None:
    rows = [np.ones((2, 3)), np.zeros((0, 3)), np.full((1, 3), 0.5)]
    found = pad_sequences(rows, dtype="float32", value=-1)
    assert found.shape == (3, 2, 3)
    np.testing.assert_array_equal(found[:, :, 0], [[1, 1], [-1, -1], [-1, 0.5]])
    with pytest.raises(ValueError, match="steps have different shapes"):
        pad_sequences([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(ValueError, match="must be a list of sequences"):
        pad_sequences([1, 2])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="padding is 'left'"):
        pad_sequences(ROWS, padding="left")


def test_windows_of_a_generator() -> None:
    data = np.arange(20)[:, None] * [1, 10]
    targets = np.arange(20) + 100
    windows = TimeseriesGenerator(data, targets, 4, sampling_rate=2, stride=3, batch_size=3)
    assert len(windows) == 2
    x, y = windows[0]
    np.testing.assert_array_equal(y, [104, 107, 110])  # the row after each window
    np.testing.assert_array_equal(x[1], [[3, 30], [5, 50]])
    np.testing.assert_array_equal(windows[-1][1], [113, 116, 119])
    with pytest.raises(IndexError):
        windows[2]
    back = TimeseriesGenerator(data, targets, 4, sampling_rate=2, stride=3, reverse=True)
    np.testing.assert_array_equal(back[0][0][1], [[5, 50], [3, 30]])
    part = TimeseriesGenerator(data, targets, 4, start_index=5, end_index=10)
    np.testing.assert_array_equal(part[0][1], [109, 110])
    mixed = TimeseriesGenerator(data, targets, 4, shuffle=True, batch_size=50)
    utils.set_random_seed(0)
    x, y = mixed[0]
    assert len(y) == 50
    np.testing.assert_array_equal(x[:, -1, 0], y - 101)
    assert set(y) <= set(range(104, 120))
    with pytest.raises(ValueError, match="data has 20 rows, targets 19"):
        TimeseriesGenerator(data, targets[1:], 4)
    with pytest.raises(ValueError, match=r"start_index \+ length = 24 is beyond end_index = 19"):
        TimeseriesGenerator(data, targets, 4, start_index=20)
    model = Sequential([layers.Input((4, 2)), layers.GRU(2), layers.Dense(1)])
    model.compile("sgd", "mse")
    whole = TimeseriesGenerator(data / 100, targets / 100, 4, batch_size=5)
    assert len(model.fit(whole, epochs=2, verbose=0).history["loss"]) == 2


def test_labels_and_norms() -> None:
    np.testing.assert_array_equal(utils.to_categorical([[2], [0]]), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(utils.to_categorical([1], 3), [[0, 1, 0]])
    assert utils.to_categorical([], 3).shape == (0, 3)
    with pytest.raises(ValueError, match="x has classes from -1 to 1, expected 0 to 1"):
        utils.to_categorical([-1, 1])
    with pytest.raises(ValueError, match="expected class numbers"):
        utils.to_categorical(["a"])
    found = utils.normalize([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize([[1.0, 3.0]], order=1), [[0.25, 0.75]])
    np.testing.assert_allclose(utils.normalize([[3.0], [4.0]], axis=0), [[0.6], [0.8]])


def test_a_base_of_data_is_filled_in_by_the_user() -> None:
    base = utils.Sequence(workers=2)
    assert base.workers == 2
    base.on_epoch_end()
    for call in (lambda: len(base), lambda: base[0]):
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(NotImplementedError, match=r"utils\.FeatureSpace is beyond fusedrnn"):
        utils.FeatureSpace()
    with pytest.raises(AttributeError, match="has no attribute 'plot_modell'"):
        utils.plot_modell  # noqa: B018


@pytest.mark.parametrize("cell", [LSTM, GRU])
@pytest.mark.parametrize("merge", ["concat", "sum", "ave", "mul", None])
def test_bidirectional_takes_initial_states(cell: Any, merge: str | None) -> None:
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    layer = Bidirectional(cell(4, return_sequences=True, return_state=True), merge_mode=merge)
    plain = layer(x)
    n = 2 if cell is LSTM else 1
    states = [np.full((2, 4), 0.1 * (i + 1), np.float32) for i in range(2 * n)]
    found = layer(x, initial_state=states)
    a, *first = layer.forward_layer(x, initial_state=states[:n])
    b, *second = layer.backward_layer(x, initial_state=states[n:])
    b = b[:, ::-1]
    merged = {
        "concat": lambda: [np.concatenate([a, b], -1)],
        "sum": lambda: [a + b],
        "ave": lambda: [(a + b) / 2],
        "mul": lambda: [a * b],
        None: lambda: [a, b],
    }[merge]()
    for ours, exact in zip(found, [*merged, *first, *second], strict=True):
        np.testing.assert_array_equal(ours, exact)
    again = layer(x)  # the states were of that call alone
    for ours, exact in zip(again, plain, strict=True):
        np.testing.assert_array_equal(ours, exact)
    assert not np.allclose(found[0], plain[0])


def test_bidirectional_refuses_states_that_do_not_fit() -> None:
    x = np.zeros((2, 5, 3), np.float32)
    layer = Bidirectional(LSTM(4))
    plain = layer(x)
    for states in ([np.zeros((2, 4))] * 3, [np.zeros((2, 4))] * 2, [np.zeros((2, 5))] * 4):
        with pytest.raises(ValueError, match="initial state"):
            layer(x, initial_state=states)
        np.testing.assert_array_equal(layer(x), plain)  # nothing of them is left


def test_norms_keep_their_type() -> None:
    utils_of_keras = pytest.importorskip("keras").utils
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    for dtype in ("float32", "float64", "int64"):
        for order in (1, 2, np.inf):
            ours = utils.normalize(x.astype(dtype), order=order)
            theirs = utils_of_keras.normalize(x.astype(dtype), order=order)
            assert ours.dtype == theirs.dtype
            np.testing.assert_array_equal(ours, theirs)


def test_batches_packed() -> None:
    for parts in ((1,), (1, 2), (1, 2, 3)):
        packed = utils.pack_x_y_sample_weight(*parts)
        assert utils.unpack_x_y_sample_weight(packed) == (*parts, None, None)[:3]
    assert utils.pack_x_y_sample_weight([1, 2]) == ([1, 2],)
    with pytest.raises(ValueError, match="Data is expected to be in format"):
        utils.unpack_x_y_sample_weight([1, 2, 3, 4])


def test_lines_go_to_the_log(capsys: Any, caplog: Any) -> None:
    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    assert utils.is_interactive_logging_enabled()
    utils.disable_interactive_logging()
    try:
        with caplog.at_level("INFO", logger="fusedrnn"):
            model.predict(np.ones((2, 1)))
        assert "1/1" in caplog.text
    finally:
        utils.enable_interactive_logging()
    assert capsys.readouterr().out == ""
    model.predict(np.ones((2, 1)))
    assert "1/1" in capsys.readouterr().out
