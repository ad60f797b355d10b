"""Layers against Keras: what they give, and the weights after training through them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fusedrnn

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras", "ignore:.*rms_scaling")
RNG = np.random.default_rng(7)
N, T, I = 8, 6, 4
X = RNG.normal(size=(2, N, T, I)).astype(np.float32)
X[0, :4, 2:] = X[1, 3:, :3] = 0  # masked by a Masking layer
X[:, 0] = 0  # masked at every step, or almost
X[1, 0, 5] = 2


def merged(name: str, rank: int = 3) -> Callable[[Any], Any]:
    """Return a model in which a layer merges arrays of which steps are masked."""

    def make(k: Any) -> Any:
        a, b = k.Input((T, I)), k.Input((T, I))
        first, second = k.layers.Masking()(a), k.layers.Masking()(b)
        if rank == 2:
            second = k.layers.LSTM(I)(second)
        y = getattr(k.layers, name)()([k.layers.Dense(I)(first), second])
        return k.Model([a, b], k.layers.GRU(3)(y))

    return make


def single(layer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a model of one input, with a dense layer before and after a layer."""

    def make(k: Any) -> Any:
        a = k.Input((T, I))
        y = layer(k)(k.layers.Dense(I)(a))
        return k.Model(a, k.layers.Dense(2)(y))

    return make


FEATURES_FIRST: dict[str, dict[str, Any]] = {
    "Conv1D": {"filters": 4, "kernel_size": 2, "padding": "causal", "activation": "tanh"},
    "Conv1DTranspose": {"filters": 4, "kernel_size": 2, "strides": 2},
    "DepthwiseConv1D": {"kernel_size": 2, "depth_multiplier": 2, "padding": "same"},
    "SeparableConv1D": {"filters": 4, "kernel_size": 3, "activation": "relu"},
    "MaxPooling1D": {},
    "AveragePooling1D": {"pool_size": 3, "padding": "same"},
    "GlobalMaxPooling1D": {"keepdims": True},
    "GlobalAveragePooling1D": {},
    "AdaptiveMaxPooling1D": {"output_size": 3},
    "AdaptiveAveragePooling1D": {"output_size": 3},
    "ZeroPadding1D": {"padding": (1, 2)},
    "Flatten": {},
}

CASES: dict[str, Callable[[Any], Any]] = {
    **{
        f"{name} with the features first": single(
            lambda k, name=name: getattr(k.layers, name)(  # type: ignore[misc]
                **FEATURES_FIRST[name], data_format="channels_first"
            )
        )
        for name in FEATURES_FIRST
    },
    **{f"masked {name}": merged(name) for name in ("Maximum", "Minimum", "Multiply", "Add")},
    "masked Multiply of ranks": merged("Multiply", 2),
    "GlobalMaxPooling1D of equal steps": single(lambda k: k.layers.GlobalMaxPooling1D()),
    "LayerNormalization of two axes": single(lambda k: k.layers.LayerNormalization([2, 1])),
    "LayerNormalization from the end": single(lambda k: k.layers.LayerNormalization([-2, -1])),
    "rms_scaling": single(lambda k: k.layers.LayerNormalization(rms_scaling=True, scale=False)),
    "BatchNormalization of steps": single(lambda k: k.layers.BatchNormalization(axis=1)),
    "BatchNormalization renormalized": single(
        lambda k: k.layers.BatchNormalization(
            momentum=0.8,
            renorm=True,
            renorm_momentum=0.5,
            renorm_clipping={"rmin": 0.5, "rmax": 1.1, "dmax": 0.3},
        )
    ),
    "BatchNormalization renormalized without bounds": single(
        lambda k: k.layers.BatchNormalization(renorm=True)
    ),
    "BatchNormalization masked": lambda k: k.Sequential(
        [k.Input((T, I)), k.layers.Masking(), k.layers.BatchNormalization(), k.layers.GRU(2)]
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_training(name: str) -> None:
    """Predictions, loss and weights after two epochs."""
    found = []
    weights: Any = None
    for k in (fusedrnn, keras):
        model = CASES[name](k)
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        model.compile("sgd", "mse")
        x = list(X) if len(model.inputs) > 1 else X[0]
        before = np.asarray(model.predict(x, verbose=0))
        y = np.ones_like(before)
        losses = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0).history["loss"]
        found.append([before, losses, *model.get_weights(), model.predict(x, verbose=0)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("name", FEATURES_FIRST)
def test_features_first_in_a_file(name: str, tmp_path: Any) -> None:
    model = CASES[f"{name} with the features first"](fusedrnn)
    model.save(tmp_path / "m.keras")
    for k in (fusedrnn, keras):
        again = k.models.load_model(tmp_path / "m.keras")
        np.testing.assert_allclose(again.predict(X[0], verbose=0), model(X[0]), atol=1e-5)


def test_configurations() -> None:
    for make in (
        lambda k: k.layers.LayerNormalization([1, 2], rms_scaling=True, name="n"),
        lambda k: k.layers.BatchNormalization(axis=1, name="n"),
    ):
        ours, theirs = make(fusedrnn), make(keras)
        ours.build((None, T, I))
        theirs.build((None, T, I))
        expected = theirs.get_config() | {"axis": ours.axis, "dtype": "float32"}
        assert {k: v for k, v in ours.get_config().items() if k in expected} == expected
        again = type(ours).from_config(theirs.get_config())
        assert again.get_config()["axis"] == ours.axis


def test_masks_of_attention_are_no_keys() -> None:
    """A mask given at the first call, and one of two axes: the key is still the value."""
    q, v = X[0][:2], RNG.normal(size=(2, 3, 5)).astype(np.float32)
    mask = RNG.integers(0, 2, (T, 3)).astype(bool)
    mask[:, 0] = True
    ours = fusedrnn.layers.MultiHeadAttention(2, 3, attention_axes=-2)
    theirs = keras.layers.MultiHeadAttention(2, 3)
    theirs.build(q.shape, v.shape)
    y = ours(query=q, value=v, attention_mask=mask)
    ours.set_weights(theirs.get_weights())
    expected = theirs(query=q, value=v, attention_mask=mask).detach()
    np.testing.assert_allclose(
        ours(query=q, value=v, attention_mask=mask), expected, rtol=1e-4, atol=1e-6
    )
    assert y.shape == expected.shape
    built = fusedrnn.layers.MultiHeadAttention(2, 3)
    built.build(q.shape, value_shape=v.shape)
    built.set_weights(theirs.get_weights())
    np.testing.assert_allclose(built(q, v, attention_mask=mask), expected, rtol=1e-4, atol=1e-6)
    assert built.compute_output_shape(q.shape, v.shape) == theirs.compute_output_shape(
        q.shape, v.shape
    )


def test_a_mask_may_come_second() -> None:
    mask = RNG.integers(0, 2, (N, T))
    mask[:, 0] = 1
    np.testing.assert_allclose(
        fusedrnn.layers.GlobalAveragePooling1D()(X[0], mask),
        keras.layers.GlobalAveragePooling1D()(X[0], mask).detach(),
        rtol=1e-5,
        atol=1e-6,
    )


def test_a_mask_of_batch_normalization_is_broadcast() -> None:
    x, mask = X[0].reshape(N, T, 2, 2), np.ones((N, T, 1), bool)
    ours, theirs = (k.layers.BatchNormalization(momentum=0.0) for k in (fusedrnn, keras))
    y, expected = (layer(x, training=True, mask=mask) for layer in (ours, theirs))
    np.testing.assert_allclose(y, expected.detach(), rtol=1e-4, atol=1e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_what_batch_normalization_cannot() -> None:
    for bounds, message in (
        ({"r": 1}, "invalid keys"), ({"rmin": 2, "rmax": 1}, "rmax should"), ({"dmax": -1}, "dmax"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            fusedrnn.layers.BatchNormalization(renorm=True, renorm_clipping=bounds)
    with pytest.raises(ValueError, match="synchronized"):
        fusedrnn.layers.BatchNormalization(synchronized=True)
