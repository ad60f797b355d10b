"""The kernels against the float64 reference, for every instruction set, shape and option."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import functional as F
from fusedrnn import reference, runtime
from kernel_cases import (
    CELLS,
    OPTIONS,
    assert_close,
    assert_same_bits,
    make_case,
    run_forward,
    run_kernels,
    run_reference,
    run_reference_forward,
    tolerances,
)
from shapes import TEST_SHAPES


@pytest.fixture(params=runtime.available_isas())
def isa(request):
    with runtime.use_isa(request.param):
        yield request.param


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("option", ["plain", "recurrent_mask"])
@pytest.mark.parametrize("shape", TEST_SHAPES)
def test_every_shape(isa, shape, option, cell, dtype):
    options = OPTIONS[option]
    case = make_case(cell, TEST_SHAPES[shape], options)
    outputs, gradients = run_kernels(cell, case, options, dtype)
    expected_outputs, expected_gradients = run_reference(cell, case, options)
    forward, backward = tolerances(case, dtype)
    assert_close(outputs, expected_outputs, dtype, forward)
    assert_close(gradients, expected_gradients, dtype, backward)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("shape", ["lanes+1", "chunks", "few_rows"])
def test_every_option(isa, shape, option, cell, dtype):
    options = OPTIONS[option]
    case = make_case(cell, TEST_SHAPES[shape], options)
    outputs, gradients = run_kernels(cell, case, options, dtype)
    expected_outputs, expected_gradients = run_reference(cell, case, options)
    forward, backward = tolerances(case, dtype)
    assert_close(outputs, expected_outputs, dtype, forward)
    assert_close(gradients, expected_gradients, dtype, backward)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("option", ["plain", "relu"])
@pytest.mark.parametrize(("N", "H"), [(2, 8), (3, 29), (4, 8), (7, 17), (8, 5), (27, 33), (50, 64)])
def test_bits_of_a_row_do_not_depend_on_the_others(isa, N, H, option, cell, dtype):
    options = OPTIONS[option]
    case = make_case(cell, (3, H, 4, N), options)
    outputs, (dx, _, _, _, *dstates) = run_kernels(cell, case, options, dtype)
    for n in range(0, N, 1 + N // 9):
        one = slice(n, n + 1)
        row = {k: case[k][one] for k in ("x", "dy")}
        row |= {k: [s[one] for s in case[k]] for k in ("states", "dstates")}
        own_outputs, (own_dx, _, _, _, *own_dstates) = run_kernels(cell, case | row, options, dtype)
        assert_same_bits(own_outputs, [a[one] for a in outputs])
        assert_same_bits([own_dx, *own_dstates], [a[one] for a in (dx, *dstates)])
    all_valid = case | {"mask": np.ones((N, 4), bool)}
    masked, (masked_dx, _, _, _, *masked_dstates) = run_kernels(cell, all_valid, options, dtype)
    assert_same_bits([*masked, masked_dx, *masked_dstates], [*outputs, dx, *dstates])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("shape", ["lanes+1", "few_rows"])
def test_inference_gives_the_bits_of_training(isa, shape, option, cell, dtype):
    case = make_case(cell, TEST_SHAPES[shape], OPTIONS[option])
    *trained, _ = run_forward(cell, case, OPTIONS[option], dtype)
    assert_same_bits(run_forward(cell, case, OPTIONS[option], dtype, training=False), trained)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    "option", ["plain", *(o for o in OPTIONS if o.endswith("the_rest")), "mask"]
)
@pytest.mark.parametrize("shape", ["lanes+1", "chunks"])
def test_nothing_is_taken_from_what_memory_held(isa, shape, option, cell, dtype):
    """Memory is kept between calls: the same bits after one that leaves NaN everywhere in it."""
    options = OPTIONS[option]
    case = make_case(cell, TEST_SHAPES[shape], options)
    outputs, gradients = run_kernels(cell, case, options, dtype)
    poison = {
        k: v if v is None else [np.full_like(s, np.nan) for s in v] if isinstance(v, list)
        else np.full_like(v, np.nan)
        for k, v in case.items() if k not in ("lengths", "mask")
    }  # fmt: skip
    run_kernels(cell, poison | {"lengths": None, "mask": None}, options, dtype)
    again, gradients_again = run_kernels(cell, case, options, dtype)
    assert_same_bits([*again, *gradients_again], [*outputs, *gradients])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell != "rnn"])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("shape", ["lanes+1", "few_rows"])
def test_gates_of_the_tape(isa, shape, option, cell, dtype):
    """Those of the reference, step by step; NaN, and nothing that memory held, where none ran."""
    options = OPTIONS[option]
    case = make_case(cell, TEST_SHAPES[shape], options)
    gates = run_forward(cell, case, options, dtype)[-1].gates()
    expected = run_reference_forward(cell, case, options)[-1].gates()
    assert list(gates) == list(expected)
    for name, values in gates.items():
        assert values.dtype == dtype
        assert values.flags.c_contiguous
        values = values.swapaxes(0, 1) if options.get("time_major") else values
        scale = max(np.nanmax(np.abs(expected[name]), initial=0), 1e-30)
        np.testing.assert_allclose(
            values / scale, expected[name] / scale, rtol=0, atol=tolerances(case, dtype)[0],
            err_msg=name,
        )  # fmt: skip


def test_gates_of_no_rows_and_no_steps():
    for x in (np.ones((0, 4, 3)), np.ones((2, 0, 3))):
        *_, tape = F.lstm(x, np.ones((3, 20)), np.ones((5, 20)), training=True)
        *_, oracle = reference.lstm(x, np.ones((3, 20)), np.ones((5, 20)))
        for gates in (tape.gates(), oracle.gates()):
            assert {name: a.shape for name, a in gates.items()} == dict.fromkeys(
                "ifgoc", (*x.shape[:2], 5)
            )
