"""Memory stays flat over calls, shapes, models and fits, refused calls included."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

from fusedrnn import Sequential, runtime
from fusedrnn import functional as F
from fusedrnn.layers import GRU, LSTM, Dense, SimpleRNN
from kernel_cases import CELLS, make_case, run_kernels
from random_cases import options_of, size
from run import Run

ROUND = 300  # calls of one kind between two looks
CASES = 12
GROWTH = 400  # bytes a call that may remain: less than the smallest array of NumPy with its header


def resident() -> int:
    """Bytes of this process in memory, after what is free has gone back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def shapes(rng: np.random.Generator) -> None:
    """A call of any cell, shape and options, forward and backward."""
    cell, options = str(rng.choice(list(CELLS))), options_of(rng)
    shape = size(rng, 30), size(rng, 50), size(rng, 10), size(rng, 30)
    run_kernels(cell, make_case(cell, shape, options), options, np.float32)


def refused(rng: np.random.Generator) -> None:
    """A call that raises after some of its arguments have been taken."""
    x, W, R = (
        np.zeros((3, 4, 5), "f4")[:, :, ::-1],
        np.zeros((5, 24), "f4"),
        np.zeros((6, 24), "f4"),
    )
    for options in ({"lengths": [9, 9, 9]}, {"mask": np.ones((3, 9), bool)}, {"activation": "no"}):
        try:
            F.lstm(x, W[::-1], R[::-1], **options, training=True)
        except ValueError:
            continue
        raise AssertionError("accepted")


def steps(rng: np.random.Generator) -> None:
    step = F.LSTMStep(np.zeros((5, 24), "f4"), np.zeros((6, 24), "f4"))
    h = c = np.zeros((2, 6), np.float32)
    for _ in range(20):
        h, c = step(np.ones((2, 5), "f4"), h, c)


def dropped_tapes(rng: np.random.Generator) -> None:
    """Tapes that nobody runs backward."""
    n = size(rng, 60)
    F.gru(np.ones((n, 9, 5), "f4"), np.zeros((5, 18), "f4"), np.zeros((6, 18), "f4"), training=True)


def models(rng: np.random.Generator) -> None:
    layer = (LSTM, GRU, SimpleRNN)[int(rng.integers(3))]
    model = Sequential([layer(size(rng, 20), input_shape=(6, 3)), Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    model.predict(np.ones((4, 6, 3), "f4"), verbose=0)


MODEL = Sequential([LSTM(12, input_shape=(6, 3)), Dense(1)])
MODEL.compile(optimizer="adam", loss="mse")


def fits(rng: np.random.Generator) -> None:
    n = size(rng, 50)
    MODEL.fit(np.ones((n, 6, 3), "f4"), np.ones((n, 1), "f4"), epochs=1, verbose=0)


KINDS: list[Callable[[np.random.Generator], None]] = [
    shapes, refused, steps, dropped_tapes, models, fits,
]  # fmt: skip


def prove(run: Run) -> None:
    for case, rng in run.each():
        work, threads = KINDS[case % len(KINDS)], 1 + case // len(KINDS) % 2
        with runtime.threads(threads):
            # Caches fill first: those of the interpreter, of NumPy, of the core.
            for _ in range(3 * ROUND):
                work(rng)
            looks = [resident()]
            for _ in range(4):
                for _ in range(ROUND):
                    work(rng)
                looks.append(resident())
        # What grows without end grows in each round; what settles does not.
        growth = min(b - a for a, b in pairwise(looks)) / ROUND
        run.count(f"{work.__name__}, calls", 7 * ROUND)
        if growth > GROWTH:
            run.fail(
                case, f"{work.__name__}, {threads} threads: {growth:.0f} bytes a call: {looks}"
            )
