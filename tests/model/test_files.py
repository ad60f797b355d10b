"""Files are written whole or not at all, keep what the user gave them, and are named in errors."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusedrnn import Sequential, _files, layers
from fusedrnn.callbacks import CSVLogger, ModelCheckpoint
from fusedrnn.models import load_model, model_from_json, save_model

ENDINGS = ["keras", "h5", "safetensors"]


def small(units: int = 3) -> Sequential:
    model = Sequential([layers.Input((5, 2)), layers.LSTM(units), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextlib.contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(params=ENDINGS)
def path(request: Any, tmp_path: Path) -> Path:
    if request.param != "safetensors":
        pytest.importorskip("h5py")
    return tmp_path / f"m.{request.param}"


def test_permissions_stay(path: Path) -> None:
    with umask(0o027):
        small().save(path)
    assert mode(path) == 0o640
    path.chmod(0o600)
    small().save(path)
    assert mode(path) == 0o600
    with umask(0o077):  # which is for new files
        path.chmod(0o664)
        small().save(path)
    assert mode(path) == 0o664


def test_a_private_file_is_never_open_to_others(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.touch()
    path.chmod(0o600)
    seen: list[int] = []
    _files.write(path, lambda to: seen.append(mode(to)))
    assert seen == [0o600]


def test_links_stay(path: Path) -> None:
    folder = path.parent / "deep"
    folder.mkdir()
    first, second = path.parent / f"first{path.suffix}", path.parent / f"second{path.suffix}"
    second.symlink_to(Path("deep") / path.name)
    first.symlink_to(second)
    small().save(first)
    assert first.is_symlink()
    assert second.is_symlink()
    assert [each.name for each in folder.iterdir()] == [path.name]
    load_model(first)


def test_what_cannot_be_written_is_named_and_nothing_is_left(path: Path) -> None:
    model = small()
    folder = path.parent / f"folder{path.suffix}"
    folder.mkdir()
    pipe = path.parent / f"pipe{path.suffix}"
    os.mkfifo(pipe)
    loop = path.parent / f"loop{path.suffix}"
    loop.symlink_to(loop)
    for target, kind in {
        folder: IsADirectoryError,
        pipe: FileExistsError,
        loop: OSError,
        **({} if path.suffix == ".h5" else {path.parent / "no" / path.name: FileNotFoundError}),
        path.parent / ("x" * 300 + path.suffix): OSError,
    }.items():
        with pytest.raises(kind) as caught:
            model.save(target)
        assert str(target) in str(caught.value)
    assert {each.name for each in path.parent.iterdir()} == {folder.name, pipe.name, loop.name}
    for target in (folder, pipe, loop):
        with pytest.raises(OSError, match=target.name):
            load_model(target)


def as_nobody(code: str, *arguments: Any) -> list[str]:
    """Run Python without root's rights over other users' files; the lines that it prints."""
    drop = "import fusedrnn.saving.files, os, sys\nos.getuid() or os.setuid(65534)\n"
    done = subprocess.run([sys.executable, "-c", drop + code, *map(str, arguments)],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that every user may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o777)
        yield path


def test_read_only_folders_and_files_and_unreadable_ones(open_path: Path) -> None:
    folder, file, secret = (open_path / name for name in ("folder", "m.safetensors", "secret"))
    secret = secret.with_suffix(".safetensors")
    small().save(file)
    folder.mkdir()
    for copy in (folder / file.name, secret):
        copy.write_bytes(file.read_bytes())
        copy.chmod(0o666)
    folder.chmod(0o555)
    file.chmod(0o444)
    secret.chmod(0o000)
    said = as_nobody(
        "model = fusedrnn.saving.load_model(sys.argv[2])\n"
        "for path in sys.argv[1:]:\n"
        "    for do in (model.save, fusedrnn.saving.load_model, model.load_weights):\n"
        "        try: do(path); print('done')\n"
        "        except PermissionError as error: print(error)\n",
        folder / file.name,
        file,
        secret,
    )
    assert [line == "done" for line in said] == [False, True, True, False, True, True, *[False] * 3]
    assert "folder/m.safetensors" in said[0]
    assert "is write-protected" in said[3]
    assert all("secret.safetensors" in line for line in said[6:])
    assert sorted(each.name for each in folder.iterdir()) == [file.name]
    assert len(list(open_path.iterdir())) == 3


FULL = """
import resource, signal, sys
import numpy, fusedrnn
from fusedrnn.models import load_model
from fusedrnn.callbacks import CSVLogger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
paths = sys.argv[1:]
models = [load_model(path) for path in paths]
for model in models: model.set_weights([w + 1 for w in model.get_weights()])
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))  # as a disk with 200 bytes left
for model, path in zip(models, paths):
    for save in (model.save, model.save_weights):
        name = path.replace(".keras", ".weights.h5") if save == model.save_weights else path
        try: save(name)
        except OSError as error: print(error.errno, error.filename)
"""


def test_a_full_disk_is_said_with_the_file_and_leaves_the_old_one(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    paths = [tmp_path / f"m.{ending}" for ending in ENDINGS]
    for path in paths:
        small().save(path)
    small().save_weights(tmp_path / "m.weights.h5")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    done = subprocess.run([sys.executable, "-c", FULL, *map(str, paths)],
                          capture_output=True, text=True, check=True)  # fmt: skip
    told = [f"{errno.EFBIG} {path}" for path in paths for path in (path, path)]
    told[1] = f"{errno.EFBIG} {tmp_path / 'm.weights.h5'}"
    assert done.stdout.splitlines() == told
    assert before == {each.name: each.read_bytes() for each in tmp_path.iterdir()}


def test_a_log_on_a_full_disk_keeps_its_whole_lines(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys; from fusedrnn import _files\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (25, 25))\n"
        "for _ in range(3): _files.append(sys.argv[1], b'ten bytes\\n')\n"
    )
    log = tmp_path / "log.csv"
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True, text=True)
    assert log.read_text() == "ten bytes\n" * 2
    assert done.stderr.splitlines()[-1].endswith(f"File too large: '{log}'")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError, OSError])
def test_an_interrupted_save_leaves_the_old_file(path: Path, error: Any, monkeypatch: Any) -> None:
    model = small()
    model.save(path)
    before = path.read_bytes()
    for function in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, function, lambda *a: (_ for _ in ()).throw(error("no")))
            with pytest.raises(error):
                model.save(path)
        assert path.read_bytes() == before
        assert list(path.parent.iterdir()) == [path]


def test_a_write_that_is_killed_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.txt"
    path.write_text("old")
    code = (
        "import os, signal, sys; from fusedrnn import _files\n"
        "_files.write(sys.argv[1], lambda to: (to.write_text('new'), os.kill(0, signal.SIGKILL)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], start_new_session=True)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "old"


def test_paths_of_every_kind(path: Path) -> None:
    class Like:
        def __fspath__(self) -> bytes:
            return bytes(path)

    model = small()
    for kind in (bytes(path), Like(), str(path)):
        model.save(kind)
        load_model(kind)
        model.load_weights(kind)
        save_model(model, kind)
        with pytest.raises(FileExistsError):
            model.save(kind, overwrite=False)
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(TypeError, match="int"):
        model.save(3)
    ModelCheckpoint(bytes(path))
    assert CSVLogger(Like()).filename == str(path)


@pytest.mark.parametrize("name", ["with space", "new\nline", "ü€😀", "%s{0}", "-o", b"no\xfftext"])
def test_names_of_every_kind(name: Any, path: Path) -> None:
    odd = path.parent / (os.fsdecode(name) + path.suffix)
    model = small()
    model.save(odd)
    load_model(odd)
    model.load_weights(odd)
    assert list(path.parent.iterdir()) == [odd]
    odd.write_bytes(b"")
    with pytest.raises(ValueError, match=re.escape(str(odd))):
        load_model(odd)


def test_two_processes_and_two_threads_that_save_at_once(path: Path) -> None:
    code = (
        "import sys; from fusedrnn.models import load_model\n"
        "model = load_model(sys.argv[1])\n"
        "model.set_weights([0 * w + float(sys.argv[2]) for w in model.get_weights()])\n"
        "for _ in range(15): model.save(sys.argv[1])\n"
    )
    model = small()
    model.set_weights([0 * w for w in model.get_weights()])
    model.save(path)
    writers = [subprocess.Popen([sys.executable, "-c", code, str(path), k]) for k in "12"]
    threads = [threading.Thread(target=lambda: [model.save(path) for _ in range(9)])
               for _ in range(2)]  # fmt: skip
    for thread in threads:
        thread.start()
    while any(writer.poll() is None for writer in writers):
        weights = np.concatenate([w.ravel() for w in load_model(path).get_weights()])
        assert np.ptp(weights) == 0  # of one writer alone
    for thread in threads:
        thread.join()
    assert [writer.returncode for writer in writers] == [0, 0]
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: Any) -> None:
    folder = tmp_path / "folder"

    def fill(text: str) -> Any:
        return lambda to: [(to / name).write_text(text) for name in "ab"]

    with umask(0o027):
        _files.write_folder(folder, fill("old"))
    assert mode(folder) == 0o750
    (folder / "a").chmod(0o600)
    folder.chmod(0o700)
    _files.write_folder(folder, fill("new"))
    assert (mode(folder), mode(folder / "a"), (folder / "b").read_text()) == (0o700, 0o600, "new")
    rename, calls = os.rename, []

    def broken(old: str, new: str) -> None:
        calls.append(new)
        if len(calls) == 2:  # the old one is away, the new one not yet there
            raise KeyboardInterrupt
        rename(old, new)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", broken)
        with pytest.raises(KeyboardInterrupt):
            _files.write_folder(folder, fill("newer"))
    assert (folder / "b").read_text() == "new"
    with pytest.raises(OSError, match="folder: no"):
        _files.write_folder(folder, lambda to: (_ for _ in ()).throw(OSError("no")))
    assert list(tmp_path.iterdir()) == [folder]


def test_two_that_write_a_folder_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from fusedrnn import _files\n"
        "for _ in range(200): _files.write_folder(sys.argv[1], lambda to:"
        " [(to / n).write_text(sys.argv[2]) for n in 'ab'])\n"
    )
    folder = tmp_path / "folder"
    writers = [subprocess.Popen([sys.executable, "-c", code, str(folder), k]) for k in "123"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [folder]
    assert (folder / "a").read_text() == (folder / "b").read_text()


# Files that are damaged, or made to do harm


def test_a_damaged_archive_says_what_is_wrong(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / "m.keras"
    small().save(path)
    with zipfile.ZipFile(path) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in whole.items():
            archive.writestr(name, data)
    load_model(path)
    data = path.read_bytes()
    place = data.index(b"model.weights.h5") + 40
    for damaged in (data[:place] + bytes(400) + data[place + 400 :],
                    data[:place] + data[place + 5 :]):  # fmt: skip
        path.write_bytes(damaged)
        for read in (load_model, small().load_weights):
            with pytest.raises(ValueError, match=r"m\.keras: "):
                read(path)
    for change, message in {
        ("config.json", b"{"): r"m\.keras: config\.json is no JSON",
        ("config.json", b"[]"): r"m\.keras: config\.json is no JSON object",
        ("config.json", b"[" * 100_000): r"m\.keras: config\.json is nested too deeply",
        ("config.json", b" " * (9 << 20)): r"m\.keras: config\.json is longer than",
        ("metadata.json", b"{}"): r"m\.keras: has no entry 'keras_version'",
        ("config.json", b'{"class_name": 5}'): r"m\.keras: .*class_name",
        ("model.weights.h5", None): r"m\.keras: the archive has no model\.weights\.h5",
    }.items():
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in (whole | dict([change])).items():
                if data is not None:
                    archive.writestr(name, data)
        with pytest.raises(ValueError, match=message):
            load_model(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, data in whole.items():
            archive.writestr(name, data)
    with pytest.raises(ValueError, match="is packed in a way that Keras does not use"):
        load_model(path)


def within(code: str, *arguments: Any) -> str:
    """Run Python that may take a gigabyte of address space above what it has at the start."""
    limit = (
        "import resource, sys, numpy, h5py, pandas\n"
        "import fusedrnn.saving.files\nfrom fusedrnn.models import load_model\n"
        "from fusedrnn.forecast.data.table import TableOptions, to_long\n"
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "most = pages * resource.getpagesize() + (1 << 30)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))\n"
    )
    done = subprocess.run([sys.executable, "-c", limit + code, *map(str, arguments)],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


LOAD = "try: load_model(sys.argv[1])\nexcept ValueError as error: print(error)"


@pytest.mark.skipif(sys.platform != "linux", reason="counts its memory in /proc")
def test_files_that_inflate_are_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "m.keras"
    small().save(path)
    with zipfile.ZipFile(path) as archive:
        whole = {name: archive.read(name) for name in archive.namelist()}

    def archive_of(**changes: Any) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in whole.items():
                with archive.open(name, "w", force_zip64=True) as file:
                    key = name.replace(".", "_")
                    for part in changes.get(key, [data]):
                        file.write(part)

    zeros = (bytes(1 << 20) for _ in range(1536))
    archive_of(model_weights_h5=zeros)
    assert path.stat().st_size < 2 << 20
    assert "m.keras: model.weights.h5 has 1,610,612,736 bytes, which is more" in within(LOAD, path)
    # An entry that says it is small: what it inflates to is not read either.
    data, size = path.read_bytes(), struct.pack("<Q", 1536 << 20)
    assert size in data or struct.pack("<I", 1536 << 20) in data
    path.write_bytes(data.replace(struct.pack("<I", 1536 << 20), struct.pack("<I", 4096)))
    assert "m.keras: model.weights.h5 is damaged" in within(LOAD, path)
    # A description of a model that is larger than memory, with and without the weights it needs.
    config = json.loads(whole["config.json"])
    config["config"]["layers"][1]["config"]["units"] = 20_000
    archive_of(config_json=[json.dumps(config).encode()])
    assert "m.keras: lstm" in (said := within(LOAD, path))
    assert "which is more than a file of this size holds" in said
    hollow = tmp_path / "hollow.weights.h5"
    with h5py.File(hollow, "w") as file:
        for group in ("layers/lstm/cell/vars", "layers/dense/vars"):
            for i in range(3):
                shape = (20_000, 20_000)
                file.create_dataset(f"{group}/{i}", shape, "f4", chunks=(100, 100))
    small().save(tmp_path / "small.keras")
    code = LOAD.replace("load_model(", "load_model(sys.argv[2]).load_weights(")
    said = within(code, hollow, tmp_path / "small.keras")
    assert "hollow.weights.h5: /layers/lstm/cell/vars/0 has 1,600,000,000 bytes" in said


@pytest.mark.skipif(sys.platform != "linux", reason="counts its memory in /proc")
@pytest.mark.parametrize("ending", ["gz", "zip", "bz2", "xz"])
@pytest.mark.parametrize(
    ("mebibytes", "reason"),
    [
        (8, "a line has more than 1,048,576 characters"),
        (1536, "it inflates to more than a table of its size holds"),
    ],
)
def test_tables_that_inflate_are_refused(
    mebibytes: int, reason: str, ending: str, tmp_path: Path
) -> None:
    pd = pytest.importorskip("pandas")
    path = tmp_path / f"sales.csv.{ending}"
    with pd.io.common.get_handle(path, "w", compression="infer") as handles:
        handles.handle.write("ds,y\n2024-01-01,")
        for _ in range(mebibytes):
            handles.handle.write("1" * (1 << 20))
    said = within(
        "try: to_long(sys.argv[1], TableOptions())\nexcept ValueError as error: print(error)", path
    )
    assert f"sales.csv.{ending}: not a CSV table: {reason}" in said


def test_trees_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    model, path = small(), tmp_path / "w.weights.h5"
    model.save_weights(tmp_path / "other.weights.h5")
    before = model.get_weights()

    def external(file: Any) -> None:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = h5py.ExternalLink("other.weights.h5", "layers/dense/vars/1")

    def soft(file: Any) -> None:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = h5py.SoftLink("/layers/lstm")

    def raw(file: Any) -> None:
        del file["layers/dense/vars/1"]
        file.create_dataset("layers/dense/vars/1", (1,), "f4", external=[("/etc/passwd", 0, 4)])

    def virtual(file: Any) -> None:
        del file["layers/dense/vars/1"]
        layout = h5py.VirtualLayout((1,), "f4")
        layout[:] = h5py.VirtualSource("other.weights.h5", "layers/dense/vars/1", (1,))
        file.create_virtual_dataset("layers/dense/vars/1", layout)

    def texts(file: Any) -> None:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = ["text"]

    def group(file: Any) -> None:
        del file["layers/dense/vars/1"]
        file.create_group("layers/dense/vars/1")

    for change, message in {
        external: "is a link to elsewhere",
        soft: "is a link to elsewhere",
        raw: "lies in another file",
        virtual: "lies in another file",
        texts: "is no array of numbers",
        group: "is no array of numbers",
    }.items():
        model.save_weights(path)
        with h5py.File(path, "a") as file:
            change(file)
        with pytest.raises(ValueError, match=rf"w\.weights\.h5: .*{message}"):
            model.load_weights(path)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h: h["x"].update(dtype="BF16"), "x has type BF16, expected one of F32"),
        (lambda h: h["x"].update(data_offsets=[4, 12]), "x does not lie in bytes 4 to 12"),
        (lambda h: h["x"].update(data_offsets=[0, 4]), "x does not lie in bytes 0 to 4"),
        (lambda h: h["x"].update(shape=[3]), "x does not lie in bytes 0 to 8"),
        (lambda h: h.pop("x"), "has 8 bytes of arrays, expected 0"),
        (lambda h: h["x"].pop("shape"), "has no entry 'shape'"),
        (lambda h: h.update(__metadata__=5), "__metadata__ is no JSON object"),
        (lambda h: h.update(x=5), r"is damaged \(TypeError"),
        (lambda h: h.update(y=h["x"]), "does not lie in bytes 0 to 8"),
    ],
)
def test_a_safetensors_header_that_does_not_fit(change: Any, message: str, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    header: dict[str, Any] = {"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}
    change(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(8))
    with pytest.raises(ValueError, match=rf"w\.safetensors: .*{message}"):
        small().load_weights(path)


@pytest.mark.parametrize("ending", ["keras", "safetensors", "weights.h5"])
def test_a_state_that_does_not_fit_leaves_the_weights_too(ending: str, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    x, y = np.ones((4, 5, 2), np.float32), np.ones((4, 1), np.float32)
    model, other = small(), small()
    other.compile("rmsprop", "mse")
    for each in (model, other):
        each.fit(x, y, verbose=0)
    path = tmp_path / f"m.{ending}"
    (model.save_weights if ending == "weights.h5" else model.save)(path)
    before, rate = other.get_weights(), float(other.optimizer.learning_rate)
    steps = other.optimizer.iterations
    with pytest.raises(ValueError, match=rf"m\.{ending}: .*state does not fit"):
        other.load_weights(path)
    for a, b in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (rate, steps) == (float(other.optimizer.learning_rate), other.optimizer.iterations)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"class_name": "Sequential"}', '{"class_name": "Sequential", "config": 5}',
     '{"class_name": "Sequential", "config": {"layers": [5]}}', "[" * 100_000,
     '{"class_name": "Dense", "config": {"units": 3}}',
     '{"class_name": "Functional", "config": {"layers": []}}'],
)  # fmt: skip
def test_text_that_describes_no_model(text: str) -> None:
    with pytest.raises(ValueError, match="model_from_json: "):
        model_from_json(text)


@pytest.mark.parametrize("size", [0, 2**64 - 16, 2**40])
def test_a_text_without_end_does_not_hang(size: int, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    path = tmp_path / "m.h5"
    small().save(path)
    data = bytearray(path.read_bytes())
    place = data.index(b"GCOL")
    data[place + 16 : place + 18] = (0 if size == 0 else 1).to_bytes(2, "little")
    data[place + 24 : place + 32] = size.to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"m\.h5: is damaged: a text has no size"):
        load_model(path)
