"""Words as numbers, as Keras 2 had it; ``TextVectorization`` is the layer that came after it."""

from __future__ import annotations

import json
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import legacy, missing
from .._types import Array

__all__ = [
    "Tokenizer",
    "hashing_trick",
    "one_hot",
    "text_to_word_sequence",
    "tokenizer_from_json",
]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
MODES = ("binary", "count", "freq", "tfidf")


def text_to_word_sequence(
    input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " "
) -> list[str]:
    """Return the words of a text.

    Parameters
    ----------
    input_text : str
    filters : str
        Characters at which it is cut, too.
    lower : bool
        Whether capitals become small letters.
    split : str
        At which it is cut.

    Examples
    --------
    >>> fusedrnn.preprocessing.text.text_to_word_sequence("Fresh bread, every day!")
    ['fresh', 'bread', 'every', 'day']
    """
    text = input_text.lower() if lower else input_text
    return [word for word in text.translate({ord(c): split for c in filters}).split(split) if word]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """Return a number from 1 to ``n - 1`` for each word, by Python's ``hash``.

    Parameters
    ----------
    input_text : str
    n : int
    filters, lower, split
        As of :func:`text_to_word_sequence`.
    analyzer : callable, optional
        Returns the words of a text instead.
    """
    return hashing_trick(input_text, n, None, filters, lower, split, analyzer)


def hashing_trick(
    text: str,
    n: int,
    hash_function: Any = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """Return a number from 1 to ``n - 1`` for each word.

    Parameters
    ----------
    text : str
    n : int
    hash_function : "md5" or callable, optional
        By default Python's ``hash``, which differs from process to process.
    filters, lower, split, analyzer
        As of :func:`one_hot`.

    Examples
    --------
    >>> fusedrnn.preprocessing.text.hashing_trick("bread and butter", 100, "md5")
    [42, 69, 6]
    """
    number = _md5 if hash_function == "md5" else hash_function or hash
    words = (
        text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    )
    return [number(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    from hashlib import md5  # slow to import

    return int(md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


class Tokenizer:
    """Numbers the words of texts by how often they occur, from 1 on.

    Parameters
    ----------
    num_words : int, optional
        Only numbers below it are used.
    filters, lower, split
        How a text is cut: see :func:`text_to_word_sequence`. A text that is a list is taken as its
        words.
    char_level : bool
        Whether every character is a word.
    oov_token : str, optional
        What stands, as number 1, for words that have no number or one that is not used; by default
        they are left out.
    analyzer : callable, optional
        Returns the words of a text, in place of ``filters``, ``lower`` and ``split``.
    **kwargs
        ``nb_words``, the old name of ``num_words``, and ``document_count``.

    Raises
    ------
    TypeError
        Of other arguments.

    Examples
    --------
    >>> tokenizer = fusedrnn.preprocessing.text.Tokenizer()
    >>> tokenizer.fit_on_texts(["bread and butter", "bread"])
    >>> tokenizer.word_index
    {'bread': 1, 'and': 2, 'butter': 3}
    >>> tokenizer.texts_to_sequences(["butter and jam"])
    [[3, 2]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], Iterable[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.num_words = legacy.argument("Tokenizer.num_words", num_words, kwargs)
        self.document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Unrecognized keyword arguments: {kwargs}")
        self.filters, self.lower, self.split = filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.word_counts: dict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.index_docs: dict[int, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: Any) -> Iterable[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of texts, and number them anew."""
        for text in texts:
            self.document_count += 1
            words = list(self._words(text))
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in dict.fromkeys(words):
                self.word_docs[word] += 1
        order = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        if self.oov_token is not None:
            order.insert(0, self.oov_token)
        self.word_index = {word: i for i, word in enumerate(order, 1)}
        self.index_word = {i: word for word, i in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Sequence[Iterable[int]]) -> None:
        """Count in how many sequences each number is, which "tfidf" needs."""
        self.document_count += len(sequences)
        for sequence in sequences:
            for number in set(sequence):
                self.index_docs[number] += 1

    def _used(self, number: int | None) -> int | None:
        """Return a number if it is used, else that of ``oov_token``, if there is one."""
        if number is None or (self.num_words and number >= self.num_words):
            return self.word_index.get(self.oov_token)  # type: ignore[arg-type]
        return number

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield the numbers of each text's words."""
        for text in texts:
            numbers = (self._used(self.word_index.get(word)) for word in self._words(text))
            yield [number for number in numbers if number is not None]

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of each text's words."""
        return list(self.texts_to_sequences_generator(texts))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """Yield the words of each sequence of numbers, with spaces between."""
        for sequence in sequences:
            numbers = (self._used(n if n in self.index_word else None) for n in sequence)
            yield " ".join(self.index_word[n] for n in numbers if n is not None)

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return the words of each sequence of numbers, with spaces between."""
        return list(self.sequences_to_texts_generator(sequences))

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> Array:
        """Return a row for each text: see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(
        self, sequences: Sequence[Sequence[int]], mode: str = "binary"
    ) -> Array:
        """Return a row (num_words,) for each sequence, with a value for each number in it.

        Parameters
        ----------
        sequences : list of sequences of int
        mode : {"binary", "count", "freq", "tfidf"}
            The value: 1; how often the number is in it; that, over the length of the sequence; or
            (1 + log count) log(1 + texts / (1 + texts that have the word)).
        """
        width = self.num_words or (len(self.word_index) + 1 if self.word_index else 0)
        if not width:
            raise ValueError(
                "Specify a dimension (`num_words` argument), or fit on some text data first."
            )
        if mode not in MODES:
            raise ValueError(f"Unknown vectorization mode: {mode}, expected one of {MODES}")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        matrix = np.zeros((len(sequences), width))
        for row, sequence in zip(matrix, sequences, strict=True):
            numbers, counts = np.unique(np.asarray(sequence, np.intp), return_counts=True)
            numbers, counts = numbers[numbers < width], counts[numbers < width]
            if mode == "tfidf":
                texts = np.array([self.index_docs.get(n, 0) for n in numbers.tolist()])
                row[numbers] = (1 + np.log(counts)) * np.log(1 + self.document_count / (1 + texts))
            else:
                row[numbers] = 1 if mode == "binary" else counts
        if mode == "freq":
            matrix /= np.maximum([[len(sequence)] for sequence in sequences], 1)
        return matrix

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, and the counts and numbers as JSON text."""
        names = ("num_words", "filters", "lower", "split", "char_level", "oov_token")
        tables = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {
            **{name: getattr(self, name) for name in (*names, "document_count")},
            **{name: json.dumps(getattr(self, name)) for name in tables},
        }

    def to_json(self, **kwargs: Any) -> str:
        """Return what `tokenizer_from_json` reads; the arguments are those of ``json.dumps``."""
        return json.dumps({"class_name": "Tokenizer", "config": self.get_config()}, **kwargs)


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """Return the Tokenizer that ``to_json``, Keras's too, described.

    Parameters
    ----------
    json_string : str
    """
    config = json.loads(json_string)["config"]
    tables = {
        name: json.loads(config.pop(name))
        for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
    }
    tokenizer = Tokenizer(**config)
    for name, table in tables.items():  # JSON has no numbers as keys
        getattr(tokenizer, name).update(
            {int(k): v for k, v in table.items()} if name.startswith("index") else table
        )
    return tokenizer


missing.answer(__name__)
