"""``python -m bench stream``: a trained model one time step at a time, beside what it could cost.

`stream` is a step of ``model.stream()``; `kernels` the single steps of its kernels, one after the
other with their inputs at hand, called from Python: LSTMStep, GRUStep, dense; `PyTorch` the same
model of its cells; `predict` a call of ``model.predict`` for sequences of 1, 10 and 50 steps. The
bound of `predict` is three steps of the stream for each of its steps, and 20 us. What everyone's
first step gives must be equal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from fusedrnn import functional, layers
from fusedrnn.models import Sequential

from . import report
from .contestant import Answer, Contestant, check
from .process import Processes
from .timing import over, prepare, race, spread, turn

FEATURES, LENGTHS, TOLERANCE = 8, (1, 10, 50), 1e-5
STREAM, KERNELS, TORCH = "stream", "kernels", "PyTorch"
PREDICT = {f"predict {T}": T for T in LENGTHS}
MODELS: dict[str, Callable[[], list[Any]]] = {
    "LSTM(50), Dense(1)": lambda: [layers.LSTM(50), layers.Dense(1)],
    "2 x LSTM(64), Dense(1)": lambda: [
        layers.LSTM(64, return_sequences=True), layers.LSTM(64), layers.Dense(1),
    ],
    "GRU(128), LayerNormalization, Dense(10, softmax)": lambda: [
        layers.GRU(128), layers.LayerNormalization(), layers.Dense(10, "softmax"),
    ],
}  # fmt: skip
STEPS = {layers.LSTM: functional.LSTMStep, layers.GRU: functional.GRUStep}


def start(name: str) -> Sequential:
    """A model with the weights that all start from."""
    model = Sequential([layers.Input((None, FEATURES)), *MODELS[name]()])
    rng = np.random.default_rng(5)
    model.set_weights([rng.uniform(-1, 1, w.shape) / np.sqrt(w.shape[-1])
                       for w in model.get_weights()])  # fmt: skip
    return model


def inputs(rows: int, steps: int) -> np.ndarray:
    """The same first step, however many there are."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(rows, 1, FEATURES))
    return np.concatenate([first, rng.normal(size=(rows, steps - 1, FEATURES))], 1).astype("f")


def contestant(who: str, name: str, rows: int) -> Contestant:
    """Who takes steps of a model."""
    model, x = start(name), inputs(rows, PREDICT.get(who, 1))
    if who in PREDICT:
        run: Callable[[], Any] = partial(model.predict, x, verbose=0)
        return Contestant(run, lambda y: {} if x.shape[1] > 1 else _answer(y))
    first = x[:, 0].copy()
    if who == STREAM:
        return Contestant(partial(model.stream(rows).step, first), _answer)
    if who == TORCH:
        return Contestant(_torch(model, first), lambda y: _answer(y.numpy()))
    calls, width = [], FEATURES
    rng = np.random.default_rng(0)
    for layer in model.layers:
        given = rng.normal(size=(rows, width)).astype("f")
        if type(layer) in STEPS:
            width = layer.units
            step = STEPS[type(layer)](*layer.get_weights())
            states = [np.zeros((rows, width), "f")] * layer.cell.states
            calls.append(partial(step, given, *states))
        elif isinstance(layer, layers.Dense):
            calls.append(partial(functional.dense, given, *layer.get_weights()))
    return Contestant(lambda: [call() for call in calls], lambda _: {})


def _answer(y: np.ndarray) -> Answer:
    return {"first step": np.asarray(y)}


def _torch(model: Sequential, x: np.ndarray) -> Callable[[], Any]:
    """The model of PyTorch's cells, its states kept."""
    import torch

    from fusedrnn import convert

    steps: list[Callable[[Any], Any]] = []
    for layer in model.layers:
        weights = [torch.from_numpy(w) for w in layer.get_weights()]
        if type(layer) in STEPS:
            (own,) = convert.weights_of(layer)
            steps.append(_cell(torch, own, len(x)))
        elif isinstance(layer, layers.Dense):
            linear = torch.nn.Linear(*weights[0].shape)
            linear.weight.data, linear.bias.data = weights[0].T.contiguous(), weights[1]
            steps.append(linear)
            if layer.activation.__name__ == "softmax":
                steps.append(torch.nn.Softmax(-1))
        else:
            norm = torch.nn.LayerNorm(len(weights[0]), layer.epsilon)
            norm.weight.data, norm.bias.data = weights
            steps.append(norm)
    given = torch.from_numpy(x)

    @torch.inference_mode()
    def run() -> Any:
        y = given
        for step in steps:
            y = step(y)
        return y

    return run


def _cell(torch: Any, weights: Any, rows: int) -> Callable[[Any], Any]:
    (I, _), H = weights.kernel.shape, len(weights.recurrent_kernel)
    cell = (torch.nn.LSTMCell if weights.cell == "lstm" else torch.nn.GRUCell)(I, H)
    for parameter, value in zip(cell.parameters(), weights.to_torch(), strict=True):
        parameter.data = torch.from_numpy(value)
    kept: Any = torch.zeros(rows, H)
    if weights.cell == "lstm":
        kept = (kept, kept)

    def step(x: Any) -> Any:
        nonlocal kept
        kept = cell(x, kept)
        return kept[0] if weights.cell == "lstm" else kept

    return step


def measure(processes: Processes, name: str, rows: int, seconds: float) -> dict[str, Any]:
    """A row."""
    about = f"{name}, {rows} rows"
    print(about, file=sys.stderr, flush=True)
    everyone = [STREAM, KERNELS, *PREDICT, *([TORCH] if find_spec("torch") else [])]
    answers = {who: processes[who](prepare, about, contestant, who, name, rows)
               for who in everyone}  # fmt: skip
    check(about, answers[STREAM], {who: a for who, a in answers.items() if a}, TOLERANCE)
    samples = race({who: partial(processes[who], turn, about) for who in everyone}, seconds)
    return {"model": name, "rows": rows,
            "seconds": {who: spread(times) for who, times in samples.items()},
            "ratios": {who: spread(over(samples, who, STREAM)) for who in everyone}}  # fmt: skip


def tables(rows: list[dict[str, Any]]) -> list[report.Table]:
    """Steps, and calls of predict."""
    peers = [who for who in (KERNELS, TORCH) if who in rows[0]["seconds"]]
    steps = [[row["model"], str(row["rows"]), *(report.us(row["seconds"][who])
              for who in (STREAM, *peers)), f"{1 / row['ratios'][KERNELS]['median']:.2f}",
              *(f"{row['ratios'][who]['median']:.2f}" for who in peers[1:])]
             for row in rows]  # fmt: skip
    calls = []
    for row in rows:
        times = {who: row["seconds"][who]["median"] for who in (STREAM, *PREDICT)}
        cells = []
        for who, T in PREDICT.items():
            bound = 3 * T * times[STREAM] + 20e-6
            cells += [report.us(row["seconds"][who]), f"{times[who] / bound:.2f}"]
        calls.append([row["model"], str(row["rows"]), *cells])
    return [
        report.Table("a step", ["model", "rows", *(f"{who} us" for who in (STREAM, *peers)),
                                "x kernels", *(f"{who} x" for who in peers[1:])], steps),
        report.Table("a call of predict", ["model", "rows", *(
            heading for who in PREDICT for heading in (f"{who} us", "of bound"))], calls),
    ]  # fmt: skip


def main(arguments: list[str]) -> None:
    """Run, print, and write the files."""
    parser = argparse.ArgumentParser("python -m bench stream", description=__doc__)
    parser.add_argument("--rows", default="1,8", help="streams that take steps together")
    parser.add_argument("--models", default="", help="those with this in their name")
    parser.add_argument("--seconds", type=float, default=10.0, help="of timing, for each line")
    report.add_options(parser)
    given = parser.parse_args(arguments)
    names = [name for name in MODELS if given.models in name]
    if not names:
        sys.exit(f"python -m bench stream: no model {given.models!r}, of {'; '.join(MODELS)}")
    with Processes(1) as processes:
        rows = [measure(processes, name, int(n), given.seconds)
                for name in names for n in given.rows.split(",")]  # fmt: skip
    report.publish(given, [report.ROUNDS], tables(rows), {"rows": rows})
