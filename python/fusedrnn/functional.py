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
input is, also with ``reverse``; where there was no step, after a row's end or by the mask, they are
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

# What is written in C++ is described here.

LSTMTape.__doc__ = """What :func:`lstm` keeps of a call with ``training=True``.

Only such a call makes one; :func:`lstm_backward` takes it, as often as wanted. It has the
activations of all steps, and refers to the arrays of the call without copying them.
``tape.gates()`` returns the arrays (N, T, H) of the gates by their letters.

Examples
--------
>>> x, kernel, recurrent_kernel = np.ones((2, 5, 3)), np.ones((3, 16)), np.ones((4, 16))
>>> *_, tape = fusedrnn.functional.lstm(x, kernel, recurrent_kernel, training=True)
>>> sorted(tape.gates())
['c', 'f', 'g', 'i', 'o']
"""
GRUTape.__doc__ = """What :func:`gru` keeps of a call with ``training=True``.

As :class:`LSTMTape`.
"""
RNNTape.__doc__ = """What :func:`rnn` keeps of a call with ``training=True``.

As :class:`LSTMTape`, without ``gates``: there are none.
"""

PackedLSTM.__doc__ = """PackedLSTM(kernel, recurrent_kernel, bias=None, *, activation="tanh", \
weights=None)

The weights of an LSTM, packed once for many calls.

``packed(x, h0=None, c0=None, *, lengths, mask, reverse, time_major, training, return_sequences,
recurrent_mask)`` takes and returns what :func:`lstm` does without the weights.

Parameters
----------
kernel, recurrent_kernel, bias, activation
    As of :func:`lstm`. They are copied.
weights : {"bfloat16"}, optional
    The type in which the two kernels are kept; by default their own.

Attributes
----------
weights : str
    "float32", "float64" or "bfloat16".
nbytes : int
    What the packed weights take.

Raises
------
ValueError
    Of an array whose shape does not fit; of ``training=True`` with bfloat16.
TypeError
    Of another type than float32 or float64; of bfloat16 for arrays of float64.

Examples
--------
>>> rng = np.random.default_rng(0)
>>> kernel, recurrent_kernel = rng.normal(size=(3, 16)), rng.normal(size=(4, 16))
>>> packed = fusedrnn.functional.PackedLSTM(kernel, recurrent_kernel)
>>> packed
<PackedLSTM of 3 inputs and 4 units, weights in float64>
>>> y, h_n, c_n = packed(rng.normal(size=(2, 5, 3)))
>>> y.shape, h_n.shape
((2, 5, 4), (2, 4))
"""
PackedGRU.__doc__ = """PackedGRU(kernel, recurrent_kernel, bias=None, *, reset_after=True, \
update_gate="keep", gate_order="zrn", activation="tanh", weights=None)

The weights of a GRU, packed once for many calls; as :class:`PackedLSTM`.

``packed(x, h0=None, ...)`` takes and returns what :func:`gru` does without the weights.

Parameters
----------
kernel, recurrent_kernel, bias, reset_after, update_gate, gate_order, activation
    As of :func:`gru`. The arrays are copied.
weights : {"bfloat16"}, optional
    As of :class:`PackedLSTM`.

Examples
--------
>>> rng = np.random.default_rng(0)
>>> packed = fusedrnn.functional.PackedGRU(rng.normal(size=(3, 12)), rng.normal(size=(4, 12)))
>>> y, h_n = packed(rng.normal(size=(2, 5, 3)))
>>> y.shape, h_n.shape
((2, 5, 4), (2, 4))
"""
PackedRNN.__doc__ = """PackedRNN(kernel, recurrent_kernel, bias=None, *, activation="tanh", \
weights=None)

The weights of an RNN, packed once for many calls; as :class:`PackedLSTM`.

``packed(x, h0=None, ...)`` takes and returns what :func:`rnn` does without the weights.

Parameters
----------
kernel, recurrent_kernel, bias, activation
    As of :func:`rnn`. The arrays are copied.
weights : {"bfloat16"}, optional
    As of :class:`PackedLSTM`.

Examples
--------
>>> packed = fusedrnn.functional.PackedRNN(np.eye(2), np.zeros((2, 2)), activation="linear")
>>> packed(np.array([[[1.0, 2.0], [3.0, 4.0]]]))[0].tolist()
[[[1.0, 2.0], [3.0, 4.0]]]
"""

LSTMStep.__doc__ = """LSTMStep(kernel, recurrent_kernel, bias=None, *, activation="tanh", \
weights=None)

One time step of an LSTM, for streams; the weights are packed once.

``h, c = step(x, h, c)`` takes ``x (N, I)`` and the states ``(N, H)`` before the step, and returns
new arrays of those after it. The output of the step is ``h``.

Parameters
----------
kernel, recurrent_kernel, bias, activation
    As of :func:`lstm`. The arrays are copied.
weights : {"bfloat16"}, optional
    As of :class:`PackedLSTM`, as are the attributes ``weights`` and ``nbytes`` and the errors.

Examples
--------
A sequence, step by step:

>>> rng = np.random.default_rng(0)
>>> weights = rng.normal(size=(3, 16)), rng.normal(size=(4, 16)), np.zeros(16)
>>> step = fusedrnn.functional.LSTMStep(*weights)
>>> x, h, c = rng.normal(size=(2, 5, 3)), np.zeros((2, 4)), np.zeros((2, 4))
>>> for t in range(5):
...     h, c = step(x[:, t], h, c)
>>> bool(np.allclose(h, fusedrnn.functional.lstm(x, *weights)[1]))
True
"""
GRUStep.__doc__ = """GRUStep(kernel, recurrent_kernel, bias=None, *, reset_after=True, \
update_gate="keep", gate_order="zrn", activation="tanh", weights=None)

One time step of a GRU, for streams: ``h = step(x, h)``; as :class:`LSTMStep`.

Parameters
----------
kernel, recurrent_kernel, bias, reset_after, update_gate, gate_order, activation
    As of :func:`gru`. The arrays are copied.
weights : {"bfloat16"}, optional
    As of :class:`PackedLSTM`.

Examples
--------
>>> rng = np.random.default_rng(0)
>>> step = fusedrnn.functional.GRUStep(rng.normal(size=(3, 12)), rng.normal(size=(4, 12)))
>>> step(np.ones((2, 3)), np.zeros((2, 4))).shape
(2, 4)
"""
RNNStep.__doc__ = """RNNStep(kernel, recurrent_kernel, bias=None, *, activation="tanh", \
weights=None)

One time step of an RNN, for streams: ``h = step(x, h)``; as :class:`LSTMStep`.

Parameters
----------
kernel, recurrent_kernel, bias, activation
    As of :func:`rnn`. The arrays are copied.
weights : {"bfloat16"}, optional
    As of :class:`PackedLSTM`.

Examples
--------
>>> step = fusedrnn.functional.RNNStep(np.eye(2), np.eye(2), activation="linear")
>>> step(np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])).tolist()
[[11.0, 22.0]]
"""

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

    The equations are those of :class:`fusedrnn.reference.LSTM` (Hochreiter and Schmidhuber, 1997,
    with the forget gate of Gers et al., 2000).

    Parameters
    ----------
    x : (N, T, I) array, or (T, N, I) with ``time_major``
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
        Run from the last step to the first. ``y`` stays aligned with ``x``; with ``lengths``, only
        the valid part of a row is reversed.
    time_major : bool
        Whether the axes of ``x`` and ``y`` are (T, N, ...).
    training : bool
        Also return the tape that :func:`lstm_backward` needs. Until then, neither ``x`` nor the
        weights may be changed in place.
    return_sequences : bool
        If False, ``y`` is None and costs nothing.
    recurrent_mask : (4, N, H) array, optional
        Recurrent dropout, as in Keras: the recurrent product of gate g has the previous ``h`` times
        ``recurrent_mask[g]``, the same at all steps. Usually 0 or 1 / (1 - rate).

    Returns
    -------
    y : (N, T, H) array, or (T, N, H), or None
    h_n, c_n : (N, H) arrays
    tape : LSTMTape
        Only if ``training``.

    Raises
    ------
    ValueError
        If a shape or a value does not fit; the message names the argument.
    TypeError
        If the arrays are not all float32 or all float64.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(2, 5, 3))  # 2 rows, 5 steps, 3 features
    >>> kernel, recurrent_kernel = rng.normal(size=(3, 16)), rng.normal(size=(4, 16))
    >>> y, h_n, c_n = fusedrnn.functional.lstm(x, kernel, recurrent_kernel, np.zeros(16))
    >>> y.shape, h_n.shape, c_n.shape
    ((2, 5, 4), (2, 4), (2, 4))
    >>> fusedrnn.functional.lstm(x, kernel[:2], recurrent_kernel)
    Traceback (most recent call last):
        ...
    ValueError: lstm: x has shape (2, 5, 3), expected (N, T, I) = (2, 5, 2)
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
    """Run :func:`lstm` backwards: return the gradients of a loss, by backpropagation through time.

    Parameters
    ----------
    tape : LSTMTape
        Unchanged: a second backward pass over it is allowed.
    dy : array of the shape of ``y``, optional
        Gradient of the loss with respect to ``y``; zeros if absent.
    dh_n, dc_n : (N, H) arrays, optional
        Gradients of the loss with respect to the final states; zeros if absent.
    need_dx : bool
        If False, ``dx`` is None and costs nothing.
    out : (dkernel, drecurrent_kernel, dbias), optional
        Arrays in C order, or matrices in Fortran order, to overwrite; ``dbias`` may be None where
        there is no bias.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh0, dc0
        In the shapes and orders of the arguments of the forward pass; ``dbias`` is None without a
        bias.

    Raises
    ------
    ValueError
        If a shape does not fit.
    TypeError
        If ``tape`` is no :class:`LSTMTape`, or an array has another type than the forward pass.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, kernel, recurrent_kernel = (rng.normal(size=s) for s in [(2, 5, 3), (3, 16), (4, 16)])
    >>> y, h_n, c_n, tape = fusedrnn.functional.lstm(x, kernel, recurrent_kernel, training=True)
    >>> dx, dkernel, *others = fusedrnn.functional.lstm_backward(tape, np.ones_like(y))
    >>> dx.shape, dkernel.shape
    ((2, 5, 3), (3, 16))
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

    The equations are those of :class:`fusedrnn.reference.GRU` (Cho et al., 2014).

    Parameters
    ----------
    x : (N, T, I) array, or (T, N, I) with ``time_major``
    kernel : (I, 3H) array
    recurrent_kernel : (H, 3H) array
    bias : (2, 3H) array with ``reset_after``, else (3H,), optional
        Row 0 belongs to the input product, row 1 to the recurrent one.
    h0 : (N, H) array, optional
        Initial state; zeros if absent.
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
        Only if ``training``.

    Raises
    ------
    ValueError, TypeError
        As :func:`lstm`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, kernel, recurrent_kernel = (rng.normal(size=s) for s in [(2, 5, 3), (3, 12), (4, 12)])
    >>> y, h_n = fusedrnn.functional.gru(x, kernel, recurrent_kernel, np.zeros((2, 12)))
    >>> y.shape, h_n.shape
    ((2, 5, 4), (2, 4))
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
    """Run :func:`gru` backwards: return the gradients of a loss.

    Parameters
    ----------
    tape : GRUTape
        Unchanged.
    dy, dh_n, need_dx, out
        As in :func:`lstm_backward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh0
        As of :func:`lstm_backward`.

    Raises
    ------
    ValueError, TypeError
        As :func:`lstm_backward`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, kernel, recurrent_kernel = (rng.normal(size=s) for s in [(2, 5, 3), (3, 12), (4, 12)])
    >>> y, h_n, tape = fusedrnn.functional.gru(x, kernel, recurrent_kernel, training=True)
    >>> dx, *others = fusedrnn.functional.gru_backward(tape, dh_n=np.ones_like(h_n))
    >>> dx.shape
    (2, 5, 3)
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
    """Run an RNN of Elman (1990) over a batch of sequences: ``h = f(x W + h R + b)``.

    Parameters
    ----------
    x : (N, T, I) array, or (T, N, I) with ``time_major``
    kernel : (I, H) array
    recurrent_kernel : (H, H) array
    bias : (H,) array, optional
    h0 : (N, H) array, optional
        Initial state; zeros if absent.
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
        Only if ``training``.

    Raises
    ------
    ValueError, TypeError
        As :func:`lstm`.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [3.0]]])
    >>> one = np.ones((1, 1))
    >>> y, h_n = fusedrnn.functional.rnn(x, one, one, activation="linear")  # running sums
    >>> y.ravel().tolist()
    [1.0, 3.0, 6.0]
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
    """Run :func:`rnn` backwards: return the gradients of a loss.

    Parameters
    ----------
    tape : RNNTape
        Unchanged.
    dy, dh_n, need_dx, out
        As in :func:`lstm_backward`.

    Returns
    -------
    dx, dkernel, drecurrent_kernel, dbias, dh0
        As of :func:`lstm_backward`.

    Raises
    ------
    ValueError, TypeError
        As :func:`lstm_backward`.

    Examples
    --------
    >>> x, one = np.array([[[1.0], [2.0], [3.0]]]), np.ones((1, 1))
    >>> y, h_n, tape = fusedrnn.functional.rnn(x, one, one, activation="linear", training=True)
    >>> fusedrnn.functional.rnn_backward(tape, dh_n=np.ones((1, 1)))[0].ravel().tolist()
    [1.0, 1.0, 1.0]
    """
    return _core.rnn_backward(tape, dy, dh_n, need_dx=need_dx, out=out)


def dense(x: Array, kernel: Array, bias: Array | None = None) -> Array:
    """Return ``x @ kernel + bias``.

    Parameters
    ----------
    x : (N, I) array
    kernel : (I, O) array
    bias : (O,) array, optional

    Returns
    -------
    (N, O) array
        Of the type of ``x``.

    Raises
    ------
    ValueError, TypeError
        As :func:`lstm`.

    Examples
    --------
    >>> fusedrnn.functional.dense(np.array([[1.0, 2.0]]), np.eye(2), np.ones(2)).tolist()
    [[2.0, 3.0]]
    """
    return _core.dense(x, kernel, bias)


def dense_backward(
    x: Array,
    kernel: Array,
    dy: Array,
    *,
    need_dx: bool = True,
    out: tuple[Array, Array | None] | None = None,
) -> tuple[Array | None, Array, Array | None]:
    """Run :func:`dense` backwards: return the gradients of a loss.

    Parameters
    ----------
    x, kernel
        Those of the forward pass.
    dy : (N, O) array
        Gradient of the loss with respect to the result.
    need_dx : bool
        If False, ``dx`` is None and costs nothing.
    out : (dkernel, dbias), optional
        Arrays in C order to overwrite; a ``dbias`` of None is not computed.

    Returns
    -------
    dx : (N, I) array or None
    dkernel : (I, O) array
    dbias : (O,) array

    Raises
    ------
    ValueError, TypeError
        As :func:`lstm`.

    Examples
    --------
    >>> x, kernel = np.array([[1.0, 2.0]]), np.eye(2)
    >>> dx, dkernel, dbias = fusedrnn.functional.dense_backward(x, kernel, np.ones((1, 2)))
    >>> dx.tolist(), dkernel.tolist(), dbias.tolist()
    ([[1.0, 1.0]], [[1.0, 1.0], [2.0, 2.0]], [1.0, 1.0])
    """
    return _core.dense_backward(x, kernel, dy, need_dx=need_dx, out=out)
