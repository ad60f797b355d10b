"""The kernels on processors that are not here, emulated by QEMU: x86-64 and aarch64.

Each x86-64 processor has to choose the instruction sets that it has, and to give the bits that this
machine gives with the same ones. The aarch64 build is made by a cross compiler and runs on Debian's
Python for that machine, which apt-get and pip bring into a temporary folder; its results are
compared with the float64 reference, over what test_kernels.py tests, and a whole run runs a test
file there as well. QEMU has no AVX-512: its kernels are tested as FUSEDRNN_EMULATE_AVX512 builds
them, and where the CPU has it.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import fusedrnn
from fusedrnn import runtime
from kernel_cases import CELLS, OPTIONS, make_case, run_kernels, run_reference
from random_cases import beyond, tame
from shapes import TEST_SHAPES

X86 = {"Nehalem": ["baseline"], "Haswell": ["baseline", "avx2"]}  # and what they can run
BATCH = 20  # calls, for Python takes seconds to start there
FILES = ["tests/kernels/test_math.py"]
BATCHES = 24
CASES = BATCHES + len(FILES)
HANG = 3600  # seconds a case may take
PACKAGES = ("python3-minimal", "libpython3-dev", "libstdc++6", "libgomp1")


def answers(file: Path) -> None:
    """In the emulated process: what a batch of calls gives with each instruction set it has."""
    batch, found = pickle.loads(file.read_bytes()), {}
    for isa in runtime.available_isas():
        with runtime.use_isa(isa):
            found[isa] = [run_kernels(*call) for call in batch]
    file.write_bytes(pickle.dumps((runtime.isa(), found)))


class Aarch64:
    """A Python for aarch64 with this extension, in a folder."""

    def __init__(self, folder: Path) -> None:
        import pybind11  # noqa: F401  (said before anything is fetched)

        from builds import Build, command

        root, site = folder / "root", folder / "site"
        apt = {"State": folder / "state", "State::status": folder / "status",
               "Cache": folder / "cache"}  # fmt: skip
        for part in (root, site, apt["State"] / "lists/partial", apt["Cache"] / "archives/partial"):
            part.mkdir(parents=True)
        apt["State::status"].touch()
        options = ["-o", "APT::Architecture=arm64", "-o", "APT::Architectures::=arm64", "-o",
                   "APT::Install-Recommends=false"]  # fmt: skip
        for name, path in apt.items():
            options += ["-o", f"Dir::{name}={path}"]
        command("apt-get", *options, "update")
        command("apt-get", *options, "install", "--yes", "--download-only", *PACKAGES)
        for package in (apt["Cache"] / "archives").glob("*.deb"):
            command("dpkg", "--extract", package, root)
        (self.interpreter,) = (root / "usr/bin").glob("python3.*")
        version = self.interpreter.name.removeprefix("python")
        command(
            sys.executable, "-m", "pip", "install", "--quiet", "--target", site,
            "--only-binary=:all:", "--python-version", version, "--implementation", "cp",
            *(f"--platform=manylinux{name}_aarch64" for name in ("2014", "_2_27", "_2_28")),
            "numpy", "pytest",
        )  # fmt: skip
        self.build = Build(
            folder / "build", ["-idirafter", str(root / "usr/include")],
            {
                "CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": "aarch64",
                "CMAKE_CXX_COMPILER": "aarch64-linux-gnu-g++",
                "Python_INCLUDE_DIR": str(root / "usr/include" / self.interpreter.name),
                "PYTHON_MODULE_EXTENSION": ".so",
            },
            python=str(self.interpreter),
        )  # fmt: skip
        self.build.make()
        self.emulator = ["qemu-aarch64", "-L", str(root)]
        # What pip and apt have brought, beside the build; nothing of this machine's Python.
        shutil.copytree(site, self.build.package, dirs_exist_ok=True)


def emulated(
    emulator: Sequence[str], python: str, paths: Sequence[Path], batch: list[Any]
) -> tuple[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "batch")
        file.write_bytes(pickle.dumps(batch))
        here = Path(__file__).resolve().parent
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(map(str, [*paths, here, here.parent / "support"])),
            "OPENBLAS_NUM_THREADS": "1",
        }
        code = "import instruction_sets as i, pathlib, sys; i.answers(pathlib.Path(sys.argv[1]))"
        done = subprocess.run([*emulator, python, "-c", code, str(file)], env=environment,
                              capture_output=True, text=True, check=False)  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(emulator)}: {done.returncode}\n{done.stderr[-3000:]}")
        return pickle.loads(file.read_bytes())


def random_call(rng: np.random.Generator) -> tuple[Any, ...]:
    """Arguments of run_kernels."""
    cell, option = str(rng.choice(list(CELLS))), str(rng.choice(list(OPTIONS)))
    shape = TEST_SHAPES[str(rng.choice([s for s in TEST_SHAPES if s != "long"]))]
    options = OPTIONS[option]
    case = tame(cell, make_case(cell, shape, options, seed=int(rng.integers(1 << 30))))
    return cell, case, options, np.float32 if rng.random() < 0.5 else np.float64


def differences(found: Any, expected: Any) -> str:
    """Which of results (outputs, gradients) has other bits."""
    for what, ours, theirs in zip(("output", "gradient"), found, expected, strict=True):
        for k, (a, e) in enumerate(zip(ours, theirs, strict=True)):
            if (a is None) != (e is None) or (a is not None and a.tobytes() != e.tobytes()):
                return f"{what} {k}"
    return ""


def prove(run: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        processors = [*X86, "aarch64"]
        needs = {name: ["qemu-x86_64"] for name in X86}
        needs["aarch64"] = ["qemu-aarch64", "aarch64-linux-gnu-g++", "apt-get", "dpkg", "cmake"]
        for name in list(processors):
            lacking = [program for program in needs[name] if not shutil.which(program)]
            if lacking:
                processors.remove(name)
                run.count(f"{name} not run without {' '.join(lacking)}")
                if run.seconds is None:
                    run.fail(name, f"needs {' '.join(lacking)}")
        arm: Aarch64 | None = None
        for case, rng in run.each():
            if not processors:
                continue
            name = processors[case % len(processors)] if case < BATCHES else "aarch64"
            if name == "aarch64" and arm is None:
                arm = Aarch64(Path(folder))
            if case >= BATCHES:
                arm.build.pytest("-x", FILES[case - BATCHES], prefix=arm.emulator)
                run.count(f"{FILES[case - BATCHES]} on aarch64")
                continue
            batch = [random_call(rng) for _ in range(BATCH)]
            if name == "aarch64":
                chosen, found = emulated(
                    arm.emulator, str(arm.interpreter), [arm.build.package], batch
                )
                expected_isas = ["baseline"]
            else:
                package = Path(fusedrnn.__file__).parent.parent
                chosen, found = emulated(
                    ["qemu-x86_64", "-cpu", name], sys.executable, [package], batch
                )
                expected_isas = X86[name]
            if list(found) != expected_isas or chosen != expected_isas[-1]:
                run.fail(case, f"{name}: has {list(found)} and chose {chosen}")
            for isa, results in found.items():
                same_bits = name != "aarch64" and isa in runtime.available_isas()
                for call, result in zip(batch, results, strict=True):
                    if same_bits:
                        with runtime.use_isa(isa):
                            wrong = differences(result, run_kernels(*call))
                    else:
                        exact = run_reference(*call[:3])
                        wrong = next(beyond(call[1], result, exact, call[3]), "")
                    if wrong:
                        cell, _, options, dtype = call
                        run.fail(case, f"{name} {isa}: {cell} {options} {dtype.__name__} {wrong}")
                run.count(f"calls {name} {isa}", len(results))
