"""What networks are trained on beside the losses of one output a step: several, or a link.

A function takes what is true, (n, steps), and what a network says, (n, steps) or several of these
side by side, and returns a loss a window; `autodiff` takes its derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._types import Float32Array
from ..settings import QUANTILES, Loss

POWER = 1.5
"""Of the mean that the variance grows with: between Poisson's 1 and the gamma distribution's 2."""


@dataclass(frozen=True)
class Head:
    """The outputs of a network, what it is trained on, and the forecast that they are."""

    loss: str | Callable[[Any, Any], Any]
    point: Callable[[Float32Array], Float32Array] = lambda outputs: outputs
    """Returns (n, steps) of (n, steps of the head)."""


def pinball(t: Any, p: Any) -> Any:
    """Average the pinball losses of `QUANTILES` (Koenker and Bassett, 1978).

    Of the median alone it would be half the absolute error, and training the same; several at once
    are the MQ-RNN's (Wen et al., 2017).
    """
    quantiles = np.repeat(np.array(QUANTILES, np.float32), t.shape[-1])
    miss = np.concatenate([t] * len(QUANTILES), axis=-1) - p
    return np.mean(np.maximum(quantiles * miss, (quantiles - 1) * miss), axis=-1)


def median(outputs: Float32Array) -> Float32Array:
    """Return the middle one of the quantiles."""
    return np.split(outputs, len(QUANTILES), axis=-1)[len(QUANTILES) // 2]


def tweedie(t: Any, p: Any) -> Any:
    """Return half the Tweedie deviance of the mean ``exp(p)``, but for what is no function of it.

    ``exp((2 - q) p) / (2 - q) - t exp((1 - q) p) / (1 - q)`` (Jorgensen, "Exponential dispersion
    models", 1987), q being `POWER`: the sum of a Poisson number of sales of gamma sizes, and so
    with many zeros.
    """
    return np.mean(
        np.exp((2 - POWER) * p) / (2 - POWER) - t * np.exp((1 - POWER) * p) / (1 - POWER), axis=-1
    )


def zero_inflated(t: Any, p: Any) -> Any:
    """Return the likelihood, minus its logarithm, of sales that are 0 or exponentially distributed.

    The first block of outputs is the logit of any sales, the second the logarithm of their mean
    (a hurdle model: Cragg, 1971).
    """
    steps = t.shape[-1]
    logit, size = p[..., :steps], p[..., steps:]
    sold = (t > 0).astype(np.float32)
    often = np.maximum(logit, 0) + np.log1p(np.exp(-np.abs(logit))) - sold * logit
    return np.mean(often + sold * size + t * np.exp(-size), axis=-1)


def mean_sales(outputs: Float32Array) -> Float32Array:
    """Return the mean of what `zero_inflated` has outputs of."""
    logit, size = np.split(outputs, 2, axis=-1)
    return np.asarray(np.exp(size) / (1 + np.exp(-logit)), np.float32)


HEADS: dict[Loss, Head] = {
    "mae": Head("mae"),
    "huber": Head("huber"),
    "mse": Head("mse"),
    "quantile": Head(pinball, median),
    "tweedie": Head(tweedie, np.exp),
    "zero-inflated": Head(zero_inflated, mean_sales),
}
