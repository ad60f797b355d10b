"""fusedrnn.keras: Keras's own layers and models on the fused kernels."""

from __future__ import annotations

import os
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
if keras.backend.backend() != "torch":
    pytest.skip("Keras runs on another backend", allow_module_level=True)

import fusedrnn.keras as fk  # noqa: E402
from fusedrnn.torch.call import Call  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")
RNG = np.random.default_rng(0)
layers = keras.layers


@pytest.fixture(autouse=True)
def restored():
    yield
    fk.disable()


@pytest.fixture
def calls(monkeypatch):
    """Count the fused forward passes."""
    seen = []
    original = Call.forward
    monkeypatch.setattr(Call, "forward", lambda *a, **k: seen.append(a[0]) or original(*a, **k))
    return seen


def results(model, x, y):
    """Predictions, and the losses and predictions of a short training from the same start."""
    before = model.predict(x, verbose=0)
    weights = model.get_weights()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    history = model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    after = model.predict(x, verbose=0)
    model.set_weights(weights)
    return [before, np.array(history.history["loss"]), after]


def check(build, calls, x=None, fused=True):
    x = RNG.normal(size=(16, 6, 3)).astype("float32") if x is None else x
    keras.utils.set_random_seed(1)
    model = build()
    y = RNG.normal(size=model(x[:8]).shape).astype("float32")
    y = np.concatenate([y, y])
    model.compile("adam", "mse")
    expected = results(model, x, y)
    assert not calls
    fk.enable()
    got = results(model, x, y)
    assert bool(calls) == fused
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(g, e, rtol=2e-5, atol=2e-6)


cells = pytest.mark.parametrize("cell", ["LSTM", "GRU", "SimpleRNN"])


@cells
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"go_backwards": True, "return_sequences": True},
        {"go_backwards": True},
        {"use_bias": False},
        {"unroll": True},
        {"reset_after": False},
        {"activation": "relu"},
        {"activation": "sigmoid", "reset_after": False},
        {"activation": None, "go_backwards": True},
        {"dtype": "float64"},
    ],
    ids=str,
)
@pytest.mark.parametrize("masked", [False, True])
def test_layers(cell, options, masked, calls):
    if "reset_after" in options and cell != "GRU":
        return
    x = RNG.normal(size=(16, 6, 3)).astype("float32")
    x[RNG.random((16, 6)) < 0.3] = 0
    x[0] = 0  # a row with no valid step

    def build():
        head = [layers.Masking()] if masked else []
        return keras.Sequential([*head, getattr(layers, cell)(5, **options), layers.Dense(2)])

    check(build, calls, x)


@cells
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_bidirectional(cell, masked, merge, calls):
    x = RNG.normal(size=(16, 6, 3)).astype("float32")
    x[RNG.random((16, 6)) < 0.3] = 0

    def build():
        head = [layers.Masking()] if masked else []
        inner = getattr(layers, cell)
        return keras.Sequential([
            *head,
            layers.Bidirectional(inner(4, return_sequences=True), merge_mode=merge),
            layers.Bidirectional(inner(3), merge_mode=merge),
            layers.Dense(1),
        ])  # fmt: skip

    check(build, calls, x)


def test_graph_with_states_and_two_inputs(calls):
    def build():
        given = keras.Input((6, 3))
        y, h, c = layers.LSTM(4, return_sequences=True, return_state=True)(given)
        z = layers.LSTM(4, return_sequences=True)(y, initial_state=[h, c])
        g = layers.GRU(4)(z, initial_state=h)
        s, last = layers.SimpleRNN(4, return_state=True)(z, initial_state=[c])
        return keras.Model(given, layers.Dense(1)(layers.concatenate([g, c, s, last])))

    check(build, calls)


@pytest.mark.parametrize("cell", ["GRU", "SimpleRNN"])
def test_stateful(cell, calls):
    x = RNG.normal(size=(8, 6, 3)).astype("float32")
    layer = getattr(layers, cell)(4, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(8, 6, 3)), layer])
    expected = [model.predict(x, verbose=0) for _ in range(2)]
    model.layers[0].reset_state()
    fk.enable()
    for e in expected:
        np.testing.assert_allclose(
            model.predict(x, batch_size=8, verbose=0), e, rtol=1e-5, atol=1e-6
        )
    assert calls


# Without a mask Keras itself fails to train a stateful LSTM or GRU on torch.
@pytest.mark.parametrize(
    ("cell", "masking"),
    [("SimpleRNN", False), ("SimpleRNN", True), ("LSTM", True), ("GRU", True)],
)
def test_stateful_layers_train(cell, masking, calls):
    x, y = RNG.normal(size=(8, 5, 2)).astype("float32"), RNG.normal(size=(8, 1))
    if masking:
        x[:, -1] = 0

    def train():
        keras.utils.set_random_seed(0)
        first = [keras.Input(batch_shape=(4, 5, 2)), *([layers.Masking()] if masking else [])]
        layer = getattr(layers, cell)(8, stateful=True)
        model = keras.Sequential([*first, layer, layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
        return model.get_weights()

    expected = train()
    assert not calls
    fk.enable()
    for a, e in zip(train(), expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6)
    assert calls


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "GRU before", "SimpleRNN"])
@pytest.mark.parametrize("rate", ["dropout", "recurrent_dropout"])
@pytest.mark.parametrize("masked", [False, True])
def test_dropout_draws_the_same_masks(cell, rate, masked, calls):
    x = RNG.normal(size=(8, 6, 3)).astype("float32")
    mask = RNG.random((8, 6)) < 0.6 if masked else None
    options = {"reset_after": False} if "before" in cell else {}
    results = []
    for _ in range(2):
        keras.utils.set_random_seed(1)
        layer = getattr(layers, cell.split()[0])(5, seed=3, **{rate: 0.5}, **options)
        y = layer(x, mask=mask, training=True)
        y.square().sum().backward()
        results.append([y.detach(), *(v.value.grad for v in layer.trainable_weights)])
        fk.enable()
    assert calls
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_custom_loop_of_torch(calls):
    import torch

    fk.enable()
    layer = layers.LSTM(4)
    x = torch.randn(2, 5, 3, requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.shape == x.shape
    assert all(v.value.grad is not None for v in layer.trainable_weights)
    assert calls


@pytest.mark.parametrize(
    ("options", "training", "reason"),
    [
        ({"activation": "elu"}, False, "activations"),
        ({"recurrent_activation": "hard_sigmoid"}, False, "activations"),
        ({"dropout": 0.2, "recurrent_dropout": 0.2}, True, "a mask for each gate"),
        ({"use_cudnn": False}, False, "use_cudnn"),
        ({"dtype": "mixed_bfloat16"}, False, "compute dtype is bfloat16"),
    ],
)
def test_what_stays_keras_is_named(options, training, reason, calls):
    layer = layers.LSTM(4, **options)
    fk.enable()
    assert reason in fk.path(layer, training)
    assert fk.path(layer, training).startswith("keras: ")
    layer(np.zeros((2, 3, 4), "float32"), training=training)
    assert not calls


def test_what_stays_keras_of_a_simple_rnn(calls):
    fk.enable()
    layer = layers.SimpleRNN(4, activation="elu")
    assert fk.path(layer).startswith("keras: the activations")
    layer(np.zeros((2, 3, 4), "float32"))
    assert not calls
    assert fk.path(layers.SimpleRNN(4, dropout=0.2, recurrent_dropout=0.2), True) == "fused"


def test_a_cell_of_its_own_stays_keras(calls):
    class Sevens(layers.SimpleRNNCell):
        def call(self, *args, **kwargs):
            output, states = super().call(*args, **kwargs)
            return output * 0 + 7, states

    layer = layers.SimpleRNN(2)
    layer.cell = Sevens(2)
    fk.enable()
    assert fk.path(layer) == "keras: Sevens is a cell of its own"
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(layer(np.ones((1, 3, 2)))), 7)
    assert not calls


def test_enable_and_disable():
    own = layers.LSTM.inner_loop, layers.GRU.inner_loop, layers.SimpleRNN.inner_loop
    layer = layers.GRU(4)
    assert fk.path(layer).startswith("keras: fusedrnn.keras is not enabled")
    fk.enable()
    fk.enable()
    assert fk.path(layer) == "fused"
    fk.disable()
    fk.disable()
    assert (layers.LSTM.inner_loop, layers.GRU.inner_loop, layers.SimpleRNN.inner_loop) == own
    assert "inner_loop" not in vars(layers.SimpleRNN)  # as Keras has it


def test_refuses_unknown_versions_and_other_backends(monkeypatch):
    own = layers.LSTM.inner_loop
    monkeypatch.setattr(keras, "__version__", "4.0.0")
    with pytest.raises(RuntimeError, match=r"not tested with Keras 4\.0\.0"):
        fk.enable()
    monkeypatch.undo()
    monkeypatch.setattr(keras.backend, "backend", lambda: "tensorflow")
    with pytest.raises(RuntimeError, match="Keras runs on tensorflow, expected the torch or jax"):
        fk.enable()
    assert layers.LSTM.inner_loop is own


def test_example(capsys):
    runpy.run_path(str(Path(__file__).parents[2] / "docs/examples/keras_backend.py"))
    printed = capsys.readouterr().out
    assert "['fused']" in printed
    assert float(re.search(r"accuracy (\S+)", printed)[1]) > 0.9


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_weights_changed_in_any_way_answer(name, calls):
    model = keras.Sequential([keras.Input((3, 5)), getattr(layers, name)(70)])
    x = RNG.normal(size=(2, 3, 5)).astype("float32")
    fk.enable()
    for change in (
        lambda w: w.value.data.__setitem__((2, 3), 2.0),
        lambda w: w.value.detach().numpy().__setitem__((2, 3), 3.0),
        lambda w: w.assign(0.5 * w.numpy()),
    ):
        before = model.predict(x, verbose=0)
        change(model.layers[0].cell.recurrent_kernel)
        after = model.predict(x, verbose=0)
        assert calls
        assert not np.array_equal(after, before)
        fk.disable()
        np.testing.assert_allclose(after, model.predict(x, verbose=0), rtol=1e-4, atol=1e-6)
        fk.enable()
