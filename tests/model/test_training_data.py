"""What fit, evaluate and predict take as data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusedrnn import Input, Sequential, utils
from fusedrnn.layers import GRU, LSTM, Dense
from small_models import Batches, X, Y, generator, model


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


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((X, Y, None, 3), "a batch has 4 entries"),
        ((), "a batch has 0 entries"),
        ((X[:0], Y[:0]), "a batch has no rows"),
    ],
)
def test_batches_of_a_generator_that_are_none(batch: Any, message: str) -> None:
    m = model()
    with pytest.raises(ValueError, match=message):
        m.fit(iter([(X, Y), batch]), verbose=0)


def test_a_label_that_is_no_class_is_said_with_its_argument() -> None:
    m = model()
    m.compile("sgd", "binary_crossentropy")
    with pytest.raises(ValueError, match="class_weight: y has labels that are no class numbers"):
        m.fit(X, np.full(len(X), np.nan), class_weight={1: 2.0}, verbose=0)
