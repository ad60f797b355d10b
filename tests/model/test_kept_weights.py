"""A layer's packed weights follow every change; packed weights of one's own are a copy."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import functional as F
from fusedrnn.layers import GRU, LSTM, Bidirectional, Dense, Input, SimpleRNN
from fusedrnn.models import Sequential

LAYERS = {
    "LSTM": lambda: LSTM(70),
    "GRU": lambda: GRU(70),
    "GRU, reset before": lambda: GRU(70, reset_after=False, use_bias=False),
    "SimpleRNN": lambda: SimpleRNN(70),
    "Bidirectional": lambda: Bidirectional(LSTM(70)),
}
X = np.sin(np.arange(4 * 3 * 5, dtype=np.float32)).reshape(4, 3, 5)


def model_of(name):
    model = Sequential([Input((3, 5)), LAYERS[name](), Dense(1)])
    model.compile("sgd", "mse")
    return model


def weights_of(model):
    return model.layers[0].weights[:2]


def _set(model):
    values = model.get_weights()
    for v in values:
        v[(0,) * v.ndim] += 1
    model.set_weights(values)


CHANGES = {
    "value, in place": lambda m: [w.value.__setitem__((2, 3), 2) for w in weights_of(m)],
    "np.asarray": lambda m: [np.asarray(w).__setitem__((2, 3), 2) for w in weights_of(m)],
    "buffer": lambda m: weights_of(m)[-1].buffer.value.__imul__(0.5),
    "assign": lambda m: weights_of(m)[-1].assign(0.5 * weights_of(m)[-1].numpy()),
    "set_weights": _set,
    "a step": lambda m: m.train_on_batch(X, np.ones((4, 1))),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("change", CHANGES)
def test_predict_follows_every_change(name, change):
    model = model_of(name)
    before = model.predict(X, verbose=0)
    CHANGES[change](model)
    after = model.predict(X, verbose=0)
    assert not np.array_equal(after, before)
    fresh = model_of(name)
    fresh.set_weights(model.get_weights())
    np.testing.assert_array_equal(after, fresh.predict(X, verbose=0))
    kept = getattr(model.layers[0], "_packed", None)
    model.predict(X, verbose=0)
    assert getattr(model.layers[0], "_packed", None) is kept


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize(
    ("gates", "states", "packed", "step"),
    [
        (4, 2, F.PackedLSTM, F.LSTMStep),
        (3, 1, F.PackedGRU, F.GRUStep),
        (1, 1, F.PackedRNN, F.RNNStep),
    ],
)
def test_packed_weights_are_a_copy(gates, states, packed, step, order):
    rng = np.random.default_rng(0)
    weights = [np.asarray(rng.normal(size=s), order=order)
               for s in ((5, gates * 70), (70, gates * 70), (gates * 70,))]  # fmt: skip
    if packed is F.PackedGRU:
        weights[2] = np.stack([weights[2], weights[2]])
    x, state = rng.normal(size=(2, 3, 5)), [np.zeros((2, 70))] * states
    sequence, one = packed(*weights), step(*weights)
    before = [*sequence(x), *np.atleast_1d(one(x[:, 0].copy(), *state))]
    for w in weights:
        w[...] = np.nan
    after = [*sequence(x), *np.atleast_1d(one(x[:, 0].copy(), *state))]
    for b, a in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", LAYERS)
def test_predict_with_weights_in_bfloat16(name):
    """As a model whose kernels were rounded before; on request, and only then."""
    model = model_of(name)
    before = model.get_weights()
    expected = model.predict(X, verbose=0)
    got = model.predict(X, verbose=0, weights="bfloat16")
    rounded = model_of(name)
    bits = [w.view(np.uint32) for w in before]
    rounded.set_weights([
        w if w.ndim == 1 or "bias" in v.path or v.path.startswith("dense")
        else ((b + (0x7FFF + (b >> 16 & 1))) >> 16 << 16).view(np.float32)
        for v, w, b in zip(model.weights, before, bits, strict=True)
    ])  # fmt: skip
    np.testing.assert_array_equal(got, rounded.predict(X, verbose=0))
    assert not np.array_equal(got, expected)
    np.testing.assert_array_equal(model.predict(X, verbose=0), expected)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    weights_of(model)[0].value[0, 0] += 1  # which it follows
    assert not np.array_equal(model.predict(X, verbose=0, weights="bfloat16"), got)


def test_predict_refuses_other_weights():
    model = model_of("GRU")
    with pytest.raises(ValueError, match="predict: weights is 'int8', expected 'bfloat16' or None"):
        model.predict(X, verbose=0, weights="int8")
    model = Sequential([Input((3, 5), dtype="float64"), LSTM(4, dtype="float64")])
    with pytest.raises((ValueError, TypeError), match="weights='bfloat16' needs"):
        model.predict(X, verbose=0, weights="bfloat16")
