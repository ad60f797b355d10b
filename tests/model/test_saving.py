"""Model files go around and, where Keras is installed, both ways between Keras and here."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
import keras_cases
from fusedrnn import Sequential, layers, losses, optimizers, regularizers
from fusedrnn.models import clone_model, load_model, model_from_json

X = np.random.default_rng(0).normal(size=(12, 5, 3)).astype(np.float32)
Y = X.sum(axis=(1, 2))[:, None]
FORMATS = ["keras", "h5", "safetensors"]


def trained(**compile: Any) -> Sequential:
    model = Sequential(
        [
            layers.Input((5, 3)),
            layers.Masking(),
            layers.Bidirectional(layers.LSTM(4, return_sequences=True, kernel_regularizer="l2")),
            layers.TimeDistributed(layers.Dense(3, activation="relu")),
            layers.GRU(3, recurrent_initializer="glorot_normal"),
            layers.LayerNormalization(),
            Sequential([layers.Dense(2, kernel_regularizer=regularizers.L1L2(0.1, 0.2))]),
            layers.Dense(1),
        ]
    )
    model.compile(**{"optimizer": "adam", "loss": "mse", "metrics": ["mae"], **compile})
    model.fit(X, Y, epochs=2, verbose=0)
    return model


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.01, momentum=0.9),
        optimizers.RMSprop(0.01, centered=True, momentum=0.1),
        optimizers.Adam(0.01, amsgrad=True),
        optimizers.Nadam(0.01),
        optimizers.Adagrad(0.01),
        optimizers.AdamW(optimizers.schedules.ExponentialDecay(0.01, 3, 0.5), clipnorm=1.0),
    ],
)
@pytest.mark.parametrize("ending", ["keras", "safetensors"])
def test_training_goes_on_as_if_nothing_had_happened(
    ending: str, optimizer: Any, tmp_path: Path
) -> None:
    if ending == "keras":
        pytest.importorskip("h5py")
    model = trained(
        optimizer=optimizers.get(
            {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}
        )
    )
    path = tmp_path / f"model.{ending}"
    model.save(path)
    loaded = load_model(path)
    assert loaded.get_config() == model.get_config()
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    more = [m.fit(X, Y, epochs=3, verbose=0, shuffle=False).history for m in (model, loaded)]
    assert more[0].keys() == more[1].keys()
    for key in more[0]:  # Nadam's product of momenta is a float32 in the file
        np.testing.assert_allclose(more[0][key], more[1][key], rtol=1e-6)


@pytest.mark.parametrize("ending", FORMATS)
def test_losses_metrics_and_weights_come_back(ending: str, tmp_path: Path) -> None:
    if ending != "safetensors":
        pytest.importorskip("h5py")
    model = trained(loss=losses.Huber(delta=0.3), metrics=["mae", "RootMeanSquaredError"])
    model.save(tmp_path / f"a.{ending}")
    loaded = load_model(tmp_path / f"a.{ending}")
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    assert not load_model(tmp_path / f"a.{ending}", compile=False).compiled
    other = clone_model(model)
    other.load_weights(tmp_path / f"a.{ending}")
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("ending", ["weights.h5", "h5", "safetensors"])
def test_weights_alone(ending: str, tmp_path: Path) -> None:
    if ending != "safetensors":
        pytest.importorskip("h5py")
    model = trained()
    path = tmp_path / f"w.{ending}"
    model.save_weights(path)
    other = model_from_json(model.to_json())
    assert not np.array_equal(other.get_weights()[0], model.get_weights()[0])
    other.load_weights(path)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    if ending != "weights.h5":
        with pytest.raises(ValueError, match="has weights only"):
            load_model(path)


def test_safetensors_can_be_read_by_its_library(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    model = trained()
    model.save(tmp_path / "m.safetensors")
    arrays = safetensors.load_file(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(arrays["layers/gru/cell/kernel"], model.layers[3].kernel)


# Keras


CASES = {"all layers": "", "stateful": "stateful", "text": "text", "activations": "activations"}


def other_models(k: Any, name: str) -> Any:
    """Return a model of some kind, for Keras or for this package."""
    la = k.layers
    if name == "stateful":
        inner = [
            la.Input(batch_shape=(12, 5, 3)),
            la.GRU(4, stateful=True, reset_after=False),
            la.Dense(1),
        ]
    elif name == "text":
        inner = [
            la.Input((7,)),
            la.Embedding(9, 4, mask_zero=True),
            la.SpatialDropout1D(0.1),
            la.SimpleRNN(3, return_sequences=True),
            la.Flatten(),
            la.Dropout(0.2),
            la.Dense(1, activation="sigmoid"),
        ]
    elif name == "activations":
        inner = [
            la.Input((5, 3)),
            la.LSTM(
                4,
                activation="relu",
                recurrent_dropout=0.1,
                recurrent_activation="hard_sigmoid",
                use_bias=False,
            ),
            la.RepeatVector(2),
            la.LSTM(2, go_backwards=True),
            la.Reshape((2, 1)),
            la.Permute((2, 1)),
            la.Flatten(),
            la.Activation("silu"),
            la.Dense(1, kernel_constraint=k.constraints.MaxNorm(3)),
        ]
    else:
        inner = [
            la.Input((5, 3)),
            la.Masking(),
            la.Bidirectional(
                la.LSTM(4, return_sequences=True, kernel_regularizer="l2"), merge_mode="ave"
            ),
            la.TimeDistributed(la.Dense(3)),
            la.BatchNormalization(),
            la.GRU(3),
            la.LayerNormalization(),
            la.LeakyReLU(negative_slope=0.2),
            k.Sequential([la.Input((3,)), la.Dense(2)]),
            la.Dense(1),
        ]
    model = k.Sequential(inner)
    loss = "mse" if name == "text" else k.losses.Huber()
    model.compile(k.optimizers.Adam(0.01), loss, metrics=["mae", k.metrics.RootMeanSquaredError()])
    return model


def inputs(name: str) -> Any:
    return np.random.default_rng(1).integers(0, 9, (12, 7)) if name == "text" else X


THEIRS = """
import os, sys; os.environ["KERAS_BACKEND"] = "torch"
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/../support"]
import numpy as np, keras, warnings, test_saving as t
folder, what = sys.argv[2:]
for name in t.CASES:
    x = t.inputs(name)
    if what == "write":
        model = t.other_models(keras, name)
        model.train_on_batch(x, t.Y) if name != "stateful" else None
        for ending in ("keras", "h5"):
            model.save(f"{folder}/{name}.{ending}")
        model.save_weights(f"{folder}/{name}.weights.h5")
    else:
        model = keras.models.load_model(f"{folder}/{name}.keras")
        assert int(model.optimizer.iterations) == (name != "stateful"), name
        old = keras.models.load_model(f"{folder}/{name}.h5")
        if name == "stateful": [m.layers[0].reset_states() for m in (model, old)]
        a, b = (m.predict(x, batch_size=12, verbose=0) for m in (model, old))
        assert np.abs(a - b).max() < 1e-6, name
        if name == "stateful": model.layers[0].reset_states()
    np.save(f"{folder}/{name}.npy", model.predict(x, batch_size=12, verbose=0))
"""


def run_keras(folder: Path, what: str) -> None:
    """Run Keras in the Python that has it: ours, or that of the variable KERAS_PYTHON."""
    python = os.environ.get("KERAS_PYTHON")
    if python is None:
        pytest.importorskip("keras")
        python = sys.executable
    done = subprocess.run(
        [python, "-c", THEIRS, str(Path(__file__).parent), str(folder), what],
        capture_output=True,
        text=True,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr[-3000:]


def test_keras_opens_what_we_saved(tmp_path: Path) -> None:
    import fusedrnn

    pytest.importorskip("h5py")
    expected = {}
    for name in CASES:
        model = other_models(fusedrnn, name)
        if name != "stateful":
            model.train_on_batch(inputs(name), Y)
        for ending in ("keras", "h5"):
            model.save(tmp_path / f"{name}.{ending}")
        expected[name] = model.predict(inputs(name), verbose=0)
    run_keras(tmp_path, "read")
    for name, y in expected.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), y, rtol=1e-5, atol=1e-6)


def test_we_open_what_keras_saved(tmp_path: Path) -> None:
    import fusedrnn

    pytest.importorskip("h5py")
    run_keras(tmp_path, "write")
    for name in CASES:
        expected = np.load(tmp_path / f"{name}.npy")
        for ending in ("keras", "h5"):
            model = load_model(tmp_path / f"{name}.{ending}")
            got = model.predict(inputs(name), verbose=0)
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
        model = load_model(tmp_path / f"{name}.keras")
        assert model.optimizer.iterations == (name != "stateful")
        fresh = other_models(fusedrnn, name)
        fresh.load_weights(tmp_path / f"{name}.weights.h5")
        np.testing.assert_allclose(
            fresh.predict(inputs(name), verbose=0), expected, rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_kept_file_of_keras(ending: str) -> None:
    """Outputs, scores and, from the .keras file, two more epochs with the optimizer's state."""
    pytest.importorskip("h5py")
    folder = Path(__file__).parent / "data"
    expected = json.loads((folder / "from_keras.json").read_text())
    x, y = keras_cases.data(
        "from_keras", keras_cases.Case(lambda k: [], shape=(5, 3), padding="post")
    )
    model = load_model(folder / f"from_keras.{ending}")
    np.testing.assert_allclose(model.predict(x, verbose=0).ravel(), expected["outputs"], atol=1e-6)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected["scores"], rel=1e-5)
    if ending == "keras":
        model.fit(x, y, epochs=2, verbose=0, shuffle=False)
        np.testing.assert_allclose(
            model.predict(x, verbose=0).ravel(), expected["after two more epochs"], atol=1e-5
        )


@pytest.mark.parametrize("name", ["from_keras2", "from_keras2_adam"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_kept_file_of_keras_2(name: str, ending: str) -> None:
    pytest.importorskip("h5py")
    folder = Path(__file__).parent / "data"
    kept = json.loads((folder / "from_keras2.json").read_text())
    x, y, expected = np.reshape(kept["x"], (12, 5, 3)), kept["y"], kept[name]
    model = load_model(folder / f"{name}.{ending}")
    model.reset_states()
    np.testing.assert_allclose(model.predict(x, verbose=0).ravel(), expected["outputs"], atol=1e-6)
    model.reset_states()
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), expected["scores"], atol=1e-5)
    rebuilt = model_from_json(expected["config"])
    rebuilt.set_weights(model.get_weights())
    rebuilt.reset_states()
    np.testing.assert_allclose(
        rebuilt.predict(x, verbose=0).ravel(), expected["outputs"], atol=1e-6
    )
    if ending == "keras" and "after two more epochs" in expected:  # the optimizer's state as well
        model.reset_states()
        model.fit(x, y, epochs=2, batch_size=12, shuffle=False, verbose=0)
        model.reset_states()
        got = model.predict(x, verbose=0).ravel()
        np.testing.assert_allclose(got, expected["after two more epochs"], atol=1e-5)


def test_files_of_keras_2(tmp_path: Path) -> None:
    """The old hard sigmoid, GRU without reset_after, layers as a list."""
    h5py = pytest.importorskip("h5py")
    new = Sequential(
        [
            layers.Input((5, 3)),
            layers.LSTM(4, recurrent_activation="hard_sigmoid_keras2", return_sequences=True),
            layers.GRU(2, reset_after=False),
            layers.Dense(1),
        ]
    )
    config = [
        {
            "class_name": "LSTM",
            "config": {
                "name": "lstm_9",
                "batch_input_shape": [None, 5, 3],
                "units": 4,
                "return_sequences": True,
                "recurrent_activation": "hard_sigmoid",
                "dtype": "float32",
                "time_major": False,
                "implementation": 1,
                "kernel_initializer": {
                    "class_name": "VarianceScaling",
                    "config": {
                        "scale": 1.0,
                        "mode": "fan_avg",
                        "distribution": "uniform",
                        "seed": None,
                    },
                },
            },
        },
        {"class_name": "GRU", "config": {"name": "gru_9", "units": 2}},
        {"class_name": "Dense", "config": {"name": "dense_9", "units": 1}},
    ]
    with h5py.File(tmp_path / "old.h5", "w") as file:
        file.attrs["keras_version"] = "2.1.6"
        file.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
        file.attrs["training_config"] = json.dumps(
            {
                "loss": "mean_squared_error",
                "metrics": ["mae"],
                "sample_weight_mode": None,
                "optimizer_config": {
                    "class_name": "Adam",
                    "config": {
                        "lr": 0.02,
                        "decay": 0.0,
                        "beta_1": 0.9,
                        "beta_2": 0.999,
                        "epsilon": 1e-7,
                    },
                },
            }
        )
        top = file.create_group("model_weights")
        top.attrs["layer_names"] = np.array(["lstm_9", "gru_9", "dense_9"], "S")
        for name, layer in zip(("lstm_9", "gru_9", "dense_9"), new.layers, strict=True):
            group = top.create_group(name)
            names = [f"{name}/{v.name}:0" for v in layer.weights]
            group.attrs["weight_names"] = np.array(names, "S")
            for n, v in zip(names, layer.weights, strict=True):
                group[n] = v.value
    model = load_model(tmp_path / "old.h5")
    np.testing.assert_array_equal(model.predict(X, verbose=0), new.predict(X, verbose=0))
    assert model.optimizer.learning_rate == np.float32(0.02)


# What can go wrong


def test_functions_of_one_s_own_need_custom_objects(tmp_path: Path) -> None:
    def bias(y_true: Any, y_pred: Any) -> Any:
        return y_pred - y_true

    class Quartic(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return ((y_pred - y_true) ** 4).mean(axis=-1)

        def gradient(self, y_true: Any, y_pred: Any) -> Any:
            return 4 * (y_pred - y_true) ** 3 / y_pred.shape[-1]

    model = trained(loss=Quartic(), metrics=[bias])
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="loss: 'Quartic' is not known here"):
        load_model(tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors", {"Quartic": Quartic, "bias": bias})
    assert loaded.evaluate(X, Y, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))


@pytest.mark.parametrize("ending", FORMATS)
def test_damaged_files(ending: str, tmp_path: Path) -> None:
    if ending != "safetensors":
        pytest.importorskip("h5py")
    path = tmp_path / f"m.{ending}"
    trained().save(path)
    whole = path.read_bytes()
    for damaged in (b"", b"nonsense", whole[: len(whole) // 2], whole[:20]):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"load_model: .*m\.{ending}: "):
            load_model(path)


def test_files_with_what_is_not_here(tmp_path: Path) -> None:
    for name, config in {
        "layers": {"class_name": "Functional", "config": {}},
        "Conv1D": {
            "class_name": "Sequential",
            "config": {"name": "m", "layers": [{"class_name": "Conv1D", "config": {}}]},
        },
    }.items():
        with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
            archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
            archive.writestr("config.json", json.dumps(config))
        with pytest.raises(ValueError, match=name):
            load_model(tmp_path / "m.keras")


def test_other_shapes_are_refused_and_nothing_changes(tmp_path: Path) -> None:
    small = Sequential([layers.Input((5, 3)), layers.LSTM(2), layers.Dense(1)])
    large = Sequential([layers.Input((5, 3)), layers.LSTM(3), layers.Dense(1)])
    small.save_weights(tmp_path / "w.safetensors")
    before = large.get_weights()
    with pytest.raises(ValueError, match="weights have shapes"):
        large.load_weights(tmp_path / "w.safetensors")
    for a, b in zip(before, large.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = trained(), tmp_path / "m.safetensors"
    model.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_link_stays_and_its_file_is_written(tmp_path: Path) -> None:
    link, file = tmp_path / "link.safetensors", tmp_path / "deep" / "m.safetensors"
    file.parent.mkdir()
    link.symlink_to(file)
    trained().save(link)
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert [p.name for p in file.parent.iterdir()] == ["m.safetensors"]
    load_model(file)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_paths(tmp_path: Path) -> None:
    model = trained()
    with pytest.raises(ValueError, match=r"must end in \.keras, \.h5 or \.safetensors$"):
        model.save(tmp_path / "model.png")
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing.keras")
    with pytest.raises(ValueError, match="has no weights yet"):
        Sequential([layers.LSTM(3)]).save(tmp_path / "m.h5")
    with pytest.warns(UserWarning, match="is an HDF5 file"):
        model.save_weights(tmp_path / "checkpoints" / "cp.ckpt")  # makes the folder, as TensorFlow
    model.load_weights(tmp_path / "checkpoints" / "cp.ckpt")
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.safetensors", overwrite=False)


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    model = trained()
    with pytest.raises(ImportError, match=r"pip install h5py.*\.safetensors"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "m.safetensors")
    load_model(tmp_path / "m.safetensors")


def test_a_header_that_lies_about_its_size(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(ValueError, match="load_model"):
        load_model(path)


def test_names_of_keras_saving() -> None:
    from fusedrnn.keras import saving

    for name in ("custom_object_scope", "load_model", "load_weights", "save_model", "save_weights"):
        assert callable(getattr(saving, name))


def test_a_name_without_an_ending_is_an_archive(tmp_path: Path) -> None:
    """Where scripts of TensorFlow 2 save a folder; a folder itself is refused by name."""
    model = Sequential([layers.Input((3,)), layers.Dense(2)])
    with pytest.warns(UserWarning, match=r"is a \.keras archive, for folders \(SavedModel\) are"):
        model.save(str(tmp_path / "saved" / "model"))
    again = load_model(str(tmp_path / "saved" / "model"))
    x = np.ones((1, 3))
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match=r"is a folder, and folders \(SavedModel\) are"):
        load_model(tmp_path / "saved")


@pytest.mark.filterwarnings("ignore:__array__")
@pytest.mark.parametrize("size", [1, 3e-7])
def test_weights_in_parts_go_both_ways(size: float, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    models = []
    for k in (fusedrnn, keras):
        model = k.Sequential([k.Input((5, 3)), k.layers.LSTM(4), k.layers.Dense(8, name="d")])
        model.compile("adam", "mse")
        models.append(model)
    ours, theirs = models
    x = np.random.default_rng(3).random((4, 5, 3)).astype(np.float32)
    for model in models:  # so that the optimizers have a state
        model.fit(x, np.ones((4, 8)), verbose=0)
    for model, other, name in ((ours, theirs, "ours"), (theirs, ours, "theirs")):
        folder = tmp_path / name
        folder.mkdir()
        model.save_weights(folder / "m.weights.json", max_shard_size=size)
        parts = {file.name for file in folder.glob("*.h5")}
        assert (len(parts) > 1) == (size < 1)
        assert "m_00000.weights.h5" in parts
        other.load_weights(folder / "m.weights.json")
        for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        model.fit(x, np.zeros((4, 8)), verbose=0)


def test_parts_that_cannot_be(tmp_path: Path) -> None:
    model = fusedrnn.Sequential([fusedrnn.Input((3,)), fusedrnn.layers.Dense(8)])
    with pytest.raises(ValueError, match="max_shard_size allows"):
        model.save_weights(tmp_path / "m.weights.json", max_shard_size=1e-9)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match=r"must end in `\.weights\.json`"):
        model.save_weights(tmp_path / "m.safetensors", max_shard_size=1)
    with pytest.warns(UserWarning, match=r"requires `\*\.json`"):
        model.save_weights(tmp_path / "m.weights.h5", max_shard_size=1)
    path = tmp_path / "m.weights.json"
    path.write_text(path.read_text().replace("m_00000", "../m_00000"))
    with pytest.raises(ValueError, match="another folder"):
        model.load_weights(path)
    path.write_text(path.read_text().replace("../m_00000", "n_00000"))
    with pytest.raises((ValueError, OSError), match="n_00000"):
        model.load_weights(path)


def test_layers_left_out(tmp_path: Path) -> None:
    def made() -> fusedrnn.Sequential:
        layers = fusedrnn.layers
        inner = fusedrnn.Sequential([layers.LSTM(2), layers.Dense(3)])
        return fusedrnn.Sequential([fusedrnn.Input((5, 3)), inner, layers.Dense(1, name="top")])

    model, path = made(), tmp_path / "m.weights.h5"
    model.save_weights(path, objects_to_skip=[model.layers[0]])
    for skipping in (True, False):
        if not skipping:
            model.save_weights(path)
        other = made()
        before = other.get_weights()
        other.load_weights(path, objects_to_skip=[other.layers[0]])
        for k, (a, b, c) in enumerate(
            zip(other.get_weights(), before, model.get_weights(), strict=True)
        ):
            np.testing.assert_array_equal(a, b if k < 5 else c)
    other.load_weights(path)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="only supports loading"):
        other.load_weights(tmp_path / "m.keras", objects_to_skip=[])


@pytest.mark.filterwarnings("ignore:__array__")
def test_a_model_in_a_folder_goes_both_ways(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    x = np.ones((2, 5, 3), np.float32)
    for writer, reader in ((fusedrnn, keras), (keras, fusedrnn), (fusedrnn, fusedrnn)):
        model = writer.Sequential([writer.Input((5, 3)), writer.layers.LSTM(4)])
        path = tmp_path / f"{writer.__name__}-{reader.__name__}"
        writer.saving.save_model(model, path, zipped=False)
        assert (path / "config.json").is_file()
        read = reader.saving.load_model(path)
        expected = model.predict(x, verbose=0)
        np.testing.assert_allclose(read.predict(x, verbose=0), expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="should not end in"):
        model.save(tmp_path / "m.keras", zipped=False)
