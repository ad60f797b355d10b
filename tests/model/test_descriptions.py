"""Activations, initializers and descriptions of objects: Keras's numbers and files where it is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import activations, initializers, layers, models, saving

pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras on PyTorch
rng = np.random.default_rng(0)
X = rng.normal(size=(6, 4)).astype(np.float32)

NEW = {
    "celu": {"alpha": 0.7},
    "glu": {},
    "hard_shrink": {"threshold": 0.3},
    "hard_silu": {},
    "hard_tanh": {},
    "log_sigmoid": {},
    "log_softmax": {},
    "soft_shrink": {"threshold": 0.3},
    "sparse_plus": {},
    "sparse_sigmoid": {},
    "sparsemax": {},
    "squareplus": {"b": 3},
    "tanh_shrink": {},
    "threshold": {"threshold": 0.2, "default_value": -0.5},
}


def with_keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


@pytest.mark.parametrize("name", NEW)
def test_activations_of_keras(name: str) -> None:
    keras, options = with_keras(), NEW[name]
    import torch

    x = torch.tensor(2 * X, dtype=torch.float64, requires_grad=True)
    y = getattr(keras.activations, name)(x, **options)
    dy = rng.normal(size=tuple(y.shape))
    y.backward(torch.tensor(dy))
    own = getattr(activations, name)
    ours = own(x.detach().numpy(), **options)
    np.testing.assert_allclose(ours, y.detach().numpy(), atol=1e-12)
    grad = own.gradient(dy, x.detach().numpy(), ours, **options)
    np.testing.assert_allclose(grad, x.grad.numpy(), atol=1e-12)


def test_a_layer_as_activation(tmp_path: Path) -> None:
    keras = with_keras()

    def model(k: Any) -> Any:
        return k.Sequential([k.layers.Input((4,)), k.layers.Dense(3, activation=k.layers.LeakyReLU(
            negative_slope=0.15)), k.layers.Dense(2, "sparsemax")])  # fmt: skip

    ours, theirs = model(fusedrnn.keras), model(keras)
    ours.set_weights(theirs.get_weights())
    for each in (ours, theirs):
        each.compile("sgd", "mse")
        each.fit(X, X[:, :2], epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(ours.predict(X, verbose=0), theirs.predict(X, verbose=0), atol=1e-5)
    ours.save(tmp_path / "ours.keras")
    theirs.save(tmp_path / "theirs.keras")
    for read in (keras.models.load_model(tmp_path / "ours.keras"),
                 models.load_model(tmp_path / "theirs.keras")):  # fmt: skip
        np.testing.assert_allclose(
            read.predict(X, verbose=0), theirs.predict(X, verbose=0), atol=1e-5
        )
    with pytest.raises(NotImplementedError, match="a layer with weights"):
        layers.Dense(3, activation=layers.PReLU())(X)


def test_no_mask_goes_on_from_a_lambda() -> None:
    keras = with_keras()
    words = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])

    def model(k: Any, **options: Any) -> Any:
        twice = k.layers.Lambda(lambda x: x * 2, **options)
        embedding = k.layers.Embedding(4, 3, mask_zero=True)
        return k.Sequential([k.layers.Input((4,)), embedding, twice, k.layers.LSTM(2)])

    for options in ({}, {"mask": lambda x, mask: mask}):
        ours, theirs = model(fusedrnn.keras, **options), model(keras, **options)
        ours.set_weights(theirs.get_weights())
        np.testing.assert_allclose(
            ours.predict(words, verbose=0), theirs.predict(words, verbose=0), atol=1e-6
        )


def double(x: Any) -> Any:
    return x * 2


def test_a_lambda_with_a_name_is_saved(tmp_path: Path) -> None:
    keras = with_keras()
    own = {"double": double}
    for one, other in ((fusedrnn.keras, keras), (keras, fusedrnn.keras)):
        twice = one.layers.Lambda(double, output_shape=(4,))
        model = one.Sequential([one.layers.Input((4,)), twice, one.layers.Dense(2)])
        model.save(tmp_path / "m.keras")
        read = other.models.load_model(tmp_path / "m.keras", custom_objects=own)
        np.testing.assert_allclose(read.predict(X, verbose=0), model.predict(X, verbose=0), 1e-5)
    with pytest.raises(NotImplementedError, match="give it a function with a name"):
        layers.Lambda(lambda x: x).get_config()
    code = {"function": {"class_name": "__lambda__", "config": {"code": "4wAAAA=="}}}
    with pytest.raises(ValueError, match="no code out of a file"):
        layers.Lambda.from_config(code)


def test_of_an_objects_inside_a_layer_of_ones_own() -> None:
    class Scale(layers.Layer):
        def __init__(self, inner: Any, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.inner = saving.deserialize_keras_object(inner)

        def call(self, x: Any) -> Any:
            return self.inner(x)

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "inner": self.inner}

    layer = Scale(layers.Dense(3, activation="tanh"))
    text = json.dumps(saving.serialize_keras_object(layer))
    again = saving.deserialize_keras_object(json.loads(text), custom_objects={"Scale": Scale})
    assert isinstance(again.inner, layers.Dense)
    assert again.inner.activation is activations.tanh
    with pytest.raises(ValueError, match="not known"):
        saving.deserialize_keras_object(json.loads(text))


def test_values_that_json_does_not_have() -> None:
    for value in (np.array([[1.0, 2.0]]), b"text", slice(1, None, 2), ..., {"a": [1, "b", None]}):
        text = json.dumps(saving.serialize_keras_object(value))
        again = saving.deserialize_keras_object(json.loads(text))
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(again, value)
        else:
            assert again == value
    assert saving.deserialize_keras_object("relu") == "relu"
    described = {"class_name": "function", "config": "relu", "module": "builtins"}
    assert saving.deserialize_keras_object(described) is activations.relu
    described = {"class_name": "Dense", "config": {"units": 2}, "module": "keras.layers"}
    assert saving.deserialize_keras_object(described).units == 2
    with pytest.raises(ValueError, match="built-in"):
        saving.deserialize_keras_object(described | {"registered_name": "my>Dense"})
    for bad in ({"class_name": "Dense", "config": [1]}, {"class_name": "function", "config": [1]}):
        with pytest.raises(TypeError, match="Expected 'config'"):
            saving.deserialize_keras_object(bad)


def test_registered_names() -> None:
    @saving.register_keras_serializable("mine")
    def triple(x: Any) -> Any:
        return 3 * x

    assert saving.get_registered_name(triple) == "mine>triple"
    assert saving.get_registered_object("mine>triple") is triple
    assert saving.get_registered_name(double) == "double"
    assert saving.get_registered_object("nothing", {"nothing": 1}) == 1
    with pytest.raises(ValueError, match="get_config"):
        saving.register_keras_serializable()(type("Bare", (), {}))


def test_initializers_with_arrays_and_axes() -> None:
    value = rng.normal(size=(4, 3))
    constant = initializers.Constant(value)
    again = initializers.get(json.loads(json.dumps(saving.serialize_keras_object(constant))))
    np.testing.assert_array_equal(again((4, 3)), value.astype(np.float32))
    np.testing.assert_array_equal(initializers.get(value)((4, 3)), value.astype(np.float32))
    with pytest.raises(ValueError, match="Expected `shape` to be"):
        initializers.get(value)((3, 4))
    wide = initializers.VarianceScaling(2.0, "fan_in", "uniform", 1, [0], [1, 2])((64, 8, 16))
    assert wide.std() == pytest.approx(np.sqrt(2 / 64), rel=0.05)


def test_weights_by_name_and_past_what_does_not_fit(tmp_path: Path) -> None:
    def model(units: int, *names: str) -> Any:
        return fusedrnn.Sequential([layers.Input((4,)), *(
            layers.Dense(units if name == "b" else 3, name=name) for name in names)])  # fmt: skip

    one = model(3, "a", "b", "c")
    for file in ("w.h5", "w.weights.h5"):
        one.save_weights(tmp_path / file)
        other = model(2, "a", "b")
        before = other.get_layer("b").get_weights()[0].copy()
        if file == "w.h5":
            with pytest.raises(ValueError, match="layer b has weights of shapes"):
                other.load_weights(tmp_path / file, by_name=True)
            other.load_weights(tmp_path / file, by_name=True, skip_mismatch=True)
        else:
            with pytest.raises(ValueError, match="by_name"):
                other.load_weights(tmp_path / file, by_name=True)
            other.load_weights(tmp_path / file, skip_mismatch=True)
        a, b = (m.get_layer("a").get_weights() for m in (one, other))
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_array_equal(other.get_layer("b").get_weights()[0], before)
    with pytest.raises(ValueError, match="Layer count mismatch"):
        model(3, "x", "y").load_weights(tmp_path / "w.h5", skip_mismatch=True)
    with pytest.raises(ValueError, match="Invalid keyword"):
        one.load_weights(tmp_path / "w.h5", bad_keyword=None)


def test_inputs_that_contradict_themselves() -> None:
    tensor = fusedrnn.Input((3,), batch_size=2)
    assert fusedrnn.Input(tensor=tensor).shape == (2, 3)
    for wrong, match in (
        ({"shape": (3,), "batch_shape": (2, 3)}, "both `shape` and `batch_shape`"),
        ({"batch_size": 2, "batch_shape": (2, 3)}, "both `batch_size` and `batch_shape`"),
        ({}, "pass a `shape` argument"),
        ({"shape": (3,), "sparse": True}, "`sparse=True` is not supported"),
        ({"tensor": np.zeros(3)}, "must be a KerasTensor"),
        ({"tensor": tensor, "shape": (4,)}, "incompatible `shape`"),
        ({"tensor": layers.Dense(2)(tensor)}, "comes out of a layer"),
    ):
        with pytest.raises(ValueError, match=match):
            fusedrnn.Input(**wrong)


def test_a_model_without_weights_yet_is_saved(tmp_path: Path) -> None:
    keras = with_keras()
    model = fusedrnn.Sequential([layers.Dense(3, activation="relu"), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.keras")
    for read in (models.load_model(tmp_path / "m.keras"),
                 keras.models.load_model(tmp_path / "m.keras")):  # fmt: skip
        assert not read.built
        assert read.predict(X, verbose=0).shape == (6, 2)
    with pytest.raises(ValueError, match="no weights yet"):
        model.save(tmp_path / "m.h5")
