"""``python -m bench dropins``: fusedrnn.torch beside torch.nn, Keras with and without our kernels.

The answers are compared before anything is timed. Contestants take turns as in the other
benchmarks; figures are the best of all turns, in microseconds, since what they are for is a ratio
on a machine that may be busy. "adapter" is what the layer adds to a call of
fusedrnn.functional on the same data and, in training, of torch's engine on a graph of one node.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from torch.nn.utils.rnn import pack_padded_sequence

import fusedrnn.torch
from fusedrnn.cells import CELLS
from fusedrnn.torch.call import Call

from .contestant import Contestant
from .machine import describe
from .shapes import TABLE, Shape
from .timing import race

Run = Callable[[], Any]
LAYERS = [name.upper() for name in CELLS]  # in torch.nn, with Cell at the end a step of it


def layers(name: str, shape: Shape) -> tuple[Any, Any, Any]:
    """The layer of torch.nn, ours with the same weights, and an input (T, N, I)."""
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
    yield "torch", torch.no_grad()(lambda: theirs(x)[0])
    yield "fused", torch.no_grad()(lambda: ours(x)[0])
    yield "core", lambda: torch.from_numpy(packed(x.numpy(), time_major=True)[0])


def training(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    theirs, ours, x = layers(name, shape)
    dy = torch.ones(shape.T, shape.N, shape.H)

    def step(layer: Any) -> Run:
        leaves = [x.clone().requires_grad_(), *layer.parameters()]

        def run() -> Any:
            return torch.autograd.grad(layer(leaves[0])[0], leaves, dy)[0]

        return run

    call = Call(name.lower(), "torch")
    weights = weights_of(ours, call)
    forward, backward = CELLS[name.lower()].forward, CELLS[name.lower()].backward
    leaves = [torch.zeros(1, requires_grad=True) for _ in range(1 + len(ours._flat_weights))]
    ones = torch.ones(len(leaves))

    def core() -> Any:
        *_, tape = forward(x.numpy(), *weights, time_major=True, training=True, **call.options)
        dx = torch.from_numpy(backward(tape, dy.numpy())[0])
        torch.autograd.grad(torch.cat(leaves), leaves, ones)
        return dx

    yield "torch", step(theirs)
    yield "fused", step(ours)
    yield "core", core


def ragged(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    """Forward and backward over a packed batch whose rows are half full on average."""
    theirs, ours, x = layers(name, shape)
    lengths = torch.from_numpy(np.random.default_rng(0).integers(1, shape.T + 1, shape.N))
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)

    def step(layer: Any) -> Run:
        weights = list(layer.parameters())
        return lambda: torch.autograd.grad(layer(packed)[0].data.sum(), weights)[1]

    yield "torch", step(theirs)
    yield "fused", step(ours)


def cell(name: str, shape: Shape) -> Iterator[tuple[str, Run]]:
    """One step of a cell without gradients."""
    torch.manual_seed(0)
    theirs = getattr(torch.nn, f"{name}Cell")(shape.I, shape.H)
    ours = getattr(fusedrnn.torch, f"{name}Cell")(shape.I, shape.H)
    ours.load_state_dict(theirs.state_dict())
    x, h = torch.randn(shape.N, shape.I), torch.randn(shape.N, shape.H)
    several = CELLS[name.lower()].states > 1
    hx = (h,) * CELLS[name.lower()].states if several else h

    def step(layer: Any) -> Run:
        def run() -> Any:
            y = layer(x, hx)
            return y[0] if several else y

        return torch.no_grad()(run)

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
        return lambda: torch.autograd.grad(layer(x).sum(), weights)[1]

    init = keras.initializers.GlorotUniform(seed=0)
    same = {"return_sequences": True, "kernel_initializer": init, "recurrent_initializer": init}
    yield "torch", step(own(shape.H, **same))
    yield "fused", step(kind(shape.H, **same))


TASKS = {
    "inference": inference,
    "training": training,
    "ragged": ragged,
    "cell": cell,
    "Keras training": keras_training,
}


def main(arguments: list[str]) -> None:
    """Print a table for each number of threads."""
    parser = argparse.ArgumentParser("python -m bench dropins", description=__doc__)
    parser.add_argument("--threads", default="1")
    parser.add_argument("--shapes", default="seed,lat1,fc,mid,big,step64,step256")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--seconds", type=float, default=2.0, help="of timing, for each line")
    options = parser.parse_args(arguments)
    console = Console()
    console.print(describe())
    for threads in map(int, options.threads.split(",")):
        torch.set_num_threads(threads)
        table = Table(title=f"{threads} threads, microseconds")
        for column in ("task", "layer", "shape", "torch", "fused", "x", "adapter"):
            table.add_column(column, justify="left" if column in ("task", "layer") else "right")
        for task in options.tasks.split(","):
            for name in LAYERS:
                for shape in options.shapes.split(","):
                    line(table, task, name, shape, threads, options.seconds)
        console.print(table)


def line(table: Table, task: str, name: str, shape: str, threads: int, seconds: float) -> None:
    runs = dict(TASKS[task](name, TABLE[shape]))
    answers = {k: run().detach() for k, run in runs.items()}
    for answer in answers.values():
        torch.testing.assert_close(answer, answers["torch"], rtol=1e-3, atol=1e-3)
    found = race([Contestant(k, run, None) for k, run in runs.items()], seconds, threads)
    t = {k: 1e6 * min(v) for k, v in found.items()}
    adapter = f"{t['fused'] - t['core']:.0f}" if "core" in t else ""
    table.add_row(task, name, shape, f"{t['torch']:.0f}", f"{t['fused']:.0f}",
                  f"{t['torch'] / t['fused']:.2f}", adapter)  # fmt: skip
