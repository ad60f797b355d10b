"""RNN over cells, fused and of one's own; cells called by themselves: as Keras where it is."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import layers, models, saving

pytestmark = pytest.mark.filterwarnings("ignore")  # of Keras on PyTorch
rng = np.random.default_rng(0)
X = rng.normal(size=(6, 5, 3)).astype(np.float32)
Y = rng.normal(size=(6, 2)).astype(np.float32)


def with_keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


def own_cells(keras: Any) -> dict[str, Any]:
    """Cells as tutorials write them, for one package or the other."""
    ops = keras.ops

    class Minimal(keras.layers.Layer):  # of Keras's documentation
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = self.state_size = units

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(
                shape=(input_shape[-1], self.units), initializer="uniform", name="kernel"
            )
            self.recurrent_kernel = self.add_weight(
                shape=(self.units, self.units), initializer="uniform", name="recurrent_kernel"
            )
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            output = ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel)
            return output, [output]

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "units": self.units}

    class Wide(keras.layers.Layer):
        """Two states of their own sizes, a Dense inside, another output than a state."""

        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units, self.state_size, self.output_size = units, [units, 2 * units], units
            self.gate = keras.layers.Dense(2 * units, activation="tanh")

        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=(input_shape[-1], 2 * self.units), name="w")
            self.gate.build((None, 3 * self.units))
            self.built = True

        def call(self, inputs: Any, states: Any, training: Any = None) -> Any:
            h, c = states
            c = ops.sigmoid(ops.matmul(inputs, self.w)) * c
            c = c + self.gate(ops.concatenate([h, c], axis=-1))
            return c[:, : self.units] * h, [ops.tanh(c[:, self.units :]) + h, c]

        def get_initial_state(self, batch_size: Any = None) -> Any:
            return [ops.ones((batch_size, n)) for n in self.state_size]

    return {"Minimal": Minimal, "Wide": Wide}


def a_model(keras: Any, cells: Any, **options: Any) -> Any:
    x = keras.layers.Input((5, 3))
    h = keras.layers.Masking()(x)
    y = keras.layers.RNN(cells, **options)(h)
    if options.get("return_state"):
        y = keras.layers.Concatenate()([each for part in y for each in (
            part if isinstance(part, list | tuple) else [part])])  # fmt: skip
    if options.get("return_sequences"):
        y = keras.layers.Flatten()(y)
    return keras.Model(x, keras.layers.Dense(2)(y))


CASES: dict[str, Any] = {
    "minimal": lambda k, own: a_model(k, own["Minimal"](4)),
    "minimal back": lambda k, own: a_model(
        k, own["Minimal"](4), go_backwards=True, return_sequences=True
    ),
    "zeros": lambda k, own: a_model(
        k, own["Minimal"](4), return_sequences=True, zero_output_for_mask=True
    ),
    "wide": lambda k, own: a_model(k, own["Wide"](3)),
    "wide states": lambda k, own: a_model(k, own["Wide"](3), return_state=True),
    "several": lambda k, own: a_model(
        k, [own["Minimal"](4), k.layers.LSTMCell(3), own["Wide"](2)], return_state=True
    ),
    "fused": lambda k, own: a_model(
        k, [k.layers.GRUCell(4), k.layers.LSTMCell(3)], return_state=True, go_backwards=True
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_trains_as_keras(name: str) -> None:
    keras = with_keras()
    keras.utils.set_random_seed(0)  # training makes any rounding larger from some first weights
    theirs = CASES[name](keras, own_cells(keras))
    ours = CASES[name](fusedrnn.keras, own_cells(fusedrnn.keras))
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    ours.set_weights(theirs.get_weights())
    x = X.copy()
    x[0, 3:], x[1, :2], x[2, 2] = 0, 0, 0  # masked
    for model in (ours, theirs):
        model.compile("sgd", "mse")
        model.fit(x, Y, epochs=3, batch_size=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=2e-5)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_from_given_states_and_stateful() -> None:
    """Of the fused cells: what one call over two halves gives is what two calls give."""
    for stack in (
        [layers.LSTMCell(4)],
        [layers.GRUCell(4), layers.LSTMCell(3)],
        [own_cells(fusedrnn.keras)["Wide"](3)],
    ):
        rnn = layers.RNN(stack, return_sequences=True, return_state=True)
        whole, *last = rnn(X)
        first, *states = rnn(X[:, :2])
        second, *end = rnn(X[:, 2:], initial_state=states)
        np.testing.assert_allclose(np.concatenate([first, second], 1), whole, atol=1e-6)
        for a, b in zip(flat(end), flat(last), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
        kept = layers.RNN(stack, return_sequences=True, stateful=True)
        np.testing.assert_allclose(kept(X[:, :2]), first, atol=1e-6)
        np.testing.assert_allclose(kept(X[:, 2:]), second, atol=1e-6)
        kept.reset_state()
        np.testing.assert_allclose(kept(X[:, :2]), first, atol=1e-6)
        with pytest.raises(ValueError, match="batch size"):
            kept(X[:2])


def flat(states: Any) -> list[Any]:
    return [s for part in states for s in (part if isinstance(part, list) else [part])]


def test_gradients_of_the_given_states() -> None:
    """States that come out of a layer train it."""
    cases: list[Any] = [
        ([layers.LSTMCell(4)], [4, 4]),
        ([layers.GRUCell(4), layers.LSTMCell(3)], [4, 3, 3]),
        ([own_cells(fusedrnn.keras)["Minimal"](4)], [4]),
    ]
    for cells, sizes in cases:
        x, z = layers.Input((5, 3)), layers.Input((2,))
        states = [layers.Dense(n, name=f"d{k}")(z) for k, n in enumerate(sizes)]
        rnn = layers.RNN(cells)
        model = fusedrnn.Model([x, z], layers.Dense(1)(rnn(x, initial_state=states)))
        data = [X, rng.normal(size=(6, 2)).astype(np.float32)]
        model.compile("sgd", "mse")
        y = np.zeros((6, 1), np.float32)
        kernel = model.get_layer("d0").kernel
        before, at = kernel.numpy(), model.evaluate(data, y, verbose=0)
        step = 1e-2
        kernel.value[0, 0] += step
        slope = (model.evaluate(data, y, verbose=0) - at) / step
        kernel.assign(before)
        model.fit(data, y, batch_size=6, epochs=1, verbose=0)
        moved = (before - kernel.numpy())[0, 0] / 0.01
        assert moved == pytest.approx(slope, rel=0.05, abs=2e-4)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_a_cell_by_itself(name: str) -> None:
    cell = getattr(layers, f"{name}Cell")(4)
    states = cell.get_initial_state(batch_size=6)
    found = []
    for t in range(5):
        y, states = cell(X[:, t], states)
        found.append(y)
    whole, *last = layers.RNN(cell, return_sequences=True, return_state=True)(X)
    np.testing.assert_allclose(np.stack(found, 1), whole, atol=1e-6)
    for a, b in zip(states, last, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert cell.state_size == ([4, 4] if name == "LSTM" else 4)


def test_one_cell_in_two_layers() -> None:
    """What one RNN asks of its cell is not what the other does."""
    cell = layers.LSTMCell(4)
    last, every = layers.RNN(cell), layers.RNN(cell, return_sequences=True, go_backwards=True)
    assert last(X).shape == (6, 4)
    assert every(X).shape == (6, 5, 4)
    np.testing.assert_allclose(last(X[:, ::-1]), every(X)[:, -1], atol=1e-6)


def test_a_cell_called_in_a_graph_and_in_a_layer() -> None:
    keras = fusedrnn.keras

    class Decoder(keras.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.cell = keras.layers.GRUCell(4)

        def call(self, x: Any) -> Any:
            h = keras.ops.zeros((x.shape[0], 4), "float32")
            for t in range(x.shape[1]):
                y, (h,) = self.cell(x[:, t], [h])
            return y

    x = keras.Input((5, 3))
    inside = Decoder()
    model = keras.Model(x, keras.layers.Dense(2)(inside(x)))
    same = keras.Model(x, keras.layers.Dense(2)(keras.layers.RNN(keras.layers.GRUCell(4))(x)))
    same.set_weights(model.get_weights())
    a, h = keras.Input((3,)), keras.Input((4,))
    y, (new,) = inside.cell(a, [h])
    step = keras.Model([a, h], [y, new])
    for each in (model, same):
        each.compile("adam", "mse")
        each.fit(X, Y, epochs=3, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.predict(X), same.predict(X), atol=1e-5)
    states = np.zeros((6, 4), np.float32)
    for t in range(5):
        y, states = step.predict([X[:, t], states])
    np.testing.assert_allclose(y, inside(X), atol=1e-6)


def test_both_directions_of_a_cell(tmp_path: Path) -> None:
    Minimal = own_cells(fusedrnn.keras)["Minimal"]
    for cell in (Minimal(4), layers.LSTMCell(4)):
        both = layers.Bidirectional(layers.RNN(cell, return_sequences=True))
        model = fusedrnn.Sequential([layers.Input((5, 3)), both, layers.Flatten(), layers.Dense(2)])
        ahead, back = both.forward_layer(X), both.backward_layer(X)
        np.testing.assert_allclose(
            both(X), np.concatenate([ahead, np.asarray(back)[:, ::-1]], -1), atol=1e-6
        )
        model.compile("adam", "mse")
        losses = model.fit(X, Y, epochs=5, verbose=0).history["loss"]
        assert losses[-1] < losses[0]
        model.save(tmp_path / "m.keras")
        read = models.load_model(tmp_path / "m.keras", custom_objects={"Minimal": Minimal})
        np.testing.assert_array_equal(read.predict(X, verbose=0), model.predict(X, verbose=0))
        again: Any = pickle.loads(pickle.dumps(both)) if cell.__class__ is layers.LSTMCell else both
        np.testing.assert_array_equal(again(X), both(X))


def test_files_go_both_ways(tmp_path: Path) -> None:
    keras = with_keras()
    mine, their = own_cells(fusedrnn.keras), own_cells(keras)
    for name in ("minimal", "wide", "several", "fused"):
        ours, theirs = CASES[name](fusedrnn.keras, mine), CASES[name](keras, their)
        ours.save(tmp_path / "ours.keras")
        theirs.save(tmp_path / "theirs.keras")
        read = keras.models.load_model(tmp_path / "ours.keras", custom_objects=their)
        np.testing.assert_allclose(
            read.predict(X, verbose=0), ours.predict(X, verbose=0), atol=1e-5
        )
        read = models.load_model(tmp_path / "theirs.keras", custom_objects=mine)
        np.testing.assert_allclose(
            read.predict(X, verbose=0), theirs.predict(X, verbose=0), atol=1e-5
        )


def test_what_is_no_cell_is_refused() -> None:
    with pytest.raises(ValueError, match="state_size must be specified as property"):
        layers.RNN(layers.Dense(3))
    with pytest.raises(ValueError, match="no cell"):
        layers.RNN(3)
    with pytest.raises(ValueError, match="All cells must have a `state_size`"):
        layers.StackedRNNCells([layers.Dense(3)])
    cell = layers.LSTMCell(3, dropout=0.5)
    with pytest.raises(NotImplementedError, match=r"use RNN\(LSTMCell"):
        cell(X[:, 0], cell.get_initial_state(6), training=True)
    assert saving.deserialize_keras_object(saving.serialize_keras_object(cell)).dropout == 0.5


def test_in_every_step_over_the_batch_of_that_step() -> None:
    """As Keras: statistics of a step, its own moving averages taken T times, masks of its own."""
    keras = with_keras()

    def model(k: Any) -> Any:
        x = k.layers.Input((5, 3))
        h = k.layers.TimeDistributed(k.layers.BatchNormalization(momentum=0.8))(x)
        h = k.layers.TimeDistributed(k.Sequential([k.layers.Input((3,)), k.layers.Dense(4),
                                                   k.layers.BatchNormalization()]))(h)  # fmt: skip
        return k.Model(x, k.layers.Dense(2)(k.layers.LSTM(4)(h)))

    ours, theirs = model(fusedrnn.keras), model(keras)
    ours.set_weights(theirs.get_weights())
    for each in (ours, theirs):
        each.compile("sgd", "mse")
        each.fit(X, Y, epochs=3, batch_size=3, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


def test_masks_of_sequences_in_every_step() -> None:
    keras = with_keras()
    words = rng.integers(1, 5, size=(4, 3, 6))
    words[:, :, 4:], words[0, 1, 1:] = 0, 0

    def model(k: Any) -> Any:
        x = k.layers.Input((3, 6), dtype="int32")
        h = k.layers.Embedding(5, 3, mask_zero=True)(x)
        return k.Model(x, k.layers.TimeDistributed(k.layers.LSTM(2))(h))

    ours, theirs = model(fusedrnn.keras), model(keras)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        ours.predict(words, verbose=0), theirs.predict(words, verbose=0), atol=1e-6
    )
    with pytest.raises(ValueError, match="incompatible with the input"):
        layers.TimeDistributed(layers.Dense(2))(X, mask=np.ones((6, 4), bool))


@pytest.mark.parametrize("name", ["Minimal", "Wide"])
def test_a_cell_of_ones_own_by_itself(name: str) -> None:
    """Its states come back in the list in which it gives them, and in a graph too."""
    cell = own_cells(fusedrnn.keras)[name](4)
    sizes = cell.state_size if isinstance(cell.state_size, list) else [4]
    states: Any = [np.ones((6, n), np.float32) for n in sizes]
    given = [fusedrnn.Input((3,)), *[fusedrnn.Input((n,)) for n in sizes]]
    y, new = cell(given[0], given[1:])
    assert isinstance(new, list)
    assert len(new) == len(sizes)
    step = fusedrnn.Model(given, [y, *new])
    for t in range(3):
        expected = step.predict([X[:, t], *states], verbose=0)
        y, states = cell(X[:, t], states)
        for a, b in zip([y, *states], expected, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    y, last = layers.RNN(cell, return_state=True)(X[:, :3], initial_state=[
        np.ones((6, n), np.float32) for n in sizes])[:2]  # fmt: skip
    np.testing.assert_allclose(last, states[0], atol=1e-6)
