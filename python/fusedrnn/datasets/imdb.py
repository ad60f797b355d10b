"""50,000 film reviews as numbers of words, and whether they praise (Maas et al., 2011)."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _cache

__all__ = ["get_word_index", "load_data"]


def load_data(
    path: Any = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int = 3,
    **kwargs: Any,
) -> Any:
    """Return ``(x_train, y_train), (x_test, y_test)``: arrays of lists of int, and of 0 and 1.

    Parameters
    ----------
    path : str
        Name of the file in Keras's folder, where it is downloaded to.
    num_words, skip_top : int
        Numbers that are kept are ``skip_top`` to ``num_words - 1``.
    maxlen : int, optional
        Reviews of as many words are left out.
    seed : int
        Of the order.
    start_char, oov_char : int or None
        What every review begins with, and what stands for words that are not kept.
    index_from : int
        What is added to the numbers of :func:`get_word_index`.
    **kwargs
        ``nb_words``, the old name of ``num_words``.

    Returns
    -------
    tuple
        Two pairs of arrays.

    Raises
    ------
    ValueError
        If no review is left.
    """
    num_words = _cache.old_arguments(num_words, kwargs)
    found = _cache.arrays(
        _cache.fetch(
            path,
            "imdb.npz",
            "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
        )
    )
    rng = np.random.RandomState(seed)
    texts, labels = [], []
    for part in ("train", "test"):
        x, y = _cache.shuffled(rng, found[f"x_{part}"], found[f"y_{part}"])
        kept, of_kept = _cache.shorter(maxlen, _cache.numbered(x, start_char, index_from), y)
        if not kept:
            raise ValueError(
                f"After filtering for sequences shorter than maxlen={maxlen}, no sequence was "
                "kept. Increase maxlen."
            )
        texts.append(kept)
        labels.append(of_kept)
    every, y, cut = [*texts[0], *texts[1]], np.concatenate(labels), len(texts[0])
    every = _cache.limited(every, num_words, skip_top, oov_char)
    return (_cache.objects(every[:cut]), y[:cut]), (_cache.objects(every[cut:]), y[cut:])


def get_word_index(path: Any = "imdb_word_index.json") -> dict[str, int]:
    """Return the number of each word, by how often it occurs, from 1 on.

    Parameters
    ----------
    path : str
        Name of the file in Keras's folder, where it is downloaded to.
    """
    index: dict[str, int] = _cache.fetch_json(
        path, "imdb_word_index.json", "bfafd718b763782e994055a2d397834f"
    )
    return index
