"""Words as numbers, as the functions of Keras 2 that Keras 3 has kept for ``tf.keras``."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from fusedrnn.keras.preprocessing.text import Tokenizer as UnderKeras
from fusedrnn.preprocessing import sequence, text

TEXTS: list[Any] = [
    "The cat, the CAT sat on\tthe mat.",
    "A dog's day!",
    "",
    "the the dog; É é",
    ["Own", "words", "the"],
]
TABLES = ("word_counts", "word_docs", "index_docs", "word_index", "index_word")
OPTIONS = {
    "plain": {},
    "few": {"num_words": 4},
    "unknown": {"oov_token": "<OOV>"},
    "few and unknown": {"num_words": 4, "oov_token": "<OOV>"},
    "characters": {"char_level": True, "lower": False},
    "commas": {"split": ",", "filters": ""},
    "own": {"analyzer": lambda t: t.split("t")},
}


@pytest.fixture
def keras_text() -> Any:
    return pytest.importorskip("keras._tf_keras.keras.preprocessing.text")


def config(tokenizer: Any) -> Any:
    found = json.loads(tokenizer.to_json())
    for name in TABLES:
        found["config"][name] = json.loads(found["config"][name])
    return found


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_tokenizer_is_keras_s(keras_text: Any, options: Any) -> None:
    theirs, ours = keras_text.Tokenizer(**options), text.Tokenizer(**options)
    new = [*TEXTS, "a zebra", "cat zebra"]
    for _ in range(2):  # more texts change the numbers
        for tokenizer in (theirs, ours):
            tokenizer.fit_on_texts(TEXTS)
        assert list(ours.word_index.items()) == list(theirs.word_index.items())
        for name in TABLES:
            assert getattr(ours, name) == getattr(theirs, name)
        numbers = theirs.texts_to_sequences(new)
        assert ours.texts_to_sequences(new) == numbers
        assert list(ours.texts_to_sequences_generator(new)) == numbers
        back = theirs.sequences_to_texts([*numbers, [99, 1, 0]])
        assert ours.sequences_to_texts([*numbers, [99, 1, 0]]) == back
        for mode in text.MODES:
            np.testing.assert_array_equal(
                ours.texts_to_matrix(new, mode), theirs.texts_to_matrix(new, mode)
            )
    assert str(ours.word_counts) == str(theirs.word_counts)
    assert config(ours) == config(theirs)
    if "analyzer" not in options:
        read = text.tokenizer_from_json(theirs.to_json())
        assert read.texts_to_sequences(new) == numbers
        assert keras_text.tokenizer_from_json(ours.to_json()).word_index == ours.word_index
        read.fit_on_texts(TEXTS)  # and goes on
        assert read.word_counts["the"] == 1.5 * theirs.word_counts["the"] if not options else True


def test_tokenizer_by_hand() -> None:
    """What Keras's documentation says, without Keras."""
    assert UnderKeras is text.Tokenizer
    tokenizer = text.Tokenizer(oov_token="?", nb_words=3)
    with pytest.raises(ValueError, match="or fit on some text data first"):
        text.Tokenizer().sequences_to_matrix([[1]])
    tokenizer.fit_on_texts(["b a, A! a", "b"])
    assert tokenizer.word_index == {"?": 1, "a": 2, "b": 3}
    assert tokenizer.texts_to_sequences(["A b c"]) == [[2, 1, 1]]
    assert tokenizer.document_count == 2
    np.testing.assert_array_equal(
        tokenizer.texts_to_matrix(["a a b", ""], "freq"), [[0, 1 / 3, 2 / 3], [0, 0, 0]]
    )
    np.testing.assert_allclose(
        tokenizer.sequences_to_matrix([[2, 2]], "tfidf"),
        [[0, 0, (1 + np.log(2)) * np.log(1 + 2 / (1 + 1))]],
    )
    with pytest.raises(ValueError, match="Unknown vectorization mode: words"):
        tokenizer.texts_to_matrix(["a"], "words")
    with pytest.raises(ValueError, match="Fit the Tokenizer on some data before"):
        text.Tokenizer(3).sequences_to_matrix([[1]], "tfidf")
    with pytest.raises(TypeError, match=r"Unrecognized keyword arguments: .'words': 3"):
        text.Tokenizer(words=3)


def test_tokenizer_of_sequences(keras_text: Any) -> None:
    theirs, ours = keras_text.Tokenizer(6), text.Tokenizer(6)
    for tokenizer in (theirs, ours):
        tokenizer.fit_on_sequences([[1, 2, 2], [2, 5]])
    for mode in text.MODES:
        np.testing.assert_array_equal(
            ours.sequences_to_matrix([[2, 2, 5], [9]], mode),
            theirs.sequences_to_matrix([[2, 2, 5], [9]], mode),
        )


def test_hashes(keras_text: Any) -> None:
    for options in ({}, {"filters": "t", "lower": False}, {"split": "_"}, {"analyzer": list}):
        each: Any = options
        assert text.one_hot(TEXTS[0], 9, **each) == keras_text.one_hot(TEXTS[0], 9, **each)
        for function in ("md5", len, None):
            assert text.hashing_trick(TEXTS[0], 7, function, **each) == keras_text.hashing_trick(
                TEXTS[0], 7, function, **each
            )
        if "analyzer" not in each:
            words = keras_text.text_to_word_sequence(TEXTS[0], **each)
            assert text.text_to_word_sequence(TEXTS[0], **each) == words


@pytest.mark.parametrize(
    "options",
    [
        {"seed": 3},  # without, Keras 3.15 fails from Python 3.12 on
        {"categorical": True, "negative_samples": 0.5, "window_size": 2, "seed": 0},
        {"shuffle": False, "negative_samples": 0},
    ],
)
def test_skipgrams_are_keras_s(options: Any) -> None:
    theirs = pytest.importorskip("keras._tf_keras.keras.preprocessing.sequence")
    table = theirs.make_sampling_table(1000)
    np.testing.assert_array_equal(sequence.make_sampling_table(1000), table)
    words = [1, 2, 0, 3, 4, 500, 6]
    found = []
    for module in (theirs, sequence):
        random.seed(1)
        found.append(module.skipgrams(words, 999, sampling_table=np.sqrt(table), **options))
        found.append(module.skipgrams(words, 999, **options))
    assert found[:2] == found[2:]
    assert len(found[1][0]) > 10
    assert len(sequence.skipgrams(words, 999)[0]) == 2 * len(
        sequence.skipgrams(words, 999, negative_samples=0)[0]
    )
