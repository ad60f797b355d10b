"""LSTM, gates in the order i f g o."""

from __future__ import annotations

from typing import Any

from .. import activations, initializers
from ..cells import CELLS
from .rnn import Recurrent, given, initializer_of_blocks


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), as Keras has it.

    Input (N, T, I); output (N, units), or (N, T, units) with ``return_sequences``. The weights are
    ``kernel`` (I, 4 units), ``recurrent_kernel`` (units, 4 units) and ``bias`` (4 units). With
    activation ``tanh``, ``relu``, ``sigmoid`` or ``linear`` and recurrent activation ``sigmoid``
    the whole sequence is one call of a fused kernel; others run step by step (``layer.path``
    tells). ``unroll`` and ``use_cudnn`` make no difference.
    """

    cell = CELLS["lstm"]

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        arguments = given(locals())
        self.recurrent_activation = activations.get(arguments.pop("recurrent_activation"))
        self.unit_forget_bias = arguments.pop("unit_forget_bias")
        self.use_cudnn = arguments.pop("use_cudnn")
        super().__init__(**arguments)

    def initial_bias(self) -> Any:  # noqa: D102
        b = self.bias_initializer
        if not self.unit_forget_bias:
            return b
        return initializer_of_blocks(b, initializers.Ones(), b, b)
