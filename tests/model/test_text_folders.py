"""``text_dataset_from_directory``: files, labels, splits and what is printed are Keras's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusedrnn import Sequential, layers, optimizers, utils

LINES = "Found {} files belonging to 2 classes.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, count in (("pos", 12), ("neg", 9)):
        (tmp_path / name).mkdir()
        for k in range(count):
            (tmp_path / name / f"{k:02}.txt").write_text(f"{name} {k}", encoding="utf-8")
    (tmp_path / "neg" / "notes.md").write_text("no text of the set")
    (tmp_path / ".hidden").mkdir()
    return tmp_path


def every(dataset: Any) -> list[tuple[str, Any]]:
    return [
        (t.decode(), label.tolist())
        for texts, labels in dataset
        for t, label in zip(texts.numpy(), labels.numpy(), strict=True)
    ]


def read(folder: Path, **arguments: Any) -> Any:
    return utils.text_dataset_from_directory(folder, **arguments)


def test_folders_are_classes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = read(folder, shuffle=False, batch_size=4)
    assert capsys.readouterr().out == LINES.format(21)
    assert dataset.class_names == ["neg", "pos"]
    assert len(dataset) == 6
    assert every(dataset) == [(f"neg {k}", 0) for k in range(9)] + [
        (f"pos {k}", 1) for k in range(12)
    ]
    assert next(iter(dataset))[1].numpy().dtype == np.int32
    other = read(folder, shuffle=False, class_names=["pos", "neg"], max_length=3, verbose=False)
    assert every(other)[0] == ("pos", 0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("mode", "first", "last"),
    [("int", 0, 1), ("binary", [0.0], [1.0]), ("categorical", [1.0, 0.0], [0.0, 1.0])],
)
def test_labels(folder: Path, mode: str, first: Any, last: Any) -> None:
    found = every(read(folder, shuffle=False, label_mode=mode))
    assert (found[0][1], found[-1][1]) == (first, last)


def test_no_labels_and_given_ones(folder: Path) -> None:
    for arguments in ({"labels": None}, {"label_mode": None}):
        (texts,) = read(folder, shuffle=False, **arguments)
        assert texts.numpy()[-1] == b"pos 11"
    given = read(folder / "pos", labels=[5, 6, 7] * 4, shuffle=False, batch_size=None)
    assert given.class_names == ["5", "6", "7"]
    assert [int(label) for _, label in given] == [5, 6, 7] * 4


def test_a_split_is_keras_s(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, val = read(folder, validation_split=0.2, subset="both", seed=1)
    assert "Using 17 files for training.\nUsing 4 files for validation." in capsys.readouterr().out
    paths = [f"neg {k}" for k in range(9)] + [f"pos {k}" for k in range(12)]
    np.random.RandomState(1).shuffle(paths)  # as Keras does
    assert [text for text, _ in every(val)] == paths[17:]
    assert sorted(text for text, _ in every(train)) == sorted(paths[:17])
    alone = read(folder, validation_split=0.2, subset="validation", seed=1)
    assert sorted(every(alone)) == sorted(every(val))
    assert every(train) != every(train)  # another order in each epoch


def test_a_model_trains_on_it(folder: Path) -> None:
    utils.set_random_seed(0)
    train, val = read(folder, validation_split=0.3, subset="both", seed=1, batch_size=8)
    vectors = layers.TextVectorization(max_tokens=30, output_sequence_length=4)
    vectors.adapt(train.map(lambda text, label: text))
    model = Sequential([layers.Embedding(30, 8), layers.GRU(8), layers.Dense(1, "sigmoid")])
    model.compile(optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    parts = [each.map(lambda text, label: (vectors(text), label)) for each in (train, val)]
    history = model.fit(parts[0], validation_data=parts[1], epochs=20, verbose=0).history
    assert history["accuracy"][-1] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label_mode": "none"}, "label_mode is 'none'"),
        ({"format": "grain"}, "format is 'grain'"),
        ({"labels": "all"}, "labels is 'all'"),
        ({"labels": [1]}, "labels has 1 entries, but there are 21"),
        ({"labels": None, "class_names": ["pos"]}, "class_names go with"),
        ({"class_names": ["other"]}, "class_names is .*but the folders are"),
        ({"validation_split": 0.2}, "go together"),
        ({"validation_split": 2, "subset": "both"}, "expected 0 to 1"),
        ({"validation_split": 0.2, "subset": "both"}, "needs a seed"),
        ({"class_names": ["pos"], "label_mode": "binary"}, "needs 2 classes"),
    ],
)
def test_errors(folder: Path, arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(folder, **arguments)
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match=r"no text files in .*\.txt"):
        read(folder / "empty")
