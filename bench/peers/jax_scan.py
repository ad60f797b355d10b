"""JAX: lax.scan under jit, the input product before the loop. XLA's threads: see process.py."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..case import Case
from ..contestant import Contestant

jax.config.update("jax_enable_x64", True)  # nothing changes for float32 arrays


def contestant(case: Case, threads: int) -> Contestant | None:
    """JAX's entry."""
    if case.task not in ("inference", "training") or case.ragged or case.cell not in FORWARD:
        return None
    forward = FORWARD[case.cell]
    names = "x", "kernel", "recurrent_kernel", "bias"
    arguments = [jnp.asarray(case.data[n]) for n in names]
    if case.task == "inference":
        compiled = jax.jit(forward)
        return Contestant(lambda: jax.block_until_ready(compiled(*arguments)),
                          lambda y: {"y": np.asarray(y)})  # fmt: skip

    def train(dy: Any, *arguments: Any) -> Any:
        y, pull = jax.vjp(forward, *arguments)
        return y, *pull(dy)

    trained, dy = jax.jit(train), jnp.asarray(case.data["dy"])
    return Contestant(
        lambda: jax.block_until_ready(trained(dy, *arguments)),
        lambda out: dict(zip(["y", *(f"d{n}" for n in names)], map(np.asarray, out), strict=True)),
    )


def lstm(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> Any:
    def step(carry: Any, a: Any) -> Any:
        h, c = carry
        i, f, g, o = jnp.split(a + h @ recurrent_kernel, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[1], len(recurrent_kernel)), x.dtype)
    return jax.lax.scan(step, (zeros, zeros), x @ kernel + bias)[1]


def gru(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> Any:
    def step(h: Any, a: Any) -> Any:
        a_z, a_r, a_n = jnp.split(a, 3, axis=-1)
        b_z, b_r, b_n = jnp.split(h @ recurrent_kernel + bias[1], 3, axis=-1)
        z, r = jax.nn.sigmoid(a_z + b_z), jax.nn.sigmoid(a_r + b_r)
        h = z * h + (1 - z) * jnp.tanh(a_n + r * b_n)
        return h, h

    zeros = jnp.zeros((x.shape[1], len(recurrent_kernel)), x.dtype)
    return jax.lax.scan(step, zeros, x @ kernel + bias[0])[1]


def rnn(x: Any, kernel: Any, recurrent_kernel: Any, bias: Any) -> Any:
    def step(h: Any, a: Any) -> Any:
        h = jnp.tanh(a + h @ recurrent_kernel)
        return h, h

    zeros = jnp.zeros((x.shape[1], len(recurrent_kernel)), x.dtype)
    return jax.lax.scan(step, zeros, x @ kernel + bias)[1]


FORWARD = {"lstm": lstm, "gru": gru, "rnn": rnn}  # none for the reset before the product
