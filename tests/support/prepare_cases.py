"""Layers that prepare data, and what they get: the same calls for Keras and for fusedrnn.

``k`` is ``keras`` or ``fusedrnn``; Keras's answers are in ``data/prepare.json``, made by
``data/make_prepare.py``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

TEXTS = ["The cat, the CAT\u00a0sat!  on É é mat", "a dog's day\x1ffoo", "", "the the dog; don't"]
WORDS = [["a", "c", "d"], ["d", "z", "b"], ["d", "a", ""]]
NUMBERS = [[12, 1138, 42], [42, 1000, 36], [0, 42, -7]]
LETTERS = [chr(97 + i % 26) * i + "é" * (i % 3) for i in range(150)]  # of every length
FLOATS = np.random.default_rng(0).normal(size=(40, 3)).round(3).tolist()


class Case(NamedTuple):
    layer: str
    options: dict[str, Any] = {}  # noqa: RUF012
    adapt: Any = None
    x: Any = None
    pieces: tuple[int, ...] = ()  # rows of each batch that it learns from


def _text(x: Any = TEXTS, **options: Any) -> Case:
    return Case("TextVectorization", options, TEXTS, x)


IDF, MASK = {"output_mode": "tf_idf"}, {"mask_token": ""}
CASES = {
    "text": _text(),
    "text, a column": _text([["the dog"], ["no cat"]]),
    "text, one": _text("the dog"),
    "text, new": _text(["what is new?", "The Cat"]),
    "text, six": _text(output_sequence_length=6),
    "text, two": _text(output_sequence_length=2, max_tokens=5),
    "text, characters": _text(split="character", ngrams=(2,), output_sequence_length=5),
    "text, no split": Case(
        "TextVectorization",
        {"split": None, "standardize": None, "output_sequence_length": 4},
        WORDS,
        [["a", "b"], ["x", "d"]],
    ),
    "text, lower": _text(standardize="lower"),
    "text, strip": _text(standardize="strip_punctuation"),
    "text, as it is": _text(standardize=None, ngrams=2),
    **{f"text, {mode}": _text(output_mode=mode) for mode in ("multi_hot", "count", "tf_idf")},
    "text, n-grams": _text(output_mode="count", ngrams=(1, 3), max_tokens=9),
    "text, padded": _text(output_mode="tf_idf", pad_to_max_tokens=True, max_tokens=30),
    "text, old": _text(output_mode="tf-idf", max_tokens=6, ngrams=2),
    "text, given": Case(
        "TextVectorization", {"vocabulary": ["cat", "dog"], "output_mode": "binary"}, None, TEXTS
    ),
    "words": Case("StringLookup", {}, WORDS, [["a", "q"], ["d", "z"]]),
    "words, given": Case("StringLookup", {"vocabulary": ["a", "b"]}, None, WORDS),
    "words, special": Case(
        "StringLookup", {"vocabulary": ["", "[UNK]", "a"], "mask_token": ""}, None, WORDS
    ),
    "words, one axis": Case("StringLookup", {"mask_token": ""}, ["b", "a", "", "a"], ["a", ""]),
    "words, inverse": Case(
        "StringLookup",
        {"vocabulary": ["a", "b"], "invert": True, "mask_token": "m"},
        None,
        [[0, 1, 2], [3, 4, 9]],
    ),
    "words, few": Case("StringLookup", {"max_tokens": 3, "oov_token": "z"}, WORDS, WORDS),
    "words, hashed": Case(
        "StringLookup", {"vocabulary": ["a"], "num_oov_indices": 1000}, None, LETTERS
    ),
    "words, salted": Case(
        "StringLookup", {"vocabulary": ["a"], "num_oov_indices": 1000, "salt": 7}, None, LETTERS
    ),
    **{
        f"words, {mode}": Case(
            "StringLookup", {"output_mode": mode, "mask_token": ""}, WORDS, WORDS
        )
        for mode in ("one_hot", "multi_hot", "count", "tf_idf")
    },
    "words, one hot of a column": Case(
        "StringLookup", {"output_mode": "one_hot"}, ["a", "b"], [["a"], ["q"]]
    ),
    "words, three axes": Case(
        "StringLookup", {"output_mode": "count"}, WORDS, [[["a", "b"], ["a", "z"]]]
    ),
    "words, padded": Case(
        "StringLookup",
        {"output_mode": "multi_hot", "max_tokens": 9, "pad_to_max_tokens": True},
        WORDS,
        WORDS,
    ),
    "words, weights": Case(
        "StringLookup",
        {"output_mode": "tf_idf", "vocabulary": ["a", "b"], "idf_weights": [0.5, 0.75]},
        None,
        WORDS,
    ),
    "numbers": Case("IntegerLookup", {}, NUMBERS, [[12, 7], [42, -7]]),
    "numbers, masked": Case("IntegerLookup", {"mask_token": 0, "max_tokens": 5}, NUMBERS, NUMBERS),
    "numbers, spread": Case("IntegerLookup", {"num_oov_indices": 3}, NUMBERS, [[12, 7], [5, -4]]),
    "numbers, hashed": Case(
        "IntegerLookup",
        {"vocabulary": [5], "num_oov_indices": 99, "oov_method": "farmhash"},
        None,
        list(range(-20, 20)),
    ),
    "numbers, salted": Case(
        "IntegerLookup",
        {"vocabulary": [5], "num_oov_indices": 99, "oov_method": "farmhash", "salt": [3, 4]},
        None,
        list(range(-20, 20)),
    ),
    "numbers, inverse": Case(
        "IntegerLookup", {"vocabulary": [5, 6], "invert": True}, None, [[0, 1], [2, 7]]
    ),
    **{
        f"numbers, {mode}": Case("IntegerLookup", {"output_mode": mode}, NUMBERS, NUMBERS)
        for mode in ("one_hot", "multi_hot", "count", "tf_idf")
    },
    "hashes": Case("Hashing", {"num_bins": 1000}, None, LETTERS),
    "hashes, salted": Case("Hashing", {"num_bins": 1000, "salt": [133, 137]}, None, LETTERS),
    "hashes, masked": Case("Hashing", {"num_bins": 5, "mask_value": "d"}, None, WORDS),
    "hashes, numbers": Case("Hashing", {"num_bins": 5, "mask_value": 42}, None, NUMBERS),
    "hashes, counted": Case("Hashing", {"num_bins": 4, "output_mode": "count"}, None, NUMBERS),
    "categories": Case("CategoryEncoding", {"num_tokens": 4}, None, [[0, 1, 1], [3, 3, 3]]),
    "categories, one axis": Case("CategoryEncoding", {"num_tokens": 4}, None, [0, 1, 1]),
    "categories, counted": Case(
        "CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, None, [[0, 1, 1], [3, 3, 3]]
    ),
    "categories, one hot": Case(
        "CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, None, [[0], [3]]
    ),
    "intervals": Case("Discretization", {"num_bins": 4}, FLOATS, FLOATS[:5]),
    "intervals, rough": Case(
        "Discretization", {"num_bins": 3, "epsilon": 0.1, "output_mode": "one_hot"}, FLOATS, FLOATS
    ),
    "intervals, given": Case(
        "Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "count"}, None, FLOATS[:4]
    ),
    "normal": Case("Normalization", {}, FLOATS, FLOATS[:3]),
    "normal, all": Case("Normalization", {"axis": None}, FLOATS, FLOATS[:3]),
    "normal, two axes": Case("Normalization", {"axis": (1, 2)}, [FLOATS, FLOATS[::-1]], [FLOATS]),
    "normal, inverse": Case("Normalization", {"invert": True}, FLOATS, FLOATS[:3]),
    "normal, given": Case("Normalization", {"mean": 3.0, "variance": 2.0}, None, FLOATS[:3]),
    "normal, of each": Case(
        "Normalization", {"mean": [1.0, 2.0, 3.0], "variance": [1.0, 0.0, 4.0]}, None, FLOATS[:3]
    ),
    "normal, pieces": Case("Normalization", {}, FLOATS, FLOATS[:3], pieces=(7, 32, 1)),
    "intervals, pieces": Case(
        "Discretization", {"num_bins": 5, "epsilon": 0.05}, FLOATS, FLOATS, pieces=(7, 32, 1)
    ),
    "words, pieces": Case("StringLookup", IDF, WORDS, WORDS, pieces=(1, 2)),
    "text, pieces": Case("TextVectorization", IDF, TEXTS, TEXTS, pieces=(3, 1)),
    "scaled": Case("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0, 3.0]}, None, FLOATS[:3]),
}


def layer_of(k: Any, case: Case) -> Any:
    """Return the layer, and have it learn."""
    layer = getattr(k.layers, case.layer)(**case.options)
    if case.adapt is not None:
        floats = case.layer in ("Normalization", "Discretization")
        data = np.array(case.adapt, "float32") if floats else case.adapt
        if case.pieces:
            pieces = np.split(np.array(data), np.cumsum(case.pieces)[:-1])
            data = pieces if case.layer == "Normalization" else iter(pieces)
        layer.adapt(data)
    return layer


def inputs(case: Case) -> Any:
    """Return what the layer is called with: numbers as an array."""
    x = np.array(case.x)
    return case.x if x.dtype.kind == "U" else x.astype("float32") if x.dtype.kind == "f" else x


def plain(value: Any) -> Any:
    """Return an answer as JSON can hold it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


def answers(k: Any, name: str) -> dict[str, Any]:
    """Return what a layer gives, what it has learned and how it is described."""
    layer = layer_of(k, CASES[name])
    output = np.asarray(layer(inputs(CASES[name])))
    config = layer.get_config()
    del config["name"], config["dtype"]
    found = {"output": output.tolist(), "type": output.dtype.name, "config": config}
    if hasattr(layer, "get_vocabulary"):
        found["vocabulary"] = layer.get_vocabulary()
        found["words"] = layer.get_vocabulary(include_special_tokens=False)
    return {
        key: {k: plain(v) for k, v in value.items()} if isinstance(value, dict) else plain(value)
        for key, value in found.items()
    }


def model(k: Any) -> Any:
    """Return a model with several of them, of three inputs."""
    text = k.Input((), dtype="string", name="text")
    numbers, features = k.Input((1,), dtype="int64", name="number"), k.Input((3,), name="features")
    layers = {}
    for name, options, data in (
        ("TextVectorization", IDF, TEXTS),
        ("StringLookup", {"output_mode": "one_hot"}, TEXTS),
        ("IntegerLookup", {"output_mode": "multi_hot"}, [[3], [4]]),
        ("Normalization", {}, np.array(FLOATS, "float32")),
    ):
        layers[name] = getattr(k.layers, name)(**options)
        layers[name].adapt(data)
    words = k.layers.TextVectorization(output_sequence_length=4)
    words.adapt(TEXTS)
    read = k.layers.Embedding(20, 3, mask_zero=True)(words(text))
    joined = k.layers.Concatenate()(
        [
            layers["TextVectorization"](text),
            layers["StringLookup"](text),
            layers["IntegerLookup"](numbers),
            layers["Normalization"](features),
            k.layers.GRU(2)(read),
        ]
    )
    return k.Model([text, numbers, features], k.layers.Dense(1)(joined))


MODEL_X = (TEXTS, [[3], [9], [4], [4]], FLOATS[:4])
