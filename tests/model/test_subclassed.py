"""Models with a ``call`` of their own: Keras's numbers and files, structures, and refusals."""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Input, Model, layers, models

NEEDS_KERAS = pytest.mark.skipif(find_spec("keras") is None, reason="no Keras")
rng = np.random.default_rng(2)
SERIES, OTHER = (rng.normal(size=(12, T, I)).astype(np.float32) for T, I in ((5, 3), (4, 2)))
WORDS = rng.integers(1, 9, (12, 5)) * (np.arange(5) < rng.integers(2, 6, (12, 1)))


def classifier(k: Any) -> Any:
    """Layers in a list, a mask that goes along, and Python's own branches."""
    L = k.layers

    class Net(k.Model):
        def __init__(self, units: int = 4, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.table = L.Embedding(10, 3, mask_zero=True)
            self.blocks = [L.LSTM(units, return_sequences=True), L.LSTM(units)]
            self.drop, self.out = L.Dropout(0.0), L.Dense(1, activation="sigmoid")

        def call(self, inputs: Any, training: bool = False) -> Any:
            x = self.table(inputs)
            for block in self.blocks:
                x = block(x)
            return self.out(self.drop(x, training=training) if training else x)

    return Net(name="net")


def encoder_decoder(k: Any) -> Any:
    """Two inputs, two outputs, states from one layer to another."""
    L, ops = k.layers, k.ops

    class Translate(k.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = L.GRU(5, return_state=True)
            self.decoder = L.Bidirectional(L.GRU(5, return_sequences=True))
            self.attention, self.out = L.Attention(), L.Dense(2)

        def call(self, inputs: Any) -> Any:
            source, target = inputs
            _, state = self.encoder(source)
            y = self.decoder(target, initial_state=[state, ops.tanh(state)])
            return self.out(ops.concatenate([y, self.attention([y, y])], axis=-1)), state

    return Translate()


def by_name(k: Any) -> Any:
    """A dict in; a model of one's own inside, called twice."""
    L = k.layers

    class Encoder(k.Model):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = L.LSTM(3)
            self.dense = L.Dense(3, activation="tanh", activity_regularizer="l2")

        def call(self, x: Any) -> Any:
            return self.dense(self.rnn(x)) * 2.0

    class Pair(k.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = Encoder()
            self.y = L.Dense(1, kernel_regularizer="l1")

        def call(self, inputs: Any) -> Any:
            first = self.encoder(inputs["a"])
            return self.y(first - self.encoder(inputs["b"][:, :3]))

    return Pair()


def in_a_graph(k: Any) -> Any:
    L = k.layers
    x = L.Input((5, 3))

    class Block(k.Model):
        def __init__(self) -> None:
            super().__init__()
            self.c = {"c": L.Conv1D(3, 2, padding="causal"), "n": L.LayerNormalization()}

        def call(self, x: Any) -> Any:
            return x + k.ops.relu(self.c["n"](self.c["c"](x)))

    block = Block()
    return k.Model(x, L.Dense(1)(L.GlobalMaxPooling1D()(block(block(x)))))


def targets(*shapes: tuple[int, ...]) -> Any:
    y = [np.random.default_rng(1).normal(size=(12, *shape)).astype(np.float32) for shape in shapes]
    return y if len(y) > 1 else y[0]


CASES: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "classifier": (classifier, WORDS, targets((1,))),
    "encoder_decoder": (encoder_decoder, [SERIES, OTHER], targets((4, 2), (5,))),
    "by_name": (by_name, {"a": SERIES, "b": SERIES[:, 1:]}, targets((1,))),
    "in_a_graph": (in_a_graph, SERIES, targets((1,))),
}


def close(got: Any, expected: Any, tolerance: float) -> None:
    several = isinstance(got, (list, tuple))
    for a, b in zip(*((got, expected) if several else ([got], [expected])), strict=True):
        np.testing.assert_allclose(a, np.asarray(b), rtol=tolerance, atol=tolerance)


@NEEDS_KERAS
@pytest.mark.filterwarnings("ignore:__array__ implementation")
@pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
@pytest.mark.parametrize("name", CASES)
def test_numbers_and_files_are_those_of_keras(name: str, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    build, x, y = CASES[name]
    theirs, ours = build(keras), build(fusedrnn)
    for model, package in ((theirs, keras), (ours, fusedrnn)):
        model.compile(package.optimizers.SGD(0.05), "mse")
        model.predict(x, verbose=0)  # which builds it
    weights = [rng.uniform(-0.6, 0.6, w.shape).astype(np.float32) for w in theirs.get_weights()]
    theirs.set_weights(weights)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    close(ours.get_weights(), weights, 0)
    close(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), 2e-6)
    losses = [
        model.fit(x, y, epochs=3, batch_size=5, shuffle=False, verbose=0).history["loss"]
        for model in (ours, theirs)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    close(ours.get_weights(), theirs.get_weights(), 2e-5)
    loss = [each.evaluate(x, y, verbose=0) for each in (ours, theirs)]
    np.testing.assert_allclose(*(np.ravel(each)[0] for each in loss), rtol=1e-5)
    ours.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    close(theirs.get_weights(), ours.get_weights(), 0)


class Scaled(Model):
    """One that can be saved whole: the constructor's arguments are attributes."""

    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.dense = units, layers.Dense(units)

    def call(self, x: Any) -> Any:
        return {"y": self.dense(x), "twice": 2 * self.dense(x)}


def test_whole_files_outputs_by_name_and_copies(tmp_path: Path) -> None:
    x = rng.normal(size=(6, 3)).astype(np.float32)
    model = Scaled(3)
    model.compile("adam", {"y": "mse", "twice": "mae"}, metrics={"y": ["mae"]})
    history = model.fit(x, {"y": x, "twice": x}, epochs=2, verbose=0).history
    assert list(history) == ["loss", "twice_loss", "y_loss", "y_mae"]
    expected = model.predict(x, verbose=0)
    np.testing.assert_allclose(expected["twice"], 2 * expected["y"], rtol=1e-6)
    for ending in ("keras", "safetensors"):
        model.save(tmp_path / f"m.{ending}")
        read = models.load_model(tmp_path / f"m.{ending}", custom_objects={"Scaled": Scaled})
        np.testing.assert_array_equal(read.predict(x, verbose=0)["y"], expected["y"])
        assert read.units == 3
    again = copy.deepcopy(model)
    again.fit(x, {"y": x, "twice": x}, verbose=0)
    np.testing.assert_array_equal(model.predict(x, verbose=0)["y"], expected["y"])


def test_unbuilt_it_says_so_and_summary_lists_the_layers() -> None:
    model = Scaled()
    assert not model.built
    with pytest.raises(AttributeError, match="has a `call` of its own"):
        _ = model.inputs
    model.build((None, 4))
    lines: list[str] = []
    model.summary(print_fn=lines.append)
    assert "dense" in lines[0]
    assert "Total params: 10" in lines[0]


def test_a_subclass_may_give_a_graph_to_the_constructor() -> None:
    class Forecaster(Model):
        def __init__(self, units: int) -> None:
            x = Input((5, 3))
            super().__init__(inputs=x, outputs=layers.Dense(1)(layers.LSTM(units)(x)))
            self.units = units

    model = Forecaster(2)
    assert model.output_shape == (None, 1)
    assert model.units == 2
    assert len(model.layers) == 3


@pytest.mark.parametrize("name", ["train_step", "test_step", "compute_loss"])
def test_steps_of_its_own_are_beyond(name: str) -> None:
    cls = type("Own", (Model,), {"call": lambda self, x: x, name: lambda self, data: {}})
    with pytest.raises(NotImplementedError, match=f"Own: a {name} of its own is beyond fusedrnn"):
        cls()


def test_without_call_it_is_no_model() -> None:
    with pytest.raises(NotImplementedError, match="Empty: a model needs a `call`"):
        type("Empty", (Model,), {})()


@pytest.mark.parametrize("how", ["build", "call", "fit"])
def test_states_of_a_batch_that_is_known(how: str) -> None:
    """A stateful layer in a model with a ``call`` takes the batch that the model is built for."""

    class Text(fusedrnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.letters = fusedrnn.layers.Embedding(5, 3)
            self.gru = fusedrnn.layers.GRU(2, stateful=True, return_sequences=True)

        def call(self, x: Any) -> Any:
            return self.gru(self.letters(x))

    x = np.arange(12).reshape(4, 3) % 5
    model = Text()
    model.compile("sgd", "mse")
    if how == "build":
        model.build((4, 3))
    elif how == "fit":
        model.fit(x, np.ones((4, 3, 2)), batch_size=4, verbose=0)
        model.reset_states()
    first, second = model(x), model(x)
    assert model.gru.input_shape == (4, 3, 3)
    plain = fusedrnn.layers.GRU(2, return_sequences=True)
    plain.build((None, 3, 3))
    plain.set_weights(model.gru.get_weights())
    twice = plain(model.letters(np.concatenate([x, x], axis=1)))
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), twice, rtol=1e-5)
    with pytest.raises(ValueError, match="built for 4, the batch has 2 rows"):
        model(x[:2])
