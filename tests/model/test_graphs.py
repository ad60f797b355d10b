"""Models that are graphs: their gradients, and Keras's numbers, files, lists and tables."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_layers_gradients import numeric

import fusedrnn
from fusedrnn import Input, Model, Sequential, backend, layers, models
from graph_cases import GRAPHS

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation"),  # Keras's on PyTorch
    pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning"),
]
NEEDS_KERAS = pytest.mark.skipif(find_spec("keras") is None, reason="no Keras")
MASKED = {
    "attention",
    "mask_asked_of_a_layer",
    "masks",
    "mask_by_hand",
    "masks_that_go_on_or_end",
    "own_layer_that_keeps_a_mask",
    "translation",
    "words_and_numbers",
}  # Keras's summary has their masks
NOT_ONLY_OUTPUTS = {
    "words_and_numbers",
    "penalties_and_frozen",
    "penalties_of_activity",
    "penalties_of_shared_and_of_states",
    "several_heads_of_one_trunk",
    "own_loss_of_a_layer",
    "translation",
    "siamese_manhattan",
    "two_towers",
    "both_poolings",
    "series_and_categories",
}


@pytest.fixture(scope="module")
def keras() -> Any:
    return pytest.importorskip("keras")


def tensors(model: Any) -> tuple[list[Any], list[Any]]:
    return list(model.inputs), list(model.outputs)


def data(model: Any, rows: int = 12) -> tuple[Any, Any]:
    """Inputs and targets; dicts where the model has named its inputs so."""
    rng = np.random.default_rng(3)
    inputs, outputs = tensors(model)
    x = [
        rng.integers(0, 9, (rows, *t.shape[1:]))
        if "int" in str(t.dtype)
        else rng.normal(size=(rows, *t.shape[1:])).astype(np.float32)
        for t in inputs
    ]
    if model.name == "m" and any(layer.name == "mask" for layer in model.layers):
        x[0][:, 3:] *= rng.random((rows, 1, 1)) < 0.5
    y = [rng.normal(size=(rows, *t.shape[1:])).astype(np.float32) for t in outputs]
    given = {t.name: each for t, each in zip(inputs, x, strict=True)}
    if "words" in given:  # whose inputs have names
        return given, y[0]
    return x if len(x) > 1 else x[0], y if len(y) > 1 else y[0]


def listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def pair(keras: Any, name: str) -> tuple[Any, Any]:
    """Both models, with the same weights."""
    theirs, ours = GRAPHS[name](keras), GRAPHS[name](fusedrnn)
    rng = np.random.default_rng(5)
    weights = [  # the moving variances among them, which are positive
        (rng.uniform(-0.6, 0.6, w.shape) + np.all(w == 1)).astype(np.float32)
        for w in theirs.get_weights()
    ]
    theirs.set_weights(weights)
    ours.set_weights(weights)
    return theirs, ours


def close(got: Any, expected: Any, tolerance: float) -> None:
    for a, b in zip(listed(got), listed(expected), strict=True):
        np.testing.assert_allclose(a, np.asarray(b), rtol=tolerance, atol=tolerance)


@NEEDS_KERAS
@pytest.mark.parametrize("name", GRAPHS)
def test_numbers_lists_and_training_are_those_of_keras(name: str, keras: Any) -> None:
    theirs, ours = pair(keras, name)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]
    assert ours.count_params() == theirs.count_params()
    x, y = data(theirs)
    close(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), 2e-6)
    for model, package in ((theirs, keras), (ours, fusedrnn)):
        model.compile(package.optimizers.SGD(0.01), "mse")
    histories = [
        model.fit(x, y, epochs=4, batch_size=5, shuffle=False, verbose=0).history
        for model in (ours, theirs)
    ]
    assert list(histories[0]) == list(histories[1])
    for key, values in histories[1].items():
        np.testing.assert_allclose(histories[0][key], values, rtol=1e-5, atol=1e-6, err_msg=key)
    close(ours.get_weights(), theirs.get_weights(), 2e-5)
    close(ours.evaluate(x, y, verbose=0), theirs.evaluate(x, y, verbose=0), 1e-5)


@NEEDS_KERAS
@pytest.mark.parametrize("name", GRAPHS)
def test_files_go_both_ways(name: str, keras: Any, tmp_path: Path) -> None:
    theirs, _ = pair(keras, name)
    x, y = data(theirs)
    theirs.compile("adam", "mse")
    theirs.fit(x, y, shuffle=False, verbose=0)
    expected = theirs.predict(x, verbose=0)
    theirs.save(tmp_path / "theirs.keras")
    read = models.load_model(tmp_path / "theirs.keras")
    close(read.predict(x, verbose=0), expected, 2e-6)
    read.save(tmp_path / "ours.keras")
    close(keras.models.load_model(tmp_path / "ours.keras").predict(x, verbose=0), expected, 2e-6)
    read.save(tmp_path / "ours.safetensors")
    again = models.load_model(tmp_path / "ours.safetensors")
    close(again.predict(x, verbose=0), expected, 2e-6)
    for model in (read, again, theirs):  # the optimizer goes on from where it was
        model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    close(again.get_weights(), read.get_weights(), 0)
    close(read.get_weights(), theirs.get_weights(), 1e-4)


@NEEDS_KERAS
@pytest.mark.parametrize("name", sorted(set(GRAPHS) - MASKED))
def test_the_summary_is_that_of_keras(
    name: str, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "130")
    for package in (keras, fusedrnn):  # the operations' names have counters
        package.backend.clear_session()
    texts = []
    for model in pair(keras, name):
        lines: list[str] = []
        model.summary(print_fn=lambda text, lines=lines, **_: lines.append(text))
        texts.append("\n".join(lines).strip())
    assert texts[1] == texts[0]


# Without Keras -----------------------------------------------------------------------------------


@pytest.fixture
def double() -> Iterator[None]:
    backend.set_floatx("float64")
    yield
    backend.set_floatx("float32")


@pytest.mark.parametrize("name", sorted(set(GRAPHS) - NOT_ONLY_OUTPUTS))
def test_gradients(name: str, double: None) -> None:
    """Central differences, of all weights and inputs."""
    model = GRAPHS[name](fusedrnn)
    rng = np.random.default_rng(1)
    buffer = model.pack()
    buffer.value[...] = rng.uniform(-0.7, 0.7, buffer.value.shape)
    x = [rng.normal(size=(2, *t.shape[1:])) for t in model.inputs]
    given = x if len(x) > 1 else x[0]
    r = [rng.normal(size=y.shape) for y in listed(model.forward(given, True, None))]

    def loss() -> float:
        return float(sum((y * s).sum() for y, s in zip(run(True), r, strict=True)))

    def run(training: bool) -> list[Any]:
        return listed(model.forward(given, training, None))

    run(True)
    buffer.grad[...] = np.nan  # what is left is seen
    dxs = listed(model.backward(r if len(r) > 1 else r[0], True))
    gradients = buffer.grad.copy()
    np.testing.assert_allclose(
        gradients, numeric(loss, buffer.value[: buffer.trainable_size]), atol=1e-7
    )
    for dx, each in zip(dxs, x, strict=True):
        found = np.zeros_like(each) if dx is None else dx  # of a mask
        np.testing.assert_allclose(found, numeric(loss, each), atol=1e-7)


def test_an_output_that_does_not_count_leaves_its_layers_alone() -> None:
    x = Input((3,), name="x")
    model = Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", {"a": "mse"}, metrics={"b": ["mae"]})
    before = model.get_weights()
    rng = np.random.default_rng(0)
    history = model.fit(rng.normal(size=(8, 3)), {"a": np.ones((8, 1)), "b": np.ones((8, 1))},
                        verbose=0)  # fmt: skip
    after = model.get_weights()
    assert not np.array_equal(before[0], after[0])
    for a, b in zip(before[2:], after[2:], strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(history.history) == ["b_mae", "loss"]  # one loss is all of them: as Keras


def test_decoding_step_by_step_as_keras_guide_has_it() -> None:
    """The layers of a trained encoder and decoder in models of their own."""
    rng = np.random.default_rng(0)
    source, target = Input((None, 3)), Input((None, 4))
    encoder = layers.LSTM(5, return_state=True)
    _, h, c = encoder(source)
    decoder = layers.LSTM(5, return_sequences=True, return_state=True)
    y, _, _ = decoder(target, initial_state=[h, c])
    dense = layers.Dense(4, activation="softmax")
    model = Model([source, target], dense(y))
    model.compile("adam", "categorical_crossentropy")
    a, b = rng.normal(size=(6, 7, 3)), np.eye(4)[rng.integers(0, 4, (6, 5))]
    model.fit([a, b], b, verbose=0)
    expected = model.predict([a, b], verbose=0)

    encoder_model = Model(source, [h, c])
    states = [Input((5,)), Input((5,))]
    y, *after = decoder(target, initial_state=states)
    decoder_model = Model([target, *states], [dense(y), *after])
    given = encoder_model.predict(a, verbose=0)
    for step in range(5):
        y, *given = decoder_model.predict([b[:, step : step + 1], *given], verbose=0)
        np.testing.assert_allclose(y[:, 0], expected[:, step], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", ["pickle", "deepcopy", "config", "clone", "json"])
@pytest.mark.parametrize("name", GRAPHS)
def test_copies(name: str, way: str) -> None:
    model = GRAPHS[name](fusedrnn)
    if way == "pickle" and name.startswith("own_"):
        pytest.skip("its class has no place of its own")
    x, _ = data(model)
    other = {
        "pickle": lambda: pickle.loads(pickle.dumps(model)),
        "deepcopy": lambda: copy.deepcopy(model),
        "config": lambda: Model.from_config(model.get_config()),
        "clone": lambda: models.clone_model(model),
        "json": lambda: models.model_from_json(model.to_json()),
    }[way]()
    other.set_weights(model.get_weights())
    close(other.predict(x, verbose=0), model.predict(x, verbose=0), 0)
    assert other.output_names == model.output_names
    part = Model(other.inputs, other.outputs)  # tensors of the copy, not of the model
    close(part.predict(x, verbose=0), model.predict(x, verbose=0), 0)
    assert not {id(layer) for layer in other.layers} & {id(layer) for layer in model.layers}


def test_a_part_of_a_model_gives_what_its_layers_do() -> None:
    model = Sequential([Input((5, 3)), layers.LSTM(4, name="r"), layers.Dense(2)])
    x = np.random.default_rng(0).normal(size=(3, 5, 3)).astype(np.float32)
    part = Model(model.input, model.get_layer("r").output)
    np.testing.assert_array_equal(part.predict(x, verbose=0), model.layers[0](x))
    np.testing.assert_array_equal(Model(model.inputs, model.outputs)(x), model(x))


def test_a_graph_that_begins_in_the_middle_of_another() -> None:
    x = Input((3,), name="x")
    middle = layers.Dense(4, name="a")(x)
    whole = Model(x, layers.Dense(2, name="b")(middle))
    part = Model(middle, whole.output)
    assert [layer.name for layer in part.layers] == ["a_output", "b"]
    given = np.ones((5, 4), np.float32)
    again = Model.from_config(part.get_config())
    again.set_weights(part.get_weights())
    np.testing.assert_array_equal(again.predict(given, verbose=0), whole.layers[-1](given))


def test_one_feature_needs_no_axis() -> None:
    x = Input((4, 1))
    model = Model(x, layers.LSTM(2)(x))
    rows = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_array_equal(model.predict(rows, verbose=0), model(rows[..., None]))


def test_outputs_of_one_layer_have_names_that_differ() -> None:
    x = Input((4, 1))
    _, h, c = layers.LSTM(2, return_state=True, name="r")(x)
    model = Model(x, [h, c])
    assert model.output_names == ["r", "r_1"]
    model.compile("sgd", "mse")
    logs = model.evaluate(np.ones((3, 4, 1)), [np.ones((3, 2))] * 2, return_dict=True, verbose=0)
    np.testing.assert_allclose(logs["loss"], logs["r_loss"] + logs["r_1_loss"], rtol=1e-6)


def test_dropout_that_is_always_on() -> None:
    x = Input((50,))
    model = Model(x, layers.Dropout(0.5, seed=1)(x, training=True))
    y = model.predict(np.ones((2, 50)), verbose=0)
    assert set(np.unique(y)) == {0.0, 2.0}


def test_layers_that_are_never_in_training() -> None:
    """The others train; through these the gradient goes as if they did not drop."""

    def build(rate: float) -> Any:
        x = Input((5, 3))
        h = layers.BatchNormalization()(layers.Conv1D(3, 2, kernel_initializer="ones")(x),
                                        training=False)  # fmt: skip
        h = layers.GaussianNoise(rate)(layers.Dropout(rate)(h, training=False), training=False)
        options = {"kernel_initializer": "ones", "recurrent_initializer": "identity"}
        r = layers.LSTM(3, dropout=rate, recurrent_dropout=rate, **options)
        inner = layers.Bidirectional(r)(h, training=False)
        model = Model(x, layers.Dense(1, kernel_initializer="ones")(inner))
        model.compile("sgd", "mse")
        model.fit(x_data, np.ones((6, 1)), epochs=2, verbose=0)
        return model

    x_data = np.random.default_rng(0).normal(size=(6, 5, 3))
    dropping, plain = build(0.5), build(0.0)
    for got, expected in zip(dropping.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7)
    moving = dropping.layers[2].moving_mean
    assert not np.any(moving.value)


def test_a_mask_by_hand_counts_instead_of_that_from_below(tmp_path: Path) -> None:
    x, seen = Input((4,)), Input((4,), name="seen")
    h = layers.Embedding(5, 2, mask_zero=True)(x)
    model = Model([x, seen], layers.GRU(2)(h, mask=seen))
    words, mask = np.array([[1, 2, 0, 3]]), np.array([[1, 0, 1, 0]])
    once = model.predict([words, mask], verbose=0)
    kept = Model(x, layers.GRU(2)(layers.Embedding(5, 2)(x)))
    kept.set_weights(model.get_weights())
    at = Input((2,))
    two = Model(at, kept.layers[2](kept.layers[1](at)))
    np.testing.assert_allclose(once, two.predict(words[:, [0, 2]], verbose=0), rtol=1e-6)
    model.save(tmp_path / "m.keras")
    read = models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(read.predict([words, mask], verbose=0), once)


def test_outputs_by_name_and_weights_of_rows() -> None:
    x = Input((2,), name="x")
    model = Model(x, {"p": layers.Dense(1, name="d")(x), "q": layers.Dense(2, name="e")(x)})
    model.compile("sgd", {"p": "mse", "q": "mae"}, loss_weights=[1.0, 0.5], metrics={"q": ["mse"]})
    rng = np.random.default_rng(0)
    a, p, q = rng.normal(size=(6, 2)), rng.normal(size=(6, 1)), rng.normal(size=(6, 2))
    y = model.predict(a, verbose=0)
    assert {name: each.shape for name, each in y.items()} == {"p": (6, 1), "q": (6, 2)}
    assert list(model(a)) == ["p", "q"]
    weight = np.array([1, 0, 0, 0, 0, 0.0])
    logs = model.evaluate(a, {"p": p, "q": q}, sample_weight=[weight, None], return_dict=True,
                          verbose=0)  # fmt: skip
    first = (y["p"][0] - p[0]) ** 2 / 6
    np.testing.assert_allclose(logs["p_loss"], first[0], rtol=1e-5)
    np.testing.assert_allclose(logs["loss"], logs["p_loss"] + 0.5 * logs["q_loss"], rtol=1e-6)
    model.fit({"x": a}, {"p": p, "q": q}, validation_split=0.5, verbose=0)
    assert "val_q_mse" in model.history.history


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (lambda m, a, b: m.fit([a], b, verbose=0), "expected one for each of"),
        (lambda m, a, b: m.fit({"a": a}, b, verbose=0), "no entry 'b'"),
        (lambda m, a, b: m.fit([a, a[:3]], b, verbose=0), "x has 3 rows"),
        (lambda m, a, b: m.predict([a, a[:, :1]], verbose=0), "input b has shape"),
        (lambda m, a, b: m([a]), "expected"),
        (lambda m, a, b: m.compile("sgd", ["mse", "mae", "mse"]), "one output"),
    ],
)
def test_what_does_not_fit_is_named(what: Any, message: str) -> None:
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model([a, b], layers.Dense(1)(layers.Add()([a, b])))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=message):
        what(model, np.ones((4, 3)), np.ones((4, 1)))


def test_a_deep_graph_needs_no_deep_stack() -> None:
    x = y = Input((2,))
    dense = [layers.Dense(2) for _ in range(1200)]
    for layer in dense:
        y = layer(y)
    model = Model(x, y)
    assert len(model.layers) == 1201
    assert pickle.loads(pickle.dumps(model)).predict(np.ones((1, 2)), verbose=0).shape == (1, 2)


@pytest.mark.parametrize("options", [{}, {"output_shape": (3,)}])
def test_lambda_over_several_tensors(options: Any) -> None:
    """As attention and samplers of old scripts have it; numbers as Keras's."""
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 4)).astype("float32"), rng.standard_normal((8, 1))
    found = []
    for k in (fusedrnn, keras):
        start = k.Input((4,))
        a, b = (k.layers.Dense(3, activation="tanh", name=n)(start) for n in "ab")
        both = k.layers.Lambda(lambda t: t[0] * t[1] + t[1], **options)([a, b])
        assert tuple(both.shape) == (None, 3)
        model = k.Model(start, k.layers.Dense(1)(both))
        if found:
            model.set_weights(found[0][0])
        else:
            found.append([model.get_weights()])
        model.compile("sgd", "mse")
        loss = model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"]
        found.append([*loss, *np.ravel(model.predict(x, verbose=0))])
    np.testing.assert_allclose(found[1], found[2], rtol=2e-5, atol=1e-6)


def _masked(k: Any) -> Any:
    x = k.Input((6, 3))
    return x, k.layers.LSTM(4)(k.layers.Masking()(x))


def _masked_words(k: Any) -> Any:
    x = k.Input((6,))
    embed = k.layers.Embedding(7, 3, mask_zero=True)
    plain = k.layers.Embedding(7, 3)
    return x, k.layers.GRU(4)(k.layers.Concatenate()([embed(x), plain(x)]))


def _functions(k: Any) -> Any:
    x = k.Input((6, 3))
    y = k.ops.transpose(x[:, 1:], (0, 2, 1)) + k.ops.sum(x, axis=(1, 2), keepdims=True)
    y = k.ops.einsum("btf,bsf->bts", y, k.ops.relu(y))
    return x, k.ops.reshape(y, (-1, 9))


def _scores(k: Any) -> Any:
    x = k.Input((6, 3))
    seen = k.ops.greater(k.ops.einsum("btf,bsf->bts", x, x), 0)
    y = k.layers.MultiHeadAttention(2, 3)(x, x, attention_mask=seen)
    return x, k.layers.Flatten()(y)


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize(
    ("graph", "loss"),
    [
        *((graph, "mse") for graph in (_masked, _masked_words, _functions, _scores)),
        *((_masked, loss) for loss in ("huber", "log_cosh", "kl_divergence")),
    ],
)
def test_functions_between_layers_in_files(
    graph: Any, loss: str, ending: str, tmp_path: Path
) -> None:
    """Keras writes masks and slices as functions; its .h5 files do not say which they are."""
    keras = pytest.importorskip("keras")
    x = np.random.default_rng(0).normal(size=(5, 6, 3)).astype("float32")
    x[2, 3:] = 0
    if graph is _masked_words:
        x = np.array([[1, 2, 3, 0, 0, 0], [6, 5, 4, 3, 2, 1]])
    for own, other in ((keras, fusedrnn), (fusedrnn, keras), (fusedrnn, fusedrnn)):
        start, end = graph(own)
        model = own.Model(start, own.layers.Dense(1)(end))
        model.compile("sgd", loss)
        model.fit(x, np.full((len(x), 1), 0.5), verbose=0)
        model.save(tmp_path / f"m.{ending}")
        read = other.models.load_model(tmp_path / f"m.{ending}")
        close(read.predict(x, verbose=0), model.predict(x, verbose=0), 1e-5)


@NEEDS_KERAS
@pytest.mark.parametrize("writer", ["fusedrnn", "keras"])
@pytest.mark.parametrize("reader", ["fusedrnn", "keras"])
def test_files_of_a_graph_that_has_arrays(writer: str, reader: str, tmp_path: Path) -> None:
    write, read = pytest.importorskip(writer), pytest.importorskip(reader)
    x = write.Input((3,))
    factor = np.array([0.5, 1, 2], np.float32)
    model = write.Model(x, write.ops.multiply(write.layers.Dense(3)(x), factor))
    assert "__numpy__" in model.to_json()
    model.save(tmp_path / "m.keras")
    again, data = read.models.load_model(tmp_path / "m.keras"), np.ones((2, 3), np.float32)
    np.testing.assert_allclose(
        again.predict(data, verbose=0), model.predict(data, verbose=0), rtol=1e-6
    )


def test_a_class_of_ones_own_keeps_what_it_adds_to_the_configuration() -> None:
    class Named(Model):
        def __init__(self, *args: Any, topic: str = "none", **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.topic = topic

        def get_config(self) -> dict[str, Any]:
            return super().get_config() | {"topic": self.topic}

    x = Input((3,))
    model = Named(inputs=x, outputs=layers.Dense(2)(x), topic="rain", name="n")
    again = Named.from_config(model.get_config())
    assert (again.topic, again.name, again.count_params()) == ("rain", "n", 8)
