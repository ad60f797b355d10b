"""GRU, gates in the order z r n."""

from __future__ import annotations

from typing import Any

from .. import activations
from ..cells import CELLS
from ..checks import flag
from ..configurable import given
from .layer import Shape
from .rnn import Recurrent


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al., 2014), as Keras has it.

    Input (N, T, I); output (N, units), or (N, T, units) with ``return_sequences``. The weights are
    ``kernel`` (I, 3 units), ``recurrent_kernel`` (units, 3 units) and ``bias``, (2, 3 units) with
    ``reset_after``, else (3 units), their gates in the order z r n; the equations are in
    :class:`fusedrnn.reference.GRU`. What runs fused, and how it is called, is as of :class:`LSTM`;
    the state is one, h.

    Parameters
    ----------
    units : int
        Size of the output and of the state.
    activation : str or callable
        Of the candidate.
    reset_after : bool
        Whether the reset gate multiplies the recurrent product, as in cuDNN and PyTorch, or the
        state before it, as in the paper.
    **kwargs
        Those of :class:`LSTM` but ``unit_forget_bias``.

    Examples
    --------
    >>> x = np.random.rand(2, 10, 3)
    >>> fusedrnn.layers.GRU(8)(x).shape
    (2, 8)
    >>> fusedrnn.layers.GRU(8, return_sequences=True)(x).shape
    (2, 10, 8)
    """

    cell = CELLS["gru"]

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        arguments = given(locals())
        self.recurrent_activation = activations.get(arguments.pop("recurrent_activation"))
        self.reset_after = flag("GRU", "reset_after", arguments.pop("reset_after"))
        self.use_cudnn = arguments.pop("use_cudnn")
        super().__init__(**arguments)
        self.options["reset_after"] = self.reset_after

    def bias_shape(self) -> Shape:  # noqa: D102
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)
