"""The accuracy contract of csrc/kernels/math.hpp, over a dense sweep."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import _core, runtime

LIMIT = {np.float32: 87.0, np.float64: 700.0}


@pytest.fixture(params=runtime.available_isas())
def isa(request):
    with runtime.use_isa(request.param):
        yield


def exact(name, x):
    wide = x.astype(np.longdouble)
    if name == "tanh":
        return np.tanh(wide)
    return 1 / (1 + np.exp(-wide))


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_within_four_ulp(isa, name, dtype):
    limit = LIMIT[dtype]
    rng = np.random.default_rng(0)
    x = np.concatenate([
        np.linspace(-limit, limit, 400_001),
        np.linspace(-1, 1, 200_001),
        np.geomspace(1e-30, limit, 50_001),
        -np.geomspace(1e-30, limit, 50_001),
        rng.normal(size=200_000),
    ]).astype(dtype)  # fmt: skip
    expected = exact(name, x)
    error = np.abs(getattr(_core, name)(x) - expected) / np.spacing(np.abs(expected).astype(dtype))
    assert error.max() <= 4, (x[error.argmax()], error.max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_not_finite(isa, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0], dtype)
    tiny = {np.float32: 2e-38, np.float64: 1e-300}[dtype]
    np.testing.assert_allclose(_core.sigmoid(x), [np.nan, 1, 0, 1, 0, 0.5], rtol=0, atol=tiny)
    np.testing.assert_array_equal(_core.tanh(x), np.array([np.nan, 1, -1, 1, -1, 0], dtype))
