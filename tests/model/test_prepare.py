"""Layers that prepare data: what Keras gives, files both ways, and models that take texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusedrnn
import prepare_cases
from fusedrnn import Input, Model, Sequential, layers, models
from fusedrnn.layers.fingerprint import farmhash, siphash
from prepare_cases import CASES, FLOATS, TEXTS, WORDS

DATA = Path(__file__).parent / "data"
NUMBERS = json.loads((DATA / "prepare.json").read_text(encoding="utf-8"))
X = [np.array(part) for part in prepare_cases.MODEL_X]


@pytest.mark.parametrize("name", CASES)
def test_layers_are_keras_s(name: str) -> None:
    expected, found = NUMBERS[name], prepare_cases.answers(fusedrnn, name)
    ours, theirs = (np.array(each["output"]) for each in (found, expected))
    assert ours.shape == theirs.shape
    if expected["type"] == "object":
        assert (ours == theirs).all()
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2e-6, atol=1e-6)
    assert found["type"] == expected["type"]
    assert found.get("vocabulary") == expected.get("vocabulary")
    assert found.get("words") == expected.get("words")
    if found["config"].pop("has_input_vocabulary", None) is False:  # ours says what it has learned
        assert found["config"]["vocabulary"][-len(found["words"]) :] == found["words"]
        for key in ("vocabulary", "idf_weights"):
            del found["config"][key], expected["config"][key]
    for key, value in found["config"].items():
        assert value == expected["config"][key], key
    left = expected["config"].keys() - found["config"].keys()
    assert all(expected["config"][key] is None for key in left)


@pytest.mark.parametrize("name", CASES)
def test_a_configuration_has_what_was_learned(name: str) -> None:
    case = CASES[name]
    layer = prepare_cases.layer_of(fusedrnn, case)
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer).from_config(config)
    x = prepare_cases.inputs(case)
    if case.layer == "Normalization":  # weights, which no configuration has
        layer(x), again(x)
        again.set_weights(layer.get_weights())
    first, second = np.asarray(layer(x)), np.asarray(again(x))
    assert first.tolist() == second.tolist()
    if case.adapt is not None and hasattr(layer, "get_vocabulary"):
        again.adapt(case.adapt)  # and may be learned anew
        assert again.get_vocabulary() == layer.get_vocabulary()
    shape = layer.compute_output_shape((None, *np.shape(x)[1:]))
    free = "one axis" in name or name == "text, one" or "three axes" in name
    assert free or len(shape) == first.ndim
    assert free or all(n in (None, m) for n, m in zip(shape, first.shape, strict=True))


# Models and files -------------------------------------------------------------------------------


def test_a_model_of_keras_s() -> None:
    model = models.load_model(DATA / "prepare.keras")
    found = model.predict(X, verbose=0)
    np.testing.assert_allclose(found, NUMBERS["model"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("ending", [".keras", ".h5", ".safetensors"])
def test_files(tmp_path: Path, ending: str) -> None:
    model = prepare_cases.model(fusedrnn)
    expected = model.predict(X, verbose=0)
    model.save(tmp_path / f"m{ending}")
    again = models.load_model(tmp_path / f"m{ending}")
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
    named = {"text": TEXTS, "number": X[1], "features": X[2]}
    np.testing.assert_array_equal(again.predict(named, verbose=0), expected)


def test_a_text_in_a_description_names_no_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("pass\nword")
    for layer in (layers.StringLookup(vocabulary=str(secret)), layers.TextVectorization()):
        config = layer.get_config() | {"vocabulary": str(secret)}
        with pytest.raises(ValueError, match="may not name a file to read words from"):
            type(layer).from_config(config)


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_keras_on_tensorflow_reads_ours(tmp_path: Path) -> None:
    model = prepare_cases.model(fusedrnn)
    model.save(tmp_path / "m.keras")
    np.save(tmp_path / "expected.npy", model.predict(X, verbose=0))
    code = f"""
import numpy as np, keras, tensorflow as tf, prepare_cases
text, number, features = prepare_cases.MODEL_X
x = [tf.constant(text), np.array(number), np.array(features)]
found = keras.models.load_model({str(tmp_path / "m.keras")!r}).predict(x, verbose=0)
np.testing.assert_allclose(found, np.load({str(tmp_path / "expected.npy")!r}), 1e-5, 1e-6)
"""
    paths = os.pathsep.join(sys.path)
    env = os.environ | {"KERAS_BACKEND": "tensorflow", "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", code], check=True, env=env)


def numeric(k: Any) -> Any:
    """Return a model of what needs no TensorFlow in Keras."""
    normal = k.layers.Normalization(axis=-1)
    normal.adapt(np.array([FLOATS], "float32"))
    return k.Sequential(
        [
            k.Input((5, 3)),
            normal,
            k.layers.Rescaling(0.5, offset=0.1),
            k.layers.GRU(4),
            k.layers.Normalization(mean=0.1, variance=4.0, axis=None),
            k.layers.Dense(2),
            k.layers.Normalization(mean=0.5, variance=4.0, axis=None, invert=True),
            k.layers.Rescaling([2.0, 3.0]),
        ]
    )


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras on PyTorch
def test_a_model_trains_as_keras_s(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    theirs = numeric(keras)
    theirs.save(tmp_path / "theirs.keras")
    ours = models.load_model(tmp_path / "theirs.keras")
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(8, 5, 3)).astype("float32"), rng.normal(size=(8, 2)).astype("float32")
    for model in (theirs, ours):
        model.compile("sgd", "mse")
    for _ in range(3):
        np.testing.assert_allclose(
            ours.train_on_batch(x, y), float(theirs.train_on_batch(x, y)), rtol=1e-5
        )
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    assert ours.count_params() == theirs.count_params()
    ours.save(tmp_path / "ours.keras")
    again = keras.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(
        again.predict(x, verbose=0), ours.predict(x, verbose=0), rtol=1e-5, atol=1e-6
    )
    ours.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")


def classifier(vectorize: Any, **options: Any) -> Sequential:
    return Sequential(
        [
            Input((1,), dtype="string"),
            vectorize,
            layers.Embedding(vectorize.vocabulary_size(), 4, mask_zero=True),
            layers.LSTM(3),
            layers.Dense(1, "sigmoid"),
        ],
        **options,
    )


class Batches(fusedrnn.utils.Sequence):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return np.array(TEXTS[2 * index :][:2], object)[:, None], np.array([0, 1])


def test_texts_go_into_a_model() -> None:
    vectorize = layers.TextVectorization(output_sequence_length=5)
    vectorize.adapt(TEXTS)
    model = classifier(vectorize)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    y = np.array([0, 1, 0, 1])
    below = Sequential(model.layers[1:])
    expected = below.predict(vectorize(TEXTS), verbose=0)
    encoded = np.array([text.encode() for text in TEXTS], object)
    for x in (TEXTS, np.array(TEXTS), np.array(TEXTS, object)[:, None], [[t] for t in TEXTS]):
        np.testing.assert_array_equal(model.predict(x, verbose=0), expected)
        assert len(model.fit(x, y, epochs=2, validation_split=0.5, verbose=0).history["loss"]) == 2
        expected = below.predict(vectorize(TEXTS), verbose=0)
    np.testing.assert_array_equal(model.predict(encoded, verbose=0), expected)
    np.testing.assert_array_equal(model(np.array(TEXTS)), expected)
    np.testing.assert_array_equal(model.predict_on_batch(TEXTS), expected)

    def generator() -> Iterator[Any]:
        while True:
            yield TEXTS, y

    for source in (generator(), Batches()):
        history = model.fit(source, steps_per_epoch=2, verbose=0)
        assert np.isfinite(history.history["loss"]).all()
    assert len(model.evaluate(TEXTS, y, verbose=0)) == 2
    whole = Sequential([model, layers.Dense(2)])
    assert whole.predict(TEXTS, verbose=0).shape == (4, 2)
    start = Input((), dtype="string")
    assert Model(start, model(start)).predict(TEXTS, verbose=0).shape == (4, 1)
    with pytest.raises(ValueError, match=r"x: cannot be read as an array of texts .* found 3"):
        model.predict([[3.0]], verbose=0)
    with pytest.raises(ValueError, match="a TextVectorization layer takes texts"):
        below.predict(TEXTS, verbose=0)


def test_a_model_of_double_precision() -> None:
    vectorize = layers.TextVectorization(output_mode="tf_idf")
    vectorize.adapt(TEXTS)
    fusedrnn.backend.set_floatx("float64")
    try:
        model = Sequential([Input((1,), dtype="string"), vectorize, layers.Dense(1)])
        model.compile("sgd", "mse")
        model.fit(TEXTS, np.zeros(4), verbose=0)
        assert model.predict(TEXTS, verbose=0).dtype == np.float64
        assert model.layers[0].output.dtype == "float64"
    finally:
        fusedrnn.backend.set_floatx("float32")


def test_a_layer_in_a_layer_of_ones_own() -> None:
    class Counted(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.count = layers.CategoryEncoding(4, "count")
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(self.count(x))

    model = Sequential([Input((3,), dtype="int64"), Counted()])
    model.compile("sgd", "mse")
    x = np.array([[0, 1, 1], [3, 3, 3]])
    before = model.predict(x, verbose=0)
    model.fit(x, np.ones((2, 2)), verbose=0)
    assert (model.predict(x, verbose=0) != before).all()


def test_functions_of_ones_own(tmp_path: Path) -> None:
    @fusedrnn.saving.register_keras_serializable()
    def small(texts: Any) -> Any:
        assert texts.dtype.kind == "U"
        return np.char.lower(texts)

    def halves(texts: Any) -> Any:
        return [text.split(",") for text in texts]

    options = {"standardize": small, "split": halves, "vocabulary": ["a", "b b"]}
    layer = layers.TextVectorization(**options)
    np.testing.assert_array_equal(layer(["A,B b,c", "b b"]), [[2, 3, 1], [3, 0, 0]])
    model = Sequential([Input((1,), dtype="string"), layer, layers.Embedding(4, 2)])
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras", custom_objects={"halves": halves})
    np.testing.assert_array_equal(
        again.predict(["A,b b"], verbose=0), model.predict(["A,b b"], verbose=0)
    )
    del fusedrnn.saving.get_custom_objects()["small"]


# Learning ---------------------------------------------------------------------------------------


def test_learning_from_batches() -> None:
    whole, parts = (layers.StringLookup(output_mode="tf_idf") for _ in range(2))
    whole.adapt(WORDS)
    parts.adapt(iter([np.array(WORDS[:1]), np.array(WORDS[1:])]))
    assert parts.get_config() | {"name": ""} == whole.get_config() | {"name": ""}
    parts.adapt(iter([np.array(WORDS), np.array([["d", "z"]])]), steps=1)
    assert parts.get_vocabulary() == whole.get_vocabulary()
    text = layers.TextVectorization()
    text.adapt(np.array(TEXTS[i : i + 2]) for i in (0, 2))
    assert text.get_vocabulary() == NUMBERS["text"]["vocabulary"]
    pandas = pytest.importorskip("pandas")
    text.adapt(pandas.Series(TEXTS))
    assert text.get_vocabulary() == NUMBERS["text"]["vocabulary"]
    np.testing.assert_array_equal(text(pandas.Series(TEXTS)), NUMBERS["text"]["output"])


def test_normalization_of_one_axis() -> None:
    """As TensorFlow's tutorial has it: learned from a vector, for a column."""
    layer = layers.Normalization(input_shape=[1], axis=None)
    assert layer.mean is None
    layer.adapt(np.array([1.0, 2.0, 3.0, 6.0]))
    np.testing.assert_array_equal(layer.mean, [3.0])
    np.testing.assert_array_equal(layer.variance.numpy(), [3.5])
    model = Sequential([layer, layers.Dense(1)])
    assert model.predict(np.ones((2, 1)), verbose=0).shape == (2, 1)
    assert [w.shape for w in layer.weights] == [(), (), ()]
    assert not layer.trainable_weights
    model.compile("sgd", "mse")
    before = layer.get_weights()
    model.fit(np.ones((2, 1)), np.ones(2), verbose=0)
    assert before == layer.get_weights()


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), ValueError, "repeated term"),
        (lambda: layers.StringLookup(max_tokens=1), ValueError, "greater than 1"),
        (lambda: layers.StringLookup(pad_to_max_tokens=True), ValueError, "must set `max_tokens`"),
        (lambda: layers.StringLookup(num_oov_indices=-1), ValueError, "greater than or equal to 0"),
        (lambda: layers.StringLookup(output_mode="x"), ValueError, "Unknown value for `output_m"),
        (lambda: layers.StringLookup(sparse=True), ValueError, "`sparse` may only be true"),
        (
            lambda: layers.StringLookup(sparse=True, output_mode="count"),
            ValueError,
            "only be used with the TensorFlow backend",
        ),
        (lambda: layers.StringLookup(oov_method="x"), ValueError, "Unknown value for `oov_method`"),
        (lambda: layers.StringLookup(salt="ab"), ValueError, "can only be a tuple"),
        (lambda: layers.StringLookup(words=3), ValueError, "Unrecognized keyword arguments"),
        (
            lambda: layers.StringLookup(invert=True, output_mode="count"),
            ValueError,
            "must be `'int'` when `invert` is true",
        ),
        (
            lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"),
            ValueError,
            "`idf_weights` argument must also",
        ),
        (lambda: layers.StringLookup(idf_weights=[1.0]), ValueError, "should only be set if"),
        (
            lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf", idf_weights=[1, 2]),
            ValueError,
            "same length as vocabulary",
        ),
        (lambda: layers.StringLookup(vocabulary=[]), ValueError, "Cannot set an empty vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a", "b"], max_tokens=2), ValueError, "larger"),
        (
            lambda: layers.StringLookup(vocabulary=["a", ""], mask_token=""),
            ValueError,
            r"reserved mask token .* at vocabulary index 1",
        ),
        (
            lambda: layers.StringLookup(vocabulary=["a", "[UNK]"], invert=True),
            ValueError,
            "reserved OOV token",
        ),
        (lambda: layers.StringLookup(vocabulary="no/such"), ValueError, "does not exist"),
        (lambda: layers.StringLookup(vocabulary=[1, 2]), TypeError, "expected texts, found 1"),
        (lambda: layers.StringLookup()(["a"]), RuntimeError, "there is no vocabulary yet"),
        (
            lambda: layers.StringLookup(output_mode="count")(["a"]),
            RuntimeError,
            "you must set the layer's vocabulary before calling it",
        ),
        (
            lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["a", "b"]),
            ValueError,
            r"found OOV values \['b'\], consider setting `num_oov_indices=1`",
        ),
        (
            lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]),
            ValueError,
            "after setting a static vocabulary",
        ),
        (lambda: layers.IntegerLookup(vocabulary_dtype="int32"), ValueError, "Only `vocabulary_d"),
        (lambda: layers.IntegerLookup(salt=3), ValueError, "when `oov_method='farmhash'`"),
        (lambda: layers.TextVectorization(ngrams=[1]), ValueError, "a tuple of integers"),
        (lambda: layers.TextVectorization(split="x"), ValueError, "'whitespace', 'character'"),
        (lambda: layers.TextVectorization(standardize="x"), ValueError, "`standardize` argument"),
        (lambda: layers.TextVectorization(ragged=True), ValueError, "`ragged=True` can only be"),
        (lambda: layers.TextVectorization(output_mode="one_hot"), NotImplementedError, "one_hot"),
        (
            lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3),
            ValueError,
            "must not be set if `output_mode` is not 'int'",
        ),
        (
            lambda: layers.TextVectorization(output_sequence_length=2.5),
            ValueError,
            "either None or an integer",
        ),
        (
            lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]),
            ValueError,
            "the input rank must be 1 or the last shape dimension must be 1",
        ),
        (lambda: layers.Hashing(0), ValueError, "`num_bins` for `Hashing`"),
        (lambda: layers.Hashing(2, dtype="float32"), ValueError, "should be an integer type"),
        (lambda: layers.CategoryEncoding(), ValueError, "num_tokens must be set"),
        (lambda: layers.CategoryEncoding(0), ValueError, "must be >= 1"),
        (lambda: layers.CategoryEncoding(2, "int"), ValueError, "Unknown arg for output_mode"),
        (lambda: layers.CategoryEncoding(2)([[2]]), ValueError, "in the range 0 <= values < num_t"),
        (
            lambda: layers.CategoryEncoding(2)([[1]], count_weights=[[1]]),
            ValueError,
            "`count_weights` is not used",
        ),
        (lambda: layers.Discretization(), ValueError, "either `num_bins` or `bin_boundaries`"),
        (lambda: layers.Discretization([1.0], 2), ValueError, "Both `num_bins` and"),
        (lambda: layers.Discretization(num_bins=-1), ValueError, "greater than or equal to 0"),
        (lambda: layers.Discretization([1.0]).adapt([1.0]), ValueError, "Cannot adapt a Discret"),
        (lambda: layers.Discretization(num_bins=2)([1.0]), ValueError, r"call `adapt\(dataset\)`"),
        (lambda: layers.Normalization(mean=1.0), ValueError, "both `mean` and `variance`"),
        (
            lambda: layers.Normalization(mean=[1.0], variance=[1.0, 2.0]),
            ValueError,
            "must have the same shape",
        ),
        (lambda: layers.Normalization(axis=3)(np.ones((2, 2))), ValueError, r"range \[-ndim, ndim"),
        (lambda: layers.Normalization().build((2, None)), ValueError, "must have a known shape"),
        (lambda: layers.Normalization().adapt([]), ValueError, "received an empty iterable"),
        (lambda: layers.Normalization().adapt([[1.0]]), TypeError, "with a `.shape` attribute"),
        (
            lambda: layers.Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]),
            ValueError,
            "an incompatible shape",
        ),
        (
            lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(np.ones((2, 2))),
            ValueError,
            "`mean` and `variance` were given",
        ),
    ],
)
def test_errors(make: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_the_size_of_a_vocabulary_stays() -> None:
    layer = layers.StringLookup(output_mode="count")
    layer.adapt(["a", "b"])
    layer.adapt(["b", "c"])
    with pytest.raises(RuntimeError, match="Old vocab size is 3, new vocab size is 4"):
        layer.adapt(["a", "b", "c"])
    free = layers.StringLookup(output_mode="count", max_tokens=9, pad_to_max_tokens=True)
    free.adapt(["a", "b"])
    free.adapt(["a", "b", "c"])
    assert free(["a"]).shape == (9,)


def test_a_vocabulary_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("é\nb\n\n", encoding="utf-8")
    for given in (path, str(path)):
        layer = layers.TextVectorization(vocabulary=given)
        assert layer.get_vocabulary() == ["", "[UNK]", "é", "b"]
    with pytest.raises(ValueError, match="does not support loading a vocabulary from file"):
        layers.StringLookup(vocabulary=path, output_mode="tf_idf", idf_weights=[1.0])


def test_weights_of_categories() -> None:
    layer = layers.CategoryEncoding(4, "count")
    np.testing.assert_allclose(
        layer([[0, 1, 1]], count_weights=[[0.1, 0.2, 0.3]]), [[0.1, 0.5, 0, 0]]
    )
    with pytest.raises(NotImplementedError, match="count_weights in a graph"):
        layer(Input((3,)), count_weights=[1])


def test_hashes_by_hand() -> None:
    """SipHash's paper has this value of 15 bytes, FarmHash's source that of none."""
    key = int.from_bytes(bytes(range(8)), "little"), int.from_bytes(bytes(range(8, 16)), "little")
    assert siphash(bytes(range(15)), key) == 0xA129CA6149BE45E5
    assert farmhash(b"") == 0x9AE16A3B2F90404F
