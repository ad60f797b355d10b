"""GRU, gates in the order z r n."""

from __future__ import annotations

from typing import Any

from .. import activations
from ..cells import CELLS
from ..checks import flag
from .layer import Shape
from .rnn import Recurrent, given


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al., 2014), as Keras has it.

    Input (N, T, I); output (N, units), or (N, T, units) with ``return_sequences``. The weights are
    ``kernel`` (I, 3 units), ``recurrent_kernel`` (units, 3 units) and ``bias``, (2, 3 units) with
    ``reset_after``, where the reset gate comes after the recurrent product, else (3 units). With
    activation ``tanh``, ``relu``, ``sigmoid`` or ``linear`` and recurrent activation ``sigmoid``
    the whole sequence is one call of a fused kernel; others run step by step (``layer.path``
    tells). ``unroll`` and ``use_cudnn`` make no difference.
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
