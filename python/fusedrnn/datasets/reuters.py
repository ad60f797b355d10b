"""11,228 newswires of Reuters as numbers of words, and their 46 topics."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _cache

__all__ = ["get_label_names", "get_word_index", "load_data"]

LABELS = (
    "cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves "
    "ship cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin "
    "strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem "
    "dlr gas silver wpi hog lead"
)


def load_data(
    path: Any = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: arrays of lists of int, and topics.

    Parameters
    ----------
    path, num_words, skip_top, maxlen, seed, start_char, oov_char, index_from, **kwargs
        As of :func:`fusedrnn.datasets.imdb.load_data`.
    test_split : float
        Share of the newswires to test with.

    Returns
    -------
    tuple
        Two pairs of arrays.
    """
    num_words = _cache.old_arguments(num_words, kwargs)
    found = _cache.arrays(
        _cache.fetch(
            path,
            "reuters.npz",
            "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
        )
    )
    x, y = _cache.shuffled(np.random.RandomState(seed), found["x"], found["y"])
    texts, labels = _cache.shorter(maxlen, _cache.numbered(x, start_char, index_from), y)
    texts = _cache.limited(texts, num_words, skip_top, oov_char)
    cut = int(len(texts) * (1 - test_split))
    return (
        (_cache.objects(texts[:cut]), np.array(labels[:cut])),
        (_cache.objects(texts[cut:]), np.array(labels[cut:])),
    )


def get_word_index(path: Any = "reuters_word_index.json") -> dict[str, int]:
    """Return the number of each word, by how often it occurs, from 1 on.

    Parameters
    ----------
    path : str
        Name of the file in Keras's folder, where it is downloaded to.
    """
    index: dict[str, int] = _cache.fetch_json(
        path, "reuters_word_index.json", "4d44cc38712099c9e383dc6e5f11a921"
    )
    return index


def get_label_names() -> tuple[str, ...]:
    """Return the names of the topics."""
    return tuple(LABELS.split())
