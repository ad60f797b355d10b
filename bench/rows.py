"""The rows of the kernels' tables for one number of threads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from . import contention, memory, ours, peak, peers
from .case import FIT_BATCH, FIT_STEPS, FIT_UNITS, HALF_TOLERANCE, Case
from .contestant import Answer, Contestant, check
from .machine import cores
from .options import Options
from .process import Processes, thread_pools
from .shapes import ALL, Shape
from .timing import Turns, prepare, race, ratios, spread, turn

BOTH_TASKS = ("ragged", "busy")  # modes that have inference and training
ONE_THREAD, FULL, PEAK = (f"{ours.NAME} one thread", f"{ours.NAME} full", "peak")
HALF = f"{ours.NAME} bfloat16"
BUSY_TURN = 0.3  # seconds: many slices of the scheduler
Make = tuple[Callable[..., Contestant | None], tuple[Any, ...]]  # and its arguments


def cases(options: Options) -> Iterator[Case]:
    """The lines of the table, in its order."""
    for mode in options.modes:
        for dtype in options.dtypes:
            for cell in options.cells:
                if mode == "fit":
                    shape = Shape(I=1, H=FIT_UNITS, T=FIT_STEPS, N=FIT_BATCH)
                    yield Case(mode=mode, task="fit", cell=cell, name="tutorial", shape=shape,
                               dtype=dtype)  # fmt: skip
                    continue
                for name in options.shapes:
                    shape = ALL[name]
                    if (mode == "step") != (shape.T == 1) or (mode == "ragged" and shape.N < 16):
                        continue
                    about = {"cell": cell, "name": name, "shape": shape, "dtype": dtype}
                    if mode in BOTH_TASKS:
                        for task in ("inference", "training"):
                            yield Case(mode=f"{mode} {task}", task=task, ragged=mode == "ragged",
                                       **about)  # fmt: skip
                    else:
                        task = {"contention": "inference", "memory": "training"}.get(mode, mode)
                        yield Case(mode=mode, task=task, **about)


def run(options: Options, threads: int) -> dict[str, Any]:
    """Rows of the tables, and the thread pools of each contestant's process."""
    rows, todo = [], list(cases(options))
    with Processes(threads) as processes:
        for number, case in enumerate(todo, 1):
            print(f"[{threads} threads, {number}/{len(todo)}] {case}", file=sys.stderr, flush=True)
            if case.mode == "memory":
                results = memory.measure(case, options, threads)
            elif case.mode.startswith(("contention", "busy")):
                results = measure_busy(case, options, processes)
            else:
                results = measure(case, options, processes)
            if results is not None:
                rows.append(describe(case, threads) | results)
        found = {name: process(thread_pools, threads) for name, process in processes.items()}
    return {"threads": threads, "rows": rows, "pools": found}


def describe(case: Case, threads: int) -> dict[str, Any]:
    """What a row is about."""
    return {"mode": case.mode, "cell": case.cell, "shape": case.name, **case.shape._asdict(),
            "dtype": case.dtype, "threads": threads}  # fmt: skip


def contestants(case: Case, options: Options, threads: int) -> dict[str, Make]:
    """Ours, ours on one thread, and the peers."""
    isa = options.isas[0]
    makes: dict[str, Make] = {ours.NAME: (ours.contestant, (case, threads, isa))}
    if threads > 1:
        makes[ONE_THREAD] = ours.contestant, (case, 1, isa)
    for peer in options.peers:
        makes[peers.PEERS[peer].name] = peers.contestant, (peer, case, threads)
    return makes


def prepared(case: Case, makes: dict[str, Make], processes: Processes) -> dict[str, Answer]:
    """Let everyone get ready in its process; the answers of those who have the case."""
    answers = {name: processes[name](prepare, name, make, *arguments)
               for name, (make, arguments) in makes.items()}  # fmt: skip
    found = {name: answer for name, answer in answers.items() if answer is not None}
    check(case, found[ours.NAME], found, case.tolerance)
    return found


def turns(names: Iterable[str], processes: Processes, least: float = 0.0) -> Turns:
    """For a race: each a turn in its own process."""
    return {name: partial(processes[name], turn, name, least) for name in names}


def peers_among(names: dict[str, Any]) -> list[str]:
    """Those who are not ours."""
    return [peer.name for peer in peers.PEERS.values() if peer.name in names]


def measure(case: Case, options: Options, processes: Processes) -> dict[str, Any]:
    """Check the answers, then time everyone against everyone."""
    threads, (first, *other_isas) = processes.threads, options.isas
    makes = contestants(case, options, threads)
    for isa in other_isas:
        makes[f"{ours.NAME} {isa}"] = ours.contestant, (case, threads, isa)
    answers = prepared(case, makes, processes)
    names = list(answers)
    if case.waits_for_weights:  # another answer, of rounded weights
        arguments = case, threads, first, False, "bfloat16"
        half = processes[HALF](prepare, HALF, ours.contestant, *arguments)
        check(case, answers[ours.NAME], {HALF: half}, HALF_TOLERANCE)
        names.append(HALF)
    if case.ragged:  # another answer, of more steps
        processes[FULL](prepare, FULL, ours.contestant, case, threads, first, True)
        names.append(FULL)
    referee = {PEAK: partial(processes[PEAK], peak.gflops, case.dtype, threads, first)}
    samples = race(turns(names, processes) | referee, options.seconds)
    peaks = samples.pop(PEAK)
    return {
        "flops": None if case.task == "fit" else case.flops,
        "full_flops": replace(case, ragged=False).flops if case.ragged else None,
        "peak_gflops": median(peaks),
        "seconds": {name: spread(times) for name, times in samples.items()},
        "ratios": ratios(samples, ours.NAME),
        "peers": peers_among(samples),
    }


def measure_busy(case: Case, options: Options, processes: Processes) -> dict[str, Any] | None:
    """Times on a busy machine; as `quiet`, one thread of ours and all threads of the peers."""
    threads, one_core = processes.threads, case.mode == "contention"
    if threads == 1 or (one_core and threads != cores()):
        return None
    names = prepared(case, contestants(case, options, threads), processes)
    others = [name for name in peers_among(names) if name != "NumPy"]
    quiet = race(turns([ONE_THREAD, *others], processes), options.seconds / 2)
    quiet[ours.NAME] = quiet.pop(ONE_THREAD)
    with contention.busy(1, contention.last_cpu()) if one_core else contention.busy(options.busy):
        everyone = turns([ours.NAME, *others], processes, BUSY_TURN)
        samples = race(everyone, options.seconds / 2)
    return {
        "seconds": {name: spread(times) for name, times in samples.items()},
        "quiet": {name: spread(times) for name, times in quiet.items()},
        "ratios": ratios(samples, ours.NAME),
        "peers": others,
        "flops": None,
        "load": "one core busy" if one_core else f"{options.busy} busy processes",
    }
