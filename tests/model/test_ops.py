"""``ops`` has what it lists, and no more of NumPy; ``backend`` has the old names."""

from __future__ import annotations

import builtins

import numpy as np
import pytest

from fusedrnn import autodiff, backend, ops

KERAS_ONLY = {"cast", "convert_to_numpy", "convert_to_tensor", "shape", "norm", "stop_gradient"}
KERAS_ONLY |= {"elu", "gelu", "leaky_relu", "log_softmax", "relu", "sigmoid", "silu", "softmax"}
KERAS_ONLY |= {"softplus"}


def test_the_operations_are_numpy_s() -> None:
    names = set(dir(ops))
    assert {"mean", "where", "log1p", "concatenate"} | KERAS_ONLY < names
    for name in names - KERAS_ONLY:
        assert getattr(ops, name) is getattr(np, name), name


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
    assert backend.sum is ops.sum is not builtins.sum
