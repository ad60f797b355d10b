"""A small model with its data, and what the tests of training ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fusedrnn import Input, Sequential, utils
from fusedrnn.layers import LSTM, Dense

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 6, 2)).astype(np.float32), RNG.normal(size=(40, 1))


def model(*inner: Any, seed: int = 1, **compile: Any) -> Sequential:
    utils.set_random_seed(seed)
    m = Sequential([Input((6, 2)), *(inner or (LSTM(4), Dense(1)))])
    m.compile(**{"optimizer": "adam", "loss": "mse", **compile})
    return m


def summary(m: Sequential) -> str:
    lines: list[str] = []
    m.summary(print_fn=lines.append)
    return "\n".join(lines)


class Batches(utils.Sequence):
    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        return X[index * 10 : index * 10 + 10], Y[index * 10 : index * 10 + 10]


def generator() -> Iterator[Any]:
    while True:
        for i in range(4):
            yield Batches()[i]
