"""Cells, options and arguments of calls of the kernels, and the same calls by the reference.

``CELLS`` x ``OPTIONS`` x ``shapes.TEST_SHAPES`` is what every numeric test of a kernel runs over.
"""

from __future__ import annotations

import numpy as np

from fusedrnn import cells, reference
from fusedrnn import functional as F

CELLS = {
    "lstm": ("lstm", {}),
    "gru": ("gru", {}),
    "gru_write": ("gru", {"update_gate": "write"}),
    "gru_before": ("gru", {"reset_after": False}),
    "gru_before_write": ("gru", {"reset_after": False, "update_gate": "write"}),
    "rnn": ("rnn", {}),
}
OPTIONS = {
    "plain": {},
    "lengths": {"lengths": True},
    "reverse": {"reverse": True},
    "reverse_lengths": {"reverse": True, "lengths": True},
    "time_major": {"time_major": True},
    "mask": {"mask": True},
    "mask_lengths_reverse_time_major": {
        "mask": True, "lengths": True, "reverse": True, "time_major": True,
    },
    "no_bias": {"bias": False},
    "no_states": {"states": False},
    "last_only": {"return_sequences": False},
    "recurrent_mask": {"recurrent_mask": True},
    "recurrent_mask_and_the_rest": {
        "recurrent_mask": True, "mask": True, "lengths": True, "reverse": True, "time_major": True,
    },
    "relu": {"activation": "relu"},
    "sigmoid": {"activation": "sigmoid"},
    "linear": {"activation": "linear"},
    "relu_and_the_rest": {
        "activation": "relu", "recurrent_mask": True, "mask": True, "lengths": True,
    },
    "recurrent_mask_no_bias": {"recurrent_mask": True, "bias": False, "states": False},
}  # fmt: skip


def make_case(cell, shape, options, seed=0):
    """Arguments in float64, (N, T, ...) whatever time_major says, and gradients of the outputs."""
    kind, form = CELLS[cell]
    rng = np.random.default_rng(seed)
    I, H, T, N = shape
    G, states = cells.CELLS[kind].gates, cells.CELLS[kind].states
    two = cells.CELLS[kind].biases == 2 and form.get("reset_after", True)
    case = {
        "x": rng.normal(size=(N, T, I)),
        "kernel": rng.normal(size=(I, G * H)) / np.sqrt(I),
        "recurrent_kernel": rng.normal(size=(H, G * H)) / np.sqrt(H),
        "bias": rng.normal(size=(2, G * H) if two else G * H),
        "states": [rng.normal(size=(N, H)) for _ in range(states)],
        "dy": rng.normal(size=(N, T, H)),
        "dstates": [rng.normal(size=(N, H)) for _ in range(states)],
        "lengths": None,
        "mask": None,
        "recurrent_mask": None,
    }
    if not options.get("bias", True):
        case["bias"] = None
    if not options.get("states", True):
        case["states"] = [None] * states
    if options.get("lengths"):
        case["lengths"] = rng.integers(0, T + 1, size=N)
        case["lengths"][0] = T
    if options.get("mask"):
        case["mask"] = rng.random((N, T)) < 0.6
    if options.get("activation"):  # what is not bounded grows in each of 60 steps
        case["recurrent_kernel"] *= 0.3
    if options.get("recurrent_mask"):
        case["recurrent_mask"] = 2 * rng.random((G, N, H))
    return case


def run_reference_forward(cell, case, options):
    """Outputs, final states and the tape by the reference."""
    kind, form = CELLS[cell]
    return getattr(reference, kind)(
        case["x"], case["kernel"], case["recurrent_kernel"], case["bias"], *case["states"],
        lengths=case["lengths"], mask=case["mask"], reverse=options.get("reverse", False),
        return_sequences=options.get("return_sequences", True),
        recurrent_mask=case["recurrent_mask"],
        activation=options.get("activation", "tanh"), **form,
    )  # fmt: skip


def run_reference(cell, case, options):
    """Outputs and gradients by the reference, in the order of run_kernels."""
    y, *final, tape = run_reference_forward(cell, case, options)
    dy = case["dy"] if options.get("return_sequences", True) else None
    return [y, *final], list(reference.backward(tape, dy, *case["dstates"]))


def run_forward(cell, case, options, dtype, training=True):
    """What the function of the cell returns: outputs, final states and, in training, the tape."""
    kind, form = CELLS[cell]
    time_major = options.get("time_major", False)
    x, *weights = (
        None if case[k] is None else case[k].astype(dtype)
        for k in ("x", "kernel", "recurrent_kernel", "bias")
    )
    states = [None if s is None else s.astype(dtype) for s in case["states"]]
    mask = case["recurrent_mask"]
    y, *rest = getattr(F, kind)(
        np.ascontiguousarray(x.swapaxes(0, 1)) if time_major else x, *weights, *states,
        lengths=case["lengths"], mask=case["mask"], reverse=options.get("reverse", False),
        time_major=time_major, training=training,
        return_sequences=options.get("return_sequences", True),
        recurrent_mask=None if mask is None else mask.astype(dtype),
        activation=options.get("activation", "tanh"), **form,
    )  # fmt: skip
    return [y.swapaxes(0, 1) if time_major and y is not None else y, *rest]


def run_kernels(cell, case, options, dtype):
    """Outputs and gradients by the kernels, (N, T, ...) whatever time_major says."""
    *outputs, tape = run_forward(cell, case, options, dtype)
    time_major = options.get("time_major", False)
    dy = case["dy"].astype(dtype) if options.get("return_sequences", True) else None
    if time_major and dy is not None:
        dy = np.ascontiguousarray(dy.swapaxes(0, 1))
    backward = getattr(F, f"{CELLS[cell][0]}_backward")
    dx, *rest = backward(tape, dy, *(s.astype(dtype) for s in case["dstates"]))
    return outputs, [dx.swapaxes(0, 1) if time_major else dx, *rest]


def tolerances(case, dtype):
    """How far outputs and gradients may be from the exact ones, relative to the largest value.

    It follows from what the kernels promise. An activation is within 4 ULP of its exact value
    (csrc/kernels/math.hpp). A sum of n products is taken in the type itself; each addition may be
    wrong by half an ULP, and so many independent errors make the root of n times that. An output
    has been through one activation and a sum over 1 + I + H, a gradient through the slope of an
    activation, a sum over the gates (GH) and one over all rows and steps (N T) as well. Twice that
    leaves room for what earlier steps did wrong, of which a gate lets through about a half: 300
    steps are as close as 10. What is measured against the largest value of an array must have one:
    the arrays of the shape "one" are a single value that may cancel, and hold for this data.
    """
    N, T, I = case["x"].shape
    H, GH = case["recurrent_kernel"].shape
    forward = 4 + np.sqrt(1 + I + H) / 2
    backward = forward + 4 + np.sqrt(GH) / 2 + np.sqrt(N * T) / 2
    return 2 * np.finfo(dtype).eps * forward, 2 * np.finfo(dtype).eps * backward


def assert_close(got, expected, dtype, tolerance):
    for k, (a, e) in enumerate(zip(got, expected, strict=True)):
        assert (a is None) == (e is None), k
        if e is not None:
            assert a.dtype == dtype
            scale = max(np.abs(e).max(initial=0), 1e-30)
            np.testing.assert_allclose(a / scale, e / scale, rtol=0, atol=tolerance, err_msg=str(k))


def assert_same_bits(got, expected):
    for k, (a, e) in enumerate(zip(got, expected, strict=True)):
        assert (a is None) == (e is None), k
        assert a is None or a.tobytes() == e.tobytes(), k
