"""TensorFlow's names of functions of one array or two, and of those over axes, as tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .calls import _axes, _function, _reduction

# TensorFlow's names of NumPy's and this package's functions
_SAME = (
    "abs ceil cos cosh exp expm1 floor log log1p reciprocal sign sin sinh sqrt square tan tanh "
    "logical_not negative"
)
UNARY: dict[str, Any] = {name: getattr(np, name) for name in _SAME.split()} | {
    "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh,
    "atan": np.arctan, "atanh": np.arctanh, "is_nan": np.isnan, "is_finite": np.isfinite,
    "is_inf": np.isinf, "rint": np.rint, "round": np.rint, "rsqrt": ops.rsqrt,
    "erf": ops.erf, "erfc": ops.erfc, "sigmoid": ops.sigmoid, "softplus": ops.softplus,
    "log_sigmoid": ops.log_sigmoid, "softsign": ops.softsign, "relu": ops.relu, "relu6": ops.relu6,
    "elu": ops.elu, "selu": ops.selu, "silu": ops.silu, "swish": ops.silu,
    "stop_gradient": ops.stop_gradient, "identity": lambda x: x, "real": np.real,
    "zeros_like": np.zeros_like, "ones_like": np.ones_like, "matrix_transpose":
    lambda x: np.swapaxes(x, -1, -2), "trace": lambda x: np.einsum("...ii->...", x),
    "det": np.linalg.det, "inv": np.linalg.inv, "pinv": np.linalg.pinv, "cholesky":
    np.linalg.cholesky, "eigh": np.linalg.eigh, "qr": np.linalg.qr,
    "diag_part": lambda x: np.diagonal(x, axis1=-2, axis2=-1), "ensure_shape": lambda x, shape: x,
    "gelu": lambda x, approximate=False: ops.gelu(x, approximate),
    "leaky_relu": lambda x, alpha=0.2: ops.leaky_relu(x, alpha),
    "softmax": lambda x, axis=-1: ops.softmax(x, axis),
    "log_softmax": lambda x, axis=-1: ops.log_softmax(x, axis),
    "squeeze": lambda x, axis=None: np.squeeze(x, _axes(axis)), "tril": np.tril, "triu": np.triu,
    "fft": np.fft.fft, "ifft": np.fft.ifft,
    "rfft": lambda x, fft_length=None: np.fft.rfft(x, *np.ravel(fft_length or [])),
    "irfft": lambda x, fft_length=None: np.fft.irfft(x, *np.ravel(fft_length or [])),
}  # fmt: skip
_SAME = (
    "add equal greater greater_equal less less_equal logical_and logical_or logical_xor maximum "
    "minimum multiply not_equal subtract divide floor_divide bitwise_and bitwise_or bitwise_xor"
)
BINARY: dict[str, Any] = {name: getattr(np, name) for name in _SAME.split()} | {
    "atan2": np.arctan2, "floordiv": np.floor_divide, "floormod": np.remainder,
    "mod": np.remainder, "pow": np.power, "truediv": np.divide, "div": np.divide,
    "divide_no_nan": ops.divide_no_nan, "div_no_nan": ops.divide_no_nan,
    "squared_difference": lambda x, y: np.square(x - y),
    "multiply_no_nan": lambda x, y: np.where(np.equal(y, 0), 0 * y, x * y),
    "xlogy": lambda x, y: np.where(np.equal(x, 0), 0 * y, x * np.log(y)),
    "xdivy": lambda x, y: np.where(np.equal(x, 0), 0 * y, x / y),
    "matvec": lambda a, b: np.squeeze(a @ np.expand_dims(b, -1), -1),
    "solve": np.linalg.solve, "tensordot": np.tensordot, "outer": np.outer, "cross": np.cross,
}  # fmt: skip
REDUCTIONS: dict[str, Any] = {
    "reduce_all": np.all, "reduce_any": np.any, "reduce_max": np.max, "reduce_mean": np.mean,
    "reduce_min": np.min, "reduce_prod": np.prod, "reduce_std": np.std, "reduce_sum": np.sum,
    "reduce_variance": np.var, "reduce_logsumexp": ops.logsumexp,
    "reduce_euclidean_norm": lambda x, axis=None, keepdims=False: np.sqrt(
        np.sum(np.square(x), axis=axis, keepdims=keepdims)),
    "count_nonzero": lambda x, axis=None, keepdims=False: np.not_equal(x, 0).sum(
        axis=axis, keepdims=keepdims),
    "zero_fraction": lambda x, axis=None, keepdims=False: np.mean(
        np.equal(x, 0), dtype=np.float32),
}  # fmt: skip

globals().update({name: _function(name, f, 1) for name, f in UNARY.items()})
globals().update({name: _function(name, f, 2) for name, f in BINARY.items()})
globals().update({name: _reduction(name, f) for name, f in REDUCTIONS.items()})
