"""The mathematics in plain NumPy: the oracle of the tests and the documentation of the kernels.

Every function takes ``x`` of shape (N, T, I) and a boolean ``valid`` of shape (N, T) or None: at an
invalid step a row carries its state and its output is zero. Weights are in the public layout,
``kernel (I, GH)``, ``recurrent_kernel (H, GH)``, gates ``i f g o`` for the LSTM, ``z r n`` for the
GRU. Forward passes return what the backward passes need as a list of steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


def sigmoid(a: Array) -> Array:
    """Logistic function 1 / (1 + exp(-a)), without overflow."""
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1.0, e) / (1.0 + e)


def lstm(
    x: Array, W: Array, R: Array, b: Array, h: Array, c: Array, valid: Array | None = None
) -> tuple[Array, Array, Array, list[Any]]:
    """LSTM forward: y (N, T, H), h_n (N, H), c_n (N, H), steps."""
    y, steps = np.zeros((*x.shape[:2], R.shape[0]), x.dtype), []
    for t in range(x.shape[1]):
        m = np.ones((len(x), 1), bool) if valid is None else valid[:, t, None]
        a_i, a_f, a_g, a_o = np.split(x[:, t] @ W + h @ R + b, 4, axis=1)
        i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
        c_new = f * c + i * g
        steps.append((x[:, t], h, c, i, f, g, o, np.tanh(c_new), m))
        h, c = np.where(m, o * np.tanh(c_new), h), np.where(m, c_new, c)
        y[:, t] = np.where(m, h, 0)
    return y, h, c, steps


def lstm_backward(
    W: Array, R: Array, steps: list[Any], dy: Array, dh: Array, dc: Array
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """LSTM backward: dx, dW, dR, db, dh0, dc0."""
    dx, dW, dR = np.zeros((*dy.shape[:2], len(W)), W.dtype), np.zeros_like(W), np.zeros_like(R)
    db = np.zeros(R.shape[1], R.dtype)
    for t, (x, h_prev, c_prev, i, f, g, o, tanh_c, m) in reversed(list(enumerate(steps))):
        dh_t = np.where(m, dh + dy[:, t], 0)
        dc_t = np.where(m, dc, 0) + dh_t * o * (1 - tanh_c**2)
        da = np.hstack(
            [
                dc_t * g * i * (1 - i),
                dc_t * c_prev * f * (1 - f),
                dc_t * i * (1 - g**2),
                dh_t * tanh_c * o * (1 - o),
            ]
        )
        dx[:, t], dh, dc = da @ W.T, np.where(m, da @ R.T, dh), np.where(m, dc_t * f, dc)
        dW, dR, db = dW + x.T @ da, dR + h_prev.T @ da, db + da.sum(axis=0)
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
) -> tuple[Array, Array, list[Any]]:
    """GRU forward: y (N, T, H), h_n (N, H), steps. ``b`` is (2, 3H) or, reset before, (3H,)."""
    y, steps, H = np.zeros((*x.shape[:2], len(R)), x.dtype), [], len(R)
    b_x, b_h = b if reset_after else (b, np.zeros_like(b))
    for t in range(x.shape[1]):
        m = np.ones((len(x), 1), bool) if valid is None else valid[:, t, None]
        a_x = x[:, t] @ W + b_x
        a_h = h @ R[:, : 2 * H] + b_h[: 2 * H]
        z, r = np.split(sigmoid(a_x[:, : 2 * H] + a_h), 2, axis=1)
        hn = h @ R[:, 2 * H :] + b_h[2 * H :]
        n = np.tanh(a_x[:, 2 * H :] + (r * hn if reset_after else (r * h) @ R[:, 2 * H :]))
        keep = z if update_gate == "keep" else 1 - z
        steps.append((x[:, t], h, z, r, n, hn, m))
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
) -> tuple[Array, Array, Array, Array, Array]:
    """GRU backward: dx, dW, dR, db (2, 3H) or (3H,), dh0."""
    dx, dW, dR, H = np.zeros((*dy.shape[:2], len(W)), W.dtype), np.zeros_like(W), R * 0, len(R)
    db = np.zeros((2, R.shape[1]), R.dtype)
    for t, (x, h_prev, z, r, n, hn, m) in reversed(list(enumerate(steps))):
        dh_t = np.where(m, dh + dy[:, t], 0)
        keep = z if update_gate == "keep" else 1 - z
        dkeep, da_n = dh_t * (h_prev - n), dh_t * (1 - keep) * (1 - n**2)
        da_z = (dkeep if update_gate == "keep" else -dkeep) * z * (1 - z)
        drh = da_n @ R[:, 2 * H :].T  # used with the reset before the product
        da_r = (da_n * hn if reset_after else drh * h_prev) * r * (1 - r)
        da_x = np.hstack([da_z, da_r, da_n])
        da_h = np.hstack([da_z, da_r, da_n * r if reset_after else da_n])
        dh_prev = dh_t * keep + np.hstack([da_z, da_r]) @ R[:, : 2 * H].T
        dh_prev = dh_prev + (da_h[:, 2 * H :] @ R[:, 2 * H :].T if reset_after else drh * r)
        dx[:, t], dh = da_x @ W.T, np.where(m, dh_prev, dh)
        dW, db = dW + x.T @ da_x, db + np.stack([da_x.sum(axis=0), da_h.sum(axis=0)])
        dR[:, : 2 * H] += h_prev.T @ da_h[:, : 2 * H]
        dR[:, 2 * H :] += (h_prev if reset_after else r * h_prev).T @ da_h[:, 2 * H :]
    return dx, dW, dR, db if reset_after else db[0], dh
