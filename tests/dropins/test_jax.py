"""fusedrnn.jax: the cells in JAX programs, and under Keras on JAX."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

jax = pytest.importorskip("jax")
import fusedrnn.jax as fj  # noqa: E402
from fusedrnn import _core  # noqa: E402
from fusedrnn.cells import CELLS  # noqa: E402

jnp = jax.numpy

N, T, I, H = 3, 7, 4, 5
FORMS = [
    ("lstm", {}),
    ("lstm", {"activation": "relu", "reverse": True}),
    ("gru", {}),
    ("gru", {"reset_after": False, "update_gate": "write"}),
    ("gru", {"update_gate": "write", "activation": "sigmoid"}),
    ("rnn", {"reverse": True}),
    ("rnn", {"activation": "linear"}),
]


@pytest.fixture
def built():
    if not fj.available():
        pytest.skip("the core was built without its calls for JAX")


def arrays(cell, options, dtype, seed=0):
    rng = np.random.default_rng(seed)
    G, spec = CELLS[cell].gates, CELLS[cell]
    bias = (2, G * H) if spec.biases == 2 and options.get("reset_after", True) else (G * H,)
    shapes = [(N, T, I), (I, G * H), (H, G * H), bias, *[(N, H)] * spec.states]
    return [rng.normal(size=s, scale=0.5).astype(dtype) for s in shapes]


def masks(cell, dtype, seed=1):
    rng = np.random.default_rng(seed)
    drops = (rng.random((CELLS[cell].gates, N, H)) < 0.7).astype(dtype) / 0.7
    return {"mask": rng.random((N, T)) < 0.7, "recurrent_mask": drops.astype(dtype)}


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("cell", "options"), FORMS, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_as_on_numpy(cell, options, masked, dtype):
    """The same bits, forward and backward, plain and compiled."""
    with jax.enable_x64(dtype == "float64"):
        given = arrays(cell, options, dtype)
        extra = {**options, **(masks(cell, dtype) if masked else {})}
        *expected, tape = CELLS[cell].forward(*given, training=True, **extra)

        def run(*a):
            return getattr(fj, cell)(*a, **extra)

        results, pull = jax.vjp(jax.jit(run), *given)
        for got, want in zip(results, expected, strict=True):
            np.testing.assert_array_equal(got, want)
        rng = np.random.default_rng(2)
        cotangents = [rng.normal(size=e.shape).astype(dtype) for e in expected]
        gradients = pull(tuple(map(jnp.asarray, cotangents)))
        for got, want in zip(gradients, CELLS[cell].backward(tape, *cotangents), strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.usefixtures("built")
def test_absent_bias_and_states_and_batches_of_calls():
    x, kernel, recurrent, *_ = arrays("lstm", {}, "float32")
    expected = CELLS["lstm"].forward(x, kernel, recurrent)[0]

    def y(x, kernel):
        return fj.lstm(x, kernel, recurrent)[0]

    np.testing.assert_array_equal(y(x, kernel), expected)
    both = jax.vmap(y, (0, None))(np.stack([x, x[:, ::-1]]), kernel)
    np.testing.assert_array_equal(both[0], expected)
    assert not np.array_equal(both[1], expected)
    slope = jax.grad(lambda w: y(x, w).sum())(kernel)
    eps = 1e-2
    ahead, behind = (y(x, kernel + d * eps * np.eye(I, 4 * H)) for d in (1, -1))
    difference = np.asarray(ahead - behind).sum() / (2 * eps)
    np.testing.assert_allclose(np.trace(slope), difference, rtol=2e-3)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize("shape", [(0, T, I), (N, 0, I)])
def test_nothing_to_do(shape):
    _, kernel, recurrent, bias, h0, c0 = arrays("lstm", {}, "float32")
    h0, c0 = h0[: shape[0]], c0[: shape[0]]
    y, h_n, c_n = fj.lstm(np.zeros(shape, "float32"), kernel, recurrent, bias, h0, c0)
    assert y.shape == (*shape[:2], H)
    np.testing.assert_array_equal(h_n, h0)
    np.testing.assert_array_equal(c_n, c0)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": np.zeros((N, T))}, r"lstm: x is float64|x has shape"),
        ({"x": np.zeros((N, T), "float32")}, r"x has shape \(3, 7\), expected \(N, T, I\)"),
        ({"x": np.zeros((N, T, I), int)}, "x is int"),
        ({"kernel": np.zeros((I + 1, 4 * H), "float32")}, r"kernel has shape .* \(I, 4H\)"),
        ({"recurrent_kernel": np.zeros(3, "float32")}, r"recurrent_kernel .* \(H, 4H\)"),
        ({"bias": np.zeros(H, "float32")}, r"bias has shape .* \(4H,\)"),
        ({"h0": np.zeros((N, H), "int32")}, "h0 is int32, expected float32"),
        ({"mask": np.zeros((N, T), "float32")}, "mask is float32, expected bool"),
        ({"mask": np.zeros((T, N), bool)}, r"mask has shape .* \(N, T\)"),
        ({"recurrent_mask": np.zeros((N, H), "float32")}, r"recurrent_mask .* \(G, N, H\)"),
        ({"activation": "elu"}, "activation is 'elu', expected one of 'tanh'"),
    ],
    ids=str,
)
def test_errors_name_the_argument(changes, message):
    names = ("x", "kernel", "recurrent_kernel", "bias", "h0", "c0")
    given = dict(zip(names, arrays("lstm", {}, "float32"), strict=True))
    with pytest.raises((TypeError, ValueError), match=message):
        fj.lstm(**{**given, **changes})


def test_a_core_without_its_calls_says_how(monkeypatch):
    monkeypatch.delattr(_core, "jax_handlers", raising=False)
    fj._register.cache_clear()
    assert not fj.available()
    with pytest.raises(ImportError, match=r"FUSEDRNN_JAX_INCLUDE=.*include_dir"):
        fj.lstm(*arrays("lstm", {}, "float32"))


KERAS = """
import numpy as np, keras
import fusedrnn.jax.keras as engine
import fusedrnn.keras as fk
from keras import layers as L
assert keras.backend.backend() == "jax"
rng = np.random.default_rng(0)
x = rng.normal(size=(16, 6, 3)).astype("float32")
x[rng.random((16, 6)) < 0.3] = 0

def two(cell, **options):
    return [L.Masking(), cell(5, return_sequences=True, **options), cell(4)]

runs, run = [], engine.run
engine.run = lambda *a, **k: runs.append(a[0]) or run(*a, **k)
cases = [two(L.LSTM), two(L.GRU), two(L.SimpleRNN), two(L.GRU, reset_after=False),
         two(L.LSTM, go_backwards=True), two(L.GRU, use_bias=False, activation="relu"),
         [L.Bidirectional(L.LSTM(4, return_sequences=True)), L.GRU(3, recurrent_dropout=0.3)],
         [L.LSTM(4, stateful=True)]]
for case in cases:
    configs = [(type(l), l.get_config()) for l in case]
    results = []
    for fused in (False, True):
        runs.clear()
        keras.utils.set_random_seed(0)
        (fk.enable if fused else fk.disable)()
        model = keras.Sequential([keras.Input(batch_shape=(8, 6, 3))]
                                 + [kind.from_config(c) for kind, c in configs] + [L.Dense(1)])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        history = model.fit(x, x[:, 0, :1], batch_size=8, epochs=2, shuffle=False, verbose=0)
        assert bool(runs) == fused
        after = model.predict(x, batch_size=8, verbose=0)
        results.append([np.array(history.history["loss"]), after])
    for own, ours in zip(*results):
        np.testing.assert_allclose(ours, own, rtol=2e-4, atol=2e-5)
    print(case[-1].name, flush=True)
"""


@pytest.mark.usefixtures("built")
def test_keras_on_jax():
    pytest.importorskip("keras")
    done = subprocess.run(
        [sys.executable, "-c", KERAS], capture_output=True, text=True,
        env={**os.environ, "KERAS_BACKEND": "jax"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
