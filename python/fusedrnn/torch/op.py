"""The fused kernels on torch tensors: a function of autograd, and the same as a custom operator.

Eager code calls an ``autograd.Function``; whatever traces (``torch.compile``, ``torch.export``, a
dispatch mode) gets the operator ``fusedrnn::recurrent``, which stays one node of the graph. The
function costs a third of what the operator does: 11 us a call against 34.

Letters as everywhere: T steps, N batch, I input features, H hidden units, G gates. Weights are
``(weight_ih (GH, I), weight_hh (GH, H)[, bias_ih, bias_hh])`` in layout "torch", with GRU gates
r z n, or ``(kernel (I, GH), recurrent_kernel (H, GH)[, bias])`` in layout "keras", the core's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from .. import _core, runtime
from .._types import Array

Arrays = Sequence[Array]
Tensors = Sequence[Tensor]
Masks = Sequence[Tensor | None]  # lengths (N,), mask (N, T), recurrent_mask (G, N, H)

_MASKS = "lengths", "mask", "recurrent_mask"
_NO_MASKS: Masks = (None, None, None)


class Call(NamedTuple):
    """What to compute, apart from the tensors."""

    cell: str  # "lstm" or "gru"
    layout: str  # of the weights: "torch" or "keras"
    reverse: bool = False
    time_major: bool = True
    reset_after: bool = True  # of a GRU
    activation: str = "tanh"  # of the candidate, as `functional` has them

    @property
    def options(self) -> dict[str, Any]:
        """Arguments of the core that say which form of the cell it is."""
        if self.cell == "lstm":
            return {"activation": self.activation}
        order = "rzn" if self.layout == "torch" else "zrn"
        return {"activation": self.activation, "reset_after": self.reset_after, "gate_order": order}


@cache
def _arguments(call: Call, training: bool) -> dict[str, Any]:
    """Return the arguments of the core that are not arrays."""
    flags = {"reverse": call.reverse, "time_major": call.time_major, "training": training}
    return flags | call.options


def recurrent(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors = (),
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    recurrent_mask: Tensor | None = None,
    arrays: Arrays | None = None,
) -> Tensors:
    """Run one layer in one direction, with gradients for `x`, `weights` and `states`.

    Parameters
    ----------
    x : (T, N, I) tensor, or (N, T, I) unless ``call.time_major``
    weights : tensors
        In the layout ``call.layout``.
    states : (N, H) or (1, N, H) tensors
        ``(h0, c0)`` or ``(h0,)``; none for zeros.
    lengths : (N,) integer tensor, optional
    mask : (N, T) bool tensor, optional
    recurrent_mask : (G, N, H) tensor, optional
        All as in :func:`fusedrnn.functional.lstm`, and without gradients.
    arrays : list of arrays, optional
        The memory of `weights`, from a caller who keeps it and runs rather than records.

    Returns
    -------
    y : tensor of the layout of `x`, with H features
    h_n[, c_n] : (1, N, H) tensors
        As torch has them for one layer; the axis costs nothing here and an operation outside.
    """
    masks = _NO_MASKS
    if lengths is not None or mask is not None or recurrent_mask is not None:
        masks = lengths, mask, recurrent_mask
    training = torch.is_grad_enabled() and any([t.requires_grad for t in (x, *weights, *states)])
    if arrays is None and traced():
        flags = (call.reverse, call.time_major, call.reset_after, call.activation, training)
        return operator(call.cell, call.layout, x, list(weights), list(states), *masks, *flags)[:-1]
    if training:
        return apply((call, len(weights), masks, arrays), x, *weights, *states)
    return forward(call, x, weights, states, masks, arrays, training=False)[0]


def traced() -> bool:
    """Return whether someone records the operations rather than runs them."""
    # The latter two are what torch.jit.is_tracing and torch.utils's _get_current_dispatch_mode ask.
    return bool(
        torch.compiler.is_compiling()
        or torch._C._is_tracing()
        or torch._C._len_torch_dispatch_stack()
    )


def torch_is_faster(steps: int, gates: int, I: int, H: int) -> bool:
    """Return whether torch runs so few steps, with gradients of weights so large, faster.

    Packing the weights and unpacking their gradients then is most of the work. Measured on one
    thread: from H = 128 for one step of a GRU, 3 steps at H = 256, 6 at H = 1024.
    ``torch.nn.LSTM``, which takes oneDNN's path, is the slower one for any number of steps.
    """
    return steps <= (gates * H * (I + H)).bit_length() - 16


# Tensors <-> the core -----------------------------------------------------------------------------


def array(t: Tensor) -> Array:
    """Return the tensor's memory as an array, or a copy of what has the negative bit set."""
    return t.numpy(force=True)


def follow_torch_threads() -> None:
    """Give the core as many threads as torch has."""
    n = torch.get_num_threads()
    if n != _core.num_threads():
        runtime.set_num_threads(n)


def to_core(call: Call, arrays: Arrays) -> tuple[Array, Array, Array | None]:
    """Return kernel (I, GH), recurrent kernel (H, GH) and the bias of the core."""
    kernel, recurrent_kernel, *biases = arrays
    if call.layout == "keras":
        return kernel, recurrent_kernel, biases[0] if biases else None
    if not biases:
        return kernel.T, recurrent_kernel.T, None
    bias = biases[0] + biases[1] if call.cell == "lstm" else np.concatenate(biases).reshape(2, -1)
    return kernel.T, recurrent_kernel.T, bias


def from_core(
    call: Call, dkernel: Array, drecurrent_kernel: Array, dbias: Array | None
) -> list[Array]:
    """Return the gradients in the layout of the weights."""
    if call.layout == "keras":
        return (
            [dkernel, drecurrent_kernel] if dbias is None else [dkernel, drecurrent_kernel, dbias]
        )
    if dbias is None:
        return [dkernel.T, drecurrent_kernel.T]
    # The LSTM's two biases are added up: each gets the whole gradient.
    dbiases = (dbias, dbias.copy()) if call.cell == "lstm" else dbias
    return [dkernel.T, drecurrent_kernel.T, *dbiases]


def forward(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors,
    masks: Masks,
    arrays: Arrays | None = None,
    *,
    training: bool,
) -> tuple[list[Tensor], Any]:
    """Return the results as tensors, and the tape or None."""
    follow_torch_threads()
    arguments = _arguments(call, training)
    if masks is not _NO_MASKS:
        given = {k: array(m) for k, m in zip(_MASKS, masks, strict=True) if m is not None}
        arguments = arguments | given
    y, *finals = (_core.lstm if call.cell == "lstm" else _core.gru)(
        array(x),
        *to_core(call, arrays or [array(w) for w in weights]),
        *[array(s).reshape(s.shape[-2:]) for s in states],
        **arguments,
    )
    tape = finals.pop() if training else None
    return [torch.from_numpy(y), *[torch.from_numpy(a[None]) for a in finals]], tape


def backward(
    call: Call, tape: Any, gradients: Sequence[Tensor | None], need_dx: bool, states: Tensors
) -> tuple[Tensor | None, list[Tensor], list[Tensor]]:
    """Return the gradients of x, of the weights and of the states."""
    follow_torch_threads()
    dy, *dfinals = gradients
    dx, dkernel, drecurrent_kernel, dbias, *dstates = (
        _core.lstm_backward if call.cell == "lstm" else _core.gru_backward
    )(
        tape,
        None if dy is None else array(dy),
        *[None if d is None else array(d)[0] for d in dfinals],
        need_dx=need_dx,
    )
    return (
        None if dx is None else torch.from_numpy(dx),
        [torch.from_numpy(g) for g in from_core(call, dkernel, drecurrent_kernel, dbias)],
        [torch.from_numpy(g.reshape(s.shape)) for g, s in zip(dstates, states, strict=False)],
    )


# The tape travels as an attribute of an empty tensor among the saved ones: it lives exactly as long
# as torch keeps what it saved. If the tensor comes back as a copy (saved-tensor hooks, compiled
# graphs), the tape is made anew by a second forward pass.


class HeldTape:
    """A tape that may be pickled with its tensor, and then comes back as an empty set.

    PyTorch's safe loader admits sets.
    """

    __slots__ = ("tape",)

    def __init__(self, tape: Any) -> None:
        self.tape = tape

    def __reduce__(self) -> tuple[Any, ...]:
        return set, ()


def hold(tape: Any, holder: Tensor) -> Tensor:
    """Return the empty tensor `holder`, now with the tape."""
    holder.held = HeldTape(tape)
    return holder


with torch.inference_mode(False):  # whoever imports this module, and wherever
    _EMPTY = torch.empty(0, device="cpu")


def held(holder: Tensor, call: Call, *inputs: Any) -> Any:
    """Return the tape of `holder`, or run the forward pass of `inputs` for it."""
    kept = getattr(holder, "held", None)
    return kept.tape if kept else forward(call, *inputs, training=True)[1]


# Eager: a function of autograd --------------------------------------------------------------------


class Recurrent(torch.autograd.Function):
    """:func:`recurrent` for autograd."""

    @staticmethod
    def forward(ctx: Any, job: Any, x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Run the layer and keep the tape; `job` is call, number of weights, masks, arrays."""
        call, n, masks, arrays = job
        results, tape = forward(call, x, tensors[:n], tensors[n:], masks, arrays, training=True)
        ctx.call, ctx.n_weights = call, n
        ctx.save_for_backward(hold(tape, _EMPTY.detach()), x, *tensors, *masks)
        ctx.set_materialize_grads(False)
        return tuple(results)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        """Go back over the tape, or with ``create_graph`` over differentiable operations."""
        call, n = ctx.call, ctx.n_weights
        holder, x, *tensors = ctx.saved_tensors
        weights, states, masks = tensors[:n], tensors[n:-3], tensors[-3:]
        # create_graph=True, or gradients of several losses at once, which have no memory of one
        batched = any([g is not None and not torch._C._has_storage(g) for g in gradients])
        if torch.is_grad_enabled() or batched:
            needed = ctx.needs_input_grad[1:]
            with torch.enable_grad():
                return None, *differentiable_backward(
                    call, x, weights, states, masks, gradients, needed
                )
        tape = held(holder, call, x, weights, states, masks)
        dx, dweights, dstates = backward(call, tape, gradients, ctx.needs_input_grad[1], states)
        return None, dx, *dweights, *dstates


# Without what `Function.apply` does for torch.func, where this is not called: 4 us less.
apply = super(torch.autograd.Function, Recurrent).apply


def differentiable_backward(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors,
    masks: Masks,
    gradients: Sequence[Tensor | None],
    needed: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradients of x, weights and states as differentiable functions of them."""
    # Aliases: a weight that x depends on must not get the gradient that goes through x.
    aliases = [t.view_as(t) for t in (x, *weights, *states)]
    ax, aw, ast = aliases[0], aliases[1 : 1 + len(weights)], aliases[1 + len(weights) :]
    results = composed(call, ax, aw, ast, masks)
    pairs = [(r, g) for r, g in zip(results, gradients, strict=True) if g is not None]
    wanted = [a for a, n in zip(aliases, needed, strict=True) if n]
    found = iter(
        torch.autograd.grad(
            [r for r, _ in pairs], wanted, [g for _, g in pairs], create_graph=True,
            allow_unused=True,
        )
    )  # fmt: skip
    return [next(found) if n else None for n in needed]


_ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": torch.positive,
}


def composed(
    call: Call,
    x: Tensor,
    weights: Tensors,
    states: Tensors,
    masks: Masks = (None, None, None),
) -> list[Tensor]:
    """Return what :func:`recurrent` does, from torch's own operations: for second derivatives."""
    lengths, mask, recurrent_mask = masks
    kernel, recurrent_kernel, b, rb = _composed_weights(call, weights)
    x = x if call.time_major else x.transpose(0, 1)
    (T, N), H = x.shape[:2], recurrent_kernel.shape[0]
    zeros = [x.new_zeros(N, H)] * (2 if call.cell == "lstm" else 1)
    h, *c = [s.reshape(N, H) for s in states] or zeros
    valid = torch.ones(T, N, dtype=torch.bool)
    if lengths is not None:
        valid &= torch.arange(T)[:, None] < lengths
    ended = ~valid
    if mask is not None:
        valid &= mask.t()
    xw = x @ kernel + b
    columns = recurrent_kernel.split(H, 1)
    drops = [1.0] * len(columns) if recurrent_mask is None else list(recurrent_mask)

    squash = _ACTIVATIONS[call.activation]

    def product(h: Tensor) -> Tensor:
        return torch.cat([h * m @ w for m, w in zip(drops, columns, strict=True)], 1) + rb

    y = x.new_zeros(N, H)
    ys: list[Tensor] = []
    for t in reversed(range(T)) if call.reverse else range(T):
        on = valid[t, :, None]
        if call.cell == "lstm":
            i, f, g, o = (xw[t] + product(h)).chunk(4, 1)
            new_c = f.sigmoid() * c[0] + i.sigmoid() * squash(g)
            new_h = o.sigmoid() * squash(new_c)
            c = [torch.where(on, new_c, c[0])]
        else:
            xz, xr, xn = xw[t].chunk(3, 1)
            hz, hr, hn = product(h).chunk(3, 1)
            z, r = (xz + hz).sigmoid(), (xr + hr).sigmoid()
            if not call.reset_after:
                hn, r = (r * h * drops[2]) @ columns[2], torch.ones_like(r)
            new_h = z * h + (1 - z) * squash(xn + r * hn)
        h, y = torch.where(on, new_h, h), torch.where(on, new_h, y)
        ys.append(torch.where(ended[t, :, None], torch.zeros_like(y), y))
    out = torch.stack(ys[::-1] if call.reverse else ys)
    return [out if call.time_major else out.transpose(0, 1), *(s[None] for s in (h, *c))]


def _composed_weights(call: Call, weights: Tensors) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return kernel, recurrent kernel and the biases of the two products."""
    zero = weights[0].new_zeros(())
    if call.layout == "torch":
        if call.cell == "gru":
            weights = [torch.cat([w.chunk(3)[k] for k in (1, 0, 2)]) for w in weights]
        b, rb = weights[2:] or (zero, zero)
        return weights[0].t(), weights[1].t(), b, rb
    if len(weights) == 2:
        return weights[0], weights[1], zero, zero
    bias = weights[2]
    return weights[0], weights[1], *((bias, zero) if bias.ndim == 1 else bias)


# Traced: the operator -----------------------------------------------------------------------------

_FLAGS = "bool reverse, bool time_major, bool reset_after, str activation"


@torch.library.custom_op(
    "fusedrnn::recurrent",
    mutates_args=(),
    schema="(str cell, str layout, Tensor x, Tensor[] weights, Tensor[] states, Tensor? lengths, "
    f"Tensor? mask, Tensor? recurrent_mask, {_FLAGS}, bool training) -> Tensor[]",
)
def operator(
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, training: bool,
) -> list[Tensor]:  # fmt: skip
    """Return y, h_n[, c_n], and a tensor that holds the tape."""
    call = Call(cell, layout, reverse, time_major, reset_after, activation)
    masks = lengths, mask, recurrent_mask
    results, tape = forward(call, x, weights, states, masks, training=training)
    return [*results, hold(tape, x.new_empty(0))]


@operator.register_fake
def _(
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, training: bool,
) -> list[Tensor]:  # fmt: skip
    H = weights[1].shape[1 if layout == "torch" else 0]
    N = x.shape[1 if time_major else 0]
    finals = [x.new_empty(1, N, H) for _ in range(2 if cell == "lstm" else 1)]
    return [x.new_empty(*x.shape[:2], H), *finals, x.new_empty(0)]


@torch.library.custom_op(
    "fusedrnn::recurrent_backward",
    mutates_args=(),
    schema="(Tensor holder, Tensor[] gradients, str cell, str layout, Tensor x, Tensor[] weights, "
    "Tensor[] states, Tensor? lengths, Tensor? mask, Tensor? recurrent_mask, "
    f"{_FLAGS}, bool need_dx) -> Tensor[]",
)
def backward_operator(
    holder: Tensor, gradients: list[Tensor],
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, need_dx: bool,
) -> list[Tensor]:  # fmt: skip
    """Return the gradients of x (empty unless `need_dx`), the weights and the states."""
    call = Call(cell, layout, reverse, time_major, reset_after, activation)
    tape = held(holder, call, x, weights, states, (lengths, mask, recurrent_mask))
    dx, dweights, dstates = backward(call, tape, gradients, need_dx, states)
    return [x.new_empty(0) if dx is None else dx, *dweights, *dstates]


@backward_operator.register_fake
def _(
    holder: Tensor, gradients: list[Tensor],
    cell: str, layout: str, x: Tensor, weights: list[Tensor], states: list[Tensor],
    lengths: Tensor | None, mask: Tensor | None, recurrent_mask: Tensor | None,
    reverse: bool, time_major: bool, reset_after: bool, activation: str, need_dx: bool,
) -> list[Tensor]:  # fmt: skip
    dx = x.new_empty(x.shape if need_dx else 0)
    return [dx, *(t.new_empty(t.shape) for t in (*weights, *states))]


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: list[Tensor]) -> None:
    cell, layout, x, weights, states, lengths, mask, recurrent_mask, *flags, _ = inputs
    ctx.mark_non_differentiable(output[-1])  # or it is saved as a copy, without the tape
    ctx.options, ctx.flags, ctx.n_weights = (cell, layout), flags, len(weights)
    ctx.save_for_backward(output[-1], x, lengths, mask, recurrent_mask, *weights, *states)


def _operator_backward(ctx: Any, gradients: list[Tensor]) -> tuple[Any, ...]:
    holder, x, *saved = ctx.saved_tensors
    masks, tensors = saved[:3], saved[3:]
    weights, states = tensors[: ctx.n_weights], tensors[ctx.n_weights :]
    need_dx = ctx.needs_input_grad[2]
    dx, *rest = backward_operator(
        holder, list(gradients[:-1]), *ctx.options, x, weights, states, *masks, *ctx.flags, need_dx
    )  # fmt: skip
    return (
        None, None, dx if need_dx else None, rest[: len(weights)], rest[len(weights) :],
        *[None] * 8,
    )  # fmt: skip


operator.register_autograd(_operator_backward, setup_context=_setup_context)
