"""A machine whose cores are busy with something else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

SPIN = """
import os
if {cpu} is not None and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [{cpu}])
while os.getppid() == {parent}:
    for _ in range(10**6):
        pass
"""


def last_cpu() -> int:
    """The CPU that is kept busy where one is."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0


@contextmanager
def busy(number: int, cpu: int | None = None) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Let so many processes keep the machine busy, or that one CPU."""
    program = SPIN.format(cpu=cpu, parent=os.getpid())
    with ExitStack() as stack:
        processes = []
        for _ in range(number):
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", program]))
            stack.callback(process.kill)
            processes.append(process)
        time.sleep(0.3)
        yield processes
