"""What :mod:`fusedrnn.keras_backend` needs of Keras's JAX backend."""

from __future__ import annotations

from typing import Any

import jax

import fusedrnn.jax as fused

FUNCTIONS = (jax.numpy, jax.nn)
"""Where activations may come from, besides Keras."""


def check() -> None:
    """Raise ImportError unless the core has its calls for JAX."""
    fused.check()


def own_is_faster(sequences: Any, cell: Any) -> bool:
    """Return whether Keras's loop is the faster one."""
    return False


def takes(x: Any) -> bool:
    """Return whether the kernels can run on an input."""
    return jax.default_backend() == "cpu" and 0 not in x.shape


def copy(state: Any) -> Any:
    """Return a state: arrays of JAX are never assigned to."""
    return state


def run(
    cell: str, x: Any, weights: Any, states: Any, mask: Any, recurrent_mask: Any, *,
    reset_after: bool, **options: Any,
) -> Any:  # fmt: skip
    """Run a cell: y (N, T, H) and the final states (N, H)."""
    if cell == "gru":
        options["reset_after"] = reset_after
    bias = weights[2] if len(weights) > 2 else None
    return getattr(fused, cell)(
        x, *weights[:2], bias, *states, mask=mask, recurrent_mask=recurrent_mask, **options
    )
