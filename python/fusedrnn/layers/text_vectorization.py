"""TextVectorization: texts as indices of their words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import numpy as np

from .._tensor import strings
from .._types import Array, Shape
from ..configurable import lookup
from .lookup import StringLookup

# ASCII only, as TensorFlow's functions
LOWER: dict[int, int | None] = {c: c + 32 for c in range(ord("A"), ord("Z") + 1)}
STRIP: dict[int, int | None] = {c: None for c in range(33, 127) if not chr(c).isalnum()}
STANDARDIZE = {
    "lower_and_strip_punctuation": LOWER | STRIP,
    "lower": LOWER,
    "strip_punctuation": STRIP,
}
SPLIT: dict[str, Callable[[str], list[str]]] = {
    "whitespace": re.compile(r"[^ \t\n\v\f\r]+").findall,
    "character": list,
}


class TextVectorization(StringLookup):
    """Cuts texts into words and numbers these by a vocabulary, which ``adapt`` learns.

    A text of which there are fewer words than of others in a batch is filled up with 0; index 1 is
    for unknown words.

    Parameters
    ----------
    max_tokens : int, optional
        How large the vocabulary may be, what stands for padding and unknown words included.
    standardize : {"lower_and_strip_punctuation", "lower", "strip_punctuation"}, callable or None
        What is done to a text first; a function gets an array of texts.
    split : {"whitespace", "character"}, callable or None
        How a text is cut; a function gets an array of texts, and returns a list of words for each.
        With None, the last axis of the input has the words.
    ngrams : int or tuple of int, optional
        Runs of so many words count, in their place; of 1 to so many where it is one number.
    output_mode : {"int", "multi_hot", "count", "tf_idf"}
        Indices, or a row for each text, as of :class:`StringLookup`.
    output_sequence_length : int, optional
        How many indices a text has, filled up or cut off.
    pad_to_max_tokens, vocabulary, idf_weights, sparse, encoding, name, **kwargs
        As of :class:`StringLookup`.
    ragged : bool
        Not supported.

    Raises
    ------
    ValueError
        If the arguments do not fit one another.

    Examples
    --------
    >>> layer = fusedrnn.layers.TextVectorization()
    >>> layer.adapt(["Fresh bread.", "Fresh cake!"])
    >>> layer(["fresh cake", "fresh tea today"]).tolist()
    [[2, 3, 0], [2, 1, 1]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: Any = "lower_and_strip_punctuation",
        split: Any = "whitespace",
        ngrams: Any = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.get("vocabulary_size") == 2:  # what Keras says where there is none yet
            del kwargs["vocabulary_size"]
        super().__init__(
            max_tokens=max_tokens,
            mask_token="",
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            output_mode=output_mode,
            pad_to_max_tokens=pad_to_max_tokens,
            sparse=sparse,
            encoding=encoding,
            name=name,
            **kwargs,
        )
        if ragged:
            raise ValueError("`ragged=True` can only be used with the TensorFlow backend.")
        for what, value, known in (
            ("standardize", standardize, STANDARDIZE),
            ("split", split, SPLIT),
        ):
            if isinstance(value, str) and value not in known:
                raise ValueError(
                    f"Unknown value for `{what}` argument of TextVectorization. Allowed values "
                    f"are: {tuple(known)}. Received: {what}={value}"
                )
        several = isinstance(ngrams, tuple) and all(isinstance(n, int) for n in ngrams)
        if not (ngrams is None or isinstance(ngrams, int) or several):
            raise ValueError(
                "`ngrams` must be None, an integer, or a tuple of integers. "
                f"Received: ngrams={ngrams}"
            )
        if output_mode != "int" and output_sequence_length is not None:
            raise ValueError(
                "`output_sequence_length` must not be set if `output_mode` is not 'int'. "
                f"Received output_sequence_length={output_sequence_length}."
            )
        if not isinstance(output_sequence_length, int | None):
            raise ValueError(
                "`output_sequence_length` must be either None or an integer when `output_mode` is "
                f"'int'. Received: output_sequence_length={output_sequence_length}"
            )
        if self.output_mode == "one_hot":
            raise NotImplementedError(
                f"{self.name}: output_mode 'one_hot' is for StringLookup: here it would give rows "
                "of rows of different lengths"
            )
        self.standardize, self.split, self.ngrams = standardize, split, ngrams
        self.output_sequence_length, self.ragged = output_sequence_length, ragged

    def update_state(self, data: Any) -> None:
        """Count the words of texts."""
        self.count(self._rows(data)[0])

    def _rows(self, inputs: Any) -> tuple[list[list[str]], Shape]:
        """Return the words of each text, and the shape of the texts."""
        texts = self.read(inputs)
        if callable(self.standardize):
            texts = strings(self.standardize(texts.astype(str)))
        elif self.standardize is not None:
            table = STANDARDIZE[self.standardize]
            flat = [text.translate(table) for text in texts.flat]
            texts = np.array([*flat, None], object)[:-1].reshape(texts.shape)
        if self.split is None:
            shape: Shape = texts.shape[:-1]
            rows = texts.reshape(-1, texts.shape[-1] if texts.ndim else 1).tolist()
        else:
            if texts.ndim > 1:
                if texts.shape[-1] != 1 or texts.ndim > 2:
                    raise ValueError(
                        "When using `TextVectorization` to tokenize strings, the input rank must "
                        "be 1 or the last shape dimension must be 1. Received: inputs.shape="
                        f"{texts.shape} with rank={texts.ndim}"
                    )
                texts = texts[:, 0]
            shape = texts.shape
            if callable(self.split):
                rows = [strings(row).tolist() for row in self.split(texts.reshape(-1).astype(str))]
            else:
                rows = [SPLIT[self.split](text) for text in texts.reshape(-1)]
        if self.ngrams is not None:
            sizes = range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams
            rows = [_ngrams(row, sizes) for row in rows]
        return rows, shape

    def values(self, inputs: Any) -> Array:  # noqa: D102
        rows, shape = self._rows(inputs)
        if self.output_mode != "int":
            found = self.values_of_rows(rows)
            return found.reshape(*shape, found.shape[-1])
        width = self.output_sequence_length
        width = max(map(len, rows), default=0) if width is None else width
        rows = [row[:width] for row in rows]
        found = np.zeros((len(rows), width), np.int64)
        lengths = np.array([len(row) for row in rows], np.intp)
        found[np.arange(width) < lengths[:, None]] = self.indices(list(chain.from_iterable(rows)))
        return found.reshape(*shape, width)

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        size = self.output_sequence_length if self.output_mode == "int" else self.depth
        return (input_shape[0], size)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        of_words = ("num_oov_indices", "mask_token", "oov_token", "invert", "oov_method", "salt")
        config = {k: v for k, v in super().get_config().items() if k not in of_words}
        return config | {"vocabulary_size": self.vocabulary_size()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TextVectorization:  # noqa: D102
        config = dict(config)
        for key in ("standardize", "split"):
            if isinstance(config.get(key), Mapping):  # a function of the user's
                config[key] = lookup(key, config[key], {})
        if isinstance(config.get("ngrams"), list):
            config["ngrams"] = tuple(config["ngrams"])
        found: TextVectorization = super().from_config(config)
        return found


def _ngrams(words: list[str], sizes: Any) -> list[str]:
    """Return runs of words, those of the first size first."""
    return [" ".join(words[i : i + n]) for n in sizes for i in range(len(words) - n + 1)]
