"""Every block of docs/serving.md is run: the Python as one program, C++ and C on the library."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from fusedrnn import backend, layers, runtime
from fusedrnn.models import Sequential

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serving.md").read_text("utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "cpp"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_every_block_is_of_a_language_that_is_run():
    opened = re.findall(r"^```(.+)$", PAGE, re.MULTILINE)
    assert set(opened) == {"python", "sh", "cmake", "cpp", "c"}
    assert PAGE.count("```") == 2 * len(opened)


def test_python(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    *most, last = blocks("python")
    names: dict[str, object] = {}
    exec(compile("\n".join(most), "docs/serving.md", "exec"), names)
    (said,) = re.findall(r"print\(error\)\n# (.*) \.\.\.$", PAGE, re.MULTILINE)
    printed = re.sub(r"bidirectional_\d+", "bidirectional", capsys.readouterr().out)
    assert printed.startswith(said)
    pytest.importorskip("onnx")
    exec(compile(last, "docs/serving.md", "exec"), names)
    assert (tmp_path / "model.onnx").exists()


def run(*words: object, **options: object) -> str:
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The library as the page builds it, in a short build: one instruction set."""
    if not all(map(shutil.which, ("cmake", "c++", "cc"))):
        pytest.skip("needs CMake and compilers")
    folder = tmp_path_factory.mktemp("library")
    (commands,) = blocks("sh")
    configure, *rest = commands.splitlines()
    short = "-DFUSEDRNN_ISAS=baseline -DFUSEDRNN_EXTRA_FLAGS=-O1"
    for line in (f"{configure} {short}", *rest):
        line = line.replace("-S .", f"-S {ROOT}").replace("$PWD", str(folder))
        run("sh", "-c", line, cwd=folder)
    return folder / "installed"


@pytest.fixture(scope="module")
def programs(installed, tmp_path_factory):
    """The example's programs, and those on the page."""
    folder = tmp_path_factory.mktemp("programs")
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    (listed,) = blocks("cmake")
    described = folder.joinpath("CMakeLists.txt")
    assert listed in described.read_text("utf-8")
    for language in ("cpp", "c"):
        (block,) = blocks(language)
        folder.joinpath(f"page.{language}").write_text(block)
    more = {"page_cpp": "page.cpp", "page_c": "page.c", "c_api": ROOT / "tests/support/c_api.c",
            "load": ROOT / "tests/proofs/stream_files.cpp"}  # fmt: skip
    with described.open("a") as file:
        for name, source in more.items():
            file.write(f"add_executable({name} {source})\n")
            file.write(f"target_link_libraries({name} PRIVATE fusedrnn::fusedrnn)\n")
    flags = "-Wall -Wextra -Werror"
    run("cmake", "-S", folder, "-B", folder / "build", f"-DCMAKE_PREFIX_PATH={installed}",
        f"-DCMAKE_CXX_FLAGS={flags}", f"-DCMAKE_C_FLAGS={flags} -std=c99")  # fmt: skip
    run("cmake", "--build", folder / "build")
    return folder / "build"


def numbers(text: str) -> np.ndarray:
    """Each nine digits, which is enough to be one float32."""
    return np.array([line.split() for line in text.splitlines()], np.float32)


def text_of(x: np.ndarray) -> str:
    return "".join(" ".join(f"{v:.9g}" for v in row) + "\n" for row in x)


def test_programs_on_the_page_give_the_bits_of_python(programs, tmp_path):
    model = Sequential([layers.Input((None, 3)), layers.LSTM(50), layers.Dense(1)])
    model.save(tmp_path / "model.safetensors")
    x = np.zeros((1, 3, 3), np.float32)
    x[0, :, 0] = range(3)
    with runtime.use_isa("baseline"):
        expected = model.stream().run(x)[0]
    for name in ("page_cpp", "page_c"):
        assert np.array_equal(numbers(run(programs / name, cwd=tmp_path)), expected)


def test_the_example_gives_the_bits_of_python(programs, tmp_path):
    model = Sequential([
        layers.Input((None, 3)), layers.Masking(), layers.BatchNormalization(),
        layers.LSTM(33, return_sequences=True), layers.Dropout(0.5), layers.LayerNormalization(),
        layers.GRU(17, reset_after=False, return_sequences=True),
        layers.GRU(5, return_sequences=True, name="a name, with spaces"),
        layers.SimpleRNN(9, activation="relu"), layers.Dense(4, "softmax"),
    ])  # fmt: skip
    path = tmp_path / "model.safetensors"
    model.save(path)
    x = np.random.default_rng(0).normal(size=(6, 2, 3)).astype(np.float32)
    x[2] = 0  # masked
    with runtime.use_isa("baseline"):
        one, two = model.stream(), model.stream(2)
    found = numbers(run(programs / "stream", path, input=text_of(x[:, 0])))
    assert np.array_equal(found, one.run(x[None, :, 0])[0])
    found = numbers(run(programs / "stream_c", path, input=text_of(x.reshape(12, 3))))
    assert np.array_equal(found.reshape(6, 2, 4), np.stack([two(step) for step in x]))


@pytest.fixture
def three_models(tmp_path):
    """Files: in float32, in float64, and one that takes indices; and the models."""
    made = {}
    for dtype in ("float32", "float64"):
        backend.set_floatx(dtype)
        made[dtype] = Sequential([layers.Input((None, 3)), layers.LSTM(9), layers.Dense(4)])
    backend.set_floatx("float32")
    made["indices"] = Sequential([
        layers.Input((None,), dtype="int32"), layers.Embedding(6, 5, mask_zero=True),
        layers.GRU(4), layers.Dense(2, "gelu"),
    ])  # fmt: skip
    for name, model in made.items():
        model.save(tmp_path / f"{name}.safetensors")
    return {tmp_path / f"{name}.safetensors": model for name, model in made.items()}


def test_the_c_functions_keep_their_promises(programs, three_models):
    run(programs / "c_api", *three_models)


def test_every_type_gives_the_bits_of_python(programs, three_models):
    """The program takes three steps of two streams, all ones."""
    found = run(programs / "load", input="".join(f"{path}\n" for path in three_models))
    for text, model in zip(found.splitlines(), three_models.values(), strict=True):
        with runtime.use_isa("baseline"):
            stream = model.stream(2)
        x = np.ones((2, stream.input_size) if stream.input_size else 2, int)
        y = [stream(x) for _ in range(3)][-1]
        assert y.dtype.type(text) == y[-1, -1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "is too short"),
        (b"\xff" * 20, "is too short for its header"),
        (b"\x02" + b"\0" * 7 + b"{}", "has no model that is a stream"),
    ],
)
def test_files_that_are_none(programs, tmp_path, content, message):
    path = tmp_path / "m.safetensors"
    if content is not None:
        path.write_bytes(content)
    for name in ("stream", "stream_c"):
        done = subprocess.run([programs / name, path], capture_output=True, text=True, input="")
        assert done.returncode == 1
        assert message in done.stderr
        assert "m.safetensors" in done.stderr


def test_a_file_without_a_stream_says_so(programs, tmp_path):
    model = Sequential([layers.Input((4, 3)), layers.Flatten(), layers.Dense(1)])
    path = tmp_path / "m.safetensors"
    for save in (model.save, model.save_weights):
        save(path)
        done = subprocess.run([programs / "stream", path], capture_output=True, text=True, input="")
        assert "which model.stream() in Python names" in done.stderr
