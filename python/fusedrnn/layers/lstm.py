"""LSTM, gates in the order i f g o."""

from __future__ import annotations

from typing import Any

from .. import activations, initializers
from ..cells import CELLS
from ..configurable import given
from .rnn import Recurrent, initializer_of_blocks


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter and Schmidhuber, 1997), as Keras has it.

    Input (N, T, I); output (N, units), or (N, T, units) with ``return_sequences``. The weights are
    ``kernel`` (I, 4 units), ``recurrent_kernel`` (units, 4 units) and ``bias`` (4 units), their
    gates in the order i f g o; the equations are in :class:`fusedrnn.reference.LSTM`. With
    activation ``tanh``, ``relu``, ``sigmoid`` or ``linear`` and recurrent activation ``sigmoid``
    the whole sequence is one call of a fused kernel; others run step by step (``layer.path``
    tells). It is called on an array, or with ``initial_state=[h, c]``, each (N, units), and
    ``mask`` (N, T), False where a step is skipped.

    Parameters
    ----------
    units : int
        Size of the output and of each state.
    activation : str or callable
        Of the candidate and of the cell state; None is "linear".
    recurrent_activation : str or callable
        Of the gates.
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer : str or Initializer
    unit_forget_bias : bool
        Whether the bias of the forget gate begins with 1.
    kernel_regularizer, recurrent_regularizer, bias_regularizer : str or Regularizer, optional
    activity_regularizer : str or Regularizer, optional
        Penalty on the output.
    kernel_constraint, recurrent_constraint, bias_constraint : str or Constraint, optional
    dropout : float
        Share of the inputs that are 0 in training, the same ones at all steps.
    recurrent_dropout : float
        The same of the previous output (Gal and Ghahramani, 2016).
    seed : int, optional
        Of the dropout.
    return_sequences : bool
        Whether to return the output of every step, not the last alone.
    return_state : bool
        Whether to return a list of the output and the final states h and c.
    go_backwards : bool
        Whether to run from the last step to the first; outputs are in that order.
    stateful : bool
        Whether row i of a batch begins with the final states of row i of the batch before.
    unroll, use_cudnn
        Accepted; they make no difference.
    **kwargs
        ``implementation``, 1 for dropout of its own for each gate; ``zero_output_for_mask``,
        whether masked steps have an output of 0; and those of :class:`Layer`.

    Raises
    ------
    ValueError
        Of ``time_major=True``, which :func:`fusedrnn.functional.lstm` has, of an argument out of
        its range or an unknown name; called, of an input without three axes.
    TypeError
        Of an argument of another type.

    Examples
    --------
    >>> x = np.random.rand(2, 10, 3)
    >>> fusedrnn.layers.LSTM(8)(x).shape
    (2, 8)
    >>> y, h, c = fusedrnn.layers.LSTM(8, return_sequences=True, return_state=True)(x)
    >>> y.shape, h.shape, c.shape
    ((2, 10, 8), (2, 8), (2, 8))
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
