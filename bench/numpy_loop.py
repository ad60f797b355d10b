"""A loop over time in NumPy, as one writes it by hand; training is fusedrnn.reference."""

from __future__ import annotations

import numpy as np

from fusedrnn import reference

from .case import Case
from .contestant import Contestant

NAME = "NumPy"


def contestant(case: Case, threads: int) -> Contestant | None:
    """NumPy's entry."""
    if case.task not in ("inference", "training") or case.ragged:
        return None
    run = {"inference": inference, "training": training}[case.task]
    names = "y", "dx", "dkernel", "drecurrent_kernel", "dbias"  # the first alone for inference
    return Contestant(NAME, lambda: run(case), lambda out: dict(zip(names, out, strict=False)))


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def inference(case: Case) -> tuple[np.ndarray]:
    data, H = case.data, case.shape.H
    R, b = data["recurrent_kernel"], data["bias"]
    h = c = np.zeros_like(data["h"])
    y = np.empty_like(data["dy"])
    for t, a in enumerate(data["x"] @ data["kernel"] + (b[0] if case.cell == "gru" else b)):
        if case.cell == "lstm":
            a_i, a_f, a_g, a_o = np.split(a + h @ R, 4, axis=1)
            c = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)
            h = sigmoid(a_o) * np.tanh(c)
        elif case.cell == "gru":
            a_h = h @ R + b[1]
            z, r = np.split(sigmoid(a[:, : 2 * H] + a_h[:, : 2 * H]), 2, axis=1)
            h = z * h + (1 - z) * np.tanh(a[:, 2 * H :] + r * a_h[:, 2 * H :])
        else:
            z, r = np.split(sigmoid(a[:, : 2 * H] + h @ R[:, : 2 * H]), 2, axis=1)
            h = z * h + (1 - z) * np.tanh(a[:, 2 * H :] + (r * h) @ R[:, 2 * H :])
        y[t] = h
    return (y,)


def training(case: Case) -> tuple[np.ndarray, ...]:
    data = case.data
    x, dy = data["x"].swapaxes(0, 1), data["dy"].swapaxes(0, 1)
    W, R, b = data["kernel"], data["recurrent_kernel"], data["bias"]
    if case.cell == "lstm":
        y, *_, tape = reference.lstm(x, W, R, b)
    else:
        y, *_, tape = reference.gru(x, W, R, b, reset_after=case.cell == "gru")
    gradients = reference.backward(tape, dy)
    dx, *weights = gradients[:4]
    return y.swapaxes(0, 1), dx.swapaxes(0, 1), *weights
