"""``layer.gates``: what the gates of a recurrent layer are at each step."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import layers
from fusedrnn.models import Sequential

X = np.random.default_rng(0).normal(size=(3, 7, 2)).astype(np.float32)
MASK = np.random.default_rng(1).random((3, 7)) < 0.7
KINDS = {
    "lstm": layers.LSTM,
    "gru": layers.GRU,
    "gru before": lambda units, **options: layers.GRU(units, reset_after=False, **options),
}


def outputs(gates, h=None):
    """Outputs (N, T, units) as the equations have them, from gates of steps that all ran."""
    if "c" in gates:
        return gates["o"] * np.tanh(gates["c"])
    h, all_h = np.zeros_like(gates["z"][:, 0]) if h is None else h, []
    for z, n in zip(gates["z"].swapaxes(0, 1), gates["n"].swapaxes(0, 1), strict=True):
        h = z * h + (1 - z) * n
        all_h.append(h)
    return np.stack(all_h, 1)


@pytest.mark.parametrize("activation", ["tanh", np.tanh])  # of the kernels; step by step
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_follow_from_the_gates(kind, activation):
    layer = KINDS[kind](5, return_sequences=True, activation=activation, dropout=0.5)
    assert layer.path == ("fused" if activation == "tanh" else "step by step")
    gates = layer.gates(X)
    np.testing.assert_allclose(outputs(gates), layer(X), rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_backwards_they_are_where_the_input_is(kind):
    both = layers.Bidirectional(KINDS[kind](5, return_sequences=True))
    y = np.asarray(both(X))
    gates = both.backward_layer.gates(X)
    turned = {name: values[:, ::-1] for name, values in gates.items()}
    np.testing.assert_allclose(outputs(turned)[:, ::-1], y[:, :, 5:], rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_masked_steps_have_none(kind):
    layer = KINDS[kind](5, return_sequences=True)
    gates = layer.gates(X, mask=MASK)
    y = np.asarray(layer(X, mask=MASK))
    for n in range(len(X)):  # as if the others were not there
        for name, values in layer.gates(X[n : n + 1, MASK[n]]).items():
            np.testing.assert_allclose(gates[name][n, MASK[n]], values[0], rtol=0, atol=1e-6)
            assert np.isnan(gates[name][n, ~MASK[n]]).all()
        assert np.isfinite(y[n]).all()


def test_of_a_layer_further_on_in_a_trained_model():
    model = Sequential([layers.LSTM(4, return_sequences=True), layers.GRU(5), layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, X[:, 0, :1], verbose=0)
    before = model.predict(X, verbose=0)
    gates = model.layers[1].gates(model.layers[0](X))
    y = model.layers[2](outputs(gates)[:, -1])
    np.testing.assert_allclose(y, before, rtol=0, atol=1e-6)
    model.fit(X, X[:, 0, :1], verbose=0)  # the layers still are the model's
    assert not np.array_equal(model.predict(X, verbose=0), before)


@pytest.mark.parametrize("activation", ["tanh", np.tanh])
def test_states_are_used_and_kept(activation):
    layer = layers.LSTM(5, stateful=True, batch_shape=X.shape, activation=activation)
    layer(X)
    gates = layer.gates(X)
    kept = [np.array(s) for s in layer.states]
    given = layer.gates(X, initial_state=kept)
    for name in gates:
        np.testing.assert_array_equal(gates[name], given[name])
    np.testing.assert_allclose(outputs(gates)[:, -1], layer(X), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="initial states have shapes"):
        layer.gates(X, initial_state=[kept[0]])
    np.testing.assert_array_equal(layer.gates(X)["c"], layer.gates(X, layer.states)["c"])


def test_gates_between_forward_and_backward_change_nothing():
    layer = layers.GRU(5)
    layer(X)
    y = layer.forward(X, True, None)
    expected = layer.backward(np.ones_like(y), True)
    y = layer.forward(X, True, None)
    layer.gates(2 * X)
    np.testing.assert_array_equal(layer.backward(np.ones_like(y), True), expected)


def test_of_the_cell_in_an_rnn():
    layer = layers.RNN(layers.LSTMCell(5), return_sequences=True)
    y = layer(X)
    np.testing.assert_allclose(outputs(layer.cell.gates(X)), y, rtol=0, atol=1e-6)


def test_what_has_none_says_so():
    with pytest.raises(ValueError, match="SimpleRNN has no gates; return_sequences=True gives"):
        layers.SimpleRNN(3).gates(X)
    with pytest.raises(ValueError, match=r"inputs have shape \(7, 2\), expected \(N, T, I\)"):
        layers.LSTM(3).gates(X[0])


def test_gates_both_ways() -> None:
    layer = layers.Bidirectional(layers.GRU(5, return_sequences=True))
    y, gates = layer(X), layer.gates(X)
    for way, own in (("forward", y[..., :5]), ("backward", y[..., 5:])):
        found = gates[way]
        if way == "backward":
            found, own = ({k: v[:, ::-1] for k, v in found.items()}, own[:, ::-1])
        np.testing.assert_allclose(outputs(found), own, rtol=0, atol=1e-6)
    states = [np.ones((3, 5), np.float32)] * 2
    ahead = layer.gates(X, states)["forward"]
    np.testing.assert_array_equal(ahead["z"], layer.forward_layer.gates(X, states[:1])["z"])


def test_layers_without_gates_say_so() -> None:
    over = layers.RNN(layers.LSTMCell(2))
    for layer in (over, layers.Bidirectional(over)):
        with pytest.raises(ValueError, match="an RNN keeps no gates"):
            layer.gates(X)
    with pytest.raises(ValueError, match="a SimpleRNN has no gates"):
        layers.SimpleRNN(2).gates(X)
