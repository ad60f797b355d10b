"""StringLookup and IntegerLookup: words, or numbers, as indices into a vocabulary."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np

from .. import _state
from .._tensor import strings
from .._types import Array, Shape
from ..configurable import given
from .categories import Categories, counts, encode, encoded_shape
from .fingerprint import bucket
from .hashing import salt_keys


def batches(data: Any, steps: int | None = None) -> Iterator[Any]:
    """Yield the batches of a data set that ``adapt`` gets, no more than ``steps``."""
    indexed = hasattr(data, "__getitem__") and hasattr(data, "__len__")
    every = (data[i] for i in range(len(data))) if indexed else iter(data)
    return islice(every, steps)


class Lookup(Categories):
    """Base of the layers with a vocabulary, which is given or learned by ``adapt``.

    Their parameters are those of :class:`fusedrnn.layers.StringLookup`.
    """

    modes = ("int", "one_hot", "multi_hot", "count", "tf_idf")

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: Any = None,
        oov_token: Any = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        oov_method: str = "floormod",
        **kwargs: Any,
    ) -> None:
        kwargs.pop("dtype", None)  # of words, in Keras's configuration
        self._size = kwargs.pop("vocabulary_size", None)  # of the vocabulary, once there is one
        self.fixed = kwargs.pop("has_input_vocabulary", vocabulary is not None)
        output_mode = {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(output_mode, output_mode)
        super().__init__(output_mode=output_mode, sparse=sparse, name=name, **kwargs)
        self.encoding = encoding
        if max_tokens is not None and max_tokens <= 1:
            raise ValueError(
                f"If set, `max_tokens` must be greater than 1. Received: max_tokens={max_tokens}"
            )
        if pad_to_max_tokens and max_tokens is None:
            raise ValueError(
                "If pad_to_max_tokens is True, must set `max_tokens`. Received: max_tokens=None"
            )
        if num_oov_indices < 0:
            raise ValueError(
                "`num_oov_indices` must be greater than or equal to 0. "
                f"Received: num_oov_indices={num_oov_indices}"
            )
        if oov_method not in ("floormod", "farmhash"):
            raise ValueError(
                f"Unknown value for `oov_method` argument of {type(self).__name__}. "
                f"Allowed values are: ('floormod', 'farmhash'). Received: oov_method={oov_method}"
            )
        if invert and output_mode != "int":
            raise ValueError(
                "`output_mode` must be `'int'` when `invert` is true. "
                f"Received: output_mode={output_mode}"
            )
        if idf_weights is not None and output_mode != "tf_idf":
            raise ValueError(
                "`idf_weights` should only be set if `output_mode` is `'tf_idf'`. "
                f"Received: idf_weights={idf_weights} and output_mode={output_mode}"
            )
        if vocabulary is not None and output_mode == "tf_idf" and idf_weights is None:
            raise ValueError(
                "When specifying the `vocabulary` argument, in TF-IDF output mode, the "
                "`idf_weights` argument must also be provided."
            )
        self.salt = salt_keys(type(self).__name__, salt)
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token = mask_token, oov_token
        self.invert, self.pad_to_max_tokens = invert, pad_to_max_tokens
        self.oov_method = oov_method
        self.text_input = self.text_input and not invert
        self.tokens: list[Any] = []
        self._table: dict[Any, int] = {}
        self.idf: Array | None = None
        self._described: tuple[list[Any] | None, list[float] | None] = None, None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def token(self, value: Any) -> Any:
        """Return a word of the vocabulary as it is kept."""
        raise NotImplementedError

    def read(self, inputs: Any) -> Array:
        """Return words as an array."""
        raise NotImplementedError

    def words(self, tokens: list[Any]) -> Array:
        """Return words of the vocabulary as an array, as the inverse layer gives them."""
        raise NotImplementedError

    # The vocabulary -----------------------------------------------------------------------------

    @property
    def special(self) -> list[Any]:
        """What the first indices stand for: padding, then what is not in the vocabulary."""
        mask = [] if self.mask_token is None or self.output_mode != "int" else [self.mask_token]
        return mask + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Any]:
        """Return the words in the order of their indices."""
        return [*(self.special if include_special_tokens else ()), *self.tokens]

    def vocabulary_size(self) -> int:
        """Return how many indices there are."""
        return len(self.special) + len(self.tokens)

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Set the words: a list, or a file with one on each line; for "tf_idf" with weights."""
        if self.output_mode == "tf_idf" and idf_weights is None:
            raise ValueError("`idf_weights` must be set if output_mode is 'tf_idf'.")
        if self.output_mode != "tf_idf" and idf_weights is not None:
            raise ValueError(
                "`idf_weights` should only be set if output_mode is `'tf_idf'`. Received: "
                f"output_mode={self.output_mode} and idf_weights={idf_weights}"
            )
        special = self.special
        if isinstance(vocabulary, (str, os.PathLike)):
            if not os.path.exists(vocabulary):
                raise ValueError(f"Vocabulary file {vocabulary} does not exist.")
            if self.output_mode == "tf_idf":
                raise ValueError(
                    "output_mode `'tf_idf'` does not support loading a vocabulary from file."
                )
            with open(vocabulary, encoding="utf-8", newline="\n") as file:
                tokens = given = self._of_lines(file.read())
        else:
            given = [self.token(v) for v in np.asarray(vocabulary, object).ravel()]
            tokens = given[len(special) :] if given[: len(special)] == special else given
        if not given:
            raise ValueError(f"Cannot set an empty vocabulary. Received: vocabulary={vocabulary}")
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        if repeated:
            raise ValueError(
                "The passed vocabulary has at least one repeated term. Please uniquify your "
                f"dataset. The repeated terms are: {repeated}"
            )
        for name, of in (("mask", self.mask_token), ("OOV", self.oov_token)):
            if of is not None and of in tokens and (name == "mask" or self.invert):
                raise ValueError(
                    f"Found reserved {name} token at unexpected location in `vocabulary`. Note "
                    "that passed `vocabulary` does not need to include the OOV and mask tokens. "
                    "Either remove all mask and OOV tokens, or include them only at the start of "
                    f"the vocabulary in precisely this order: {special}. Received: "
                    f"{name.lower()}_token={of} at vocabulary index {given.index(of)}"
                )
        if self.max_tokens is not None and len(special) + len(tokens) > self.max_tokens:
            raise ValueError(
                "Attempted to set a vocabulary larger than the maximum vocab size. Received "
                f"vocabulary size is {len(special) + len(tokens)}; `max_tokens` is "
                f"{self.max_tokens}."
            )
        if idf_weights is not None and np.shape(idf_weights) != (len(given),):
            raise ValueError(
                "`idf_weights` must be the same length as vocabulary. len(idf_weights) is "
                f"{len(idf_weights)}; len(vocabulary) is {len(given)}"
            )
        self._set(tokens, None if idf_weights is None else np.asarray(idf_weights))
        self._described = given, None if idf_weights is None else np.asarray(idf_weights).tolist()

    def _of_lines(self, text: str) -> list[Any]:
        lines = text.split("\n")
        while lines and not lines[-1]:
            lines.pop()
        return [self.token(line) for line in lines]

    def load_vocabulary(self, text: str, idf_weights: Any = None) -> None:
        """Set what a file of Keras's has: words on lines, and their weights."""
        lines = text.split("\n")[: self._size]  # the last word may be empty
        given = [self.token(line) for line in lines] if self._size else self._of_lines(text)
        self.set_vocabulary(given, idf_weights)

    def _set(self, tokens: list[Any], idf: Array | None) -> None:
        """Set the words, and their weights, those of what is special first or still to be made."""
        start = len(self.special)
        size = start + len(tokens)
        free = self.output_mode == "int" or self.pad_to_max_tokens
        if not free and self._size not in (None, size):
            raise RuntimeError(
                f"When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, the "
                "vocabulary size cannot be changed after the layer is called. Old vocab size is "
                f"{self._size}, new vocab size is {size}"
            )
        self.tokens, self._size = tokens, size
        self._table = {token: i for i, token in enumerate(tokens, start)}
        if idf is not None:
            front = size - len(idf)  # their own frequencies are not known
            idf = np.concatenate([np.full(front, idf.mean(dtype=np.float64)), idf])
            back = self.max_tokens - size if self.pad_to_max_tokens and self.max_tokens else 0
            self.idf = np.pad(idf, (0, back)).astype(_state.floatx())

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent words first, of equals the last in the alphabet.

        Parameters
        ----------
        data : array, list, or iterable of arrays
            Samples, or batches of them.
        steps : int, optional
            How many batches to take.
        """
        self.reset_state()
        for batch in self.samples(data, steps):
            self.update_state(batch)
        self.finalize_state()

    @staticmethod
    def samples(data: Any, steps: int | None) -> Iterable[Any]:
        """Return batches of samples; a list or an array is one, and each of its words a sample."""
        if not isinstance(data, (list, tuple)) and not hasattr(data, "__array__"):
            return batches(data, steps)
        data = np.asarray(data, object)
        return [data[:, None] if data.ndim == 1 else data]

    def reset_state(self) -> None:
        """Forget what words have been counted, not the vocabulary."""
        self._words: Counter[Any] = Counter()
        self._samples: Counter[Any] = Counter()  # that have the word
        self._count = 0

    def update_state(self, data: Any) -> None:
        """Count the words of a batch; of one axis, it is a single sample."""
        array = self.read(data)
        rows = array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(1, -1)
        self.count(rows.tolist())

    def count(self, rows: Sequence[Sequence[Any]]) -> None:
        """Count the words of samples."""
        if self.fixed:
            raise ValueError(
                f"Cannot adapt layer '{self.name}' after setting a static vocabulary via "
                "`vocabulary` argument or `set_vocabulary()` method."
            )
        self._words.update(chain.from_iterable(rows))
        if self.output_mode == "tf_idf":
            self._samples.update(chain.from_iterable(map(set, rows)))
            self._count += len(rows)

    def finalize_state(self) -> None:
        """Make a vocabulary of what has been counted."""
        if self.fixed or not self._words:
            return
        words = self._words
        for token in (self.mask_token, self.oov_token):
            words.pop(token, None)
        order = sorted(words, key=lambda token: (words[token], token), reverse=True)
        if self.max_tokens:
            order = order[: self.max_tokens - len(self.special)]
        idf = None
        if self.output_mode == "tf_idf":
            samples = np.array([self._samples[token] for token in order])
            idf = np.log(1 + self._count / (1 + samples)).astype(_state.floatx())
        self._set(order, idf)
        self._described = order, None
        if self.idf is not None:  # with those of what is special
            self._described = self.get_vocabulary(), self.idf[: self._size].tolist()
        self.reset_state()

    # The layer ----------------------------------------------------------------------------------

    @property
    def depth(self) -> int | None:  # type: ignore[override]
        """How many values a row has, None if that is not known yet."""
        return self.max_tokens if self.pad_to_max_tokens else self._size

    def known_depth(self) -> int:
        """Return how many values a row has; RuntimeError if that is not known yet."""
        if self.depth is None or (not self.tokens and self.output_mode == "tf_idf"):
            raise RuntimeError(
                f"When using `output_mode={self.output_mode}` and `pad_to_max_tokens=False`, you "
                "must set the layer's vocabulary before calling it. Either pass a `vocabulary` "
                "argument to the layer, or call `adapt` with some sample data."
            )
        return self.depth

    def indices(self, flat: Sequence[Any]) -> Array:
        """Return the index of each word, -1 of the mask where that does not count."""
        if not self.tokens:
            raise RuntimeError(
                f"{self.name}: there is no vocabulary yet: pass `vocabulary`, or call `adapt`"
            )
        table, oov = self._table, len(self.special) - self.num_oov_indices
        if self.mask_token is not None:
            table = table | {self.mask_token: 0 if self.output_mode == "int" else -1}
        if self.num_oov_indices == 0:
            unknown = [word for word in flat if word not in table]
            if unknown:
                raise ValueError(
                    "When `num_oov_indices=0` all inputs should be in vocabulary, found OOV "
                    f"values {unknown}, consider setting `num_oov_indices=1`."
                )
        if self.num_oov_indices < 2:
            return np.fromiter((table.get(word, oov) for word in flat), np.int64, len(flat))
        every = (table[word] if word in table else oov + self._spread(word) for word in flat)
        return np.fromiter(every, np.int64, len(flat))

    def _spread(self, word: Any) -> int:
        """Return which of several indices a word has that is not in the vocabulary."""
        if not isinstance(word, str) and self.oov_method == "floormod":
            return int(word % self.num_oov_indices)
        return bucket(str(word), self.num_oov_indices, self.salt)

    def values(self, inputs: Any) -> Array:
        """Return what the layer gives for words, or with ``invert`` for indices."""
        if self.invert:
            index, size = np.asarray(inputs).astype(np.int64), self.vocabulary_size()
            words = self.words([*self.get_vocabulary(), self.oov_token])
            return words[np.where((index >= 0) & (index < size), index, size)]
        array = self.read(inputs)
        depth = self.known_depth() if self.output_mode != "int" else 0
        index = self.indices(array.ravel().tolist()).reshape(array.shape)
        return self.weighted(encode(index, self.output_mode, depth))

    def values_of_rows(self, rows: Sequence[Sequence[Any]]) -> Array:
        """Return a row of values for each sample, which may have different numbers of words."""
        of = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        depth = self.known_depth()
        index = self.indices(list(chain.from_iterable(rows)))
        found = counts(of, index, len(rows), depth)
        return self.weighted(np.minimum(found, 1) if self.output_mode == "multi_hot" else found)

    def weighted(self, found: Array) -> Array:
        """Return counts times the weights of "tf_idf", or as they are."""
        if self.output_mode != "tf_idf":
            return found
        return found.astype(self.idf.dtype) * self.idf  # type: ignore[union-attr]

    def compute_output_shape(self, input_shape: Shape) -> Shape:  # noqa: D102
        return encoded_shape(tuple(input_shape), self.output_mode, self.depth)

    @property
    def vocabulary(self) -> list[Any] | None:
        """What a configuration says of it: the words, those too that have been learned."""
        return self._described[0]

    @property
    def idf_weights(self) -> list[float] | None:
        """What a configuration says of the weights."""
        return self._described[1]

    def get_config(self) -> dict[str, Any]:
        """Return Keras's configuration; what has been learned is in it too, unlike in Keras's."""
        learned = {} if self.fixed or not self.tokens else {"has_input_vocabulary": False}
        return super().get_config() | {"vocabulary_size": self._size} | learned

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """Build the layer that ``get_config``, or Keras's, described."""
        if isinstance(config.get("vocabulary"), str):
            raise ValueError("a configuration may not name a file to read words from")
        return cls(**config)


class StringLookup(Lookup):
    """Words as indices into a vocabulary; with ``invert``, the words of indices, as bytes.

    Parameters
    ----------
    max_tokens : int, optional
        How large the vocabulary may be, what stands for padding and unknown words included.
    num_oov_indices : int
        How many indices are for what is not in the vocabulary; of several a hash chooses one, and
        with none it is an error.
    mask_token : optional
        What has index 0, where indices are asked for; otherwise it does not count.
    oov_token : optional
        What an index that is not in the vocabulary gives, with ``invert``.
    vocabulary : list or path, optional
        The words, or a file with one on each line; otherwise ``adapt`` learns it.
    idf_weights : list, optional
        Of each word, for "tf_idf".
    invert : bool
        Whether indices are turned into words.
    output_mode : {"int", "one_hot", "multi_hot", "count", "tf_idf"}
        Indices; or a row for each of them; or a row for each sample, which is the last axis.
    pad_to_max_tokens : bool
        Whether such rows have ``max_tokens`` values.
    sparse : bool
        Not supported.
    encoding : str
        Of words that are bytes.
    name : str, optional
    salt : int or two, optional
        Of the hash, which then is SipHash.
    oov_method : {"floormod", "farmhash"}
        By what numbers that are not in the vocabulary are spread.
    **kwargs
        Those of :class:`Layer`.

    Raises
    ------
    ValueError
        If the arguments do not fit one another; called, of a word that is not in the vocabulary
        where ``num_oov_indices`` is 0.

    Examples
    --------
    >>> layer = fusedrnn.layers.StringLookup()
    >>> layer.adapt(["bread", "cake", "bread"])
    >>> layer.get_vocabulary()
    ['[UNK]', 'bread', 'cake']
    >>> layer([["bread", "tea"]]).tolist()
    [[1, 0]]
    """

    text_input = True

    def token(self, value: Any) -> str:  # noqa: D102
        return str(strings(value, self.encoding)[()])

    def read(self, inputs: Any) -> Array:  # noqa: D102
        return strings(inputs, self.encoding)

    def words(self, tokens: list[Any]) -> Array:  # noqa: D102
        found = np.empty(len(tokens), object)
        found[:] = [token.encode(self.encoding) for token in tokens]
        return found


class IntegerLookup(Lookup):
    """Numbers as indices into a vocabulary; with ``invert``, the numbers of indices.

    Parameters
    ----------
    vocabulary_dtype : str
        "int64", which is the only one.
    max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode
        As of :class:`StringLookup`.
    sparse, pad_to_max_tokens, oov_method, salt, name, **kwargs
        As of :class:`StringLookup`.

    Examples
    --------
    >>> layer = fusedrnn.layers.IntegerLookup(vocabulary=[12, 36])
    >>> layer([[36, 12, 7]]).tolist()
    [[2, 1, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if vocabulary_dtype != "int64":
            raise ValueError(
                "Only `vocabulary_dtype='int64'` is supported at this time. Received: "
                f"vocabulary_dtype={vocabulary_dtype}"
            )
        if salt is not None and oov_method != "farmhash":
            raise ValueError(
                "`salt` can only be used when `oov_method='farmhash'`. "
                f"Received: oov_method={oov_method}"
            )
        arguments = given(locals())
        self.vocabulary_dtype = arguments.pop("vocabulary_dtype")
        super().__init__(**arguments)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = super().get_config()
        del config["encoding"]
        return config

    def token(self, value: Any) -> int:  # noqa: D102
        return int(value)

    def read(self, inputs: Any) -> Array:  # noqa: D102
        return np.asarray(inputs).astype(np.int64)

    def words(self, tokens: list[Any]) -> Array:  # noqa: D102
        return np.array(tokens, np.int64)
