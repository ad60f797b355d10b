"""What LSTM, GRU and SimpleRNN share: arguments, states, dropout, direction, masks."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from .. import (
    _core,
    _state,
    activations,
    constraints,
    initializers,
    reference,
    regularizers,
)
from .._state import an
from .._types import Array
from ..cells import Cell
from ..checks import flag, number, positive, whole
from ..graph import TAPE_ONLY
from .dropout import dropout_mask
from .layer import Shape
from .sequences import OverSequence, flat

# Those of the candidate that the kernels have.
FUSED_ACTIVATIONS = (
    activations.tanh,
    activations.relu,
    activations.sigmoid,
    activations.linear,
)


class Recurrent(OverSequence):
    """Base of the recurrent layers; the arguments are Keras's.

    ``path`` says how the layer runs: "fused", one kernel call for the whole sequence, or
    "step by step", :mod:`fusedrnn.reference`, for activations that the kernels do not have.
    """

    cell: ClassVar[Cell]
    recurrent_activation: activations.Activation | None = None  # of the gates, if there are any

    def __init__(
        self,
        *,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel_initializer: Any,
        recurrent_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        recurrent_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        recurrent_constraint: Any,
        bias_constraint: Any,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        return_sequences: bool,
        return_state: bool,
        go_backwards: bool,
        stateful: bool,
        unroll: bool,
        implementation: int = 2,
        zero_output_for_mask: bool = False,
        **settings: Any,
    ) -> None:
        time_major = settings.pop("time_major", False)
        super().__init__(**settings)
        if time_major:
            raise ValueError(
                f"{self.name}: time_major=True is not supported by the layers; "
                "fusedrnn.functional has it"
            )
        if implementation not in (0, 1, 2):
            raise ValueError(f"{self.name}: implementation is {implementation!r}, expected 1 or 2")
        if seed is not None:
            whole(self.name, "seed", seed, 0)
        self.units, self.seed = positive(self.name, "units", units), seed
        self.use_bias = flag(self.name, "use_bias", use_bias)
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = number(self.name, "dropout", dropout, 0, 1)
        self.recurrent_dropout = number(self.name, "recurrent_dropout", recurrent_dropout, 0, 1)
        self.implementation = 1 if self.recurrent_dropout else implementation
        self.return_sequences = flag(self.name, "return_sequences", return_sequences)
        self.return_state = flag(self.name, "return_state", return_state)
        self.go_backwards = flag(self.name, "go_backwards", go_backwards)
        self.stateful, self.unroll = flag(self.name, "stateful", stateful), unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.options: dict[str, Any] = {"activation": self.activation.__name__}
        self.rng = np.random.default_rng(seed) if seed is not None else None
        # for what content of the weights, packed as what
        self._packed: tuple[bytes, str | None, Any] | None = None

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        config = super().get_config()
        config.pop("use_cudnn", None)
        if self.recurrent_dropout or self.implementation == 2:
            del config["implementation"]  # Keras does not write it, and SimpleRNN refuses it
        return config

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_packed": None, "tape": None}  # the rest can be copied

    # Weights and shapes ---------------------------------------------------------------------------

    def bias_shape(self) -> Shape:
        """Return the shape of the bias."""
        return (self.cell.gates * self.units,)

    def initial_bias(self) -> Any:
        """Return the initializer of the whole bias."""
        return self.bias_initializer

    def build_weights(self, input_shape: Shape) -> None:  # noqa: D102
        self.check_batch(input_shape)
        width = self.cell.gates * self.units
        self.kernel = self.add_weight(
            "kernel",
            (input_shape[-1], width),
            self.kernel_initializer,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            "recurrent_kernel",
            (self.units, width),
            self.recurrent_initializer,
            self.recurrent_regularizer,
            self.recurrent_constraint,
        )
        self.bias = (
            self.add_weight(
                "bias",
                self.bias_shape(),
                self.initial_bias(),
                self.bias_regularizer,
                self.bias_constraint,
            )
            if self.use_bias
            else None
        )

    @property
    def state_sizes(self) -> list[int]:  # noqa: D102
        return [self.units] * self.cell.states

    # The pass -------------------------------------------------------------------------------------

    @cached_property
    def path(self) -> str:
        """How the layer runs: "fused" or "step by step"."""
        gates = self.recurrent_activation in (None, activations.sigmoid)
        return "fused" if gates and self.activation in FUSED_ACTIVATIONS else "step by step"

    def forward(self, x: Any, training: bool, mask: Any) -> Any:  # noqa: D102
        x, initial, mask, states_given = self.start(x, mask)
        states: list[Any] = initial or [None] * self.cell.states
        kernel, recurrent_kernel = self.kernel.value, self.recurrent_kernel.value
        bias = None if self.bias is None else self.bias.value
        options: dict[str, Any] = {"return_sequences": self.return_sequences}
        if mask is not None:  # to say nothing takes no time
            options["mask"] = mask
        if self.go_backwards:
            options["reverse"] = True
        drop = None
        if training is True:
            if self.dropout:
                drop = self._input_masks(x)
                x, kernel = self._drop(x, kernel, drop)
            if self.recurrent_dropout:
                options["recurrent_mask"] = dropout_mask(
                    (self.cell.gates, len(x), self.units), self.recurrent_dropout, x.dtype, self.rng
                )
        weights = kernel, recurrent_kernel, bias
        tape = None
        if self.path != "fused":
            options |= self.options | self._any_activations()
            y, *final, tape = self.cell.reference(x, *weights, *states, **options)
        elif training:
            y, *final, tape = self.cell.kernels[0](
                x, *weights, *states, training=True, **options, **self.options
            )
        else:
            y, *final = self._inference_kernel()(x, *states, **options)
        if self.stateful:
            self.states = list(final)
        self.tape = (tape, drop, mask, states_given) if training else None
        if not self.return_sequences:
            y = final[0]
        elif self.go_backwards:
            y = y[:, ::-1]  # Keras returns the order of processing
        if mask is not None and self.zero_output_for_mask:
            y = y * self._output_mask(mask)
        return [y, *final] if self.return_state else y

    def gates(self, inputs: Any, initial_state: Any = None, mask: Any = None) -> dict[str, Array]:
        """Return what the gates are at each step of some sequences, to look at.

        Without dropout, as in inference; states that a stateful layer keeps stay as they are.

        Parameters
        ----------
        inputs : (N, T, I) array
            What the layer gets: of a layer further on in a model, the output of the one before.
        initial_state : list of (N, units) arrays, optional
            Zeros, or what a stateful layer keeps, if absent.
        mask : (N, T) bool, optional
            False where a step is skipped.

        Returns
        -------
        dict of str to (N, T, units) array
            Of an LSTM ``i`` input gate, ``f`` forget gate, ``g`` candidate, ``o`` output gate,
            ``c`` the cell state after the step; of a GRU ``z`` update gate, ``r`` reset gate,
            ``n`` candidate. At the place of the step's input, also with ``go_backwards``; NaN
            where a step is skipped.

        Raises
        ------
        ValueError
            If the layer has no gates, or something has a shape that does not fit.

        Examples
        --------
        >>> import numpy as np
        >>> from fusedrnn.layers import LSTM
        >>> gates = LSTM(8).gates(np.ones((2, 5, 3)))
        >>> {name: values.shape for name, values in gates.items()}["f"]
        (2, 5, 8)
        """
        if self.cell.gates == 1:
            raise ValueError(
                f"{self.name}: {an(self.cell.layer)} has no gates; return_sequences=True gives its "
                "states"
            )
        x = np.ascontiguousarray(inputs, self.dtype or _state.floatx())
        if x.ndim != 3:
            raise ValueError(f"{self.name}: inputs have shape {x.shape}, expected (N, T, I)")
        mask = None if mask is None else np.asarray(mask, bool)
        with self.step():
            if not self.built:
                self.build((len(x) if self.stateful else None, *x.shape[1:]))
            kept = self.tape, self.states
            self._given = None if initial_state is None else flat(initial_state)
            try:
                Recurrent.forward(self, x, TAPE_ONLY, mask)
                gates: dict[str, Array] = self.tape[0].gates()
            finally:
                (self.tape, self.states), self._given = kept, None
        return gates

    def backward(self, dy: Any, need_dx: bool) -> Any:  # noqa: D102
        tape, drop, mask, states_given = self.tape
        dy, *dstates = dy if self.return_state else [dy]
        if dy is not None:
            if mask is not None and self.zero_output_for_mask:
                dy = dy * self._output_mask(mask)
            if self.return_sequences and self.go_backwards:
                dy = np.ascontiguousarray(dy[:, ::-1])
        gradients = dict(zip(("dh_n", "dc_n"), dstates, strict=False)) if dstates else {}
        if self.return_sequences:
            gradients["dy"] = dy
        elif gradients.get("dh_n") is None:
            gradients["dh_n"] = dy
        elif dy is not None:
            gradients["dh_n"] = gradients["dh_n"] + dy
        dkernel = self.kernel.grad
        if drop is not None and drop.ndim == 3:  # the kernel was block-diagonal
            dkernel = np.empty(
                (self.cell.gates * dkernel.shape[0], dkernel.shape[1]), dkernel.dtype
            )
        out = (dkernel, self.recurrent_kernel.grad, None if self.bias is None else self.bias.grad)
        if self.path == "fused":  # of the core: the gradients of initial states cost a product
            backward = self.cell.kernels[1]
            gradients["need_dstates"] = states_given
        else:
            backward = reference.backward
        dx, _, _, _, *dstates = backward(tape, **gradients, need_dx=need_dx, out=out)
        if drop is not None:
            dx = self._undrop(dx, dkernel, drop)
        return [dx, *dstates] if states_given else dx

    def _any_activations(self) -> dict[str, reference.Activation]:
        act, gate = self.activation, self.recurrent_activation
        pairs: dict[str, reference.Activation] = {"activation": (act, act.gradient)}
        if gate is not None:
            pairs["recurrent_activation"] = gate, gate.gradient
        return pairs

    def _inference_kernel(self) -> Any:
        """Return the weights packed, anew if one byte of them has changed by whatever way."""
        weights = [
            v.value for v in (self.kernel, self.recurrent_kernel, self.bias) if v is not None
        ]
        now, kept = (_core.fingerprint(weights), _state.inference_weights.get()), self._packed
        if kept is None or kept[:2] != now:
            kept = self._packed = *now, self.cell.packed(*weights, weights=now[1], **self.options)
        return kept[2]

    def _output_mask(self, mask: Array) -> Array:
        if self.return_sequences:
            return (mask[:, ::-1] if self.go_backwards else mask)[:, :, None]
        return mask[:, :1] if self.go_backwards else mask[:, -1:]

    # Dropout of the input: one mask per batch and feature, the same at every step -----------------

    def _input_masks(self, x: Array) -> Array:
        shape = (len(x), x.shape[2])
        if self.implementation == 1:
            shape = (self.cell.gates, *shape)  # type: ignore[assignment]
        return dropout_mask(shape, self.dropout, x.dtype, self.rng)

    def _drop(self, x: Array, kernel: Array, drop: Array) -> tuple[Array, Array]:
        if drop.ndim == 2:
            return x * drop[:, None], kernel
        # One mask per gate: the gates' inputs side by side, times a block-diagonal kernel.
        I, H = len(kernel), self.units
        block = np.zeros((self.cell.gates * I, self.cell.gates * H), kernel.dtype)
        for g in range(self.cell.gates):
            block[g * I : (g + 1) * I, g * H : (g + 1) * H] = kernel[:, g * H : (g + 1) * H]
        return np.concatenate([x * m[:, None] for m in drop], axis=2), block

    def _undrop(self, dx: Array | None, dkernel: Array, drop: Array) -> Array | None:
        if drop.ndim == 2:
            return None if dx is None else dx * drop[:, None]
        I, H = len(self.kernel.grad), self.units
        for g in range(self.cell.gates):
            self.kernel.grad[:, g * H : (g + 1) * H] = dkernel[
                g * I : (g + 1) * I, g * H : (g + 1) * H
            ]
        if dx is None:
            return None
        parts = zip(np.split(dx, self.cell.gates, axis=2), drop, strict=True)
        return sum(part * m[:, None] for part, m in parts)


def initializer_of_blocks(*parts: Any) -> Any:
    """Return an initializer that fills equal blocks of a vector, one after the other."""

    def fill(shape: Shape, dtype: Any = None) -> Array:
        size = shape[0] // len(parts)
        return np.concatenate([part((size,), dtype or _state.floatx()) for part in parts])

    return fill
