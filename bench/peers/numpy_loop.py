"""A loop over time in NumPy, as one writes it by hand; training is fusedrnn.reference."""

from __future__ import annotations

import numpy as np

from fusedrnn import reference

from ..case import Case
from ..contestant import Contestant

States = tuple[np.ndarray, ...]  # h first


def contestant(case: Case, threads: int) -> Contestant | None:
    """NumPy's entry."""
    if case.task not in ("inference", "training") or case.ragged:
        return None
    run = {"inference": inference, "training": training}[case.task]
    names = "y", "dx", "dkernel", "drecurrent_kernel", "dbias"  # the first alone for inference
    return Contestant(lambda: run(case), lambda out: dict(zip(names, out, strict=False)))


def sigmoid(a: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def lstm(a: np.ndarray, states: States, R: np.ndarray, b_h: np.ndarray) -> States:
    h, c = states
    a_i, a_f, a_g, a_o = np.split(a + h @ R, 4, axis=1)
    c = sigmoid(a_f) * c + sigmoid(a_i) * np.tanh(a_g)
    return sigmoid(a_o) * np.tanh(c), c


def gru(a: np.ndarray, states: States, R: np.ndarray, b_h: np.ndarray) -> States:
    (h,), H = states, len(R)
    a_h = h @ R + b_h
    z, r = np.split(sigmoid(a[:, : 2 * H] + a_h[:, : 2 * H]), 2, axis=1)
    return (z * h + (1 - z) * np.tanh(a[:, 2 * H :] + r * a_h[:, 2 * H :]),)


def gru_before(a: np.ndarray, states: States, R: np.ndarray, b_h: np.ndarray) -> States:
    (h,), H = states, len(R)
    z, r = np.split(sigmoid(a[:, : 2 * H] + h @ R[:, : 2 * H]), 2, axis=1)
    return (z * h + (1 - z) * np.tanh(a[:, 2 * H :] + (r * h) @ R[:, 2 * H :]),)


def rnn(a: np.ndarray, states: States, R: np.ndarray, b_h: np.ndarray) -> States:
    return (np.tanh(a + states[0] @ R),)


# One step: from the input product with its bias (N, GH), the states, the recurrent kernel and,
# where it has one of its own, the recurrent product's bias, the new states.
STEPS = {"lstm": lstm, "gru": gru, "gru_before": gru_before, "rnn": rnn}


def inference(case: Case) -> tuple[np.ndarray]:
    data, step = case.data, STEPS[case.cell]
    R, (b_x, b_h) = data["recurrent_kernel"], case.both_biases
    states: States = (np.zeros_like(data["h"]),) * case.form.cell.states
    y = np.empty_like(data["dy"])
    for t, a in enumerate(data["x"] @ data["kernel"] + b_x):
        states = step(a, states, R, b_h)
        y[t] = states[0]
    return (y,)


def training(case: Case) -> tuple[np.ndarray, ...]:
    data = case.data
    x, dy = data["x"].swapaxes(0, 1), data["dy"].swapaxes(0, 1)
    weights = data["kernel"], data["recurrent_kernel"], data["bias"]
    y, *_, tape = case.form.cell.reference(x, *weights, **case.form.options)
    dx, *gradients = reference.backward(tape, dy)[:4]
    return y.swapaxes(0, 1), dx.swapaxes(0, 1), *gradients
