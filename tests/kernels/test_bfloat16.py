"""Weights in bfloat16: the bits of the float32 kernels on weights that were rounded before."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import cells, runtime
from fusedrnn import functional as F
from kernel_cases import CELLS, OPTIONS, assert_same_bits, make_case
from shapes import TEST_SHAPES, Shape

EDGES = {  # what rounds to what
    1.0: 1.0,
    -1.0 - 2**-8: -1.0,  # ties, to even
    1.0 + 3 * 2**-8: 1.0 + 2**-6,
    1.0 + 2**-8 + 2**-20: 1.0 + 2**-7,
    0.1: 0.10009765625,
    2.0**127 * (1.75 + 2**-9): 2.0**127 * 1.75,
    3.4e38: np.inf,  # nearer to the next power of two
    2.0**-149: 0.0,
    np.inf: np.inf,
    -np.inf: -np.inf,
}


def rounded(a):
    """To bfloat16 by the arithmetic of float32: a grid of 8 bits below each value's exponent."""
    a = np.asarray(a, np.float64)
    _, exponent = np.frexp(a)
    ulp = np.ldexp(1.0, np.maximum(exponent - 8, -133))
    return (np.rint(a / ulp) * ulp).astype(np.float32)


def arguments(case, options):
    """What a packed object is made of, and called with."""
    to_float = lambda a: None if a is None else a.astype(np.float32)  # noqa: E731
    weights = [to_float(case[k]) for k in ("kernel", "recurrent_kernel", "bias")]
    x = to_float(case["x"])
    major = options.get("time_major", False)
    inputs = np.ascontiguousarray(x.swapaxes(0, 1)) if major else x
    call = {
        "lengths": case["lengths"],
        "mask": case["mask"],
        "recurrent_mask": to_float(case["recurrent_mask"]),
        "reverse": options.get("reverse", False),
        "return_sequences": options.get("return_sequences", True),
        "time_major": major,
    }
    return weights, inputs, [to_float(s) for s in case["states"]], call


def both(kind, weights, **form):
    """Return the packed weights in bfloat16, and in float32 those rounded before."""
    kernel, recurrent_kernel, bias = weights
    packed = cells.CELLS[kind].packed
    return (
        packed(kernel, recurrent_kernel, bias, weights="bfloat16", **form),
        packed(rounded(kernel), rounded(recurrent_kernel), bias, **form),
    )


def check(cell, shape, options):
    kind, form = CELLS[cell]
    weights, x, states, call = arguments(make_case(cell, shape, options), options)
    half, whole = both(kind, weights, activation=options.get("activation", "tanh"), **form)
    assert_same_bits(half(x, *states, **call), whole(x, *states, **call))


@pytest.fixture(params=runtime.available_isas())
def isa(request):
    with runtime.use_isa(request.param):
        yield request.param


def packed_value(value):
    """The weight that the kernels have of a value, and of the same in the upper half of a pair."""
    kernel = np.full((1, 19), value, np.float32)
    half = F.PackedRNN(kernel, np.zeros((19, 19), np.float32), weights="bfloat16",
                       activation="linear")  # fmt: skip
    (lower,) = half(np.ones((1, 1, 1), np.float32))[1]
    kernel = np.concatenate([np.zeros_like(kernel), kernel])
    half = F.PackedRNN(kernel, np.zeros((19, 19), np.float32), weights="bfloat16",
                       activation="linear")  # fmt: skip
    (upper,) = half(np.ones((1, 1, 2), np.float32))[1]
    return lower, upper


@pytest.mark.parametrize("value", EDGES)
def test_rounding(isa, value):
    for got in packed_value(value):
        np.testing.assert_array_equal(got, np.float32(EDGES[value]))
    if np.isfinite(EDGES[value]):
        assert rounded(value) == np.float32(EDGES[value])


@pytest.mark.parametrize("bits", [0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0x7FFFFFFF, 0xFF80FFFF])
def test_nan_stays_nan(isa, bits):
    for got in packed_value(np.uint32(bits).view(np.float32)):
        assert np.isnan(got).all()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("option", ["plain", "recurrent_mask"])
@pytest.mark.parametrize("shape", TEST_SHAPES)
def test_every_shape(isa, shape, option, cell):
    check(cell, TEST_SHAPES[shape], OPTIONS[option])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("shape", ["lanes+1", "chunks", "few_rows"])
def test_every_option(isa, shape, option, cell):
    check(cell, TEST_SHAPES[shape], OPTIONS[option])


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("N", [1, 2, 3, 4, 5, 6, 7, 8, 16, 25])
@pytest.mark.parametrize(("I", "H"), [(3, 29), (4, 64), (27, 33), (200, 50)])
def test_every_batch(isa, N, I, H, cell):
    check(cell, Shape(I, H, 4, N), {})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("shape", [Shape(32, 128, 20, 37), Shape(60, 261, 100, 2)])
def test_every_number_of_threads(shape, cell):
    # Enough work for three threads, which share the rows or, where they are few, the units.
    for n in (1, 2, 3):
        with runtime.threads(n):
            check(cell, shape, {})


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", ["one", "lanes+1", "prime"])
def test_steps_and_orders(isa, shape, order, cell):
    kind, form = CELLS[cell]
    weights, x, states, _ = arguments(make_case(cell, TEST_SHAPES[shape], {}), {})
    _, whole = both(kind, weights, **form)
    y, *finals = whole(x, *states)
    step = cells.CELLS[kind].step(
        *(np.asarray(w, order=order) for w in weights[:2]), weights[2], weights="bfloat16", **form
    )
    for t in range(x.shape[1]):
        after = step(np.ascontiguousarray(x[:, t]), *states)
        states = list(after) if isinstance(after, tuple) else [after]
        assert_same_bits([states[0]], [np.ascontiguousarray(y[:, t])])
    assert_same_bits(states, finals)


@pytest.mark.parametrize("kind", cells.CELLS)
@pytest.mark.parametrize("H", [64, 256])
def test_the_error_is_as_the_docstrings_have_it(kind, H):
    """Of weights as large as the initializers': within 2^-8, the rounding of each weight."""
    rng, cell = np.random.default_rng(1), cells.CELLS[kind]
    width = cell.gates * H
    kernel, recurrent_kernel = (
        rng.uniform(-1, 1, size=(H, width)).astype(np.float32) / np.float32(np.sqrt(H))
        for _ in range(2)
    )
    x = rng.normal(size=(4, 50, H)).astype(np.float32)
    y = cell.packed(kernel, recurrent_kernel)(x)[0]
    error = cell.packed(kernel, recurrent_kernel, weights="bfloat16")(x)[0] - y
    relative = np.sqrt(np.mean(error**2) / np.mean(y**2))
    assert 2**-11 < relative < 2**-8
    assert np.abs(error).max() < 0.01


def gates_wide(kind, dtype, I=60, H=64):
    cell = cells.CELLS[kind]
    return [np.ones(s, dtype) for s in ((I, cell.gates * H), (H, cell.gates * H))]


@pytest.mark.parametrize("kind", cells.CELLS)
@pytest.mark.parametrize("which", ["packed", "step"])
def test_what_packed_weights_say_of_themselves(kind, which):
    make = getattr(cells.CELLS[kind], which)
    sizes = {}
    for dtype, weights in (("float64", None), ("float32", None), ("float32", "bfloat16")):
        packed = make(*gates_wide(kind, dtype), weights=weights)
        name = weights or dtype
        assert packed.weights == name
        assert repr(packed) == f"<{make.__name__} of 60 inputs and 64 units, weights in {name}>"
        sizes[name] = packed.nbytes
    assert sizes["bfloat16"] < 0.6 * sizes["float32"] < 0.4 * sizes["float64"]
    nothing = make.__new__(make)
    for ask in (repr, lambda p: p.nbytes, lambda p: p.weights):
        with pytest.raises(TypeError, match=rf"{make.__name__}: self is a .* __init__ never ran"):
            ask(nothing)


@pytest.mark.parametrize("kind", cells.CELLS)
@pytest.mark.parametrize("which", ["packed", "step"])
def test_what_is_refused(kind, which):
    make = getattr(cells.CELLS[kind], which)
    with pytest.raises(TypeError, match=rf"^{make.__name__}: weights='bfloat16' needs .* float32"):
        make(*gates_wide(kind, np.float64), weights="bfloat16")
    with pytest.raises(ValueError, match=rf"^{make.__name__}: weights is 'int8', expected"):
        make(*gates_wide(kind, np.float32), weights="int8")
    with pytest.raises(TypeError, match=rf"^{make.__name__}: weights is a int, expected"):
        make(*gates_wide(kind, np.float32), weights=8)


@pytest.mark.parametrize("kind", cells.CELLS)
def test_there_are_no_gradients(kind):
    packed = cells.CELLS[kind].packed(*gates_wide(kind, np.float32), weights="bfloat16")
    x = np.ones((2, 3, 60), np.float32)
    with pytest.raises(ValueError, match=r"training=True needs the weights themselves"):
        packed(x, training=True)
    with pytest.raises(TypeError, match=r"x has dtype float64"):
        packed(x.astype(np.float64))
