"""Fused LSTM, GRU and RNN on NumPy arrays: forward, backward, packed inference, single steps.

Shapes use the letters T steps, N batch, I input features, H hidden units. Sequences are (N, T, I),
or (T, N, I) with ``time_major=True``; only their last axis must be contiguous, so a view of windows
is taken as it is. All arrays of a call are float32, or all float64. Weights have Keras's layout:
``kernel (I, GH)``, ``recurrent_kernel (H, GH)``, with the gates ``i f g o`` (LSTM) or ``z r n``
(GRU) side by side, G = 1 for the RNN, in C or Fortran order: the transposed weights of PyTorch,
``weight.T``, are read as they are, and their gradients have the same order. The mathematics is in
:mod:`fusedrnn.reference`.

The classes ``Packed...`` and ``...Step`` hold a copy of their weights: what changes in the arrays
that they were made from, or in the tensors of PyTorch behind these, does not reach them. A call of
a ``Packed...`` with ``training=True`` returns a tape as the functions do, for many calls that share
weights, such as the steps of a decoder: these are packed once, for the backward passes too.

The same classes take ``weights="bfloat16"``, for arrays of float32: kernel and recurrent kernel are
kept in bfloat16, in half the memory. A single row waits for its weights: a step of 256 units and as
many inputs is 1.5 times as fast, of 512 1.6 to 2.0, of 1024 2.3 to 3, and batches of 16 rows and
more are 0.94 to 1.0 times as fast (one thread of a Zen 3). Everything else stays float32: inputs,
states, the bias, sums and activations. Each weight is rounded to nearest, ties to even: by 2^-8 of
it at the most, beyond 3.39e38 to infinity; infinity and NaN stay what they are. Results are, to the
bit, those of float32 with weights that were rounded before. Against weights that were not, outputs
of layers with 64 to 1024 units whose weights are as large as those of the initializers of PyTorch
and Keras were wrong by 0.16 to 0.24 % in the root mean square, the LSTM's by 0.0025 at the most,
the GRU's by 0.005, the RNN's by 0.012, after 200 steps as after 50; weights twice as large make
that two to three times as much, five times for the RNN. There are no gradients: ``training=True``
is refused.
``weights`` of such an object says the type, ``nbytes`` what the packed weights take.

A tape of an LSTM or a GRU has what the gates were at each step: ``tape.gates()`` is a dictionary of
arrays in the layout of the outputs. Of an LSTM these are ``i`` input gate, ``f`` forget gate, ``g``
candidate, ``o`` output gate and ``c``, the cell state after the step; of a GRU ``z`` update gate,
in the reading that was asked for, ``r`` reset gate and ``n`` candidate. They stand where the step's
input is, also with `reverse`; where there was no step, after a row's end or by the mask, they are
NaN. ``layers.LSTM.gates`` and ``layers.GRU.gates`` are the same for a trained model.

Arguments that do not fit raise ``ValueError`` (shapes, values) or ``TypeError`` (types, dtypes)
that name the function and the argument.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from . import _core
from ._core import (
    GRUStep,
    GRUTape,
    LSTMStep,
    LSTMTape,
    PackedGRU,
    PackedLSTM,
    PackedRNN,
    RNNStep,
    RNNTape,
)
from ._types import Array

__all__ = [
    "GRUStep",
    "GRUTape",
    "LSTMStep",
    "LSTMTape",
    "PackedGRU",
    "PackedLSTM",
    "PackedRNN",
    "RNNStep",
    "RNNTape",
    "dense",
    "dense_backward",
    "gru",
    "gru_backward",
    "lstm",
    "lstm_backward",
    "rnn",
    "rnn_backward",
]

if TYPE_CHECKING:
    from typing_extensions import Unpack

Activation = Literal["tanh", "relu", "sigmoid", "linear"]
UpdateGate = Literal["keep", "write"]
GateOrder = Literal["zrn", "rzn"]


class _Options(TypedDict, total=False):
    """What does not change the types of the results."""

    activation: Activation
    lengths: Array | None
    mask: Array | None
    reverse: bool
    time_major: bool
    recurrent_mask: Array | None


class _GRUOptions(_Options, total=False):
    reset_after: bool
    update_gate: UpdateGate
    gate_order: GateOrder


@overload
def lstm(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., c0: Array | None = ..., *,
    training: Literal[False] = ..., return_sequences: Literal[True] = ...,
    **options: Unpack[_Options],
) -> tuple[Array, Array, Array]: ...  # fmt: skip
@overload
def lstm(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., c0: Array | None = ..., *,
    training: Literal[False] = ..., return_sequences: Literal[False],
    **options: Unpack[_Options],
) -> tuple[None, Array, Array]: ...  # fmt: skip
@overload
def lstm(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., c0: Array | None = ..., *,
    training: Literal[True], return_sequences: Literal[True] = ...,
    **options: Unpack[_Options],
) -> tuple[Array, Array, Array, LSTMTape]: ...  # fmt: skip
@overload
def lstm(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., c0: Array | None = ..., *,
    training: Literal[True], return_sequences: Literal[False],
    **options: Unpack[_Options],
) -> tuple[None, Array, Array, LSTMTape]: ...  # fmt: skip
@overload
def lstm(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., c0: Array | None = ..., *,
    training: bool = ..., return_sequences: bool = ...,
    **options: Unpack[_Options],
) -> tuple[Any, ...]: ...  # fmt: skip
def lstm(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    c0: Array | None = None,
    *,
    activation: Activation = "tanh",
    lengths: Array | None = None,
    mask: Array | None = None,
    reverse: bool = False,
    time_major: bool = False,
    training: bool = False,
    return_sequences: bool = True,
    recurrent_mask: Array | None = None,
) -> Any:
    """Run an LSTM over a batch of sequences.

    Parameters
    ----------
    x : (N, T, I) array, or (T, N, I) if `time_major`
    kernel : (I, 4H) array
    recurrent_kernel : (H, 4H) array
    bias : (4H,) array, optional
    h0, c0 : (N, H) arrays, optional
        Initial states; zeros if absent.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        Of the candidate and of the cell state; the gates are logistic.
    lengths : (N,) integers in [0, T], optional
        Steps of each row. Outputs after the end are zero, final states are those at the end.
    mask : (N, T) bool, optional
        False where a step is skipped, as in Keras: the states are carried and the output repeats
        the last one, zero before the first.
    reverse : bool
        Run from the last step to the first. `y` stays aligned with `x`; with `lengths`, only the
        valid part of a row is reversed.
    training : bool
        Also return the tape that :func:`lstm_backward` needs. Until then, neither `x` nor the
        weights may be changed in place.
    return_sequences : bool
        If False, `y` is None and costs nothing.
    recurrent_mask : (4, N, H) array, optional
        Recurrent dropout, as in Keras: the recurrent product of gate g has the previous `h` times
        ``recurrent_mask[g]``, the same at all steps. Usually 0 or 1 / (1 - rate).

    Returns
    -------
    y : (N, T, H) array, or (T, N, H), or None
    h_n, c_n : (N, H) arrays
    tape : LSTMTape
        Only if `training`.
    """
    return _core.lstm(
        x, kernel, recurrent_kernel, bias, h0, c0, activation=activation,
        lengths=lengths, mask=mask, reverse=reverse, time_major=time_major,
        training=training, return_sequences=return_sequences, recurrent_mask=recurrent_mask,
    )  # fmt: skip


def lstm_backward(
    tape: LSTMTape,
    dy: Array | None = None,
    dh_n: Array | None = None,
    dc_n: Array | None = None,
    *,
    need_dx: bool = True,
    out: tuple[Array, Array, Array | None] | None = None,
) -> tuple[Array | None, Array, Array, Array | None, Array, Array]:
    """Gradients of a loss through :func:`lstm`, by backpropagation through time.

    Parameters
    ----------
    tape : LSTMTape
        Unchanged: a second backward pass over it is allowed.
    dy : array of the shape of `y`, optional
    dh_n, dc_n : (N, H) arrays, optional
        Gradients of the loss with respect to the results of the forward pass; zeros if absent.
    need_dx : bool
        If False, `dx` is None and costs nothing.
    out : (dkernel, drecurrent_kernel, dbias), optional
        Arrays in C order, or matrices in Fortran order, to overwrite; `dbias` may be None where
        there is no bias.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh0, dc0
        In the shapes and orders of the arguments of the forward pass; `dbias` is None without a
        bias.
    """
    return _core.lstm_backward(tape, dy, dh_n, dc_n, need_dx=need_dx, out=out)


@overload
def gru(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[False] = ..., return_sequences: Literal[True] = ...,
    **options: Unpack[_GRUOptions],
) -> tuple[Array, Array]: ...  # fmt: skip
@overload
def gru(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[False] = ..., return_sequences: Literal[False],
    **options: Unpack[_GRUOptions],
) -> tuple[None, Array]: ...  # fmt: skip
@overload
def gru(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[True], return_sequences: Literal[True] = ...,
    **options: Unpack[_GRUOptions],
) -> tuple[Array, Array, GRUTape]: ...  # fmt: skip
@overload
def gru(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[True], return_sequences: Literal[False],
    **options: Unpack[_GRUOptions],
) -> tuple[None, Array, GRUTape]: ...  # fmt: skip
@overload
def gru(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: bool = ..., return_sequences: bool = ...,
    **options: Unpack[_GRUOptions],
) -> tuple[Any, ...]: ...  # fmt: skip
def gru(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    *,
    reset_after: bool = True,
    update_gate: UpdateGate = "keep",
    gate_order: GateOrder = "zrn",
    activation: Activation = "tanh",
    lengths: Array | None = None,
    mask: Array | None = None,
    reverse: bool = False,
    time_major: bool = False,
    training: bool = False,
    return_sequences: bool = True,
    recurrent_mask: Array | None = None,
) -> Any:
    """Run a GRU over a batch of sequences.

    Parameters
    ----------
    x : (N, T, I) array, or (T, N, I) if `time_major`
    kernel : (I, 3H) array
    recurrent_kernel : (H, 3H) array
    bias : (2, 3H) array with `reset_after`, else (3H,), optional
        Row 0 belongs to the input product, row 1 to the recurrent one.
    h0 : (N, H) array, optional
    reset_after : bool
        The reset gate multiplies the recurrent product (Keras's default, PyTorch, cuDNN), or the
        state before it (Cho et al., ONNX's default).
    update_gate : {"keep", "write"}
        "keep": ``h = z * h_prev + (1 - z) * n``, as Keras, PyTorch, ONNX and cuDNN; "write":
        ``h = (1 - z) * h_prev + z * n``, as in many textbooks.
    gate_order : {"zrn", "rzn"}
        Of the columns of the weights and their gradients; "rzn" is PyTorch's.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        Of the candidate.
    lengths, mask, reverse, time_major, training, return_sequences
        As in :func:`lstm`.
    recurrent_mask : (3, N, H) array, optional
        As in :func:`lstm`; what z carries is not masked. With ``reset_after=False`` the candidate
        has ``(r * h * recurrent_mask[2])``.

    Returns
    -------
    y : (N, T, H) array, or (T, N, H), or None
    h_n : (N, H) array
    tape : GRUTape
        Only if `training`.
    """
    return _core.gru(
        x, kernel, recurrent_kernel, bias, h0,
        reset_after=reset_after, update_gate=update_gate, gate_order=gate_order,
        activation=activation, lengths=lengths, mask=mask, reverse=reverse, time_major=time_major,
        training=training, return_sequences=return_sequences, recurrent_mask=recurrent_mask,
    )  # fmt: skip


def gru_backward(
    tape: GRUTape,
    dy: Array | None = None,
    dh_n: Array | None = None,
    *,
    need_dx: bool = True,
    out: tuple[Array, Array, Array | None] | None = None,
) -> tuple[Array | None, Array, Array, Array | None, Array]:
    """Gradients of a loss through :func:`gru`; as :func:`lstm_backward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh0
    """
    return _core.gru_backward(tape, dy, dh_n, need_dx=need_dx, out=out)


@overload
def rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[False] = ..., return_sequences: Literal[True] = ...,
    **options: Unpack[_Options],
) -> tuple[Array, Array]: ...  # fmt: skip
@overload
def rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[False] = ..., return_sequences: Literal[False],
    **options: Unpack[_Options],
) -> tuple[None, Array]: ...  # fmt: skip
@overload
def rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[True], return_sequences: Literal[True] = ...,
    **options: Unpack[_Options],
) -> tuple[Array, Array, RNNTape]: ...  # fmt: skip
@overload
def rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: Literal[True], return_sequences: Literal[False],
    **options: Unpack[_Options],
) -> tuple[None, Array, RNNTape]: ...  # fmt: skip
@overload
def rnn(
    x: Array, kernel: Array, recurrent_kernel: Array, bias: Array | None = ...,
    h0: Array | None = ..., *,
    training: bool = ..., return_sequences: bool = ...,
    **options: Unpack[_Options],
) -> tuple[Any, ...]: ...  # fmt: skip
def rnn(
    x: Array,
    kernel: Array,
    recurrent_kernel: Array,
    bias: Array | None = None,
    h0: Array | None = None,
    *,
    activation: Activation = "tanh",
    lengths: Array | None = None,
    mask: Array | None = None,
    reverse: bool = False,
    time_major: bool = False,
    training: bool = False,
    return_sequences: bool = True,
    recurrent_mask: Array | None = None,
) -> Any:
    """Run an RNN of Elman over a batch of sequences: ``h = f(x W + h R + b)``.

    Parameters
    ----------
    x : (N, T, I) array, or (T, N, I) if `time_major`
    kernel : (I, H) array
    recurrent_kernel : (H, H) array
    bias : (H,) array, optional
    h0 : (N, H) array, optional
    activation : {"tanh", "relu", "sigmoid", "linear"}
        The function f.
    lengths, mask, reverse, time_major, training, return_sequences
        As in :func:`lstm`.
    recurrent_mask : (1, N, H) array, optional
        As in :func:`lstm`.

    Returns
    -------
    y : (N, T, H) array, or (T, N, H), or None
    h_n : (N, H) array
    tape : RNNTape
        Only if `training`.
    """
    return _core.rnn(
        x, kernel, recurrent_kernel, bias, h0, activation=activation,
        lengths=lengths, mask=mask, reverse=reverse, time_major=time_major,
        training=training, return_sequences=return_sequences, recurrent_mask=recurrent_mask,
    )  # fmt: skip


def rnn_backward(
    tape: RNNTape,
    dy: Array | None = None,
    dh_n: Array | None = None,
    *,
    need_dx: bool = True,
    out: tuple[Array, Array, Array | None] | None = None,
) -> tuple[Array | None, Array, Array, Array | None, Array]:
    """Gradients of a loss through :func:`rnn`; as :func:`lstm_backward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh0
    """
    return _core.rnn_backward(tape, dy, dh_n, need_dx=need_dx, out=out)


def dense(x: Array, kernel: Array, bias: Array | None = None) -> Array:
    """``x @ kernel + bias`` for x (N, I), kernel (I, O), bias (O,) or None: (N, O)."""
    return _core.dense(x, kernel, bias)


def dense_backward(
    x: Array,
    kernel: Array,
    dy: Array,
    *,
    need_dx: bool = True,
    out: tuple[Array, Array | None] | None = None,
) -> tuple[Array | None, Array, Array | None]:
    """Gradients of :func:`dense` for dy (N, O): dx (N, I) or None, dkernel (I, O), dbias (O,).

    `out` is (dkernel, dbias), arrays in C order to overwrite; a `dbias` of None is not computed.
    """
    return _core.dense_backward(x, kernel, dy, need_dx=need_dx, out=out)
