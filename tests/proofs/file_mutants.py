"""Damaged and hostile files of every format: loaded right, or refused by name; no code is run.

A case is a whole file that is changed: its bytes (flips, cuts, insertions, chunks in another order,
numbers in the extremes), what is in an archive, packed anew so that checksums fit, a JSON tree
(types, missing keys, huge numbers, depth, names of code), or an HDF5 tree. What comes of it must be
an object that works, or an error of a documented class that names the file; within a gigabyte.
ONNX is written only, never read.
"""

from __future__ import annotations

import copy
import hashlib
import io
import json
import os
import pickle
import re
import resource
import sqlite3
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd

from fusedrnn import Sequential, layers
from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import RNNForecaster, load_forecaster, save_forecaster
from fusedrnn.forecast.data.months import languages
from fusedrnn.forecast.data.panel import PanelOptions, TableOptions, read_panel
from fusedrnn.models import load_model, model_from_json
from fusedrnn.utils import set_random_seed
from run import Run

ROOT = Path(__file__).resolve().parents[1]
EACH = 2_000
ROOM = 1 << 30  # bytes of address space above what is taken at the start
CODE = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class",
        "socket.connect", "ctypes.dlopen")  # fmt: skip
X = np.random.default_rng(0).normal(size=(12, 5, 3)).astype(np.float32)

Change = Callable[[np.random.Generator, bytes], bytes]


class Touch:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("true",)


# Changes


def changed_bytes(rng: np.random.Generator, data: bytes) -> bytes:
    """Return bytes with one to three changes."""
    out = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        n = max(1, len(out))
        i, j = sorted(int(k) for k in rng.integers(0, n, 2))
        j = min(j, i + int(2 ** rng.uniform(0, 12)))
        kind = int(rng.integers(9))
        if kind == 0:
            out[i : i + 1] = bytes([(out[i] if out else 0) ^ 1 << int(rng.integers(8))])
        elif kind == 1:
            out[i:j] = rng.bytes(j - i)
        elif kind == 2:
            del out[i:]
        elif kind == 3:
            out[i:i] = rng.bytes(int(2 ** rng.uniform(0, 10)))
        elif kind == 4:
            del out[i:j]
        elif kind == 5:
            k = int(rng.integers(0, n))
            out[i:j], out[k : k + j - i] = out[k : k + j - i], out[i:j]
        elif kind == 6:
            out[i:j] = bytes([int(rng.choice([0, 255]))]) * (j - i)
        elif kind == 7:
            size = int(rng.choice([1, 2, 4, 8]))
            top = 1 << 8 * size
            value = int(rng.integers(6))
            value = [0, 1, top - 1, top // 2, top // 2 - 1, top - 2][value]
            out[i : i + size] = value.to_bytes(size, "little")
        else:
            out = out + out[i:j] if rng.random() < 0.5 else bytearray(pickle.dumps(Touch())) + out
    return bytes(out)


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON tree: what it is in, and its key."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield tree, key
        if isinstance(value, (dict, list)):
            yield from places(value)


def hostile(rng: np.random.Generator) -> Any:
    """Return what a JSON tree should not have in it."""
    deep = f"deep:{int(2 ** rng.uniform(0, 16))}"  # see `dumped`
    code = "__import__('os').system('true')"
    values = [
        None, True, False, 0, 1, -1, 2, 0.5, -1.5, 1e308, 10**30, -(10**30), 10**9, float("nan"),
        float("inf"), "", "x", "\x00", "relu", "none", code, [], {}, [0], [None], deep, "a" * 10**5,
        {"module": "os", "class_name": "system", "config": {"command": "true"},
         "registered_name": "os.system"},
        {"module": "builtins", "class_name": "function", "config": "eval",
         "registered_name": "eval"},
        {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "f", "function": {
            "class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None}}}},
        {"class_name": "Lambda", "config": {"function": code}},
        {"class_name": "__tensor__", "config": {"value": [1] * 9, "dtype": "object"}},
    ]  # fmt: skip
    return values[int(rng.integers(len(values)))]


def dumped(tree: Any) -> bytes:
    """Return a tree as JSON, with lists in lists where it says so: Python's writer has an end."""

    def nested(found: re.Match[str]) -> str:
        depth = int(found[1])
        return "[" * depth + "]" * depth

    return re.sub(r'"deep:(\d+)"', nested, json.dumps(tree)).encode()


def changed_tree(rng: np.random.Generator, tree: Any) -> Any:
    """Return a JSON tree with one or two changes."""
    tree = copy.deepcopy(tree)
    for _ in range(int(rng.integers(1, 3))):
        found = list(places(tree))
        if not found:
            return hostile(rng)
        inside, key = found[int(rng.integers(len(found)))]
        kind = int(rng.integers(6))
        if kind == 0:
            del inside[key]
        elif kind == 1 and isinstance(inside, dict):
            inside[str(key).upper() if rng.random() < 0.5 else f"{key}_"] = inside.pop(key)
        elif kind == 2 and isinstance(inside, list):
            inside.insert(key, copy.deepcopy(inside[key]))
        elif kind == 3:
            other, place = found[int(rng.integers(len(found)))]
            inside[key] = copy.deepcopy(other[place])
        else:
            inside[key] = hostile(rng)
    return tree


def changed_json(rng: np.random.Generator, data: bytes) -> bytes:
    """Return JSON text with changes in the tree, or in the text."""
    if rng.random() < 0.2:
        return changed_bytes(rng, data)
    return dumped(changed_tree(rng, json.loads(data)))


def changed_h5(rng: np.random.Generator, data: bytes) -> bytes:
    """Return an HDF5 file with changes in its tree or its attributes."""
    if rng.random() < 0.4:
        return changed_bytes(rng, data)
    buffer = io.BytesIO(data)
    with h5py.File(buffer, "a") as file:
        names: list[str] = ["/"]
        file.visit(names.append)
        for _ in range(int(rng.integers(1, 3))):
            name = names[int(rng.integers(len(names)))]
            with suppress(KeyError):  # what the first change took away
                item = file[name]
                if len(item.attrs) and (name == "/" or rng.random() < 0.5):
                    _change_attribute(rng, item)
                elif name != "/":
                    del file[name]
                    _put_other(rng, file, name, item)
    return buffer.getvalue()


def _change_attribute(rng: np.random.Generator, item: Any) -> None:
    key = str(rng.choice(list(item.attrs)))
    value = item.attrs[key]
    if rng.random() < 0.15:
        del item.attrs[key]
    elif key in ("model_config", "training_config") and rng.random() < 0.9:
        text = value if isinstance(value, bytes) else value.encode()
        with suppress(OSError):  # too long for an attribute: then it stays as it is
            item.attrs[key] = np.bytes_(changed_json(rng, text).replace(b"\0", b"?") or b"?")
    else:
        others: list[Any] = [0, -1.5, "x", np.bytes_(b"\xff"), [b"a", b"b"], np.zeros(0), "2.1",
                             "three", np.arange(9), [[1.0]], np.bytes_(b"1")]  # fmt: skip
        item.attrs[key] = others[int(rng.integers(len(others)))]


def _put_other(rng: np.random.Generator, file: Any, name: str, item: Any) -> None:
    shape = getattr(item, "shape", (2,)) or (1,)
    shape = shape if np.prod(shape) < 1e6 else (2,)  # not one that was changed before
    kind = int(rng.integers(10))
    if kind == 0:
        file.create_group(name)
    elif kind == 1:
        file.create_dataset(name, (100_000, 100_000), "f4", chunks=(100, 100))
    elif kind == 2:
        file[name] = np.full(shape, np.nan, "f4")
    elif kind == 3:
        file[name] = np.zeros((*shape, 2), "f8")
    elif kind == 4:
        file[name] = "text"
    elif kind == 5:
        file[name] = h5py.ExternalLink("/etc/passwd", "x")
    elif kind == 6:
        file[name] = h5py.SoftLink("/")
    elif kind == 7:
        file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, 4 * np.prod(shape))])
    elif kind == 8:
        file[name] = np.zeros(shape, rng.choice(["i8", "u1", "?", "c8", "f2"]))


def changed_member(rng: np.random.Generator, data: bytes) -> bytes:
    """Return an archive with changes in one of its files, packed so that the checksums fit."""
    if rng.random() < 0.3:
        return changed_bytes(rng, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = str(rng.choice(list(files)))
    if rng.random() < 0.05:
        del files[name]
    elif name.endswith(".json"):
        files[name] = changed_json(rng, files[name])
    elif name.endswith(".h5"):
        files[name] = changed_h5(rng, files[name])
    else:
        files[name] = changed_bytes(rng, files[name])
    out = io.BytesIO()
    packed = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(out, "w", packed[int(rng.choice(4, p=[0.4, 0.5, 0.05, 0.05]))]) as archive:
        for each, content in files.items():
            archive.writestr(each, content)
    return out.getvalue()


def changed_safetensors(rng: np.random.Generator, data: bytes) -> bytes:
    """Return a safetensors file with changes in its header or its bytes."""
    if rng.random() < 0.3:
        return changed_bytes(rng, data)
    size = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + size]), data[8 + size :]
    if "config" in header["__metadata__"] and rng.random() < 0.5:
        text = header["__metadata__"]["config"].encode()
        header["__metadata__"]["config"] = changed_json(rng, text).decode("utf-8", "replace")
    else:
        header = changed_tree(rng, header)
    text = dumped(header)
    return len(text).to_bytes(8, "little") + text + body


def repacked(ending: str, inner: Change) -> Change:
    """Return the change of what a compressed table holds, or of its bytes."""

    def change(rng: np.random.Generator, data: bytes) -> bytes:
        if rng.random() < 0.4:
            return changed_bytes(rng, data)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"t.csv.{ending}")
            path.write_bytes(data)
            with pd.io.common.get_handle(path, "rb", compression="infer", is_text=False) as file:
                plain = file.handle.read()
            with pd.io.common.get_handle(path, "wb", compression="infer", is_text=False) as file:
                file.handle.write(inner(rng, plain))
            return path.read_bytes()

    return change


# Formats: the files, how one is changed, and how it is read


class Format:
    """A whole file or folder, its change, and what has to come of it."""

    def __init__(self, path: Path, change: Change, use: Callable[[Path], str]) -> None:
        self.path, self.change, self.use = path, change, use
        self.data = path.read_bytes() if path.is_file() else b""

    def put(self, rng: np.random.Generator, folder: Path) -> Path:
        target = folder / self.path.name
        target.write_bytes(self.change(rng, self.data))
        return target


class Folder(Format):
    """A saved forecaster, of which the description or the records are changed."""

    def put(self, rng: np.random.Generator, folder: Path) -> Path:
        target = folder / "forecaster"
        target.mkdir(exist_ok=True)
        text, arrays = ((self.path / n).read_bytes() for n in ("pipeline.json", "arrays.sqlite"))
        if rng.random() < 0.5:
            text = changed_json(rng, text)
        else:
            arrays = changed_bytes(rng, arrays) if rng.random() < 0.5 else _records(rng, arrays)
            if rng.random() < 0.9:  # the damage gets past the checksum
                described = json.loads(text)
                described["sha256"] = hashlib.sha256(arrays).hexdigest()
                text = json.dumps(described).encode()
        (target / "pipeline.json").write_bytes(text)
        (target / "arrays.sqlite").write_bytes(arrays)
        return target


def _records(rng: np.random.Generator, data: bytes) -> bytes:
    """Return an SQLite file with a record changed."""
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as file:
        Path(file.name).write_bytes(data)
        connection = sqlite3.connect(file.name)
        rows = connection.execute("SELECT key, content FROM records").fetchall()
        key, content = rows[int(rng.integers(len(rows)))]
        head, _, body = content.partition(b"\n")
        if rng.random() < 0.7:
            head = dumped(changed_tree(rng, json.loads(head)))
        else:
            body = changed_bytes(rng, body)
        update = "UPDATE records SET content = ? WHERE key = ?"
        connection.execute(update, (b"\n".join([head, body]), key))
        connection.commit()
        connection.close()
        return Path(file.name).read_bytes()


def outcome(model: Any, expected: np.ndarray) -> str:
    """Return what a model that was read is worth."""
    assert model.built == bool(model.weights), "half built"
    try:
        model.reset_states()
        found = model.predict(X, verbose=0)
    except (ValueError, MemoryError) as error:
        same = tuple(model.input_shape or ())[1:] == X.shape[1:]
        if same and not isinstance(error, MemoryError) and "stateful" not in str(error):
            raise AssertionError(f"{model} cannot predict: {error}") from error
        return "another model"
    if found.shape != expected.shape:
        return "another model"
    near = np.allclose(found, expected, atol=1e-6, equal_nan=True)
    return "as it was" if near else "other values"


def model_reader(expected: np.ndarray) -> Callable[[Path], str]:
    return lambda path: outcome(load_model(path), expected)


def weights_reader(model: Any, expected: np.ndarray) -> Callable[[Path], str]:
    """Read weights into a model, which must be as it was if that fails."""
    whole = model.get_weights()

    def read(path: Path) -> str:
        try:
            model.load_weights(path)
        except Exception:
            now = model.predict(X, verbose=0)
            assert np.array_equal(now, expected), "an error, and the weights have changed"
            raise
        found = outcome(model, expected)
        model.set_weights(whole)
        return found

    return read


def read_forecaster(path: Path) -> str:
    forecast = load_forecaster(path).predict()
    return "as it was" if len(forecast) else "other values"


def read_table(path: Path) -> str:
    panel = read_panel(path, TableOptions(), PanelOptions(missing_dates="zero",
                       missing_values="zero", duplicates="last"))  # fmt: skip
    assert all(np.isfinite(series.y).all() for series in panel.series)
    return "as it was" if len(panel.series) else "other values"


def read_json(path: Path) -> str:
    try:
        model = model_from_json(path.read_text("utf-8"))
    except ValueError as error:  # a text has no name
        raise ValueError(f"{path}: {error}") from error
    return outcome(model, np.empty(0))


def formats(folder: Path) -> dict[str, Format]:
    """Write a file of every format, the same in every run."""
    set_random_seed(0)
    model = Sequential([layers.Input((5, 3)), layers.Masking(),
                        layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
                        layers.TimeDistributed(layers.Dense(3, activation="relu")),
                        layers.GRU(3, recurrent_dropout=0.1), layers.BatchNormalization(),
                        Sequential([layers.Dense(2, kernel_regularizer="l2")]),
                        layers.Dense(1)])  # fmt: skip
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, X.sum(axis=(1, 2))[:, None], verbose=0)
    for name in ("m.keras", "m.h5", "m.safetensors"):
        model.save(folder / name)
    for name in ("w.weights.h5", "w.h5", "w.safetensors"):
        model.save_weights(folder / name)
    (folder / "m.json").write_text(model.to_json())
    expected = model.predict(X, verbose=0)
    read, weights = model_reader(expected), weights_reader(model, expected)
    found = {
        "keras": Format(folder / "m.keras", changed_member, read),
        "h5": Format(folder / "m.h5", changed_h5, read),
        "safetensors": Format(folder / "m.safetensors", changed_safetensors, read),
        "weights.h5": Format(folder / "w.weights.h5", changed_h5, weights),
        "h5 of weights": Format(folder / "w.h5", changed_h5, weights),
        "safetensors of weights": Format(folder / "w.safetensors", changed_safetensors, weights),
        "json": Format(folder / "m.json", changed_json, read_json),
    }
    data = ROOT / "model" / "data"
    for name in ("from_keras.keras", "from_keras2_adam.keras", "from_keras2_adam.h5"):
        theirs = load_model(data / name)
        theirs.reset_states()
        change = changed_h5 if name.endswith("h5") else changed_member
        read = model_reader(theirs.predict(X, verbose=0))
        found[name] = Format(data / name, change, read)
    sales = load_bakery().tail(60)
    forecaster = RNNForecaster(horizon=2, epochs=1, units=3, timesteps=8, seeds=2).fit(sales)
    save_forecaster(forecaster, folder / "forecaster")
    found["forecaster"] = Folder(folder / "forecaster", changed_bytes, read_forecaster)
    for ending in ("csv", "csv.gz", "csv.zip"):
        sales.to_csv(folder / f"sales.{ending}", index=False)
        change = changed_bytes if ending == "csv" else repacked(ending[4:], changed_bytes)
        found[ending] = Format(folder / f"sales.{ending}", change, read_table)
    with suppress(ImportError):
        sales.to_parquet(folder / "sales.parquet")
        found["parquet"] = Format(folder / "sales.parquet", changed_bytes, read_table)
    return found


CASES = 15 * EACH
HANG = 40


def prove(run: Run) -> None:
    warnings.simplefilter("ignore")
    events: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "whole")
        folder.mkdir()
        every = formats(folder)
        for form in every.values():  # the whole files are good, and everything is imported
            assert form.use(form.path)
        languages(None)  # Babel's own data are pickles, which a date with words in it would load
        sys.addaudithook(lambda event, _: events.append(event) if event in CODE else None)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + ROOM
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        names = list(every)
        for case, rng in run.each():
            name = names[case % len(names)]
            target = Path(place, "mutants")
            target.mkdir(exist_ok=True)
            path = every[name].put(rng, target)
            events.clear()
            try:
                found = every[name].use(path)
            except (ValueError, OSError) as error:
                found = "refused"
                if str(path) not in str(error):
                    run.fail(
                        case, f"{name}: does not name the file: {type(error).__name__}: {error}"
                    )
            except BaseException as error:
                found = "failed"
                run.fail(case, f"{name}: {type(error).__name__}: {error}")
            if events:
                run.fail(case, f"{name}: ran {events}")
            run.count(f"{name}: {found}")
