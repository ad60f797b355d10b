"""``fusedrnn bench torch``: what `fusedrnn.torch.accelerate` gains for a layer, on this machine."""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

from .. import __version__
from .options import number, positive

CELLS = ("lstm", "gru", "rnn")
TOLERANCE = {"float32": 1e-3, "float64": 1e-10, "bfloat16": 5e-2}
"""Largest difference of an output or gradient, in units of its largest value."""
CLEAR = 1.05
"""A gain with its lower quartile above pays; with its upper one below 1/CLEAR it is a loss."""
STEADY = 2.0
"""Quartiles of times that lie further apart come from a machine that does something else."""


def add(commands: Any) -> None:
    """Add the command."""
    bench = commands.add_parser("bench", help="measure a gain on this machine")
    command = bench.add_commands().add_parser(
        "torch",
        usage="%(prog)s [options]",
        help="a layer of PyTorch, accelerated and not",
        description="Time a layer of torch.nn beside the same layer after "
        "fusedrnn.torch.accelerate, in turns, once their results agree.",
    )
    command.set_defaults(run=run)
    layer = command.add_argument_group("layer")
    layer.add_argument("--cell", choices=CELLS, default="lstm", help="default: %(default)s")
    sizes = {
        "input": (64, "features of a step"),
        "hidden": (128, "units"),
        "steps": (50, "steps of a sequence"),
        "batch": (32, "sequences of a batch"),
        "layers": (1, "layers on one another"),
    }
    for name, (default, text) in sizes.items():
        text = f"{text} (default: {default})"
        layer.add_argument(f"--{name}", type=positive, default=default, metavar="N", help=text)
    layer.add_argument("--bidirectional", action="store_true", help="both ways")
    layer.add_argument("--proj", type=positive, metavar="N", help="size of an LSTM's projection")
    layer.add_argument(
        "--dtype", choices=tuple(TOLERANCE), default="float32", help="default: %(default)s"
    )
    work = command.add_argument_group("work")
    work.add_argument("--threads", type=positive, metavar="N", help="default: PyTorch's")
    only = work.add_mutually_exclusive_group()
    only.add_argument("--inference", action="store_true", help="time this alone")
    only.add_argument("--training", action="store_true", help="time this alone")
    work.add_argument(
        "--seconds", type=number, default=4.0, metavar="X", help="of timing each (default: 4)"
    )


class Row(NamedTuple):
    """What was measured of inference or of training."""

    torch: dict[str, float]
    fused: dict[str, float]
    gain: dict[str, float]

    @property
    def steady(self) -> bool:
        """Whether the times are those of one thing."""
        return all(times["high"] <= STEADY * times["low"] for times in (self.torch, self.fused))

    @property
    def clear(self) -> int:
        """1 for a clear gain, -1 for a clear loss, else 0."""
        return (self.gain["low"] > CLEAR) - (self.gain["high"] < 1 / CLEAR)

    @property
    def words(self) -> str:
        """What it is, in words."""
        gain = f"{self.gain['median']:.2f} times"
        if self.clear > 0:
            return f"{gain} as fast"
        what = "slower" if self.clear else "no clear difference"
        return f"{what}, {gain} PyTorch's speed"


def run(arguments: argparse.Namespace) -> None:
    """Compare the results, time both in turns, and say whether it pays."""
    if arguments.proj and arguments.cell != "lstm":
        raise ValueError(f"--proj is for --cell lstm, not {arguments.cell}")
    if arguments.proj and arguments.proj >= arguments.hidden:
        raise ValueError(f"--proj is {arguments.proj}, expected less than --hidden")
    if not 0 < arguments.seconds < float("inf"):
        raise ValueError(f"--seconds is {arguments.seconds}, expected a positive number")
    if find_spec("torch") is None:
        raise ValueError("fusedrnn bench torch needs PyTorch: pip install 'fusedrnn[torch]'")
    import torch

    from .. import runtime
    from ..torch import accelerate

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        theirs, x = _layer(arguments)
    except RuntimeError as error:  # of sizes that no memory has
        raise ValueError(f"PyTorch says: {str(error).splitlines()[0]}") from error
    ours = copy.deepcopy(theirs)
    kept = accelerate(ours).kept
    print(f"{theirs}, {arguments.steps} steps, batch {arguments.batch}, {arguments.dtype}")
    threads = torch.get_num_threads()
    print(
        f"{threads} thread{'s' * (threads > 1)}, PyTorch {torch.__version__}, "
        f"fusedrnn {__version__} ({runtime.isa()})"
    )
    modes: dict[str, Callable[[Any, Any], Callable[[], Sequence[Any]]]] = {}
    if not arguments.training:
        modes["inference"] = _inference
    if not arguments.inference:
        modes["training"] = _training
    rows: dict[str, Row] = {}
    for mode, make in modes.items():
        with torch.set_grad_enabled(mode == "training"):
            reason = kept.get("") or ours.path.removeprefix("torch: ")
        if reason != "fused":
            print(f"{mode} stays on PyTorch's own code: {reason}")
            continue
        runs = {"torch": make(theirs, x), "fused": make(ours, x)}
        _agree(mode, runs["torch"](), runs["fused"](), TOLERANCE[arguments.dtype])
        if sys.stderr.isatty():
            print(f"timing {mode}, {arguments.seconds:g} s", file=sys.stderr)
        rows[mode] = _timed(runs, arguments.seconds)
    if not rows:
        print("\nIt does not pay: nothing of this runs on the fused kernels.")
        return
    print(f"\n{'':10} {'PyTorch ms':>24} {'accelerated ms':>24} {'times as fast':>22}")
    for mode, row in rows.items():
        print(
            f"{mode:10} {_figures(row.torch, 1e3):>24} {_figures(row.fused, 1e3):>24} "
            f"{_figures(row.gain, 1):>22}"
        )
    print("Medians and quartiles of rounds in which both had a turn. All results agree.\n")
    print(verdict(rows))


def verdict(rows: Mapping[str, Row]) -> str:
    """Return whether it pays, in words; `rows` are by "inference" and "training"."""
    unsteady = [mode for mode, row in rows.items() if not row.steady]
    if unsteady:
        return (
            f"No verdict: quartiles of the times of {' and '.join(unsteady)} lie more than "
            f"{STEADY:g} times apart, so the machine is busy. Try again when it is not, with "
            "--threads 1 or more --seconds."
        )
    pay = [mode for mode, row in rows.items() if row.clear > 0]
    cost = [mode for mode, row in rows.items() if row.clear < 0]
    head = "It pays" if pay else "It does not pay"
    if pay and cost:
        head = f"It pays for {pay[0]}, not for {cost[0]}"
    return f"{head}: {'; '.join(f'{mode} is {row.words}' for mode, row in rows.items())}."


def _layer(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Return a layer of torch.nn, and an input."""
    import torch

    torch.manual_seed(0)
    dtype = getattr(torch, arguments.dtype)
    layer = getattr(torch.nn, arguments.cell.upper())(
        arguments.input,
        arguments.hidden,
        arguments.layers,
        batch_first=True,
        bidirectional=arguments.bidirectional,
        dtype=dtype,
        **({"proj_size": arguments.proj} if arguments.proj else {}),
    )
    return layer, torch.randn(arguments.batch, arguments.steps, arguments.input, dtype=dtype)


def _inference(layer: Any, x: Any) -> Callable[[], Sequence[Any]]:
    """Return what computes the outputs."""
    import torch

    return torch.no_grad()(lambda: [layer(x)[0]])


def _training(layer: Any, x: Any) -> Callable[[], Sequence[Any]]:
    """Return what computes the outputs and, of their sum, the gradients of input and weights."""
    import torch

    leaves = [x.clone().requires_grad_(), *layer.parameters()]

    def step() -> Sequence[Any]:
        y = layer(leaves[0])[0]
        return [y, *torch.autograd.grad(y, leaves, torch.ones_like(y))]

    return step


def _agree(mode: str, expected: Sequence[Any], found: Sequence[Any], tolerance: float) -> None:
    """Raise `AssertionError` where results differ by more than rounding: a fault of ours."""
    for a, b in zip(expected, found, strict=True):
        a, b = a.detach().double(), b.detach().double()
        error = float((a - b).abs().max() / a.abs().max().clamp_min(1e-30))
        if not error <= tolerance:
            raise AssertionError(
                f"{mode}: results differ by {error:.1e} of the largest value: nothing is timed, "
                "please report it"
            )


def _timed(runs: dict[str, Callable[[], Any]], seconds: float) -> Row:
    """Time both in turns."""
    from .timing import calls_of, over, race, settle, spread, timed

    def turn(run: Callable[[], Any], calls: int) -> float:
        took = timed(run, calls)
        settle()
        return took

    samples = race({who: partial(turn, run, calls_of(run)) for who, run in runs.items()}, seconds)
    return Row(
        spread(samples["torch"]), spread(samples["fused"]), spread(over(samples, "torch", "fused"))
    )


def _figures(found: dict[str, float], unit: float) -> str:
    """Return median and quartiles."""
    median, low, high = (found[name] * unit for name in ("median", "low", "high"))
    return f"{median:.3g} ({low:.3g} - {high:.3g})"
