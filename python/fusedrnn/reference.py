"""The mathematics in plain NumPy: the documentation of the kernels, and the oracle of their tests.

:func:`lstm`, :func:`gru` and :func:`rnn` take what the functions of :mod:`fusedrnn.functional` of
the same names take, with sequences (N, T, I) only, and always return the tape, which
:func:`backward` goes over. They take every activation, by name or as a pair, and one of the gates
as well, so the Keras layers run them for what the kernels do not have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ._types import Array

__all__ = ["GRU", "LSTM", "RNN", "Product", "Tape", "backward", "gru", "lstm", "rnn", "sigmoid"]

Activation: TypeAlias = tuple[Callable[[Array], Array], Callable[[Array, Array, Array], Array]]
"""``y = f(a)``, and what takes ``(dy, a, y)`` to the gradient with respect to a."""


def sigmoid(a: Array) -> Array:
    """Logistic function 1 / (1 + exp(-a)), without overflow."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, e) / (1.0 + e)


ACTIVATIONS: dict[str, Activation] = {
    "tanh": (np.tanh, lambda dy, a, y: dy * (1 - y**2)),
    "relu": (lambda a: np.maximum(a, 0), lambda dy, a, y: dy * ~(y <= 0)),  # dy where y is NaN
    "sigmoid": (sigmoid, lambda dy, a, y: dy * y * (1 - y)),
    "linear": (lambda a: a, lambda dy, a, y: dy),
}


class Product:
    """``h R + b``; with recurrent dropout each gate has the state times a mask of its own."""

    def __init__(self, R: Array, b: Array, masks: Array | None) -> None:
        self.masks = [1.0] if masks is None else masks  # without masks all gates are one
        self.kernels, self.b = np.split(R, len(self.masks), axis=1), b

    def __call__(self, h: Array) -> Array:
        """Return the product of all gates, side by side."""
        parts = zip(self.masks, self.kernels, strict=True)
        return np.hstack([(h * m) @ R for m, R in parts]) + self.b

    def dh(self, da: Array) -> Array:
        """Return the gradient of h from that of the product."""
        parts = zip(self.masks, self.kernels, self._by_gate(da), strict=True)
        dh: Array = sum(m * (da_g @ R.T) for m, R, da_g in parts)
        return dh

    def dR(self, h: Array, da: Array) -> Array:
        """Return the gradient of R, from those of the products of all steps (T, N, gates H)."""
        parts = zip(self.masks, self._by_gate(da), strict=True)
        return np.hstack([_sum_of_products(h * m, da_g) for m, da_g in parts])

    def _by_gate(self, da: Array) -> list[Array]:
        return np.split(da, len(self.masks), axis=-1)


def _sum_of_products(a: Array, b: Array) -> Array:
    """Return the sum over steps and rows of ``a.T @ b``."""
    return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])


# One step of each cell ----------------------------------------------------------------------------


class RNN:
    """``h = act(x W + h R + b)``.

    ``forward(a_x, *states)`` with ``a_x = x W + b`` returns the new states, the factors of R, one
    for each of ``products``, and what ``backward(saved, *dstates)`` needs; that returns the
    gradients of a_x, of the products side by side, and of the states. So with the other cells.
    ``gates(saved)`` returns an array for each letter of ``names``.
    """

    names = ""

    def __init__(self, R: Array, b: Array, masks: Array | None, act: Activation, gate: Activation):
        self.products = [Product(R, b, masks)]
        (self.act, self.dact), (self.gate, self.dgate) = act, gate

    def forward(self, a_x: Array, h: Array) -> Any:  # noqa: D102
        a = a_x + self.products[0](h)
        y = self.act(a)
        return [y], [h], (a, y)

    def backward(self, saved: Any, dh: Array) -> Any:  # noqa: D102
        da = self.dact(dh, *saved)
        return da, da, [self.products[0].dh(da)]

    def gates(self, saved: Any) -> tuple[Array, ...]:  # noqa: D102
        return ()


class LSTM(RNN):
    """Gates i f g o: ``c = f c + i g``, ``h = o act(c)``."""

    names = "ifgoc"

    def forward(self, a_x: Array, h: Array, c: Array) -> Any:  # type: ignore[override]  # noqa: D102
        a_i, a_f, a_g, a_o = np.split(a_x + self.products[0](h), 4, axis=1)
        i, f, g, o = self.gate(a_i), self.gate(a_f), self.act(a_g), self.gate(a_o)
        c_new = f * c + i * g
        s = self.act(c_new)
        return [o * s, c_new], [h], (c, (a_i, a_f, a_g, a_o), (i, f, g, o), c_new, s)

    def backward(self, saved: Any, dh: Array, dc: Array) -> Any:  # type: ignore[override]  # noqa: D102
        c, (a_i, a_f, a_g, a_o), (i, f, g, o), c_new, s = saved
        dc = dc + self.dact(dh * o, c_new, s)
        da_i, da_f = self.dgate(dc * g, a_i, i), self.dgate(dc * c, a_f, f)
        da_g, da_o = self.dact(dc * i, a_g, g), self.dgate(dh * s, a_o, o)
        da = np.hstack([da_i, da_f, da_g, da_o])
        return da, da, [self.products[0].dh(da), dc * f]

    def gates(self, saved: Any) -> tuple[Array, ...]:  # noqa: D102
        _, _, gates, c, _ = saved
        return *gates, c


class GRU(RNN):
    """Gates z r n: ``h = z h + (1 - z) n``, with r after the product of n or before it."""

    names = "zrn"

    def __init__(
        self, R: Array, b: Array, masks: Array | None, act: Activation, gate: Activation,
        reset_after: bool = True, update_gate: str = "keep",
    ):  # fmt: skip
        super().__init__(R, b, masks, act, gate)
        zr, n = np.s_[..., : 2 * len(R)], np.s_[..., 2 * len(R) :]
        masks_zr, masks_n = (None, None) if masks is None else (masks[:2], masks[2:])
        self.products = [Product(R[zr], b[zr], masks_zr), Product(R[n], b[n], masks_n)]
        self.after, self.keeps = reset_after, update_gate == "keep"

    def forward(self, a_x: Array, h: Array) -> Any:  # noqa: D102
        product_zr, product_n = self.products
        (x_z, x_r, x_n), (p_z, p_r) = np.split(a_x, 3, axis=1), np.split(product_zr(h), 2, axis=1)
        a_z, a_r = x_z + p_z, x_r + p_r
        z, r = self.gate(a_z), self.gate(a_r)
        factor = h if self.after else r * h
        p_n = product_n(factor)
        a_n = x_n + (r * p_n if self.after else p_n)
        n, keep = self.act(a_n), z if self.keeps else 1 - z
        return [keep * h + (1 - keep) * n], [h, factor], (h, (a_z, a_r, a_n), (z, r, n), keep, p_n)

    def backward(self, saved: Any, dh: Array) -> Any:  # noqa: D102
        product_zr, product_n = self.products
        h, (a_z, a_r, a_n), (z, r, n), keep, p_n = saved
        da_z = self.dgate(dh * (h - n if self.keeps else n - h), a_z, z)
        da_n = self.dact(dh * (1 - keep), a_n, n)
        dp_n = da_n * r if self.after else da_n
        dfactor = product_n.dh(dp_n)
        da_r = self.dgate(da_n * p_n if self.after else dfactor * h, a_r, r)
        da_zr = np.hstack([da_z, da_r])
        dh = dh * keep + product_zr.dh(da_zr) + (dfactor if self.after else dfactor * r)
        return np.hstack([da_zr, da_n]), np.hstack([da_zr, dp_n]), [dh]

    def gates(self, saved: Any) -> tuple[Array, ...]:  # noqa: D102
        gates: tuple[Array, ...] = saved[2]
        return gates


# All steps ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tape:
    """What :func:`backward` needs; arrays (N, T, ...) are in the order of processing."""

    cell: RNN
    order: Array | None  # (N, T), the time of each step, or None for that of x
    inside: Array  # (N, T, 1): before the end of the row
    valid: Array  # (N, T, 1): inside and not masked
    x: Array
    kernel: Array
    bias: Array | None
    steps: list[tuple[list[Array], Any]]  # factors and what is saved
    zeros: list[Array]  # one for each state

    def gates(self) -> dict[str, Array]:
        """Return the gates of each step, as the tapes of :mod:`fusedrnn.functional` do."""
        each = np.array([self.cell.gates(saved) for _, saved in self.steps], self.x.dtype)
        each = each.reshape(len(self.steps), len(self.cell.names), *self.zeros[0].shape)
        by_name = np.where(self.valid, each.transpose(1, 2, 0, 3), np.nan)
        return {
            name: _by_time(a, self.order) for name, a in zip(self.cell.names, by_name, strict=True)
        }


def lstm(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = None,
    h0: Array | None = None, c0: Array | None = None, **options: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Run an LSTM: y, h_n, c_n, tape."""
    return _forward(LSTM, x, kernel, recurrent_kernel, bias, h0, c0, **options)


def gru(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = None,
    h0: Array | None = None, **options: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Run a GRU: y, h_n, tape."""
    return _forward(GRU, x, kernel, recurrent_kernel, bias, h0, **options)


def rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = None,
    h0: Array | None = None, **options: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """Run a simple (Elman) network: y, h_n, tape."""
    return _forward(RNN, x, kernel, recurrent_kernel, bias, h0, **options)


def _forward(
    kind: Any,
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    *initial: Array | None,
    activation: str | Activation = "tanh",
    recurrent_activation: str | Activation = "sigmoid",
    lengths: Array | None = None,
    mask: Array | None = None,
    reverse: bool = False,
    return_sequences: bool = True,
    recurrent_mask: Array | None = None,
    **form: Any,
) -> tuple[Any, ...]:
    (N, T), H = x.shape[:2], len(recurrent_kernel)
    steps = np.tile(np.arange(T), (N, 1))
    ends = np.full((N, 1), T) if lengths is None else lengths[:, None]
    inside = steps < ends
    order = np.where(inside, ends - 1 - steps, steps) if reverse else None  # up to a row's end
    x = _by_step(x, order)
    valid = inside if mask is None else inside & _by_step(mask, order)

    zero = np.zeros(kernel.shape[1], x.dtype)
    # one bias for both products, or one for each
    b_x, b_h = (zero, zero) if bias is None else (bias, zero) if bias.ndim == 1 else bias
    act, gate = (
        ACTIVATIONS[a] if isinstance(a, str) else a for a in (activation, recurrent_activation)
    )
    cell = kind(recurrent_kernel, b_h, recurrent_mask, act, gate, **form)
    zeros = [np.zeros((N, H), x.dtype)] * len(initial)
    tape = Tape(
        cell=cell, order=order, inside=inside[..., None], valid=valid[..., None],
        x=x, kernel=kernel, bias=bias, steps=[], zeros=zeros,
    )  # fmt: skip
    a_x, y, output = x @ kernel + b_x, np.empty((N, T, H), x.dtype), zeros[0]
    states = [z if s is None else s for s, z in zip(initial, zeros, strict=True)]
    for t in range(T):
        new, factors, saved = cell.forward(a_x[:, t], *states)
        tape.steps.append((factors, saved))
        m = tape.valid[:, t]
        states = [np.where(m, a, b) for a, b in zip(new, states, strict=True)]
        output = np.where(m, new[0], output)  # what a masked step repeats
        y[:, t] = np.where(tape.inside[:, t], output, 0)
    return _by_time(y, order) if return_sequences else None, *states, tape


def backward(
    tape: Tape,
    dy: Array | None = None,
    dh_n: Array | None = None,
    dc_n: Array | None = None,
    *,
    need_dx: bool = True,
    out: tuple[Array, Array, Array | None] | None = None,
) -> tuple[Any, ...]:
    """Backpropagate through time: dx, dkernel, drecurrent_kernel, dbias, dh0, and of an LSTM dc0.

    Arguments and results are those of :func:`fusedrnn.functional.lstm_backward`.
    """
    cell, x, (zero, *_) = tape.cell, tape.x, tape.zeros
    dstates = [z if d is None else d for d, z in zip((dh_n, dc_n), tape.zeros, strict=False)]
    dy = np.zeros((*x.shape[:2], 1), x.dtype) if dy is None else _by_step(dy, tape.order)
    dy, carried = np.where(tape.inside, dy, 0), zero  # of an output that later steps repeat
    da_x = np.empty((*x.shape[:2], tape.kernel.shape[1]), x.dtype)
    da_h = np.empty((x.shape[1], len(x), tape.kernel.shape[1]), x.dtype)
    for t in reversed(range(len(tape.steps))):
        m, dy_t = tape.valid[:, t], carried + dy[:, t]
        dh, *rest = (np.where(m, d, 0) for d in (dstates[0] + dy_t, *dstates[1:]))
        da_x[:, t], da_h[t], before = cell.backward(tape.steps[t][1], dh, *rest)
        dstates = [np.where(m, a, b) for a, b in zip(before, dstates, strict=True)]
        carried = np.where(m, 0, dy_t)

    factors = [np.stack(f) for f in zip(*(factors for factors, _ in tape.steps), strict=True)]
    gates = np.cumsum([p.b.shape[0] for p in cell.products])[:-1]
    parts = zip(cell.products, factors, np.split(da_h, gates, axis=2), strict=True)
    sums = da_x.sum(axis=(0, 1))
    bias = tape.bias
    gradients = [
        _sum_of_products(x, da_x),
        np.hstack([product.dR(f, da) for product, f, da in parts]),
        None if bias is None else sums if bias.ndim == 1 else np.stack([sums, da_h.sum((0, 1))]),
    ]
    if out is not None:
        for place, gradient in zip(out, gradients, strict=True):
            if place is not None:
                place[...] = gradient
        gradients = list(out)
    dx = _by_time(da_x @ tape.kernel.T, tape.order) if need_dx else None
    return dx, *gradients, *dstates


def _by_step(a: Array, order: Array | None) -> Array:
    """Return a (N, T, ...) in the order of processing."""
    return a if order is None else a[np.arange(len(a))[:, None], order]


def _by_time(a: Array, order: Array | None) -> Array:
    return a if order is None else _by_step(a, np.argsort(order, axis=1))
