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
    """Seeds, a new one whenever random numbers are drawn with it.

    Parameters
    ----------
    seed : int, optional
        By default another one each time.
    name : str, optional
        Accepted.
    **kwargs
        Accepted.

    Examples
    --------
    >>> seeds = fusedrnn.random.SeedGenerator(1)
    >>> seeds.next() != seeds.next()
    True
    """

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
    """Draw from a normal distribution.

    Parameters
    ----------
    shape : tuple of int
    mean, stddev : float or array
    dtype : str, optional
        By default ``backend.floatx()``.
    seed : int or SeedGenerator, optional
        By default the global generator draws; see ``utils.set_random_seed``.
    **_
        Accepted, as TensorFlow's ``name``.

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> fusedrnn.random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _array(_generator(seed).normal(mean, stddev, _shape(shape)), dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None, **_: Any
) -> Any:
    """Draw from a normal distribution again and again, until within two standard deviations.

    Parameters
    ----------
    shape, mean, stddev, dtype, seed, **_
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> bool(np.abs(fusedrnn.random.truncated_normal((100,), seed=1)).max() <= 2)
    True
    """
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
    """Draw evenly from ``minval`` to below ``maxval``, whole numbers of a type of these.

    Parameters
    ----------
    shape : tuple of int
    minval, maxval : number or array
        ``maxval`` is 1 by default.
    dtype, seed, **_
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> fusedrnn.random.uniform((2, 3), seed=1).shape
    (2, 3)
    """
    kind = np.dtype(dtype or floatx())
    if kind.kind in "iu":
        return _array(_generator(seed).integers(minval, maxval, _shape(shape)), kind)
    above = 1.0 if maxval is None else maxval
    return _array(_generator(seed).uniform(minval, above, _shape(shape)), kind)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Any:
    """Draw whole numbers from ``minval`` to below ``maxval``.

    Parameters
    ----------
    shape : tuple of int
    minval, maxval : int or array
    dtype : str
    seed : int or SeedGenerator, optional

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> fusedrnn.random.randint((3,), 5, 6).tolist()
    [5, 5, 5]
    """
    return uniform(shape, minval, maxval, dtype, seed)


def categorical(
    logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None, **_: Any
) -> Any:
    """Draw class numbers with probabilities ``softmax(logits)``.

    Parameters
    ----------
    logits : (N, classes) array
    num_samples : int
    dtype : str
    seed, **_
        As of :func:`normal`.

    Returns
    -------
    (N, num_samples) Tensor

    Examples
    --------
    >>> fusedrnn.random.categorical([[0.0, 50.0]], 3).tolist()
    [[1, 1, 1]]
    """
    share = np.cumsum(_ops.softmax(np.asarray(logits, np.float64)), axis=-1)
    drawn = _generator(seed).random((len(share), num_samples)) * share[:, -1:]
    return _array((drawn[:, :, None] >= share[:, None]).sum(-1), dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None, **_: Any) -> Any:
    """Return an array in a random order along an axis.

    Parameters
    ----------
    x : array
    axis : int
    seed, **_
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of the shape of ``x``.

    Examples
    --------
    >>> sorted(fusedrnn.random.shuffle([1, 2, 3]).tolist())
    [1, 2, 3]
    """
    x = np.asarray(x)
    return tensor(np.take(x, _generator(seed).permutation(x.shape[axis]), axis))


def dropout(
    inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None
) -> Any:  # fmt: skip
    """Return the values, a share of them 0 and the others divided by the rest.

    Parameters
    ----------
    inputs : array
    rate : float
        The share.
    noise_shape : tuple of int, optional
        Shape of what is drawn, which broadcasts.
    seed : int or SeedGenerator, optional

    Returns
    -------
    array
        Of the shape of ``inputs``.

    Examples
    --------
    >>> fusedrnn.random.dropout(np.ones(4), 0.0).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    drawn = _generator(seed).random(inputs.shape if noise_shape is None else noise_shape)
    return inputs * ((drawn >= rate) / (1 - rate)).astype(inputs.dtype)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from a gamma distribution of scale 1.

    Parameters
    ----------
    shape : tuple of int
    alpha : float or array
        Its shape parameter.
    dtype, seed
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> fusedrnn.random.gamma((2, 3), 2.0, seed=1).shape
    (2, 3)
    """
    return _array(_generator(seed).gamma(alpha, size=_shape(shape)), dtype)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Draw from a beta distribution.

    Parameters
    ----------
    shape : tuple of int
    alpha, beta : float or array
    dtype, seed
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> fusedrnn.random.beta((2, 3), 2.0, 3.0, seed=1).shape
    (2, 3)
    """
    return _array(_generator(seed).beta(alpha, beta, _shape(shape)), dtype)


def binomial(
    shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None
) -> Any:
    """Draw how often something of a probability happens.

    Parameters
    ----------
    shape : tuple of int
    counts : int or array
        Out of how many.
    probabilities : float or array
    dtype, seed
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of ``shape``.

    Examples
    --------
    >>> fusedrnn.random.binomial((2,), 5, 1.0).tolist()
    [5.0, 5.0]
    """
    whole = np.asarray(counts, np.int64)
    return _array(_generator(seed).binomial(whole, probabilities, _shape(shape)), dtype)


def poisson(shape: Any, lam: Any, dtype: Any = None, seed: Any = None, **_: Any) -> Any:
    """Draw from a Poisson distribution for each of ``lam``.

    Parameters
    ----------
    shape : tuple of int
    lam : float or array
    dtype, seed, **_
        As of :func:`normal`.

    Returns
    -------
    Tensor
        Of ``shape`` and the shape of ``lam``, one after the other.

    Examples
    --------
    >>> fusedrnn.random.poisson((2,), [1.0, 2.0, 3.0], seed=1).shape
    (2, 3)
    """
    sizes = (*_shape(shape), *np.shape(lam))
    return _array(_generator(seed).poisson(lam, sizes), dtype)


missing.answer(__name__)
