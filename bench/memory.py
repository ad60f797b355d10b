"""Peak memory of training steps: ``python -m bench.memory`` is the process that takes them.

Linux only: it resets and reads the high-water mark of the resident set in /proc.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .case import Case
from .shapes import ALL

if TYPE_CHECKING:
    from .worker import Options

STEPS = 3
ENTRIES = {"fusedrnn": "ours", "torch": "pytorch"}


def measure(case: Case, options: Options, threads: int) -> dict[str, Any] | None:
    """Megabytes above those before the first step, for us and for PyTorch."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    megabytes = {}
    for name, module in ENTRIES.items():
        ours = name == "fusedrnn"
        if ours or (name in options.peers and case.cell != "gru_before"):
            command = [sys.executable, "-m", "bench.memory", module, case.cell, case.name,
                       case.dtype, str(threads), options.isas[0]]  # fmt: skip
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            megabytes[name] = float(done.stdout)
    return {"megabytes": megabytes}


def resident(field: str) -> float:
    """VmRSS or VmHWM of this process, in megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(field)


def main(module: str, cell: str, name: str, dtype: str, threads: str, isa: str) -> None:
    """Print how far a few training steps raised the resident set."""
    import importlib

    entry: Any = importlib.import_module(f".{module}", __package__)
    case = Case("memory", "training", cell, name, ALL[name], dtype)
    extra = (isa,) if module == "ours" else ()
    contestant = entry.contestant(case, int(threads), *extra)
    with contestant.context():
        before = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")
        for _ in range(STEPS):
            contestant.run()
    print(resident("VmHWM") - before)


if __name__ == "__main__":
    main(*sys.argv[1:])
