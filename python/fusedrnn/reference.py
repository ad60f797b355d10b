"""The mathematics in plain NumPy: the oracle of the tests and the documentation of the kernels.

Every function takes ``x`` of shape (N, T, I) and a boolean ``valid`` of shape (N, T) or None: at an
invalid step a row carries its state and its output is zero. Weights are in the public layout,
``kernel (I, GH)``, ``recurrent_kernel (H, GH)``, gates ``i f g o`` for the LSTM, ``z r n`` for the
GRU. Forward passes return what the backward passes need as a list of steps. ``recurrent_mask``
(G, N, H) or None is that of recurrent dropout: gate g's recurrent product has the state times it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._types import Array


def sigmoid(a: Array) -> Array:
    """Logistic function 1 / (1 + exp(-a)), without overflow."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, e) / (1.0 + e)


# Of the candidate and the cell state: the function, and its derivative from its value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "relu": (lambda a: np.maximum(a, 0), lambda y: (y > 0).astype(y.dtype)),
    "sigmoid": (sigmoid, lambda y: y * (1 - y)),
    "linear": (lambda a: a, np.ones_like),
}


def product(h: Array, R: Array, masks: Array) -> Array:
    """``h R``, each gate with its own mask on h."""
    return np.hstack([(h * m) @ R_g for m, R_g in zip(masks, gates(R, masks), strict=True)])


def product_backward(h: Array, R: Array, masks: Array, da: Array) -> tuple[Array, Array]:
    """Gradients of :func:`product`: dh, dR."""
    parts = list(zip(masks, gates(R, masks), gates(da, masks), strict=True))
    return (
        np.sum([m * (da_g @ R_g.T) for m, R_g, da_g in parts], axis=0),
        np.hstack([(h * m).T @ da_g for m, _, da_g in parts]),
    )


def gates(a: Array, masks: Array) -> list[Array]:
    """Split the columns of a into as many gates as there are masks."""
    return np.split(a, len(masks), axis=1)


def lstm(
    x: Array,
    W: Array,
    R: Array,
    b: Array,
    h: Array,
    c: Array,
    valid: Array | None = None,
    recurrent_mask: Array | None = None,
    activation: str = "tanh",
) -> tuple[Array, Array, Array, list[Any]]:
    """LSTM forward: y (N, T, H), h_n (N, H), c_n (N, H), steps."""
    act, _ = ACTIVATIONS[activation]
    y, steps = np.zeros((*x.shape[:2], R.shape[0]), x.dtype), []
    masks = np.ones((4, 1, 1), x.dtype) if recurrent_mask is None else recurrent_mask
    for t in range(x.shape[1]):
        m = np.ones((len(x), 1), bool) if valid is None else valid[:, t, None]
        a_i, a_f, a_g, a_o = np.split(x[:, t] @ W + product(h, R, masks) + b, 4, axis=1)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), act(a_g), sigmoid(a_o)
        c_new = f * c + i * g
        steps.append((x[:, t], h, c, i, f, g, o, act(c_new), m, masks))
        h, c = np.where(m, o * act(c_new), h), np.where(m, c_new, c)
        y[:, t] = np.where(m, h, 0)
    return y, h, c, steps


def lstm_backward(
    W: Array,
    R: Array,
    steps: list[Any],
    dy: Array,
    dh: Array,
    dc: Array,
    activation: str = "tanh",
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """LSTM backward: dx, dW, dR, db, dh0, dc0."""
    _, slope = ACTIVATIONS[activation]
    dx, dW, dR = np.zeros((*dy.shape[:2], len(W)), W.dtype), np.zeros_like(W), np.zeros_like(R)
    db = np.zeros(R.shape[1], R.dtype)
    for t, (x, h_prev, c_prev, i, f, g, o, act_c, m, masks) in reversed(list(enumerate(steps))):
        dh_t = np.where(m, dh + dy[:, t], 0)
        dc_t = np.where(m, dc, 0) + dh_t * o * slope(act_c)
        da = np.hstack(
            [
                dc_t * g * i * (1 - i),
                dc_t * c_prev * f * (1 - f),
                dc_t * i * slope(g),
                dh_t * act_c * o * (1 - o),
            ]
        )
        dh_prev, dR_t = product_backward(h_prev, R, masks, da)
        dx[:, t], dh, dc = da @ W.T, np.where(m, dh_prev, dh), np.where(m, dc_t * f, dc)
        dW, dR, db = dW + x.T @ da, dR + dR_t, db + da.sum(axis=0)
    return dx, dW, dR, db, dh, dc


def gru(
    x: Array,
    W: Array,
    R: Array,
    b: Array,
    h: Array,
    valid: Array | None = None,
    reset_after: bool = True,
    update_gate: str = "keep",
    recurrent_mask: Array | None = None,
    activation: str = "tanh",
) -> tuple[Array, Array, list[Any]]:
    """GRU forward: y (N, T, H), h_n (N, H), steps. ``b`` is (2, 3H) or, reset before, (3H,)."""
    y, steps, H = np.zeros((*x.shape[:2], len(R)), x.dtype), [], len(R)
    b_x, b_h = b if reset_after else (b, np.zeros_like(b))
    masks = np.ones((3, 1, 1), x.dtype) if recurrent_mask is None else recurrent_mask
    for t in range(x.shape[1]):
        m = np.ones((len(x), 1), bool) if valid is None else valid[:, t, None]
        a_x = x[:, t] @ W + b_x
        a_h = product(h, R[:, : 2 * H], masks[:2]) + b_h[: 2 * H]
        z, r = np.split(sigmoid(a_x[:, : 2 * H] + a_h), 2, axis=1)
        hn = product(h if reset_after else r * h, R[:, 2 * H :], masks[2:]) + b_h[2 * H :]
        n = ACTIVATIONS[activation][0](a_x[:, 2 * H :] + (r * hn if reset_after else hn))
        keep = z if update_gate == "keep" else 1 - z
        steps.append((x[:, t], h, z, r, n, hn, m, masks))
        h = np.where(m, keep * h + (1 - keep) * n, h)
        y[:, t] = np.where(m, h, 0)
    return y, h, steps


def gru_backward(
    W: Array,
    R: Array,
    steps: list[Any],
    dy: Array,
    dh: Array,
    reset_after: bool = True,
    update_gate: str = "keep",
    activation: str = "tanh",
) -> tuple[Array, Array, Array, Array, Array]:
    """GRU backward: dx, dW, dR, db (2, 3H) or (3H,), dh0."""
    _, slope = ACTIVATIONS[activation]
    dx, dW, dR, H = np.zeros((*dy.shape[:2], len(W)), W.dtype), np.zeros_like(W), R * 0, len(R)
    db = np.zeros((2, R.shape[1]), R.dtype)
    for t, (x, h_prev, z, r, n, hn, m, masks) in reversed(list(enumerate(steps))):
        dh_t = np.where(m, dh + dy[:, t], 0)
        keep = z if update_gate == "keep" else 1 - z
        dkeep, da_n = dh_t * (h_prev - n), dh_t * (1 - keep) * slope(n)
        da_z = (dkeep if update_gate == "keep" else -dkeep) * z * (1 - z)
        state, da_hn = (h_prev, da_n * r) if reset_after else (r * h_prev, da_n)
        dstate, dR_n = product_backward(state, R[:, 2 * H :], masks[2:], da_hn)
        da_r = (da_n * hn if reset_after else dstate * h_prev) * r * (1 - r)
        da_x, da_h = np.hstack([da_z, da_r, da_n]), np.hstack([da_z, da_r, da_hn])
        dh_zr, dR_zr = product_backward(h_prev, R[:, : 2 * H], masks[:2], da_h[:, : 2 * H])
        dh_prev = dh_t * keep + dh_zr + (dstate if reset_after else dstate * r)
        dx[:, t], dh = da_x @ W.T, np.where(m, dh_prev, dh)
        dW, db = dW + x.T @ da_x, db + np.stack([da_x.sum(axis=0), da_h.sum(axis=0)])
        dR += np.hstack([dR_zr, dR_n])
    return dx, dW, dR, db if reset_after else db[0], dh
