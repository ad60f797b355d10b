"""Layers that say themselves what a file has of them: to Keras and from it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore:__array__")
X = np.ones((2, 3), np.float32)


def kind(k: Any) -> Any:
    class Table(k.layers.Layer):
        """A layer that knows how often it was asked, and what it was told."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.dense, self.seen, self.note = k.layers.Dense(2), np.zeros(3), ""

        def build(self, input_shape: Any) -> None:
            self.dense.build(input_shape)

        def call(self, x: Any) -> Any:
            return self.dense(x)

        def save_own_variables(self, store: Any) -> None:
            super().save_own_variables(store)
            store["seen"] = self.seen

        def load_own_variables(self, store: Any) -> None:
            self.seen = np.array(store["seen"])

        def save_assets(self, inner_path: str) -> None:
            Path(inner_path, "note.txt").write_text(self.note)

        def load_assets(self, inner_path: str) -> None:
            self.note = Path(inner_path, "note.txt").read_text()

    Table.__module__ = __name__
    return Table


def made(k: Any) -> tuple[Any, Any]:
    layer = kind(k)(name="t")
    model = k.Sequential([k.Input((3,)), layer, k.layers.Dense(1)])
    layer.seen, layer.note = np.arange(3.0), "told"
    return model, {"Table": type(layer)}


@pytest.mark.parametrize("writer", [fusedrnn, keras], ids=["ours", "keras"])
@pytest.mark.parametrize("reader", [fusedrnn, keras], ids=["by ours", "by keras"])
def test_files(writer: Any, reader: Any, tmp_path: Path) -> None:
    model, _ = made(writer)
    _, known = made(reader)
    model.save(tmp_path / "m.keras")
    read = reader.models.load_model(tmp_path / "m.keras", custom_objects=known)
    layer = read.get_layer("t")
    np.testing.assert_array_equal(layer.seen, [0, 1, 2])
    assert layer.note == "told"
    np.testing.assert_allclose(read.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6)
    model.save_weights(tmp_path / "m.weights.h5")
    layer.seen = np.zeros(3)
    read.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(layer.seen, [0, 1, 2])


def test_what_cannot_be(tmp_path: Path) -> None:
    model, known = made(fusedrnn)
    with pytest.raises(ValueError, match="save it as"):
        model.save(tmp_path / "m.safetensors")
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras", "a") as archive:
        archive.writestr("assets/layers/table/../../../evil.txt", "x")
    with pytest.raises(ValueError, match="leads out"):
        fusedrnn.models.load_model(tmp_path / "m.keras", custom_objects=known)
    with pytest.raises(ValueError, match="the file has 1 variables"):
        model.layers[-1].load_own_variables({"0": np.ones((2, 1))})


def test_a_file_from_before_training_has_the_steps(tmp_path: Path) -> None:
    model = fusedrnn.Sequential([fusedrnn.Input((3,)), fusedrnn.layers.Dense(1)])
    model.compile(fusedrnn.optimizers.Adam(0.5), "mse")
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        archive.extract("model.weights.h5", tmp_path)
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "model.weights.h5") as file:
        found = {key: float(each[()]) for key, each in file["optimizer/vars"].items()}
    assert found == {"0": 0, "1": 0.5}
    again = fusedrnn.models.load_model(tmp_path / "m.keras")
    again.fit(X, np.ones((2, 1)), verbose=0)
