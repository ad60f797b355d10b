"""``clone_model``: other layers, other inputs, other calls, as Keras has it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Model, Sequential, layers, losses, metrics, ops
from fusedrnn.models import clone_model

X = np.random.default_rng(2).normal(size=(3, 4, 2)).astype(np.float32)


def graph() -> Model:
    """Return a graph with an operation, a shared layer, two inputs and two outputs."""
    a, b = Input((4, 2), name="a"), Input((4, 2), name="b")
    shared = layers.LSTM(3, name="shared")
    x = ops.exp(shared(a)) + shared(b)
    return Model({"a": a, "b": b}, {"sum": x, "dense": layers.Dense(2, name="d")(x)})


def same(model: Any, clone: Any, x: Any) -> None:
    """Check that the clone has weights of its own, and with the same ones the same output."""
    model(x), clone(x)
    assert not {id(v) for v in model.weights} & {id(v) for v in clone.weights}
    clone.set_weights(model.get_weights())
    ours, theirs = model(x), clone(x)
    for key in ours if isinstance(ours, dict) else [...]:
        np.testing.assert_array_equal(ours[key], theirs[key])


def test_graphs() -> None:
    model = graph()
    same(model, clone_model(model), {"a": X, "b": X + 1})
    c, d = Input((4, 2), name="e"), Input((4, 2), name="f")
    new = clone_model(model, input_tensors={"a": c, "b": d})
    assert new.inputs == [c, d]
    same(model, new, {"a": X, "b": X + 1})
    with pytest.raises(ValueError, match="same structure"):
        clone_model(model, input_tensors=[c, d])


def test_other_layers() -> None:
    """What the documentation of Keras does: layers wrapped, seeds set."""

    def wrap(layer: Any) -> Any:
        copy = type(layer).from_config(layer.get_config())
        return layers.Bidirectional(copy) if isinstance(layer, layers.LSTM) else copy

    model = Sequential([Input((4, 2)), layers.LSTM(3), layers.Dropout(0.5), layers.Dense(1)])
    new = clone_model(model, clone_function=wrap)
    assert [type(layer).__name__ for layer in new.layers] == ["Bidirectional", "Dropout", "Dense"]
    assert new.layers[0].output_shape == (None, 6)
    new = clone_model(graph(), clone_function=wrap)
    assert [type(each).__name__ for each in new.layers].count("Bidirectional") == 1


def test_other_calls() -> None:
    def dropped(layer: Any, *args: Any, **kwargs: Any) -> Any:
        y = layer(*args, **kwargs)
        return layers.Dropout(0.5)(y) if isinstance(layer, layers.Dense) else y

    a = Input((2,))
    inner = Model(a, layers.Dense(2)(a))
    b = Input((2,))
    model = Model(b, layers.Dense(1)(inner(b)))
    new = clone_model(model, clone_function=lambda layer: layer, call_function=dropped)
    assert len(new.layers) == len(model.layers) + 1
    new = clone_model(model, call_function=dropped, recursive=True)
    assert len(new.layers) == len(model.layers) + 1
    assert len(new.layers[1].layers) == len(inner.layers) + 1
    with pytest.raises(ValueError, match="call_function"):
        clone_model(Sequential([layers.Dense(1)]), call_function=dropped)


def test_compiled_models_stay_compiled() -> None:
    model = Sequential([Input((4, 2)), layers.GRU(2), layers.Dense(1)])
    rate = fusedrnn.optimizers.Adam(0.02)
    model.compile(rate, losses.Huber(), metrics=[metrics.MeanAbsoluteError()])
    new = clone_model(model)
    model.fit(X, X[:, 0, :1], verbose=0)
    assert new.optimizer is not rate
    assert new.optimizer.get_config() == rate.get_config()
    assert list(new.fit(X, X[:, 0, :1], verbose=0).history) == ["loss", "mean_absolute_error"]
    assert not clone_model(graph()).compiled


def test_models_with_a_call() -> None:
    class Own(Model):
        def __init__(self, units: int = 2) -> None:
            super().__init__()
            self.units, self.dense = units, layers.Dense(units)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = Own()
    same(model, clone_model(model), X)
    with pytest.raises(ValueError, match="subclassed"):
        clone_model(model, clone_function=lambda layer: layer)
