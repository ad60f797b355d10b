"""``get_file`` and Keras's data sets: small files of their layout, read by Keras and here."""

from __future__ import annotations

import gzip
import hashlib
import importlib
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusedrnn import _download, datasets
from fusedrnn.datasets import _cache
from fusedrnn.utils import get_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "datasets"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "words.txt"
    path.parent.mkdir()
    path.write_text("some words")
    return path


# get_file ---------------------------------------------------------------------------------------


def test_a_file_is_fetched_once(home: Path, source: Path, capsys: Any) -> None:
    path = get_file(origin=source.as_uri())
    assert path == str(home / "words.txt")
    assert Path(path).read_text() == "some words"
    out = capsys.readouterr().out
    assert out.startswith(f"Downloading data from {source.as_uri()}\n")
    assert "10/10" in out
    source.write_text("others")
    assert Path(get_file(origin=source.as_uri())).read_text() == "some words"
    assert capsys.readouterr().out == ""
    assert Path(get_file(origin=source.as_uri(), force_download=True)).read_text() == "others"
    other = get_file("other", source.as_uri(), cache_subdir="here", cache_dir=home.parent)
    assert other == str(home.parent / "here" / "other")
    absolute = get_file("other", source.as_uri(), cache_subdir=str(source.parent))
    assert absolute == str(source.parent / "other")


def test_hashes(home: Path, source: Path, capsys: Any) -> None:
    content = source.read_bytes()
    sha, md5 = hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest()
    url = source.as_uri()
    for i, hashed in enumerate(({"file_hash": sha}, {"md5_hash": md5}, {"file_hash": md5})):
        assert Path(get_file(f"w{i}", url, **hashed)).exists()  # type: ignore[arg-type]
    (home / "w0").write_text("damaged")
    assert Path(get_file("w0", url, file_hash=sha)).read_text() == "some words"
    assert "seems to be incomplete or outdated" in capsys.readouterr().out
    for wrong in ({"file_hash": md5, "hash_algorithm": "sha256"}, {"md5_hash": sha}):
        with pytest.raises(ValueError, match="Incomplete or corrupted file detected"):
            get_file("new", url, **wrong)  # type: ignore[arg-type]
    assert sorted(p.name for p in home.iterdir()) == ["w0", "w1", "w2"]


def test_what_fails_leaves_nothing(
    home: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = source.parent / "gone"
    with pytest.raises(RuntimeError, match=f"URL fetch failure on {gone.as_uri()}: .*{home}/gone"):
        get_file(origin=gone.as_uri())

    class Broken(io.BytesIO):
        headers = {"Content-Length": "20"}  # noqa: RUF012

    monkeypatch.setattr("urllib.request.urlopen", lambda url: Broken(b"half of it"))
    with pytest.raises(RuntimeError, match=r"URL fetch failure .*IncompleteRead"):
        get_file("half", "http://nowhere")
    assert list(home.iterdir()) == []
    (home / "half").write_text("whole")
    with pytest.raises(RuntimeError):
        get_file("half", "http://nowhere", force_download=True)
    assert (home / "half").read_text() == "whole"


def test_arguments(home: Path) -> None:
    with pytest.raises(ValueError, match='Please specify the "origin" argument'):
        get_file("a")
    with pytest.raises(ValueError, match="Can't parse the file name"):
        get_file(origin="http://nowhere/")
    with pytest.raises(ValueError, match="Paths are no longer accepted"):
        get_file("../a", "http://nowhere/b")
    assert not home.exists()


def archive(path: Path, names: list[str]) -> str:
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as zipped:
            for name in names:
                zipped.writestr(name, "inside")
    else:
        with tarfile.open(path, "w:gz") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = 6
                tar.addfile(info, io.BytesIO(b"inside"))
    return path.as_uri()


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
def test_archives(home: Path, source: Path, ending: str) -> None:
    url = archive(source.parent / f"many.{ending}", ["folder/a.txt", "b.txt"])
    for fname, target, kept in (
        ("many", "many", "many_archive"),
        (f"many.{ending}", "many_extracted", f"many.{ending}"),
        (None, f"many.{ending}", f"many.{ending}_archive"),
    ):
        for p in home.glob("*"):
            os.rename(p, source.parent / os.urandom(4).hex())
        assert get_file(fname, url, extract=True) == str(home / target)
        assert (home / target / "folder" / "a.txt").read_text() == "inside"
        assert (home / kept).is_file()
        (home / target / "b.txt").unlink()
        get_file(fname, url, extract=True)
        assert (home / target / "b.txt").read_text() == "inside"
    if ending == "tar.gz":
        assert get_file("old", url, untar=True) == str(home / "old")
    with pytest.warns(UserWarning, match="Could not extract archive"):
        get_file("words", source.as_uri(), extract=True)
    with pytest.warns(UserWarning, match="Could not extract archive"):
        get_file("words", url, extract=True, archive_format=None)
    with pytest.raises(NotImplementedError, match="'rar', expected 'tar' or 'zip'"):
        get_file("words", url, extract=True, archive_format="rar")


@pytest.mark.parametrize("ending", ["zip", "tar.gz"])
@pytest.mark.parametrize("name", ["../out.txt", "a/../../out.txt"])
def test_archives_stay_in_their_folder(home: Path, source: Path, ending: str, name: str) -> None:
    url = archive(source.parent / f"bad.{ending}", [name])
    with pytest.raises(ValueError, match=r"get_file: .*bad.*out\.txt.*outside|leads out of"):
        get_file(f"bad.{ending}", url, extract=True)
    assert not list(home.parent.rglob("out.txt"))


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").touch()
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file" / "below"))
    assert get_file("a", source.as_uri()) == str(tmp_path / ".keras" / "datasets" / "a")


# Data sets --------------------------------------------------------------------------------------


def texts(rng: Any, count: int) -> Any:
    found = np.empty(count, object)
    for i in range(count):
        found[i] = rng.integers(1, 40, rng.integers(1, 12)).tolist()
    return found


def write(folder: Path) -> None:
    """Write small files as those of Keras."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    two = {"x_train": texts(rng, 30), "x_test": texts(rng, 20)}
    labels = {"y_train": rng.integers(0, 2, 30), "y_test": rng.integers(0, 2, 20)}
    np.savez(folder / "imdb.npz", **two, **labels)
    np.savez(folder / "reuters.npz", x=texts(rng, 41), y=rng.integers(0, 46, 41))
    for name in ("boston_housing", "california_housing"):
        np.savez(folder / f"{name}.npz", x=rng.normal(size=(701, 3)), y=rng.normal(size=701))
    images = {f"x_{p}": rng.integers(0, 255, (4, 28, 28), np.uint8) for p in ("train", "test")}
    np.savez(folder / "mnist.npz", **images, y_train=np.arange(4), y_test=np.arange(4))
    for name in ("imdb", "reuters"):
        (folder / f"{name}_word_index.json").write_text(json.dumps({"é": 1, "the": 2}))
    (folder / "fashion-mnist").mkdir()
    for part in ("train", "t10k"):
        for name, header, shape in (("labels-idx1", 8, (5,)), ("images-idx3", 16, (5, 28, 28))):
            content = bytes(header) + rng.integers(0, 9, shape, np.uint8).tobytes()
            path = folder / "fashion-mnist" / f"{part}-{name}-ubyte.gz"
            path.write_bytes(gzip.compress(content))
    for name, parts in (
        ("cifar-10-batches-py", [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]),
        ("cifar-100-python", ["train", "test"]),
    ):
        with tarfile.open(folder / f"{name}-target_archive", "w:gz") as tar:
            for part in parts:
                numbers = rng.integers(0, 9, 1)
                content = pickle.dumps(
                    {
                        b"data": rng.integers(0, 255, (1, 3072), np.uint8),
                        **{
                            key: numbers.tolist()
                            for key in (b"labels", b"fine_labels", b"coarse_labels")
                        },
                    },
                    3,
                )
                info = tarfile.TarInfo(f"{name}/{part}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: Any) -> Any:
    """A folder of Keras with small files, whose hashes nobody looks at."""
    home = tmp_path_factory.mktemp("keras")
    write(home / "datasets")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_HOME", str(home))
        patch.setattr(_download, "_is", lambda *_: True)
        try:
            config = importlib.import_module("keras.src.backend.config")
        except ImportError:
            pass
        else:
            patch.setattr(config, "_KERAS_DIR", str(home))
            patch.setattr("keras.src.utils.file_utils.validate_file", lambda *_, **__: True)
        yield home


CALLS = [
    ("imdb", {}),
    ("imdb", {"num_words": 20, "skip_top": 3, "maxlen": 8, "seed": 5}),
    ("imdb", {"start_char": None, "oov_char": None, "index_from": 0, "num_words": 30}),
    ("imdb", {"start_char": None, "index_from": 5}),
    ("reuters", {}),
    ("reuters", {"test_split": 0.3, "num_words": 20, "skip_top": 3, "maxlen": 8, "seed": 5}),
    ("reuters", {"start_char": None, "oov_char": None}),
    ("mnist", {}),
    ("fashion_mnist", {}),
    ("cifar10", {}),
    ("cifar100", {"label_mode": "coarse"}),
    ("boston_housing", {}),
    ("boston_housing", {"test_split": 0, "seed": 3}),
    ("california_housing", {}),
    ("california_housing", {"version": "small", "test_split": 0.31}),
]


@pytest.mark.parametrize(("name", "options"), CALLS)
def test_data_sets_are_keras_s(filled: Path, name: str, options: Any) -> None:
    keras = pytest.importorskip("keras")
    theirs = getattr(keras.datasets, name).load_data(**options)
    ours = getattr(datasets, name).load_data(**options)
    if name == "cifar10":  # of which Keras repeats our one image, for it expects so many
        theirs = tuple(part[::10000] for part in theirs[0]), theirs[1]
    for their_part, our_part in zip(theirs, ours, strict=True):
        for a, b in zip(their_part, our_part, strict=True):
            assert a.dtype == b.dtype
            assert a.shape == b.shape
            assert (a == b).all()


def test_words_and_names(filled: Path) -> None:
    keras = pytest.importorskip("keras")
    assert datasets.reuters.get_label_names() == keras.datasets.reuters.get_label_names()
    for name in ("imdb", "reuters"):
        assert getattr(datasets, name).get_word_index() == {"é": 1, "the": 2}


def test_wrong_arguments(filled: Path) -> None:
    with pytest.raises(ValueError, match="no sequence was kept"):
        datasets.imdb.load_data(maxlen=1)
    with pytest.raises(TypeError, match=r"Unrecognized keyword arguments: .'words': 3"):
        datasets.imdb.load_data(words=3)
    old, new = datasets.imdb.load_data(nb_words=9), datasets.imdb.load_data(num_words=9)
    assert old[0][0].tolist() == new[0][0].tolist()
    for each in (datasets.boston_housing, datasets.california_housing):
        with pytest.raises(ValueError, match="Invalid `test_split` argument: 1"):
            each.load_data(test_split=1)
    with pytest.raises(ValueError, match="one of 'small', 'large'"):
        datasets.california_housing.load_data("middle")
    with pytest.raises(ValueError, match='`label_mode` must be one of `"fine"`'):
        datasets.cifar100.load_data("rough")


def test_a_file_runs_no_code(tmp_path: Path) -> None:
    class Code:
        def __reduce__(self) -> Any:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    np.savez(tmp_path / "bad.npz", x=np.array([Code()], object))
    with pytest.raises(pickle.UnpicklingError, match=r"system is no array: refused"):
        _cache.arrays(str(tmp_path / "bad.npz"))
    assert not (tmp_path / "ran").exists()


def test_importing_opens_no_connection() -> None:
    code = (
        "import sys, fusedrnn as keras; keras.datasets.imdb, keras.utils.get_file\n"
        "assert not {'socket', 'urllib.request', 'tarfile', 'zipfile', 'gzip'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
