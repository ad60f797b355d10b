"""The slower path of the recurrent layers: NumPy, one Python step per time step.

It serves the activations that the fused kernels do not have. Each cell has ``forward``, which
takes the projected input of a step, and ``backward``, which returns the gradients with respect to
the projected input, to the recurrent product, and to the states. The gradient of the recurrent
kernel is one product for all steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._types import Array


class _Cell:
    """Activations, weights and the masks of recurrent dropout, (gates, N, H) or None."""

    def __init__(
        self, layer: Any, recurrent_kernel: Array, bias: Array | None, masks: Array | None
    ) -> None:
        self.act: Any = layer.activation
        self.gate: Any = getattr(layer, "recurrent_activation", None)
        self.kernel, self.bias, self.masks = recurrent_kernel, bias, masks
        self.units = len(recurrent_kernel)

    def columns(self, gate: int) -> slice:
        """Return where a gate is in the kernel."""
        return slice(gate * self.units, (gate + 1) * self.units)

    def product(self, h: Array, gates: int) -> list[Array]:
        """Return ``(h * mask) @ kernel + bias`` for the first gates."""
        if self.masks is None:
            a = h @ self.kernel[:, : gates * self.units]
        else:
            a = np.hstack(
                [(h * self.masks[g]) @ self.kernel[:, self.columns(g)] for g in range(gates)]
            )
        if self.bias is not None:
            a += self.bias[: gates * self.units]
        return np.split(a, gates, axis=1)

    def back(self, da: Array) -> Array:
        """Return the gradient of ``h`` from that of the products of the first gates."""
        if self.masks is None:
            return da @ self.kernel[:, : da.shape[1]].T
        return sum(
            da[:, self.columns(g)] @ self.kernel[:, self.columns(g)].T * self.masks[g]
            for g in range(da.shape[1] // self.units)
        )

    def weights(self, saved: list[Any], da: Array) -> Array:
        """Return the gradient of the recurrent kernel from those of all steps' products."""
        h = np.stack([s[0] for s in saved])
        if self.masks is None:
            return _sum_of_products(h, da)
        return np.hstack(
            [_sum_of_products(h * m, da[..., self.columns(g)]) for g, m in enumerate(self.masks)]
        )


def _sum_of_products(a: Array, b: Array) -> Array:
    """Return the sum over steps and rows of ``a.T @ b``."""
    return a.reshape(-1, a.shape[2]).T @ b.reshape(-1, b.shape[2])


class Simple(_Cell):
    """``h = act(a)``."""

    def forward(self, a_x: Array, h: Array) -> tuple[Any, ...]:  # noqa: D102
        a = a_x + self.product(h, 1)[0]
        y = self.act(a)
        return [y], (h, a, y)

    def backward(self, saved: Any, dh: Array) -> tuple[Any, ...]:  # noqa: D102
        _, a, y = saved
        da = self.act.gradient(dh, a, y)
        return da, da, [self.back(da)]


class LSTM(_Cell):
    """``c = f c + i g``, ``h = o act(c)``."""

    def forward(self, a_x: Array, h: Array, c: Array) -> tuple[Any, ...]:  # noqa: D102
        parts = zip(np.split(a_x, 4, axis=1), self.product(h, 4), strict=True)
        a_i, a_f, a_g, a_o = (x + p for x, p in parts)
        i, f, g, o = self.gate(a_i), self.gate(a_f), self.act(a_g), self.gate(a_o)
        c_new = f * c + i * g
        s = self.act(c_new)
        return [o * s, c_new], (h, c, (a_i, a_f, a_g, a_o), (i, f, g, o), c_new, s)

    def backward(self, saved: Any, dh: Array, dc: Array) -> tuple[Any, ...]:  # noqa: D102
        _, c, (a_i, a_f, a_g, a_o), (i, f, g, o), c_new, s = saved
        dc = dc + self.act.gradient(dh * o, c_new, s)
        da = np.hstack(
            [
                self.gate.gradient(dc * g, a_i, i),
                self.gate.gradient(dc * c, a_f, f),
                self.act.gradient(dc * i, a_g, g),
                self.gate.gradient(dh * s, a_o, o),
            ]
        )
        return da, da, [self.back(da), dc * f]


class GRU(_Cell):
    """``h = z h + (1 - z) n``; the reset gate after the product, or before it."""

    def __init__(self, layer: Any, *args: Any) -> None:
        super().__init__(layer, *args)
        self.after = layer.reset_after

    def before(self, r: Array, h: Array) -> Array:
        """Return what the candidate's kernel multiplies when the reset gate comes before it."""
        return r * h if self.masks is None else r * h * self.masks[2]

    def forward(self, a_x: Array, h: Array) -> tuple[Any, ...]:  # noqa: D102
        x_z, x_r, x_n = np.split(a_x, 3, axis=1)
        p_z, p_r, *rest = self.product(h, 3 if self.after else 2)
        a_z, a_r = x_z + p_z, x_r + p_r
        z, r = self.gate(a_z), self.gate(a_r)
        p_n = rest[0] if self.after else self.before(r, h) @ self.kernel[:, self.columns(2)]
        a_n = x_n + (r * p_n if self.after else p_n)
        n = self.act(a_n)
        return [z * h + (1 - z) * n], (h, (a_z, a_r, a_n), (z, r, n), p_n)

    def backward(self, saved: Any, dh: Array) -> tuple[Any, ...]:  # noqa: D102
        h, (a_z, a_r, a_n), (z, r, n), p_n = saved
        da_n = self.act.gradient(dh * (1 - z), a_n, n)
        da_z = self.gate.gradient(dh * (h - n), a_z, z)
        if self.after:
            da_r = self.gate.gradient(da_n * p_n, a_r, r)
            da_h = np.hstack([da_z, da_r, da_n * r])
            dh_prev = self.back(da_h)
        else:
            drh = da_n @ self.kernel[:, self.columns(2)].T
            if self.masks is not None:
                drh *= self.masks[2]
            da_r = self.gate.gradient(drh * h, a_r, r)
            da_h = np.hstack([da_z, da_r, da_n])
            dh_prev = self.back(da_h[:, : 2 * self.units]) + drh * r
        return np.hstack([da_z, da_r, da_n]), da_h, [dh_prev + dh * z]

    def weights(self, saved: list[Any], da: Array) -> Array:  # noqa: D102
        dR = super().weights(saved, da)
        if not self.after:
            rh = np.stack([self.before(gates[1], h) for h, _, gates, _ in saved])
            dR[:, self.columns(2)] = _sum_of_products(rh, da[..., self.columns(2)])
        return dR


def forward(
    layer: Any,
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None,
    states: list[Any],
    *,
    mask: Array | None = None,
    reverse: bool = False,
    return_sequences: bool = True,
    recurrent_mask: Array | None = None,
) -> tuple[Any, ...]:
    """Run over all steps; return y (aligned with x), the final states and the tape."""
    two = bias is not None and bias.ndim == 2  # one bias for each product
    a_x = x @ kernel
    b_x, b_h = (None, None) if bias is None else bias if two else (bias, None)
    if b_x is not None:
        a_x = a_x + b_x
    cell = layer.step(layer, recurrent_kernel, b_h, recurrent_mask)
    states = [np.zeros((len(x), layer.units), x.dtype) if s is None else s for s in states]
    y, saved = np.empty((*x.shape[:2], layer.units), x.dtype), []
    previous = np.zeros_like(states[0])
    steps = range(x.shape[1])[::-1] if reverse else range(x.shape[1])
    for t in steps:
        new, s = cell.forward(a_x[:, t], *states)
        saved.append(s)
        if mask is None:
            states, previous = new, new[0]
        else:
            m = mask[:, t, None]
            previous = np.where(m, new[0], previous)
            states = [np.where(m, a, b) for a, b in zip(new, states, strict=True)]
        y[:, t] = previous
    return y, *states, (layer, cell, x, kernel, bias, mask, steps, saved)


def backward(
    tape: Any, dy: Array | None = None, dh_n: Array | None = None, *, need_dx: bool = True, out: Any
) -> tuple[Any, ...]:
    """Go back over all steps; write the gradients of the weights into ``out``."""
    layer, cell, x, kernel, bias, mask, steps, saved = tape
    dkernel, drecurrent, dbias = out
    zeros = np.zeros((len(x), layer.units), x.dtype)
    dstates = [zeros if dh_n is None else dh_n] + [zeros] * (layer.state_count - 1)
    carried = zeros  # gradient of an output that later, masked steps repeat
    da_x = np.empty((*x.shape[:2], kernel.shape[1]), x.dtype)
    da_h = np.empty((x.shape[1], len(x), kernel.shape[1]), x.dtype)  # in the order of processing
    for k in reversed(range(len(saved))):
        t, s = steps[k], saved[k]
        dy_t = carried if dy is None else carried + dy[:, t]
        if mask is None:
            da_x[:, t], da_h[k], dstates = cell.backward(s, dstates[0] + dy_t, *dstates[1:])
        else:
            m = mask[:, t, None]
            dh, rest = np.where(m, dstates[0] + dy_t, 0), [np.where(m, d, 0) for d in dstates[1:]]
            da_x[:, t], da_h[k], back = cell.backward(s, dh, *rest)
            dstates = [np.where(m, b, d) for b, d in zip(back, dstates, strict=True)]
            carried = np.where(m, 0, dy_t)
    drecurrent[...] = cell.weights(saved, da_h)
    flat = da_x.reshape(-1, da_x.shape[2])
    np.matmul(x.reshape(-1, x.shape[2]).T, flat, out=dkernel)
    if dbias is not None:
        if bias.ndim == 2:
            dbias[0], dbias[1] = flat.sum(axis=0), da_h.sum(axis=(0, 1))
        else:
            flat.sum(axis=0, out=dbias)
    return da_x @ kernel.T if need_dx else None, dkernel, drecurrent, dbias, *dstates
