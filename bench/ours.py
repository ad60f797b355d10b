"""fusedrnn: on so many threads, with an instruction set, or over the whole of a ragged batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np

from fusedrnn import layers, runtime
from fusedrnn.layers import Dense, Input
from fusedrnn.models import Sequential

from .case import FIT_BATCH, FIT_STEPS, FIT_UNITS, FIT_WINDOWS, Case
from .contestant import Contestant

NAME = "fusedrnn"


def contestant(
    case: Case, threads: int, isa: str, full: bool = False, weights: str | None = None
) -> Contestant:
    """Our entry; `full` ignores the lengths of a ragged case, `weights` is for inference."""

    @contextmanager
    def context() -> Iterator[None]:
        with ExitStack() as stack:
            stack.enter_context(runtime.use_isa(isa))
            stack.enter_context(runtime.threads(threads))
            yield

    with context():  # weights are packed for the instruction set in use
        lengths = None if full or not case.ragged else case.lengths
        own = {} if weights is None else {"weights": weights}
        run, answer = TASKS[case.task](case, lengths, **own)
    steps = -(-FIT_WINDOWS // FIT_BATCH) if case.task == "fit" else 1
    return Contestant(run, answer, context, steps)


def _weights(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return case.data["kernel"], case.data["recurrent_kernel"], case.data["bias"]


def inference(case: Case, lengths: np.ndarray | None, **own: str) -> tuple[Callable[[], Any], Any]:
    packed = case.form.cell.packed(*_weights(case), **case.form.options, **own)
    x = case.data["x"]
    if lengths is None:  # as short as users write it: at N 1 an argument more is seen
        return lambda: packed(x, time_major=True), lambda out: {"y": out[0]}
    return lambda: packed(x, lengths=lengths, time_major=True), lambda out: {"y": out[0]}


def training(case: Case, lengths: np.ndarray | None) -> tuple[Callable[[], Any], Any]:
    forward, backward = case.form.cell.forward, case.form.cell.backward
    weights, form, x, dy = _weights(case), case.form.options, case.data["x"], case.data["dy"]

    def run() -> Any:
        y, *_, tape = forward(x, *weights, lengths=lengths, time_major=True, training=True, **form)
        return y, backward(tape, dy)

    def answer(out: Any) -> dict[str, np.ndarray]:
        y, gradients = out
        names = "dx", "dkernel", "drecurrent_kernel", "dbias"
        return {"y": y, **dict(zip(names, gradients, strict=False))}

    return run, answer


def step(case: Case, lengths: None, **own: str) -> tuple[Callable[[], Any], Any]:
    run = case.form.cell.step(*_weights(case), **case.form.options, **own)
    return partial(run, case.data["x"][0], *case.states.values()), case.named_states


def tutorial(case: Case) -> Sequential:
    """The tutorial model with the case's weights."""
    layer = getattr(layers, case.form.cell.layer)(FIT_UNITS, **case.form.options)
    model = Sequential([Input((FIT_STEPS, 1)), layer, Dense(1)])
    model.compile(optimizer="adam", loss="mean_squared_error")
    model.set_weights([*_weights(case), case.data["head_kernel"], case.data["head_bias"]])
    return model


def fit(case: Case, lengths: None) -> tuple[Callable[[], Any], Any]:
    x, y = case.windows

    def epoch(model: Sequential, shuffle: bool) -> Sequential:
        model.fit(x, y, batch_size=FIT_BATCH, epochs=1, verbose=0, shuffle=shuffle)
        return model

    def answer(out: Any) -> dict[str, np.ndarray]:
        return {"prediction": epoch(tutorial(case), False).predict(x, verbose=0)}

    model = tutorial(case)
    return lambda: epoch(model, True), answer


TASKS = {"inference": inference, "training": training, "step": step, "fit": fit}
