"""Damaged and hostile model files in the library without Python, under ASan and UBSan.

A case is some files that are changed: bytes, the header's JSON, and the words of the description of
the stream. Each must be refused, by an error, or run; what reads beyond a buffer, or computes what
has no meaning in C++, ends the process. The library is built as `cmake -DFUSEDRNN_PYTHON=OFF` does.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from builds import ROOT, Build, command
from file_mutants import changed_bytes, changed_tree, dumped
from fusedrnn import layers, runtime
from fusedrnn.models import Sequential
from run import Run

CASES, EACH = 100, 100
HANG = 300
FLAGS = ("-O1", "-g1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined",
         "-fno-sanitize-recover=all", "-DFUSEDRNN_POISON")  # fmt: skip
MODELS = {
    "numbers": lambda: [
        layers.Input((None, 3)), layers.Masking(), layers.LSTM(5, return_sequences=True),
        layers.BatchNormalization(), layers.LayerNormalization(),
        layers.GRU(4, reset_after=False, return_sequences=True),
        layers.GRU(3, return_sequences=True), layers.SimpleRNN(3, activation="relu"),
        layers.PReLU(), layers.Dense(2, "softmax"),
    ],
    "indices": lambda: [
        layers.Input((None,), dtype="int32"), layers.Embedding(6, 3, mask_zero=True),
        layers.LSTM(2), layers.Rescaling(2.0), layers.Dense(1, "elu"),
    ],
}  # fmt: skip


def changed_words(rng: np.random.Generator, text: str) -> str:
    """Return a description with one to three words or lines changed."""
    lines = [line.split(" ") for line in text.split("\n")]
    words = [word for line in lines for word in line]
    others = [*words, "", "-1", "0", "999999999", "1e308", "nan", "inf", "indices", "\0", "x" * 99]
    for _ in range(int(rng.integers(1, 4))):
        line = lines[int(rng.integers(len(lines)))]
        kind = int(rng.integers(5))
        if kind == 0 and line:
            line[int(rng.integers(len(line)))] = str(rng.choice(others))
        elif kind == 1 and line:
            del line[int(rng.integers(len(line)))]
        elif kind == 2:
            line.insert(int(rng.integers(len(line) + 1)), str(rng.choice(others)))
        elif kind == 3:
            lines.insert(int(rng.integers(len(lines))), list(line))
        elif len(lines) > 1:
            lines.remove(line)
    return "\n".join(" ".join(line) for line in lines)


def changed(rng: np.random.Generator, data: bytes) -> bytes:
    """Return a file with changes in its bytes, its header or its description."""
    kind = rng.random()
    if kind < 0.3:
        return changed_bytes(rng, data)
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    del header["__metadata__"]["config"]
    if kind < 0.6:
        metadata = header["__metadata__"]
        metadata["stream"] = changed_words(rng, metadata["stream"])
    else:
        header = changed_tree(rng, header)
    text = dumped(header)
    return len(text).to_bytes(8, "little") + text + body


def driver(folder: Path) -> Path:
    """Build and install the library, and the program that loads files with it."""
    prefix = folder / "installed"
    options = {"FUSEDRNN_PYTHON": "OFF", "FUSEDRNN_ISAS": "baseline",
               "CMAKE_INSTALL_PREFIX": str(prefix)}  # fmt: skip
    build = Build(folder / "build", FLAGS, options)
    build.make()
    command("cmake", "--install", build.objects)
    project = folder / "driver"
    project.mkdir()
    project.joinpath("CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.20)\nproject(driver LANGUAGES CXX)\n"
        "find_package(fusedrnn REQUIRED)\n"
        f"add_executable(driver {ROOT / 'tests' / 'proofs' / 'stream_files.cpp'})\n"
        f"target_compile_options(driver PRIVATE {' '.join(FLAGS)})\n"
        f"target_link_options(driver PRIVATE {' '.join(FLAGS)})\n"
        "target_link_libraries(driver PRIVATE fusedrnn::fusedrnn)\n"
    )
    command("cmake", "-S", project, "-B", project / "built", f"-DCMAKE_PREFIX_PATH={prefix}")
    command("cmake", "--build", project / "built")
    return project / "built" / "driver"


def prove(run: Run) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        program = driver(folder)
        whole = {}
        for name, make in MODELS.items():
            for dtype in ("float32", "float64"):
                path = folder / f"{name}_{dtype}.safetensors"
                model = Sequential(make())
                if dtype == "float64":
                    from fusedrnn import backend

                    backend.set_floatx("float64")
                    model = Sequential(make())
                    backend.set_floatx("float32")
                model.save(path)
                with runtime.use_isa("baseline"):
                    stream = model.stream(2)
                    x = np.ones((2, stream.input_size) if stream.input_size else 2, int)
                    y = [stream(x) for _ in range(3)][-1][-1, -1]
                (found,) = outcomes(program, [path])
                assert float(found) == float(y) or found == f"{y:.9g}", (name, dtype, found, y)
                whole[name, dtype] = path.read_bytes()
        for case, rng in run.each():
            paths = []
            for k in range(EACH):
                data = list(whole.values())[int(rng.integers(len(whole)))]
                paths.append(folder / f"mutant_{k}")
                paths[-1].write_bytes(changed(rng, data))
            try:
                for found in outcomes(program, paths):
                    run.count("refused" if found.startswith("refused") else "run")
            except AssertionError as error:
                run.fail(case, str(error))


def outcomes(program: Path, paths: list[Path]) -> list[str]:
    """Return what the program says of each file."""
    done = subprocess.run(
        [program], input="\n".join(map(str, paths)) + "\n", capture_output=True, text=True,
        errors="replace", env={**os.environ, "ASAN_OPTIONS": "allocator_may_return_null=1"},
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"file {len(lines)}: {done.returncode}\n{done.stderr[-3000:]}"
    assert len(lines) == len(paths), f"{len(lines)} lines for {len(paths)} files"
    return lines
