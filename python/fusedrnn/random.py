"""Random numbers under the names of ``keras.random`` and ``tf.random``, which seed alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import missing
from . import ops as _ops
from ._state import floatx, random_generator
from ._tensor import tensor
from .utils import set_random_seed as set_seed

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "poisson",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]


class SeedGenerator:
    """Seeds, a new one whenever random numbers are drawn with it."""

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        self.generator = np.random.default_rng(seed)

    def next(self) -> int:
        """Return the next seed."""
        return int(self.generator.integers(1 << 31))


def _generator(seed: Any) -> np.random.Generator:
    return random_generator(seed.next() if isinstance(seed, SeedGenerator) else seed)


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in np.atleast_1d(np.asarray(shape, int)))


def _array(x: Any, dtype: Any) -> Any:
    return tensor(np.asarray(x, dtype or floatx()))


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None, **_: Any
) -> Any:
    """Draw from a normal distribution."""
    return _array(_generator(seed).normal(mean, stddev, _shape(shape)), dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None, **_: Any
) -> Any:
    """Draw from a normal distribution again and again, until within two standard deviations."""
    generator = _generator(seed)
    x = generator.normal(size=_shape(shape))
    while (far := np.abs(x) > 2).any():
        x[far] = generator.normal(size=far.sum())
    return _array(mean + stddev * x, dtype)


def uniform(
    shape: Any,
    minval: Any = 0.0,
    maxval: Any = None,
    dtype: Any = None,
    seed: Any = None,
    **_: Any,
) -> Any:
    """Draw from ``minval`` to below ``maxval``, of a type of whole numbers such."""
    kind = np.dtype(dtype or floatx())
    if kind.kind in "iu":
        return _array(_generator(seed).integers(minval, maxval, _shape(shape)), kind)
    above = 1.0 if maxval is None else maxval
    return _array(_generator(seed).uniform(minval, above, _shape(shape)), kind)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw whole numbers from ``minval`` to below ``maxval``."""
    return uniform(shape, minval, maxval, dtype, seed)


def categorical(
    logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None, **_: Any
) -> Any:
    """Draw class numbers (N, num_samples) with probabilities ``softmax(logits)``."""
    share = np.cumsum(_ops.softmax(np.asarray(logits, np.float64)), axis=-1)
    drawn = _generator(seed).random((len(share), num_samples)) * share[:, -1:]
    return _array((drawn[:, :, None] >= share[:, None]).sum(-1), dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None, **_: Any) -> Any:
    """Return an array in a random order along an axis."""
    x = np.asarray(x)
    return tensor(np.take(x, _generator(seed).permutation(x.shape[axis]), axis))


def dropout(
    inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None
) -> Any:  # fmt: skip
    """Return the values, a share of them 0 and the others larger."""
    drawn = _generator(seed).random(inputs.shape if noise_shape is None else noise_shape)
    return inputs * ((drawn >= rate) / (1 - rate)).astype(inputs.dtype)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from a gamma distribution."""
    return _array(_generator(seed).gamma(alpha, size=_shape(shape)), dtype)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from a beta distribution."""
    return _array(_generator(seed).beta(alpha, beta, _shape(shape)), dtype)


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """Draw how often something of a probability happens."""
    whole = np.asarray(counts, np.int64)
    return _array(_generator(seed).binomial(whole, probabilities, _shape(shape)), dtype)


def poisson(shape: Any, lam: Any, dtype: Any = None, seed: Any = None, **_: Any) -> Any:
    """Draw from a Poisson distribution for each of ``lam``."""
    sizes = (*_shape(shape), *np.shape(lam))
    return _array(_generator(seed).poisson(lam, sizes), dtype)


missing.answer(__name__)
