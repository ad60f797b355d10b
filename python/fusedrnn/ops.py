"""What losses, metrics and activations of one's own are written with, where Keras has it.

``keras.ops`` follows NumPy's names, and here they are NumPy's functions: those of Keras's that
NumPy has under the same name with the same meaning. In a loss ``autodiff`` follows the first group;
the others take arrays that no gradient goes through.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

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

from numpy.linalg import (
    cholesky as cholesky, det as det, eig as eig, eigh as eigh, inv as inv, lstsq as lstsq,
    matrix_rank as matrix_rank, norm as norm, pinv as pinv, qr as qr, slogdet as slogdet,
    solve as solve, svd as svd,
)

from . import activations as _activations, missing
from ._state import epsilon as _epsilon, floatx as _floatx
from .autodiff import Tracked as _Tracked
from .graph import KerasTensor as _KerasTensor
# fmt: on
# isort: on

convert_to_numpy = np.asarray


def is_tensor(x: Any) -> bool:
    """Whether something is an array, or stands for one: in a tape, in a graph, as a weight."""
    return isinstance(x, (np.ndarray, _Tracked, _KerasTensor)) or hasattr(x, "now")


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """Return an array."""
    if not is_tensor(x):
        return convert_to_numpy(x, dtype)
    return x if dtype is None else cast(x, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """Return an array in another type."""
    x = getattr(x, "now", x)
    if isinstance(x, _KerasTensor):
        return x._apply(cast, (x,), {"dtype": np.dtype(dtype).name})
    return x.astype(dtype) if hasattr(x, "astype") else convert_to_numpy(x, dtype)


def shape(x: Any) -> tuple[int, ...]:
    """Return the sizes of an array."""
    return tuple(x.shape)


def _by(activation: str, x: Any, options: dict[str, Any]) -> Any:
    """Return the values of an activation, or for a tensor without values what will have them."""
    if isinstance(x, _KerasTensor):
        return x._apply(globals()[activation], (x,), options)
    return (_activations.TABLE | _MORE)[activation](getattr(x, "now", x), **options)


def _values(function: Callable[[float], float]) -> Callable[[Any], Any]:
    return lambda x: np.vectorize(function, otypes=[x.dtype])(x)


_SLOPE = 2 / math.sqrt(math.pi)  # of erf at 0
_MORE = {
    "erf": _activations.Activation(
        "erf", _values(math.erf), lambda dy, x, y: dy * _SLOPE * np.exp(-x * x)
    ),
    "erfc": _activations.Activation(
        "erfc", _values(math.erfc), lambda dy, x, y: -dy * _SLOPE * np.exp(-x * x)
    ),
}


def erf(x: Any) -> Any:
    """Return the error function."""
    return _by("erf", x, {})


def erfc(x: Any) -> Any:
    """Return ``1 - erf(x)``."""
    return _by("erfc", x, {})


def relu6(x: Any) -> Any:
    """Return x where it is between 0 and 6, else the nearer of them."""
    return _by("relu6", x, {})


def selu(x: Any) -> Any:
    """Return the scaled exponential linear unit of Klambauer et al. (2017)."""
    return _by("selu", x, {})


def softsign(x: Any) -> Any:
    """Return ``x / (1 + abs(x))``."""
    return _by("softsign", x, {})


def hard_sigmoid(x: Any) -> Any:
    """Return ``x / 6 + 0.5`` between 0 and 1."""
    return _by("hard_sigmoid", x, {})


def log_sigmoid(x: Any) -> Any:
    """Return the logarithm of ``sigmoid``."""
    return -softplus(-x)


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


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the logarithm of the sum of ``exp(x)``."""
    highest = stop_gradient(max(x, axis=axis, keepdims=True))
    y = log(sum(exp(x - highest), axis=axis, keepdims=True)) + highest
    return y if keepdims else squeeze(y, axis)


def rsqrt(x: Any) -> Any:
    """Return ``1 / sqrt(x)``."""
    return 1 / sqrt(x)


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, 0 where ``x2`` is."""
    none = equal(x2, 0)
    return where(none, 0 * x1, x1 / where(none, 1, x2))


def moments(
    x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False
) -> tuple[Any, Any]:
    """Return the mean and the variance."""
    axes = axes if isinstance(axes, int) or axes is None else tuple(axes)
    return mean(x, axis=axes, keepdims=keepdims), var(x, axis=axes, keepdims=keepdims)


def normalize(x: Any, axis: int = -1, order: int = 2, epsilon: float | None = None) -> Any:
    """Return vectors of norm 1."""
    if order != 2:
        size = sum(absolute(x) ** order, axis=axis, keepdims=True) ** (1 / order)
        return x / maximum(size, epsilon or _epsilon())
    squares = sum(square(x), axis=axis, keepdims=True)
    return x / sqrt(maximum(squares, (epsilon or _epsilon()) ** 2))


def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Return 1 at the place of each class number, else 0."""
    hot = equal(expand_dims(convert_to_tensor(x), -1), arange(num_classes))
    return cast(hot if axis == -1 else moveaxis(hot, -1, axis), dtype or _floatx())


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """Return the largest values of the last axis, falling, and where they are."""
    places = argsort(-convert_to_tensor(x), axis=-1, kind="stable")[..., :k]
    return take_along_axis(x, places, -1), places


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return whether each class number is among the ``k`` likeliest of its row."""
    own = take_along_axis(predictions, convert_to_numpy(targets)[:, None], -1)
    return sum(predictions > own, axis=-1) < k


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """Return the parts of an array along an axis."""
    return [take(x, k, axis) for k in range(x.shape[axis] if num is None else num)]


def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:
    """Return the part of an array that starts somewhere; -1 for all the rest of an axis."""
    ends = [None if n == -1 else int(k) + int(n) for k, n in zip(start_indices, shape, strict=True)]
    key = [builtins.slice(int(k), end) for k, end in zip(start_indices, ends, strict=True)]
    return inputs[tuple(key)]


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """Return an array in which a part that starts somewhere is others."""
    out = convert_to_numpy(inputs).copy()
    ends = zip(start_indices, updates.shape, strict=True)
    out[tuple(builtins.slice(int(k), int(k) + n) for k, n in ends)] = updates
    return out


def dtype(x: Any) -> str:
    """Return the name of an array's type."""
    return np.dtype(x.dtype).name


def _logarithms(output: Any, from_logits: bool, axis: int) -> Any:
    """Return the logarithms of probabilities."""
    if from_logits:
        return log_softmax(output, axis=axis)
    output = output / sum(output, axis=axis, keepdims=True)
    return log(clip(output, _epsilon(), 1 - _epsilon()))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Return ``-t log(p) - (1 - t) log(1 - p)`` of each element."""
    if from_logits:
        return maximum(output, 0) - output * target + log1p(exp(-abs(output)))
    output = clip(output, _epsilon(), 1 - _epsilon())
    return -(target * log(output) + (1 - target) * log(1 - output))


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return the sum of ``-t log(p)`` over an axis."""
    return -sum(target * _logarithms(output, from_logits, axis), axis=axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Any:
    """Return ``-log(p)`` of the class numbers ``target``."""
    target = cast(stop_gradient(target), "int64")
    if len(target.shape) == len(output.shape) and target.shape[-1] == 1:
        target = target[..., 0]
    hot = one_hot(target, output.shape[axis], axis=axis, dtype=output.dtype)
    return categorical_crossentropy(hot, output, from_logits, axis)


# What takes functions ---------------------------------------------------------------------------


def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """Return what one of two functions gives."""
    return true_fn() if pred else false_fn()


def switch(index: Any, branches: Any, *operands: Any) -> Any:
    """Return what one of several functions gives."""
    return branches[int(index)](*operands)


def _stacked(results: list[Any]) -> Any:
    if isinstance(results[0], (tuple, list)):
        return type(results[0])([stack(each) for each in zip(*results, strict=True)])
    return stack(results)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """Return what a function gives for each part along the first axis, stacked."""
    if isinstance(xs, (tuple, list)) and is_tensor(xs[0]):
        rows: Any = [type(xs)(each) for each in zip(*builtins.map(unstack, xs), strict=True)]
    else:
        rows = unstack(convert_to_tensor(xs))
    return _stacked([f(row) for row in rows])


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """Return what a function gives for each part along the first axis, stacked."""
    return map(function, elements)


def scan(
    f: Callable[[Any, Any], Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: Any = 1,
) -> tuple[Any, Any]:
    """Return the last carry, and the results stacked, of ``carry, y = f(carry, x)``."""
    rows = [None] * (length or 0) if xs is None else unstack(xs)
    results = []
    for row in reversed(rows) if reverse else rows:
        init, y = f(init, row)
        results.append(y)
    return init, _stacked(results[::-1] if reverse else results)


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    maximum_iterations: int | None = None,
) -> Any:
    """Return the variables after ``body`` has run while ``cond`` holds of them."""
    several = isinstance(loop_vars, (tuple, list))
    values = tuple(loop_vars) if several else (loop_vars,)
    steps = 0
    while cond(*values) and (maximum_iterations is None or steps < maximum_iterations):
        found = body(*values)
        values = tuple(found) if isinstance(found, (tuple, list)) else (found,)
        steps += 1
    return type(loop_vars)(values) if several else values[0]


def fori_loop(lower: int, upper: int, body_fun: Callable[[int, Any], Any], init_val: Any) -> Any:
    """Return what ``body_fun(i, value)`` makes of a value for every i."""
    for i in range(lower, upper):
        init_val = body_fun(i, init_val)
    return init_val


def stop_gradient(variable: Any) -> Any:
    """Return the values, through which no gradient goes."""
    x = getattr(variable, "now", variable)
    return x.value if isinstance(x, _Tracked) else x


swish = silu


__all__ = sorted(name for name, value in globals().items() if callable(value) and name[0].islower())


def __dir__() -> list[str]:
    return __all__


if not TYPE_CHECKING:  # to a type checker a module with __getattr__ has every name
    missing.answer(__name__)
    _known = __getattr__  # noqa: F821 - now it is there

    def __getattr__(name: str) -> Any:
        try:
            return _known(name)
        except AttributeError:
            text = f"module {__name__!r} has no {name!r}; it has {', '.join(__all__)}"
            raise AttributeError(text) from None
