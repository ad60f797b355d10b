"""``python -m bench dropins``: fusedrnn.torch beside torch.nn, Keras with and without our kernels.

The answers are compared before anything is timed; everyone has a process of its own. "adapter" is
what the layer adds to a call of fusedrnn.functional on the same data, forward and backward
together, and "engine" what of it is torch's own engine on a graph of one node.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd.graph import increment_version
from torch.nn.utils.rnn import pack_padded_sequence

import fusedrnn.torch
from fusedrnn.cells import CELLS
from fusedrnn.torch.call import Call

from . import report
from .contestant import Contestant, check
from .process import Processes
from .shapes import ALL, STEPS, Shape, select
from .timing import over, prepare, race, spread, turn

Run = Callable[[], Sequence[torch.Tensor]]  # all is compared that two of them return
LAYERS = [name.upper() for name in CELLS]  # in torch.nn, with Cell at the end a step of it
AND_CELLS = [*LAYERS, *(f"{name}Cell" for name in LAYERS)]
WHO = ("torch", "fused", "core", "engine")
TOLERANCE = 1e-3


def layers(name: str, shape: Shape) -> tuple[Any, Any, Any]:
    """The layer or cell of torch.nn, ours with the same weights, and an input (T, N, I)."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(shape.I, shape.H)
    ours = getattr(fusedrnn.torch, name)(shape.I, shape.H)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours, torch.randn(shape.T, shape.N, shape.I)


def weights_of(layer: Any, call: Call) -> Any:
    """The weights as the core takes them."""
    return call.to_core([w.detach().numpy() for w in layer.parameters()])


def inference(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    theirs, ours, x = layers(name, shape)
    call = Call(name.lower(), "torch")
    packed = CELLS[name.lower()].packed(*weights_of(ours, call), **call.options)
    yield "torch", torch.no_grad()(lambda: theirs(x)[:1])
    yield "fused", torch.no_grad()(lambda: ours(x)[:1])
    yield "core", lambda: [torch.from_numpy(packed(x.numpy(), time_major=True)[0])]


def training(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    theirs, ours, x = layers(name, shape)
    dy = torch.ones(shape.T, shape.N, shape.H)

    def step(layer: Any) -> Run:
        leaves = [x.clone().requires_grad_(), *layer.parameters()]

        def run() -> Sequence[torch.Tensor]:
            return torch.autograd.grad(layer(leaves[0])[0], leaves, dy)

        return run

    call = Call(name.lower(), "torch")
    weights = weights_of(ours, call)
    forward, backward = CELLS[name.lower()].forward, CELLS[name.lower()].backward
    leaves = [torch.zeros(1, requires_grad=True) for _ in range(1 + len(ours._flat_weights))]
    ones = torch.ones(len(leaves))

    def core() -> Sequence[torch.Tensor]:
        *_, tape = forward(x.numpy(), *weights, time_major=True, training=True, **call.options)
        return [torch.from_numpy(backward(tape, dy.numpy())[0])]

    yield "torch", step(theirs)
    yield "fused", step(ours)
    yield "core", core
    yield "engine", lambda: torch.autograd.grad(torch.cat(leaves), leaves, ones)


def ragged(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    """Forward and backward over a packed batch whose rows are half full on average."""
    theirs, ours, x = layers(name, shape)
    lengths = torch.from_numpy(np.random.default_rng(0).integers(1, shape.T + 1, shape.N))
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)

    def step(layer: Any) -> Run:
        weights = list(layer.parameters())
        return lambda: torch.autograd.grad(layer(packed)[0].data.sum(), weights)

    yield "torch", step(theirs)
    yield "fused", step(ours)


def cell(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    """One step of a cell without gradients."""
    theirs, ours, x = layers(name, shape)
    several, hx = states_of(name, torch.randn(shape.N, shape.H))

    def step(layer: Any) -> Run:
        return torch.no_grad()(lambda: layer(x[0], hx) if several else [layer(x[0], hx)])

    yield "torch", step(theirs)
    yield "fused", step(ours)


def states_of(name: str, h: Any) -> tuple[bool, Any]:
    """Whether a layer or cell has more than one state, and its states, each `h`."""
    number = CELLS[name.lower().removesuffix("cell")].states
    return number > 1, (h,) * number if number > 1 else h


def decoder(name: str, shape: Shape, calls: int) -> Iterator[tuple[str, Run]]:
    """A decoder's `calls` of one step each, and the backward pass; then the weights have changed.

    Each call's output is the next one's input. The change is one that torch's version counters
    tell; writing the same values would take as long for both.
    """
    theirs, ours, first = layers(name, Shape(I=shape.H, H=shape.H, T=1, N=shape.N))
    is_cell = name.endswith("Cell")
    several, hx = states_of(name, first[0] if is_cell else first)
    first = (first[0] if is_cell else first).requires_grad_()

    def forward(layer: Any) -> Any:
        x, states = first, hx
        for _ in range(calls):
            if is_cell:
                states = layer(x, states)
                x = states[0] if several else states
            else:
                x, states = layer(x, states)
        return x

    def step(layer: Any) -> Run:
        weights = list(layer.parameters())

        def run() -> Sequence[torch.Tensor]:
            gradients = torch.autograd.grad(forward(layer).sum(), [first, *weights])
            for weight in weights:
                increment_version(weight)
            return gradients

        return run

    yield "torch", step(theirs)
    yield "fused", step(ours)


def keras_training(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    """Forward and backward through a layer of Keras on its torch backend."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    import fusedrnn.keras

    keras.utils.set_random_seed(0)
    fusedrnn.keras.disable()
    kind = getattr(keras.layers, CELLS[name.lower()].layer)
    own = type(kind.__name__, (kind,), {"inner_loop": kind.inner_loop})  # as it is before enable()
    fusedrnn.keras.enable()
    x = torch.randn(shape.N, shape.T, shape.I)

    def step(layer: Any) -> Run:
        layer.build(x.shape)
        weights = [v.value for v in layer.trainable_weights]
        return lambda: torch.autograd.grad(layer(x).sum(), weights)

    init = keras.initializers.GlorotUniform(seed=0)
    same = {"return_sequences": True, "kernel_initializer": init, "recurrent_initializer": init}
    yield "torch", step(own(shape.H, **same))
    yield "fused", step(kind(shape.H, **same))


class Task(NamedTuple):
    runs: Callable[[str, Shape], Iterator[tuple[str, Run]]]
    layers: list[str]
    shapes: list[str]  # if none are asked for


SEQUENCES = ["seed", "lat1", "fc", "mid", "big", "step64", "step256"]
TASKS = {
    "inference": Task(inference, LAYERS, SEQUENCES),
    "training": Task(training, LAYERS, ["h1", *SEQUENCES]),
    "ragged": Task(ragged, LAYERS, SEQUENCES),
    "cell": Task(cell, AND_CELLS[len(LAYERS) :], SEQUENCES),
    "one step": Task(partial(decoder, calls=1), AND_CELLS, list(STEPS)),
    "decoder": Task(partial(decoder, calls=30), AND_CELLS,
                    ["n1h64", "n16h64", "n16h256", "n64h256", "n64h512"]),
    "Keras training": Task(keras_training, LAYERS, SEQUENCES),
}  # fmt: skip


def contestant(task: str, layer: str, shape: str, who: str) -> Contestant | None:
    """One of a task's runs."""
    run = dict(TASKS[task].runs(layer, ALL[shape])).get(who)
    return run and Contestant(
        run, lambda out: {str(k): each.detach().numpy() for k, each in enumerate(out)}
    )


def measure(processes: Processes, task: str, layer: str, shape: str, seconds: float
            ) -> dict[str, Any]:  # fmt: skip
    """A row: everyone's times, the ratio, and what the adapter takes."""
    name = f"{task} {layer} {shape}"
    print(f"[{processes.threads} threads] {name}", file=sys.stderr, flush=True)
    answers = {who: processes[who](prepare, name, contestant, task, layer, shape, who)
               for who in WHO}  # fmt: skip
    found = {who: answer for who, answer in answers.items() if answer is not None}
    compared = {who: answer for who, answer in found.items() if who != "engine"}
    check(name, found["torch"], compared, TOLERANCE)
    samples = race({who: partial(processes[who], turn, name) for who in found}, seconds)
    row = {"task": task, "layer": layer, "shape": shape, "threads": processes.threads,
           "seconds": {who: spread(times) for who, times in samples.items()},
           "ratio": spread(over(samples, "torch", "fused"))}  # fmt: skip
    if "core" in samples:
        rounds = zip(samples["fused"], samples["core"], strict=False)
        row["adapter"] = median(fused - core for fused, core in rounds)
    return row


def tables(rows: list[dict[str, Any]]) -> Iterator[report.Table]:
    """One table for each number of threads, and the means."""
    columns = ["task", "layer", "shape", "torch us", "fused us", "x", "quartiles", "adapter us",
               "engine us"]  # fmt: skip
    for threads in dict.fromkeys(row["threads"] for row in rows):
        lines = []
        for row in (row for row in rows if row["threads"] == threads):
            seconds = row["seconds"]
            adapter = f"{row['adapter'] * 1e6:.1f}" if "adapter" in row else "-"
            lines.append([
                row["task"], row["layer"], row["shape"], report.us(seconds["torch"]),
                report.us(seconds["fused"]), *report.ratio(row["ratio"]), adapter,
                report.us(seconds.get("engine")),
            ])  # fmt: skip
        yield report.Table(report.threads_of(threads), columns, lines)
    yield report.means(rows, "task", "layer", "threads")


def main(arguments: list[str]) -> None:
    """Run, print, and write the files."""
    parser = argparse.ArgumentParser("python -m bench dropins", description=__doc__)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--shapes", help="default: by task")
    parser.add_argument("--tasks", default=",".join(TASKS), help="default: %(default)s")
    parser.add_argument("--layers", default=",".join(AND_CELLS), help="default: %(default)s")
    parser.add_argument("--seconds", type=float, default=2.0, help="of timing, for each line")
    report.add_options(parser)
    given = parser.parse_args(arguments)
    layers, rows = given.layers.split(","), []
    for threads in map(int, given.threads.split(",")):
        with Processes(threads) as processes:
            for task in given.tasks.split(","):
                shapes = select(given.shapes) if given.shapes else TASKS[task].shapes
                rows += [measure(processes, task, layer, shape, given.seconds)
                         for layer in TASKS[task].layers if layer in layers
                         for shape in shapes]  # fmt: skip
    report.publish(given, [report.ROUNDS], list(tables(rows)), {"rows": rows})
