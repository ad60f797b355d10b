"""``python -m bench keras``: models of Keras scripts, in Keras on its backends and in fusedrnn.

Everyone starts from the same weights; what the model predicts after an epoch without shuffling must
be equal before anything is timed. `fit` is a step of an epoch of 32 batches, `predict` all 32 of
them, `row` a call of predict for a single row. A ratio is a backend's time over ours.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from . import report
from .contestant import Contestant, check
from .models.scripts import BATCH, MODELS, ROWS
from .process import Process, Processes, environment
from .timing import over, prepare, race, spread, turn

OURS = report.NAME
BACKENDS = {
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "torch": "PyTorch",
    "jax+enable": "JAX, enabled",
    "torch+enable": "PyTorch, enabled",
}
TASKS = ("fit", "predict", "row")
TOLERANCE = 1e-2  # after an epoch: rounding grows in training


def installed() -> list[str]:
    """Backends of Keras that can be imported."""
    plain = [name for name in BACKENDS if "+" not in name]
    return [name for name in plain if find_spec(name)] if find_spec("keras") else []


def module(who: str) -> Any:
    """What plays Keras in this process."""
    if who == OURS:
        import fusedrnn.keras

        return fusedrnn.keras
    import keras

    if keras.backend.backend() != os.environ["KERAS_BACKEND"]:
        raise RuntimeError(f"Keras runs on {keras.backend.backend()}")
    if who.endswith("+enable"):
        import fusedrnn.keras

        fusedrnn.keras.enable()
    return keras


def start(who: str, name: str) -> tuple[Any, Any, np.ndarray]:
    """A model with the weights that all start from."""
    model, x, y = MODELS[name](module(who))
    rng = np.random.default_rng(5)
    model.set_weights([rng.uniform(-1, 1, w.shape) / np.sqrt(w.shape[-1])
                       for w in model.get_weights()])  # fmt: skip
    return model, x, y


def contestant(who: str, name: str, task: str) -> Contestant:
    """A model's training or its use."""
    model, x, y = start(who, name)
    if task == "fit":

        def answer(_: Any) -> dict[str, Any]:
            model, x, y = start(who, name)
            model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False)
            return {"prediction": np.asarray(model.predict(x, verbose=0))}

        run = partial(model.fit, x, y, batch_size=BATCH, epochs=1, verbose=0)
        return Contestant(run, answer, steps=ROWS // BATCH)
    if task == "row":
        x = [part[:1] for part in x] if isinstance(x, list) else x[:1]
    run = partial(model.predict, x, batch_size=BATCH, verbose=0)
    return Contestant(run, lambda out: {"prediction": np.asarray(out)})


class Backends(Processes):
    """A process for each that plays Keras; its environment says which backend."""

    def __missing__(self, who: str) -> Process:
        self[who] = Process(environment(self.threads) | {"KERAS_BACKEND": who.partition("+")[0]})
        return self[who]


def measure(processes: Processes, name: str, task: str, seconds: float) -> dict[str, Any]:
    """A row."""
    about = f"{task} {name}"
    print(f"[{processes.threads} threads] {about}", file=sys.stderr, flush=True)
    answers = {who: process(prepare, about, contestant, who, name, task)
               for who, process in processes.items()}  # fmt: skip
    check(about, answers[OURS], answers, TOLERANCE)
    samples = race({who: partial(process, turn, about) for who, process in processes.items()},
                   seconds)  # fmt: skip
    return {"task": task, "model": name, "threads": processes.threads,
            "seconds": {who: spread(times) for who, times in samples.items()},
            "ratios": {who: spread(over(samples, who, OURS))
                       for who in processes if who != OURS}}  # fmt: skip


def tables(rows: list[dict[str, Any]]) -> Iterator[report.Table]:
    """One table for each number of threads and each task, and the means."""
    for threads, task in dict.fromkeys((row["threads"], row["task"]) for row in rows):
        found = [row for row in rows if (row["threads"], row["task"]) == (threads, task)]
        peers = list(found[0]["ratios"])
        columns = ["model", f"{OURS} us", *(f"{BACKENDS[p]} us" for p in peers),
                   *(f"x {BACKENDS[p]}" for p in peers)]  # fmt: skip
        lines = [[row["model"], *(report.us(row["seconds"][who]) for who in (OURS, *peers)),
                  *(f"{row['ratios'][p]['median']:.1f}" for p in peers)]
                 for row in found]  # fmt: skip
        yield report.Table(f"{task}, {report.threads_of(threads)}", columns, lines)
    each = [{**row, "backend": BACKENDS[peer], "ratio": ratio}
            for row in rows for peer, ratio in row["ratios"].items()]  # fmt: skip
    yield report.means(each, "task", "backend", "threads")


def main(arguments: list[str]) -> None:
    """Run, print, and write the files."""
    parser = argparse.ArgumentParser(
        "python -m bench keras", description=__doc__, epilog="Models: " + ", ".join(MODELS)
    )
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--models", default="", help="those with one of these in their name "
                        "(default: all)")  # fmt: skip
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--backends", default=",".join(installed()), help="of Keras: tensorflow, "
                        "jax, torch (default: those installed), and jax+enable, torch+enable, "
                        "with fusedrnn.keras.enable()")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=10.0, help="of timing, for each line")
    report.add_options(parser)
    given = parser.parse_args(arguments)
    names = [n for n in MODELS if any(part in n for part in given.models.split(","))]
    backends = [name for name in given.backends.split(",") if name]
    tasks = given.tasks.split(",")
    asked = {"model": (names or [given.models], MODELS), "backend": (backends, BACKENDS),
             "task": (tasks, TASKS)}  # fmt: skip
    for what, (found, known) in asked.items():
        if unknown := set(found).difference(known):
            sys.exit(f"python -m bench keras: no {what} {unknown.pop()!r}")
    rows = []
    for threads in map(int, given.threads.split(",")):
        with Backends(threads) as processes:
            for who in (OURS, *backends):
                processes[who]  # starts
            rows += [measure(processes, name, task, given.seconds)
                     for task in tasks for name in names]  # fmt: skip
    report.publish(given, [report.ROUNDS], list(tables(rows)), {"rows": rows})
