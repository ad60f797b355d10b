"""Convolution, pooling, and layers beside them: what the graphs compared with Keras do not show."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import layers

rng = np.random.default_rng(0)


def convolved(
    x: np.ndarray, kernel: np.ndarray, padding: str, stride: int, dilation: int, groups: int
) -> np.ndarray:
    """The definition, a product at a time."""
    size, features, filters = kernel.shape
    T, span = x.shape[1], (size - 1) * dilation + 1
    if padding == "same":
        missing = max((-(-T // stride) - 1) * stride + span - T, 0)
        x = np.pad(x, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
    elif padding == "causal":
        x = np.pad(x, ((0, 0), (span - 1, 0), (0, 0)))
    count = (x.shape[1] - span) // stride + 1
    y = np.zeros((len(x), count, filters))
    for t in range(count):
        for k in range(size):
            for f in range(filters):
                start = f // (filters // groups) * features
                step = x[:, t * stride + k * dilation, start : start + features]
                y[:, t, f] += step @ kernel[k, :, f]
    return y


@pytest.mark.parametrize("T", [5, 8])
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (4, 1), (1, 2)])
@pytest.mark.parametrize("padding", ["valid", "same", "causal"])
def test_convolution_is_its_definition(
    padding: str, stride: int, dilation: int, groups: int, size: int, T: int
) -> None:
    layer = layers.Conv1D(
        6, size, stride, padding, dilation_rate=dilation, groups=groups, use_bias=False
    )
    x = rng.normal(size=(3, T, 4)).astype(np.float32)
    y = layer(x)
    assert layer.compute_output_shape(x.shape) == y.shape
    expected = convolved(x, layer.get_weights()[0], padding, stride, dilation, groups)
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 1), (2, 1), (3, 2), (1, 2), (4, 3)])
def test_pooling_is_its_definition(size: int, stride: int, padding: str) -> None:
    x = rng.normal(size=(3, 8, 2)).astype(np.float32)
    before, after = 0, 0
    if padding == "same":
        missing = max((-(-8 // stride) - 1) * stride + size - 8, 0)
        before, after = missing // 2, missing - missing // 2
    starts = range(-before, 8 + after - size + 1, stride)
    windows = [x[:, max(s, 0) : s + size] for s in starts]  # without the padding
    for layer, function in (
        (layers.MaxPooling1D(size, stride, padding), np.max),
        (layers.AveragePooling1D(size, stride, padding), np.mean),
    ):
        expected = np.stack([function(w, axis=1) for w in windows], axis=1)
        np.testing.assert_allclose(layer(x), expected, rtol=1e-6)


def test_lengths_may_be_open() -> None:
    x = layers.Input((None, 3))
    y = layers.Conv1D(4, 3, padding="causal", activation="relu")(x)
    y = layers.UpSampling1D()(layers.Cropping1D()(layers.ZeroPadding1D()(y)))
    y = layers.PReLU(shared_axes=[1])(layers.MaxPooling1D()(y))
    assert y.shape == (None, None, 4)
    model = fusedrnn.Model(x, y)
    model.compile("sgd", "mse")
    for T in (4, 7):
        given = rng.normal(size=(2, T, 3))
        assert model.predict(given, verbose=0).shape == (2, T, 4)
        model.fit(given, np.ones((2, T, 4)), verbose=0)


def test_noise() -> None:
    x = np.full((400, 500), 2, np.float32)
    noise = layers.GaussianNoise(0.5, seed=1)
    y = noise(x, training=True)
    assert y.dtype == np.float32
    assert abs(y.mean() - 2) < 0.01
    assert abs(y.std() - 0.5) < 0.01
    np.testing.assert_array_equal(noise(x), x)
    dropout = layers.GaussianDropout(0.2)
    y = dropout(x, training=True)
    assert abs(y.mean() - 2) < 0.01
    assert abs(y.std() - 2 * np.sqrt(0.2 / 0.8)) < 0.01
    np.testing.assert_allclose(dropout.backward(np.ones_like(x), True), y / 2, rtol=1e-6)
    again = [layers.GaussianNoise(0.5, seed=1)(x, training=True) for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_the_first_of_equal_steps_has_the_gradient() -> None:
    layer = layers.MaxPooling1D(3, 3)
    x = np.zeros((1, 6, 1), np.float32)
    layer(x, training=True)
    dx = layer.backward(np.ones((1, 2, 1), np.float32), True)
    np.testing.assert_array_equal(dx[0, :, 0], [1, 0, 0, 1, 0, 0])


def test_a_vector_of_zeros_has_no_direction() -> None:
    layer = layers.UnitNormalization()
    np.testing.assert_array_equal(layer(np.zeros((2, 3))), np.zeros((2, 3)))


MADE: dict[str, Any] = {
    "Conv1D": (3, 2),
    "SeparableConv1D": (3, 2),
    "MaxPooling1D": (),
    "AveragePooling1D": (3,),
    "GlobalMaxPooling1D": (),
    "GlobalAveragePooling1D": (),
    "ZeroPadding1D": (),
    "Cropping1D": (),
    "UpSampling1D": (),
    "Softmax": (),
    "ReLU": (),
    "ELU": (),
    "PReLU": (),
    "LeakyReLU": (),
    "GaussianNoise": (0.3,),
    "GaussianDropout": (0.3,),
    "ActivityRegularization": (0.1, 0.2),
    "UnitNormalization": (),
}
OLD = {
    "Convolution1D": "Conv1D",
    "SeparableConvolution1D": "SeparableConv1D",
    "MaxPool1D": "MaxPooling1D",
    "AvgPool1D": "AveragePooling1D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
}


@pytest.mark.skipif(find_spec("keras") is None, reason="no Keras")
@pytest.mark.parametrize("name", MADE)
def test_configurations_and_names_are_those_of_keras(name: str) -> None:
    import keras

    for package in (keras, fusedrnn):
        package.backend.clear_session()
    theirs = getattr(keras.layers, name)(*MADE[name])
    ours = getattr(layers, name)(*MADE[name])
    assert ours.name == theirs.name
    config = keras.saving.serialize_keras_object(theirs)["config"]
    got = fusedrnn.configurable.serialize(ours)["config"]
    assert config.keys() == got.keys() | {"activity_regularizer"} & config.keys()
    for key in got.keys() - {"dtype"}:
        assert plain(got[key]) == plain(config[key]), key
    assert type(ours).from_config(got).get_config() == ours.get_config()
    assert type(theirs).from_config(got).get_config() == theirs.get_config()


def plain(value: Any) -> Any:
    """A configuration without what seeds and tuples make of it."""
    if isinstance(value, dict):
        return value["class_name"]
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", OLD)
def test_old_names(name: str) -> None:
    assert getattr(layers, name) is getattr(layers, OLD[name])
    assert getattr(layers.convolutional, name) is getattr(layers, OLD[name])
    assert getattr(layers.pooling, name) is getattr(layers, OLD[name])


def test_a_global_maximum_and_infinity() -> None:
    x = np.array([[[-np.inf], [1], [-np.inf]], [[2], [np.inf], [3]]], np.float32)
    np.testing.assert_array_equal(layers.GlobalMaxPooling1D()(x), [[1], [np.inf]])
