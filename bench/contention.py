"""A call on all cores while one of them is busy with something else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from . import ours
from .case import Case
from .contestant import check
from .options import Options
from .timing import race, spread

SPIN = """
import os
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {%d})
while True:
    pass
"""


def measure(case: Case, options: Options, threads: int, peers: dict[str, Any]) -> dict[str, Any]:
    """Times with a busy core; as `quiet`, one thread of ours and all threads of the peers."""
    us, alone = (ours.contestant(case, n, options.isas[0]) for n in (threads, 1))
    others = [c for name, peer in peers.items()
              if name != "numpy" and (c := peer.contestant(case, threads))]  # fmt: skip
    check(case, us, others)
    quiet = race([alone, *others], options.seconds / 2, threads)
    with busy_core():
        busy = race([us, *others], options.seconds / 2, threads)
    return {"seconds": {name: spread(times) for name, times in busy.items()},
            "quiet": {name: spread(times) for name, times in quiet.items()}}  # fmt: skip


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep the last CPU busy."""
    cpu = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    process = subprocess.Popen([sys.executable, "-c", SPIN % cpu])
    try:
        time.sleep(0.3)
        yield
    finally:
        process.kill()
        process.wait()
