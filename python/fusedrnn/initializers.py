"""How weights start, as in Keras: ``initializer(shape, dtype)`` returns an array.

A layer takes an initializer by its name in snake case, as an object, as an array, or as a function
of (shape, dtype). Without a seed the global generator draws; see ``utils.set_random_seed``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from . import missing
from ._state import floatx, random_generator
from ._types import Array
from .checks import number, whole
from .configurable import Configurable, lookup

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "Initializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal",
    "VarianceScaling", "Zeros", "get",
]  # fmt: skip


class Initializer(Configurable):
    """Base class: a subclass has ``values(shape)``, or ``__call__(shape, dtype)``.

    Examples
    --------
    >>> class Steps(fusedrnn.initializers.Initializer):
    ...     def values(self, shape):
    ...         return np.arange(np.prod(shape)).reshape(shape)
    >>> Steps()((2, 2)).tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """

    module = "keras.initializers"

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """Return an array of ``shape`` filled with starting values."""
        return np.asarray(self.values(tuple(shape)), dtype or floatx())

    def values(self, shape: tuple[int, ...]) -> Array:
        """Return values of a shape.

        Parameters
        ----------
        shape : tuple of int

        Returns
        -------
        array
        """
        raise NotImplementedError


class Constant(Initializer):
    """Every value is ``value``.

    Parameters
    ----------
    value : float or array

    Examples
    --------
    >>> fusedrnn.initializers.Constant(2.0)((1, 2)).tolist()
    [[2.0, 2.0]]
    """

    def __init__(self, value: Any = 0.0) -> None:
        if isinstance(value, dict):  # how a file has an array
            value = np.array(value["config"]["value"], value["config"]["dtype"])
        self.value = value

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        return np.full(shape, self.value)


class Zeros(Constant):
    """Every value is 0.

    Examples
    --------
    >>> fusedrnn.initializers.Zeros()((1, 2)).tolist()
    [[0.0, 0.0]]
    """

    def __init__(self) -> None:
        super().__init__(0.0)


class Ones(Constant):
    """Every value is 1.

    Examples
    --------
    >>> fusedrnn.initializers.Ones()((1, 2)).tolist()
    [[1.0, 1.0]]
    """

    def __init__(self) -> None:
        super().__init__(1.0)


class _Random(Initializer):
    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else whole(type(self).__name__, "seed", seed, 0)

    def rng(self) -> np.random.Generator:
        return random_generator(self.seed)


class RandomNormal(_Random):
    """Normal values.

    Parameters
    ----------
    mean, stddev : float
    seed : int, optional

    Raises
    ------
    ValueError
        Of a negative ``stddev``.

    Examples
    --------
    >>> fusedrnn.initializers.RandomNormal(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean = number(type(self).__name__, "mean", mean)
        self.stddev = number(type(self).__name__, "stddev", stddev, 0)

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        return self.rng().normal(self.mean, self.stddev, shape)


class TruncatedNormal(RandomNormal):
    """Normal values, those beyond two standard deviations drawn again.

    Parameters
    ----------
    mean, stddev, seed
        As of :class:`RandomNormal`; ``stddev`` is that before the cut.

    Examples
    --------
    >>> values = fusedrnn.initializers.TruncatedNormal(stddev=1.0, seed=1)((50, 50))
    >>> bool(np.abs(values).max() <= 2)
    True
    """

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        rng = self.rng()
        z = rng.normal(size=shape)
        while (far := np.abs(z) > 2).any():
            z[far] = rng.normal(size=far.sum())
        return self.mean + self.stddev * z


class RandomUniform(_Random):
    """Uniform values.

    Parameters
    ----------
    minval, maxval : float
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.RandomUniform(seed=1)((2, 3)).shape
    (2, 3)
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval = number("RandomUniform", "minval", minval)
        self.maxval = number("RandomUniform", "maxval", maxval)

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        return self.minval + (self.maxval - self.minval) * self.rng().random(shape)


class VarianceScaling(_Random):
    """Values of mean 0 and variance ``scale / fan`` (Glorot and Bengio, 2010, He et al., 2015).

    The fans of an (in, out) kernel are its two sizes: for an LSTM kernel (I, 4H) the fan out is 4H;
    those of a convolution's (size, in, out) are both times the size.

    Parameters
    ----------
    scale : float
    mode : {"fan_in", "fan_out", "fan_avg"}
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
    seed : int, optional
    input_axes, output_axes : sequence of int, optional
        The axes whose sizes make up the fans instead.

    Raises
    ------
    ValueError
        Of another mode or distribution, or a scale that is not above 0.

    Examples
    --------
    >>> kernel = fusedrnn.initializers.VarianceScaling(2.0, "fan_in", seed=1)((100, 50))
    >>> print(kernel.var().round(3))
    0.02
    """

    distributions = ("truncated_normal", "untruncated_normal", "uniform", "normal")

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        if number("VarianceScaling", "scale", scale) <= 0:
            raise ValueError(f"Argument `scale` must be positive float. Received: scale={scale}")
        distribution = distribution.lower()
        for name, value, known in (
            ("mode", mode, ("fan_in", "fan_out", "fan_avg")),
            ("distribution", distribution, self.distributions),
        ):
            if value not in known:
                raise ValueError(
                    f"VarianceScaling: {name} is {value!r}. Invalid `{name}` argument: please use "
                    f"one of {', '.join(known)}"
                )
        self.scale, self.mode, self.distribution = scale, mode, distribution
        if distribution == "normal":
            self.distribution = "truncated_normal"
        self.input_axes, self.output_axes = input_axes, output_axes

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        fan_in, fan_out = shape[-2:] if len(shape) > 1 else (*shape, *shape, 1, 1)[:2]
        window = math.prod(shape[:-2])  # of a convolution
        fan_in, fan_out = fan_in * window, fan_out * window
        if self.input_axes is not None and self.output_axes is not None:
            fan_in = math.prod(shape[axis] for axis in self.input_axes)
            fan_out = math.prod(shape[axis] for axis in self.output_axes)
        fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        variance = self.scale / max(1.0, fans[self.mode])
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return self.rng().uniform(-limit, limit, shape)
        if self.distribution == "untruncated_normal":
            return self.rng().normal(0, math.sqrt(variance), shape)
        # a standard normal cut at 2 has this standard deviation
        normal = TruncatedNormal(0.0, math.sqrt(variance) / 0.87962566103423978, self.seed)
        return normal.values(shape)


class Scaled(_Random):
    """A variance scaling of its own name."""

    scaling: ClassVar[tuple[float, str, str]]  # scale, mode and distribution

    def values(self, shape: tuple[int, ...]) -> Array:
        return VarianceScaling(*self.scaling, seed=self.seed).values(shape)


class GlorotUniform(Scaled):
    """Uniform values of variance 1 / fan_avg (Glorot and Bengio, 2010).

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.GlorotUniform(seed=1)((3, 8)).shape
    (3, 8)
    """

    scaling = (1.0, "fan_avg", "uniform")


class GlorotNormal(Scaled):
    """Truncated normal values of variance 1 / fan_avg (Glorot and Bengio, 2010).

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.GlorotNormal(seed=1)((3, 8)).shape
    (3, 8)
    """

    scaling = (1.0, "fan_avg", "truncated_normal")


class HeUniform(Scaled):
    """Uniform values of variance 2 / fan_in (He et al., 2015).

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.HeUniform(seed=1)((3, 8)).shape
    (3, 8)
    """

    scaling = (2.0, "fan_in", "uniform")


class HeNormal(Scaled):
    """Truncated normal values of variance 2 / fan_in (He et al., 2015).

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.HeNormal(seed=1)((3, 8)).shape
    (3, 8)
    """

    scaling = (2.0, "fan_in", "truncated_normal")


class LecunUniform(Scaled):
    """Uniform values of variance 1 / fan_in (LeCun et al., 1998).

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.LecunUniform(seed=1)((3, 8)).shape
    (3, 8)
    """

    scaling = (1.0, "fan_in", "uniform")


class LecunNormal(Scaled):
    """Truncated normal values of variance 1 / fan_in (LeCun et al., 1998).

    Parameters
    ----------
    seed : int, optional

    Examples
    --------
    >>> fusedrnn.initializers.LecunNormal(seed=1)((3, 8)).shape
    (3, 8)
    """

    scaling = (1.0, "fan_in", "truncated_normal")


class Orthogonal(_Random):
    """Rows or columns orthonormal: the Q of a random normal matrix, R's diagonal made positive.

    Saxe et al. (2014). The last axis is that of the columns, all others are that of the rows.

    Parameters
    ----------
    gain : float
        Factor.
    seed : int, optional

    Examples
    --------
    >>> q = fusedrnn.initializers.Orthogonal(seed=1)((4, 2), "float64")
    >>> bool(np.allclose(q.T @ q, np.eye(2)))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = number("Orthogonal", "gain", gain)

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        rows, cols = math.prod(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(self.rng().normal(size=(max(rows, cols), min(rows, cols))))
        q *= np.sign(np.diag(r))
        return self.gain * (q if rows >= cols else q.T).reshape(shape)


class Identity(Initializer):
    """The identity matrix times ``gain``.

    Parameters
    ----------
    gain : float

    Examples
    --------
    >>> fusedrnn.initializers.Identity(2.0)((2, 2)).tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number("Identity", "gain", gain)

    def values(self, shape: tuple[int, ...]) -> Array:  # noqa: D102
        return self.gain * np.eye(shape[0], shape[1])


IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal

TABLE: dict[str, type[Initializer]] = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    # Keras's other spellings
    "uniform": RandomUniform,
    "normal": RandomNormal,
    "zero": Zeros,
    "one": Ones,
    "identity_initializer": Identity,
    "orthogonal_initializer": Orthogonal,
}


def get(identifier: Any) -> Any:
    """Return the initializer that a name, a config, an array or an object stands for.

    Parameters
    ----------
    identifier : str, dict, array, Initializer, class or callable

    Returns
    -------
    Initializer or callable

    Raises
    ------
    ValueError
        Of a name that is not known.
    TypeError
        Of what is no initializer.

    Examples
    --------
    >>> type(fusedrnn.initializers.get("he_normal")).__name__
    'HeNormal'
    """
    if isinstance(identifier, np.ndarray):
        return _same(identifier)
    return lookup("initializer", identifier, TABLE)


def _same(value: Array) -> Any:
    def initialize(shape: tuple[int, ...], dtype: Any = None) -> Array:
        if tuple(shape) != value.shape:
            raise ValueError(f"Expected `shape` to be {value.shape}. Received: {shape}")
        return np.array(value, dtype or floatx())

    return initialize


missing.answer(__name__)
