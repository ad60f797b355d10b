"""The recurrent cells in JAX programs on a CPU: traced, compiled, differentiated.

Not here: mathematics, and what Keras needs on top, which is in ``keras.py``.

:func:`lstm`, :func:`gru` and :func:`rnn` are those of :mod:`fusedrnn.functional` on JAX's arrays.
They are calls of XLA's foreign function interface, whose headers come with jaxlib, so the core has
them only if it was built where they are (see :data:`HOW`). ``jax.grad`` runs their own backward
pass, which runs the forward one again; ``jax.vmap`` loops; there is no forward-mode derivative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import Any

try:
    import jax
    import jax.numpy as jnp
except ImportError as error:
    raise ImportError("fusedrnn.jax needs JAX: pip install jax") from error

import numpy as np

from .. import _core
from ..cells import CELLS

__all__ = ["available", "check", "gru", "lstm", "rnn"]

HOW = (
    "pip install --force-reinstall --no-deps --no-binary fusedrnn fusedrnn "
    '-Ccmake.define.FUSEDRNN_JAX_INCLUDE="$('
    "python -c 'import jax; print(jax.ffi.include_dir())')\""
)
"""How to build the core with its calls for JAX."""

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")  # as the core numbers them


def available() -> bool:
    """Return whether the core was built with its calls for JAX."""
    return hasattr(_core, "jax_handlers")


@dataclass(frozen=True)
class _Call:
    """What to compute, apart from the arrays."""

    cell: str
    reverse: bool
    activation: str
    reset_after: bool = True
    update_gate: str = "keep"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("activation", self.activation, _ACTIVATIONS),
            ("update_gate", self.update_gate, ("keep", "write")),
        ):
            if value not in known:
                expected = ", ".join(map(repr, known))
                raise ValueError(f"{self.cell}: {name} is {value!r}, expected one of {expected}")

    def attributes(self) -> dict[str, Any]:
        return {
            "reverse": bool(self.reverse),
            "reset_after": bool(self.reset_after),
            "update_keeps": self.update_gate == "keep",
            "activation": np.int32(_ACTIVATIONS.index(self.activation)),
        }


def check() -> None:
    """Raise ImportError, which says what to do, unless :func:`available`."""
    if not available():
        raise ImportError(
            "fusedrnn.jax: the core was built where jaxlib was not, so it has no calls for JAX. "
            f"With a C++ compiler: {HOW}"
        )


@cache
def _register() -> None:
    check()
    for name, handler in vars(_core)["jax_handlers"]().items():
        jax.ffi.register_ffi_target(f"fusedrnn_{name}", handler, platform="cpu")


def _ffi(call: _Call, name: str, results: list[Any]) -> Any:
    function = jax.ffi.ffi_call(f"fusedrnn_{name}", results, vmap_method="sequential")
    return partial(function, **call.attributes())


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _run(call: _Call, *arrays: Any) -> Any:
    x, h0, c0 = arrays[0], arrays[4], arrays[5]
    y = jax.ShapeDtypeStruct((*x.shape[:2], h0.shape[1]), x.dtype)
    return _ffi(call, call.cell, [y, _like(h0), _like(c0)])(*arrays)


def _forward(call: _Call, *arrays: Any) -> Any:
    return _run(call, *arrays), arrays


def _backward(call: _Call, arrays: Any, gradients: Any) -> Any:
    differentiable = [_like(a) for a in arrays[:6]]  # all but the masks
    return (*_ffi(call, f"{call.cell}_backward", differentiable)(*arrays, *gradients), None, None)


def _like(a: Any) -> Any:
    return jax.ShapeDtypeStruct(a.shape, a.dtype)


_run.defvjp(_forward, _backward)


def _checked(
    call: _Call, x: Any, kernel: Any, recurrent_kernel: Any, bias: Any, states: Any, mask: Any,
    recurrent_mask: Any,
) -> Any:  # fmt: skip
    """Run a cell on arrays of one type and of shapes that fit, zeros where states are absent."""
    _register()
    x = jnp.asarray(x)
    if x.dtype not in (jnp.float32, jnp.float64):
        raise TypeError(f"{call.cell}: x is {x.dtype}, expected float32 or float64")
    if x.ndim != 3:
        raise ValueError(f"{call.cell}: x has shape {x.shape}, expected (N, T, I)")
    N, T, I = x.shape
    H = jnp.shape(recurrent_kernel)[0] if jnp.ndim(recurrent_kernel) == 2 else -1
    cell = CELLS[call.cell]
    GH = cell.gates * H
    two = cell.biases == 2 and call.reset_after
    nothing = jnp.zeros((0,), x.dtype)

    def fits(name: str, a: Any, shape: tuple[int, ...], letters: str, dtype: Any = x.dtype) -> Any:
        a = jnp.asarray(a)
        if a.dtype != dtype:
            raise TypeError(f"{call.cell}: {name} is {a.dtype}, expected {np.dtype(dtype)}")
        if a.shape != shape:
            raise ValueError(
                f"{call.cell}: {name} has shape {a.shape}, expected {letters} = {shape}"
            )
        return a

    G = "" if cell.gates == 1 else str(cell.gates)
    if H < 1:
        raise ValueError(
            f"{call.cell}: recurrent_kernel has shape {jnp.shape(recurrent_kernel)}, "
            f"expected (H, {G}H)"
        )
    if I < 1:
        raise ValueError(f"{call.cell}: x has shape {x.shape}, expected at least one feature")
    recurrent_kernel = fits("recurrent_kernel", recurrent_kernel, (H, GH), f"(H, {G}H)")
    kernel = fits("kernel", kernel, (I, GH), f"(I, {G}H)")
    if bias is not None:
        bias = fits("bias", bias, (2, GH) if two else (GH,), f"(2, {G}H)" if two else f"({G}H,)")
    names = ("h0", "c0")[: cell.states]
    given = [
        jnp.zeros((N, H), x.dtype) if s is None else fits(name, s, (N, H), "(N, H)")
        for name, s in zip(names, states, strict=True)
    ]
    if mask is not None:
        mask = fits("mask", mask, (N, T), "(N, T)", jnp.bool_)
    if recurrent_mask is not None:
        of_gates = (cell.gates, N, H)
        recurrent_mask = fits("recurrent_mask", recurrent_mask, of_gates, "(G, N, H)")
    if N == 0 or T == 0:
        return (jnp.zeros((N, T, H), x.dtype), *given)
    results = _run(
        call, x, kernel, recurrent_kernel,
        nothing if bias is None else bias,
        given[0], given[1] if cell.states == 2 else nothing,
        jnp.zeros((0,), bool) if mask is None else mask,
        nothing if recurrent_mask is None else recurrent_mask,
    )  # fmt: skip
    return tuple(results[: 1 + cell.states])


def lstm(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    h0: Any = None,
    c0: Any = None,
    *,
    activation: str = "tanh",
    mask: Any = None,
    reverse: bool = False,
    recurrent_mask: Any = None,
) -> tuple[Any, Any, Any]:
    """Run an LSTM over a batch of sequences: :func:`fusedrnn.functional.lstm` in JAX.

    Parameters
    ----------
    x : (N, T, I) array of float32 or float64
        All other arrays but ``mask`` have its type.
    kernel, recurrent_kernel : (I, 4H) and (H, 4H) arrays
        Gates i f g o.
    bias : (4H,) array, optional
    h0, c0 : (N, H) arrays, optional
        Initial states; zeros if absent.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        Of the candidate and of the cell state.
    mask : (N, T) bool array, optional
        False where a step is skipped: the states are carried and the output repeats the last one.
    reverse : bool
        Run from the last step to the first; ``y`` stays aligned with ``x``.
    recurrent_mask : (4, N, H) array, optional
        Recurrent dropout. Neither mask has a gradient.

    Returns
    -------
    y : (N, T, H) array
    h_n, c_n : (N, H) arrays

    Raises
    ------
    ImportError
        If the core was built without its calls for JAX.
    TypeError, ValueError
        If an array has another type or shape; they name it.

    Examples
    --------
    >>> import jax
    >>> from fusedrnn.jax import lstm
    >>> total = lambda x, *weights: lstm(x, *weights)[0].sum()
    >>> dkernel = jax.jit(jax.grad(total, 1))(x, kernel, recurrent_kernel)  # doctest: +SKIP
    """
    call = _Call("lstm", reverse, activation)
    states = (h0, c0)
    y, h_n, c_n = _checked(call, x, kernel, recurrent_kernel, bias, states, mask, recurrent_mask)
    return y, h_n, c_n


def gru(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    h0: Any = None,
    *,
    reset_after: bool = True,
    update_gate: str = "keep",
    activation: str = "tanh",
    mask: Any = None,
    reverse: bool = False,
    recurrent_mask: Any = None,
) -> tuple[Any, Any]:
    """Run a GRU over a batch of sequences: :func:`fusedrnn.functional.gru` in JAX.

    Parameters
    ----------
    x, kernel, recurrent_kernel, h0, activation, mask, reverse, recurrent_mask
        As of :func:`lstm`, with gates z r n.
    bias : (2, 3H) array with ``reset_after``, else (3H,), optional
    reset_after, update_gate
        As of :func:`fusedrnn.functional.gru`.

    Returns
    -------
    y : (N, T, H) array
    h_n : (N, H) array

    Raises
    ------
    ImportError, TypeError, ValueError
        As :func:`lstm`.
    """
    call = _Call(
        cell="gru", reverse=reverse, activation=activation, reset_after=reset_after,
        update_gate=update_gate,
    )  # fmt: skip
    y, h_n = _checked(call, x, kernel, recurrent_kernel, bias, (h0,), mask, recurrent_mask)
    return y, h_n


def rnn(
    x: Any,
    kernel: Any,
    recurrent_kernel: Any,
    bias: Any = None,
    h0: Any = None,
    *,
    activation: str = "tanh",
    mask: Any = None,
    reverse: bool = False,
    recurrent_mask: Any = None,
) -> tuple[Any, Any]:
    """Run the RNN of Elman: :func:`fusedrnn.functional.rnn` in JAX.

    Parameters
    ----------
    x, kernel, recurrent_kernel, bias, h0, activation, mask, reverse, recurrent_mask
        As of :func:`lstm`, with one gate.

    Returns
    -------
    y : (N, T, H) array
    h_n : (N, H) array

    Raises
    ------
    ImportError, TypeError, ValueError
        As :func:`lstm`.
    """
    call = _Call("rnn", reverse, activation)
    y, h_n = _checked(call, x, kernel, recurrent_kernel, bias, (h0,), mask, recurrent_mask)
    return y, h_n
