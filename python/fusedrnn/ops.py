"""What losses, metrics and activations of one's own are written with, where Keras has it.

``keras.ops`` follows NumPy's names, and here they are NumPy's functions: those of Keras's that
NumPy has under the same name with the same meaning. In a loss ``autodiff`` follows the first group;
the others take arrays that no gradient goes through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# isort: off
# fmt: off
from numpy import (  # what autodiff differentiates, or takes as constant
    abs as abs, absolute as absolute, add as add, average as average, clip as clip, cos as cos,
    divide as divide, equal as equal, exp as exp, expand_dims as expand_dims, expm1 as expm1,
    greater as greater, greater_equal as greater_equal, isnan as isnan, less as less,
    less_equal as less_equal, log as log, log1p as log1p, logaddexp as logaddexp, max as max,
    maximum as maximum, mean as mean, min as min, minimum as minimum, multiply as multiply,
    negative as negative, not_equal as not_equal, power as power, reshape as reshape, sign as sign,
    sin as sin, sqrt as sqrt, square as square, squeeze as squeeze, std as std,
    subtract as subtract, sum as sum, tanh as tanh, true_divide as true_divide, var as var,
    where as where,
)
from numpy import (
    all as all, allclose as allclose, amax as amax, amin as amin, angle as angle, any as any,
    append as append, arange as arange, arccos as arccos, arccosh as arccosh, arcsin as arcsin,
    arcsinh as arcsinh, arctan as arctan, arctan2 as arctan2, arctanh as arctanh, argmax as argmax,
    argmin as argmin, argpartition as argpartition, argsort as argsort, array as array,
    array_split as array_split, bartlett as bartlett, bincount as bincount,
    bitwise_and as bitwise_and, bitwise_not as bitwise_not, bitwise_or as bitwise_or,
    bitwise_xor as bitwise_xor, blackman as blackman, broadcast_to as broadcast_to, cbrt as cbrt,
    ceil as ceil, concatenate as concatenate, conj as conj, conjugate as conjugate, copy as copy,
    corrcoef as corrcoef, correlate as correlate, cosh as cosh, count_nonzero as count_nonzero,
    cross as cross, cumprod as cumprod, cumsum as cumsum, deg2rad as deg2rad, diag as diag,
    diagflat as diagflat, diagonal as diagonal, diff as diff, digitize as digitize, dot as dot,
    dsplit as dsplit, dstack as dstack, einsum as einsum, empty as empty, empty_like as empty_like,
    exp2 as exp2, eye as eye, fabs as fabs, flip as flip, fliplr as fliplr, flipud as flipud,
    floor as floor, floor_divide as floor_divide, fmax as fmax, fmin as fmin, fmod as fmod,
    full as full, full_like as full_like, gcd as gcd, geomspace as geomspace, hamming as hamming,
    hanning as hanning, heaviside as heaviside, histogram as histogram, hsplit as hsplit,
    hstack as hstack, hypot as hypot, i0 as i0, identity as identity, imag as imag, inner as inner,
    isclose as isclose, isfinite as isfinite, isin as isin, isinf as isinf, isneginf as isneginf,
    isposinf as isposinf, isreal as isreal, kaiser as kaiser, kron as kron, lcm as lcm,
    ldexp as ldexp, left_shift as left_shift, linspace as linspace, log10 as log10, log2 as log2,
    logaddexp2 as logaddexp2, logical_and as logical_and, logical_not as logical_not,
    logical_or as logical_or, logical_xor as logical_xor, logspace as logspace, matmul as matmul,
    median as median, meshgrid as meshgrid, mod as mod, moveaxis as moveaxis,
    nan_to_num as nan_to_num, nanargmax as nanargmax, nanargmin as nanargmin,
    nancumprod as nancumprod, nancumsum as nancumsum, nanmax as nanmax, nanmean as nanmean,
    nanmedian as nanmedian, nanmin as nanmin, nanpercentile as nanpercentile, nanprod as nanprod,
    nanquantile as nanquantile, nanstd as nanstd, nansum as nansum, nanvar as nanvar, ndim as ndim,
    nextafter as nextafter, nonzero as nonzero, ones as ones, ones_like as ones_like,
    outer as outer, pad as pad, percentile as percentile, prod as prod, ptp as ptp,
    quantile as quantile, rad2deg as rad2deg, ravel as ravel, real as real,
    reciprocal as reciprocal, repeat as repeat, right_shift as right_shift, roll as roll,
    rot90 as rot90, round as round, searchsorted as searchsorted, select as select,
    signbit as signbit, sinc as sinc, sinh as sinh, size as size, sort as sort, split as split,
    stack as stack, swapaxes as swapaxes, take as take, take_along_axis as take_along_axis,
    tan as tan, tensordot as tensordot, tile as tile, trace as trace, transpose as transpose,
    tri as tri, tril as tril, triu as triu, trunc as trunc, unique as unique,
    unravel_index as unravel_index, vander as vander, vdot as vdot, vectorize as vectorize,
    vsplit as vsplit, vstack as vstack, zeros as zeros, zeros_like as zeros_like,
)
from numpy import asarray as convert_to_numpy

from numpy.linalg import norm as norm

from . import activations as _activations, missing
from .graph import KerasTensor as _KerasTensor
# fmt: on
# isort: on


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """Return an array; what stands for one, in a graph or in a tape, as it is."""
    return x if hasattr(x, "shape") and dtype is None else cast(x, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """Return an array in another type."""
    return x.astype(dtype) if hasattr(x, "astype") else convert_to_numpy(x, dtype)


def shape(x: Any) -> tuple[int, ...]:
    """Return the sizes of an array."""
    return tuple(x.shape)


def _by(activation: str, x: Any, options: dict[str, Any]) -> Any:
    """Return the values of an activation, or for a tensor without values what will have them."""
    if isinstance(x, _KerasTensor):
        return x._apply(globals()[activation], (x,), options)
    return _activations.TABLE[activation](getattr(x, "now", x), **options)


def relu(x: Any) -> Any:
    """Return x where it is positive, else 0."""
    return _by("relu", x, {})


def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``."""
    return _by("sigmoid", x, {})


def silu(x: Any) -> Any:
    """Return ``x * sigmoid(x)``."""
    return _by("silu", x, {})


def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``."""
    return _by("softplus", x, {})


def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x where it is positive, else ``alpha * (exp(x) - 1)``."""
    return _by("elu", x, {"alpha": alpha})


def gelu(x: Any, approximate: bool = True) -> Any:
    """Return x times the share of a normal distribution below it."""
    return _by("gelu", x, {"approximate": approximate})


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return x where it is positive, else ``negative_slope * x``."""
    return _by("leaky_relu", x, {"negative_slope": negative_slope})


def softmax(x: Any, axis: int = -1) -> Any:
    """Return ``exp(x)`` divided by its sum along an axis."""
    return _by("softmax", x, {"axis": axis})


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Return the logarithm of ``softmax``."""
    if isinstance(x, _KerasTensor):
        return x._apply(log_softmax, (x,), {"axis": axis})
    x = x - max(x, axis=axis, keepdims=True)
    return x - log(sum(exp(x), axis=axis, keepdims=True))


def stop_gradient(variable: Any) -> Any:
    """Return the values, through which no gradient goes."""
    return getattr(getattr(variable, "now", variable), "value", variable)


_HERE = sorted(name for name, value in globals().items() if callable(value) and name[0].islower())


def __dir__() -> list[str]:
    return _HERE


if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name
    missing.answer(__name__)
    _known = __getattr__  # noqa: F821 - now it is there

    def __getattr__(name: str) -> Any:
        try:
            return _known(name)
        except AttributeError:
            text = f"module {__name__!r} has no {name!r}; it has {', '.join(_HERE)}"
            raise AttributeError(text) from None
