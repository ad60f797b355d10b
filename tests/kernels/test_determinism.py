"""What gives the same bits: the table of docs/promises.md. Threads are in test_runtime.py."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import cells, runtime
from fusedrnn import functional as F
from kernel_cases import CELLS, assert_same_bits, make_case
from shapes import Shape

SHAPES = [Shape(5, 13, 9, 26), Shape(40, 70, 12, 7), Shape(64, 96, 40, 1)]  # I H T N
each = pytest.mark.parametrize("isa", runtime.available_isas())
each_cell = pytest.mark.parametrize("cell", CELLS)
each_shape = pytest.mark.parametrize("shape", SHAPES)


def arrays(cell, shape, dtype=np.float32):
    kind, form = CELLS[cell]
    case = make_case(cell, shape, {})
    weights = [case[k].astype(dtype) for k in ("kernel", "recurrent_kernel", "bias")]
    return kind, form, case["x"].astype(dtype), weights, [s.astype(dtype) for s in case["states"]]


@each
@each_cell
@each_shape
def test_a_row_alone_and_among_others(isa, cell, shape):
    kind, form, x, weights, states = arrays(cell, shape)
    with runtime.use_isa(isa):
        y, *finals = getattr(F, kind)(x, *weights, *states, **form)
        for n in range(len(x)):
            one = [a[n : n + 1] for a in (x, *states)]
            alone = getattr(F, kind)(one[0], *weights, *one[1:], **form)
            assert_same_bits(alone, [a[n : n + 1] for a in (y, *finals)])


@each
@each_cell
@each_shape
def test_layouts_tapes_packed_weights_and_steps(isa, cell, shape):
    kind, form, x, weights, states = arrays(cell, shape)
    run, entry = getattr(F, kind), cells.CELLS[kind]
    with runtime.use_isa(isa):
        y, *finals = expected = run(x, *weights, *states, **form)
        assert_same_bits(run(x, *weights, *states, **form), expected)
        *taped, _ = run(x, *weights, *states, training=True, **form)
        assert_same_bits(taped, expected)
        assert_same_bits(run(x, *map(np.asfortranarray, weights), *states, **form), expected)
        major = run(x.swapaxes(0, 1), *weights, *states, time_major=True, **form)
        assert_same_bits([major[0].swapaxes(0, 1), *major[1:]], expected)
        views = [np.repeat(a, 2, axis=-1)[..., ::2] for a in (x, *weights)]
        assert_same_bits(run(*views, *states, **form), expected)
        assert_same_bits(entry.packed(*weights, **form)(x, *states), expected)
        step = entry.step(*weights, **form)
        for t in range(x.shape[1]):
            after = step(np.ascontiguousarray(x[:, t]), *states)
            states = list(after) if isinstance(after, tuple) else [after]
            assert states[0].tobytes() == np.ascontiguousarray(y[:, t]).tobytes(), t
        assert_same_bits(states, finals)
