"""``ops`` has what it lists, and no more of NumPy; ``backend`` has the old names."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from fusedrnn import Input, Sequential, autodiff, backend, ops
from fusedrnn.layers import LSTM, Dense

KERAS_ONLY = {"cast", "convert_to_numpy", "convert_to_tensor", "shape", "norm", "stop_gradient"}
KERAS_ONLY |= {"elu", "gelu", "leaky_relu", "log_softmax", "relu", "sigmoid", "silu", "softmax"}
KERAS_ONLY |= {"softplus", "is_tensor", "erf", "erfc", "relu6", "selu", "softsign", "hard_sigmoid"}
KERAS_ONLY |= {"log_sigmoid", "logsumexp", "rsqrt", "divide_no_nan", "moments", "normalize", "map"}
KERAS_ONLY |= {"one_hot", "top_k", "in_top_k", "unstack", "slice", "slice_update", "dtype", "cond"}
KERAS_ONLY |= {"binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"}
KERAS_ONLY |= {"switch", "vectorized_map", "scan", "while_loop", "fori_loop", "swish"}


def test_the_operations_are_numpy_s() -> None:
    names = set(dir(ops))
    assert {"mean", "where", "log1p", "concatenate"} | KERAS_ONLY < names
    for name in names - KERAS_ONLY:
        assert getattr(ops, name) is getattr(np, name, getattr(np.linalg, name, None)), name


def test_keras_has_every_operation() -> None:
    keras = pytest.importorskip("keras")
    assert [name for name in dir(ops) if not hasattr(keras.ops, name)] == []


def test_what_autodiff_differentiates_is_there_where_keras_has_it() -> None:
    keras = pytest.importorskip("keras")
    known = {f.__name__ for f in (*autodiff.UFUNCS, *autodiff.FLAT, *autodiff.FUNCTIONS)}
    assert [name for name in known - set(dir(ops)) if hasattr(keras.ops, name)] == []


@pytest.mark.parametrize("name", ["loadtxt", "ndarray", "testing", "float32", "nothing"])
def test_the_rest_of_numpy_is_not(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"'fusedrnn.ops' has no '{name}'; it has .*, where,"):
        getattr(ops, name)
    assert name not in dir(ops)


def test_the_backend_of_old_scripts() -> None:
    x = np.array([[1.0, -2.0], [3.0, 4.0]])
    assert backend.sum(x) == 6
    assert backend.max(backend.abs(x)) == 4
    np.testing.assert_array_equal(backend.pow(x, 2), backend.square(x))
    np.testing.assert_array_equal(backend.switch(x > 0, x, 0.0), np.maximum(x, 0))
    assert backend.exp is ops.exp
    assert backend.sum is not builtins.sum


X = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
P = np.abs(X) / np.abs(X).sum(-1, keepdims=True)
CUBE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
LABELS = np.array([1, 0, 3])


@pytest.mark.parametrize(
    "call",
    [
        lambda ops: ops.erf(X),
        lambda ops: ops.logsumexp(X, axis=1),
        lambda ops: ops.logsumexp(X, axis=(0, 1), keepdims=True),
        lambda ops: ops.rsqrt(P),
        lambda ops: ops.divide_no_nan(X, np.array([0, 1, 2, 0], np.float32)),
        lambda ops: ops.moments(X, [0]),
        lambda ops: ops.normalize(X, axis=0),
        lambda ops: ops.normalize(X, axis=1, order=1),
        lambda ops: ops.one_hot(LABELS, 5),
        lambda ops: ops.one_hot(LABELS, 4, axis=0, dtype="int32"),
        lambda ops: ops.top_k(X, 2),
        lambda ops: ops.in_top_k(LABELS, X, 2),
        lambda ops: ops.unstack(ops.convert_to_tensor(X), axis=1),
        lambda ops: ops.slice(X, (0, 1), (2, 2)),
        lambda ops: ops.slice_update(X, (1, 1), np.zeros((2, 2), np.float32)),
        lambda ops: ops.binary_crossentropy(P, P[::-1].copy()),
        lambda ops: ops.binary_crossentropy(P, X, from_logits=True),
        lambda ops: ops.categorical_crossentropy(P, 2 * P[::-1].copy()),
        lambda ops: ops.categorical_crossentropy(P, X, from_logits=True, axis=0),
        lambda ops: ops.sparse_categorical_crossentropy(LABELS, P),
        lambda ops: ops.sparse_categorical_crossentropy(LABELS[:, None], X, from_logits=True),
        lambda ops: ops.map(lambda x: 2 * x, X),
        lambda ops: ops.scan(lambda c, x: (c + x, c * x), X[0], X),
        lambda ops: ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 2 * x), (0, X)),
        lambda ops: ops.fori_loop(0, 3, lambda i, x: x + i, X),
        lambda ops: ops.cast(X, "int32"),
        lambda ops: ops.selu(X) + ops.softsign(X) + ops.log_sigmoid(X) + ops.relu6(5 * X),
        lambda ops: ops.solve(X[:3, :3], X[:, :1]) + ops.det(X[:3, :3]),
    ],
)
def test_values_are_keras_s(call: Any) -> None:
    keras = pytest.importorskip("keras")
    pytest.importorskip("torch")
    for ours, theirs in zip(flat(call(ops)), flat(call(keras.ops)), strict=True):
        a, b = np.asarray(ours), theirs.numpy() if hasattr(theirs, "numpy") else np.asarray(theirs)
        np.testing.assert_allclose(a, b, rtol=2e-6, atol=1e-6)
        assert a.shape == b.shape
        assert a.dtype.kind == b.dtype.kind


def flat(value: Any) -> list[Any]:
    several = isinstance(value, (tuple, list))
    return [each for part in value for each in flat(part)] if several else [value]


def test_the_backend_has_keras_s_order_of_arguments_and_defaults() -> None:
    """Known values, as TensorFlow's Keras gives them."""
    np.testing.assert_array_equal(backend.argmax(CUBE[0]), [3, 3, 3])
    np.testing.assert_array_equal(backend.sum(CUBE, 1, True), CUBE.sum(1, keepdims=True))
    np.testing.assert_array_equal(backend.mean(CUBE, [1, 2]), CUBE.mean((1, 2)))
    np.testing.assert_array_equal(backend.cumsum(CUBE[0]), CUBE[0].cumsum(0))
    np.testing.assert_array_equal(backend.gather(CUBE[0], [2, 0]), CUBE[0, [2, 0]])
    np.testing.assert_array_equal(backend.clip(X, min_value=0, max_value=1), np.clip(X, 0, 1))
    np.testing.assert_array_equal(backend.hard_sigmoid(np.array([-3.0, 1, 3])), [0, 0.7, 1])
    np.testing.assert_allclose(backend.relu(np.array([-2.0, 0.5, 3]), 0.1, 1.0), [-0.2, 0.5, 1])
    np.testing.assert_array_equal(backend.temporal_padding(CUBE, (1, 2)).shape, (2, 6, 4))
    np.testing.assert_array_equal(
        backend.switch(np.array([True, False, True]), X, -X), X * [[1], [-1], [1]]
    )
    assert backend.arange(3).dtype == "int32"
    assert backend.zeros((2,)).dtype == backend.constant([1, 2]).dtype == "float32"
    v = backend.variable([1.0, 2.0])
    backend.update_add(v, [1.0, 1.0])
    backend.batch_set_value([(backend.moving_average_update(v, np.ones(2), 0.5), [3.0, 4.0])])
    assert backend.batch_get_value([v])[0].tolist() == backend.eval(v).tolist() == [3, 4]
    last, outputs, states = backend.rnn(
        lambda x, s: (x + s[0], [x + s[0]]), CUBE, [np.zeros((2, 4))]
    )
    np.testing.assert_array_equal(outputs, CUBE.cumsum(1))
    np.testing.assert_array_equal(last, states[0])
    with pytest.raises(NotImplementedError, match=r"set_learning_phase\(1\)"):
        backend.set_learning_phase(1)


def test_a_function_of_the_backend_gives_the_values_inside_a_model() -> None:
    model = Sequential([Input((3, 2)), LSTM(4), Dense(1)])
    inside = backend.function([model.input, backend.learning_phase()], [model.layers[0].output])
    x = np.ones((5, 3, 2), np.float32)
    (values,) = inside([x, 0])
    np.testing.assert_array_equal(values, np.asarray(model.layers[0](x)))
