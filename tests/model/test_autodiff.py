"""Losses and activations of one's own, written with NumPy: against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Sequential, losses, ops, utils
from fusedrnn import backend as K
from fusedrnn.autodiff import Tracked, backward, differentiate
from fusedrnn.layers import LSTM, Dense

rng = np.random.default_rng(0)
P, T = rng.normal(size=(5, 3)) + 2.5, rng.normal(size=(5, 3)) + 2.5  # positive, for logarithms
BIG = np.asarray(T > 2.5)


def augmented(p: Any) -> Any:
    """Assign in place, as scripts do."""
    y = p * p
    y += p
    y *= 2
    y -= 1
    return y


@pytest.mark.parametrize(
    "function",
    [
        lambda t, p: K.sqrt(K.mean(K.square(p - t))),
        lambda t, p: K.sqrt(K.mean(K.square(p - t), axis=-1)),
        lambda t, p: 100 * K.mean(K.abs(t - p) / K.clip(K.abs(t) + K.abs(p), K.epsilon(), None)),
        lambda t, p: ops.mean(ops.log1p(ops.exp(-p)) + t**2 / p, axis=0),
        lambda t, p: np.mean(np.where(t > p, 2 * (t - p), p - t), axis=-1),
        lambda t, p: np.where(BIG, p * p, 1.0).sum(axis=1),
        lambda t, p: 1 - np.sum((t - p) ** 2) / np.sum((t - t.mean()) ** 2),
        lambda t, p: np.maximum(0.9 * (t - p), -0.1 * (t - p)),
        lambda t, p: (p[1:] - p[:-1] - t[1:] + t[:-1]) ** 2,
        lambda t, p: K.std(p, axis=0) + K.var(p, axis=0) * p[0] + 2 ** p[1],
        lambda t, p: K.max(p, axis=-1) - K.min(p) + p.mean(),
        lambda t, p: np.squeeze(np.expand_dims(p, 0) * t, 0).reshape(15) / np.reshape(p, 15),
        lambda t, p: np.tanh(p) * np.sin(p) - np.logaddexp(p, t) + np.power(p, t) + abs(-p),
        lambda t, p: np.matmul(p, t.T) @ p + np.dot(t[0], p.T @ p) + np.dot(2.0, p).sum(),
        lambda t, p: np.tensordot(p, t, 2) * np.tensordot(p, p, ([0], [0])) + np.dot(p, t[0])[:3],
        lambda t, p: np.tensordot(np.stack([p, t]), p, axes=(-1, 1)),
        lambda t, p: np.einsum("ij,kj->ik", p, t) + np.einsum("ij,ij", p, p),
        lambda t, p: np.einsum("...j,j->...", np.stack([p, t]), p[0]) * np.einsum("ij->i", p),
        lambda t, p: ops.softmax(p) * ops.sigmoid(p) + ops.log_softmax(p, axis=0) - ops.silu(p),
        lambda t, p: ops.relu(p - t) + ops.leaky_relu(p - t) + ops.elu(p - t) + ops.gelu(p),
        lambda t, p: ops.softplus(p) * ops.norm(p - t, axis=1, keepdims=True) + ops.norm(p),
        lambda t, p: np.concatenate([p, t, p * p], axis=1) + np.tile(p, (1, 3)),
        lambda t, p: np.repeat(p, 2, axis=0) * np.stack([p, t], axis=1).reshape(10, 3),
        lambda t, p: np.split(p * p, [1, 3], axis=0)[1] * np.split(p, 3, axis=1)[2][:2],
        lambda t, p: np.cumsum(p, axis=1) * np.prod(p, axis=0) + np.cumsum(p)[3] * np.prod(p),
        lambda t, p: np.prod(p - p[0], axis=1, keepdims=True) + np.where(p > t, p, p * p),
        lambda t, p: np.transpose(p, (1, 0)) * np.moveaxis(t, 0, 1) + np.swapaxes(p, 0, 1),
        lambda t, p: np.take(p, [0, 2, 2], 1) * np.roll(p, 1, 0) * np.flip(p, 1) + np.tril(p),
        lambda t, p: (
            np.pad(p, 1, constant_values=2.0) + np.pad(p, 1, "reflect") + np.pad(p, 1, "edge")
        ),
        lambda t, p: np.prod(p, axis=(0, 1)) * np.prod(p - p[0], (1, 0), keepdims=True),
        lambda t, p: np.amax(p, axis=1) * np.amin(p),
        lambda t, p: np.pad(p, 1)[1:, 1:] * np.broadcast_to(p.sum(), (6, 4)) + np.ravel(p)[0],
        lambda t, p: 1 / np.reciprocal(p) * np.log2(p) * np.log10(p) - np.sinh(p) * np.arctan(p),
        lambda t, p: K.batch_dot(p, t, 1) * K.sum(K.batch_dot(K.repeat(p, 2), K.repeat(t, 2), 1)),
        lambda t, p: K.batch_dot(K.expand_dims(p), K.expand_dims(t, 1)) + K.l2_normalize(p)[0],
        lambda t, p: K.repeat_elements(K.permute_dimensions(p, (1, 0)), 2, 0) + np.cosh(p.T[:1]),
        lambda t, p: K.concatenate([p, K.batch_flatten(p)]),
        lambda t, p: K.cast(p, "float32") * K.cast(t > p, "float32"),
        lambda t, p: np.tan(p) + np.arcsin(p / 9) - np.arccos(p / 9) + np.arctanh(p / 9),
        lambda t, p: np.arcsinh(p) + np.arccosh(p + 2) + np.exp2(p) * np.cbrt(p) + np.fabs(p),
        lambda t, p: np.arctan2(p, t) * np.hypot(p, t) + np.remainder(p, 0.7) + np.rint(p),
        lambda t, p: np.sort(p, axis=0)[:, 1:] * np.diff(p, axis=1),
        lambda t, p: (
            np.take_along_axis(p, np.argsort(t, 1), 1) + np.cumprod(p, 1) * np.cumprod(p)[4]
        ),
        lambda t, p: (
            np.nan_to_num(np.sqrt(np.maximum(p - 2.5, 0.01))) + np.nansum(p) + np.ptp(p, axis=0)
        ),
        lambda t, p: np.linalg.inv(p[:3] @ p[:3].T + np.eye(3)) @ np.linalg.solve(p[:3], t[:3]),
        lambda t, p: (
            np.outer(p[0], p[1]) * np.trace(p[:3]) + np.inner(p, t)[:3, :3] + np.diag(p[0])
        ),
        lambda t, p: np.vstack([p[0], p]) * np.hstack([p[:1], t[:1]])[:, 1:4] + np.vdot(p, t),
        lambda t, p: np.append(p, t, axis=0) * np.append(p, 1.0)[3] + np.array_split(p, 2)[0][0],
        lambda t, p: np.rot90(p) @ np.fliplr(np.flipud(p)) + np.copy(p).sum() + np.any(p > t),
        lambda t, p: ops.erf(p) * ops.logsumexp(p, axis=1, keepdims=True) + ops.rsqrt(p),
        lambda t, p: ops.top_k(p, 2)[0] * ops.normalize(p)[:, :2] + ops.moments(p, [1], True)[1],
        lambda t, p: ops.binary_crossentropy(ops.sigmoid(t), p, True) + ops.divide_no_nan(t, p),
        lambda t, p: ops.categorical_crossentropy(ops.softmax(t), ops.softmax(p)),
        lambda t, p: ops.sparse_categorical_crossentropy(np.arange(5) % 3, p, from_logits=True),
        lambda t, p: ops.map(lambda row: row / ops.sum(row), p) + ops.slice(p, (1, 0), (1, -1)),
        lambda t, p: ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * p), (0, p))[1],
        lambda t, p: K.rnn(lambda x, s: (x * s[0], [x + s[0]]), p[None], [t[:1]])[1],
        lambda t, p: K.switch(p > t, p, 2 * p) + K.relu(p - t, 0.1, 1.0) + K.std(p, 1, True),
        lambda t, p: K.binary_crossentropy(t / 9, p / 9) + K.hard_sigmoid(p - 2),
        lambda t, p: augmented(p),
    ],
)
def test_gradients(function: Callable[..., Any]) -> None:
    tracked = Tracked(P)
    y = differentiate(function, "f", T, tracked)
    np.testing.assert_allclose(y.value, function(T, P), rtol=1e-6)
    seed = np.asarray(rng.normal(size=y.shape))
    numeric = np.empty_like(P)
    for i in np.ndindex(P.shape):
        step = np.zeros_like(P)
        step[i] = 1e-6
        difference = differentiate(function, "f", T, Tracked(P + step)).value
        difference = difference - differentiate(function, "f", T, Tracked(P - step)).value
        numeric[i] = (seed * difference).sum() / 2e-6
    np.testing.assert_allclose(y.gradient(tracked, seed), numeric, rtol=1e-6, atol=1e-7)


def own_mse(y_true: Any, y_pred: Any) -> Any:
    return K.mean(K.square(y_pred - y_true), axis=-1)


class OwnMse(losses.Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return np.mean((y_pred - y_true) ** 2, axis=-1)


@pytest.mark.parametrize("loss", [own_mse, OwnMse()])
def test_a_loss_of_ones_own_trains_like_the_built_in_one(loss: Any) -> None:
    X, y = rng.normal(size=(50, 6, 2)), rng.normal(size=(50, 1))
    weight = rng.random(50)
    histories = []
    for one in (loss, "mse"):
        utils.set_random_seed(1)
        m = Sequential([Input((6, 2)), LSTM(5), Dense(1)])
        m.compile("adam", one, metrics=[own_mse])
        h = m.fit(X, y, epochs=3, verbose=0, sample_weight=weight, validation_split=0.2)
        histories.append([h.history["loss"], h.history["val_loss"], h.history["own_mse"]])
    np.testing.assert_allclose(*histories, rtol=1e-5)


def test_an_activation_of_ones_own_trains_like_the_built_in_one() -> None:
    X, y = rng.normal(size=(50, 6, 2)), rng.normal(size=50)
    results = []
    for act in (lambda x: np.maximum(x, 0), "relu"):
        utils.set_random_seed(1)
        m = Sequential([Input((6, 2)), LSTM(5, activation=act), Dense(4, act), Dense(1)])
        m.compile("adam", "mse")
        results.append(m.fit(X, y, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(*results, rtol=1e-5)


def test_what_cannot_be_differentiated_is_named() -> None:
    m = Sequential([Input((6, 2)), LSTM(5), Dense(1)])
    X, y = np.ones((4, 6, 2)), np.ones(4)
    for loss, message in {
        lambda t, p: np.median(p - t): "numpy.median has no derivative",
        lambda t, p: np.mean(t): "does not depend",
        lambda t, p: np.mean(np.asarray(p)): "only NumPy's own functions",
        lambda t, p: np.nextafter(p, 0): "numpy.nextafter has no derivative",
    }.items():
        m.compile("sgd", loss)
        with pytest.raises(TypeError, match=message):
            m.fit(X, y, verbose=0)


LOSSES = (
    "mean_squared_error mean_absolute_error mean_squared_logarithmic_error huber log_cosh hinge "
    "poisson kl_divergence cosine_similarity binary_crossentropy categorical_crossentropy "
    "sparse_categorical_crossentropy"
)


def trained(loss: Any, labels: Any) -> Any:
    """Return the weights that a few steps with a loss make of fixed ones."""
    model = fusedrnn.Sequential([fusedrnn.Input((4,)), fusedrnn.layers.Dense(3, "softmax")])
    model.set_weights([np.linspace(-1, 1, 12).reshape(4, 3), np.zeros(3)])
    model.compile(fusedrnn.optimizers.SGD(0.5), loss)
    x = np.random.default_rng(0).standard_normal((8, 4)).astype(np.float32)
    model.fit(x, labels, epochs=3, verbose=0, shuffle=False)
    return model.get_weights()[0]


@pytest.mark.parametrize("name", LOSSES.split())
def test_a_loss_of_the_users_may_call_keras_s(name: str) -> None:
    """As TensorFlow's tutorial on text generation has it."""
    function = getattr(fusedrnn.losses, name)
    labels = np.arange(8)[:, None] % 3 if "sparse" in name else np.eye(3)[np.arange(8) % 3]
    own = trained(lambda t, p: fusedrnn.ops.mean(function(t, p)), labels)
    np.testing.assert_allclose(own, trained(name, labels), rtol=1e-6)


@pytest.mark.parametrize("reduction", [None, "sum", "sum_over_batch_size"])
def test_a_loss_of_the_users_may_call_a_loss_object(reduction: Any) -> None:
    """As TensorFlow's tutorial on translation has it, which masks what the object gives."""
    labels = np.arange(8)[:, None] % 3
    of = fusedrnn.losses.SparseCategoricalCrossentropy(reduction=reduction)
    weights = np.linspace(0.5, 2, 8)

    def own(t: Any, p: Any) -> Any:
        values = of(t, p, sample_weight=weights)
        return fusedrnn.ops.sum(values) / 8 if reduction != "sum_over_batch_size" else values

    def written(t: Any, p: Any) -> Any:
        return fusedrnn.ops.sparse_categorical_crossentropy(t, p) * weights

    np.testing.assert_allclose(trained(own, labels), trained(written, labels), rtol=1e-5)


def test_an_extreme_beside_infinity() -> None:
    """As in a softmax by hand over scores that a mask has made infinite."""
    x = Tracked(np.array([[-np.inf, 1, 2], [-np.inf, 3, 3]]))
    y = np.max(x, axis=1)
    np.testing.assert_array_equal(y.value, [2, 3])
    (gradient,) = backward([(y, np.array([1.0, 4.0]))], [x])
    np.testing.assert_array_equal(gradient, [[0, 0, 1], [0, 2, 2]])
