"""The library without Python for systems that are not here: ``python tests/packaging/cross.py``.

Zig's Clang has the headers and libraries of musl, Windows and macOS: it compiles and links the
library and the streaming example for each. What can run here (Linux as it is or by qemu-user,
Windows by Wine) has to print the bits of ``model.stream()``. Needs fusedrnn, and ``pip install
ziglang cmake ninja``.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fusedrnn import layers, runtime
from fusedrnn.models import Sequential

ROOT = Path(__file__).resolve().parents[2]
TARGETS = {  # CMake's names of the system and the processor, and who runs its programs here
    "x86_64-linux-musl": ("Linux", "x86_64", ()),
    "aarch64-linux-musl": ("Linux", "aarch64", ("qemu-aarch64",)),
    "x86_64-windows-gnu": ("Windows", "AMD64", ("wine",)),
    "aarch64-macos": ("Darwin", "arm64", None),
    "x86_64-macos": ("Darwin", "x86_64", None),
}


def run(*words: object, **options: object) -> str:
    """What a command prints; SystemExit with all it says, if it fails."""
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def example(target: str, folder: Path) -> Path:
    """The program of docs/examples/cpp for a target, built on the library as it is installed."""
    system, processor, _ = TARGETS[target]
    tools = folder / "tools"
    tools.mkdir(parents=True)
    zig = Path(importlib.util.find_spec("ziglang").origin).with_name("zig")
    for name, words in {"cc": f"cc -target {target}", "c++": f"c++ -target {target}",
                        "ar": "ar", "ranlib": "ranlib"}.items():  # fmt: skip
        spelled = "${@/-march=x86-64-v/-march=x86_64_v}"  # as Zig takes it
        (tools / name).write_text(f'#!/bin/bash\nexec "{zig}" {words} "{spelled}"\n')
        (tools / name).chmod(0o755)
    options = {
        "SYSTEM_NAME": system, "SYSTEM_PROCESSOR": processor, "BUILD_TYPE": "Release",
        "C_COMPILER": tools / "cc", "CXX_COMPILER": tools / "c++", "AR": tools / "ar",
        "RANLIB": tools / "ranlib", "INSTALL_NAME_TOOL": "install_name_tool",  # macOS: not called
        "INSTALL_PREFIX": folder / "installed", "PREFIX_PATH": folder / "installed",
        "FIND_ROOT_PATH_MODE_PACKAGE": "BOTH",
    }  # fmt: skip
    common = ["-G", "Ninja", *(f"-DCMAKE_{name}={value}" for name, value in options.items())]
    library, program = folder / "library", folder / "program"
    run("cmake", "-S", ROOT, "-B", library, *common, "-DFUSEDRNN_PYTHON=OFF",
        "-DFUSEDRNN_OPENMP=OFF")  # fmt: skip
    run("cmake", "--build", library)
    run("cmake", "--install", library)
    run("cmake", "-S", ROOT / "docs/examples/cpp", "-B", program, *common)
    run("cmake", "--build", program)
    return program / ("stream.exe" if system == "Windows" else "stream")


def main() -> None:
    parser = argparse.ArgumentParser("python tests/packaging/cross.py", description=__doc__)
    parser.add_argument("targets", nargs="*", default=[*TARGETS], metavar="TARGET",
                        help=f"of {', '.join(TARGETS)}; all without")  # fmt: skip
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    if importlib.util.find_spec("ziglang") is None:
        sys.exit("no ziglang: pip install ziglang cmake ninja")
    wrong = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = Sequential([
            layers.Input((None, 3)), layers.LSTM(33, return_sequences=True),
            layers.GRU(17, return_sequences=True),
            layers.GRU(8, reset_after=False, return_sequences=True),
            layers.SimpleRNN(9), layers.Dense(4),
        ])  # fmt: skip
        model.save(folder / "model.safetensors")
        x = np.random.default_rng(0).normal(size=(1, 50, 3)).astype(np.float32)
        steps = "".join(" ".join(f"{v:.9g}" for v in row) + "\n" for row in x[0])
        for target in options.targets:
            built = example(target, folder / target)
            _, processor, runner = TARGETS[target]
            if runner is None or not all(map(shutil.which, runner)):
                print(f"{target}: compiled and linked")
                continue
            native = processor in ("x86_64", "AMD64")
            for isa in runtime.available_isas() if native else ["baseline"]:
                printed = run(*runner, built, folder / "model.safetensors", input=steps,
                              env=os.environ | {"FUSEDRNN_ISA": isa})  # fmt: skip
                got = np.array([line.split() for line in printed.splitlines()], np.float32)
                with runtime.use_isa(isa if native else runtime.available_isas()[-1]):
                    expected = model.stream().run(x)[0]
                ulps = np.abs(got.view(np.int32).astype(int) - expected.view(np.int32))
                said = f"{target}, {isa}: {got.size} numbers, {(ulps > 0).sum()} of other bits"
                print(said, f"(at most {ulps.max()} units in the last place)" if ulps.any() else "")
                if ulps.any():
                    wrong.append(said)
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
