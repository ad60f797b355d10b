"""What the figures were measured on, for the head of the report."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import fusedrnn
from fusedrnn import runtime

PACKAGES = ("numpy", "torch", "onnxruntime", "jax", "tensorflow", "tensorflow-cpu", "keras")


def cpu() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


def cores() -> int:
    """Number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe() -> dict[str, Any]:
    """CPU, instruction set, versions, date."""
    versions = {"python": platform.python_version(), "fusedrnn": fusedrnn.__version__}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "cpu": cpu(),
        "cores": cores(),
        "isa": runtime.isa(),
        "build": runtime.build_info(),
        "platform": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        "versions": versions,
    }
