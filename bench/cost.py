"""What a call costs: the model of docs/scaling.md, whose constants a machine's times give."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np

from .shapes import Shape

# As csrc/parallel.hpp and csrc/cut.hpp have them.
WORTH, WORTH_MEETING, FEW_ROWS, FEW_ROWS_BEYOND_L2, BEYOND_L2 = 3e6, 2e5, 6, 20, 1 << 17
AHEAD_ROWS, AHEAD_FEATURES = 8, 24
VALUE = 4  # bytes


class Processor(NamedTuple):
    lanes: int
    rows: int  # of a tile of four vectors
    l2: int  # bytes


class Cut(NamedTuple):
    """How a pass over the steps is cut: what its largest piece is."""

    threads: int
    rows: int
    units: float  # a share
    meets: bool  # after every step


class Work(NamedTuple):
    """What a thread does, in the units of the model's constants; the order is theirs."""

    operations: float = 0  # of multiply-adds, padded to whole vectors
    loads: float = 0  # bytes of weights into registers: a tile of few rows waits for them
    cells: float = 0  # vectors of units a row and step: the gate arithmetic
    far: float = 0  # bytes of weights that are read again in each step and do not stay in L2
    streamed: float = 0  # bytes of inputs, outputs and tape
    packed: float = 0  # weights brought into panels, by one thread
    steps: float = 0
    calls: float = 0

    def __add__(self, other: Work) -> Work:  # type: ignore[override]
        return Work._make(a + b for a, b in zip(self, other, strict=True))


def cut(shape: Shape, gates: int, panels: int, threads: int, passes: int = 1) -> Cut:
    """How the core cuts a pass; see csrc/parallel.hpp, threads_for, and csrc/cut.hpp."""
    I, H, T, N = shape
    step = 2.0 * N * gates * H * (I + H)
    threads = max(1, min(threads, int(min(passes * T * step / WORTH, N * panels))))
    few = FEW_ROWS_BEYOND_L2 if step > BEYOND_L2 * 2 * N else FEW_ROWS
    slices = min(threads, panels, int(step / WORTH_MEETING)) if few * threads > N else 1
    if slices > 1:
        return Cut(slices, N, ceil(panels / slices) / panels, True)
    return Cut(threads, ceil(N / threads), 1.0, False)


def product(cpu: Processor, rows: int, K: float, columns: float) -> Work:
    """Of `rows` rows of K values and a matrix in panels: operations and what the tiles load."""
    tiles = ceil(rows / cpu.rows)
    return Work(operations=2.0 * rows * K * columns, loads=VALUE * tiles * K * columns)


def times(factor: float, work: Work) -> Work:
    return Work._make(factor * amount for amount in work)


def forward(shape: Shape, gates: int, cpu: Processor, piece: Cut, tape: bool) -> Work:
    """The forward pass of the thread that has the largest piece."""
    I, H, T, _ = shape
    rows, vectors = piece.rows, ceil(H / cpu.lanes) * piece.units
    columns = gates * vectors * cpu.lanes
    ahead = rows <= AHEAD_ROWS and AHEAD_FEATURES * rows <= I  # one kernel for several steps
    if ahead:
        steps, inputs = times(T, product(cpu, rows, H, columns)), product(cpu, T * rows, I, columns)
        far = VALUE * columns * H
    else:
        steps, inputs = times(T, product(cpu, rows, I + H, columns)), Work()
        far = VALUE * columns * (I + H)
    values = I + H + tape * (gates + 2) * H
    return (
        steps
        + inputs
        + Work(
            cells=T * rows * vectors,
            far=T * far if far > cpu.l2 else 0,
            streamed=VALUE * T * rows * values * piece.units,
            steps=T,
            calls=1,
        )
    )


def backward(shape: Shape, gates: int, cpu: Processor, piece: Cut) -> Work:
    """The backward pass: the recurrence of the largest piece, and the products, shared equally."""
    I, H, T, N = shape
    padded = ceil(H / cpu.lanes) * cpu.lanes
    far = VALUE * gates * H * padded * piece.units
    recurrence = times(T, product(cpu, piece.rows, gates * H, padded * piece.units))
    gradients = product(cpu, I + H, T * N, gates * padded)
    inputs = product(cpu, T * N, gates * H, ceil(I / cpu.lanes) * cpu.lanes)
    return (
        recurrence
        + times(1 / piece.threads, gradients + inputs)
        + Work(
            cells=T * piece.rows * padded / cpu.lanes * piece.units,
            far=T * far if far > cpu.l2 else 0,
            streamed=VALUE * T * N * (2 * gates + 5) * H / piece.threads,
            packed=2.0 * gates * H * (I + H),
            steps=T,
            calls=1,
        )
    )


def work(
    mode: str, shape: Shape, gates: int, cpu: Processor, threads: int
) -> tuple[Work, float, float]:
    """What the slowest thread does, how many more threads are started, and meetings of threads."""
    panels = ceil(shape.H / cpu.lanes)
    first = cut(shape, gates, panels, threads)
    pieces = [first]
    done = forward(shape, gates, cpu, first, mode == "training")
    if mode == "training":
        pieces.append(cut(shape, gates, ceil(panels / 4), threads, passes=2))
        done += backward(shape, gates, cpu, pieces[1])
        done += Work(packed=float(gates * shape.H * (shape.I + shape.H)))
    started = sum(piece.threads - 1 for piece in pieces)
    meetings = sum(shape.T * piece.threads for piece in pieces if piece.meets)
    return done, float(started), float(meetings)


def fit(amounts: Sequence[Sequence[float]], wanted: Sequence[float], seconds: Sequence[float]
        ) -> np.ndarray:  # fmt: skip
    """Constants, none below zero, with which the amounts give what is wanted.

    Of least squares of the errors over `seconds`.
    """
    seconds_ = np.asarray(seconds, float)
    a, b = np.asarray(amounts, float) / seconds_[:, None], np.asarray(wanted, float) / seconds_
    found, kept = np.zeros(a.shape[1]), np.any(a > 0, axis=0)
    while kept.any():
        scale = np.linalg.norm(a[:, kept], axis=0)
        found[:] = 0
        found[kept] = np.linalg.lstsq(a[:, kept] / scale, b, rcond=None)[0] / scale
        if (found >= 0).all():
            break
        kept[np.argmin(found * np.linalg.norm(a, axis=0))] = False
    return np.maximum(found, 0)


class Model(NamedTuple):
    """Of one cell and mode: seconds a unit of work, a thread more, and a thread's meeting."""

    cpu: Processor
    mode: str
    gates: int
    constants: np.ndarray
    start: float = 0.0
    meeting: float = 0.0
    slower: float = 1.0  # a core's time where all work, over its time alone

    def seconds(self, shape: Shape, threads: int) -> float:
        """Of a call."""
        done, started, meetings = work(self.mode, shape, self.gates, self.cpu, threads)
        alone = float(self.constants @ done) * (self.slower if started else 1.0)
        return alone + self.start * started + self.meeting * meetings

    def fitted(self, one: dict[Shape, float], more: dict[Shape, float], threads: int) -> Model:
        """The model with constants from the seconds of shapes on one thread and on `threads`."""
        amounts = [work(self.mode, shape, self.gates, self.cpu, 1)[0] for shape in one]
        model = self._replace(constants=fit(amounts, list(one.values()), list(one.values())))
        extra = [work(self.mode, shape, self.gates, self.cpu, threads)[1:] for shape in more]
        left = [seconds - model.seconds(shape, threads) for shape, seconds in more.items()]
        start, meeting = fit(extra, left, list(more.values()))
        return model._replace(start=float(start), meeting=float(meeting))
