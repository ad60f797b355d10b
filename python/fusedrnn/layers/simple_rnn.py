"""SimpleRNN, the Elman network."""

from __future__ import annotations

from typing import Any

from ..cells import CELLS
from ..configurable import given
from .rnn import Recurrent


class SimpleRNN(Recurrent):
    """Fully connected recurrence ``h = activation(x @ kernel + h @ recurrent_kernel + bias)``.

    The network of Elman (1990). Input (N, T, I); output (N, units), or (N, T, units) with
    ``return_sequences``. The weights are ``kernel`` (I, units), ``recurrent_kernel`` (units, units)
    and ``bias`` (units). What runs fused, and how it is called, is as of :class:`LSTM`; the state
    is one, h.

    Parameters
    ----------
    units : int
        Size of the output and of the state.
    activation : str or callable
    **kwargs
        Those of :class:`LSTM` but ``recurrent_activation``, ``unit_forget_bias`` and ``use_cudnn``.

    Examples
    --------
    >>> layer = fusedrnn.layers.SimpleRNN(
    ...     1, "linear", return_sequences=True, kernel_initializer="ones",
    ...     recurrent_initializer="ones",
    ... )
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).ravel().tolist()
    [1.0, 3.0, 6.0]
    """

    cell = CELLS["rnn"]

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))
