"""Builds of the extension by other flags, each beside a copy of the package in a folder of its own.

They need CMake, Ninja and pybind11 besides a compiler: pip install cmake ninja pybind11.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fusedrnn
from run import Run

ROOT = Path(__file__).resolve().parent.parent.parent
JOBS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Failed(Exception):
    """A command of a build ended with an error."""


def command(*words: str | Path, timeout: float | None = None, **options: Any) -> str:
    """What a command prints; Failed, with its last lines, if it ends with an error.

    After `timeout` seconds it and all its children are ended, and that raises TimeoutExpired.
    """
    with subprocess.Popen(
        [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True, **options,
    ) as child:  # fmt: skip
        try:
            printed = child.communicate(timeout=timeout)[0]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
    if child.returncode:
        raise Failed(f"{' '.join(map(str, words))}: {child.returncode}\n{printed[-3000:]}")
    return printed


@dataclass
class Build:
    """`csrc` and `python` are copies that may be changed; `make` builds one into the other."""

    folder: Path
    flags: Iterable[str] = ()  # after the project's own: FUSEDRNN_EXTRA_FLAGS
    options: Mapping[str, str] = field(default_factory=dict)  # of CMake
    environment: Mapping[str, str] = field(default_factory=dict)  # of what runs on it
    python: str = sys.executable  # that runs it
    paths: Sequence[Path] = ()  # where it finds packages, besides its own

    def __post_init__(self) -> None:
        self.source = self.folder / "source"
        self.objects = self.folder / "objects"
        self.package = self.folder / "python"
        shutil.copytree(ROOT / "csrc", self.source / "csrc")
        shutil.copy(ROOT / "CMakeLists.txt", self.source)
        shutil.copytree(
            ROOT / "python", self.package, ignore=shutil.ignore_patterns("_core*.so", "__pycache__")
        )
        import pybind11

        command(
            "cmake", "-S", self.source, "-B", self.objects, "-G", "Ninja",
            f"-DSKBUILD_PROJECT_VERSION={fusedrnn.__version__}", "-DCMAKE_BUILD_TYPE=Release",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            f"-DFUSEDRNN_EXTRA_FLAGS={';'.join(self.flags)}",
            *(f"-D{name}={value}" for name, value in
              ({"Python_EXECUTABLE": sys.executable} | dict(self.options)).items()),
        )  # fmt: skip

    def make(self, jobs: int = JOBS) -> None:
        """Build what has changed."""
        command("cmake", "--build", self.objects, "--parallel", str(jobs))
        for built in self.objects.glob("_core*.so"):
            shutil.copy(built, self.package / "fusedrnn")

    def run_python(
        self,
        *arguments: str,
        prefix: Iterable[str] = (),
        variables: Mapping[str, str] | None = None,
        **options: Any,
    ) -> str:
        """Run Python from the root with this build as `fusedrnn`; Failed if that fails.

        `prefix`: a command that runs another; `variables`: of the environment; `options`: those of
        `command`.
        """
        paths = map(str, [self.package, ROOT / "tests" / "support", *self.paths])
        environment = {
            **os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1",
            **self.environment, **(variables or {}),
        }  # fmt: skip
        return command(*prefix, self.python, *arguments, cwd=ROOT, env=environment, **options)

    def pytest(self, *arguments: str, **options: Any) -> str:
        """Run tests on this build; Failed if one fails."""
        return self.run_python("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments,
                               **options)  # fmt: skip

    def check(self) -> None:
        """Fail where Python takes `fusedrnn` from elsewhere, as with an editable install."""
        code = "import fusedrnn._core as core; print(core.__file__)"
        if not Path(self.run_python("-c", code).strip()).is_relative_to(self.folder):
            raise Failed("another fusedrnn comes before this build: is one installed with -e?")


def run_files(run: Run, build: Build, files: Sequence[str], **options: Any) -> None:
    """Each test file on a build, as the case of its number; what fails ends that file."""
    for case, _ in run.each():
        if case >= len(files):
            continue
        try:
            last = build.pytest("-x", files[case], **options).splitlines()[-1]
        except (Failed, subprocess.TimeoutExpired) as error:
            run.fail(files[case], str(error))
            continue
        for count, what in re.findall(r"(\d+) (passed|skipped)", last):
            run.count(f"tests {what}", int(count))


def all_tests() -> list[str]:
    """All of the project's test files, those of the kernels first."""
    files = (ROOT / "tests").glob("*/**/test_*.py")
    return [
        str(path.relative_to(ROOT))
        for path in sorted(files, key=lambda p: (p.parent.name != "kernels", p))
    ]
