"""TensorBoard's event files, read back."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusedrnn.callbacks import TensorBoard
from fusedrnn.callbacks.tensorboard import histogram
from small_models import X, Y, model


@pytest.fixture
def proto() -> Any:
    return pytest.importorskip("tensorboardX.proto.event_pb2")


def read(folder: Path, proto: Any) -> dict[str, dict[int, Any]]:
    """Return the values of each tag by step; the files are records of Event messages."""
    found: dict[str, dict[int, Any]] = {}
    for path in sorted(folder.iterdir()):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (size,) = struct.unpack_from("<Q", data, at)
            event = proto.Event.FromString(data[at + 12 : at + 12 + size])
            at += size + 16
            for value in event.summary.value:
                t = value.tensor
                kind = {1: np.float32, 2: np.float64}.get(t.dtype)
                content = (
                    np.frombuffer(t.tensor_content, kind).reshape(
                        [d.size for d in t.tensor_shape.dim]
                    )
                    if kind
                    else t.string_val[0]
                )
                plugin = value.metadata.plugin_data.plugin_name
                found.setdefault(f"{plugin}:{value.tag}", {})[event.step] = content
    return found


def test_event_files(tmp_path: Path, proto: Any) -> None:
    m = model()
    log = TensorBoard(tmp_path, histogram_freq=2, update_freq=2, write_steps_per_second=True)
    h = m.fit(
        X, Y, batch_size=10, epochs=3, verbose=0, validation_data=(X, Y), callbacks=[log]
    ).history
    steps = -(-len(X) // 10)
    train, validation = (read(tmp_path / name, proto) for name in ("train", "validation"))
    assert train["graph_keras_model:keras"] == {0: m.to_json().encode()}
    for name, tags in (("loss", train), ("val_loss", validation)):
        got = tags["scalars:epoch_loss"]
        assert list(got) == [0, 1, 2]
        np.testing.assert_allclose([float(v) for v in got.values()], h[name], rtol=1e-6)
    np.testing.assert_allclose(train["scalars:epoch_learning_rate"][2], m.optimizer.learning_rate)
    assert list(train["scalars:batch_loss"]) == list(range(2, 3 * steps + 1, 2))
    assert train["scalars:epoch_steps_per_second"][0] > 0
    assert list(validation["scalars:evaluation_loss_vs_iterations"]) == [
        steps,
        2 * steps,
        3 * steps,
    ]
    v = m.weights[0]
    table = train[f"histograms:{v.path}/histogram"]
    assert list(table) == [0, 2]
    assert table[2].shape == (30, 3)
    assert table[2][:, 2].sum() == v.size
    np.testing.assert_allclose([table[2][0, 0], table[2][-1, 1]], [v.value.min(), v.value.max()])
    m.evaluate(X, Y, verbose=0, callbacks=[log])  # into a file of its own
    assert len(list((tmp_path / "validation").iterdir())) == 2


def test_only_epochs_by_default(tmp_path: Path, proto: Any) -> None:
    model().fit(X, Y, verbose=0, callbacks=[TensorBoard(tmp_path, write_graph=False)])
    assert [p.name for p in tmp_path.iterdir()] == ["train"]
    assert set(read(tmp_path / "train", proto)) == {
        "scalars:epoch_loss",
        "scalars:epoch_learning_rate",
    }


def test_histograms() -> None:
    rows = histogram(np.array([0.0, 1.0, 30.0, 30.0]))
    assert rows.shape == (30, 3)
    assert rows[:, 2].tolist() == [1, 1, *[0] * 27, 2]
    alike = histogram(np.ones(5))
    assert (alike[:, :2] == 1).all()
    assert alike[:, 2].tolist() == [*[0] * 29, 5]
    with pytest.raises(ValueError, match="not finite"):
        histogram(np.array([np.nan]))


@pytest.mark.parametrize(
    "asked",
    [{"profile_batch": 2}, {"write_images": True}, {"write_grads": True}, {"embeddings_freq": 1}],
)
def test_what_is_not_written_is_told(asked: Any, tmp_path: Path, proto: Any) -> None:
    with pytest.warns(UserWarning, match=f"{next(iter(asked))} is not supported"):
        TensorBoard(tmp_path, batch_size=32, **asked)
    assert not list(tmp_path.iterdir())


def test_without_either_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("tensorboard", "tensorboardX"):
        for module in (m for m in list(sys.modules) if m.partition(".")[0] == name):
            monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="tensorboard, or tensorboardX: pip install tensorboard"):
        TensorBoard(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"update_freq": "never"}, TypeError),
        ({"update_freq": 0}, ValueError),
        ({"histogram_freq": -1}, ValueError),
    ],
)
def test_wrong_arguments(wrong: Any, error: Any, tmp_path: Path, proto: Any) -> None:
    with pytest.raises(error, match=next(iter(wrong))):
        TensorBoard(tmp_path, **wrong)
