"""Every layer's backward pass against central differences, in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fusedrnn import activations, backend, layers, losses, regularizers
from fusedrnn.layers.layer import Layer

rng = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    backend.set_floatx("float64")
    yield
    backend.set_floatx("float32")


def numeric(f: Callable[[], float], a: np.ndarray, step: float = 1e-6) -> np.ndarray:
    g = np.zeros_like(a)
    for i in np.ndindex(a.shape):
        kept = a[i]
        a[i] = kept + step
        up = f()
        a[i] = kept - step
        g[i] = (up - f()) / (2 * step)
        a[i] = kept
    return g


def check(layer: Layer, x: np.ndarray, mask: np.ndarray | None = None) -> None:
    layer.build((len(x) if getattr(layer, "stateful", False) else None, *x.shape[1:]))
    buffer = layer.pack()
    buffer.value[...] = rng.uniform(-0.7, 0.7, buffer.value.shape)
    for v in layer.weights:
        if v.frozen:  # a variance
            v.value[...] = np.abs(v.value) + 0.1
    y = layer.forward(x, True, mask)
    r = rng.normal(size=y.shape)

    def loss() -> float:
        return float((layer.forward(x, True, mask) * r).sum())

    layer.forward(x, True, mask)
    dx = layer.backward(r, True)
    variables = [v for v in layer.weights if not v.frozen]
    got = [v.grad.copy() for v in variables]
    for v, g in zip(variables, got, strict=True):
        np.testing.assert_allclose(g, numeric(loss, v.value), atol=1e-7, err_msg=v.path)
    if x.dtype.kind == "f":
        np.testing.assert_allclose(dx, numeric(loss, x), atol=1e-7)
        layer.forward(x, True, mask)
        assert layer.backward(r, False) is None or not layer.weights


X = (3, 4, 2)
MASKS = {"none": None, "mask": np.array([[1, 1, 0, 0], [0, 1, 0, 1], [1, 1, 1, 1]], bool)}
RECURRENT: dict[str, Callable[[], Layer]] = {
    "lstm": lambda: layers.LSTM(3),
    "lstm sequences": lambda: layers.LSTM(3, return_sequences=True),
    "lstm backwards": lambda: layers.LSTM(3, return_sequences=True, go_backwards=True),
    "lstm no bias": lambda: layers.LSTM(3, use_bias=False, go_backwards=True),
    "lstm zeros": lambda: layers.LSTM(3, return_sequences=True, zero_output_for_mask=True),
    "lstm last zero": lambda: layers.LSTM(3, zero_output_for_mask=True),
    "lstm elu": lambda: layers.LSTM(3, activation="elu", return_sequences=True),
    "lstm softsign": lambda: layers.LSTM(3, recurrent_activation="softsign", go_backwards=True),
    "gru": lambda: layers.GRU(3),
    "gru sequences": lambda: layers.GRU(3, return_sequences=True),
    "gru before": lambda: layers.GRU(3, reset_after=False, return_sequences=True),
    "gru elu": lambda: layers.GRU(3, activation="elu", return_sequences=True),
    "gru before elu": lambda: layers.GRU(3, activation="elu", reset_after=False),
    "gru silu no bias": lambda: layers.GRU(3, activation="silu", use_bias=False),
    "simple": lambda: layers.SimpleRNN(3, return_sequences=True),
    "simple relu": lambda: layers.SimpleRNN(3, activation="relu", return_sequences=True),
    "simple sigmoid": lambda: layers.SimpleRNN(3, activation="sigmoid", go_backwards=True),
    "simple linear no bias": lambda: layers.SimpleRNN(3, activation=None, use_bias=False),
    "simple silu": lambda: layers.SimpleRNN(3, activation="silu", go_backwards=True),
    **{
        f"bidirectional {mode}": lambda mode=mode: layers.Bidirectional(
            layers.LSTM(2, return_sequences=True), merge_mode=mode
        )
        for mode in ("concat", "sum", "ave", "mul")
    },
    "bidirectional last": lambda: layers.Bidirectional(layers.GRU(2)),
    "bidirectional simple": lambda: layers.Bidirectional(layers.SimpleRNN(2)),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("name", RECURRENT)
def test_recurrent(name: str, mask: str) -> None:
    check(RECURRENT[name](), rng.normal(size=X), MASKS[mask])


OTHERS: dict[str, tuple[Callable[[], Layer], tuple[int, ...]]] = {
    "dense": (lambda: layers.Dense(3, activation="tanh"), (4, 2)),
    "dense 3 axes": (lambda: layers.Dense(3, use_bias=False), X),
    "activation": (lambda: layers.Activation("softmax"), X),
    "flatten": (lambda: layers.Flatten(), X),
    "reshape": (lambda: layers.Reshape((2, -1)), X),
    "permute": (lambda: layers.Permute((2, 1)), X),
    "repeat": (lambda: layers.RepeatVector(3), (4, 2)),
    "normalization": (lambda: layers.LayerNormalization(), (3, 5)),
    "normalization 3 axes": (lambda: layers.LayerNormalization(scale=False), X),
    "normalization of steps": (lambda: layers.LayerNormalization(1), X),
    "normalization of both": (lambda: layers.LayerNormalization([1, 2]), X),
    "batch normalization of steps": (lambda: layers.BatchNormalization(1), X),
    "batch normalization": (lambda: layers.BatchNormalization(), (4, 3)),
    "batch normalization 3 axes": (lambda: layers.BatchNormalization(scale=False), X),
    "frozen batch normalization": (lambda: layers.BatchNormalization(trainable=False), X),
    "leaky relu": (lambda: layers.LeakyReLU(), X),
    "relu": (lambda: layers.ReLU(max_value=0.9, negative_slope=0.3, threshold=0.1), X),
    "elu": (lambda: layers.ELU(0.7), X),
    "prelu": (lambda: layers.PReLU(), X),
    "prelu of steps": (lambda: layers.PReLU(shared_axes=[2]), X),
    "softmax": (lambda: layers.Softmax(axis=1), X),
    "unit normalization": (lambda: layers.UnitNormalization(axis=(1, 2)), X),
    "gaussian dropout": (lambda: layers.GaussianDropout(0.0), X),
    "conv": (lambda: layers.Conv1D(3, 3, activation="tanh"), (2, 7, 2)),
    "conv same": (lambda: layers.Conv1D(3, 4, 3, "same", use_bias=False), (2, 7, 2)),
    "conv causal": (lambda: layers.Conv1D(4, 2, 1, "causal", None, 3, 2), (2, 7, 4)),
    "conv step": (lambda: layers.Conv1D(3, 1, activation="softmax"), (2, 7, 2)),
    "separable conv": (lambda: layers.SeparableConv1D(3, 3, 2, "same"), (2, 7, 2)),
    "separable conv apart": (
        lambda: layers.SeparableConv1D(
            3, 3, dilation_rate=2, depth_multiplier=2, activation="elu", use_bias=False
        ),
        (2, 7, 2),
    ),
    "max pooling": (lambda: layers.MaxPooling1D(3, 2, "same"), (2, 7, 2)),
    "max pooling apart": (lambda: layers.MaxPooling1D(2, 3), (2, 7, 2)),
    "average pooling": (lambda: layers.AveragePooling1D(4, 1, "same"), (2, 7, 2)),
    "global pooling": (lambda: layers.GlobalMaxPooling1D(), (2, 7, 2)),
    "zero padding": (lambda: layers.ZeroPadding1D((2, 1)), X),
    "cropping": (lambda: layers.Cropping1D((0, 1)), X),
    "up sampling": (lambda: layers.UpSampling1D(3), X),
    "time distributed conv": (
        lambda: layers.TimeDistributed(layers.Conv1D(2, 2, padding="same")),
        (2, 3, 4, 2),
    ),
    "time distributed pooling": (
        lambda: layers.TimeDistributed(layers.AveragePooling1D(2)),
        (2, 3, 4, 2),
    ),
    "masking": (lambda: layers.Masking(), X),
    "time distributed": (lambda: layers.TimeDistributed(layers.Dense(2, activation="silu")), X),
    "time distributed lstm": (lambda: layers.TimeDistributed(layers.LSTM(2)), (2, 3, 4, 2)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_others(name: str) -> None:
    make, shape = OTHERS[name]
    check(make(), rng.normal(size=shape))


def test_softmax_of_what_the_mask_leaves() -> None:
    check(layers.Softmax(), rng.normal(size=(3, 4)), MASKS["mask"])


def test_embedding() -> None:
    check(layers.Embedding(6, 3), rng.integers(0, 6, (3, 4)))


def test_nested_model_and_activity_regularizer() -> None:
    from fusedrnn import Sequential

    model = Sequential(
        [
            Sequential([layers.LSTM(3, return_sequences=True), layers.Dropout(0.0)]),
            layers.Dense(2, activity_regularizer=regularizers.L2(0.3)),
        ]
    )
    x = rng.normal(size=X)
    model.build((None, *X[1:]))
    buffer = model.pack()

    def loss() -> float:
        return float(model.forward(x, True, None).sum()) + model.activity_loss

    loss()
    model.backward(np.ones((*X[:2], 2)), False)
    got = buffer.grad.copy()
    np.testing.assert_allclose(got, numeric(loss, buffer.value), atol=1e-7)


@pytest.mark.parametrize("name", [n for n in activations.TABLE if n not in ("glu", "threshold")])
def test_activation_gradients(name: str) -> None:
    act = activations.get(name)
    x = rng.normal(size=(3, 5)) * 2
    r = rng.normal(size=x.shape)
    got = act.gradient(r, x, act(x))
    np.testing.assert_allclose(got, numeric(lambda: float((act(x) * r).sum()), x), atol=1e-7)


@pytest.mark.parametrize("name", losses.TABLE)
def test_loss_gradients(name: str) -> None:
    p = rng.uniform(0.1, 0.9, (4, 3))
    t = {
        "sparse_categorical_crossentropy": rng.integers(0, 3, 4),
        "categorical_generalized_cross_entropy": rng.integers(0, 3, 4),
        "categorical_crossentropy": np.eye(3)[rng.integers(0, 3, 4)],
        "binary_crossentropy": (rng.random((4, 3)) > 0.5) * 1.0,
    }.get(name, rng.uniform(0.1, 0.9, (4, 3)))
    w, options = rng.random(4), [{}]
    if "crossentropy" in name:
        options.append({"from_logits": True})
    for o in options:
        loss = losses.CLASSES[name](**o)
        value, got = loss.reduce(t, p, w)
        assert value == pytest.approx(loss(t, p, w), rel=1e-6)
        np.testing.assert_allclose(
            got, numeric(lambda loss=loss: loss.reduce(t, p, w)[0], p), atol=1e-7
        )


def test_regularizer_gradients() -> None:
    w = rng.normal(size=(4, 3))
    for r in (
        regularizers.L1L2(0.1, 0.2),
        regularizers.OrthogonalRegularizer(0.3),
        regularizers.OrthogonalRegularizer(0.3, "columns"),
    ):
        np.testing.assert_allclose(r.gradient(w), numeric(lambda r=r: r(w), w), atol=1e-7)
