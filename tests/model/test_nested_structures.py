"""Inputs, outputs and losses in lists, tuples and dicts within each other, and inputs left out."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Model, layers

pytestmark = pytest.mark.filterwarnings("ignore:Gradients do not exist", "ignore:__array__",
                                        "ignore:The structure of `inputs` doesn't match",
                                        "ignore:When providing `inputs` as a dict")  # fmt: skip
X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
A, B = X[:, :1] ** 2, X[:, 1:2] + 0.5
Pair = namedtuple("Pair", ["u", "v"])


def both(keras: Any, run: Callable[[Any], Any]) -> tuple[Any, Any]:
    return run(fusedrnn), run(keras)


def outputs_of(k: Any, x: Any) -> tuple[Any, Any]:
    return (
        k.layers.Dense(1, name="a", kernel_initializer="ones")(x),
        k.layers.Dense(1, "sigmoid", name="b", kernel_initializer="ones")(x),
    )


def absolute(k: Any) -> Any:
    """A loss of any number of outputs."""

    def flat(y: Any) -> list[Any]:
        if isinstance(y, dict):
            y = [y[key] for key in sorted(y)]
        return [part for each in y for part in flat(each)] if isinstance(y, (list, tuple)) else [y]

    def loss(y_true: Any, y_pred: Any) -> Any:
        pairs = zip(flat(y_true), flat(y_pred), strict=True)
        return sum(k.ops.mean(k.ops.abs(p - t), axis=-1) for t, p in pairs)

    return loss


STRUCTURES: dict[str, Callable[[Any, Any], Any]] = {
    "a tuple": lambda a, b: (a, b),
    "a named tuple": Pair,
    "a dict": lambda a, b: {"z": a, "c": b},
    "dicts and tuples": lambda a, b: {"p": (a, b), "q": {"z": b, "c": a}, "r": a},
}
LOSSES: dict[str, tuple[str, Callable[[Any], Any], Any]] = {
    "several of an output": ("a tuple", lambda k: ("mse", ["mse", "mae"]), None),
    "one for all": ("dicts and tuples", lambda k: "mse", None),
    "of a tuple and of its parts": (
        "a tuple", lambda k: [absolute(k), ("mse", "mae")], [0.5, (2.0, 3.0)],
    ),
    "of a named tuple": ("a named tuple", lambda k: [absolute(k), Pair("mse", None)], None),
    "of a dict and of its parts": (
        "a dict", lambda k: [absolute(k), {"z": "mse"}], [2.0, {"z": 3.0}],
    ),
    "in the form of the outputs": (
        "dicts and tuples",
        lambda k: {"p": [absolute(k), (None, "mse")], "q": {"z": "mae"}, "r": "mse"},
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_keras(name: str) -> None:
    form, loss, factors = LOSSES[name]

    def run(k: Any) -> Any:
        x = k.Input((3,))
        model = k.Model(x, STRUCTURES[form](*outputs_of(k, x)))
        model.compile("sgd", loss(k), loss_weights=factors)
        fit = model.fit(X, STRUCTURES[form](A, B), epochs=2, shuffle=False, verbose=0)
        return fit.history, model.get_weights()

    (ours, weights), (theirs, expected) = both(pytest.importorskip("keras"), run)
    assert sorted(ours) == sorted(theirs)
    for key in theirs:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=2e-5)
    for w, e in zip(weights, expected, strict=True):
        np.testing.assert_allclose(w, e, rtol=1e-5, atol=1e-6)


def test_metrics_in_the_form_of_the_outputs_are_those_of_keras() -> None:
    # In alphabetical order, for Keras on PyTorch names those of a dict in another by each other's
    metrics = {"p": ("mae", ["mae", "mse"]), "q": {"c": "mse", "z": "mae"}, "r": ["mse"]}

    def run(k: Any) -> Any:
        x = k.Input((3,))
        parts = [k.layers.Dense(1, name=n, kernel_initializer="ones")(x) for n in "vwxyz"]
        model = k.Model(x, {"p": (parts[0], parts[1]), "q": {"c": parts[2], "z": parts[3]},
                            "r": parts[4]})  # fmt: skip
        model.compile("sgd", "mse", metrics=metrics)
        y = {"p": (A, B), "q": {"c": B, "z": A}, "r": A}
        return model.evaluate(X, y, verbose=0, return_dict=True)

    ours, theirs = both(pytest.importorskip("keras"), run)
    assert sorted(ours) == sorted(theirs)
    for key in theirs:
        np.testing.assert_allclose(ours[key], theirs[key], rtol=1e-5)


def test_losses_that_are_for_no_output() -> None:
    x = Input((3,))
    a, b = outputs_of(fusedrnn, x)
    model = Model(x, {"p": (a, b), "q": a})
    with pytest.raises(ValueError, match="no 'z'"):
        model.compile("sgd", {"z": "mse"})
    model.compile("sgd", {"p": [absolute(fusedrnn)]})
    with pytest.raises(ValueError, match="takes no weights"):
        model.fit(X, {"p": (A, B), "q": A}, sample_weight=np.ones(8), verbose=0)


@pytest.mark.parametrize("name", STRUCTURES)
def test_outputs_have_their_form(name: str, tmp_path: Path) -> None:
    def run(k: Any) -> Any:
        x = k.Input((3,))
        return k.Model(x, STRUCTURES[name](*outputs_of(k, x)))

    ours, theirs = both(pytest.importorskip("keras"), run)
    ours.set_weights(theirs.get_weights())
    for give in (lambda m: m.predict(X, verbose=0), lambda m: m(X), lambda m: m.output):
        a, b = give(ours), give(theirs)
        assert type(a) is type(b)
    np.testing.assert_allclose(*(_flat(m.predict(X, verbose=0)) for m in (ours, theirs)), rtol=1e-5)
    copy = Model.from_config(ours.get_config())
    assert type(copy(X)) is type(ours(X))
    for model, other in ((ours, pytest.importorskip("keras")), (theirs, fusedrnn)):
        model.save(tmp_path / "model.keras")
        read = other.models.load_model(tmp_path / "model.keras")
        np.testing.assert_allclose(_flat(read(X)), _flat(ours(X)), rtol=1e-5)


def _flat(y: Any) -> Any:
    if isinstance(y, dict):
        return np.concatenate([_flat(y[key]) for key in sorted(y)], axis=-1)
    if isinstance(y, (list, tuple)):
        return np.concatenate([_flat(each) for each in y], axis=-1)
    return y.detach().numpy() if hasattr(y, "detach") else np.asarray(y)


def inner() -> Any:
    i1, i2, i3 = Input((1,), name="i1"), Input((2,), name="i2"), Input((3,), name="i3")
    y = layers.Concatenate()([i1, i2, i3])
    return Model({"1": i1, "others": {"2": i2, "3": i3}}, layers.Dense(1, name="d")(y))


def test_inputs_in_dicts_of_dicts() -> None:
    model = inner()
    x = {"others": {"3": X, "2": X[:, :2]}, "1": X[:, :1]}
    expected = np.concatenate([X[:, :1], X[:, :2], X], 1) @ model.get_weights()[0]
    np.testing.assert_allclose(model.predict(x, verbose=0), expected, atol=1e-6)
    np.testing.assert_allclose(model(x), expected, atol=1e-6)
    by_name = {"i1": X[:, :1], "i2": X[:, :2], "i3": X}
    np.testing.assert_allclose(model(by_name), expected, atol=1e-6)
    model.compile("sgd", "mse")
    assert len(model.fit(x, A, validation_split=0.25, verbose=0).history) == 2
    named = model({"1": Input((1,), batch_size=2), "others": {"2": Input((2,)), "3": Input((3,))}})
    assert named.shape == (2, 1)
    with pytest.raises(ValueError, match="no entry"):
        model({"1": X[:, :1]})
    with pytest.raises(ValueError, match="must be KerasTensors"):
        Model({"a": "a", "b": Input((3,))}, model.output)


def test_warnings_of_another_form() -> None:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    y = layers.Subtract()([a, b])
    with pytest.warns(UserWarning, match="doesn't match the expected structure"):
        found = Model({"a": a, "b": b}, y).predict([X, 2 * X], verbose=0)
    np.testing.assert_allclose(found, -X)
    with pytest.warns(UserWarning, match="doesn't match the expected structure"):
        Model({"a": a}, a + 1)({"a": X, "0": X})
    with pytest.raises(ValueError, match="doesn't match the expected structure"):  # in which order?
        Model({"b": b, "a": a}, y)([X, X])


def test_shapes_of_a_model_in_another_follow_the_call() -> None:
    x = Input((None, 3))
    model = Model(x, layers.Conv1D(4, 2)(x))
    y = model(Input((10, 3)))
    assert y.shape == (None, 9, 4)
    assert layers.Flatten()(y).shape == (None, 36)
    assert model.output_shape == (None, None, 4)
    model.input_spec = layers.InputSpec(shape=(None, 4, 3))
    with pytest.raises(ValueError, match="expected shape"):
        model(np.zeros((2, 3, 3)))


def optional(k: Any) -> Any:
    class Perhaps(k.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int) -> None:
            super().__init__()
            self.dense = k.layers.Dense(units, kernel_initializer="ones")

        def call(self, x: Any, more: Any = None) -> Any:
            return self.dense(x if more is None else x + more)

    x, more = k.Input((3,), name="x"), k.Input((3,), name="more", optional=True)
    return k.Model({"x": x, "more": more}, Perhaps(1)(x, more)), Perhaps


def test_inputs_that_may_be_missing() -> None:
    def run(k: Any) -> Any:
        model, _ = optional(k)
        found = []
        for more in (None, X):
            x = {"x": X, "more": more}
            model.compile("sgd", "mse")
            model.fit(x, A, epochs=2, shuffle=False, verbose=0)
            found += [model.predict(x, verbose=0), _flat(model(x)), model.evaluate(x, A, verbose=0)]
        return found

    for a, b in zip(*both(pytest.importorskip("keras"), run), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)
    model, _ = optional(fusedrnn)
    with pytest.raises(ValueError, match="'x' is not optional"):
        model({"x": None, "more": X})
    with pytest.raises(ValueError, match="not optional"):
        Model(model.inputs[1], model.inputs[1] + 1).predict([None])
    outer = {"x": Input((3,), name="x"), "more": Input((3,), name="more", optional=True)}
    nested = Model(outer, model(outer))
    for more in (None, X):
        np.testing.assert_array_equal(*(
            m.predict({"x": X, "more": more}, verbose=0) for m in (nested, model)
        ))  # fmt: skip
    x, more = Input((3,), name="x"), Input((3,), name="more", optional=True)
    adding = Model([x, more], layers.Add(name="add")([x, more]))
    with pytest.raises(ValueError, match="add: its input is None"):
        adding.predict([X, None], verbose=0)


def test_what_a_subclassed_model_may_miss() -> None:
    class Sum(Model):
        def call(self, parts: Any) -> Any:
            a, (b, c) = parts["a"], parts["rest"]
            return a + b if c is None else a + b + c

    x = {"a": X, "rest": [X, None]}
    np.testing.assert_allclose(Sum().predict(x, verbose=0), 2 * X)
    np.testing.assert_allclose(Sum().predict({"a": X, "rest": [X, X]}, verbose=0), 3 * X)


def test_own_layers_are_read_by_what_their_constructor_got(tmp_path: Path) -> None:
    model, cls = optional(fusedrnn)
    model.save(tmp_path / "model.keras")
    read = fusedrnn.models.load_model(tmp_path / "model.keras", {"Perhaps": cls})
    np.testing.assert_array_equal(read({"x": X, "more": X}), model({"x": X, "more": X}))


def test_a_graph_of_ones_own_constructor_is_read_by_its_configuration(tmp_path: Path) -> None:
    class Own(Model):
        def __init__(self, units: int = 2) -> None:
            x = Input((3,))
            super().__init__(x, layers.Dense(units)(x))
            self.units = units

        def get_config(self) -> dict[str, Any]:
            return {"units": self.units}

    model = Own(4)
    model.save(tmp_path / "model.keras")
    read = fusedrnn.models.load_model(tmp_path / "model.keras", {"Own": Own})
    assert isinstance(read, Own)
    np.testing.assert_array_equal(read(X), model(X))


def test_own_steps_are_refused_of_graphs_too() -> None:
    class Own(Model):
        def compute_loss(self, **kwargs: Any) -> Any:
            return 0

    x = Input((3,))
    with pytest.raises(NotImplementedError, match="compute_loss"):
        Own(x, x + 1)


def test_a_sequential_model_takes_one_array() -> None:
    with pytest.raises(ValueError, match="Model\\(inputs, outputs\\)"):
        fusedrnn.Sequential([layers.Dense(1)])({"a": X, "b": X})
    empty = fusedrnn.Sequential([Input((3,))])
    outer = fusedrnn.Sequential([empty])
    empty.add(layers.Dense(2))
    assert outer.predict(X, verbose=0).shape == (8, 2)
