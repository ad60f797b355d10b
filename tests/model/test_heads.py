"""Losses of several outputs, however they are said, and targets of some: as Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusedrnn

keras = pytest.importorskip("keras")
pytestmark = pytest.mark.filterwarnings("ignore:Gradients do not exist", "ignore:__array__")
X = np.linspace(0, 1, 24, dtype=np.float32).reshape(8, 3)
A, B = X[:, :1], (X[:, 1:2] > 0.5).astype(np.float32)
CASES: dict[str, tuple[Any, Any, Any]] = {  # losses, their weights, targets
    "lists in a list": (["mse", ["binary_crossentropy"]], [0.5, 2.0], [A, B]),
    "lists in a dict": ({"a": ["mse"], "b": ["mae"]}, None, {"a": A, "b": B}),
    "one of two": (["mse", None], None, [A, B]),
    "one of two, without the other's targets": (["mse", None], None, [A]),
    "one of two by name": ({"a": None, "b": "mse"}, None, {"a": A, "b": B}),
    "the second, an array": ([None, "mse"], None, B),
}


@pytest.mark.parametrize("name", CASES)
def test_losses(name: str) -> None:
    loss, factors, y = CASES[name]
    found = []
    for k in (fusedrnn, keras):
        x = k.Input((3,))
        a = k.layers.Dense(1, name="a", kernel_initializer="ones")(x)
        b = k.layers.Dense(1, "sigmoid", name="b", kernel_initializer="ones")(x)
        model = k.Model(x, [a, b])
        model.compile("sgd", loss, loss_weights=factors)
        history = model.fit(X, y, epochs=2, shuffle=False, verbose=0).history
        values = model.evaluate(X, y, verbose=0)
        found.append((history, values, model.train_on_batch(X, y)))
    (ours, value, batch), (theirs, their_value, _) = found
    assert list(ours) == list(theirs)
    for key in theirs:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-5)
    assert isinstance(value, list) == isinstance(their_value, list)
    np.testing.assert_allclose(value, their_value, rtol=1e-5)
    np.testing.assert_allclose(batch, value, rtol=1e-5)


def test_metrics_need_targets() -> None:
    x = fusedrnn.Input((3,))
    heads = [fusedrnn.layers.Dense(1, name=name)(x) for name in "ab"]
    model = fusedrnn.Model(x, heads)
    model.compile("sgd", ["mse", None], metrics=[[], ["mae"]])
    with pytest.raises(ValueError, match="y: got 1 arrays"):
        model.fit(X, [A], verbose=0)
    with pytest.raises(ValueError, match="y b: is missing"):
        model.fit(X, [A, None], verbose=0)
    inputs = [fusedrnn.Input((3,), name=name) for name in "ab"]
    adding = fusedrnn.Model(inputs, fusedrnn.layers.Add()(inputs))
    with pytest.raises(ValueError, match="input 'b' is not optional"):
        adding.predict([X, None])


def test_metrics_of_all_outputs() -> None:
    """In a list that is not one for each output, as Keras 2 took it."""
    x = fusedrnn.Input((3,))
    model = fusedrnn.Model(x, [fusedrnn.layers.Dense(1, name=name)(x) for name in "abc"])
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(X, [A, B, A], verbose=0).history
    assert [name for name in history if "mae" in name] == ["a_mae", "b_mae", "c_mae"]
    with pytest.raises(ValueError, match="an entry for each"):  # objects would be one for all
        model.compile("sgd", "mse", metrics=[fusedrnn.metrics.MeanSquaredError()])


def test_one_array_for_all_outputs() -> None:
    """As for quantiles of one thing, which Keras 2 took."""
    x = fusedrnn.Input((3,))
    model = fusedrnn.Model(x, [fusedrnn.layers.Dense(1, name=name)(x) for name in "ab"])
    model.compile("sgd", ["mse", "mae"])
    once, twice = (model.evaluate(X, y, verbose=0) for y in (A, [A, A]))
    assert once == twice
    with pytest.raises(ValueError, match="expected one for each"):  # it would be broadcast
        model.evaluate(X, X[:, :2], verbose=0)
