"""``python -m bench programs``: whole PyTorch models, with torch.nn and with accelerate(model).

Both start from the same seed, each in a process of its own; the losses of some training steps and
what the untrained model answers must be equal before anything is timed. A ratio is torch's time
over ours; "ours" says how many of the recurrent modules run on our kernels.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

import fusedrnn.torch

from . import report
from .contestant import Contestant, check
from .models.actor_critic import ActorCritic
from .models.deepar import DeepAR
from .models.language_model import LanguageModel
from .models.program import Program
from .models.seq2seq import Seq2Seq
from .models.tagger import Tagger
from .process import Processes
from .timing import over, prepare, race, spread, turn

PLAIN: dict[str, Callable[[str], Program]] = {
    "language model": LanguageModel,
    "seq2seq": partial(Seq2Seq, cell=False, attention=False),
    "seq2seq cell": partial(Seq2Seq, cell=True, attention=False),
    "seq2seq attention": partial(Seq2Seq, cell=False, attention=True),
    "seq2seq attention cell": partial(Seq2Seq, cell=True, attention=True),
    "tagger": Tagger,
    "actor-critic": ActorCritic,
    "DeepAR": DeepAR,
}
PROGRAMS = {f"{name} {kind}": partial(make, kind) for name, make in PLAIN.items()
            for kind in ("LSTM", "GRU")}  # fmt: skip
WHO, TASKS = ("torch", "fused"), ("training", "inference")
STEPS, TOLERANCE = 5, 1e-3  # of the losses that are compared


def start(name: str, who: str) -> tuple[Program, Any]:
    """Return a new program, and for ours what accelerate did with it."""
    torch.manual_seed(0)
    program = PROGRAMS[name]()
    return program, fusedrnn.torch.accelerate(program.model) if who == "fused" else None


def contestant(name: str, who: str, task: str) -> Contestant:
    """A program's training or its use."""
    program, _ = start(name, who)
    if task == "inference":
        return Contestant(program.infer, lambda y: {"y": y.numpy()})

    def answer(first: Any) -> dict[str, Any]:
        losses = [first, *(program.train() for _ in range(STEPS - 1))]
        return {"losses": torch.stack(losses).numpy()}

    return Contestant(program.train, answer)


def modules(name: str) -> tuple[list[str], dict[str, str]]:
    """Names of the modules that accelerate made ours, and why others stay torch's."""
    replaced, kept = start(name, "fused")[1]
    return replaced, kept


def measure(processes: Processes, name: str, task: str, seconds: float) -> dict[str, Any]:
    """A row."""
    about = f"{task} {name}"
    print(f"[{processes.threads} threads] {about}", file=sys.stderr, flush=True)
    answers = {who: processes[who](prepare, about, contestant, name, who, task) for who in WHO}
    check(about, answers["torch"], answers, TOLERANCE)
    samples = race({who: partial(processes[who], turn, about) for who in WHO}, seconds)
    replaced, kept = processes["fused"](modules, name)
    return {"task": task, "program": name, "threads": processes.threads,
            "replaced": replaced, "kept": kept,
            "seconds": {who: spread(times) for who, times in samples.items()},
            "ratio": spread(over(samples, "torch", "fused"))}  # fmt: skip


def tables(rows: list[dict[str, Any]]) -> Iterator[report.Table]:
    """One table for each number of threads, and the means."""
    columns = ["program", "task", "ours", "torch us", "fused us", "x", "quartiles"]
    for threads in dict.fromkeys(row["threads"] for row in rows):
        lines = [
            [row["program"], row["task"],
             f"{len(row['replaced'])} of {len(row['replaced']) + len(row['kept'])}",
             *(report.us(row["seconds"][who]) for who in WHO), *report.ratio(row["ratio"])]
            for row in rows if row["threads"] == threads
        ]  # fmt: skip
        yield report.Table(report.threads_of(threads), columns, lines)
    yield report.means(rows, "task", "threads")


def main(arguments: list[str]) -> None:
    """Run, print, and write the files."""
    parser = argparse.ArgumentParser(
        "python -m bench programs", description=__doc__, epilog="Programs: " + ", ".join(PROGRAMS)
    )
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--programs", default="", help="those with one of these in their name "
                        "(default: all)")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=10.0, help="of timing, for each line")
    report.add_options(parser)
    given = parser.parse_args(arguments)
    names = [n for n in PROGRAMS if any(part in n for part in given.programs.split(","))]
    if not names:
        sys.exit(f"python -m bench programs: no program {given.programs!r}")
    rows = []
    for threads in map(int, given.threads.split(",")):
        with Processes(threads) as processes:
            rows += [measure(processes, name, task, given.seconds)
                     for task in TASKS for name in names]  # fmt: skip
    report.publish(given, [report.ROUNDS], list(tables(rows)), {"rows": rows})
