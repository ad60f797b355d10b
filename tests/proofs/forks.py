"""Processes that fork: whoever used OpenMP before, wherever ours was imported, however they start.

A case is a script of its own, so that each begins with a process in which nothing has happened.
"""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
import textwrap

from child_scripts import GOMP
from run import Run

BEFORE = {  # in the parent, before the child starts
    "nothing": "",
    "imported": "from fusedrnn import functional",
    "called": "call(1)",
    "called with threads": "call(2)",
    "called in a thread": "t = threading.Thread(target=call, args=(2,)); t.start(); t.join()",
    "calling in a thread": "call(1); threading.Thread(target=lambda: [call(2) for _ in range(999)],"
    " daemon=True).start()",
    "libgomp": "gomp()",
    "libgomp, imported": "from fusedrnn import functional; gomp()",
    "imported, libgomp": "gomp(); from fusedrnn import functional",
    "torch": "torch_call()",
    "torch, imported": "torch_call(); from fusedrnn import functional",
    "torch, called": "torch_call(); call(2)",
}
START = {  # how the child starts; it calls `child`, which raises if anything is wrong
    "fork": "start('fork')",
    "spawn": "start('spawn')",
    "forkserver": "start('forkserver')",
    "os.fork": """
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                child()
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0""",
    "os.fork twice": """
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                child()
                inner = os.fork()
                if inner == 0:
                    child()
                    os._exit(0)
                status = os.waitpid(inner, 0)[1]
            finally:
                os._exit(status)
        assert os.waitpid(pid, 0)[1] == 0""",
    "pool": """
        with multiprocessing.get_context('fork').Pool(2) as pool:
            pool.map(child, range(4))""",
}
AFTER = {"": "", "parent calls": "call(2)"}  # in the parent, after it

SCRIPT = (
    GOMP
    + """
import multiprocessing, os, sys, threading
import numpy as np

def call(threads):
    from fusedrnn import functional as F, runtime
    runtime.set_num_threads(threads)
    rng = np.random.default_rng(0)
    x, W, R = (rng.normal(size=s).astype("f4") / 9 for s in [(64, 30, 8), (8, 400), (100, 400)])
    y, *_, tape = F.lstm(x, W, R, training=True)
    return float(y.sum()) + float(F.lstm_backward(tape, y)[1].sum())

def torch_call():
    import torch
    torch.set_num_threads(2)
    torch.relu(torch.ones(4000, 1000))

EXPECTED = {expected!r}

def child(_=None):
    assert call(2) == EXPECTED
    assert call(1) == EXPECTED

def start(method):
    p = multiprocessing.get_context(method).Process(target=child)
    p.start()
    p.join(60)
    assert p.exitcode == 0, p.exitcode

if __name__ == "__main__":
{body}
"""
)


def script(before: str, start: str, after: str, expected: float) -> str:
    """The program of one case."""
    body = "\n".join(textwrap.dedent(part) for part in (BEFORE[before], START[start], AFTER[after]))
    body = textwrap.indent(body, "    ")
    return SCRIPT.replace("{expected!r}", repr(expected)).replace("{body}", body)


def expected() -> float:
    """What every call gives."""
    source = SCRIPT.split("EXPECTED =")[0] + "print(repr(call(1)))"
    return float(subprocess.check_output([sys.executable, "-c", source], text=True))


def ways() -> list[tuple[str, str, str]]:
    """What can be tried here."""
    has_torch = importlib.util.find_spec("torch") is not None
    return [
        way for way in itertools.product(BEFORE, START, AFTER)
        if has_torch or "torch" not in way[0]
    ]  # fmt: skip


CASES = len(BEFORE) * len(START) * len(AFTER)


def prove(run: Run) -> None:
    import tempfile
    from pathlib import Path

    value, all_ways = expected(), ways()
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "program.py")  # spawn and forkserver import it
        for case, _ in run.each():
            if case >= len(all_ways):
                break
            # In an order of their own, so that a short run tries something of everything.
            before, start, after = all_ways[case * 29 % len(all_ways)]
            program.write_text(script(before, start, after, value))
            try:
                done = subprocess.run([sys.executable, str(program)], capture_output=True,
                                      text=True, timeout=90, check=False)  # fmt: skip
            except subprocess.TimeoutExpired:
                run.fail(case, f"{before} / {start} / {after}: hangs")
                continue
            if done.returncode:
                run.fail(case, f"{before} / {start} / {after}: {done.returncode} {done.stderr}")
            run.count(start)
