"""What lies where: arrays that overlap, odd addresses, bytes that are no bool, objects without one.

`tests/proofs/hostile.py` and `allocation_failures.py` try many more.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from fusedrnn import _core, cells
from fusedrnn import functional as F

rng = np.random.default_rng(3)
N, T, I, H = 3, 4, 5, 6


def arguments(kind, dtype=np.float32):
    G = cells.CELLS[kind].gates
    shapes = (N, T, I), (I, G * H), (H, G * H)
    return [rng.normal(size=s).astype(dtype) for s in shapes]


def odd(a):
    """The same values one byte off."""
    room = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    room[...] = a
    assert not room.flags.aligned
    return room


def assert_same(got, expected):
    for a, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, e)


@pytest.mark.parametrize("overlapping", ["dkernel", "dbias", "dy", "x", "kernel"])
def test_gradients_of_dense_that_share_memory_are_refused(overlapping):
    room = np.zeros(3 * 5 + 5, np.float32)
    x, kernel, dy = (rng.normal(size=s).astype("f4") for s in [(4, 3), (3, 5), (4, 5)])
    out = [room[:15].reshape(3, 5), room[15:]]
    F.dense_backward(x, kernel, dy, out=tuple(out))  # side by side is fine
    if overlapping == "dkernel":
        out[1] = room[14:19]
    elif overlapping == "dbias":
        out[1] = room[:5]
    elif overlapping == "kernel":
        out[0] = kernel
    else:
        out[1] = {"dy": dy, "x": x.reshape(-1)}[overlapping].reshape(-1)[:5]
    with pytest.raises(ValueError, match=r"dense_backward: out\[\d\] and .* share memory"):
        F.dense_backward(x, kernel, dy, out=tuple(out))


@pytest.mark.parametrize("overlapping", ["x", "kernel", "recurrent_kernel", "dy", "dh_n"])
@pytest.mark.parametrize("kind", cells.CELLS)
def test_gradients_that_share_memory_with_an_input_are_refused(kind, overlapping):
    inputs = dict(zip(("x", "kernel", "recurrent_kernel"), arguments(kind), strict=True))
    gradients = {"dy": np.ones((N, T, H), "f4"), "dh_n": np.ones((N, H), "f4")}
    room = np.zeros(1000, np.float32)
    for arrays in (inputs, gradients):
        if overlapping in arrays:
            a = arrays[overlapping]
            arrays[overlapping] = room[: a.size].reshape(a.shape)
    *_, tape = getattr(F, kind)(**inputs, training=True)
    kernel, recurrent = inputs["kernel"], inputs["recurrent_kernel"]
    out = (room[5 : 5 + kernel.size].reshape(kernel.shape), np.zeros_like(recurrent), None)
    with pytest.raises(ValueError, match=rf"{kind}_backward: out\[0\] and {overlapping} share"):
        getattr(F, f"{kind}_backward")(tape, **gradients, out=out)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adam", "nadam", "adagrad"])
def test_optimizer_arrays_are_aligned_and_apart(name):
    slots = {"sgd": ["velocity"], "rmsprop": ["velocity", "mean_grad", "increments"],
             "adam": ["momentum", "velocity", "velocity_max"], "nadam": ["momentum", "velocity"],
             "adagrad": ["accumulator"]}[name]  # fmt: skip
    rates = {"sgd": ["momentum"], "rmsprop": ["rho", "momentum", "epsilon"],
             "adam": ["alpha", "beta_1", "beta_2", "epsilon"],
             "nadam": ["m_scale", "g_scale", "v_scale", "beta_1", "beta_2", "epsilon"],
             "adagrad": ["epsilon"]}[name]  # fmt: skip
    options = dict.fromkeys(["rate", "decay", *rates], 0.5)
    options |= {"nesterov": False} if name == "sgd" else {}
    step = getattr(_core, name)

    def run(change=None, to=None):
        arrays = {k: np.ones(9, np.float32) for k in ["param", "grad", *slots]}
        if change:
            arrays[change] = arrays[to] if to else odd(arrays[change])
        step(arrays.pop("param"), arrays.pop("grad"), **arrays, **options)

    run()
    for array in ["param", "grad", *slots]:
        with pytest.raises(ValueError, match=f"{name}: {array} must be aligned"):
            run(array)
        if array != "param":
            with pytest.raises(ValueError, match=f"{name}: .* share memory"):
                run(array, "param")


@pytest.mark.parametrize("kind", cells.CELLS)
def test_odd_addresses(kind):
    x, kernel, recurrent = arguments(kind)
    lengths, h0 = np.array([4, 1, 3]), rng.normal(size=(N, H)).astype("f4")
    run, back = getattr(F, kind), getattr(F, f"{kind}_backward")
    *expected, tape = run(x, kernel, recurrent, None, h0, lengths=lengths, training=True)
    *got, odd_tape = run(odd(x), odd(kernel), odd(recurrent), None, odd(h0), lengths=odd(lengths),
                         training=True)  # fmt: skip
    assert_same(got, expected)
    y = expected[0]
    some = [0, 1, 2, 4]
    assert_same([back(odd_tape, odd(y))[k] for k in some], [back(tape, y)[k] for k in some])
    with pytest.raises(ValueError, match=rf"{kind}_backward: out\[0\] must be writeable and align"):
        back(tape, y, out=(odd(kernel), recurrent.copy(), None))


def test_lengths_are_read_once():
    # Another thread writes to the array all the while; a row's length may be any of those it had.
    code = """
import threading
import numpy as np
from fusedrnn import functional as F
lengths = np.ones(64, np.int64)
x, W, R = np.ones((64, 8, 4), "f4"), np.ones((4, 32), "f4") / 9, np.ones((8, 32), "f4") / 9
stop = False
def write():
    while not stop:
        lengths[:] = 1 << 40
        lengths[:] = 1
writer = threading.Thread(target=write)
writer.start()
answered = refused = 0
for _ in range(3000):
    try:
        F.lstm(x, W, R, lengths=lengths)
        answered += 1
    except ValueError as error:
        assert "lengths has the value" in str(error)
        refused += 1
stop = True
writer.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_any_byte_but_zero_is_a_valid_step():
    x, kernel, recurrent = arguments("gru")
    mask = rng.integers(0, 2, (N, T)).astype(np.uint8)
    expected = F.gru(x, kernel, recurrent, mask=mask != 0)
    assert_same(F.gru(x, kernel, recurrent, mask=(mask * 254).view(bool)), expected)


class Returning(np.ndarray):
    """An array whose methods return what they like."""

    def copy(self, *args, **options):
        return np.zeros(1, np.float32)

    def __array__(self, *args, **options):
        return np.zeros((1, 1))


@pytest.mark.parametrize("kind", cells.CELLS)
def test_copies_of_subclasses_are_numpys_own(kind):
    x, kernel, recurrent = arguments(kind)
    run = getattr(F, kind)
    expected = run(np.ascontiguousarray(x[:, :, ::-1]), np.ascontiguousarray(kernel[::-1]),
                   recurrent)  # fmt: skip
    got = run(x[:, :, ::-1].view(Returning), kernel[::-1].view(Returning), recurrent)
    assert_same(got, expected)
    assert all(type(a) is np.ndarray for a in got)


@pytest.mark.parametrize("kind", cells.CELLS)
def test_objects_that_were_never_made_are_refused(kind):
    cell = cells.CELLS[kind]
    x, kernel, recurrent = arguments(kind)
    *_, tape = getattr(F, kind)(x, kernel, recurrent, training=True)
    for make in (type(tape), lambda: type(tape).__new__(type(tape)),
                 lambda: object.__new__(type(tape))):  # fmt: skip
        with pytest.raises(TypeError):
            make()
    for cls, arrays in ((cell.packed, [x]), (cell.step, [x[:, 0]] * (1 + cell.states))):
        for made in (cls.__new__(cls), type("Sub", (cls,), {"__init__": lambda self: None})):
            with pytest.raises(TypeError):
                (made() if isinstance(made, type) else made)(*arrays)
        with pytest.raises(TypeError, match=f"{cls.__name__}: self is a .* whose __init__ never"):
            cls.__call__(cls.__new__(cls), *arrays)
        with pytest.raises(TypeError, match=f"{kind}_backward: tape is a {cls.__name__}, expected"):
            getattr(F, f"{kind}_backward")(cls(kernel, recurrent))
    other = next(c for name, c in cells.CELLS.items() if name != kind)
    with pytest.raises(TypeError, match=f"{cell.packed.__name__}: self is a {other.step.__name__}"):
        cell.packed.__call__(other.step.__new__(other.step), x)


@pytest.mark.parametrize("kind", cells.CELLS)
@pytest.mark.parametrize("option", ["reverse", "time_major", "training", "return_sequences"])
def test_options_that_have_no_truth_are_named(kind, option):
    with pytest.raises(TypeError, match=f"{kind}: {option} is a list, expected a bool"):
        getattr(F, kind)(*arguments(kind), **{option: [1]})
    with pytest.raises(TypeError, match=f"{kind}: activation is a int, expected 'tanh', 'relu'"):
        getattr(F, kind)(*arguments(kind), activation=3)  # type: ignore[arg-type]
