"""Sequential: what it is built of, and the ways to say the shape of its input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fusedrnn import Input, Sequential, layers, utils
from fusedrnn.layers import GRU, LSTM, Dense
from small_models import X, Y, summary


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


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize(
    "stack",
    [
        lambda l: [l.LSTM(3), l.Dense(1)],
        lambda l: [l.Conv1D(3, 2), l.MaxPooling1D(2), l.BatchNormalization(), l.Dense(1)],
        lambda l: [l.GRU(3), l.RepeatVector(4), l.TimeDistributed(l.Dense(1))],
    ],
)
def test_a_chain_takes_sequences_of_other_lengths(stack: Any) -> None:
    """As Keras's, for which the length that was given is that of the summary."""
    m = Sequential([Input((6, 2)), *stack(layers)])
    free = Sequential([Input((None, 2)), *stack(layers)])
    free.set_weights(m.get_weights())
    x = np.random.default_rng(0).standard_normal((3, 9, 2)).astype(np.float32)
    np.testing.assert_array_equal(m.predict(x, verbose=0), free.predict(x, verbose=0))
    np.testing.assert_array_equal(m(x), m.predict(x, verbose=0))
    m.compile(loss="mse")
    m.fit(x, np.zeros(free.compute_output_shape(x.shape)), verbose=0)
    keras = pytest.importorskip("keras")
    theirs = keras.Sequential([keras.Input((6, 2)), *stack(keras.layers)])
    theirs.set_weights(free.get_weights())
    np.testing.assert_allclose(free.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=2e-6)


def test_a_chain_refuses_lengths_that_a_layer_in_it_cannot_take() -> None:
    m = Sequential([Input((6, 2)), layers.Flatten(), Dense(1)])
    with pytest.raises(ValueError, match=r"x has shape \(3, 9, 2\), expected \(None, 6, 2\)"):
        m.predict(np.zeros((3, 9, 2)), verbose=0)


def test_one_metric_needs_no_list() -> None:
    """As in Keras 2; Keras 3 refuses it."""
    found = []
    for metrics in (["mae"], "mae", "mean_absolute_error"):
        m = Sequential([Input((6, 2)), LSTM(4), Dense(1)])
        m.set_weights([np.full_like(w, 0.1) for w in m.get_weights()])
        m.compile(loss="mse", metrics=metrics)
        found.append(list(m.fit(X, Y, verbose=0, shuffle=False).history.values()))
    assert found[0] == found[1] == found[2]


def test_a_model_is_not_compiled_where_compile_failed() -> None:
    m = Sequential([Input((6, 2)), LSTM(4), Dense(1)])
    with pytest.raises(ValueError, match="metrics is 5"):
        m.compile(loss="mse", metrics=5)
    with pytest.raises(ValueError, match="You must call `compile"):
        m.fit(X, Y, verbose=0)
