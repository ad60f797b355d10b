"""The functional API: packed weights, steps, views, repeated backward passes, and bad input."""

from __future__ import annotations

import ctypes
import mmap
import sys

import numpy as np
import pytest

from fusedrnn import _core, runtime
from fusedrnn import functional as F
from fusedrnn.cells import CELLS
from shapes import TEST_SHAPES

rng = np.random.default_rng(0)


def weights(kind, I, H, dtype=np.float32):
    width, two = CELLS[kind].gates * H, CELLS[kind].biases == 2
    shapes = [(I, width), (H, width), (2, width) if two else (width,)]
    return [rng.normal(size=s).astype(dtype) for s in shapes]


@pytest.mark.parametrize("kind", CELLS)
def test_packed_and_steps_give_the_same_bits(kind):
    N, T, I, H = 5, 7, 3, 21
    w = weights(kind, I, H)
    x = rng.normal(size=(N, T, I)).astype(np.float32)
    y, *final = getattr(F, kind)(x, *w)
    packed = CELLS[kind].packed(*w)
    for a, b in zip(packed(x), [y, *final], strict=True):
        np.testing.assert_array_equal(a, b)

    step = CELLS[kind].step(*w)
    states = [np.zeros((N, H), np.float32)] * len(final)
    for t in range(T):
        new = step(np.ascontiguousarray(x[:, t]), *states)
        states = list(new) if len(states) > 1 else [new]
        np.testing.assert_array_equal(states[0], y[:, t])


@pytest.mark.parametrize("kind", CELLS)
def test_recurrent_mask_without_training_and_kept_by_the_tape(kind):
    N, T, I, H = 5, 7, 3, 21
    w = weights(kind, I, H)
    x = rng.normal(size=(N, T, I)).astype(np.float32)
    mask = rng.random((len(w[1][0]) // H, N, H)).astype(np.float32)
    forward, backward = getattr(F, kind), getattr(F, f"{kind}_backward")
    *outputs, tape = forward(x, *w, training=True, recurrent_mask=mask)
    for a, b in zip(forward(x, *w, recurrent_mask=mask), outputs, strict=True):
        np.testing.assert_array_equal(a, b)
    before = backward(tape, outputs[0])
    mask[:] = 0
    for a, b in zip(backward(tape, outputs[0]), before, strict=True):
        np.testing.assert_array_equal(a, b)


FORMS = [(kind, {}) for kind in CELLS] + [
    ("gru", {"reset_after": False}),
    ("gru", {"gate_order": "rzn"}),
    ("gru", {"gate_order": "rzn", "reset_after": False, "update_gate": "write"}),
]


@pytest.mark.parametrize("shape", [(1, 1, 3, 21), (9, 1, 70, 50), (5, 7, 3, 21), (3, 200, 5, 10)])
@pytest.mark.parametrize("isa", runtime.available_isas())
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_calls_that_share_packed_weights_have_the_same_gradients(
    kind, form, dropout, order, shape, isa
):
    N, T, I, H = shape
    kernel, recurrent, bias = weights(kind, I, H)
    w = [np.array(kernel, order=order), np.array(recurrent, order=order), bias]
    if not form.get("reset_after", True):
        w[2] = bias[0]
    x = rng.normal(size=(N, T, I)).astype(np.float32)
    dy = rng.normal(size=(N, T, H)).astype(np.float32)
    options = {"recurrent_mask": rng.random((CELLS[kind].gates, N, H)).astype(np.float32)}
    options = options if dropout else {}
    with runtime.use_isa(isa):
        backward = getattr(F, f"{kind}_backward")
        *outputs, tape = getattr(F, kind)(x, *w, training=True, **form, **options)
        gradients = backward(tape, dy)
        packed = CELLS[kind].packed(*w, **form)
        for a in w:
            a.fill(np.nan)  # which only the tape above looks at
        with_tape = packed(x, training=True, **options)
        for a, b in zip(with_tape[:-1], outputs, strict=True):
            np.testing.assert_array_equal(a, b)
        for need_dx in (False, True, True):  # what the first leaves the others share
            got = backward(with_tape[-1], dy, need_dx=need_dx)
            assert (got[0] is None) is not need_dx
            first = 0 if need_dx else 1
            for a, b in zip(got[first:], gradients[first:], strict=True):
                np.testing.assert_array_equal(a, b)
                assert a.flags.f_contiguous == b.flags.f_contiguous
        core = getattr(_core, backward.__name__)
        first, dstates = gradients[:4], gradients[4:]
        got = core(with_tape[-1], dy, need_dstates=False)
        assert got[4:] == (None,) * len(dstates)
        for a, b in zip(got[:4], first, strict=True):
            np.testing.assert_array_equal(a, b)


def before_a_guard_page(values):
    """A copy of an array that ends where a page begins that nobody may read; Linux's mprotect."""
    page = mmap.PAGESIZE
    size = -(-values.nbytes // page) * page
    memory = mmap.mmap(-1, size + page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address + size), page, 0) == 0
    copy = np.frombuffer(memory, values.dtype, values.size, size - values.nbytes)
    copy = copy.reshape(values.shape)
    copy[...] = values
    return copy


@pytest.mark.skipif(sys.platform != "linux", reason="mprotect")
@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("H", [5, 21])
def test_nothing_is_read_beyond_an_array(kind, H):
    w = [before_a_guard_page(a) for a in weights(kind, 3, H)]
    x, dy = (before_a_guard_page(np.ones((2, 4, n), np.float32)) for n in (3, H))
    forward, backward = getattr(F, kind), getattr(F, f"{kind}_backward")
    *outputs, tape = forward(x, *w, training=True)
    gradients = backward(tape, dy)
    *expected, tape = forward(x.copy(), *[a.copy() for a in w], training=True)
    expected += backward(tape, dy.copy())
    for a, b in zip([*outputs, *gradients], expected, strict=True):
        np.testing.assert_array_equal(a, b)


def test_large_outputs_are_not_given_out_twice():
    w, x = weights("lstm", 8, 64), np.ones((16, 32, 8), np.float32)
    y = F.lstm(x, *w)[0]
    assert y.nbytes > 1 << 16
    before = y.copy()
    view = y[3:]
    del y
    for _ in range(3):
        assert not np.shares_memory(F.lstm(2 * x, *w)[0], view)
    np.testing.assert_array_equal(view, before[3:])


@pytest.mark.parametrize("kind", CELLS)
def test_packed_keeps_its_own_copy(kind):
    w = weights(kind, 2, 3)
    x = np.ones((1, 4, 2), np.float32)
    packed = CELLS[kind].packed(*w)
    before = packed(x)[0]
    w[0][:] = 0
    np.testing.assert_array_equal(packed(x)[0], before)


def test_windows_are_read_without_a_copy():
    series = rng.normal(size=(100, 2)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(series, 10, axis=0).swapaxes(1, 2)
    assert windows.strides[2] == 4
    assert not windows.flags.c_contiguous
    w = weights("gru", 2, 9)
    np.testing.assert_array_equal(F.gru(windows, *w)[0], F.gru(windows.copy(), *w)[0])


@pytest.mark.parametrize("isa", runtime.available_isas())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", ["lstm", "reset_after", "reset_before", "rnn"])
@pytest.mark.parametrize("shape", TEST_SHAPES)
def test_weights_in_pytorchs_layout_give_the_same_bits(isa, dtype, form, shape):
    """Fortran order, and r z n for the GRU: results, and gradients in the same layout."""
    kind = "gru" if "reset" in form else form
    order = {"lstm": [0, 1, 2, 3], "gru": [1, 0, 2], "rnn": [0]}[kind]
    (I, H, T, N), after = TEST_SHAPES[shape], form == "reset_after"
    forward, backward = getattr(F, kind), getattr(F, f"{kind}_backward")
    given = {"reset_after": after} if kind == "gru" else {}
    other = given | {"gate_order": "rzn"} if kind == "gru" else given
    w, r, b = weights(kind, I, H, dtype)
    if form == "reset_before":
        b = b[0]
    x = rng.normal(size=(N, T, I)).astype(dtype)

    def swapped(a):
        a = a.reshape(*a.shape[:-1], len(order), H)[..., order, :].reshape(a.shape)
        return np.ascontiguousarray(a)

    theirs = [np.asfortranarray(swapped(w)), np.asfortranarray(swapped(r)), swapped(b)]
    mask = rng.random((len(order), N, H)).astype(dtype)
    with runtime.use_isa(isa):
        for dropped in (None, mask):
            options = {"training": True, "recurrent_mask": dropped}
            *expected, tape = forward(x, w, r, b, **given, **options)
            *got, other_tape = forward(x, *theirs, **other, **options)
            gradients = backward(tape, *expected)
            layout = [np.empty_like(a) for a in theirs]
            for out in (None, layout):
                found = list(backward(other_tape, *expected, out=out and tuple(out)))
                for d, a in zip(found[1:3], theirs[:2], strict=True):
                    assert d.flags.f_contiguous == a.flags.f_contiguous
                found[1:4] = [swapped(d) for d in found[1:4]]
                for a, e in zip([*got, *found], [*expected, *gradients], strict=True):
                    np.testing.assert_array_equal(a, e)
        packed = CELLS[kind].packed(*theirs, **other)
        np.testing.assert_array_equal(packed(x)[0], forward(x, w, r, b, **given)[0])
        step = CELLS[kind].step(*theirs, **other)
        h = step(np.ascontiguousarray(x[:, 0]), *np.zeros((len(expected) - 1, N, H), dtype))
        np.testing.assert_array_equal(h[0] if kind == "lstm" else h, packed(x)[0][:, 0])


def test_any_strides_give_the_same():
    w = weights("lstm", 3, 9)
    x = rng.normal(size=(4, 6, 3)).astype(np.float32)
    expected = F.lstm(x, *w)[0]
    fortran = [np.asfortranarray(a) for a in w]
    backwards = np.ascontiguousarray(x[::-1])[::-1]
    for other in (np.asfortranarray(x), backwards):
        np.testing.assert_array_equal(F.lstm(other, *fortran)[0], expected)
    unaligned = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    np.testing.assert_array_equal(F.lstm(unaligned, *w)[0], expected)


@pytest.mark.parametrize("kind", CELLS)
def test_backward_twice_and_out(kind):
    w = weights(kind, 3, 9)
    x = rng.normal(size=(4, 6, 3)).astype(np.float32)
    y, *_, tape = CELLS[kind].forward(x, *w, training=True)
    first = CELLS[kind].backward(tape, np.ones_like(y))
    out = tuple(np.full_like(a, np.nan) for a in w)
    second = CELLS[kind].backward(tape, np.ones_like(y), need_dx=False, out=out)
    assert second[0] is None
    assert all(a is b for a, b in zip(second[1:4], out, strict=True))
    for a, b in zip(first[1:], second[1:], strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", ["gru", "rnn"])
@pytest.mark.parametrize(("N", "T"), [(0, 5), (3, 0), (0, 0)])
def test_nothing_to_do(N, T, kind):
    w = weights(kind, 2, 5)
    h0 = np.ones((N, 5), np.float32)
    y, h_n, tape = CELLS[kind].forward(np.ones((N, T, 2), np.float32), *w, h0, training=True)
    assert y.shape == (N, T, 5)
    np.testing.assert_array_equal(h_n, h0)
    dx, dW, _, _, dh0 = CELLS[kind].backward(tape, np.ones_like(y), h0)
    assert dx.shape == (N, T, 2)
    assert not dW.any()
    np.testing.assert_array_equal(dh0, h0)


@pytest.mark.parametrize("kind", CELLS)
def test_nan_stays_in_its_row(kind):
    w = weights(kind, 2, 5)
    x = np.ones((3, 4, 2), np.float32)
    x[1, 2, 0] = np.nan
    y = CELLS[kind].forward(x, *w)[0]
    assert np.isnan(y[1, 2:]).all()
    assert np.isfinite(y[[0, 2]]).all()
    assert np.isfinite(y[1, :2]).all()


def test_memory_does_not_grow():
    resource = pytest.importorskip("resource")
    w = weights("lstm", 16, 64)

    def work(calls):
        for n in range(calls):
            x = np.ones((1 + n % 7, 20 + n % 5, 16), np.float32)
            y, _, _, tape = F.lstm(x, *w, training=True)
            F.lstm_backward(tape, y)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    settled = work(200)
    unit = 1 if sys.platform == "darwin" else 1024  # bytes
    assert (work(2000) - settled) * unit < 4 << 20


X = np.zeros((2, 3, 4), np.float32)
W, R, B = np.zeros((4, 20), np.float32), np.zeros((5, 20), np.float32), np.zeros(20, np.float32)
BAD = {
    "rank of x": (dict(x=X[0]), ValueError, r"lstm: x has shape \(3, 4\), expected \(N, T, I\)"),
    "features of x": (dict(x=X[:, :, :3]), ValueError, r"lstm: x has shape \(2, 3, 3\)"),
    "dtype of x": (dict(x=X.astype(int)), TypeError, "lstm: x has dtype int64"),
    "half x": (dict(x=X.astype(np.float16)), TypeError, "lstm: x has dtype float16"),
    "swapped x": (dict(x=X.astype(">f4")), TypeError, "lstm: x has dtype >f4"),
    "list": (dict(x=X.tolist()), TypeError, "lstm: x is a list, expected an array"),
    "None": (dict(kernel=None), TypeError, "lstm: kernel is a NoneType"),
    "mixed": (dict(kernel=W.astype(float)), TypeError, "lstm: kernel has dtype float64"),
    "kernel": (
        dict(kernel=W[:, :19]), ValueError,
        r"lstm: kernel has shape \(4, 19\), expected \(I, 4H\) = \(4, 20\)",
    ),
    "recurrent": (
        dict(recurrent_kernel=R[:, :15]), ValueError,
        r"lstm: recurrent_kernel has shape \(5, 15\), expected \(H, 4H\) = \(5, 20\)",
    ),
    "no units": (dict(recurrent_kernel=R[:0]), ValueError, "at least one row"),
    "bias": (dict(bias=B[:7]), ValueError, r"lstm: bias has shape \(7,\), expected \(4H,\)"),
    "h0": (dict(h0=X[0]), ValueError, r"lstm: h0 has shape \(3, 4\), expected \(N, H\) = \(2, 5\)"),
    "c0": (dict(c0=X), ValueError, "lstm: c0 has shape"),
    "lengths value": (dict(lengths=[1, 4]), ValueError, "lengths has the value 4 at 1, expected 0"),
    "negative length": (dict(lengths=[-1, 3]), ValueError, "lengths has the value -1"),
    "lengths dtype": (dict(lengths=[1.0, 2.0]), TypeError, "lstm: lengths has list, expected int"),
    "lengths shape": (dict(lengths=[1, 2, 3]), ValueError, r"lengths has shape \(3,\)"),
    "lengths beyond all integers": (
        dict(lengths=np.full(2, 2**63 + 3, np.uint64)),
        ValueError,
        "lengths has the value 9223372036854775811 at 0",
    ),
    "mask of a list": (dict(mask=[[1] * 3] * 2), TypeError, "mask has dtype int64, expected"),
    "mask dtype": (dict(mask=np.ones((2, 3))), TypeError, "mask has dtype float64, expected"),
    "mask shape": (dict(mask=np.ones((3, 2), bool)), ValueError, r"mask has shape \(3, 2\)"),
    "recurrent_mask shape": (
        dict(recurrent_mask=np.ones((3, 2, 5), np.float32)), ValueError,
        r"lstm: recurrent_mask has shape \(3, 2, 5\), expected \(G, N, H\) = \(4, 2, 5\)",
    ),
    "recurrent_mask dtype": (
        dict(recurrent_mask=np.ones((4, 2, 5))), TypeError,
        "lstm: recurrent_mask has dtype float64, expected an array of float32",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    change, error, message = BAD[name]
    with pytest.raises(error, match=message):
        F.lstm(**{"x": X, "kernel": W, "recurrent_kernel": R, "bias": B, **change})


def test_bad_gru_and_backward_input():
    x, (w, r, b) = X, weights("gru", 4, 5)
    with pytest.raises(ValueError, match=r"gru: bias has shape \(2, 15\), expected \(3H,\) with"):
        F.gru(x, w, r, b, reset_after=False)
    with pytest.raises(ValueError, match="gru: update_gate is 'maybe', expected 'keep' or 'write'"):
        F.gru(x, w, r, b, update_gate="maybe")
    y, _, tape = F.gru(x, w, r, b, training=True)
    with pytest.raises(ValueError, match=r"gru_backward: dy has shape \(2, 3, 4\), expected"):
        F.gru_backward(tape, x)
    with pytest.raises(TypeError, match="out must be a tuple"):
        F.gru_backward(tape, y, out=[w, r, b])
    w.flags.writeable = False
    with pytest.raises(ValueError, match=r"out\[0\] must be writeable"):
        F.gru_backward(tape, y, out=(w, r, b))
    w = np.empty((4, 30), np.float32)[:, ::2]
    with pytest.raises(ValueError, match=r"out\[0\] must be in C or Fortran order"):
        F.gru_backward(tape, y, out=(w, r, b))
    with pytest.raises(ValueError, match="gru: gate_order is 'nrz', expected 'zrn' or 'rzn'"):
        F.gru(x, w, r, b, gate_order="nrz")
    with pytest.raises(TypeError):
        F.lstm_backward(tape, y)


RNN_W, RNN_R, RNN_B = W[:, :5].copy(), R[:, :5].copy(), B[:5].copy()
BAD_RNN = {
    "rank of x": (dict(x=X[0]), ValueError, r"rnn: x has shape \(3, 4\), expected \(N, T, I\)"),
    "features of x": (dict(x=X[:, :, :3]), ValueError, r"rnn: x has shape \(2, 3, 3\)"),
    "dtype of x": (dict(x=X.astype(int)), TypeError, "rnn: x has dtype int64"),
    "mixed": (dict(kernel=RNN_W.astype(float)), TypeError, "rnn: kernel has dtype float64"),
    "kernel of an LSTM": (
        dict(kernel=W), ValueError,
        r"rnn: kernel has shape \(4, 20\), expected \(I, H\) = \(4, 5\)",
    ),
    "recurrent": (
        dict(recurrent_kernel=R), ValueError,
        r"rnn: recurrent_kernel has shape \(5, 20\), expected \(H, H\) = \(5, 5\)",
    ),
    "no units": (dict(recurrent_kernel=RNN_R[:0]), ValueError, "at least one row"),
    "bias": (dict(bias=B), ValueError, r"rnn: bias has shape \(20,\), expected \(H,\) = \(5,\)"),
    "two biases": (dict(bias=np.stack([RNN_B] * 2)), ValueError, r"rnn: bias has shape \(2, 5\)"),
    "h0": (dict(h0=X[0]), ValueError, r"rnn: h0 has shape \(3, 4\), expected \(N, H\) = \(2, 5\)"),
    "activation": (
        dict(activation="elu"), ValueError,
        "rnn: activation is 'elu', expected 'tanh', 'relu', 'sigmoid' or 'linear'",
    ),
    "lengths value": (dict(lengths=[1, 4]), ValueError, "rnn: lengths has the value 4 at 1"),
    "lengths shape": (dict(lengths=[1, 2, 3]), ValueError, r"rnn: lengths has shape \(3,\)"),
    "mask shape": (dict(mask=np.ones((3, 2), bool)), ValueError, r"rnn: mask has shape \(3, 2\)"),
    "recurrent_mask shape": (
        dict(recurrent_mask=np.ones((4, 2, 5), np.float32)), ValueError,
        r"rnn: recurrent_mask has shape \(4, 2, 5\), expected \(G, N, H\) = \(1, 2, 5\)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_RNN)
def test_bad_input_of_an_rnn(name):
    change, error, message = BAD_RNN[name]
    given = {"x": X, "kernel": RNN_W, "recurrent_kernel": RNN_R, "bias": RNN_B, **change}
    with pytest.raises(error, match=message):
        F.rnn(**given)


def test_bad_input_of_the_other_forms_of_an_rnn():
    w, x = (RNN_W, RNN_R, RNN_B), X
    with pytest.raises(TypeError, match="c0"):
        F.rnn(x, *w, c0=X[0])  # type: ignore[call-overload]
    y, _, tape = F.rnn(x, *w, training=True)
    with pytest.raises(ValueError, match=r"rnn_backward: dy has shape \(2, 3, 4\), expected"):
        F.rnn_backward(tape, x)
    with pytest.raises(ValueError, match=r"rnn_backward: dh_n has shape \(2, 3, 5\)"):
        F.rnn_backward(tape, y, y)
    with pytest.raises(ValueError, match=r"rnn_backward: out\[0\] has shape \(5, 5\)"):
        F.rnn_backward(tape, y, out=(w[1], w[1], w[2]))
    with pytest.raises(TypeError):
        F.gru_backward(tape, y)  # type: ignore[arg-type]
    for name in ("PackedRNN", "RNNStep"):  # which the errors name, as those of the other cells
        with pytest.raises(ValueError, match=rf"^{name}: recurrent_kernel has shape \(5, 20\)"):
            getattr(F, name)(W, R, B)
    with pytest.raises(ValueError, match=r"^LSTMStep: kernel has shape \(4, 5\), expected \(I, 4H"):
        F.LSTMStep(RNN_W, R, B)
    with pytest.raises(ValueError, match=r"PackedRNN: x has shape \(2, 3, 3\)"):
        F.PackedRNN(*w)(X[:, :, :3])
    with pytest.raises(ValueError, match=r"PackedRNN: h0 has shape \(3, 4\)"):
        F.PackedRNN(*w)(X, X[0])
    with pytest.raises(ValueError, match=r"RNNStep: x has shape \(3, 5\), expected"):
        F.RNNStep(*w)(np.zeros((3, 5), np.float32), np.zeros((3, 5), np.float32))
    with pytest.raises(ValueError, match=r"RNNStep: h has shape \(2, 5\), expected"):
        F.RNNStep(*w)(X[0], np.zeros((2, 5), np.float32))


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("T", [1 << 58, 1 << 59])
def test_a_broadcast_of_any_length_is_refused(kind, T):
    x = np.broadcast_to(np.zeros((1, 1, 1), np.float32), (1, T, 1))
    mask = np.broadcast_to(np.True_, (1, T))
    w = weights(kind, 1, 7)
    for options in ({"training": True}, {"lengths": [3]}, {"mask": mask}):
        with pytest.raises(MemoryError):
            getattr(F, kind)(x, *w, return_sequences=False, **options)


def test_gradients_that_share_memory_are_refused():
    w = weights("lstm", 2, 7)
    y, _, _, tape = F.lstm(np.ones((2, 3, 2), np.float32), *w, training=True)
    room = np.zeros(300, np.float32)
    out = (room[:56].reshape(2, 28), room[10:206].reshape(7, 28), room[210:238])
    with pytest.raises(ValueError, match=r"lstm_backward: out\[0\] and out\[1\] share memory"):
        F.lstm_backward(tape, y, out=out)


@pytest.mark.parametrize("isa", runtime.available_isas())
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("N", "I", "O"),
    [(70, 13, 67), (1, 1, 1), (0, 3, 4), (1000, 27, 64), (129, 101, 8), (300, 5, 129)],
)
def test_dense(N, I, O, dtype, isa):
    x, k, b, dy = (rng.normal(size=s).astype(dtype) for s in [(N, I), (I, O), (O,), (N, O)])
    ones = np.ones((1, N), dtype)

    def close(found, left, right, plus=0.0):
        left, right = left.astype(np.float64), right.astype(np.float64)
        terms = left.shape[1] + 1  # rounded, each, by at most half of eps of the sum so far
        bound = terms * np.finfo(dtype).eps * (abs(left) @ abs(right) + abs(plus))
        assert found.dtype == dtype
        assert np.all(abs(found - (left @ right + plus)) <= bound)

    with runtime.use_isa(isa):
        close(F.dense(x, k, b), x, k, b.astype(np.float64))
        dx, dk, db = F.dense_backward(x, k, dy)
        close(dx, dy, k.T)
        close(dk, x.T, dy)
        close(db[None], ones, dy)
        with runtime.threads(2):
            for one, two in zip((dx, dk, db), F.dense_backward(x, k, dy), strict=True):
                np.testing.assert_array_equal(one, two)


def test_dense_checks_its_shapes():
    x, k, b = (rng.normal(size=s) for s in [(70, 13), (13, 67), (67,)])
    with pytest.raises(ValueError, match=r"dense: x has shape \(70, 13\), expected"):
        F.dense(x, k[:5], b)
